import type { Letterbox } from '../types.js';
import { fitMotion, type GlobalMotion } from './fit.js';

// Taken out of Math once: inside jest's sandbox each look at a global costs a microsecond, and these run per pixel.
const { abs, floor, max, min, sqrt } = Math;

/** Blocks of a small frame whose displacement is looked for: 16 x 9 of 16 x 16 pixels. */
export const BLOCKS_X = 16;
export const BLOCKS_Y = 9;
export const BLOCKS = BLOCKS_X * BLOCKS_Y;

/** How the picture moved from one small frame (256x144) to a later one, in pixels of it. */
export interface Motion extends GlobalMotion {
  /** Number of the frame that it is measured from. */
  from: number;
  seconds: number;
  /** Displacement of each block: x and y in turn, NaN where the block has too little texture or is not found again. */
  flow: Float32Array;
}

interface Level {
  width: number;
  height: number;
  data: Float32Array;
}

/** Pixels of half the small frame a block is matched in: 8 x 8 around its middle, at each level. */
const WINDOW = 8;
/** A block counts where both eigenvalues of its mean gradient matrix are above this (levels² a pixel²): an edge alone says nothing along itself. */
const TEXTURE = 3;
/** Farthest shift that is looked for on the smallest level, in its pixels: 72 x 40 of the small frame. */
const REACH_X = 9;
const REACH_Y = 5;
/** Mean difference on the smallest level, in levels, below which nothing can have moved far. */
const CALM = 3;

/**
 * Block displacements by Lucas and Kanade's method (1981; inverse-compositional, Baker and Matthews 2004) over a pyramid, begun at the
 * best whole-picture shift; then a similarity (shift, scale, roll) that most blocks agree on. A change of light moves nothing: each
 * block is compared without its mean.
 */
export class MotionMeter {
  private readonly levels: [Pyramid, Pyramid] = [new Pyramid(), new Pyramid()];
  private frame = -1;
  private seconds = 0;

  /** Frame `frame` shown at `seconds` against the one that was given before; undefined for the first. */
  look(frame: number, seconds: number, y: Uint8Array, bars: Letterbox): Motion | undefined {
    const [before, after] = this.levels;
    after.fill(y);
    const known = this.frame >= 0;
    const [from, elapsed] = [this.frame, seconds - this.seconds];
    this.levels.reverse();
    this.frame = frame;
    this.seconds = seconds;
    if (!known || !(elapsed > 0)) return undefined;
    const flow = blockFlow(before, after, bars);
    return { from, seconds: elapsed, flow, ...fitMotion(flow) };
  }
}

/** A small frame at half, a quarter and an eighth of its size. */
class Pyramid {
  readonly half = level(128, 72);
  readonly quarter = level(64, 36);
  readonly eighth = level(32, 18);

  fill(y: Uint8Array): void {
    halve(y, 256, this.half);
    halve(this.half.data, 128, this.quarter);
    halve(this.quarter.data, 64, this.eighth);
  }
}

const level = (width: number, height: number): Level => ({ width, height, data: new Float32Array(width * height) });

function halve(from: ArrayLike<number>, stride: number, to: Level): void {
  const { width, height, data } = to;
  for (let r = 0, o = 0; r < height; r++) {
    for (let c = 0, i = 2 * r * stride; c < width; c++, i += 2, o++) data[o] = 0.25 * (from[i]! + from[i + 1]! + from[i + stride]! + from[i + stride + 1]!);
  }
}

function blockFlow(before: Pyramid, after: Pyramid, bars: Letterbox): Float32Array {
  const flow = new Float32Array(2 * BLOCKS).fill(NaN);
  const calm = difference(before.eighth, after.eighth, 0, 0) < CALM;
  const start = calm ? { x: 0, y: 0 } : wholeShift(before.eighth, after.eighth);
  for (let by = 0, b = 0; by < BLOCKS_Y; by++) {
    for (let bx = 0; bx < BLOCKS_X; bx++, b++) {
      const left = 16 * bx;
      const top = 16 * by;
      // The edge of a bar stands still whatever the picture does.
      if ((bars.left > 0 && left < bars.left + 2) || (bars.right > 0 && left + 16 > 254 - bars.right)) continue;
      if ((bars.top > 0 && top < bars.top + 2) || (bars.bottom > 0 && top + 16 > 142 - bars.bottom)) continue;
      atX = 2 * start.x;
      atY = 2 * start.y;
      if (!calm && !track(before.quarter, after.quarter, (left >> 2) - 2, (top >> 2) - 2, 3)) continue;
      atX *= 2;
      atY *= 2;
      if (!track(before.half, after.half, left >> 1, top >> 1, 3)) continue;
      flow[2 * b] = 2 * atX;
      flow[2 * b + 1] = 2 * atY;
    }
  }
  return flow;
}

