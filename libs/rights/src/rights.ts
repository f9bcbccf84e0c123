import { config, type Database, newId, Refusal, type ReleasedKey, row, rows, type Scope, type Vault, writeAnyway } from '#libs/platform';
import { type Answer, type Decision, type DecisionRow, decisionColumns, Decisions, type Question, toDecision } from './decisions.js';
import { Duties } from './duties.js';
import type { TitleFrames } from './edit.js';
import { Exclusions } from './exclusions.js';
import { byFrames, withFrames } from './frames.js';
import { type Hold, Holds, stateOf, withoutStop } from './holds.js';
import { KeptKeys } from './kept.js';
import { type Instead, Licences, type Stop } from './licences.js';
import { type CompiledPolicy, evaluate, type PolicyRequest, type WorldState } from './policy/index.js';
import { instantWords } from './policy/time.js';
import { heldWords } from './policy/words.js';
import { Simulations } from './simulations.js';
import { type Bound, boundBy, noteUse, useIsNoted, usesBefore } from './uses.js';

/** The licence said no. Carries the decision so that a person can ask why. */
export class LicenceRefused extends Refusal {
  constructor(readonly decision: Decision) {
    super('LICENCE_REFUSED', decision.sentence, decision.reason.whatWouldChangeIt, 403);
  }
}

/** Everything that an answer depends on. */
interface Gathered {
  titleIds: string[];
  use: string | null;
  bound: Bound[];
  policies: CompiledPolicy[];
  stopped: Stop[];
  holds: Hold[];
  request: PolicyRequest;
  state: WorldState;
  frames: TitleFrames[];
}

/** A question, what it depends on, and the answer. */
interface Asked extends Omit<Gathered, 'policies' | 'stopped' | 'holds'> {
  question: Question;
  standing: string[];
  evaluation: Answer;
}

/** A decision that is about to end is not gone on with: its key could not be released any more. */
const MARGIN_MS = 5_000;

/**
 * Licences, the decisions they give, and the keys that decisions release.
 * A title attached to a licence is a member of the asset collection `<policy uid>#titles`; that, its own id and the asset ids it was attached with (its EIDR) are what a policy's targets name.
 */
export class Rights extends Decisions {
  readonly licences: Licences;
  readonly holds: Holds;
  readonly exclusions: Exclusions;
  readonly duties: Duties;
  readonly simulations: Simulations;
  private readonly kept: KeptKeys;
  private readonly vault: Vault;
  private readonly clock: () => Date;

  constructor({ database, vault, clock = () => new Date() }: { database: Database; vault: Vault; clock?: () => Date }) {
    super(database);
    this.licences = new Licences(database, clock);
    this.exclusions = new Exclusions(database);
    this.holds = new Holds(database, this.licences);
    this.duties = new Duties(database, clock);
    this.simulations = new Simulations({ database, licences: this.licences, clock, gather: (scope, question, instead) => this.gather(scope, question, instead) });
    this.kept = new KeptKeys(database);
    this.vault = vault;
    this.clock = clock;
  }

  /**
   * Evaluates the licences of every title behind the scope and records the outcome: decision, its titles, its use, and a log entry, in the
   * open transaction or one of its own. A refusal stays recorded even if that transaction is rolled back.
   */
  async decide(scope: Scope, question: Question): Promise<Decision> {
    return this.database.inStudio(scope, async () => this.settle(scope, await this.ask(scope, question)));
  }

  /** `decide`, and throws LicenceRefused (with the recorded decision) unless it permits. */
  async requirePermit(scope: Scope, question: Question): Promise<Decision> {
    const decision = await this.decide(scope, question);
    if (!decision.permitted) throw new LicenceRefused(decision);
    return decision;
  }

  /**
   * A permit for this member, action and scope. Everything is asked anew; only where that permits, and for a use that is known, is the
   * last permit taken instead of a new record, while it is valid and the licences stand as they stood. Throws LicenceRefused.
   */
  async permitFor(scope: Scope, question: Question): Promise<Decision> {
    return this.database.inStudio(scope, async () => {
      const asked = await this.ask(scope, question);
      const again = asked.evaluation.outcome === 'permit' ? await this.lastPermit(scope, asked) : undefined;
      if (again) return again;
      const decision = await this.settle(scope, asked);
      if (!decision.permitted) throw new LicenceRefused(decision);
      return decision;
    });
  }

