import { appendEntry } from '#libs/audit';
import { type Database, decodeCursor, emit, isId, newId, notFound, type Page, type Paged, pageSize, Refusal, row, rows, scoped, type Scope, toPage } from '#libs/platform';
import type { CompiledPolicy, Evaluation, Phase, WorldState } from './policy/index.js';
import { addPeriod } from './policy/time.js';
import { actionPath, shortName } from './policy/vocabulary.js';
import type { Bound } from './uses.js';

export type DutyState = 'due' | 'late' | 'fulfilled' | 'waived';

/** Something owed under a licence: begun by a decision, ended by evidence or by a waiver. */
export interface Duty {
  id: string;
  licenceId: string;
  /** The duty in the licence's policy. */
  duty: string;
  clause: string | null;
  /** odrl:compensate, odrl:inform, notifyGuild… */
  action: string;
  /** pre: what the licence waits for; post: what follows from a use. */
  phase: Phase;
  trigger: string;
  /** ISO 8601 period between the trigger and the deadline. */
  period: string | null;
  /** ISO 8601 period after which it is owed again. */
  repeats: string | null;
  /** Which time of a duty that repeats, from 1. */
  number: number;
  state: DutyState;
  decisionId: string;
  beganAt: Date;
  /** Absent: no deadline, or its trigger has not happened. */
  dueAt: Date | null;
  fulfilledAt: Date | null;
  fulfilledBy: string | null;
  evidence: string | null;
  evidenceSha256: string | null;
  evidenceUrl: string | null;
  waivedAt: Date | null;
  waivedBy: string | null;
  waivedWhy: string | null;
}

export interface Evidence {
  text: string;
  /** SHA-256 of the document that proves it, hex. */
  sha256?: string | null;
  url?: string | null;
}

export interface DutyFilter {
  state?: DutyState | null;
  licenceId?: string | null;
}

interface DutyRow {
  id: string;
  licence_id: string;
  duty: string;
  cause: string;
  clause: string | null;
  action: string;
  phase: Phase;
  trigger: string;
  period: string | null;
  repeats: string | null;
  zone: string | null;
  number: number;
  decision_id: string;
  began_at: Date;
  runs_from: Date | null;
  due_at: Date | null;
  fulfilled_at: Date | null;
  fulfilled_by: string | null;
  evidence: string | null;
  evidence_sha256: string | null;
  evidence_url: string | null;
  waived_at: Date | null;
  waived_by: string | null;
  waived_why: string | null;
  late: boolean;
}

const columns =
  'id, licence_id, duty, cause, clause, action, phase, trigger, period, repeats, zone, number, decision_id, began_at, runs_from, due_at, fulfilled_at, fulfilled_by, evidence, evidence_sha256, evidence_url, waived_at, waived_by, waived_why, coalesce(due_at < now(), false) as late';
/** Those without a deadline come last. */
const place = `coalesce(due_at, 'infinity')`;
const open = 'fulfilled_at is null and waived_at is null';
const stateSql: Record<DutyState, string> = { due: `${open} and ${place} >= now()`, late: `${open} and ${place} < now()`, fulfilled: 'fulfilled_at is not null', waived: 'waived_at is not null' };
const CHARACTERS = 10_000;
const BATCH = 200;

const toDuty = (found: DutyRow): Duty => ({
  id: found.id,
  licenceId: found.licence_id,
  duty: found.duty,
  clause: found.clause,
  action: found.action,
  phase: found.phase,
  trigger: found.trigger,
  period: found.period,
  repeats: found.repeats,
  number: found.number,
  state: found.fulfilled_at ? 'fulfilled' : found.waived_at ? 'waived' : found.late ? 'late' : 'due',
  decisionId: found.decision_id,
  beganAt: found.began_at,
  dueAt: found.due_at,
  fulfilledAt: found.fulfilled_at,
  fulfilledBy: found.fulfilled_by,
  evidence: found.evidence,
  evidenceSha256: found.evidence_sha256,
  evidenceUrl: found.evidence_url,
  waivedAt: found.waived_at,
  waivedBy: found.waived_by,
  waivedWhy: found.waived_why,
});

