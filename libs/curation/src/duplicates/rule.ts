import type { Measures } from '#libs/media';
import type { Apart } from './hashes.js';

/**
 * When two shots are near-duplicates: most pictures within 8 bits, or one within 6 where looks say the same. Measured, of pairs of one take:
 * three films made smaller and worse, brighter, cropped by 4 %, mirrored and put in bars: 209 of 210 (hashes alone: 203). Two encodes of a trailer
 * and the scene it is cut from, each cut into shots by itself: 25 of 37 (18); the rest are fast moves seen at other frames, and shots that
 * only one of them divides. Of 7,321 pairs of different shots 14 are taken for one: twice one set-up that an intertitle divides, in each copy.
 */
export const MOST = 8;
export const ONE = 6;
/** Least cosine of the looks (EfficientNet vectors): re-encoded takes have .71 and more. */
export const LOOK = 0.7;

export interface Kinship extends Apart {
  /** Of the looks; null where one of the shots has none. */
  cosine: number | null;
}

/** Whether two shots so far apart are near-duplicates. Where looks are not known, the hashes alone decide, and one picture is not enough. */
export function areDuplicates({ most, one, cosine }: Kinship): boolean {
  if (cosine === null) return most <= MOST;
  return (most <= MOST || one <= ONE) && cosine >= LOOK;
}

/** What was found and what it was held against, in words. */
export function inWords({ most, one, cosine }: Kinship): string {
  const look = cosine === null ? '' : `, and their looks are ${cosine.toFixed(2)} alike (at least ${LOOK.toFixed(2)})`;
  return most <= MOST ? `most of its pictures differ in at most ${most} of 64 bits (limit ${MOST})${look}` : `one of its pictures differs in ${one} of 64 bits (limit ${ONE})${look}`;
}

/**
 * Which of several duplicates represents them: the one with most sharp picture, pixels inside its bars times how sharp it is, less the share
 * of black frames. Among equals the lower content address (master's digest and first frame), so that every database chooses the same.
 */
export function qualityOf({ blur, blackFraction, letterbox: { top, bottom, left, right } }: Measures, film: { width: number; height: number }): number {
  return Math.max(0, film.width - left - right) * Math.max(0, film.height - top - bottom) * (1 - blur / 2) * (1 - blackFraction);
}

/** Numbers in a sketch of a look. */
export const SKETCH = 128;

/**
 * A look (1280 numbers) in 128 bytes whose cosines are those of the looks to some .02 where they are high: each number is the sum of all of
 * them with signs drawn once (D. Achlioptas, "Database-friendly random projections", 2003), scaled to a byte.
 */
export function sketchOf(look: Float32Array): Int8Array {
  const sums = new Float64Array(SKETCH);
  let state = 0x9e3779b9;
  for (let i = 0; i < look.length; i++) {
    for (let at = 0; at < SKETCH; at += 32) {
      // xorshift32 (G. Marsaglia, 2003): 32 signs at a time.
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      for (let bit = 0; bit < 32; bit++) sums[at + bit]! += (state >>> bit) & 1 ? look[i]! : -look[i]!;
    }
  }
  let largest = 0;
  for (const sum of sums) largest = Math.max(largest, Math.abs(sum));
  return Int8Array.from(sums, (sum) => Math.round((sum * 127) / (largest || 1)));
}

export function cosine(a: Int8Array | null, b: Int8Array | null): number | null {
  if (!a || !b) return null;
  let [product, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < SKETCH; i++) {
    product += a[i]! * b[i]!;
    ofA += a[i]! * a[i]!;
    ofB += b[i]! * b[i]!;
  }
  return product / Math.sqrt(ofA * ofB || 1);
}
