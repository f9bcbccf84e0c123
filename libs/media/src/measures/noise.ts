import type { Letterbox } from '../types.js';

const { abs, floor, sqrt, PI } = Math;

const BLOCK = 8;
/** Levels near black and white are clipped, and noise with them. */
const LOWEST = 20;
const HIGHEST = 230;
/** Blocks that say something, below which nothing is said. */
const ENOUGH = 12;
/** The block at this place among all, from the flattest, stands for the noise: what has texture lies above it. */
const PLACE = 0.15;
/** A block's estimate of plain noise at that place is this much of the truth (8 x 8 pixels; found with generated noise). */
const AT_PLACE = 0.88;

/**
 * Standard deviation of the noise of a small frame in levels: Immerkær's mask (1996), which is blind to planes, on blocks of 8 x 8, taken
 * where the picture is flattest. Undefined where too little of it is between black and white. Detail everywhere (gravel, leaves) reads as noise.
 */
export function noiseOf(y: Uint8Array, width: number, height: number, bars: Letterbox): number | undefined {
  const found: number[] = [];
  for (let top = bars.top + 2; top + BLOCK < height - bars.bottom - 1; top += BLOCK) {
    for (let left = bars.left + 2; left + BLOCK < width - bars.right - 1; left += BLOCK) {
      let sum = 0;
      let usable = true;
      for (let r = top; r < top + BLOCK && usable; r++) {
        for (let c = left, i = r * width + left; c < left + BLOCK; c++, i++) {
          const here = y[i]!;
          if (here < LOWEST || here > HIGHEST) {
            usable = false;
            break;
          }
          sum += abs(
            y[i - width - 1]! - 2 * y[i - width]! + y[i - width + 1]! - 2 * (y[i - 1]! - 2 * here + y[i + 1]!) + y[i + width - 1]! - 2 * y[i + width]! + y[i + width + 1]!,
          );
        }
      }
      if (usable) found.push(sum);
    }
  }
  if (found.length < ENOUGH) return undefined;
  found.sort((a, b) => a - b);
  return (sqrt(PI / 2) * found[floor(PLACE * found.length)]!) / (6 * BLOCK * BLOCK * AT_PLACE);
}

/**
 * The same from what changes between two frames that follow each other, at the middle block: in a still picture detail falls away. Motion
 * reads as noise, so the smaller of the two estimates is nearer to the truth.
 */
export function noiseBetween(y: Uint8Array, before: Uint8Array, width: number, height: number, bars: Letterbox): number {
  const found: number[] = [];
  for (let top = bars.top; top + BLOCK <= height - bars.bottom; top += BLOCK) {
    for (let left = bars.left; left + BLOCK <= width - bars.right; left += BLOCK) {
      let sum = 0;
      for (let r = top; r < top + BLOCK; r++) for (let c = left, i = r * width + left; c < left + BLOCK; c++, i++) sum += abs(y[i]! - before[i]!);
      found.push(sum);
    }
  }
  found.sort((a, b) => a - b);
  // The mean distance of a normal difference is .8 of its deviation, which is that of both frames together.
  return (sqrt(PI / 2) * found[found.length >> 1]!) / (BLOCK * BLOCK) / sqrt(2);
}

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
