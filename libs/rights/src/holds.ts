import { appendEntry } from '#libs/audit';
import { type Database, decodeCursor, emit, isId, newId, notFound, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, toPage } from '#libs/platform';
import type { Licences } from './licences.js';

export type HoldKind = 'title' | 'performer' | 'licence' | 'studio';

/** A stop that somebody ordered: while it is in force, no key of what it is on is released. */
export interface Hold {
  id: string;
  kind: HoldKind;
  /** Id of the title, licence or studio; the performer's id as marks and licences have it. */
  subject: string;
  /** Titles that a hold on a performer names. */
  titleIds: string[];
  why: string;
  placedBy: string | null;
  placedAt: Date;
  liftedBy: string | null;
  liftedAt: Date | null;
  liftedWhy: string | null;
}

/** Exactly one of the four says what it is on. */
export interface HoldInput {
  titleId?: string | null;
  licenceId?: string | null;
  performer?: string | null;
  studio?: boolean | null;
  /** Where the performer appears, when it is known; without it every title is stopped whose performers are not all marked. */
  appearsIn?: string[] | null;
  why: string;
}

interface HoldRow {
  id: string;
  kind: HoldKind;
  subject: string;
  title_ids: string[];
  why: string;
  created_by: string | null;
  created_at: Date;
  lifted_by: string | null;
  lifted_at: Date | null;
  lifted_why: string | null;
}

const columns = 'id, kind, subject, title_ids, why, created_by, created_at, lifted_by, lifted_at, lifted_why';
const WHY_CHARACTERS = 2_000;
const MOST_TITLES = 100;

const toHold = (found: HoldRow): Hold => ({
  id: found.id,
  kind: found.kind,
  subject: found.subject,
  titleIds: found.title_ids,
  why: found.why,
  placedBy: found.created_by,
  placedAt: found.created_at,
  liftedBy: found.lifted_by,
  liftedAt: found.lifted_at,
  liftedWhy: found.lifted_why,
});

export const withoutStop = (text: string): string => text.trim().replace(/[.\s]+$/, '');

/** Holds of a studio. What they stop is decided in SQL (holds_upon), for decisions and for the release of keys alike. */
export class Holds {
  constructor(
    private readonly database: Database,
    private readonly licences: Licences,
  ) {}

  /**
   * Places a hold. It is in force from its commit on: the next key release in any process is refused, and what processes keep is dropped
   * within a second. Titles must be the studio's (the caller has looked). Throws Refusal BAD_HOLD, NOT_FOUND (a licence).
   */
  async place(scope: Scope, input: HoldInput): Promise<Hold> {
    const why = reasonIn(input.why);
    const named = [
      ...(input.titleId == null ? [] : [{ kind: 'title', subject: input.titleId }]),
      ...(input.licenceId == null ? [] : [{ kind: 'licence', subject: input.licenceId }]),
      ...(input.performer == null ? [] : [{ kind: 'performer', subject: input.performer.trim() }]),
      ...(input.studio ? [{ kind: 'studio', subject: scope.studioId }] : []),
    ];
    const [on, ...others] = named;
    if (!on?.subject || others.length || on.subject.length > 500) throw badHold('A hold is on one title, one licence, one performer or the whole studio.');
    const titleIds = [...new Set(input.appearsIn ?? [])];
    if (titleIds.length > MOST_TITLES) throw badHold(`A hold names at most ${MOST_TITLES} titles; marks say where a performer appears in more.`);
    if (titleIds.length && on.kind !== 'performer') throw badHold('Only a hold on a performer names where they appear.');
    return this.database.inStudio(scope, async () => {
      if (on.kind === 'licence') await this.licences.find(scope, on.subject);
      const placed = toHold(
        (await row<HoldRow>(`insert into hold (id, studio_id, kind, subject, title_ids, why, created_by) values ($1, $2, $3, $4, $5, $6, $7) returning ${columns}`, [newId(), scope.studioId, on.kind, on.subject, titleIds, why, scope.memberId ?? null]))!,
      );
      await appendEntry('hold', { hold: placed.id, state: 'placed', on: placed.kind, subject: placed.subject, titles: titleIds, why, member: scope.memberId ?? null });
      await emit('hold.placed', { holdId: placed.id });
      return placed;
    });
  }

