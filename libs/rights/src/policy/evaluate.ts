import { governs, type Clause, type CompiledPolicy } from './compile.js';
import { allOf, judgeAll, type Situation } from './conditions.js';
import { sha256 } from './document.js';
import { judgeDuty, obligationsOf, remediesOf } from './duties.js';
import { explain, type Decided, type Judged } from './explain.js';
import { isSegment } from './load.js';
import { holds, touches } from './segments.js';
import { readInstant } from './time.js';
import type { Evaluation, Exclusion, Hold, Obligation, PolicyRequest, Reason, RuleTrace, Target, WorldState } from './types.js';
import { shortName, vocabulary as profile } from './vocabulary.js';

/**
 * Decides a request. Pure: the same policies, request and state give the same evaluation, on every machine and at any time.
 *
 * Permits only when for every target no hold and no exclusion touches it, and every policy that governs it (names it or something it lies
 * in) has a permission that holds and no prohibition that holds; a target that no policy governs is refused. A policy that inherits from
 * others permits only what they permit, and what its own permissions, where it has any for that action and target, allow as well. A fact
 * that is unknown fails a permission and triggers a prohibition. Never throws for a request's content: one that makes no sense is refused
 * and the reason says why.
 */
export function evaluate(policies: readonly CompiledPolicy[], request: PolicyRequest, state: WorldState): Evaluation {
  // A state from a file may say nothing of duties: then none was done.
  const decided: Decided = { policies, request, state: Array.isArray(state.performed) ? state : { ...state, performed: [] }, action: '', now: 0, governing: new Set(), trace: [], failures: [], grants: [] };
  const problem = nonsenseIn(policies, request);
  if (problem === undefined) {
    decided.action = actionOf(policies, request.action);
    decided.now = readInstant(request.now)!;
    for (const target of request.targets) decideTarget(decided, target);
  } else decided.failures.push({ why: 'senseless', problem });
  return new Answer(decided);
}

class Answer implements Evaluation {
  readonly outcome: Evaluation['outcome'];
  readonly trace: RuleTrace[];
  readonly #decided: Decided;
  #reason: Reason | undefined;

  constructor(decided: Decided) {
    this.outcome = decided.failures.length === 0 ? 'permit' : 'refuse';
    this.trace = decided.trace;
    this.#decided = decided;
  }

