import { CELLS, CELLS_H, CELLS_W, type Grid } from './grid.js';

// Taken out of Math once: inside jest's sandbox each look at a global costs a microsecond, and these run per pixel.
const { abs, floor, max, min, round, sqrt } = Math;

// A gradual transition is a known way to mix the last frame of one shot with the first of the next. So each way is tried: what
// would the frames between A and B look like at their place in time, and how far from that are they?

type Edge = 'left' | 'right' | 'up' | 'down';
export interface Mix {
  kind: 'dissolve' | 'wipe';
  /** Where the edge moves to; absent for a dissolve. */
  edge?: Edge;
  /** Which pictures move with the edge: neither (wipe), the new one (cover), the old one (reveal), both (push). */
  newMoves: boolean;
  oldMoves: boolean;
}

const EDGES: Edge[] = ['left', 'right', 'up', 'down'];
const DISSOLVE: Mix = { kind: 'dissolve', newMoves: false, oldMoves: false };
const EDGED: Mix[] = EDGES.flatMap((edge) =>
  [false, true].flatMap((newMoves) => [false, true].map((oldMoves): Mix => ({ kind: 'wipe', edge, newMoves, oldMoves }))),
);

/** How well the frames between two frames are explained by one mix of them. */
export interface Fit {
  /** The last frame of the old shot and the first of the new one. */
  from: number;
  to: number;
  mix: Mix;
  /** Difference between the two ends, in levels (luma and chroma summed). */
  distance: number;
  /** What the mix leaves unexplained, as a share of the distance. */
  error: number;
  /** What a jump between the ends would leave unexplained; a mix must be much better than that. */
  jumpError: number;
  score: number;
}

const predicted = new Float32Array(3 * CELLS);

/** The frame that `mix` shows at `progress` (0 old, 1 new), for the first `planes` planes, into `predicted`. */
function predict(mix: Mix, a: Float32Array, b: Float32Array, progress: number, planes: number): void {
  if (!mix.edge) {
    for (let i = 0; i < planes * CELLS; i++) predicted[i] = a[i]! + (b[i]! - a[i]!) * progress;
    return;
  }
  const vertical = mix.edge === 'up' || mix.edge === 'down';
  const reversed = mix.edge === 'left' || mix.edge === 'up';
  const n = vertical ? CELLS_H : CELLS_W;
  const others = vertical ? CELLS_W : CELLS_H;
  const along = vertical ? CELLS_W : 1;
  const across = vertical ? 1 : CELLS_W;
  const edge = progress * n;
  for (let d = 0; d < n; d++) {
    // d counts from the side where the new picture comes in.
    const share = min(1, max(0, edge - d));
    const here = (reversed ? n - 1 - d : d) * along;
    const [newLow, newHigh, newPart] = place(mix.newMoves ? d + n - edge : d, n, reversed, along);
    const [oldLow, oldHigh, oldPart] = place(mix.oldMoves ? d - edge : d, n, reversed, along);
    for (let plane = 0; plane < planes; plane++) {
      let base = plane * CELLS;
      for (let o = 0; o < others; o++, base += across) {
        const old = a[base + oldLow]! + (a[base + oldHigh]! - a[base + oldLow]!) * oldPart;
        const fresh = b[base + newLow]! + (b[base + newHigh]! - b[base + newLow]!) * newPart;
        predicted[base + here] = old + (fresh - old) * share;
      }
    }
  }
}

const placed: [number, number, number] = [0, 0, 0];
const placedToo: [number, number, number] = [0, 0, 0];
let turn = false;

/** The two neighbouring cells of a position between cells, and the share of the second. */
function place(at: number, n: number, reversed: boolean, along: number): [number, number, number] {
  turn = !turn;
  const out = turn ? placed : placedToo;
  const clamped = min(n - 1, max(0, at));
  const low = floor(clamped);
  const high = min(n - 1, low + 1);
  out[0] = (reversed ? n - 1 - low : low) * along;
  out[1] = (reversed ? n - 1 - high : high) * along;
  out[2] = clamped - low;
  return out;
}

function difference(a: Float32Array, b: Float32Array, planes = 3): number {
  let sum = 0;
  for (let i = 0; i < planes * CELLS; i++) sum += abs(a[i]! - b[i]!);
  return sum / CELLS;
}

export const cellDistance = (a: Grid, b: Grid): number => difference(a.cells, b.cells);

/** Frames to look at inside a window of n steps: all of a short one, five of a long one. */
function samples(n: number): number[] {
  if (n <= 6) return Array.from({ length: n - 1 }, (_, i) => i + 1);
  return [1, 2, 3, 4, 5].map((k) => round((n * k) / 6));
}

function errorOf(mix: Mix, frames: readonly Grid[], a: Grid, b: Grid, at: number[], n: number, worst: number): number {
  let sum = 0;
  for (const k of at) {
    predict(mix, a.cells, b.cells, k / n, 3);
    sum += difference(frames[k]!.cells, predicted);
    if (sum > worst) return Infinity;
  }
  return sum;
}

/** The best mix for frames[0]..frames[n], or nothing when none explains them. `maxError` is a share of the distance between the ends. */
export function fitMix(frames: readonly Grid[], minDistance: number, maxError: number, only?: Mix): Fit | undefined {
  const n = frames.length - 1;
  const a = frames[0]!;
  const b = frames[n]!;
  const distance = cellDistance(a, b);
  if (distance < minDistance) return undefined;
  const at = samples(n);
  const middle = round(n / 2);
  let worst = maxError * distance * at.length;
  let best: Mix | undefined;
  const consider = (mix: Mix): void => {
    const error = errorOf(mix, frames, a, b, at, n, worst);
    if (error < worst) {
      worst = error;
      best = mix;
    }
  };
  const middleFits = (mix: Mix): boolean => {
    predict(mix, a.cells, b.cells, middle / n, 1);
    return difference(frames[middle]!.cells, predicted, 1) < 1.3 * maxError * lumaDistance;
  };
  const lumaDistance = difference(a.cells, b.cells, 1);
  if (only) consider(only);
  else {
    if (lumaDistance < 0.3 * distance || middleFits(DISSOLVE)) consider(DISSOLVE);
    if (distance > 1.5 * minDistance) {
      for (const mix of EDGED) if (middleFits(mix)) consider(mix);
    }
  }
  if (!best) return undefined;
  let jump = 0;
  for (const k of at) jump += min(difference(frames[k]!.cells, a.cells), difference(frames[k]!.cells, b.cells));
  // Where every frame already is one of the ends there is nothing gradual to explain.
  if (jump < 0.1 * distance * at.length) return undefined;
  const error = worst / (distance * at.length);
  const jumpError = jump / (distance * at.length);
  return { from: a.frame, to: b.frame, mix: best, distance, error, jumpError, score: (jumpError - error) * sqrt(distance) };
}
