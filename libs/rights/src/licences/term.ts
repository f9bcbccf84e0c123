import type { CompiledPolicy } from '../policy/index.js';

/** From when until when a licence permits anything at all; null where it has no such bound. */
export interface Term {
  begins: Date | null;
  ends: Date | null;
}

export type LicenceState = 'draft' | 'signed' | 'active' | 'expiring' | 'suspended' | 'expired' | 'withdrawn';

/** What the state of a licence is told from, beside the clock. */
export interface Standing extends Term {
  signed: boolean;
  effectiveFrom: Date | null;
  suspended: boolean;
  withdrawn: boolean;
}

/** A licence that ends within this many days is expiring. */
export const EXPIRING_DAYS = 90;
const DAY = 86_400_000;

/** Half-open, in Unix milliseconds. */
interface Window {
  from: number;
  until: number;
}

type Rule = CompiledPolicy['policy']['rules'][number];
type Condition = Rule['constraints'][number];

const always: Window = { from: -Infinity, until: Infinity };
const both = (windows: Window[]): Window => windows.reduce((a, b) => ({ from: Math.max(a.from, b.from), until: Math.min(a.until, b.until) }), always);
const hull = (windows: Window[]): Window => ({ from: Math.min(...windows.map((one) => one.from)), until: Math.max(...windows.map((one) => one.until)) });

/**
 * The term that a policy's times give: from the first moment at which one of its permissions can hold to the last. What other facts a
 * permission asks for is left out of account, and so is a prohibition: the term says when to look, a decision says what is allowed.
 */
export function termOf({ policy }: Pick<CompiledPolicy, 'policy'>): Term {
  const windows = policy.rules.filter((rule) => rule.kind === 'permission').flatMap((rule) => rule.actions.map(({ refinement }) => both([...rule.constraints, ...refinement].map(windowOf))));
  // One that can never hold has no share in the term.
  const possible = windows.filter(({ from, until }) => from < until);
  if (possible.length === 0) return { begins: null, ends: windows.length > 0 ? new Date(Math.min(...windows.map(({ until }) => until))) : null };
  const { from, until } = hull(possible);
  return { begins: from === -Infinity ? null : new Date(from), ends: until === Infinity ? null : new Date(until) };
}

/** A term within others: a licence that inherits begins and ends with its parents. */
export function within(term: Term, parents: readonly Term[]): Term {
  const { from, until } = both([term, ...parents].map(({ begins, ends }) => ({ from: begins?.getTime() ?? -Infinity, until: ends?.getTime() ?? Infinity })));
  return { begins: from === -Infinity ? null : new Date(from), ends: until === Infinity ? null : new Date(until) };
}

function windowOf(condition: Condition): Window {
  if ('logic' in condition) {
    const windows = condition.of.map(windowOf);
    return condition.logic === 'or' || condition.logic === 'xone' ? hull(windows) : both(windows);
  }
  if (condition.operand.from !== 'now') return always;
  const intervals = condition.values.flatMap((value) => (typeof value === 'object' && 'start' in value ? [value] : []));
  const [one] = intervals;
  // Compared with a fact instead of a time in the text: the text alone gives no bound.
  if (!one) return always;
  switch (condition.operator) {
    case 'lt':
      return { from: -Infinity, until: one.start };
    case 'lteq':
      return { from: -Infinity, until: one.end };
    case 'gt':
      return { from: one.end, until: Infinity };
    case 'gteq':
      return { from: one.start, until: Infinity };
    case 'eq':
    case 'isAnyOf':
      return hull(intervals.map(({ start, end }) => ({ from: start, until: end })));
    default:
      return always;
  }
}

/** The state of a licence at a moment. Withdrawn and suspended are said by people and win; the rest follows from signature and term. */
export function stateOf({ withdrawn, suspended, signed, effectiveFrom, begins, ends }: Standing, now: Date): LicenceState {
  if (withdrawn) return 'withdrawn';
  if (!signed) return 'draft';
  if (suspended) return 'suspended';
  if (ends && ends <= now) return 'expired';
  if ((begins && begins > now) || (effectiveFrom && effectiveFrom > now)) return 'signed';
  if (ends && ends.getTime() - now.getTime() <= EXPIRING_DAYS * DAY) return 'expiring';
  return 'active';
}
