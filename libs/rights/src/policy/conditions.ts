import type { Condition, Constraint, RightValue, Rule } from './load.js';
import { durationMs, readInstant } from './time.js';
import type { ConditionTrace, Fact, PolicyRequest, Quantity, Target, Truth } from './types.js';
import { isPlace, placeWithin, shortName, type LeftOperand } from './vocabulary.js';

/** What conditions are judged by: one target of one request. */
export interface Situation {
  request: PolicyRequest;
  /** Unix milliseconds. */
  now: number;
  target: Target;
}

/** A condition, compiled. */
export type Judge = (situation: Situation) => ConditionTrace;

/** The rule that a condition belongs to, as far as its conditions depend on it. */
export interface Context {
  rule: Pick<Rule, 'uid' | 'assigners'>;
  /** The rule's action, by which uses are counted when the rule has no count of its own. */
  action: string;
  /** It is about what was done: what is said of it in another unit or of another type does not fit, and is not merely unknown. */
  done?: boolean;
}

type Scalar = string | number | boolean;

interface Test {
  /** For an operand with one value. */
  one(actual: Scalar): Truth;
  all(actuals: readonly Scalar[]): Truth;
}

/** Three-valued logic after Kleene: unknown stays unknown unless the rest settles it. */
export function allOf(traces: readonly { result: Truth }[]): Truth {
  let all: Truth = true;
  for (const { result } of traces) {
    if (result === false) return false;
    if (result !== true) all = result;
  }
  return all;
}

export function compileConditions(conditions: readonly Condition[], context: Context): Judge[] {
  return conditions.map((condition) => compileCondition(condition, context));
}

/** Every condition with its actual value. */
export const judgeAll = (judges: readonly Judge[], situation: Situation): ConditionTrace[] => judges.map((judge) => judge(situation));

function compileCondition(condition: Condition, context: Context): Judge {
  if (!('logic' in condition)) return compileConstraint(condition, context);
  const { logic } = condition;
  const parts = compileConditions(condition.of, context);
  // What andSequence asks for beyond "and" is an order of being done; a request is one moment, at which all of them must hold.
  const settle = logic === 'or' ? anyOf : logic === 'xone' ? exactlyOne : allOf;
  return (situation) => {
    const of = judgeAll(parts, situation);
    return { logic, of, result: settle(of) };
  };
}

function anyOf(traces: readonly { result: Truth }[]): Truth {
  let any: Truth = false;
  for (const { result } of traces) {
    if (result === true) return true;
    if (result !== false) any = result;
  }
  return any;
}

function exactlyOne(traces: readonly { result: Truth }[]): Truth {
  const holding = traces.filter(({ result }) => result === true).length;
  return holding > 1 ? false : traces.some(({ result }) => result === 'unknown') ? 'unknown' : holding === 1;
}

function compileConstraint(constraint: Constraint, context: Context): Judge {
  const { leftOperand, operand, operator, right, reference } = constraint;
  const find = finder(constraint, context);
  const fixed = reference === undefined ? comparison(constraint, constraint.values, context) : undefined;
  const ofNow = operand.from === 'now';
  const unread: Truth = context.done === true ? false : 'unknown';
  return (situation) => {
    const actual = find(situation) ?? null;
    const test = fixed ?? referred(constraint, situation.request.facts?.[reference!], context);
    return { leftOperand, operator, right, actual: ofNow ? situation.request.now : actual, result: actual === null || test === undefined ? 'unknown' : (compare(constraint, test, actual) ?? unread) };
  };
}

/** Where the left operand's value stands in a request. */
function finder({ leftOperand, operand: { from } }: Constraint, { rule, action }: Context): (situation: Situation) => Fact | undefined {
  const fact = ({ target, request }: Situation): Fact | undefined => target.facts?.[leftOperand] ?? request.facts?.[leftOperand];
  // Stryker disable next-line ConditionalExpression: a request has no field of no name, so what follows finds the fact as well.
  if (from === undefined) return fact;
  if (from === 'now') return ({ now }) => now;
  if (from !== 'counts') return (situation) => situation.request[from] ?? fact(situation);
  return ({ request: { counts } }) => {
    const before = counts?.[rule.uid] ?? counts?.[action];
    // The decision is about one use more than there were; what counts nothing that can be is not known.
    return Number.isSafeInteger(before) && before! >= 0 ? before! + 1 : undefined;
  };
}

