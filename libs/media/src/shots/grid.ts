import type { SmallFrame } from '../types.js';

// Taken out of Math once: inside jest's sandbox each look at a global costs a microsecond, and these run per pixel.
const { abs, floor, max, sqrt } = Math;

// Two scales are enough for every question about a boundary: 64x36 for "is this the same place, moved?" and 16x9 for "is this
// frame a blend of those two?" (at 16x9 slow motion is smaller than a cell, so a blend stays a straight line between its ends).
export const GRID_W = 64;
export const GRID_H = 36;
export const CELLS_W = 16;
export const CELLS_H = 9;
export const CELLS = CELLS_W * CELLS_H;

/** One frame, reduced. */
export interface Grid {
  frame: number;
  pts: number;
  /** Luma 64x36, 0..255; `level` the same in whole levels, to look for blocks in. */
  y: Float32Array;
  level: Uint8Array;
  /** Chroma 32x18, 0..255. */
  u: Float32Array;
  v: Float32Array;
  /** 16x9 luma, then u, then v. */
  cells: Float32Array;
  mean: number;
  deviation: number;
  /** Deviation of both chroma planes together. */
  colour: number;
  /** Mean absolute difference to the frame before, luma and chroma, in levels. */
  change: number;
}

/** Mean of the source pixels that fall into each cell. Exact when sizes divide, as 256x144 does. */
function shrink(source: ArrayLike<number>, w: number, h: number, out: Float32Array, ow: number, oh: number): void {
  if (w === 4 * ow && h === 4 * oh) {
    quarter(source, w, out, ow, oh);
    return;
  }
  for (let oy = 0; oy < oh; oy++) {
    const y0 = floor((oy * h) / oh);
    const y1 = max(y0 + 1, floor(((oy + 1) * h) / oh));
    for (let ox = 0; ox < ow; ox++) {
      const x0 = floor((ox * w) / ow);
      const x1 = max(x0 + 1, floor(((ox + 1) * w) / ow));
      let sum = 0;
      for (let y = y0; y < y1; y++) for (let i = y * w + x0; i < y * w + x1; i++) sum += source[i]!;
      out[oy * ow + ox] = sum / ((y1 - y0) * (x1 - x0));
    }
  }
}

/** The same for four by four pixels a cell, which is what every frame of a pass needs: four rows at once, no inner loops. */
function quarter(source: ArrayLike<number>, w: number, out: Float32Array, ow: number, oh: number): void {
  let at = 0;
  for (let oy = 0; oy < oh; oy++) {
    let p = 4 * oy * w;
    for (let ox = 0; ox < ow; ox++, p += 4) {
      const q = p + w;
      const r = q + w;
      const s = r + w;
      out[at++] =
        (source[p]! + source[p + 1]! + source[p + 2]! + source[p + 3]! + source[q]! + source[q + 1]! + source[q + 2]! + source[q + 3]! +
          source[r]! + source[r + 1]! + source[r + 2]! + source[r + 3]! + source[s]! + source[s + 1]! + source[s + 2]! + source[s + 3]!) / 16;
    }
  }
}

function meanDifference(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += abs(a[i]! - b[i]!);
  return sum / a.length;
}

function spread(values: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    squares += values[i]! * values[i]!;
  }
  return max(0, squares / values.length - (sum / values.length) ** 2);
}

export function gridOf(frame: SmallFrame, before: Grid | undefined): Grid {
  const y = new Float32Array(GRID_W * GRID_H);
  const u = new Float32Array((GRID_W / 2) * (GRID_H / 2));
  const v = new Float32Array((GRID_W / 2) * (GRID_H / 2));
  const cw = (frame.width + 1) >> 1;
  const ch = (frame.height + 1) >> 1;
  shrink(frame.y, frame.width, frame.height, y, GRID_W, GRID_H);
  shrink(frame.u, cw, ch, u, GRID_W / 2, GRID_H / 2);
  shrink(frame.v, cw, ch, v, GRID_W / 2, GRID_H / 2);
  const cells = new Float32Array(3 * CELLS);
  shrink(y, GRID_W, GRID_H, cells.subarray(0, CELLS), CELLS_W, CELLS_H);
  shrink(u, GRID_W / 2, GRID_H / 2, cells.subarray(CELLS, 2 * CELLS), CELLS_W, CELLS_H);
  shrink(v, GRID_W / 2, GRID_H / 2, cells.subarray(2 * CELLS), CELLS_W, CELLS_H);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < y.length; i++) {
    sum += y[i]!;
    squares += y[i]! * y[i]!;
  }
  const mean = sum / y.length;
  return {
    frame: frame.frame,
    pts: frame.pts,
    y,
    level: Uint8Array.from(y),
    u,
    v,
    cells,
    mean,
    deviation: sqrt(max(0, squares / y.length - mean * mean)),
    colour: sqrt(spread(u) + spread(v)),
    change: before ? meanDifference(y, before.y) + meanDifference(u, before.u) + meanDifference(v, before.v) : 0,
  };
}
