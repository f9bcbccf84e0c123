import { GRID_H, GRID_W, type Grid } from './grid.js';

// Taken out of Math once: inside jest's sandbox each look at a global costs a microsecond, and these run per pixel.
const { abs, floor, max, min } = Math;

/** Luma deviation under which a frame is one colour. */
export const PLAIN = 6;

const BLOCK_W = 8;
const BLOCK_H = 6;
const COLUMNS = GRID_W / BLOCK_W;
const ROWS = GRID_H / BLOCK_H;
const REACH_X = 6;
const REACH_Y = 4;
const CW = GRID_W / 2;

/**
 * Displacements dx, dy by twos, nearest first: the match is mostly near, and a good one early ends the others after a row. The best of
 * them is then looked at one cell further each way (a third of the work of looking everywhere).
 */
const MOVES = Int8Array.from(
  Array.from({ length: (REACH_X + 1) * (REACH_Y + 1) }, (_, i) => [2 * (i % (REACH_X + 1)) - REACH_X, 2 * floor(i / (REACH_X + 1)) - REACH_Y] as const)
    .sort((p, q) => p[0] ** 2 + p[1] ** 2 - q[0] ** 2 - q[1] ** 2)
    .flat(),
);
const AROUND = Int8Array.from([-1, -1, 0, -1, 1, -1, -1, 0, 1, 0, -1, 1, 0, 1, 1, 1]);

const compensated = new Uint8Array(GRID_W * GRID_H);
/** What the chroma of `a` is taken times. */
let chromaGain = 1;

/**
 * How little of `b` can be found in `a`: 0 the same picture (moved, relit), 1 nothing in common.
 * Each 8x6 block of `b` looks for its like in `a` within 11% of the width, so camera moves and moving people match and another
 * place does not. Light is judged twice: as it is, and after `a` was given the luma histogram of `b` (flashes, brightness steps,
 * film flicker: any tone curve). The kinder answer counts, because a caption appearing shifts the histogram without any change of light.
 * `enough`: under this the exact number does not matter to the caller.
 */
export function unlike(a: Grid, b: Grid, enough = 0.05): number {
  const [plainer, other] = a.deviation < b.deviation ? [a, b] : [b, a];
  if (plainer.deviation < PLAIN && other.deviation > 2 * plainer.deviation) {
    // Under some light every picture looks like a plain one, so here light is no excuse. And where there is little to see (a title
    // on black) it is the little that counts, not the ground around it: blocks weigh by their texture.
    compensated.set(plainer.level);
    chromaGain = 1;
    return unlikeOneWay(plainer, other, 1.5, true);
  }
  const asIs = unlikeLit(a, b, false);
  return asIs < enough ? asIs : min(asIs, unlikeLit(a, b, true));
}

/** The worse of both directions: anything is found in a picture with more in it, an empty wall in every picture. */
function unlikeLit(a: Grid, b: Grid, relight: boolean): number {
  return max(relit(a, b, relight), relit(b, a, relight));
}

function relit(a: Grid, b: Grid, relight: boolean): number {
  if (relight) giveHistogram(a.level, b.level);
  else compensated.set(a.level);
  // Light scales colours with it; what is left of them counts half then.
  chromaGain = relight ? min(2.5, max(0.4, (b.colour + 1) / (a.colour + 1))) : 1;
  return unlikeOneWay(a, b, relight ? 0.75 : 1.5, false);
}

/** `compensated` holds the luma of `a` to compare with. */
function unlikeOneWay(a: Grid, b: Grid, chromaWeight: number, byTexture: boolean): number {
  let total = 0;
  let weights = 0;
  for (let by = 0; by < ROWS; by++) {
    for (let bx = 0; bx < COLUMNS; bx++) {
      const texture = textureOf(b, bx * BLOCK_W, by * BLOCK_H);
      const weight = byTexture ? texture + 2 : 1;
      total += weight * blockUnlike(a, b, bx, by, chromaWeight, texture);
      weights += weight;
    }
  }
  return total / weights;
}