/** Undefined: the fact is of another type or in another unit. */
function compare(constraint: Constraint, test: Test, actual: Fact): Truth | undefined {
  const { operand } = constraint;
  // Stryker disable next-line all: a short cut past the lists; what follows gives the same.
  if (typeof actual !== 'object' && !operand.many) {
    const value = readScalar(operand, actual);
    return value === undefined ? undefined : test.one(value);
  }
  const values = readValues(constraint, actual);
  return values && test.all(values);
}

/** The values as the operand's type, or undefined: a fact of another type or in another unit is as good as unknown. */
function readValues({ operand, unit }: Pick<Constraint, 'operand' | 'unit'>, actual: Fact): readonly Scalar[] | undefined {
  if (typeof actual !== 'object') {
    const value = readScalar(operand, actual);
    return value === undefined ? undefined : [value];
  }
  if (isQuantity(actual)) return unit !== undefined && actual.unit === unit ? readValues({ operand }, actual.value) : undefined;
  if (!operand.many && actual.length !== 1) return undefined;
  const values: Scalar[] = [];
  for (const item of actual) {
    const value = readScalar(operand, item);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

const isQuantity = (fact: object): fact is Quantity => !Array.isArray(fact);

function readScalar(operand: LeftOperand, value: Scalar): Scalar | undefined {
  switch (operand.type) {
    case 'instant':
      return operand.from === 'now' ? value : readInstant(value);
    case 'integer':
      return Number.isSafeInteger(value) ? value : undefined;
    case 'decimal':
      return Number.isFinite(value) ? value : undefined;
    case 'duration':
      return durationMs(value);
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'place':
      // Stryker disable next-line ConditionalExpression: no number or truth looks like a place.
      return typeof value === 'string' && isPlace(value) ? value : undefined;
    case 'term':
    case 'id':
      return typeof value === 'string' && value !== '' ? shortName(value) : undefined;
  }
}

/** The comparison with a value that the request brings; undefined while it does not. */
function referred(constraint: Constraint, fact: Fact | undefined, context: Context): Test | undefined {
  // Stryker disable next-line ConditionalExpression: nothing has no value of any type.
  const values = fact === undefined ? undefined : readValues({ ...constraint, operand: { ...constraint.operand, many: true, from: undefined } }, fact);
  if (values === undefined || values.length === 0) return undefined;
  const ofSets = ['isAnyOf', 'isAllOf', 'isNoneOf'].includes(constraint.operator);
  return values.length > 1 && !ofSets ? undefined : comparison(constraint, values, context);
}

function comparison({ operand, operator }: Constraint, rights: readonly RightValue[], { rule }: Context): Test {
  const assigners = new Set(rule.assigners.map(({ id }) => shortName(id)));
  const [right] = rights as readonly [RightValue];
  const same = sameness(operand, rights, assigners);
  const order = orderOf(right);
  const one = ((): ((actual: Scalar) => Truth) => {
    switch (operator) {
      case 'lt':
        return (actual) => order(actual) < 0;
      case 'lteq':
        return (actual) => order(actual) <= 0;
      case 'gt':
        return (actual) => order(actual) > 0;
      case 'gteq':
        return (actual) => order(actual) >= 0;
      case 'neq':
      case 'isNoneOf':
        return (actual) => not(same.toAny(actual));
      case 'isAllOf':
        return same.toAll;
      case 'hasPart':
        return same.holding;
      case 'eq':
      case 'isAnyOf':
      case 'isA':
      case 'isPartOf':
        return same.toAny;
    }
  })();
  return { one, all: operand.many ? (operand.each ? (actuals) => unanimous(actuals.map(one)) : forMany()) : ([actual]) => one(actual!) };

  function forMany(): Test['all'] {
    switch (operator) {
      case 'eq':
      case 'isAnyOf':
      case 'hasPart':
        return (actuals) => some(actuals, one);
      case 'neq':
      case 'isNoneOf':
        return (actuals) => not(some(actuals, same.toAny));
      case 'isAllOf': {
        const each = rights.map((value) => sameness(operand, [value], assigners));
        return (actuals) => allOf(each.map(({ toAny }) => ({ result: some(actuals, toAny) })));
      }
      case 'isA':
      case 'isPartOf':
      case 'lt':
      case 'lteq':
      case 'gt':
      case 'gteq':
        return (actuals) => not(some(actuals, (actual) => not(one(actual))));
    }
  }
}

function some(actuals: readonly Scalar[], test: (actual: Scalar) => Truth): Truth {
  let any: Truth = false;
  for (const actual of actuals) {
    const truth = test(actual);
    if (truth === true) return true;
    if (truth !== false) any = truth;
  }
  return any;
}

/** What holds for some of the values only neither holds nor fails: a permission does not count on it, a prohibition does. */
function unanimous(truths: readonly Truth[]): Truth {
  return truths.every((truth) => truth === true) ? true : truths.every((truth) => truth === false) ? false : 'unknown';
}

const not = (truth: Truth): Truth => (truth === 'unknown' ? truth : !truth);

interface Sameness {
  toAny(actual: Scalar): Truth;
  toAll(actual: Scalar): Truth;
  /** Whether the actual value holds the first right value. */
  holding(actual: Scalar): Truth;
}

/** What "is" means for the operand: for places it means "is or lies in", so that a licence for DE covers DE-BY. */
function sameness(operand: LeftOperand, rights: readonly RightValue[], assigners: ReadonlySet<string>): Sameness {
  const toEach = rights.map((right): ((actual: Scalar) => Truth) => {
    if (operand.type === 'place') return remembered((actual) => placeWithin(actual, right as string));
    // Who the others are is only known where the rule says who grants it.
    if (right === operand.others) return (actual) => (assigners.size === 0 ? 'unknown' : !assigners.has(String(actual)));
    const order = orderOf(right);
    return (actual) => order(actual) === 0;
  });
  // Stryker disable next-line all: a set is faster than one comparison after the other, and gives the same.
  if (operand.type !== 'place' && operand.type !== 'instant' && !rights.includes(operand.others!)) {
    const exact = new Set<unknown>(rights);
    return { toAny: (actual) => exact.has(actual), toAll: (actual) => exact.size === 1 && exact.has(actual), holding: (actual) => exact.has(actual) };
  }
  return {
    toAny: toEach.length === 1 ? toEach[0]! : (actual) => anyOf(toEach.map((to) => ({ result: to(actual) }))),
    toAll: (actual) => allOf(toEach.map((to) => ({ result: to(actual) }))),
    holding: operand.type === 'place' ? remembered((actual) => placeWithin(rights[0] as string, actual)) : toEach[0]!,
  };
}

/** -1 before, 0 at or within, 1 after. A day is one value as long as it lasts. */
function orderOf(right: RightValue): (actual: Scalar) => number {
  if (typeof right === 'object') return (actual) => ((actual as number) < right.start ? -1 : (actual as number) >= right.end ? 1 : 0);
  return (actual) => (actual < right ? -1 : actual > right ? 1 : 0);
}

// Requests name a few places again and again; what strangers may send must not fill the memory.
const REMEMBERED = 1000;

function remembered(compute: (place: string) => Truth): (actual: Scalar) => Truth {
  // Stryker disable all: without a memory the answers are the same, only later.
  const known = new Map<Scalar, Truth>();
  return (actual) => {
    const found = known.get(actual);
    if (found !== undefined) return found;
    if (known.size >= REMEMBERED) known.clear();
    const truth = compute(actual as string);
    known.set(actual, truth);
    return truth;
  };
  // Stryker restore all
}
