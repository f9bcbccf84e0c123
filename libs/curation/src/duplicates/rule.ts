import type { Measures } from '#libs/media';
import type { Apart } from './hashes.js';

/**
 * When two shots are near-duplicates. Measured on two encodes of a trailer, the film's opening, and three films each five times more
 * (enlarged and made smaller, brighter, cropped by 4 %, mirrored, in bars; 247 pairs of one take, 7,321 of two): most pictures within 8 bits
 * finds 89.5 %, one picture within 6 bits together with a like look 94.7 %. What either finds beyond is one take that an intertitle divides.
 */
export const MOST = 8;
export const ONE = 6;
/** Cosines of the looks (EfficientNet vectors). Pairs of one take have .71 and more; where one picture alone speaks for it, the look must. */
export const LOOK = 0.7;
export const LOOK_OF_ONE = 0.8;

export interface Kinship extends Apart {
  /** Of the looks; null where one of the shots has none. */
  cosine: number | null;
}

/** Whether two shots so far apart are near-duplicates. Where looks are not known, the hashes alone decide, and one picture is not enough. */
export function areDuplicates({ most, one, cosine }: Kinship): boolean {
  if (most <= MOST) return cosine === null || cosine >= LOOK;
  return one <= ONE && cosine !== null && cosine >= LOOK_OF_ONE;
}

/** What was found and what it was held against, in words. */
export function inWords({ most, one, cosine }: Kinship): string {
  const look = (least: number): string => (cosine === null ? '' : `, and their looks are ${cosine.toFixed(2)} alike (at least ${least.toFixed(2)})`);
  if (most <= MOST) return `most of its pictures differ in at most ${most} of 64 bits (limit ${MOST})${look(LOOK)}`;
  return `one of its pictures differs in ${one} of 64 bits (limit ${ONE})${look(LOOK_OF_ONE)}`;
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