/** A duty that a decision begins or waits for, before it is a row. */
interface Begun {
  licenceId: string;
  duty: string;
  cause: string;
  clause: string | null;
  action: string;
  phase: Phase;
  trigger: string;
  period: string | null;
  repeats: string | null;
  zone: string | null;
  /** Whether its trigger has happened. */
  runs: boolean;
  dueAt: string | null;
}

/** Owed once for the licence, whichever use began it. */
const WHOLE_LICENCE = 'licence';

/** Which actions make these triggers happen; the others are ends of the licence. */
const triggeredBy: Record<string, string> = { onFirstTrain: 'train', onDelivery: 'export' };

/** The ledger of duties: begun by decisions, one row for each duty and what it came with, however often that is asked about. */
export class Duties {
  constructor(
    private readonly database: Database,
    private readonly clock: () => Date,
  ) {}

  /**
   * Writes down what a decision begins: the obligations of a permit for a use, the remedies of what was broken, and the duties that a
   * permission still waits for, so that they can be fulfilled. Runs in the decision's transaction.
   */
  async begin({ id: decisionId, action, use, at, evaluation, bound }: { id: string; action: string; use: string | null; at: Date; evaluation: Pick<Evaluation, 'outcome' | 'trace' | 'obligations'>; bound: readonly Bound[] }): Promise<void> {
    const licences = new Map(bound.map((one) => [one.policy.id, one]));
    const path = actionPath(shortName(action));
    const begun: Begun[] = [];
    const add = (policy: string, duty: Omit<Begun, 'licenceId' | 'zone'>): void => {
      const of = licences.get(policy);
      if (of) begun.push({ licenceId: of.licenceId, zone: zoneOf(of.policy), ...duty });
    };
    for (const { policy, ...duty } of waitedFor(evaluation)) {
      const { period = null, interval = null } = licences.has(policy) ? (inPolicy(licences.get(policy)!.policy, duty.duty) ?? {}) : {};
      const dueAt = period === null ? null : addPeriod(at.getTime(), period, zoneOf(licences.get(policy)!.policy) ?? 'UTC');
      add(policy, { ...duty, cause: WHOLE_LICENCE, phase: 'pre', trigger: 'onUse', period, repeats: interval, runs: true, dueAt });
    }
    const uses = evaluation.outcome === 'permit' && use !== null;
    for (const { policy, duty, clause, action: owed, phase, trigger, period, deadline, interval, state } of evaluation.obligations) {
      if (!uses && state !== 'due') continue;
      const delivered = trigger === 'onDelivery' && path.includes(triggeredBy.onDelivery!);
      const runs = trigger === 'onUse' || state === 'due' || path.includes(triggeredBy[trigger] ?? '');
      const perUse = use !== null && interval === undefined && state !== 'due' && (trigger === 'onUse' || delivered);
      const dueAt = deadline ?? (runs && period !== null && licences.has(policy) ? addPeriod(at.getTime(), period, zoneOf(licences.get(policy)!.policy) ?? 'UTC') : null);
      add(policy, { duty, clause: clause ?? null, action: owed, phase, trigger, period, repeats: interval ?? null, cause: perUse ? use : WHOLE_LICENCE, runs, dueAt });
    }
    if (uses) await this.trigger(path, bound, at);
    if (!begun.length) return;
    await rows(
      `insert into duty (id, studio_id, licence_id, duty, cause, clause, action, phase, trigger, period, repeats, zone, decision_id, began_at, runs_from, due_at)
       select b.id, $1, b."licenceId", b.duty, b.cause, b.clause, b.action, b.phase, b.trigger, b.period, b.repeats, b.zone, $2, $3::timestamptz, case when b.runs then $3::timestamptz end, b."dueAt"
       from jsonb_to_recordset($4) as b(id uuid, "licenceId" uuid, duty text, cause text, clause text, action text, phase text, trigger text, period text, repeats text, zone text, runs boolean, "dueAt" timestamptz)
       on conflict do nothing`,
      [scoped().studioId, decisionId, at, JSON.stringify(begun.map((one) => ({ ...one, id: newId() })))],
    );
  }

