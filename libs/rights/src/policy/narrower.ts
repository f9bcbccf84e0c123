import type { Condition, Constraint, Rule, TargetSpec } from './load.js';
import type { Segment } from './types.js';
import { actionPath, placeWithin } from './vocabulary.js';

/**
 * Whether one rule, target or condition holds only where another does, in every world that could be: the ground on which a change of a licence is called tighter.
 * Truths are ordered false < unknown < true, so the same answer serves permissions (which need true) and prohibitions (which unknown triggers).
 * Says no wherever it cannot tell.
 */

/** Whether all of `inner` together are never truer than all of `outer` together. */
export function narrower(inner: readonly Condition[], outer: readonly Condition[]): boolean {
  return outer.every((theirs) => inner.some((ours) => below(ours, theirs)));
}

const known = new WeakMap<Condition, WeakMap<Condition, boolean>>();

/** Whether `a` is never truer than `b`. */
export function below(a: Condition, b: Condition): boolean {
  const found = known.get(a) ?? new WeakMap<Condition, boolean>();
  known.set(a, found);
  const answer = found.get(b) ?? isBelow(a, b);
  found.set(b, answer);
  return answer;
}

function isBelow(a: Condition, b: Condition): boolean {
  if (conditionKey(a) === conditionKey(b)) return true;
  if ('logic' in b && b.logic === 'and') return b.of.every((part) => below(a, part));
  if ('logic' in a && a.logic === 'or') return a.of.every((part) => below(part, b));
  if ('logic' in a && a.logic === 'and' && a.of.some((part) => below(part, b))) return true;
  if ('logic' in b) return b.logic === 'or' && b.of.some((part) => below(a, part));
  return !('logic' in a) && comparisonBelow(a, b);
}

function comparisonBelow(a: Constraint, b: Constraint): boolean {
  if (a.leftOperand !== b.leftOperand || measure(a) !== measure(b) || a.values.length === 0 || b.values.length === 0) return false;
  const [inner, outer] = [ranges(a), ranges(b)];
  if (inner && outer) return inner.every((one) => outer.some((other) => order(one.from, other.from) >= 0 && order(one.to, other.to) <= 0));
  return inner === undefined && outer === undefined && setBelow(a, b);
}

type Cut = readonly [number, 0 | 1];
interface Range {
  from: Cut;
  to: Cut;
}
const START: Cut = [-Infinity, 0];
const END: Cut = [Infinity, 1];
const order = (a: Cut, b: Cut): number => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1);

/** What an ordered comparison accepts, as ranges in order that do not touch; undefined for others. */
function ranges({ operand, operator, values }: Constraint): Range[] | undefined {
  if (['term', 'place', 'id', 'boolean'].includes(operand.type) || operand.many) return undefined;
  const accepted = values.map((value): Range => (typeof value === 'object' ? { from: [value.start, 0], to: [value.end, 0] } : { from: [Number(value), 0], to: [Number(value), 1] }));
  const [first] = accepted as [Range];
  switch (operator) {
    case 'lt':
      return [{ from: START, to: first.from }];
    case 'lteq':
      return [{ from: START, to: first.to }];
    case 'gt':
      return [{ from: first.to, to: END }];
    case 'gteq':
      return [{ from: first.from, to: END }];
    case 'eq':
    case 'isAnyOf':
      return joined(accepted);
    case 'neq':
    case 'isNoneOf':
      return without(joined(accepted));
    default:
      return undefined;
  }
}

function joined(ranges: Range[]): Range[] {
  const all: Range[] = [];
  for (const range of ranges.toSorted((a, b) => order(a.from, b.from))) {
    const last = all.at(-1);
    if (last && order(range.from, last.to) <= 0) all[all.length - 1] = { from: last.from, to: order(range.to, last.to) > 0 ? range.to : last.to };
    else all.push(range);
  }
  return all;
}

function without(ranges: Range[]): Range[] {
  const cuts = [START, ...ranges.flatMap(({ from, to }) => [from, to]), END];
  return cuts.flatMap((from, at) => (at % 2 === 0 ? [{ from, to: cuts[at + 1]! }] : []));
}

