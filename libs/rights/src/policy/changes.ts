import type { Condition, Constraint } from './load.js';
import type { ConditionTrace, Fact, PolicyRequest, Target } from './types.js';
import { placeWithin, type Operator } from './vocabulary.js';

/** What would have to be different in a request for a condition to come out otherwise. */

export interface Change {
  constraint: Constraint;
  /** How the comparison has to come out. */
  wanted: boolean;
  value: Fact;
}

/** Changes that should make a condition come out as wanted, given how it came out; undefined: none that a request could bring. */
export function changesFor(condition: Condition, trace: ConditionTrace, wanted: boolean): Change[] | undefined {
  if (trace.result === wanted) return [];
  if (!('logic' in condition)) {
    const value = valueFor(condition, wanted);
    return value === undefined ? undefined : [{ constraint: condition, wanted, value }];
  }
  const parts = condition.of.map((part, at) => (to: boolean) => changesFor(part, 'of' in trace ? trace.of[at]! : trace, to));
  const every = (to: boolean[]): Change[] | undefined => {
    const all = parts.map((part, at) => part(to[at]!));
    return all.every((one) => one !== undefined) ? all.flat() : undefined;
  };
  const one = (to: boolean): Change[] | undefined => parts.map((part) => part(to)).find((changes) => changes !== undefined);
  const same = (to: boolean): boolean[] => parts.map(() => to);
  switch (condition.logic) {
    case 'and':
    case 'andSequence':
      return wanted ? every(same(true)) : one(false);
    case 'or':
      return wanted ? one(true) : every(same(false));
    case 'xone':
      return wanted ? parts.map((_, chosen) => every(parts.map((_, at) => at === chosen))).find((changes) => changes !== undefined) : every(same(false));
  }
}

/** The request with the changes made: about the target where it says something of its own, else about the whole request. */
export function change(request: PolicyRequest, target: string, rule: string, changes: readonly Change[]): PolicyRequest {
  return changes.reduce((changed, { constraint: { leftOperand, operand }, value }): PolicyRequest => {
    switch (operand.from) {
      case 'now':
        return { ...changed, now: new Date(value as number).toISOString() };
      case 'counts':
        return { ...changed, counts: { ...changed.counts, [rule]: (value as number) - 1 } };
      case 'purpose':
      case 'spatial':
      case 'modelTenant':
        return { ...changed, [operand.from]: value };
      case undefined: {
        const isOwn = (one: Target): boolean => one.id === target && one.facts?.[leftOperand] !== undefined;
        if (!changed.targets.some(isOwn)) return { ...changed, facts: { ...changed.facts, [leftOperand]: value } };
        return { ...changed, targets: changed.targets.map((one) => (isOwn(one) ? { ...one, facts: { ...one.facts, [leftOperand]: value } } : one)) };
      }
    }
  }, request);
}

const opposites: Partial<Record<Operator, Operator>> = { eq: 'neq', neq: 'eq', lt: 'gteq', gteq: 'lt', gt: 'lteq', lteq: 'gt', isAnyOf: 'isNoneOf', isNoneOf: 'isAnyOf' };

/** The comparison that holds exactly where this one does not, where there is one. */
export function opposite(constraint: Constraint): Constraint | undefined {
  const operator = opposites[constraint.operator];
  return operator && { ...constraint, operator };
}

const elsewhere = ['US', 'DE', 'JP', 'BR', 'ZA', 'AQ'];

/** A value for which the comparison comes out as wanted. */
function valueFor(constraint: Constraint, wanted: boolean): Fact | undefined {
  const { operand, operator, values, unit } = constraint;
  const [right] = values;
  if (right === undefined || values.includes(operand.others!)) return undefined;
  const many = (value: string | number): Fact => (operand.many ? [value] : value);
  if (typeof right === 'boolean') return (['eq', 'isAnyOf', 'isAllOf'].includes(operator) ? wanted : !wanted) ? right : !right;
  if (typeof right === 'string') {
    const positive = !['neq', 'isNoneOf'].includes(operator);
    if (operator === 'isAllOf' && wanted && values.length > 1) return operand.many && !operand.each ? (values as string[]) : undefined;
    if (positive === wanted) return many(right);
    if (operand.many && !operand.each && (operator === 'eq' || operator === 'neq' || operator === 'isAnyOf' || operator === 'isNoneOf' || operator === 'isAllOf')) return [];
    if (operand.type !== 'place') return many('urn:backlot:another');
    const place = elsewhere.find((one) => (values as string[]).every((value) => placeWithin(one, value) === false && placeWithin(value, one) === false));
    return place === undefined ? undefined : many(place);
  }
  const [start, last] = typeof right === 'number' ? [right, right] : [right.start, right.end - 1];
  const top = Math.max(...values.map((value) => (typeof value === 'object' ? value.end - 1 : Number(value))));
  const number = numberFor(operator, wanted, start, last, top);
  const least = operand.from === 'counts' ? 1 : 0;
  if (operand.type === 'duration') return `${number < 0 ? '-' : ''}PT${Math.abs(number) / 1000}S`;
  if (operand.type === 'instant') return operand.from === 'now' ? number : new Date(number).toISOString();
  if (operand.type === 'integer' && number < least) return undefined;
  return unit === undefined ? number : { value: number, unit };
}

function numberFor(operator: Operator, wanted: boolean, start: number, last: number, top: number): number {
  const wantedOf = wanted ? operator : (opposites[operator] ?? 'neq');
  switch (wantedOf) {
    case 'lt':
      return start - 1;
    case 'lteq':
      return last;
    case 'neq':
    case 'isNoneOf':
      return top + 1;
    case 'gt':
      return last + 1;
    case 'gteq':
    case 'eq':
    case 'isAnyOf':
    case 'isAllOf':
    case 'isA':
    case 'isPartOf':
    case 'hasPart':
      return start;
  }
}
