import { createHash, randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { appendEntry } from '#libs/audit';
import { config, type Database, newId, notFound, Refusal, row, rows, type Scope } from '#libs/platform';
import { type Role, ROLES } from './abilities.js';

export interface Studio {
  id: string;
  name: string;
  slug: string;
}

export interface Member {
  id: string;
  studioId: string;
  name: string;
  email: string;
  roles: Role[];
}

/** A signed-in member; also the scope of everything they ask for. */
export interface Principal {
  studioId: string;
  memberId: string;
  roles: Role[];
  name: string;
}

/** An agent that showed its token. */
export interface Tenant {
  studioId: string;
  agentId: string;
}

export interface SignedIn {
  /** The session's secret, for the cookie; the database keeps only its SHA-256. */
  token: string;
  expiresAt: Date;
  member: Member;
}

// RFC 9106's second choice is 64 MiB; OWASP's 19 MiB, t=2, p=1 costs about 15 ms of one core here, and a machine of 2 cores signs people in while it trains.
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const PASSWORD_LENGTH = { least: 8, most: 1_000 };
const FAILURES_PER_EMAIL = 5;
const FAILURES_PER_ADDRESS = 20;
const WINDOW_MINUTES = 15;

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Studios and members, sign-in and sessions, agents' tokens. */
export class Access {
  private readonly database: Database;
  /** Verified where an e-mail is unknown, so that it takes as long as a wrong password. */
  private decoy: Promise<string> | undefined;
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor({ database }: { database: Database }) {
    this.database = database;
  }

  /** Makes a studio; throws Refusal STUDIO_EXISTS for a slug that is taken. */
  async createStudio({ name, slug }: { name: string; slug: string }): Promise<Studio> {
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(slug)) throw new Refusal('BAD_SLUG', `${JSON.stringify(slug)} is not a short name for a studio.`, 'Use small letters, digits and hyphens.');
    const id = newId();
    const created = await this.database.inStudio({ studioId: id }, () => row(`insert into studio (id, name, slug) values ($1, $2, $3) on conflict (slug) do nothing returning id`, [id, name, slug]));
    if (!created) throw new Refusal('STUDIO_EXISTS', `There is a studio ${slug} already.`, 'Choose another short name.', 409);
    return { id, name, slug };
  }

  /** The scope's studio. */
  async studio(scope: Scope): Promise<Studio> {
    const found = await this.database.inStudio(scope, () => row<Studio>(`select id, name, slug from studio where id = $1`, [scope.studioId]));
    if (!found) throw notFound('studio');
    return found;
  }

  /** Makes a member; throws Refusal MEMBER_EXISTS for an e-mail that is taken in any studio, BAD_PASSWORD, BAD_EMAIL, BAD_ROLES. */
  async createMember(scope: Scope, { name, email, password, roles }: { name: string; email: string; password: string; roles: Role[] }): Promise<Member> {
    if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw new Refusal('BAD_EMAIL', `${JSON.stringify(email)} is not an e-mail address.`, 'Give an address such as name@studio.example.');
    if (roles.length === 0 || roles.some((role) => !ROLES.includes(role))) throw new Refusal('BAD_ROLES', `A member needs one or more of the roles ${ROLES.join(', ')}.`, 'Name at least one of them.');
    if (password.length < PASSWORD_LENGTH.least || password.length > PASSWORD_LENGTH.most) {
      throw new Refusal('BAD_PASSWORD', `A password has ${PASSWORD_LENGTH.least} to ${PASSWORD_LENGTH.most} characters.`, 'Choose another one.');
    }
    const member = { id: newId(), studioId: scope.studioId, name, email, roles };
    const passwordHash = await hash(password, ARGON2ID);
    const created = await this.database.inStudio(scope, () =>
      row(
        `insert into member (id, studio_id, email, name, roles, password_hash) values ($1, $2, $3, $4, $5, $6) on conflict (lower(email)) do nothing returning id`,
        [member.id, scope.studioId, email, name, roles, passwordHash],
      ),
    );
    if (!created) throw new Refusal('MEMBER_EXISTS', `${email} is taken.`, 'Use another e-mail address.', 409);
    return member;
  }

  /** Members of the scope's studio by id; those it does not have are left out. */
  async membersById(scope: Scope, ids: string[]): Promise<Member[]> {
    return this.database.inStudio(scope, () => rows<Member>(`select id, studio_id as "studioId", name, email, roles from member where id = any($1)`, [ids]));
  }

  /**
   * Opens a session. An unknown e-mail and a wrong password are one answer, SIGN_IN_REFUSED, and take one password check each.
   * Throws TOO_MANY_ATTEMPTS after 5 failures of an e-mail or 20 of an address within 15 minutes. Sign-ins, and refusals of a known
   * member, are in the studio's log; attempts turned away by the limit are not, or anyone could fill a studio's log.
   */
  async signIn(email: string, password: string, address: string): Promise<SignedIn> {
    const name = email.trim().toLowerCase();
    // Hashed: people type passwords into the e-mail field.
    const keys = [`email ${sha256(name).toString('hex')}`, `address ${address}`] as const;
    // One at a time per address and per e-mail: attempts sent together would all be let through before the first has failed.
    return this.inTurn(keys[1], () => this.inTurn(keys[0], () => this.tryPassword(name, password, keys)));
  }

  private async tryPassword(name: string, password: string, keys: readonly [string, string]): Promise<SignedIn> {
    await this.refuseTooMany(keys);
    const [found] = await this.database.outside<{ member_id: string; studio_id: string; password_hash: string }>(`select * from sign_in_lookup($1)`, [name]);
    const stored = found?.password_hash ?? (await (this.decoy ??= hash(randomBytes(16), ARGON2ID)));
    const right = password.length <= PASSWORD_LENGTH.most && (await matches(stored, password));
    if (!found || !right) {
      await this.database.outside(`select note_sign_in_failure($1)`, [keys]);
      if (found) await this.noteRefusal({ studioId: found.studio_id, memberId: found.member_id }, { what: 'sign-in', through: 'graphql', id: found.member_id });
      throw new Refusal('SIGN_IN_REFUSED', 'The e-mail or the password is wrong.', `Try again; after ${FAILURES_PER_EMAIL} failures sign-in waits for ${WINDOW_MINUTES} minutes.`, 401);
    }
    await this.database.outside(`select forget_sign_in_failures($1)`, [keys[0]]);
    return this.openSession({ studioId: found.studio_id, memberId: found.member_id });
  }

  /** The member a session's token belongs to, or undefined when it is unknown, ended, signed out, or its member disabled. */
  async session(token: string): Promise<Principal | undefined> {
    const [found] = await this.database.outside<{ member_id: string; studio_id: string; roles: Role[]; name: string }>(`select * from session_lookup($1)`, [sha256(token)]);
    return found && { studioId: found.studio_id, memberId: found.member_id, roles: found.roles, name: found.name };
  }

  /** Ends the session of a token; nothing happens for one that is unknown. */
  async signOut(principal: Principal, token: string): Promise<void> {
    await this.database.inStudio(principal, () => rows(`update session set revoked_at = now() where token_sha256 = $1 and revoked_at is null`, [sha256(token)]));
  }

  /** Gives the studio's agent of this name a token, the only time it is seen; an earlier one stops working. */
  async createAgent(scope: Scope, name: string): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    await this.database.inStudio(scope, () =>
      rows(`insert into agent (id, studio_id, name, token_sha256) values ($1, $2, $3, $4) on conflict (studio_id, name) do update set token_sha256 = excluded.token_sha256`, [newId(), scope.studioId, name, sha256(token)]),
    );
    return token;
  }

  /** The tenant an agent's token belongs to, or undefined. */
  async agent(token: string): Promise<Tenant | undefined> {
    const [found] = await this.database.outside<{ agent_id: string; studio_id: string }>(`select * from agent_lookup($1)`, [sha256(token)]);
    return found && { agentId: found.agent_id, studioId: found.studio_id };
  }

  /** Logs, in the asker's own log, that something was refused which is not there or not theirs. */
  async noteRefusal(scope: Scope, about: { what: string; through: 'graphql' | 'playback' | 'agent' | 'download' | 'upload'; id: string }): Promise<void> {
    await this.database.inStudio(scope, () => appendEntry('refusal', { ...about, member: scope.memberId ?? null }));
  }

  private async openSession(scope: Scope & { memberId: string }): Promise<SignedIn> {
    const token = randomBytes(32).toString('base64url');
    return this.database.inStudio(scope, async () => {
      const [opened] = await rows<{ id: string; expires_at: Date }>(
        `insert into session (id, studio_id, member_id, token_sha256, expires_at) values ($1, $2, $3, $4, now() + $5 * interval '1 hour') returning id, expires_at`,
        [newId(), scope.studioId, scope.memberId, sha256(token), config().BACKLOT_SESSION_HOURS],
      );
      const [member] = await this.membersById(scope, [scope.memberId]);
      await appendEntry('sign-in', { member: scope.memberId, session: opened!.id });
      return { token, expiresAt: opened!.expires_at, member: member! };
    });
  }

  private async refuseTooMany(keys: readonly [string, string]): Promise<void> {
    const since = new Date(Date.now() - WINDOW_MINUTES * 60_000);
    const counted = await this.database.outside<{ key: string; failures: string }>(`select * from sign_in_failures($1, $2)`, [keys, since]);
    const failures = new Map(counted.map((item) => [item.key, Number(item.failures)]));
    if ((failures.get(keys[0]) ?? 0) < FAILURES_PER_EMAIL && (failures.get(keys[1]) ?? 0) < FAILURES_PER_ADDRESS) return;
    throw new Refusal('TOO_MANY_ATTEMPTS', 'There were too many failed sign-ins.', `Wait ${WINDOW_MINUTES} minutes, then try again.`, 429);
  }

  private async inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.turns.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.turns.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.turns.get(key) === mine) this.turns.delete(key);
    }
  }
}

/** Whether the password is the hash's; a text that is no hash matches nothing. */
async function matches(stored: string, password: string): Promise<boolean> {
  try {
    return await verify(stored, password);
  } catch (error) {
    process.stderr.write(`a stored password hash cannot be read: ${(error as Error).message}\n`);
    return false;
  }
}
