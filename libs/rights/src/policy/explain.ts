import { changesFor, change, opposite, type Change } from './changes.js';
import { without, type Clause, type CompiledPolicy } from './compile.js';
import type { Condition } from './load.js';
import { readInstant, instantWords } from './time.js';
import type { Evaluation, Exclusion, Hold, PolicyRequest, Reason, RuleTrace, WorldState } from './types.js';
import { clauseWords, conditionWords, factWords, heldWords, idWords, listWords, segmentWords, sentence, settling } from './words.js';
import { actionPath, wordsFor } from './vocabulary.js';

/** Why an evaluation came out as it did: the smallest set of rules and facts, in a sentence that a lawyer accepts. */

export interface Judged {
  clause: Clause;
  trace: RuleTrace;
}

export type Failure =
  | { why: 'senseless'; problem: string }
  | { why: 'held'; target: string; hold: Hold; doubt: boolean }
  | { why: 'excluded'; target: string; exclusion: Exclusion }
  | { why: 'uncovered'; target: string }
  | { why: 'void'; target: string; policy: CompiledPolicy; by: Judged; against: Judged[] }
  | { why: 'prohibited'; target: string; policy: CompiledPolicy; by: Judged[] }
  | { why: 'unpermitted'; target: string; policy: CompiledPolicy; near: Judged[] };

export interface Grant {
  policy: CompiledPolicy;
  target: string;
  by: Judged;
}

/** All that an answer is made of. */
export interface Decided {
  policies: readonly CompiledPolicy[];
  request: PolicyRequest;
  state: WorldState;
  action: string;
  now: number;
  governing: Set<CompiledPolicy>;
  trace: RuleTrace[];
  failures: Failure[];
  grants: Grant[];
}

/** Decides again: what would change an answer is tried before it is said. */
type Again = (policies: readonly CompiledPolicy[], request: PolicyRequest, state: WorldState) => Evaluation;

export function explain(decided: Decided, again: Again): Reason {
  const { request, failures, action, grants } = decided;
  if (failures.length === 0) return allowed(action, grants, decided, again);
  // A hold is an emergency: who asks must hear of it first.
  const held = failures.filter((failure) => failure.why === 'held');
  const reasons = (held.length > 0 ? held : failures).map((failure) => ({ failure, reason: refused(action, failure, titleIn(request)) }));
  const { failure, reason } = reasons.reduce((best, one) => (sizeOf(one.reason) < sizeOf(best.reason) ? one : best));
  const stopped = new Set(failures.flatMap((one) => ('target' in one ? [one.target] : []))).size;
  const affected = stopped === request.targets.length ? `All ${stopped} titles asked for are refused` : `${stopped} of the ${request.targets.length} titles asked for ${stopped === 1 ? 'is' : 'are'} refused`;
  return { ...reason, sentence: request.targets.length < 2 || stopped === 0 ? reason.sentence : `${reason.sentence} ${affected}.`, whatWouldChangeIt: wayOut(failure, decided, again) };
}

const sizeOf = ({ rules, facts }: Pick<Reason, 'rules' | 'facts'>): number => rules.length + facts.length;

/** What a title is called whose id says nothing to a reader. */
const titleIn = ({ targets }: PolicyRequest): string => (targets.length < 2 ? 'this title' : 'one of the titles');

function refused(action: string, failure: Failure, title: string): Omit<Reason, 'whatWouldChangeIt'> {
  switch (failure.why) {
    case 'senseless':
      return { rules: [], facts: [], sentence: `Refused: ${failure.problem}.` };
    case 'held': {
      const { hold, target, doubt } = failure;
      const since = readInstant(hold.since);
      const doubts = doubt ? `; it is not known who appears in ${idWords(target, title)}` : '';
      return { rules: [hold.id], facts: [], sentence: `Refused: a hold on ${heldWords(hold, title)} is in force${since === undefined ? '' : ` since ${instantWords(since)}`} (${hold.why})${doubts}.` };
    }
    case 'excluded': {
      const { exclusion: { id, clause, segment, why, target } } = failure;
      const by = clause === undefined ? 'an exclusion leaves out' : `clause ${clause} leaves out`;
      return { rules: [id], facts: [], sentence: `Refused: ${by} ${segmentWords(segment)} of ${idWords(target, title)} (${why}).` };
    }
    case 'uncovered':
      return { rules: [], facts: [{ name: 'target', value: failure.target }], sentence: `Refused: no licence covers ${idWords(failure.target, title)}.` };
    case 'void': {
      const { policy, by, against: [against] } = failure;
      return {
        rules: [by.clause.rule.uid, against!.clause.rule.uid],
        facts: [],
        sentence: `Refused: ${of(by.clause.rule, policy)} allows ${wordsFor(by.clause.action)} and ${clauseWords(against!.clause.rule)} prohibits ${wordsFor(against!.clause.action)}, and where its clauses conflict the licence is void.`,
      };
    }
    case 'prohibited':
      return prohibited(action, failure.policy, failure.by[0]!);
    case 'unpermitted':
      return unpermitted(action, failure.policy, failure.near);
  }
}

