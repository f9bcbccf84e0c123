/** Numbers of a reduced vector, and bits of its code. */
export const REDUCED = 512;
/** Of them, those that cells are made of: enough to tell cells apart, and half the work. */
export const COARSE = 256;

/** Signs drawn once, the same everywhere (xorshift32, G. Marsaglia, 2003). */
const SIGNS = ((): Int8Array => {
  const signs = new Int8Array(2048);
  let state = 0x2545f491;
  for (let i = 0; i < signs.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    signs[i] = state & 1 ? 1 : -1;
  }
  return signs;
})();

/**
 * A vector of at most 2048 numbers as 512 of length 1: signs turned at random, folded, and spread over all numbers by a Walsh-Hadamard
 * transform (N. Ailon and B. Chazelle, "The fast Johnson-Lindenstrauss transform", 2009). Up to 512 numbers nothing is lost; of 1280,
 * cosines stay to some .03. So a sign says as much as any other, which codes need.
 */
export function reduced(vector: ArrayLike<number>): Float32Array {
  const out = new Float32Array(REDUCED);
  for (let i = 0; i < vector.length; i++) out[i % REDUCED]! += SIGNS[i]! * vector[i]!;
  for (let half = 1; half < REDUCED; half *= 2) {
    for (let at = 0; at < REDUCED; at += 2 * half) {
      for (let i = at; i < at + half; i++) {
        const a = out[i]!;
        const b = out[i + half]!;
        out[i] = a + b;
        out[i + half] = a - b;
      }
    }
  }
  let length = 0;
  for (const value of out) length += value * value;
  length = Math.sqrt(length) || 1;
  for (let i = 0; i < REDUCED; i++) out[i]! /= length;
  return out;
}

/** A vector in a byte a number, of which the largest is 127; cosines stay to some .005. */
export function toBytes(vector: Float32Array): Buffer {
  let largest = 0;
  for (let i = 0; i < vector.length; i++) largest = Math.max(largest, Math.abs(vector[i]!));
  const bytes = new Int8Array(vector.length);
  // Int8Array.from with a function takes fifty times as long.
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round((vector[i]! * 127) / (largest || 1));
  return Buffer.from(bytes.buffer);
}

export const fromBytes = (bytes: Buffer): Int8Array => new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);

/** Cosine of two vectors, -1 to 1; 0 where one is all zero. */
export function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [product, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    ofA += a[i]! * a[i]!;
    ofB += b[i]! * b[i]!;
  }
  return product / (Math.sqrt(ofA * ofB) || 1);
}
