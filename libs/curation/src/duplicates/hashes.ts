/** Perceptual hashes of a shot's keyframes in order, two words each: the upper 32 bits, then the lower. */
export type Hashes = Uint32Array;

/** From 16 hex digits each; a keyframe without a hash (flat) is left out. */
export function hashesOf(keyframes: readonly (string | undefined)[]): Hashes {
  const known = keyframes.filter((hash) => hash !== undefined);
  return Uint32Array.from(known.flatMap((hash) => [Number.parseInt(hash.slice(0, 8), 16), Number.parseInt(hash.slice(8), 16)]));
}

/** Turns the signs that turn when a picture is mirrored, as libs/media's mirroredHash. */
export const mirrored = (hashes: Hashes): Hashes => hashes.map((word) => word ^ 0xaaaaaaaa);

/** Number of set bits of a 32-bit word: sums of 2, 4 and 8 bits (H. Warren, Hacker's Delight, figure 5-2). */
export function bitCount(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  n = (n + (n >>> 4)) & 0x0f0f0f0f;
  return Math.imul(n, 0x01010101) >>> 24;
}

/** How many bits of 64 the pictures of two shots differ in. */
export interface Apart {
  /** In most of the pictures of the shot with fewer: the upper median of each one's distance to the nearest of the other shot. */
  most: number;
  /** In the two pictures that are most alike. */
  one: number;
}

/** The same whichever shot comes first, and wherever the takes were trimmed. 64 where one of them has no hash. */
export function compare(a: Hashes, b: Hashes): Apart {
  if (a.length === 0 || b.length === 0) return { most: 64, one: 64 };
  if (a.length > b.length) return oneWay(b, a);
  const there = oneWay(a, b);
  return a.length < b.length ? there : { one: there.one, most: Math.max(there.most, oneWay(b, a).most) };
}

function oneWay(from: Hashes, to: Hashes): Apart {
  const nearest = new Uint8Array(from.length / 2);
  for (let i = 0; i < from.length; i += 2) {
    let least = 64;
    for (let j = 0; j < to.length; j += 2) {
      const bits = bitCount(from[i]! ^ to[j]!) + bitCount(from[i + 1]! ^ to[j + 1]!);
      if (bits < least) least = bits;
    }
    nearest[i / 2] = least;
  }
  nearest.sort();
  return { most: nearest[nearest.length >> 1]!, one: nearest[0]! };
}