function prohibited(action: string, policy: CompiledPolicy, { clause, trace }: Judged): Omit<Reason, 'whatWouldChangeIt'> {
  const found = settled(clause, trace);
  const facts = found.filter((one) => one.trace.result === 'unknown').map((one) => factWords(one.constraint, one.trace));
  const doubt = facts.length > 0 ? `; ${listWords([...new Set(facts)], 'and')}, so the prohibition counts` : '';
  return {
    rules: [clause.rule.uid],
    facts: found.map((one) => ({ name: one.constraint.leftOperand, value: one.trace.actual })),
    sentence: `Refused: ${of(clause.rule, policy)} prohibits ${wordsFor(clause.action)}${kindOf(action, clause.action)}${framesOf(clause)}${limitsOf(clause)}${doubt}.`,
  };
}

function unpermitted(action: string, policy: CompiledPolicy, near: readonly Judged[]): Omit<Reason, 'whatWouldChangeIt'> {
  const asked = wordsFor(action);
  const closest = closestOf(near);
  if (!closest) {
    // Clauses for other assets are not judged; one that is there all the same tells more than "not mentioned".
    const other = policy.clauses.find((clause) => clause.rule.kind === 'permission' && policy.index.covers(clause, action));
    if (other) return { rules: [other.rule.uid], facts: [], sentence: `Refused: ${of(other.rule, policy)} allows ${wordsFor(other.action)} of ${other.target.id!} only, which does not cover this request.` };
    return { rules: [], facts: [], sentence: `Refused: the licence “${policy.title}” (version ${policy.version}) does not mention ${asked}, and what it does not allow is refused.` };
  }
  const { clause, trace } = closest;
  const start = `Refused: ${of(clause.rule, policy)} allows ${wordsFor(clause.action)}`;
  const rules = [...new Set(near.map((one) => one.clause.rule.uid))];
  if (!trace.matched) {
    const limits = framesOf(clause) || (clause.parties ? ` to ${listWords([...clause.parties], 'or')}` : '');
    return { rules, facts: [{ name: 'target', value: trace.target }], sentence: `${start}${limits} only, which does not cover this request.` };
  }
  const failing = settled(clause, trace);
  if (failing.length > 0) {
    const limits = clause.conditions.filter((_, at) => trace.constraints[at]!.result !== true).map((condition) => wordsOfCondition(condition, clause));
    const facts = failing.map((one) => factWords(one.constraint, one.trace));
    return { rules, facts: failing.map((one) => ({ name: one.constraint.leftOperand, value: one.trace.actual })), sentence: `${start} ${limits.join(', ')}; ${listWords([...new Set(facts)], 'and')}.` };
  }
  const open = openDuties(closest);
  const late = open.flatMap((duty) => duty.consequences ?? []).filter((duty) => duty.state === 'due');
  const duties = listWords([...new Set([...open, ...late].map((duty) => wordsFor(duty.action)))], 'and');
  return { rules, facts: open.map((duty) => ({ name: duty.duty, value: duty.state })), sentence: `${start} only after ${duties}; that is not recorded${late.length > 0 ? ', and the time for it has passed' : ''}.` };
}