  /**
   * What the rights say now of the frames of titles whose frames they tell apart; a title that is not among them is allowed or refused as
   * one. Records nothing and releases nothing.
   */
  async frames(scope: Scope, question: Question): Promise<TitleFrames[]> {
    return this.database.inStudio(scope, async () => (await this.ask(scope, question)).frames);
  }

  private async lastPermit(scope: Scope, { question, use, bound, standing, titleIds, request }: Asked): Promise<Decision | undefined> {
    const last = await row<DecisionRow & { stands: boolean }>(
      `select ${decisionColumns}, licences = $5 and (select count(*) from decision_target where decision_id = decision.id and title_id = any($6)) = cardinality($6) and request->'targets' = $7 as stands
       from decision where studio_id = $1 and scope_id = $2 and action = $3 and member_id is not distinct from $4 order by id desc limit 1`,
      [scope.studioId, question.scopeId, question.action, scope.memberId ?? null, standing, titleIds, JSON.stringify(request.targets)],
    );
    if (last?.outcome !== 'permit' || !last.stands || last.valid_until.getTime() <= this.clock().getTime() + MARGIN_MS) return undefined;
    return use === null || (await useIsNoted(question.action, use, bound)) ? toDecision(last) : undefined;
  }

  /**
   * The key of an object for a member who looks at it: decision and release are logged, then kept for 30 s so that a player's many range
   * requests are one release. What changes in the rights of its titles ends that within a second, in every process.
   * Throws LicenceRefused, Refusal KEY_REFUSED or NOT_FOUND.
   */
  async openFor(scope: Scope, question: Question, objectId: string): Promise<ReleasedKey> {
    const name = `${scope.studioId} ${scope.memberId ?? ''} ${question.action} ${objectId}`;
    return (
      this.kept.get(name) ??
      this.kept.keep(name, { studioId: scope.studioId, titleIds: question.titleIds }, async () => {
        const decision = await this.permitFor(scope, question);
        return { key: await this.vault.release(scope, decision.id, objectId), validUntil: decision.validUntil };
      })
    );
  }

  /** Asks the licences as they stand. Writes nothing. */
  private async ask(scope: Scope, question: Question): Promise<Asked> {
    // Before anything else is read: a licence that changes from here on undoes the decision.
    const { standing } = (await row<{ standing: string[] }>(`select licences_standing($1) as standing`, [[...new Set(question.titleIds)]]))!;
    const { policies, stopped, holds, frames, request, state, ...about } = await this.gather(scope, question);
    const evaluation = withHolds(withStops(withFrames(evaluate(policies, request, state), frames), stopped), holds);
    return { question, ...about, standing, request, state, evaluation, frames };
  }

  /** Everything that an answer depends on now, or would with another text in the place of a licence's own. */
  private async gather(scope: Scope, question: Question, instead?: Instead): Promise<Gathered> {
    const titleIds = [...new Set(question.titleIds)];
    const { collections, governing, stopped } = await this.licences.governing(scope, titleIds, instead);
    const use = question.use === undefined ? question.scopeId : question.use;
    const holds = await this.holds.upon(scope, titleIds);
    const bound = await boundBy(governing);
    // Only a decision begins a use: who merely tries another text holds up nobody.
    const counts = await usesBefore(question.action, use, bound, instead === undefined);
    const whole = await this.request(scope, question, titleIds, collections, counts);
    const world = { ...(await this.duties.known(bound)), holds: [...stateOf(holds, (id) => bound.find(({ licenceId }) => licenceId === id)?.policy.id), ...stopped.map(({ hold }) => hold)] };
    const policies = governing.map(({ policy }) => policy);
    return { titleIds, use, bound, policies, stopped, holds, ...(await byFrames(scope, question, this.exclusions, policies, whole, world)) };
  }

