import type { Condition, Constraint, RightValue } from './load.js';
import { durationMs, type Interval } from './time.js';
import type { ConditionTrace, Fact, PolicyRequest, Target, Truth } from './types.js';
import { isPlace, placeWithin, shortName } from './vocabulary.js';

/** What conditions are judged by: one target of one request, under one rule. */
export interface Situation {
  request: PolicyRequest;
  /** Unix milliseconds. */
  now: number;
  target: Target;
  rule: string;
  /** The rule's action, by which uses are counted when the rule has no count of its own. */
  action: string;
}

/** Three-valued logic after Kleene: unknown stays unknown unless the rest settles it. */
export const allOf = (truths: Truth[]): Truth => (truths.includes(false) ? false : truths.includes('unknown') ? 'unknown' : true);
export const anyOf = (truths: Truth[]): Truth => (truths.includes(true) ? true : truths.includes('unknown') ? 'unknown' : false);
const not = (truth: Truth): Truth => (truth === 'unknown' ? truth : !truth);

/** Every condition with its actual value, and whether all of them hold. */
export function judge(conditions: readonly Condition[], situation: Situation): { traces: ConditionTrace[]; holds: Truth } {
  const traces = conditions.map((condition) => judgeOne(condition, situation));
  return { traces, holds: allOf(traces.map((trace) => trace.result)) };
}

function judgeOne(condition: Condition, situation: Situation): ConditionTrace {
  if (!('logic' in condition)) return judgeConstraint(condition, situation);
  const of = condition.of.map((part) => judgeOne(part, situation));
  const results = of.map((trace) => trace.result);
  return { logic: condition.logic, of, result: condition.logic === 'and' || condition.logic === 'andSequence' ? allOf(results) : condition.logic === 'or' ? anyOf(results) : exactlyOne(results) };
}

function exactlyOne(truths: Truth[]): Truth {
  const holding = truths.filter((truth) => truth === true).length;
  return holding > 1 ? false : truths.includes('unknown') ? 'unknown' : holding === 1;
}

function judgeConstraint(constraint: Constraint, situation: Situation): ConditionTrace {
  const actual = actualOf(constraint, situation);
  const values = actual === undefined ? undefined : readValues(constraint, actual);
  return {
    leftOperand: constraint.leftOperand,
    operator: constraint.operator,
    right: constraint.right,
    actual: constraint.operand.from === 'now' ? situation.request.now : (actual ?? null),
    result: values === undefined || constraint.reference !== undefined ? 'unknown' : compare(constraint, values),
  };
}

function actualOf({ leftOperand, operand }: Constraint, { request, now, target, rule, action }: Situation): Fact | undefined {
  const fact = target.facts?.[leftOperand] ?? request.facts?.[leftOperand];
  if (operand.from === undefined) return fact;
  if (operand.from === 'now') return now;
  if (operand.from !== 'counts') return request[operand.from] ?? fact;
  // The decision is about one use more than there were.
  const before = request.counts?.[rule] ?? request.counts?.[action];
  return before === undefined ? undefined : before + 1;
}

/** The values as the operand's type, or undefined: a fact of another type is as good as unknown. */
function readValues({ operand }: Constraint, actual: Fact): (string | number)[] | undefined {
  const values = Array.isArray(actual) ? (actual as readonly (string | number)[]) : [actual as string | number];
  if (!operand.many && values.length !== 1) return undefined;
  if (operand.type === 'decimal') return values.every((value) => Number.isFinite(value)) ? [...values] : undefined;
  if (operand.type === 'duration') return inMs(values);
  if (operand.type === 'boolean') return values.every((value) => typeof value === 'boolean') ? [...values] : undefined;
  if (operand.type === 'instant' || operand.type === 'integer') return values.every((value) => Number.isSafeInteger(value)) ? [...values] : undefined;
  if (!values.every((value) => typeof value === 'string' && value !== '')) return undefined;
  if (operand.type === 'place') return values.every((value) => isPlace(String(value))) ? [...values] : undefined;
  return values.map((value) => shortName(String(value)));
}

function inMs(values: readonly unknown[]): number[] | undefined {
  const read = values.map(durationMs);
  return read.every((ms) => ms !== undefined) ? read : undefined;
}

function compare({ operand, operator, values: rights }: Constraint, actuals: (string | number)[]): Truth {
  // "Cleared" must be true of every performer, not of one of them.
  if (operand.each && actuals.length > 1) return allOf(actuals.map((one) => compare({ operand: { ...operand, each: false }, operator, values: rights } as Constraint, [one])));
  if (operand.each && actuals.length === 0) return true;
  const [right] = rights as [RightValue];
  const [actual] = actuals;
  const same = (value: RightValue): Truth => anyOf(actuals.map((one) => equal(operand.type === 'place', one, value)));
  switch (operator) {
    case 'eq':
      return same(right);
    case 'neq':
      return not(same(right));
    case 'isAnyOf':
      return anyOf(rights.map(same));
    case 'isNoneOf':
      return not(anyOf(rights.map(same)));
    case 'isAllOf':
      return allOf(rights.map(same));
    case 'isA':
    case 'isPartOf':
      return allOf(actuals.map((one) => equal(operand.type === 'place', one, right)));
    case 'hasPart':
      return anyOf(actuals.map((one) => equal(operand.type === 'place', right as string, one)));
    case 'lt':
      return order(Number(actual), right) < 0;
    case 'lteq':
      return order(Number(actual), right) <= 0;
    case 'gt':
      return order(Number(actual), right) > 0;
    case 'gteq':
      return order(Number(actual), right) >= 0;
  }
}

/** For places "is" means "is or lies in": a licence for DE covers DE-BY. */
function equal(place: boolean, actual: string | number, right: RightValue): Truth {
  if (typeof right === 'object') return order(Number(actual), right) === 0;
  return place ? placeWithin(String(actual), String(right)) : actual === right;
}

/** -1 before, 0 at or within, 1 after. A day is one value as long as it lasts. */
function order(actual: number, right: RightValue): number {
  if (typeof right !== 'object') return Math.sign(actual - Number(right));
  const { start, end }: Pick<Interval, 'start' | 'end'> = right;
  return actual < start ? -1 : actual >= end ? 1 : 0;
}