  get policies(): Evaluation['policies'] {
    return [...this.#decided.governing].map(({ id, version, sha256 }) => ({ id, version, sha256 }));
  }

  get requestSha256(): string {
    return hashOf(this.#decided.request);
  }

  get stateSha256(): string {
    return hashOf(this.#decided.state);
  }

  get reason(): Reason {
    return (this.#reason ??= explain(this.#decided, evaluate));
  }

  get obligations(): Obligation[] {
    const { governing, grants, request, state, now } = this.#decided;
    if (governing.size === 0) return [];
    const remedies = remediesOf([...governing], request, state, now);
    return this.outcome === 'permit' ? [...obligationsOf([...governing], grants, request, state, now), ...remedies] : remedies;
  }

  toJSON(): Omit<Evaluation, 'toJSON'> {
    const { outcome, policies, requestSha256, stateSha256, trace, reason, obligations } = this;
    return { outcome, policies, requestSha256, stateSha256, trace, reason, obligations };
  }
}

/** Of what has no canonical JSON (NaN, a cycle) the hash is that of null: such a request is refused, and the hash must not throw either. */
function hashOf(value: unknown): string {
  try {
    return sha256(value);
  } catch (error) {
    // Stryker disable next-line ConditionalExpression: canonicalize throws nothing else.
    if (!(error instanceof Error)) throw error;
    return sha256(null);
  }
}

/** The action by the name that the policies know it by. */
function actionOf(policies: readonly CompiledPolicy[], name: string): string {
  const action = shortName(name);
  return (policies.find(({ vocabulary }) => vocabulary.isAction(action))?.vocabulary ?? profile).current(action);
}

/** What makes a request one that has no answer. Requests come from outside, so nothing about their shape is taken for granted. */
function nonsenseIn(policies: readonly CompiledPolicy[], request: PolicyRequest): string | undefined {
  if (typeof request.action !== 'string') return 'the request names no action';
  const action = actionOf(policies, request.action);
  if (!profile.isAction(action) && !policies.some(({ vocabulary }) => vocabulary.isAction(action))) return `"${request.action}" is not an action of the profile`;
  if (readInstant(request.now) === undefined) return 'the request gives no time with its zone';
  if (!isTexts(request.assignee)) return 'the request does not list who asks';
  if (!Array.isArray(request.targets) || request.targets.length === 0) return 'the request names nothing to act on';
  for (const target of request.targets as readonly (Target | null | undefined)[]) {
    if (typeof target?.id !== 'string' || !isTexts(target.ancestors)) return 'a target of the request has no id, or does not list what it lies in';
    if (target.segment !== undefined && (target.segment === null || !isSegment(target.segment))) return 'a segment of the request is not a range of frames at a rate';
  }
  return undefined;
}

const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');

interface Question extends Decided {
  target: Target;
  situation: Situation;
  /** Policies that are decided for this target already; several may inherit from one. */
  done: Set<CompiledPolicy>;
}

function decideTarget(decided: Decided, target: Target): void {
  const { policies, request, state, now, action, failures } = decided;
  if (state.holds) for (const hold of state.holds) if (inForce(hold, now)) stop(decided, target, hold);
  if (state.exclusions) for (const exclusion of state.exclusions) if (excludes(exclusion, action, decided, target)) failures.push({ why: 'excluded', target: target.id, exclusion });
  const question: Question = { ...decided, target, situation: { request, now, target }, done: new Set() };
  let governed = false;
  for (const policy of policies) {
    if (!governs(policy, target)) continue;
    governed = true;
    decide(policy, question);
  }
  if (!governed) failures.push({ why: 'uncovered', target: target.id });
}

/** A hold that does not say since when is in force. */
const inForce = ({ since }: Hold, now: number): boolean => (readInstant(since) ?? now) <= now;

const kindsOfHold: ReadonlySet<string> = new Set(['title', 'performer', 'licence', 'studio']);

function stop({ request, failures }: Decided, target: Target, hold: Hold): void {
  if (hold.on === 'title' && (hold.subject === target.id || target.ancestors.includes(hold.subject))) failures.push({ why: 'held', target: target.id, hold, doubt: false });
  if (hold.on === 'studio' && request.assignee.includes(hold.subject)) failures.push({ why: 'held', target: target.id, hold, doubt: false });
  // A hold on something that nobody knows holds everything.
  if (!kindsOfHold.has(hold.on)) failures.push({ why: 'held', target: target.id, hold, doubt: false });
  if (hold.on !== 'performer') return;
  const performers: unknown = target.facts?.appearsPerformer ?? request.facts?.appearsPerformer;
  const known = typeof performers === 'string' || isTexts(performers);
  if (!known || [performers].flat().some((performer) => shortName(performer) === shortName(hold.subject))) failures.push({ why: 'held', target: target.id, hold, doubt: !known });
}

function excludes({ target: asset, segment, actions }: Exclusion, action: string, { policies }: Decided, target: Target): boolean {
  if (asset !== target.id && !target.ancestors.includes(asset)) return false;
  // Frames that make no sense are taken for all: an exclusion is never lost to a slip.
  if (target.segment && isSegment(segment) && !touches(target.segment, segment)) return false;
  if (actions === undefined) return true;
  const { vocabulary } = policies.find((policy) => policy.vocabulary.isAction(action)) ?? { vocabulary: profile };
  const path = vocabulary.actionPath(action);
  return actions.some((name) => {
    const excluded = vocabulary.current(shortName(name));
    return path.includes(excluded) || (vocabulary.isAbstract(action) && vocabulary.actionPath(excluded).includes(action));
  });
}

/** One policy on one target: failures, or the permission that grants it, and the same of the policies that it inherits from. */
function decide(policy: CompiledPolicy, question: Question): void {
  const { action, target, situation, state, governing, trace, failures, grants, done, now } = question;
  if (done.has(policy)) return;
  done.add(policy);
  governing.add(policy);
  if (state.holds) for (const hold of state.holds) if (hold.on === 'licence' && hold.subject === policy.id && inForce(hold, now)) failures.push({ why: 'held', target: target.id, hold, doubt: false });

  let silent = true;
  let permission: Judged | undefined;
  const near: Judged[] = [];
  const against: Judged[] = [];
  for (const clause of policy.index.about(action, target)) {
    const { kind, duties } = clause.rule;
    if (kind === 'permission') {
      silent = false;
      if (!policy.index.covers(clause, action)) continue;
    }
    const judged = { clause, trace: judgeClause(policy, clause, target, situation, state) };
    trace.push(judged.trace);
    if (kind === 'permission') near.push(judged);
    if (!judged.trace.active) continue;
    if (kind === 'prohibition') against.push(judged);
    else if (!permission || duties.length < permission.clause.rule.duties.length) permission = judged;
  }

  const { conflict } = policy.policy;
  if (against.length > 0 && permission && conflict === 'invalid') failures.push({ why: 'void', target: target.id, policy, by: permission, against });
  else if (against.length > 0 && !(permission && conflict === 'perm')) failures.push({ why: 'prohibited', target: target.id, policy, by: against });
  else if (permission) grants.push({ policy, target: target.id, by: permission });
  // What a policy says nothing about follows the policies that it inherits from.
  else if (!silent || policy.parents.length === 0) failures.push({ why: 'unpermitted', target: target.id, policy, near });
  for (const parent of policy.parents) decide(parent, question);
}

function judgeClause(policy: CompiledPolicy, clause: Clause, target: Target, situation: Situation, state: WorldState): RuleTrace {
  const { rule, action, parties, judges } = clause;
  const matched = (parties === undefined || situation.request.assignee.some((party) => parties.has(party))) && segmentsMeet(clause, target);
  const constraints = judgeAll(judges, situation);
  const duties = clause.duties.map((duty) => judgeDuty(duty, situation, state));
  const truth = allOf(constraints);
  const active = matched && (rule.kind === 'permission' ? truth === true && !duties.some((duty) => duty.phase === 'pre' && duty.state === 'due') : truth !== false);
  return {
    policy: policy.id,
    rule: rule.uid,
    ...(rule.clause === undefined ? {} : { clause: rule.clause }),
    kind: rule.kind,
    action,
    target: target.id,
    matched,
    active,
    constraints,
    duties,
  };
}

/** A permission must hold every frame that is asked for, a prohibition only needs to touch one. */
function segmentsMeet({ rule: { kind }, target: { segment: ruled } }: Clause, { segment: asked }: Target): boolean {
  if (!ruled) return true;
  if (!asked) return kind === 'prohibition';
  return kind === 'prohibition' ? touches(ruled, asked) : holds(ruled, asked);
}
