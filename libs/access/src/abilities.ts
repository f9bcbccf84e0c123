import { createMongoAbility, type MongoAbility } from '@casl/ability';

export const ROLES = ['archivist', 'compliance', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Everything that can be allowed at all. A resolver names one of these; what is not here cannot be asked for. */
const PERMISSIONS = [
  'read Studio',
  'read Member',
  'read Job',
  'cancel Job',
  'read Title',
  'create Title',
  'retry Title',
  'create Upload',
  'read Shot',
  'correct Shot',
  'read Licence',
  'create Licence',
  'sign Licence',
  'attach Licence',
  'detach Licence',
  'suspend Licence',
  'withdraw Licence',
  'simulate Licence',
  'read Decision',
  'ask Decision',
  'read Exclusion',
  'change Exclusion',
  'read Hold',
  'place Hold',
  'lift Hold',
  'read Duty',
  'fulfil Duty',
  'waive Duty',
  'read Dataset',
  'create Dataset',
  'read Filter',
  'change Filter',
  'read BaseModel',
  'create BaseModel',
  'read Run',
  'create Run',
  'cancel Run',
  'read Model',
  'read Generation',
  'create Generation',
  'read Output',
  'review Output',
  'read Delivery',
  'create Delivery',
  'read Log',
] as const;

export type Permission = (typeof PERMISSIONS)[number];
type Split<P> = P extends `${infer A} ${infer S}` ? [A, S] : never;
export type Action = Split<Permission>[0];
export type Subject = Split<Permission>[1];
export type Ability = MongoAbility<[Action, Subject]>;

/** Every member sees what their studio has. The log holds who did what when, so it is the officer's and the administrator's to read. */
const everyone = PERMISSIONS.filter((permission) => permission.startsWith('read ') && permission !== 'read Log');

const byRole: Record<Role, readonly Permission[]> = {
  archivist: [...everyone, 'change Exclusion', 'create Title', 'retry Title', 'create Upload', 'correct Shot', 'create Licence', 'sign Licence', 'attach Licence', 'simulate Licence', 'ask Decision', 'fulfil Duty', 'change Filter', 'create Dataset', 'cancel Job'],
  compliance: [...everyone, 'read Log', 'change Exclusion', 'create Licence', 'sign Licence', 'attach Licence', 'detach Licence', 'suspend Licence', 'withdraw Licence', 'simulate Licence', 'ask Decision', 'place Hold', 'lift Hold', 'fulfil Duty', 'waive Duty'],
  editor: [...everyone, 'ask Decision', 'change Filter', 'create Dataset', 'create Run', 'cancel Run', 'create Generation', 'review Output', 'create Delivery', 'cancel Job'],
  admin: PERMISSIONS,
};

const split = (permission: Permission): [Action, Subject] => permission.split(' ') as [Action, Subject];
const known = new Map<string, Ability>();

/** What members with these roles may do; the roles add up. */
export function abilityFor(roles: readonly Role[]): Ability {
  const key = [...roles].sort().join();
  const built = known.get(key);
  if (built) return built;
  const rules = roles.flatMap((role) => byRole[role].map(split)).map(([action, subject]) => ({ action, subject }));
  const ability = createMongoAbility<Ability>(rules);
  known.set(key, ability);
  return ability;
}

/** The same as a list, for the console: it shows only what can be done. */
export function allowed(roles: readonly Role[]): Permission[] {
  const ability = abilityFor(roles);
  return PERMISSIONS.filter((permission) => ability.can(...split(permission)));
}

/** Whether the pair is one that exists: a resolver that asks for another would refuse everyone. */
export function isPermission(action: string, subject: string): boolean {
  return (PERMISSIONS as readonly string[]).includes(`${action} ${subject}`);
}
