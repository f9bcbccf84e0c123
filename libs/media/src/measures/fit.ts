const { floor, imul, log, max, sqrt } = Math;

/** How the picture as a whole moved, in pixels of the small frame around its middle. */
export interface GlobalMotion {
  /** Blocks whose displacement is known, of 144. */
  blocks: number;
  /** Shift of the middle; to the right and down is positive. */
  x: number;
  y: number;
  /** Natural logarithm of the growth: positive where the picture grows. */
  scale: number;
  /** Turn of the picture in radians, clockwise positive. */
  roll: number;
  /** Share of the known blocks that move with it. */
  support: number;
  /** Share of the known blocks that stand still. */
  still: number;
  /** Mean displacement of the known blocks, and what is left of it without the motion of the whole. */
  speed: number;
  residual: number;
}

/** Fewer known blocks say nothing of the whole. */
export const ENOUGH_BLOCKS = 10;
/** A block moves with the whole within so many pixels and this part of its way, and stands still below half of the first. */
const TOLERANCE = 0.5;
const OF_WAY = 0.06;
const TRIES = 24;

/** The middles of the 16 x 9 blocks against the middle of the small frame. */
export const BLOCK_X = Float32Array.from({ length: 144 }, (_, b) => (b % 16) * 16 - 120);
export const BLOCK_Y = Float32Array.from({ length: 144 }, (_, b) => floor(b / 16) * 16 - 64);
/** Edges of the frame count more: what moves by itself is more often in the middle. */
const WEIGHT = Float32Array.from({ length: 144 }, (_, b) => (b % 16 < 3 || b % 16 > 12 || b < 32 ? 1.5 : 1));

const NOTHING: GlobalMotion = { blocks: 0, x: 0, y: 0, scale: 0, roll: 0, support: 0, still: 0, speed: 0, residual: 0 };

/**
 * The similarity that the most blocks agree on (random samples of two blocks, Fischler and Bolles 1981, with a fixed seed), refined by
 * least squares whose weights fall with the residual (Cauchy).
 */
export function fitMotion(flow: Float32Array): GlobalMotion {
  const known: number[] = [];
  for (let b = 0; b < 144; b++) if (flow[2 * b]! === flow[2 * b]!) known.push(b);
  const n = known.length;
  if (n < ENOUGH_BLOCKS) return { ...NOTHING, blocks: n };
  let best: Similarity = ZERO;
  let most = agreeing(flow, known, ZERO);
  let random = 1;
  const next = (): number => known[((random = (imul(random, 1664525) + 1013904223) >>> 0) >>> 8) % n]!;
  for (let t = 0; t < TRIES; t++) {
    const p = fromTwo(flow, next(), next());
    const score = p ? agreeing(flow, known, p) : 0;
    if (score > most) [best, most] = [p!, score];
  }
  let p = best;
  for (let round = 0; round < 4; round++) p = leastSquares(flow, known, p) ?? p;
  let all = 0;
  let still = 0;
  let speed = 0;
  let residual = 0;
  for (const b of known) {
    const moved = flow[2 * b]! ** 2 + flow[2 * b + 1]! ** 2;
    all += WEIGHT[b]!;
    if (moved < (TOLERANCE / 2) ** 2) still += WEIGHT[b]!;
    speed += sqrt(moved);
    residual += sqrt(away(flow, b, p));
  }
  return { blocks: n, x: p.x, y: p.y, scale: log(max(0.2, 1 + p.s)), roll: p.r, support: agreeing(flow, known, p) / all, still: still / all, speed: speed / n, residual: residual / n };
}

/** Displacement (x - r·v + s·u, y + r·u + s·v) of the point (u, v). */
interface Similarity {
  x: number;
  y: number;
  s: number;
  r: number;
}

const ZERO: Similarity = { x: 0, y: 0, s: 0, r: 0 };

/** Squared distance of a block's displacement from what the motion says. */
function away(flow: Float32Array, b: number, { x, y, s, r }: Similarity): number {
  const dx = flow[2 * b]! - x - s * BLOCK_X[b]! + r * BLOCK_Y[b]!;
  const dy = flow[2 * b + 1]! - y - r * BLOCK_X[b]! - s * BLOCK_Y[b]!;
  return dx * dx + dy * dy;
}

/** Weight of the blocks that move as it says. */
function agreeing(flow: Float32Array, known: readonly number[], p: Similarity): number {
  let score = 0;
  const near = (TOLERANCE + OF_WAY * sqrt(p.x * p.x + p.y * p.y)) ** 2;
  for (const b of known) if (away(flow, b, p) < near) score += WEIGHT[b]!;
  return score;
}

function fromTwo(flow: Float32Array, a: number, b: number): Similarity | undefined {
  const [dx, dy] = [BLOCK_X[b]! - BLOCK_X[a]!, BLOCK_Y[b]! - BLOCK_Y[a]!];
  const length = dx * dx + dy * dy;
  // Near neighbours would turn a tenth of a pixel into a large zoom.
  if (length < 48 * 48) return undefined;
  const [du, dv] = [flow[2 * b]! - flow[2 * a]!, flow[2 * b + 1]! - flow[2 * a + 1]!];
  const [s, r] = [(dx * du + dy * dv) / length, (dx * dv - dy * du) / length];
  return { x: flow[2 * a]! - s * BLOCK_X[a]! + r * BLOCK_Y[a]!, y: flow[2 * a + 1]! - r * BLOCK_X[a]! - s * BLOCK_Y[a]!, s, r };
}

/** One round of weighted least squares around `p`. The four unknowns part into sums because a similarity is linear in them. */
function leastSquares(flow: Float32Array, known: readonly number[], p: Similarity): Similarity | undefined {
  let w = 0;
  let wx = 0;
  let wy = 0;
  let wq = 0;
  let wu = 0;
  let wv = 0;
  let wr = 0;
  let wt = 0;
  for (const b of known) {
    const left = away(flow, b, p) / (TOLERANCE / 2) ** 2;
    if (left > 16) continue;
    const x = BLOCK_X[b]!;
    const y = BLOCK_Y[b]!;
    const u = flow[2 * b]!;
    const v = flow[2 * b + 1]!;
    const k = WEIGHT[b]! / (1 + left);
    w += k;
    wx += k * x;
    wy += k * y;
    wq += k * (x * x + y * y);
    wu += k * u;
    wv += k * v;
    wr += k * (x * u + y * v);
    wt += k * (x * v - y * u);
  }
  if (w < 4) return undefined;
  const spread = wq - (wx * wx + wy * wy) / w;
  if (spread < 400 * w) return undefined;
  const s = (wr - (wx * wu + wy * wv) / w) / spread;
  const r = (wt - (wx * wv - wy * wu) / w) / spread;
  return { x: (wu - s * wx + r * wy) / w, y: (wv - r * wx - s * wy) / w, s, r };
}

