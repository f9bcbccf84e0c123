import type { Condition, Constraint, Duty, RightValue, Rule } from './load.js';
import { dayWords, instantWords, type Interval } from './time.js';
import type { ConditionTrace, Hold, Segment } from './types.js';
import { shortName, triggers, wordsFor, type Operator } from './vocabulary.js';

/** The English of contracts: rules, conditions and facts as a lawyer would say them. */

/** "clause 4.2", or the rule's id where the contract gives no number. */
export function clauseWords(rule: { clause?: string; uid: string }): string {
  return rule.clause === undefined ? `rule ${rule.uid.replace(/^.*#/, '#')}` : `clause ${rule.clause}`;
}

/** "frames 100 to 199 at 24 a second" */
export const segmentWords = ({ first, end, rate }: Segment): string => `frames ${first} to ${end - 1} at ${rate} a second`;

/** An id as people read it: nobody says those that a product drew at random, so these become `otherwise`. */
export const idWords = (id: string, otherwise: string): string => (/^(urn:uuid:)?[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id) ? otherwise : id);

export function listWords(items: readonly string[], last: 'and' | 'or'): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)!}`;
}

/** "the title urn:example:film:1"; without an id that nobody says, "this title". */
export function heldWords({ on, subject }: Pick<Hold, 'on' | 'subject'>, title = 'this title'): string {
  const named = on === 'performer' ? subject : idWords(subject, '');
  return named ? `the ${on} ${named}` : on === 'title' ? title : `the ${on}`;
}

/** "until 31 Jan 2026", "in DE, FR or ES": reads on after "allows fine-tuning" in a rule for these assignees. */
export function conditionWords(condition: Condition, assignees: readonly string[] = []): string {
  if ('logic' in condition) {
    const parts = condition.of.map((part) => conditionWords(part, assignees));
    if (condition.logic === 'and') return parts.join(', ');
    if (condition.logic === 'andSequence') return parts.join(', then ');
    return condition.logic === 'or' ? `either ${listWords(parts, 'or')}` : `either ${listWords(parts, 'or')}, not more than one of them`;
  }
  const { operator, operand, leftOperand, reference } = condition;
  const values = reference === undefined ? condition.values.map((value) => valueWords(value, condition)) : [`what ${reference} says`];
  if (operand.from === 'now') return dateWords(operator, values);
  if (leftOperand === 'odrl:count') return `${amounts[operator] ?? `${comparisons[operator]} `}${listWords(values, 'or')} uses`.replace(/\b1 uses$/, '1 use');
  const any = listWords(values, 'or');
  const positive = ['eq', 'isAnyOf', 'isA', 'isPartOf'].includes(operator);
  const negative = ['neq', 'isNoneOf'].includes(operator);
  if (positive || negative) {
    const except = negative ? 'other than ' : '';
    if (leftOperand === 'odrl:purpose') return `for ${negative ? 'a' : 'the'} purpose ${except}${any}`;
    if (leftOperand === 'odrl:spatial') return negative ? `outside ${any}` : `in ${any}`;
    if (leftOperand === 'modelTenant' && positive && condition.values.every((value) => typeof value === 'string' && assignees.includes(value))) return "in the licensee's own GPU tenant";
    if (leftOperand === 'modelTenant') return negative ? `in any GPU tenant other than that of ${any}` : `in the GPU tenant of ${any}`;
    if (leftOperand === 'appearsPerformer') return `where ${any} ${negative ? 'does not appear' : 'appears'}`;
  }
  return `where ${operand.words} ${comparisons[operator]} ${operator === 'isAllOf' ? listWords(values, 'and') : any}`;
}

/** "today is 3 Feb 2026", "the purpose was not stated". */
export function factWords(constraint: Constraint, trace: Extract<ConditionTrace, { leftOperand: string }>): string {
  const { operand, leftOperand } = constraint;
  if (operand.from === 'now') {
    const now = Date.parse(String(trace.actual));
    const near = constraint.values.some((value) => typeof value === 'object' && (value.end - value.start === 1 ? value.start % 86_400_000 !== 0 : false) && Math.abs(now - value.start) < 2 * 86_400_000);
    return near ? `it is ${instantWords(now)}` : `today is ${dayWords(now)}`;
  }
  if (trace.actual === null) return `${operand.words} ${operand.many || leftOperand === 'odrl:count' ? 'are' : 'is'} not known`.replace('the number of uses are', 'the number of uses is');
  if (leftOperand === 'odrl:count') return `this would be use ${wordsOf(trace.actual)}`;
  const actual = wordsOf(trace.actual);
  return trace.result === 'unknown' ? `${operand.words} (${actual}) does not settle it` : `${operand.words} here ${operand.many ? 'are' : 'is'} ${actual === '' ? 'none' : actual}`;
}

/** The first comparisons that settle a condition as it came out, each beside its trace. */
export function settling(condition: Condition, trace: ConditionTrace): { constraint: Constraint; trace: Extract<ConditionTrace, { leftOperand: string }> }[] {
  if (!('logic' in condition)) return 'leftOperand' in trace ? [{ constraint: condition, trace }] : [];
  if ('leftOperand' in trace) return [];
  const parts = condition.of.map((part, at) => ({ part, trace: trace.of[at]! }));
  // One part settles a failed "and" and a fulfilled "or"; otherwise all that came out alike do.
  const alike = parts.filter((part) => part.trace.result === trace.result);
  const one = ((condition.logic === 'and' || condition.logic === 'andSequence') && trace.result !== true) || (condition.logic === 'or' && trace.result === true);
  return (one && alike.length > 0 ? alike.slice(0, 1) : condition.logic === 'xone' ? parts : alike).flatMap((part) => settling(part.part, part.trace));
}

/** "Clause 4.2 allows fine-tuning until 31 Jan 2026." */
export function ruleWords(rule: Rule): string {
  const verb = rule.kind === 'permission' ? 'allows' : 'prohibits';
  const actions = listWords(rule.actions.map((action) => wordsFor(action.name)), 'and');
  const conditions = [...rule.actions.flatMap((action) => action.refinement), ...rule.targets.flatMap((target) => target.refinement), ...rule.constraints];
  const segments = rule.targets.flatMap(({ segment }) => (segment ? [segmentWords(segment)] : []));
  const duties = rule.duties.map((duty) => (duty.phase === 'pre' ? `only after ${wordsFor(duty.action)}` : dutyWords(duty)));
  const parts = [...(segments.length > 0 ? [`of ${listWords(segments, 'and')}`] : []), ...conditions.map((condition) => conditionWords(condition, rule.assignees.map((party) => party.id)))];
  return sentence(`${clauseWords(rule)} ${verb} ${actions}${parts.map((part) => ` ${part}`).join(',')}${duties.map((duty) => `, ${duty}`).join('')}`);
}

/** "with payment within 30 days of delivery" */
export function dutyWords(duty: Duty): string {
  const trigger = triggers.get(duty.trigger)!;
  const when = duty.period === null ? `when ${trigger}` : `within ${periodWords(duty.period)} of when ${trigger}`;
  return `with ${wordsFor(duty.action)} ${/ /.test(trigger) && trigger.includes('licence') ? when : when.replace('of when', 'of').replace(/^when/, 'on')}`;
}

/** "30 days" for P30D. */
export function periodWords(period: string): string {
  const units: Record<string, string> = { Y: 'year', M: 'month', W: 'week', D: 'day', H: 'hour', m: 'minute' };
  // The M behind the T counts minutes.
  const parts = [...period.replace(/T.*$/, (time) => time.replace('M', 'm')).matchAll(/(\d+)([YMWDHm])/g)];
  return listWords(parts.map(([, count, unit]) => `${count} ${units[unit!]}${count === '1' ? '' : 's'}`), 'and');
}

export const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const comparisons: Record<Operator, string> = {
  eq: 'is',
  neq: 'is not',
  lt: 'is below',
  lteq: 'is at most',
  gt: 'is above',
  gteq: 'is at least',
  isAnyOf: 'is one of',
  isAllOf: 'is all of',
  isNoneOf: 'is none of',
  isA: 'is',
  isPartOf: 'lies in',
  hasPart: 'contains',
};
const amounts: Partial<Record<Operator, string>> = { lt: 'for less than ', lteq: 'for up to ', gt: 'after ', gteq: 'from use ', eq: 'for exactly ' };

function dateWords(operator: Operator, values: string[]): string {
  const words: Partial<Record<Operator, string>> = { lt: 'before', lteq: 'until', gt: 'after', gteq: 'from', eq: 'on', neq: 'on any day but', isAnyOf: 'on', isNoneOf: 'on any day but' };
  return `${words[operator] ?? comparisons[operator]} ${listWords(values, 'or')}`;
}

function valueWords(value: RightValue, { operand, unit }: Constraint): string {
  if (typeof value === 'object') return (value satisfies Interval).words;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'string') return value;
  if (operand.type === 'duration') return durationWords(value);
  // The last part of an IRI is what people call the unit: Euro, Dots_per_inch.
  return `${value.toLocaleString('en-GB')}${unit === undefined ? '' : ` ${unit.replace(/^.*[/#:]/, '').replaceAll('_', ' ')}`}`;
}

function durationWords(ms: number): string {
  const parts = ([['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1000]] as const).reduce<{ rest: number; words: string[] }>(
    ({ rest, words }, [name, length]) => {
      const count = name === 'second' ? rest / length : Math.trunc(rest / length);
      return { rest: rest - count * length, words: count === 0 ? words : [...words, `${count} ${name}${count === 1 ? '' : 's'}`] };
    },
    { rest: Math.abs(ms), words: [] },
  );
  return `${ms < 0 ? 'minus ' : ''}${listWords(parts.words, 'and') || 'no time'}`;
}

function wordsOf(actual: unknown): string {
  if (typeof actual === 'object' && actual !== null && 'unit' in actual) return `${wordsOf((actual as { value?: unknown }).value)} ${String(actual.unit)}`;
  if (Array.isArray(actual)) return listWords(actual.map(wordsOf), 'and');
  return typeof actual === 'number' ? actual.toLocaleString('en-GB') : shortName(String(actual));
}
