import { rangeInWords, type Range } from '../../lib/ranges.js';

/** Frames of a film of which something is to be said. */
export interface Band extends Range {
  id: string;
  says: string;
}

/**
 * The bands in sight, where they lie in pixels. Those closer than a pixel are drawn as one: 10,000 over a film are never
 * more than the strip is wide.
 */
export function inPixels(bands: Band[], scale: number, from: number, to: number): (Band & { left: number; width: number })[] {
  const drawn: (Band & { left: number; width: number; count: number })[] = [];
  if (!(scale > 0)) return drawn;
  for (const band of bands) {
    if (band.end <= from || band.first >= to) continue;
    const left = band.first * scale;
    const width = Math.max((band.end - band.first) * scale, 2);
    const last = drawn.at(-1);
    if (last && left < last.left + last.width + 1) {
      last.end = Math.max(last.end, band.end);
      last.width = Math.max(last.width, left + width - last.left);
      last.count++;
      last.says = `${last.count} exclusions, ${rangeInWords(last)}`;
    } else drawn.push({ ...band, left, width, count: 1 });
  }
  return drawn;
}
