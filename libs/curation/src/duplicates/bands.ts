/** Some bits of a hash side by side. */
export interface Band {
  width: number;
  /** How many bits of it may differ for all within the radius to be found. */
  radius: number;
  /** Differences of at most that many bits, the likely ones first. */
  flips: Int32Array;
  /** The band's bits of a hash. */
  of(upper: number, lower: number): number;
}

/**
 * The bands of an index over `keyframes` hashes. As wide as makes a value mean about one hash (the paper's log2 n): 3 bands from half a
 * million on, 4 below. Of m bands, radius r = m q + a: where every one of the first a + 1 bands differed in more than q bits and every other
 * in more than q - 1, there would be more than r differences, so searching them that far finds all.
 */
export function bands(keyframes: number, radius: number): Band[] {
  const widths = keyframes > 1 << 19 ? [22, 21, 21] : [16, 16, 16, 16];
  const each = Math.floor(radius / widths.length);
  const more = radius % widths.length;
  let below = 0;
  return widths.flatMap((width, index) => {
    const start = below;
    below += width;
    const reach = index <= more ? each : each - 1;
    return reach < 0 ? [] : [{ width, radius: reach, flips: flipsOf(width, reach), of: bitsFrom(start, width) }];
  });
}

/** `width` bits (at most 22) of a 64-bit hash, counted from its lowest. */
function bitsFrom(start: number, width: number): Band['of'] {
  const mask = (1 << width) - 1;
  if (start + width <= 32) return (_upper, lower) => (lower >>> start) & mask;
  if (start >= 32) return (upper) => (upper >>> (start - 32)) & mask;
  return (upper, lower) => ((lower >>> start) | (upper << (32 - start))) & mask;
}

/** Every word of `width` bits with at most `reach` of them set, fewest first. */
export function flipsOf(width: number, reach: number): Int32Array {
  const flips = [0];
  for (let from = 0, bits = 1; bits <= reach; bits++) {
    const end = flips.length;
    for (; from < end; from++) {
      const word = flips[from]!;
      // Each word once: bits are added above the highest only.
      for (let bit = word === 0 ? 0 : 32 - Math.clz32(word); bit < width; bit++) flips.push(word | (1 << bit));
    }
  }
  return Int32Array.from(flips);
}