  /** A training or a delivery under these licences: what waited for it runs from now on. */
  private async trigger(path: readonly string[], bound: readonly Bound[], at: Date): Promise<void> {
    const happened = Object.keys(triggeredBy).filter((trigger) => path.includes(triggeredBy[trigger]!));
    if (!happened.length) return;
    const waiting = await rows<DutyRow>(`select ${columns} from duty where licence_id = any($1) and cause = '${WHOLE_LICENCE}' and trigger = any($2) and runs_from is null and ${open} order by id for update`, [bound.map(({ licenceId }) => licenceId), happened]);
    for (const duty of waiting) await rows(`update duty set runs_from = $2, due_at = $3 where id = $1`, [duty.id, at, deadlineOf({ ...duty, runs_from: at }, duty.number)]);
  }

  /** Licences of the studio that have ended: what waited for that runs from the end of the term, or from the withdrawal. */
  async startEnded(scope: Scope): Promise<void> {
    await this.database.inStudio(scope, async () => {
      const ended = await rows<DutyRow & { ended: Date }>(
        `select * from (
           select d.*, case trigger when 'onWithdrawal' then l.withdrawn_at when 'onExpiry' then v.ends_at else least(l.withdrawn_at, v.ends_at) end as ended
           from duty d join licence l on l.id = d.licence_id
           left join lateral (select ends_at from licence_version v where v.licence_id = l.id and v.signed_at is not null and v.effective_from <= now() order by v.version desc limit 1) v on true
           where d.studio_id = $1 and d.runs_from is null and d.fulfilled_at is null and d.waived_at is null and d.trigger in ('onExpiry', 'onTermination', 'onWithdrawal')) as waiting
         where ended <= now() order by id limit ${BATCH}`,
        [scope.studioId],
      );
      for (const duty of ended) await rows(`update duty set runs_from = $2, due_at = $3 where id = $1 and runs_from is null`, [duty.id, duty.ended, deadlineOf({ ...duty, runs_from: duty.ended }, duty.number)]);
    });
  }

  /**
   * What the ledger knows of these licences: when duties began to run, and what was done. Where a permission asks for something first, it
   * is open once that was done; a waiver opens it as well.
   */
  async known(bound: readonly Bound[]): Promise<Required<Pick<WorldState, 'performed' | 'begun'>>> {
    const found = await rows<{ licence_id: string; duty: string; began: Date | null; done: Date | null; evidence: string | null }>(
      `select licence_id, duty, max(runs_from) as began, max(coalesce(fulfilled_at, waived_at)) as done, max(id::text) filter (where not (${open})) as evidence from duty where licence_id = any($1) and cause = '${WHOLE_LICENCE}' group by licence_id, duty order by duty, licence_id`,
      [bound.map(({ licenceId }) => licenceId)],
    );
    // Copies of a contract call their duties by the same ids: such a one is done once it is done for each.
    const doneFor = new Set(found.flatMap(({ licence_id, duty, done }) => (done ? [`${licence_id} ${duty}`] : [])));
    const isDone = (duty: string): boolean => bound.every(({ licenceId, policy }) => doneFor.has(`${licenceId} ${duty}`) || (bound.length > 1 && !names(policy, duty)));
    const settled = new Set([...new Set(found.map(({ duty }) => duty))].filter(isDone));
    return {
      performed: found.filter(({ duty }) => settled.has(duty)).flatMap(({ duty, done, evidence }) => (done ? [{ duty, at: done.toISOString(), evidence: `urn:uuid:${evidence}` }] : [])),
      begun: found.flatMap(({ duty, began }) => (began ? [{ duty, at: began.toISOString() }] : [])),
    };
  }

  /** Throws Refusal NOT_FOUND. */
  async find(scope: Scope, id: string): Promise<Duty> {
    const found = isId(id) ? await this.database.inStudio(scope, () => row<DutyRow>(`select ${columns} from duty where studio_id = $1 and id = $2`, [scope.studioId, id])) : undefined;
    if (!found) throw notFound('duty');
    return toDuty(found);
  }

