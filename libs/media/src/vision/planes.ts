import type { RgbImage } from '../types.js';

/**
 * A picture as most networks take it: planes of blue, green and red, each value of 0 to 255 less `mean`, over `deviation`. By table,
 * as dividing each value took a third as long as the network that was given them.
 */
export function planes({ width, height, data }: RgbImage, mean: readonly number[], deviation: readonly number[]): Float32Array {
  const pixels = width * height;
  const input = new Float32Array(3 * pixels);
  for (let c = 0; c < 3; c++) {
    const table = Float32Array.from({ length: 256 }, (_, value) => (value - mean[c]!) / deviation[c]!);
    const plane = input.subarray(c * pixels, (c + 1) * pixels);
    for (let i = 0, at = 2 - c; i < pixels; i++, at += 3) plane[i] = table[data[at]!]!;
  }
  return input;
}
