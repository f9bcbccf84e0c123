import type { Clause, CompiledPolicy } from './compile.js';
import { judge, type Situation } from './conditions.js';
import { sha256 } from './document.js';
import { explain, type Failure, type Grant } from './explain.js';
import { isSegment, type Duty, type TargetSpec } from './load.js';
import { addPeriod, readInstant } from './time.js';
import type { DutyTrace, Evaluation, Obligation, PolicyRequest, RuleTrace, Segment, Target, WorldState } from './types.js';
import { actionPath, isAbstract, isAction, shortName } from './vocabulary.js';

/**
 * Decides a request. Pure: the same policies, request and state give the same evaluation, on every machine and at any time.
 *
 * Permits only when for every target, every policy that governs it (names it or something it lies in) has a permission that holds and no
 * prohibition that holds; a target that no policy governs is refused. A fact that is unknown fails a permission and triggers a prohibition.
 * Never throws for a request's content: one that makes no sense is refused and the reason says why.
 */
export function evaluate(policies: readonly CompiledPolicy[], request: PolicyRequest, state: WorldState): Evaluation {
  const action = shortName(request.action);
  const now = readInstant(request.now);
  const governing = new Set<CompiledPolicy>();
  const trace: RuleTrace[] = [];
  const failures: Failure[] = [];
  const grants: Grant[] = [];

  if (!isAction(action)) failures.push({ why: 'senseless', problem: `"${request.action}" is not an action of the profile` });
  else if (now === undefined) failures.push({ why: 'senseless', problem: 'the request gives no time with its zone' });
  else if (request.targets.length === 0) failures.push({ why: 'senseless', problem: 'the request names nothing to act on' });
  else if (!request.targets.every(({ segment }) => segment === undefined || isSegment(segment))) failures.push({ why: 'senseless', problem: 'a segment of the request is not a range of frames at a rate' });
  else {
    for (const target of request.targets) {
      const ids = new Set([target.id, ...target.ancestors]);
      const own = policies.filter((policy) => policy.anyAsset || !policy.assets.isDisjointFrom(ids));
      if (own.length === 0) failures.push({ why: 'uncovered', target: target.id });
      for (const policy of own) {
        governing.add(policy);
        const verdict = decide(policy, { action, now, request, target, ids, state });
        trace.push(...verdict.trace);
        if ('why' in verdict.result) failures.push(verdict.result);
        else grants.push(verdict.result);
      }
    }
  }

  const outcome = failures.length === 0 ? 'permit' : 'refuse';
  return {
    outcome,
    policies: [...governing].map(({ id, version, sha256 }) => ({ id, version, sha256 })),
    requestSha256: sha256(request),
    stateSha256: sha256(state),
    trace,
    reason: explain(action, request, failures, grants),
    obligations: outcome === 'permit' ? obligationsOf(grants, now!) : [],
  };
}

interface Question {
  action: string;
  now: number;
  request: PolicyRequest;
  target: Target;
  ids: ReadonlySet<string>;
  state: WorldState;
}

/** One policy on one target. */
function decide(policy: CompiledPolicy, question: Question): { trace: RuleTrace[]; result: Failure | Grant } {
  const { action, target } = question;
  const covered = new Set(actionPath(action));
  const judged: { clause: Clause; trace: RuleTrace }[] = [];
  for (const clause of policy.clauses) {
    const { kind } = clause.rule;
    // Asking for training as such asks for every kind of it, so a prohibition of one kind counts.
    const applies = covered.has(clause.action) || (kind === 'prohibition' && isAbstract(action) && actionPath(clause.action).includes(action));
    if (applies) judged.push({ clause, trace: judgeClause(policy, clause, question) });
  }
  const trace = judged.map((one) => one.trace);
  const active = (kind: RuleTrace['kind']): typeof judged => judged.filter((one) => one.trace.active && one.trace.kind === kind);

  const prohibitions = active('prohibition');
  if (prohibitions.length > 0) return { trace, result: { why: 'prohibited', target: target.id, policy, by: prohibitions } };
  const [permission] = active('permission').toSorted((a, b) => a.clause.rule.duties.length - b.clause.rule.duties.length);
  if (permission) return { trace, result: { policy, target: target.id, by: permission } };
  return { trace, result: { why: 'unpermitted', target: target.id, policy, near: judged.filter((one) => one.trace.kind === 'permission') } };
}

