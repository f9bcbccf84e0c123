import type { Clause, CompiledPolicy } from './compile.js';
import type { PolicyRequest, Reason, RuleTrace } from './types.js';
import { clauseWords, conditionWords, factWords, listWords, sentence, settling } from './words.js';
import { actionPath, wordsFor } from './vocabulary.js';

/** Why an evaluation came out as it did: the smallest set of rules and facts, in a sentence that a lawyer accepts. */

interface Judged {
  clause: Clause;
  trace: RuleTrace;
}

export type Failure =
  | { why: 'senseless'; problem: string }
  | { why: 'uncovered'; target: string }
  | { why: 'prohibited'; target: string; policy: CompiledPolicy; by: Judged[] }
  | { why: 'unpermitted'; target: string; policy: CompiledPolicy; near: Judged[] };

export interface Grant {
  policy: CompiledPolicy;
  target: string;
  by: Judged;
}

export function explain(action: string, request: PolicyRequest, failures: readonly Failure[], grants: readonly Grant[]): Reason {
  if (failures.length === 0) return allowed(action, grants);
  const reasons = failures.map((failure) => refused(action, failure));
  const smallest = reasons.reduce((best, reason) => (reason.rules.length + reason.facts.length < best.rules.length + best.facts.length ? reason : best));
  const stopped = new Set(failures.flatMap((failure) => ('target' in failure ? [failure.target] : []))).size;
  if (request.targets.length < 2 || stopped === 0) return smallest;
  const affected = stopped === request.targets.length ? `All ${stopped} titles asked for are refused` : `${stopped} of the ${request.targets.length} titles asked for ${stopped === 1 ? 'is' : 'are'} refused`;
  return { ...smallest, sentence: `${smallest.sentence} ${affected}.` };
}

function refused(action: string, failure: Failure): Reason {
  const asked = wordsFor(action);
  switch (failure.why) {
    case 'senseless':
      return { rules: [], facts: [], sentence: `Refused: ${failure.problem}.`, whatWouldChangeIt: 'A request with a known action, a time with its zone and at least one target.' };
    case 'uncovered':
      return { rules: [], facts: [{ name: 'target', value: failure.target }], sentence: `Refused: no licence covers ${failure.target}.`, whatWouldChangeIt: `A licence for it that allows ${asked}.` };
    case 'prohibited':
      return prohibited(action, failure.policy, failure.by[0]!);
    case 'unpermitted':
      return unpermitted(action, failure.policy, failure.near);
  }
}

function prohibited(action: string, policy: CompiledPolicy, { clause, trace }: Judged): Reason {
  const doubts = settled(clause, trace).filter((one) => one.trace.result === 'unknown');
  const conditions = clause.conditions.map((condition) => ` ${conditionWords(condition, clause.rule.assignees.map((party) => party.id))}`).join(',');
  const facts = doubts.map((one) => factWords(one.constraint, one.trace));
  const doubt = facts.length > 0 ? `; ${listWords(facts, 'and')}, so the prohibition counts` : '';
  return {
    rules: [clause.rule.uid],
    facts: settled(clause, trace).map((one) => ({ name: one.constraint.leftOperand, value: one.trace.actual })),
    sentence: `Refused: ${of(clause.rule, policy)} prohibits ${wordsFor(clause.action)}${kindOf(action, clause.action)}${segmentWords(clause)}${conditions}${doubt}.`,
    whatWouldChangeIt: doubts.length > 0 ? `Knowing ${listWords([...new Set(doubts.map((one) => one.constraint.operand.words))], 'and')}, or a signed amendment that lifts ${clauseWords(clause.rule)}.` : `A signed amendment that lifts ${clauseWords(clause.rule)}.`,
  };
}