/** What would have to be different for the opposite outcome, as far as it holds when it is tried. */
function wayOut(failure: Failure, decided: Decided, again: Again): string {
  const { policies, request, state, failures, action } = decided;
  const asked = wordsFor(action);
  const flips = (others: { policies?: readonly CompiledPolicy[]; request?: PolicyRequest; state?: WorldState }): boolean => again(others.policies ?? policies, others.request ?? request, others.state ?? state).outcome === 'permit';
  const honest = (text: string, enough: boolean): string => `${text}${enough ? '' : '; other terms refuse it as well'}.`;
  switch (failure.why) {
    case 'senseless':
      return 'A request with a known action, a time with its zone, who asks and at least one target.';
    case 'held': {
      const lifted = { state: { ...state, holds: state.holds?.filter(({ id }) => id !== failure.hold.id) ?? [] } };
      return honest(failure.doubt ? `Knowing that ${failure.hold.subject} does not appear in ${idWords(failure.target, titleIn(request))}, or lifting the hold` : 'Lifting the hold', flips(lifted));
    }
    case 'excluded': {
      const lifted = { state: { ...state, exclusions: state.exclusions?.filter(({ id }) => id !== failure.exclusion.id) ?? [] } };
      return honest('A request for other frames, or lifting the exclusion', flips(lifted));
    }
    case 'uncovered':
      return honest(`A licence for it that allows ${asked}`, failures.length === 1);
    case 'void': {
      const lifted = { policies: lift(policies, failure.against) };
      return honest(`A signed amendment that lifts ${clausesWords(failure.against)}`, flips(lifted));
    }
    case 'prohibited': {
      const lifted = flips({ policies: lift(policies, failure.by) });
      const amendment = `a signed amendment that lifts ${clausesWords(failure.by)}${lifted || failures.length > 1 ? '' : ` and allows ${asked}`}`;
      const found = changed(failure.by, false, decided).find((one) => flips(one));
      if (!found) return sentenceOf(honest(amendment, lifted || failures.length === 1));
      return sentence(`${found.words}, or ${amendment}`);
    }
    case 'unpermitted': {
      const closest = closestOf(failure.near);
      if (!closest) return honest(`A signed amendment that allows ${asked}`, failures.length === 1);
      const amendment = `a signed amendment of ${clauseWords(closest.clause.rule)} that covers it`;
      const open = closest.trace.matched && settled(closest.clause, closest.trace).length === 0 ? openDuties(closest) : [];
      if (open.length > 0) {
        const owed = open.flatMap((duty) => [duty, ...(duty.consequences ?? []).filter((more) => more.state === 'due')]);
        const performed = [...state.performed, ...owed.map(({ duty }) => ({ duty, at: request.now }))];
        return honest(`A record that it was done: ${listWords([...new Set(owed.map((duty) => wordsFor(duty.action)))], 'and')}`, flips({ state: { ...state, performed } }));
      }
      const found = changed(failure.near, true, decided).find((one) => flips(one));
      return found ? sentence(`${found.words}, or ${amendment}`) : sentenceOf(honest(amendment, failures.length === 1));
    }
  }
}

const lift = (policies: readonly CompiledPolicy[], judged: readonly Judged[]): CompiledPolicy[] => {
  const rules = new Set(judged.map(({ clause }) => clause.rule.uid));
  return policies.map((policy) => without(policy, rules));
};

const clausesWords = (judged: readonly Judged[]): string => listWords([...new Set(judged.map(({ clause }) => clauseWords(clause.rule)))], 'and');
const sentenceOf = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** Requests that differ from this one in what would make a rule come out as wanted, the closest rule first, and the difference in words. */
function changed(judged: readonly Judged[], wanted: boolean, { request, now }: Decided): { request: PolicyRequest; words: string }[] {
  const sorted = judged.filter(({ trace }) => trace.matched).toSorted((a, b) => distance(a) - distance(b));
  const one = ({ clause, trace }: Judged, conditions: readonly { condition: Condition; at: number }[]): { request: PolicyRequest; words: string }[] => {
    const changes = conditions.map(({ condition, at }) => changesFor(condition, trace.constraints[at]!, wanted));
    if (!changes.every((found) => found !== undefined) || changes.flat().length === 0) return [];
    return [{ request: change(request, trace.target, clause.rule.uid, changes.flat()), words: wordsOfChanges(changes.flat(), clause, trace, now) }];
  };
  return sorted.flatMap((found) => {
    const conditions = found.clause.conditions.map((condition, at) => ({ condition, at }));
    // A permission needs all of its conditions, a prohibition falls with any.
    return wanted ? one(found, conditions) : conditions.flatMap((condition) => one(found, [condition]));
  });
}

