import type { Segment } from './types.js';

/** Frame ranges of different rates, compared as exact times: frame × seconds / frames, never rounded. */

/** Whether they share an instant. */
export const touches = (a: Segment, b: Segment): boolean => before(a.first, a, b.end, b) && before(b.first, b, a.end, a);

/** Whether all of `inner` lies in `outer`. */
export const holds = (outer: Segment, inner: Segment): boolean => !before(inner.first, inner, outer.first, outer) && !before(outer.end, outer, inner.end, inner);

/** Where a frame of one rate begins, in frames of another: the last frame that begins at or before it, and the first at or after it. */
export function frameAt(frame: number, rate: string, other: string): { floor: number; ceil: number } {
  // Stryker disable next-line ConditionalExpression: a short cut; the fractions give the same.
  if (rate === other) return { floor: frame, ceil: frame };
  const [count, per] = fraction(rate);
  const [otherCount, otherPer] = fraction(other);
  const above = BigInt(frame) * per * otherCount;
  const below = count * otherPer;
  return { floor: Number(above / below), ceil: Number((above + below - 1n) / below) };
}

function before(a: number, { rate: ofA }: Segment, b: number, { rate: ofB }: Segment): boolean {
  // Stryker disable next-line ConditionalExpression: a short cut; the fractions give the same.
  if (ofA === ofB) return a < b;
  const [countA, perA] = fraction(ofA);
  const [countB, perB] = fraction(ofB);
  return BigInt(a) * perA * countB < BigInt(b) * perB * countA;
}

/** Frames, and the seconds that they last. */
function fraction(rate: string): [bigint, bigint] {
  const [count, per = '1'] = rate.split('/');
  return [BigInt(count!), BigInt(per)];
}