/** Comparisons with words, ids and places. */
function setBelow(a: Constraint, b: Constraint): boolean {
  const place = a.operand.type === 'place';
  const within = (inner: unknown, outer: unknown): boolean => inner === outer || (place && placeWithin(String(inner), String(outer)) === true);
  const [kindA, kindB] = [setKind(a), setKind(b)];
  const every = (inner: Constraint, outer: Constraint): boolean => inner.values.every((one) => outer.values.some((other) => within(one, other)));
  if (kindA === 'any' && kindB === 'any') return every(a, b);
  if (kindA === 'none' && kindB === 'none') return every(b, a);
  if (kindA === 'all' && kindB === 'all') return b.values.every((theirs) => a.values.some((ours) => within(ours, theirs)));
  if (kindA === 'all' && kindB === 'any') return a.values.some((ours) => b.values.some((theirs) => within(ours, theirs)));
  // One value cannot be two words at once; of places it can.
  if (kindA === 'any' && kindB === 'none') return !place && !a.operand.many && !a.values.some((value) => b.values.includes(value));
  return kindA === kindB && kindA === 'within' && a.operator === b.operator && within(a.values[0], b.values[0]);
}

function setKind({ operator, operand, values }: Constraint): 'any' | 'none' | 'all' | 'within' | 'other' {
  if (operator === 'eq' || operator === 'isAnyOf') return 'any';
  if (operator === 'neq' || operator === 'isNoneOf') return 'none';
  if (operator === 'isAllOf') return values.length === 1 && !operand.many ? 'any' : 'all';
  return operator === 'isA' || operator === 'isPartOf' ? 'within' : 'other';
}

const keys = new WeakMap<Condition, string>();

/** The same text for conditions that mean the same comparison. */
export function conditionKey(condition: Condition): string {
  const found = keys.get(condition);
  if (found !== undefined) return found;
  const key =
    'logic' in condition
      ? JSON.stringify([condition.logic, condition.of.map(conditionKey)])
      : JSON.stringify([condition.leftOperand, condition.operator, measure(condition), condition.values.map((value) => (typeof value === 'object' ? [value.start, value.end] : value))]);
  keys.set(condition, key);
  return key;
}

/** By what the values are measured: another unit or a value from elsewhere makes another comparison. */
const measure = ({ unit = null, reference = null }: { unit?: string | null; reference?: string | null }): string => JSON.stringify([unit, reference]);

/** Whether every asset and frame of `inner` lies in `outer`, by name. */
export function targetWithin(inner: TargetSpec, outer: TargetSpec): boolean {
  return (outer.id === null || inner.id === outer.id) && segmentWithin(inner.segment, outer.segment) && narrower(inner.refinement, outer.refinement);
}

function segmentWithin(inner: Segment | undefined, outer: Segment | undefined): boolean {
  if (!outer) return true;
  return inner !== undefined && scaled(inner.first, inner, outer) >= scaled(outer.first, outer, inner) && scaled(inner.end, inner, outer) <= scaled(outer.end, outer, inner);
}

/** A frame's time, multiplied until both rates give whole numbers. */
function scaled(frame: number, { rate }: Segment, other: Segment): bigint {
  const [, per = '1'] = rate.split('/');
  const [frames] = other.rate.split('/');
  return BigInt(frame) * BigInt(per) * BigInt(frames!);
}

type Act = Rule['actions'][number];

/** Whether doing what `inner` names is always doing what `outer` names. */
export function actionWithin(inner: Act, outer: Act): boolean {
  return actionPath(inner.name).includes(outer.name) && narrower(inner.refinement, outer.refinement);
}

/** Whether every party of `inner` is one of `outer`; nobody named means anybody. */
export function partiesWithin(inner: Rule['assignees'], outer: Rule['assignees']): boolean {
  if (outer.length === 0) return true;
  return inner.length > 0 && inner.every((one) => outer.some((other) => one.id === other.id && narrower(one.refinement, other.refinement)));
}

/** Whether every request that `inner` is about is one that `outer` is about. Duties aside. */
export function ruleWithin(inner: Rule, outer: Rule): boolean {
  return (
    inner.actions.every((one) => outer.actions.some((other) => actionWithin(one, other))) &&
    inner.targets.every((one) => outer.targets.some((other) => targetWithin(one, other))) &&
    partiesWithin(inner.assignees, outer.assignees) &&
    narrower(inner.constraints, outer.constraints)
  );
}