function wordsOfChanges(changes: readonly Change[], clause: Clause, trace: RuleTrace, now: number): string {
  const parts = changes.map(({ constraint, wanted }) => {
    const shown = wanted ? constraint : opposite(constraint);
    return shown ? wordsOfCondition(shown, clause) : `not ${wordsOfCondition(constraint, clause)}`;
  });
  const words = [...new Set(parts)].join(' and ');
  const past = changes.some(({ constraint, value }) => constraint.operand.from === 'now' && (value as number) < now);
  const unknown = changes.filter(({ constraint }) => settledUnknown(clause, trace, constraint)).map(({ constraint }) => constraint.operand.words);
  if (past) return `a request made in time (${words})`;
  return unknown.length > 0 ? `stating ${listWords([...new Set(unknown)], 'and')}, for a request ${words}` : `a request ${words}`;
}

const settledUnknown = (clause: Clause, trace: RuleTrace, constraint: Change['constraint']): boolean =>
  clause.conditions.flatMap((condition, at) => settling(condition, trace.constraints[at]!)).some((one) => one.constraint === constraint && one.trace.actual === null);

function allowed(action: string, grants: readonly Grant[], decided: Decided, again: Again): Reason {
  const rules = [...new Map(grants.map((grant) => [grant.by.clause.rule.uid, grant])).values()];
  const words = rules.map(({ policy, by: { clause } }) => `${of(clause.rule, policy)} allows ${wordsFor(clause.action)}${kindOf(action, clause.action)}${limitsOf(clause)}`);
  // A job over a whole catalogue would make a page of it; the trace has them all.
  const shown = words.length > 3 ? [...words.slice(0, 3), `${words.length - 3} more clauses allow it`] : words;
  const { policies, state } = decided;
  const out = rules.slice(0, 3).flatMap(({ by }) => leaving(by, decided)).find((one) => again(policies, one.request, state).outcome === 'refuse');
  return {
    rules: rules.map(({ by }) => by.clause.rule.uid),
    facts: rules.flatMap(({ by }) => settled(by.clause, by.trace)).map((one) => ({ name: one.constraint.leftOperand, value: one.trace.actual })),
    sentence: `Allowed: ${shown.join('; ')}.`,
    whatWouldChangeIt: out ? sentence(`${out.words}, a prohibition, or the end of the licence`) : 'A prohibition, or the end of the licence.',
  };
}

/** Requests that leave the limits of a permission, by one of its conditions each. */
function leaving({ clause, trace }: Judged, { request, now }: Decided): { request: PolicyRequest; words: string }[] {
  return clause.conditions.flatMap((condition, at) => {
    const changes = changesFor(condition, trace.constraints[at]!, false);
    return changes && changes.length > 0 ? [{ request: change(request, trace.target, clause.rule.uid, changes), words: wordsOfChanges(changes, clause, trace, now) }] : [];
  });
}

const closestOf = (near: readonly Judged[]): Judged | undefined => near.toSorted((a, b) => distance(a) - distance(b))[0];
const openDuties = ({ trace }: Judged): RuleTrace['duties'] => trace.duties.filter((duty) => duty.phase === 'pre' && duty.state === 'due');

/** The comparisons by which a rule came to count or not. */
function settled(clause: Clause, trace: RuleTrace): ReturnType<typeof settling> {
  const wanted = trace.kind === 'permission' && !trace.active;
  return clause.conditions.flatMap((condition, at) => {
    const result = trace.constraints[at]!;
    return wanted && result.result === true ? [] : settling(condition, result);
  });
}

/** How far a permission is from holding: not meant for this request is furthest. */
function distance({ clause, trace }: Judged): number {
  return (trace.matched ? 0 : 1000) + settled(clause, trace).length * 10 + trace.duties.filter((duty) => duty.state === 'due').length;
}

const of = (rule: Clause['rule'], policy: CompiledPolicy): string => (policy.title === policy.id ? clauseWords(rule) : `${clauseWords(rule)} of “${policy.title}”`);
const kindOf = (asked: string, ruled: string): string => (asked === ruled ? '' : actionPath(asked).includes(ruled) ? ` (which includes ${wordsFor(asked)})` : ` (a kind of ${wordsFor(asked)})`);
const framesOf = ({ target: { segment } }: Clause): string => (segment ? ` of ${segmentWords(segment)}` : '');
const wordsOfCondition = (condition: Condition, { rule }: Clause): string => conditionWords(condition, rule.assignees.map(({ id }) => id));
const limitsOf = (clause: Clause): string => clause.conditions.map((condition) => ` ${wordsOfCondition(condition, clause)}`).join(',');
