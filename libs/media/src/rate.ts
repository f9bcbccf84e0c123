import { ratio } from './probe.js';
import type { Ratio } from './types.js';

const STANDARD: Ratio[] = ['24000/1001', '24', '25', '30000/1001', '30', '48', '50', '60000/1001', '60', '12', '15', '120'];

/**
 * The rate at which frame n is shown at n / rate, to within the rounding of the time base; undefined when there is none. What the
 * container claims is an average and may be off by a frame over a film's length, so the standard rates are tried as well.
 */
export function evenRate(times: ArrayLike<number>, tick: number, claimed: Ratio): Ratio | undefined {
  const own = claimed.replace(/\/1$/, '');
  // Over a few frames several rates fit: then the claim decides.
  const known = STANDARD.toSorted((a, b) => Math.abs(ratio(a) - ratio(own)) - Math.abs(ratio(b) - ratio(own)));
  return [...known.filter((rate) => Math.abs(ratio(rate) / ratio(own) - 1) < 0.01), own].find((rate) => ratio(rate) > 0 && fits(times, 1 / (ratio(rate) * tick)));
}

/** The last of `times` is the end, whose place is only derived. */
function fits(times: ArrayLike<number>, step: number): boolean {
  const start = times[0] ?? 0;
  const near = Math.min(1, step / 4);
  for (let frame = 1; frame < times.length - 1; frame++) if (Math.abs(times[frame]! - start - frame * step) > near) return false;
  return true;
}
