import type { Letterbox } from './types.js';

/** Cells a side of the picture that is transformed, and frequencies a side that are kept. */
const CELLS = 32;
const KEPT = 8;
/** A picture whose cells differ by less (standard deviation of luma, of 255) shows nothing that could be told again: black, white, a plain card. */
const FLAT = 4;

/** cosines[f * CELLS + x]: the DCT-II's row of frequency f + 1. */
const cosines = Float64Array.from({ length: KEPT * CELLS }, (_, i) => Math.cos(((2 * (i % CELLS) + 1) * (Math.floor(i / CELLS) + 1) * Math.PI) / (2 * CELLS)));

/** Bits of odd horizontal frequency, whose sign turns when the picture is mirrored. */
const MIRROR = 0xaaaaaaaaaaaaaaaan;

export interface LumaPicture {
  width: number;
  height: number;
  /** Luma, rows packed; more may follow. */
  y: Uint8Array;
  /** Bars to leave out, in pixels of this picture. */
  bars?: Letterbox | undefined;
}

/**
 * 64-bit perceptual hash as 16 hex digits; undefined for a flat picture, which has none. The DCT hash of C. Zauner, "Implementation and
 * Benchmarking of Perceptual Image Hash Functions" (2010), section 3.2.1 (pHash's ph_dct_imagehash): luma averaged to 32x32, two-dimensional
 * DCT-II, the 8x8 lowest frequencies without the constant ones, here by their sign instead of above their median: their median is next to
 * zero, and so the hash of the mirrored picture is the same bits with those of odd horizontal frequency turned.
 */
export function perceptualHash(picture: LumaPicture): string | undefined {
  const cells = averaged(picture);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < cells.length; i++) {
    sum += cells[i]!;
    squares += cells[i]! * cells[i]!;
  }
  if (squares / cells.length - (sum / cells.length) ** 2 < FLAT * FLAT) return undefined;
  const rows = new Float64Array(CELLS * KEPT);
  for (let y = 0; y < CELLS; y++) {
    for (let f = 0; f < KEPT; f++) {
      let total = 0;
      for (let x = 0; x < CELLS; x++) total += cells[y * CELLS + x]! * cosines[f * CELLS + x]!;
      rows[y * KEPT + f] = total;
    }
  }
  let hex = '';
  for (let v = 0; v < KEPT; v++) {
    let byte = 0;
    for (let u = 0; u < KEPT; u++) {
      let total = 0;
      for (let y = 0; y < CELLS; y++) total += rows[y * KEPT + u]! * cosines[v * CELLS + y]!;
      byte = (byte << 1) | (total > 0 ? 1 : 0);
    }
    hex += byte.toString(16).padStart(2, '0');
  }
  return hex;
}

/** The hash that the mirrored picture has. */
export function mirroredHash(hash: string): string {
  return (BigInt(`0x${hash}`) ^ MIRROR).toString(16).padStart(16, '0');
}

/** Mean luma of 32x32 equal parts of the picture inside its bars. */
function averaged({ width, height, y, bars }: LumaPicture): Float64Array {
  const [left, top] = [Math.ceil(bars?.left ?? 0), Math.ceil(bars?.top ?? 0)];
  const [w, h] = [width - left - Math.ceil(bars?.right ?? 0), height - top - Math.ceil(bars?.bottom ?? 0)];
  if (w < 1 || h < 1) return averaged({ width, height, y });
  const cells = new Float64Array(CELLS * CELLS);
  const edge = (from: number, size: number, cell: number): number => from + Math.floor((size * cell) / CELLS);
  for (let row = 0; row < CELLS; row++) {
    const first = edge(top, h, row);
    const end = Math.max(first + 1, edge(top, h, row + 1));
    for (let column = 0; column < CELLS; column++) {
      const from = edge(left, w, column);
      const to = Math.max(from + 1, edge(left, w, column + 1));
      let total = 0;
      for (let r = first; r < end; r++) for (let c = from; c < to; c++) total += y[r * width + c]!;
      cells[row * CELLS + column] = total / ((end - first) * (to - from));
    }
  }
  return cells;
}
