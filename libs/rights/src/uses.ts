import { rows, scoped } from '#libs/platform';
import type { Licence } from './licences.js';
import type { CompiledPolicy } from './policy/index.js';
import { shortName, vocabulary } from './policy/vocabulary.js';

/** A licence with its policy ready to decide. */
export interface Governing {
  licence: Licence;
  policy: CompiledPolicy;
}

/** A licence that binds a decision: its own, or one that it inherits from. */
export interface Bound {
  licenceId: string;
  policy: CompiledPolicy;
}

/** Each licence with those it inherits from: a use under a licence is one under its parents as well. */
export async function boundBy(governing: readonly Governing[]): Promise<Bound[]> {
  const own = governing.map(({ licence, policy }) => ({ licenceId: licence.id, policy }));
  const above = new Map<string, CompiledPolicy>();
  const climb = ({ parents }: CompiledPolicy): void => {
    for (const parent of parents) {
      above.set(parent.id, parent);
      climb(parent);
    }
  };
  for (const { policy } of own) climb(policy);
  for (const { policy } of own) above.delete(policy.id);
  if (!above.size) return own;
  const found = await rows<{ id: string; uid: string }>(`select id, uid from licence where studio_id = $1 and uid = any($2)`, [scoped().studioId, [...above.keys()]]);
  return [...own, ...found.map(({ id, uid }) => ({ licenceId: id, policy: above.get(uid)! }))];
}

/** A rule that compares a count, and its actions: each is counted by itself, as if it stood in a rule of its own. */
interface CountingRule {
  uid: string;
  actions: string[];
}

const known = new WeakMap<CompiledPolicy, CountingRule[]>();

/** The rules of a policy that compare a count. */
export function countingRules(compiled: CompiledPolicy): CountingRule[] {
  let found = known.get(compiled);
  if (!found) {
    found = compiled.policy.rules.filter(comparesCount).map(({ uid, actions }) => ({ uid, actions: actions.map(({ name }) => name) }));
    known.set(compiled, found);
  }
  return found;
}

/** Every action that is a kind of this one, itself included: what is counted where a rule is about it. */
const kindsOf = (name: string): string[] => [...vocabulary.actions.keys()].filter((one) => vocabulary.actionPath(one).includes(name));

/** Wherever it stands in the rule: a constraint, a refinement, a duty's condition. */
function comparesCount(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if ('operand' in value && (value.operand as { from?: string }).from === 'counts') return true;
  return Object.values(value).some(comparesCount);
}

/**
 * How many uses each counting rule had before this one, by rule. A use that was counted keeps its place, so asking again about it changes
 * nothing; a new one comes behind all others. `alone`: from here to the end of the transaction no other decision counts these licences' uses,
 * so that of two at the cap one passes.
 */
export async function usesBefore(action: string, use: string | null, bound: readonly Bound[], alone: boolean): Promise<Record<string, number>> {
  const asked = shortName(action);
  const touches = (name: string): boolean => vocabulary.actionPath(asked).includes(name) || vocabulary.actionPath(name).includes(asked);
  const counting = bound.flatMap(({ licenceId, policy }) => countingRules(policy).map(({ uid, actions }) => ({ licenceId, uid, kinds: actions.filter(touches).map(kindsOf) })));
  if (!counting.length) return {};
  const licenceIds = [...new Set(counting.map((rule) => rule.licenceId))];
  // In one order everywhere, so that two decisions never wait for each other.
  if (alone) await rows(`select pg_advisory_xact_lock(hashtextextended(id, 4210)) from (select unnest($1::text[]) as id order by 1) as counted`, [licenceIds]);
  const used = await rows<{ licence_id: string; action: string; uses: string }>(
    `select u.licence_id, u.action, count(*) as uses from licence_use u
     where u.studio_id = $1 and u.licence_id = any($2) and u.action = any($3)
       and u.place < coalesce((select o.place from licence_use o where o.licence_id = u.licence_id and o.action = $4 and o.use_id = $5), 9223372036854775807)
     group by u.licence_id, u.action`,
    [scoped().studioId, licenceIds, [...new Set(counting.flatMap((rule) => rule.kinds.flat()))], asked, use],
  );
  const usesOf = (licenceId: string, kinds: readonly string[]): number => used.filter((one) => one.licence_id === licenceId && kinds.includes(one.action)).reduce((sum, one) => sum + Number(one.uses), 0);
  const before: Record<string, number> = {};
  // Copies of a contract call their rules by the same ids: the fullest stops.
  for (const { licenceId, uid, kinds } of counting) before[uid] = Math.max(before[uid] ?? 0, ...kinds.map((of) => usesOf(licenceId, of)));
  return before;
}

/** Notes that a permit was for this use, under each licence once. */
export async function noteUse(action: string, use: string, bound: readonly Bound[], decisionId: string): Promise<void> {
  const licenceIds = bound.map(({ licenceId }) => licenceId);
  await rows(`insert into licence_use (licence_id, action, use_id, studio_id, decision_id) select unnest($1::uuid[]), $2, $3, $4, $5 on conflict do nothing`, [licenceIds, shortName(action), use, scoped().studioId, decisionId]);
}

/** Whether each of these licences knows of this use. */
export async function useIsNoted(action: string, use: string, bound: readonly Bound[]): Promise<boolean> {
  const licenceIds = bound.map(({ licenceId }) => licenceId);
  const noted = await rows(`select from licence_use where licence_id = any($1) and action = $2 and use_id = $3`, [licenceIds, shortName(action), use]);
  return noted.length === licenceIds.length;
}