  /** Soonest deadline first. */
  async page(scope: Scope, page: Page, filter: DutyFilter = {}): Promise<Paged<Duty>> {
    const first = pageSize(page.first);
    const [dueAt, after] = decodeCursor(page.after, 2) ?? [];
    return this.database.inStudio(scope, async () => {
      const found = await rows<DutyRow & { place: string }>(
        `select ${columns}, ${place}::text as place from duty where ${filtered(filter)} and ($3::timestamptz is null or (${place}, id) > ($3::timestamptz, $4::uuid)) order by ${place}, id limit $5`,
        [scope.studioId, filter.licenceId ?? null, dueAt ?? null, after ?? null, first + 1],
      );
      const paged = toPage(found, first, (duty) => [duty.place, duty.id]);
      return { ...paged, items: paged.items.map(toDuty) };
    });
  }

  async count(scope: Scope, filter: DutyFilter = {}): Promise<number> {
    return this.database.inStudio(scope, async () => Number((await row<{ count: string }>(`select count(*) from duty where ${filtered(filter)}`, [scope.studioId, filter.licenceId ?? null]))!.count));
  }

  /** Done, and how that can be shown. A duty that repeats is owed again. Throws Refusal NOT_FOUND, BAD_EVIDENCE, DUTY_ENDED. */
  async fulfil(scope: Scope, id: string, { text, sha256, url }: Evidence): Promise<Duty> {
    const evidence = textIn(text, 'BAD_EVIDENCE', 'What was done is written down');
    if (sha256 != null && !/^[0-9a-f]{64}$/.test(sha256)) throw new Refusal('BAD_EVIDENCE', 'The SHA-256 of a document is 64 hexadecimal digits.', 'Leave it out, or send the digest of the document.', 400);
    if (url != null && (url.length > 2_000 || !URL.canParse(url))) throw new Refusal('BAD_EVIDENCE', 'The address of the evidence does not read.', 'Leave it out, or send it as a URL.', 400);
    return this.end(scope, id, { state: 'fulfilled', evidence, sha256: sha256 ?? null, url: url ?? null }, async (at) => {
      await rows(`update duty set fulfilled_at = $2, fulfilled_by = $3, evidence = $4, evidence_sha256 = $5, evidence_url = $6 where id = $1`, [id, at, scope.memberId ?? null, evidence, sha256 ?? null, url ?? null]);
    });
  }

  /** No longer owed, by whose word and why. Throws Refusal NOT_FOUND, BAD_WAIVER, DUTY_ENDED. */
  async waive(scope: Scope, id: string, why: string): Promise<Duty> {
    const reason = textIn(why, 'BAD_WAIVER', 'A duty is waived with a reason');
    return this.end(scope, id, { state: 'waived', why: reason }, async (at) => {
      await rows(`update duty set waived_at = $2, waived_by = $3, waived_why = $4 where id = $1`, [id, at, scope.memberId ?? null, reason]);
    });
  }

  private async end(scope: Scope, id: string, how: Record<string, unknown>, write: (at: Date) => Promise<void>): Promise<Duty> {
    return this.database.inStudio(scope, async () => {
      const duty = isId(id) ? await row<DutyRow>(`select ${columns} from duty where studio_id = $1 and id = $2 for update`, [scope.studioId, id]) : undefined;
      if (!duty) throw notFound('duty');
      if (duty.fulfilled_at || duty.waived_at) throw new Refusal('DUTY_ENDED', `This duty was ${duty.fulfilled_at ? 'fulfilled' : 'waived'} before.`, 'There is nothing left to do; the ledger shows who did it.', 409);
      await write(this.clock());
      await appendEntry('duty', { duty: id, licence: duty.licence_id, of: duty.duty, member: scope.memberId ?? null, ...how });
      await this.next(duty);
      return this.find(scope, id);
    });
  }

  /** A duty that repeats is owed again, counted from when it began: the end of a month stays the end of a month. */
  private async next(duty: DutyRow): Promise<void> {
    if (duty.repeats === null || !duty.runs_from) return;
    const { licence_id, cause, clause, action, phase, trigger, period, repeats, zone, decision_id, runs_from } = duty;
    const number = duty.number + 1;
    await rows(
      `insert into duty (id, studio_id, licence_id, duty, cause, number, clause, action, phase, trigger, period, repeats, zone, decision_id, began_at, runs_from, due_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) on conflict do nothing`,
      [newId(), scoped().studioId, licence_id, duty.duty, cause, number, clause, action, phase, trigger, period, repeats, zone, decision_id, duty.due_at ?? runs_from, runs_from, deadlineOf(duty, number)],
    );
  }