/** The shift of the whole picture in pixels of the smallest level, by the least mean difference. */
function wholeShift(before: Level, after: Level): { x: number; y: number } {
  const still = difference(before, after, 0, 0);
  let best = { x: 0, y: 0 };
  // A shift must be plainly better than none: flat pictures are alike at every shift.
  let least = 0.8 * still;
  for (let y = -REACH_Y; y <= REACH_Y; y++) {
    for (let x = -REACH_X; x <= REACH_X; x++) {
      const found = difference(before, after, x, y);
      if (found < least) {
        least = found;
        best = { x, y };
      }
    }
  }
  return best;
}

function difference({ width, height, data: a }: Level, { data: b }: Level, dx: number, dy: number): number {
  const [left, right, top, bottom] = [max(0, -dx), min(width, width - dx), max(0, -dy), min(height, height - dy)];
  let sum = 0;
  for (let r = top; r < bottom; r++) {
    const [i, j] = [r * width, (r + dy) * width + dx];
    for (let c = left; c < right; c++) sum += abs(a[i + c]! - b[j + c]!);
  }
  return sum / ((right - left) * (bottom - top));
}

// Where the block that is tracked lies in the later picture, relative to where it was; and its window: made once, this runs for every block.
let atX = 0;
let atY = 0;
const PIXELS = WINDOW * WINDOW;
const old = new Float32Array(PIXELS);
const gx = new Float32Array(PIXELS);
const gy = new Float32Array(PIXELS);

/** Moves (atX, atY) to where the window at (left, top) of `a` is found in `b`; false where it has no texture or is not found. */
function track(a: Level, b: Level, left: number, top: number, steps: number): boolean {
  const { width, height } = a;
  const [from, to] = [a.data, b.data];
  const x0 = min(max(1, left), width - WINDOW - 1);
  const y0 = min(max(1, top), height - WINDOW - 1);
  let mx = 0;
  let my = 0;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let r = 0, k = 0; r < WINDOW; r++) {
    for (let c = 0, i = (y0 + r) * width + x0; c < WINDOW; c++, i++, k++) {
      const px = 0.5 * (from[i + 1]! - from[i - 1]!);
      const py = 0.5 * (from[i + width]! - from[i - width]!);
      old[k] = from[i]!;
      gx[k] = px;
      gy[k] = py;
      mx += px;
      my += py;
      xx += px * px;
      xy += px * py;
      yy += py * py;
    }
  }
  xx -= (mx * mx) / PIXELS;
  xy -= (mx * my) / PIXELS;
  yy -= (my * my) / PIXELS;
  const det = xx * yy - xy * xy;
  if ((xx + yy - sqrt((xx - yy) * (xx - yy) + 4 * xy * xy)) / 2 < TEXTURE * PIXELS) return false;
  let error = 0;
  for (let step = 0; step < steps; step++) {
    const fx = x0 + atX;
    const fy = y0 + atY;
    if (!(fx >= 0 && fy >= 0 && fx < width - WINDOW - 1 && fy < height - WINDOW - 1)) return false;
    const ix = floor(fx);
    const iy = floor(fy);
    const w11 = (fx - ix) * (fy - iy);
    const w10 = fx - ix - w11;
    const w01 = fy - iy - w11;
    const w00 = 1 - w11 - w10 - w01;
    let sum = 0;
    let bx = 0;
    let by = 0;
    error = 0;
    for (let r = 0, k = 0; r < WINDOW; r++) {
      for (let c = 0, i = (iy + r) * width + ix; c < WINDOW; c++, i++, k++) {
        const e = w00 * to[i]! + w10 * to[i + 1]! + w01 * to[i + width]! + w11 * to[i + width + 1]! - old[k]!;
        sum += e;
        bx += e * gx[k]!;
        by += e * gy[k]!;
        error += e * e;
      }
    }
    bx -= (sum * mx) / PIXELS;
    by -= (sum * my) / PIXELS;
    error -= (sum * sum) / PIXELS;
    const stepX = (yy * bx - xy * by) / det;
    const stepY = (xx * by - xy * bx) / det;
    if (!(abs(stepX) + abs(stepY) < WINDOW)) return false;
    atX -= stepX;
    atY -= stepY;
    if (abs(stepX) + abs(stepY) < 0.03) break;
  }
  // What is left must be little beside what a shift by one pixel would leave.
  return error < 0.35 * (xx + yy) + 4 * PIXELS;
}
