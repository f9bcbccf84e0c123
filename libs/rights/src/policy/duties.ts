import type { CompiledDuty, CompiledPolicy } from './compile.js';
import { allOf, judgeAll, type Situation } from './conditions.js';
import type { Grant } from './explain.js';
import { addPeriod, readInstant } from './time.js';
import type { DutyTrace, Obligation, PerformedDuty, PolicyRequest, WorldState } from './types.js';

/** Duties: whether they are fulfilled, and which begin with a permit. */

/** How a duty stands. One whose deadline passed unfulfilled is fulfilled only when its consequences are performed as well. */
export function judgeDuty(compiled: CompiledDuty, situation: Situation, state: WorldState): DutyTrace {
  const { duty, constraints, consequences } = compiled;
  const done = performances(compiled, situation, state);
  const line = (to: DutyTrace['state'], more?: DutyTrace[]): DutyTrace => ({
    duty: duty.uid,
    ...(duty.clause === undefined ? {} : { clause: duty.clause }),
    action: duty.action,
    phase: duty.phase,
    state: to,
    ...(more === undefined ? {} : { consequences: more }),
  });
  if (allOf(judgeAll(constraints, situation)) === false) return line(done.length > 0 ? 'fulfilled' : 'inactive');
  const deadline = consequences.length > 0 ? deadlineOf(compiled, beganAt(compiled, situation.now, state)) : null;
  if (deadline === null || deadline >= situation.now || done.some((at) => at <= deadline)) return line(done.length > 0 ? 'fulfilled' : 'due');
  const more = consequences.map((consequence) => judgeDuty(consequence, situation, state));
  return line(done.length > 0 && more.every((consequence) => consequence.state !== 'due') ? 'fulfilled' : 'due', more);
}

/** The instants at which it was done so that it counts now: in the manner that the contract asks for, and if it returns, not longer ago than that. */
function performances(compiled: CompiledDuty, situation: Situation, { performed }: WorldState): number[] {
  const { duty, zone } = compiled;
  const found: number[] = [];
  for (const one of performed) {
    if (one.duty !== duty.uid) continue;
    const at = readInstant(one.at);
    if (at === undefined || at > situation.now || !wellDone(compiled, one, at, situation)) continue;
    if (duty.interval === null || Date.parse(addPeriod(at, duty.interval, zone)) > situation.now) found.push(at);
  }
  return found;
}

/** How it was done is judged by its record alone: when, and what is known of it; not by the purpose and place of the use that is asked about. */
function wellDone({ manner }: CompiledDuty, { at, facts = {} }: PerformedDuty, done: number, { request: { action, targets, assignee }, target }: Situation): boolean {
  return allOf(judgeAll(manner, { now: done, request: { action, targets, assignee, now: at, facts }, target: { ...target, facts } })) !== false;
}

// Stryker disable ArrayDeclaration: what stands in for nothing is no record of this duty, and no instant.
function beganAt({ duty }: CompiledDuty, now: number, { begun = [] }: WorldState): number | undefined {
  const began = begun.filter((one) => one.duty === duty.uid).flatMap((one) => readInstant(one.at) ?? []);
  return began.filter((at) => at <= now).sort((a, b) => b - a)[0];
}
// Stryker restore ArrayDeclaration

const deadlineOf = ({ duty: { period }, zone }: CompiledDuty, from: number | undefined): number | null => (from === undefined || period === null ? null : Date.parse(addPeriod(from, period, zone)));

/** What begins with a permit: the duties that follow the permissions that gave it, and the obligations of every policy. */
export function obligationsOf(governing: readonly CompiledPolicy[], grants: readonly Grant[], request: PolicyRequest, state: WorldState, now: number): Obligation[] {
  const begun = new Map<string, Obligation>();
  const add = (policy: CompiledPolicy, compiled: CompiledDuty, trace: DutyTrace): void => {
    const { duty } = compiled;
    const again = duty.trigger === 'onUse' || duty.interval !== null;
    if (duty.phase === 'post' && trace.state !== 'inactive' && (trace.state === 'due' || again)) begun.set(`${policy.id} ${duty.uid}`, { ...named(policy, compiled), ...due(compiled, now, state) });
    compiled.consequences.forEach((consequence, at) => {
      const late = trace.consequences?.[at];
      if (late?.state === 'due') add(policy, consequence, late);
    });
  };
  for (const policy of governing) {
    for (const { by } of grants.filter((grant) => grant.policy === policy)) by.clause.duties.forEach((duty, at) => add(policy, duty, by.trace.duties[at]!));
    for (const obligation of policy.obligations) add(policy, obligation, judgeDuty(obligation, { request, now, target: request.targets[0]! }, state));
  }
  return [...begun.values()];
}

/** What is owed for prohibitions that were broken and not made good since. */
export function remediesOf(governing: readonly CompiledPolicy[], request: PolicyRequest, state: WorldState, now: number): Obligation[] {
  const owed = new Map<string, Obligation>();
  const [target] = request.targets;
  // Stryker disable next-line ArrayDeclaration: what stands in for nothing names no rule.
  for (const { rule, at } of state.infringements ?? []) {
    const broken = readInstant(at);
    if (broken === undefined || broken > now) continue;
    for (const policy of governing) {
      for (const remedy of policy.remedies.get(rule) ?? []) {
        const situation = { request, now, target: target! };
        if (allOf(judgeAll(remedy.constraints, situation)) === false || performances(remedy, situation, state).some((done) => done >= broken)) continue;
        const deadline = deadlineOf(remedy, broken);
        owed.set(`${remedy.duty.uid} ${at}`, { ...named(policy, remedy), trigger: 'onInfringement', deadline: iso(deadline), state: 'due', remedies: rule });
      }
    }
  }
  return [...owed.values()];
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

function named(policy: CompiledPolicy, { duty }: CompiledDuty): Omit<Obligation, 'deadline'> {
  const { uid, clause, action, phase, trigger, period } = duty;
  return { policy: policy.id, duty: uid, ...(clause === undefined ? {} : { clause }), action, phase, trigger, period };
}

/** When it is due, where it is known what its period runs from: of a duty that returns, the next time. */
function due(compiled: CompiledDuty, now: number, state: WorldState): Pick<Obligation, 'deadline' | 'interval'> {
  const { duty, zone } = compiled;
  const from = beganAt(compiled, now, state) ?? (duty.trigger === 'onUse' ? now : undefined);
  if (duty.interval === null) return { deadline: iso(deadlineOf(compiled, duty.trigger === 'onUse' ? now : from)) };
  if (from === undefined) return { deadline: null, interval: duty.interval };
  const nth = (times: number): number => {
    const end = Date.parse(addPeriod(from, duty.interval!, zone, times));
    return deadlineOf(compiled, end) ?? end;
  };
  if (Date.parse(addPeriod(from, duty.interval, zone)) <= from) return { deadline: null, interval: duty.interval };
  let [past, next] = [0, 1];
  while (nth(next) <= now) [past, next] = [next, next * 2];
  while (next - past > 1) {
    const middle = Math.floor((past + next) / 2);
    if (nth(middle) <= now) past = middle;
    else next = middle;
  }
  return { deadline: iso(nth(next)), interval: duty.interval };
}