/** Mean absolute deviation of a block's luma. */
function textureOf(grid: Grid, x0: number, y0: number): number {
  let mean = 0;
  for (let y = 0; y < BLOCK_H; y++) for (let x = 0; x < BLOCK_W; x++) mean += grid.y[(y0 + y) * GRID_W + x0 + x]!;
  mean /= BLOCK_W * BLOCK_H;
  let texture = 0;
  for (let y = 0; y < BLOCK_H; y++) for (let x = 0; x < BLOCK_W; x++) texture += abs(grid.y[(y0 + y) * GRID_W + x0 + x]! - mean);
  return texture / (BLOCK_W * BLOCK_H);
}

const LEVELS = 256;
const histogramA = new Float64Array(LEVELS);
const histogramB = new Float64Array(LEVELS);
const curve = new Uint8Array(LEVELS);

function giveHistogram(from: Uint8Array, to: Uint8Array): void {
  histogramA.fill(0);
  histogramB.fill(0);
  for (let i = 0; i < from.length; i++) {
    histogramA[from[i]!]!++;
    histogramB[to[i]!]!++;
  }
  let below = 0;
  let level = 0;
  let reached = histogramB[0]!;
  for (let i = 0; i < LEVELS; i++) {
    const middle = below + histogramA[i]! / 2;
    below += histogramA[i]!;
    while (reached < middle && level < LEVELS - 1) reached += histogramB[++level]!;
    curve[i] = level;
  }
  for (let i = 0; i < from.length; i++) compensated[i] = curve[from[i]!]!;
}

function blockUnlike(a: Grid, b: Grid, bx: number, by: number, chromaWeight: number, texture: number): number {
  const x0 = bx * BLOCK_W;
  const y0 = by * BLOCK_H;
  const level = b.level;
  let best = Infinity;
  let bestX = 0;
  let bestY = 0;
  let [aroundX, aroundY] = [0, 0];
  for (let k = 0; k < MOVES.length + AROUND.length; k += 2) {
    if (k === MOVES.length) [aroundX, aroundY] = [bestX, bestY];
    const dx = k < MOVES.length ? MOVES[k]! : aroundX + AROUND[k - MOVES.length]!;
    const dy = k < MOVES.length ? MOVES[k + 1]! : aroundY + AROUND[k - MOVES.length + 1]!;
    if (x0 + dx < 0 || x0 + dx + BLOCK_W > GRID_W || y0 + dy < 0 || y0 + dy + BLOCK_H > GRID_H) continue;
    let sum = 0;
    for (let y = 0; y < BLOCK_H && sum < best; y++) {
      const p = (y0 + y) * GRID_W + x0;
      const q = p + dy * GRID_W + dx;
      for (let x = 0; x < BLOCK_W; x++) sum += abs(level[p + x]! - compensated[q + x]!);
    }
    if (sum < best) {
      best = sum;
      bestX = dx;
      bestY = dy;
      // Under a level a pixel there is nothing better to find.
      if (best < BLOCK_W * BLOCK_H) break;
    }
  }
  const luma = best / (BLOCK_W * BLOCK_H);
  const chroma = chromaDifference(a, b, x0 / 2, y0 / 2, bestX >> 1, bestY >> 1);
  return min(1, (luma + chromaWeight * chroma) / (texture + 8));
}

function chromaDifference(a: Grid, b: Grid, x0: number, y0: number, dx: number, dy: number): number {
  const sx = min(CW - BLOCK_W / 2, max(0, x0 + dx));
  const sy = min(GRID_H / 2 - BLOCK_H / 2, max(0, y0 + dy));
  let sum = 0;
  for (let y = 0; y < BLOCK_H / 2; y++) {
    for (let x = 0; x < BLOCK_W / 2; x++) {
      const p = (y0 + y) * CW + x0 + x;
      const q = (sy + y) * CW + sx + x;
      sum += abs(b.u[p]! - 128 - (a.u[q]! - 128) * chromaGain) + abs(b.v[p]! - 128 - (a.v[q]! - 128) * chromaGain);
    }
  }
  return sum / ((BLOCK_W / 2) * (BLOCK_H / 2));
}