  /**
   * Tells of every duty whose deadline has passed, once each: event `duty.late` and a log entry in the transaction that marks it. One that
   * repeats is owed again. Safe in several processes at once. Returns whether more wait.
   */
  async tellLate(): Promise<boolean> {
    const studios = await this.database.outside<{ id: string }>(`select studios_with_late_duties($1) as id`, [BATCH]);
    let more = studios.length === BATCH;
    for (const { id: studioId } of studios) {
      const late = await this.database.inStudio({ studioId }, async () => {
        const found = await rows<DutyRow>(
          `update duty set late_at = now() where id in (select id from duty where studio_id = $1 and due_at < now() and ${open} and late_at is null order by ${place}, id limit ${BATCH} for update skip locked) returning ${columns}`,
          [studioId],
        );
        for (const duty of found) {
          await emit('duty.late', { dutyId: duty.id, licenceId: duty.licence_id, duty: duty.duty, action: duty.action, dueAt: duty.due_at!.toISOString() });
          await appendEntry('duty', { duty: duty.id, licence: duty.licence_id, of: duty.duty, state: 'late', due: duty.due_at!.toISOString() });
          await this.next(duty);
        }
        return found.length;
      });
      more ||= late === BATCH;
    }
    return more;
  }
}

/** When the nth time of a duty is due; as the evaluator reckons it: a period after its trigger, or after the end of each of its intervals. */
function deadlineOf({ runs_from, period, repeats, zone }: Pick<DutyRow, 'runs_from' | 'period' | 'repeats' | 'zone'>, number: number): string | null {
  if (!runs_from) return null;
  const from = repeats === null ? runs_from.getTime() : Date.parse(addPeriod(runs_from.getTime(), repeats, zone ?? 'UTC', number));
  return period === null ? (repeats === null ? null : new Date(from).toISOString()) : addPeriod(from, period, zone ?? 'UTC');
}

/** The duty of a permission, or a consequence of one. */
function inPolicy({ policy }: CompiledPolicy, uid: string): { period: string | null; interval: string | null } | undefined {
  const seek = (duties: CompiledPolicy['policy']['obligations']): CompiledPolicy['policy']['obligations'][number] | undefined => {
    for (const duty of duties) {
      const found = duty.uid === uid ? duty : seek(duty.consequences);
      if (found) return found;
    }
    return undefined;
  };
  return seek(policy.rules.flatMap((rule) => rule.duties));
}

/** Whether a duty stands anywhere in the policy. */
function names({ policy: { rules, obligations } }: CompiledPolicy, uid: string): boolean {
  const among = (duties: CompiledPolicy['policy']['obligations']): boolean => duties.some((duty) => duty.uid === uid || among(duty.consequences));
  return among(obligations) || rules.some((rule) => among(rule.duties) || among(rule.remedies));
}

const zoneOf = ({ policy }: CompiledPolicy): string | null => policy.zone ?? null;

/** Duties that are all that is missing of a permission: its other conditions hold. */
function waitedFor({ trace }: Pick<Evaluation, 'trace'>): { policy: string; duty: string; clause: string | null; action: string }[] {
  return trace
    .filter((rule) => rule.kind === 'permission' && rule.matched && rule.constraints.every((constraint) => constraint.result === true))
    .flatMap((rule) => rule.duties.filter((duty) => duty.phase === 'pre' && duty.state === 'due').map(({ duty, clause, action }) => ({ policy: rule.policy, duty, clause: clause ?? null, action })));
}

function filtered({ state }: DutyFilter): string {
  return `studio_id = $1 and ($2::uuid is null or licence_id = $2) ${state == null ? '' : `and ${stateSql[state]}`}`;
}

function textIn(text: string, code: string, what: string): string {
  const given = text.trim();
  if (given && given.length <= CHARACTERS) return given;
  throw new Refusal(code, `${what} in 1 to ${CHARACTERS} characters.`, 'Say it in a sentence or two.', 400);
}
