import type { Kernels } from '../kernels.js';
import { SMALL_H, SMALL_W } from '../small.js';
import type { Letterbox } from '../types.js';

const { floor, min, sqrt, PI } = Math;

/** Pixels of a block: 8 x 8. */
const AREA = 64;
/** Blocks that say something, below which nothing is said. */
const ENOUGH = 12;
/** The block at this place among all, from the flattest, stands for the noise: what has texture lies above it. */
const PLACE = 0.15;
/** A block's estimate of plain noise at that place is this much of the truth (8 x 8 pixels; found with generated noise). */
const AT_PLACE = 0.88;

/**
 * Standard deviation in levels of the noise of the small frame that lies at place `now` of the kernels. Undefined where too little of it is
 * between black and white. Two estimates: Immerkær's mask, which is blind to planes, where the picture is flattest (detail everywhere,
 * gravel or leaves, reads as noise there), and what changed since the frame at the other place, at the middle block (motion reads as noise
 * there). The smaller one is nearer to the truth.
 */
export function noiseOf(kernels: Kernels, now: number, bars: Letterbox): number | undefined {
  const [right, bottom] = [SMALL_W - bars.right, SMALL_H - bars.bottom];
  const masked = sorted(kernels, kernels.noise(now, bars.left + 2, bars.top + 2, right - 1, bottom - 1));
  if (masked.length < ENOUGH) return undefined;
  const plain = (sqrt(PI / 2) * masked[floor(PLACE * masked.length)]!) / (6 * AREA * AT_PLACE);
  const changed = sorted(kernels, kernels.changes(now, bars.left, bars.top, right, bottom));
  // The mean distance of a normal difference is .8 of its deviation, which is that of both frames together.
  return min(plain, (sqrt(PI / 2) * changed[changed.length >> 1]!) / AREA / sqrt(2));
}

const sorted = ({ memory, BLOCKS }: Kernels, count: number): Uint32Array => new Uint32Array(memory.buffer, BLOCKS.value, count).sort();

/**
 * How much of a master's noise is left in a small frame: scaling takes the mean of two neighbours each way, weighted by where the small
 * pixel falls between them; this is the root mean square of those weights over the picture.
 */
export function noiseKept(size: { width: number; height: number }, small: { width: number; height: number }): number {
  const kept = (from: number, to: number): number => {
    let sum = 0;
    for (let i = 0; i < to; i++) {
      const at = ((i + 0.5) * from) / to - 0.5;
      const part = at - floor(at);
      sum += (1 - part) ** 2 + part ** 2;
    }
    return sum / to;
  };
  return sqrt(kept(size.width, small.width) * kept(size.height, small.height));
}