function judgeClause(policy: CompiledPolicy, { rule, action, target: spec, conditions }: Clause, question: Question): RuleTrace {
  const { request, now, target, ids, state } = question;
  const situation: Situation = { request, now, target, rule: rule.uid, action };
  const party = rule.assignees.length === 0 || rule.assignees.some(({ id, refinement }) => request.assignee.includes(id) && (rule.kind === 'permission' ? judge(refinement, situation).holds === true : judge(refinement, situation).holds !== false));
  const matched = party && (spec.id === null || ids.has(spec.id)) && segmentsMeet(rule.kind, spec, target);
  const { traces, holds } = judge(conditions, situation);
  const duties = rule.duties.map((duty) => judgeDuty(duty, situation, state));
  const open = duties.some((duty) => duty.phase === 'pre' && duty.state === 'due');
  const active = matched && (rule.kind === 'permission' ? holds === true && !open : holds !== false);
  return {
    policy: policy.id,
    rule: rule.uid,
    ...(rule.clause === undefined ? {} : { clause: rule.clause }),
    kind: rule.kind,
    action,
    target: target.id,
    matched,
    active,
    constraints: traces,
    duties,
  };
}

function judgeDuty(duty: Duty, situation: Situation, state: WorldState): DutyTrace {
  const due = judge(duty.constraints, situation).holds !== false;
  const fulfilled = state.performed.some((performed) => performed.duty === duty.uid && (readInstant(performed.at) ?? Infinity) <= situation.now);
  return {
    duty: duty.uid,
    ...(duty.clause === undefined ? {} : { clause: duty.clause }),
    action: duty.action,
    phase: duty.phase,
    state: fulfilled ? 'fulfilled' : due ? 'due' : 'inactive',
  };
}

/** A permission must hold every frame that is asked for, a prohibition only needs to touch one. */
function segmentsMeet(kind: RuleTrace['kind'], { segment: rule }: TargetSpec, { segment: asked }: Target): boolean {
  if (!rule) return true;
  if (!asked) return kind === 'prohibition';
  // Frame numbers of different rates meet as times: frame / rate, without rounding.
  const before = (a: number, ofA: Segment, b: number, ofB: Segment): boolean => BigInt(a) * seconds(ofA)[0] * seconds(ofB)[1] < BigInt(b) * seconds(ofB)[0] * seconds(ofA)[1];
  if (kind === 'prohibition') return before(rule.first, rule, asked.end, asked) && before(asked.first, asked, rule.end, rule);
  return !before(asked.first, asked, rule.first, rule) && !before(rule.end, rule, asked.end, asked);
}

/** The length of a frame as a fraction of seconds. */
function seconds({ rate }: Segment): [bigint, bigint] {
  const [frames, per = '1'] = rate.split('/');
  return [BigInt(per), BigInt(frames!)];
}

function obligationsOf(grants: readonly Grant[], now: number): Obligation[] {
  const begun = new Map<string, Obligation>();
  for (const { policy, by } of grants) {
    const inactive = new Set(by.trace.duties.filter((duty) => duty.state !== 'due').map((duty) => duty.duty));
    const duties = [...by.clause.rule.duties.filter((duty) => duty.phase === 'post' && !inactive.has(duty.uid)), ...policy.policy.obligations];
    for (const { uid, clause, action, phase, trigger, period } of duties) {
      const deadline = trigger === 'onUse' && period !== null ? addPeriod(now, period) : null;
      begun.set(`${policy.id} ${uid}`, { policy: policy.id, duty: uid, ...(clause === undefined ? {} : { clause }), action, phase, trigger, period, deadline });
    }
  }
  return [...begun.values()];
}