  private async settle(scope: Scope, { question, titleIds, use, bound, standing, request, state, evaluation }: Asked): Promise<Decision> {
    const id = newId();
    const at = this.clock();
    const longest = at.getTime() + config().BACKLOT_DECISION_SECONDS * 1000;
    // What a licence says of a time may be another answer from then on, and a permit releases keys until it ends.
    const validUntil = new Date(bound.flatMap(({ policy }) => timesIn(policy)).reduce((first, time) => (time > at.getTime() && time < first ? time : first), longest));
    const permitted = evaluation.outcome === 'permit';
    const write = async (): Promise<void> => {
      await this.record(scope, question, titleIds, { id, request, state, evaluation, at, validUntil, standing });
      if (permitted && use !== null) await noteUse(question.action, use, bound, id);
      await this.duties.begin({ id, action: question.action, use, at, evaluation, bound });
    };
    await (permitted ? write() : writeAnyway(write));
    const { reason, trace, policies } = evaluation;
    return { id, action: question.action, permitted, sentence: reason.sentence, reason, trace, policies, actor: question.actor, memberId: scope.memberId ?? null, scopeKind: question.scopeKind, scopeId: question.scopeId, at, validUntil };
  }

  private async request(scope: Scope, question: Question, titleIds: string[], collections: ReadonlyMap<string, string[]>, counts: Record<string, number>): Promise<PolicyRequest> {
    const named = await rows<{ title_id: string; asset_ids: string[] }>(`select title_id, asset_ids from licence_title where studio_id = $1 and title_id = any($2) and asset_ids <> '{}'`, [scope.studioId, titleIds]);
    const assets = new Map(named.map((title) => [title.title_id, title.asset_ids]));
    const territory = config().BACKLOT_TERRITORY;
    return {
      action: question.action,
      targets: titleIds.map((id) => ({
        id: `urn:uuid:${id}`,
        ancestors: [...(collections.get(id) ?? []), ...(assets.get(id) ?? [])],
      })),
      assignee: [`urn:uuid:${scope.studioId}`],
      now: this.clock().toISOString(),
      modelTenant: `urn:uuid:${scope.studioId}`,
      counts,
      ...(question.purpose === undefined ? {} : { purpose: question.purpose }),
      ...(territory === undefined ? {} : { spatial: territory }),
    };
  }
}

const known = new WeakMap<CompiledPolicy, number[]>();

/** The times at which something in a policy may begin or cease to hold, in Unix milliseconds. */
function timesIn(policy: CompiledPolicy): number[] {
  let times = known.get(policy);
  if (!times) {
    const seek = (value: unknown): number[] => {
      if (typeof value !== 'object' || value === null) return [];
      return 'start' in value && 'end' in value && 'words' in value ? [Number(value.start), Number(value.end)] : Object.values(value).flatMap(seek);
    };
    times = [...new Set(seek([policy.policy.rules, policy.policy.obligations]))];
    known.set(policy, times);
  }
  return times;
}

/** A licence of which no version decides refuses, and says so instead of speaking of a hold. */
function withStops(answer: Answer, [stop]: readonly Stop[]): Answer {
  if (!stop) return answer;
  const { policies, requestSha256, stateSha256, trace } = answer;
  return { policies, requestSha256, stateSha256, trace, outcome: 'refuse', obligations: [], reason: { rules: [], facts: [{ name: 'licence', value: stop.hold.id }], sentence: stop.sentence, whatWouldChangeIt: stop.wayOut } };
}

/** A hold refuses whatever the licences say: one on a performer also those frames of a title in which they do not appear, because its key opens them all. */
function withHolds(evaluation: Answer, [hold]: readonly Hold[]): Answer {
  if (!hold || evaluation.outcome === 'refuse') return evaluation;
  const sentence = `Refused: a hold on ${heldWords({ on: hold.kind, subject: hold.subject })} is in force since ${instantWords(hold.placedAt.getTime())} (${withoutStop(hold.why)}).`;
  // Its fields may be worked out only when they are asked for, so they are named.
  const { policies, requestSha256, stateSha256, trace } = evaluation;
  return {
    policies,
    requestSha256,
    stateSha256,
    trace,
    outcome: 'refuse',
    obligations: [],
    reason: { rules: [hold.id], facts: [], sentence, whatWouldChangeIt: 'It can be allowed again once a compliance officer has lifted the hold.' },
  };
}