function unpermitted(action: string, policy: CompiledPolicy, near: Judged[]): Reason {
  const asked = wordsFor(action);
  const [closest] = near.toSorted((a, b) => distance(a) - distance(b));
  if (!closest) {
    return {
      rules: [],
      facts: [],
      sentence: `Refused: the licence “${policy.title}” (version ${policy.version}) does not mention ${asked}, and what it does not allow is refused.`,
      whatWouldChangeIt: `A signed amendment that allows ${asked}.`,
    };
  }
  const { clause, trace } = closest;
  const start = `Refused: ${of(clause.rule, policy)} allows ${wordsFor(clause.action)}`;
  const rules = [...new Set(near.map((one) => one.clause.rule.uid))];
  const lift = `A signed amendment of ${clauseWords(clause.rule)}`;
  if (!trace.matched) {
    const { assignees } = clause.rule;
    const limits = segmentWords(clause) || (assignees.length > 0 ? ` to ${listWords(assignees.map((party) => party.id), 'or')}` : '');
    return { rules, facts: [{ name: 'target', value: trace.target }], sentence: `${start}${limits} only, which does not cover this request.`, whatWouldChangeIt: `${lift} that covers it.` };
  }
  const failing = settled(clause, trace);
  if (failing.length > 0) {
    const limits = clause.conditions.filter((_, at) => trace.constraints[at]!.result !== true).map((condition) => conditionWords(condition, clause.rule.assignees.map((party) => party.id)));
    const facts = failing.map((one) => factWords(one.constraint, one.trace));
    const unknown = failing.filter((one) => one.trace.actual === null).map((one) => one.constraint.operand.words);
    return {
      rules,
      facts: failing.map((one) => ({ name: one.constraint.leftOperand, value: one.trace.actual })),
      sentence: `${start} ${limits.join(', ')}; ${listWords([...new Set(facts)], 'and')}.`,
      whatWouldChangeIt: unknown.length > 0 ? sentence(`stating ${listWords([...new Set(unknown)], 'and')}`) : sentence(`a request within that limit, or ${lift.charAt(0).toLowerCase()}${lift.slice(1)}`),
    };
  }
  const open = trace.duties.filter((duty) => duty.phase === 'pre' && duty.state === 'due');
  const duties = listWords([...new Set(open.map((duty) => wordsFor(duty.action)))], 'and');
  return { rules, facts: open.map((duty) => ({ name: duty.duty, value: duty.state })), sentence: `${start} only after ${duties}; that is not recorded.`, whatWouldChangeIt: `A record that it was done: ${duties}.` };
}

function allowed(action: string, grants: readonly Grant[]): Reason {
  const rules = [...new Map(grants.map((grant) => [grant.by.clause.rule.uid, grant])).values()];
  const words = rules.map(({ policy, by: { clause } }) => {
    const limits = clause.conditions.map((condition) => ` ${conditionWords(condition, clause.rule.assignees.map((party) => party.id))}`).join(',');
    return `${of(clause.rule, policy)} allows ${wordsFor(clause.action)}${kindOf(action, clause.action)}${limits}`;
  });
  // A job over a whole catalogue would make a page of it; the trace has them all.
  const shown = words.length > 3 ? [...words.slice(0, 3), `${words.length - 3} more clauses allow it`] : words;
  const bounded = rules.filter(({ by }) => by.clause.conditions.length > 0);
  return {
    rules: rules.map(({ by }) => by.clause.rule.uid),
    facts: rules.flatMap(({ by }) => settled(by.clause, by.trace)).map((one) => ({ name: one.constraint.leftOperand, value: one.trace.actual })),
    sentence: `Allowed: ${shown.join('; ')}.`,
    whatWouldChangeIt: bounded.length > 0 ? `A request outside the limits of ${listWords([...new Set(bounded.map(({ by }) => clauseWords(by.clause.rule)))], 'or')}, a prohibition, or the end of the licence.` : 'A prohibition, or the end of the licence.',
  };
}

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
const segmentWords = ({ target: { segment } }: Clause): string => (segment ? ` of frames ${segment.first} to ${segment.end - 1} at ${segment.rate} a second` : '');