  /** Lifts a hold. Throws Refusal NOT_FOUND, BAD_HOLD, HOLD_LIFTED (it was before). */
  async lift(scope: Scope, id: string, why: string): Promise<Hold> {
    const reason = reasonIn(why);
    return this.database.inStudio(scope, async () => {
      const lifted = isId(id)
        ? await row<HoldRow>(`update hold set lifted_at = now(), lifted_by = $3, lifted_why = $4 where studio_id = $1 and id = $2 and lifted_at is null returning ${columns}`, [scope.studioId, id, scope.memberId ?? null, reason])
        : undefined;
      if (!lifted) {
        await this.find(scope, id);
        throw new Refusal('HOLD_LIFTED', 'This hold was lifted before.', 'There is nothing to lift; place another one if it is needed again.', 409);
      }
      await appendEntry('hold', { hold: id, state: 'lifted', on: lifted.kind, subject: lifted.subject, why: reason, member: scope.memberId ?? null });
      await emit('hold.lifted', { holdId: id });
      return toHold(lifted);
    });
  }

  /** Throws Refusal NOT_FOUND. */
  async find(scope: Scope, id: string): Promise<Hold> {
    const found = isId(id) ? await this.database.inStudio(scope, () => row<HoldRow>(`select ${columns} from hold where studio_id = $1 and id = $2`, [scope.studioId, id])) : undefined;
    if (!found) throw notFound('hold');
    return toHold(found);
  }

  /** Newest first; `inForce`: those that were not lifted, or only those that were. */
  async page(scope: Scope, page: Page, { inForce = null }: { inForce?: boolean | null } = {}): Promise<Paged<Hold>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<HoldRow>(`select ${columns} from hold where studio_id = $1 and ($2::uuid is null or id < $2) ${filterOf(inForce)} order by id desc limit $3`, [scope.studioId, after, first + 1]);
      return toPage(found.map(toHold), first, (hold) => [hold.id]);
    });
  }

  async count(scope: Scope, { inForce = null }: { inForce?: boolean | null } = {}): Promise<number> {
    return this.database.inStudio(scope, async () => Number((await row<{ count: string }>(`select count(*) from hold where studio_id = $1 ${filterOf(inForce)}`, [scope.studioId]))!.count));
  }

  /** Holds in force on a licence, or on the whole studio, oldest first. */
  async onLicence(scope: Scope, licenceId: string): Promise<Hold[]> {
    return this.database.inStudio(scope, async () =>
      (await rows<HoldRow>(`select ${columns} from hold where studio_id = $1 and lifted_at is null and (kind = 'studio' or (kind = 'licence' and subject = $2)) order by id`, [scope.studioId, licenceId])).map(toHold),
    );
  }

  /** Holds in force that stop one of these titles, oldest first. */
  async upon(scope: Scope, titleIds: string[]): Promise<Hold[]> {
    return this.database.inStudio(scope, async () => (await rows<HoldRow>(`select ${columns} from holds_upon($1)`, [titleIds])).map(toHold));
  }

  /** Why work on these titles stops now: a hold, or a licence of theirs that was suspended or withdrawn. */
  async stop(scope: Scope, titleIds: string[]): Promise<Refusal | undefined> {
    const [hold] = await this.upon(scope, titleIds);
    if (!hold) return this.licences.stop(scope, titleIds);
    return new Refusal('HELD', `A hold is on the ${hold.kind}: ${withoutStop(hold.why)}.`, 'It can be started again once a compliance officer has lifted the hold.', 403);
  }

  /** Throws `stop`. */
  async throwIfHeld(scope: Scope, titleIds: string[]): Promise<void> {
    const stop = await this.stop(scope, titleIds);
    if (stop) throw stop;
  }
}

/** The studio's holds by the words that the evaluator compares: ids as the request has them. */
export function stateOf(holds: readonly Hold[], uidOfLicence: (id: string) => string | undefined): { id: string; on: HoldKind; subject: string; why: string; since: string }[] {
  return holds.map(({ id, kind, subject, why, placedAt }) => ({
    id,
    on: kind,
    subject: kind === 'performer' ? subject : kind === 'licence' ? (uidOfLicence(subject) ?? `urn:uuid:${subject}`) : `urn:uuid:${subject}`,
    why,
    since: placedAt.toISOString(),
  }));
}

function filterOf(inForce: boolean | null): string {
  return inForce === null ? '' : `and lifted_at is ${inForce ? 'null' : 'not null'}`;
}

function reasonIn(why: string): string {
  const text = why.trim();
  if (!text || text.length > WHY_CHARACTERS) throw badHold(`A hold is placed and lifted with a reason of 1 to ${WHY_CHARACTERS} characters.`);
  return text;
}

function badHold(message: string): Refusal {
  return new Refusal('BAD_HOLD', message, 'Correct it and send it again.', 400);
}

