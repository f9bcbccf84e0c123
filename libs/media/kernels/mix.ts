// A gradual transition is a known way to mix the last frame of one shot with the first of the next. So each way is tried: what
// would the frames between A and B look like at their place in time, and how far from that are they?
import { cellDistance, totalApart } from './grid';
import { CELLS, COLUMNS, RESULT, slotOf, STEP, sumF32 } from './layout';

/** The dissolve is 0; the others are 1 + 4 * edge (left, right, up, down) + 2 (the new picture moves) + 1 (the old one moves). */
const DISSOLVE: i32 = 0;
const MIXES: i32 = 17;

/** Planes: luma and both chromas. */
const ALL: i32 = 3;

/** Sum over the cells of `planes` planes of the distance between a frame and what `mix` shows at `progress` (0 old, 1 new), a cell. */
function unexplained(mix: i32, a: usize, b: usize, frame: usize, progress: f32, planes: i32): f32 {
  if (mix == DISSOLVE) {
    const part = f32x4.splat(progress);
    let sum = f32x4.splat(0);
    for (let i: usize = CELLS, end: usize = CELLS + 4 * 144 * planes; i < end; i += 16) {
      const old = v128.load(a + i);
      const shown = v128.add<f32>(old, v128.mul<f32>(v128.sub<f32>(v128.load(b + i), old), part));
      sum = v128.add<f32>(sum, v128.abs<f32>(v128.sub<f32>(v128.load(frame + i), shown)));
    }
    return sumF32(sum) / 144;
  }
  const edge = (mix - 1) >> 2;
  const newMoves = ((mix - 1) & 2) != 0;
  const oldMoves = ((mix - 1) & 1) != 0;
  const upright = edge >= 2;
  const reversed = edge == 0 || edge == 2;
  // Lines along the edge: the nine rows of 16 for an edge that moves up or down, else the sixteen columns of 9 (and three zeros).
  const lines = upright ? 9 : 16;
  const bytes: usize = upright ? 64 : 48;
  const planeBytes: usize = upright ? 576 : 768;
  const base: usize = upright ? CELLS : COLUMNS;
  const at = progress * <f32>lines;
  let sum = f32x4.splat(0);
  for (let d = 0; d < lines; d++) {
    // d counts from the side where the new picture comes in.
    const share = f32x4.splat(Mathf.min(1, Mathf.max(0, at - <f32>d)));
    const here = base + bytes * (reversed ? lines - 1 - d : d);
    const fresh = Mathf.min(<f32>(lines - 1), Mathf.max(0, newMoves ? <f32>(d + lines) - at : <f32>d));
    const old = Mathf.min(<f32>(lines - 1), Mathf.max(0, oldMoves ? <f32>d - at : <f32>d));
    const freshLow = <i32>fresh;
    const oldLow = <i32>old;
    const freshPart = f32x4.splat(fresh - <f32>freshLow);
    const oldPart = f32x4.splat(old - <f32>oldLow);
    const freshHigh = min(lines - 1, freshLow + 1);
    const oldHigh = min(lines - 1, oldLow + 1);
    const a0 = a + base + bytes * (reversed ? lines - 1 - oldLow : oldLow);
    const a1 = a + base + bytes * (reversed ? lines - 1 - oldHigh : oldHigh);
    const b0 = b + base + bytes * (reversed ? lines - 1 - freshLow : freshLow);
    const b1 = b + base + bytes * (reversed ? lines - 1 - freshHigh : freshHigh);
    for (let plane: usize = 0, end = planeBytes * planes; plane < end; plane += planeBytes) {
      for (let i = plane; i < plane + bytes; i += 16) {
        const from = v128.load(a0 + i);
        const to = v128.load(b0 + i);
        const before = v128.add<f32>(from, v128.mul<f32>(v128.sub<f32>(v128.load(a1 + i), from), oldPart));
        const after = v128.add<f32>(to, v128.mul<f32>(v128.sub<f32>(v128.load(b1 + i), to), freshPart));
        const shown = v128.add<f32>(before, v128.mul<f32>(v128.sub<f32>(after, before), share));
        sum = v128.add<f32>(sum, v128.abs<f32>(v128.sub<f32>(v128.load(frame + here + i), shown)));
      }
    }
  }
  return sumF32(sum) / 144;
}

/** Frames to look at inside a window of n steps: all of a short one, five of a long one. */
// @ts-ignore: decorator
@inline
function samples(n: i32): i32 {
  return n <= 6 ? n - 1 : 5;
}

// @ts-ignore: decorator
@inline
function sample(n: i32, k: i32): i32 {
  return n <= 6 ? k + 1 : <i32>Math.floor(<f64>(n * (k + 1)) / 6 + 0.5);
}

/** Summed over the samples; Infinity where that is over `worst`. */
function errorOf(mix: i32, from: i32, n: i32, worst: f32): f32 {
  const a = slotOf(from);
  const b = slotOf(from + n);
  let sum: f32 = 0;
  for (let s = 0; s < samples(n); s++) {
    const k = sample(n, s);
    sum += unexplained(mix, a, b, slotOf(from + k), <f32>k / <f32>n, ALL);
    if (sum > worst) return Infinity;
  }
  return sum;
}

/**
 * The best mix for the frames `from` to `from + n`, or -1 when none explains them; its distance, error, jump error and score lie in
 * RESULT. `maxError` and `maxStep` are shares of the distance between the ends. `only`: the one mix to try, or -1.
 */
export function fit(from: i32, n: i32, minDistance: f32, maxError: f32, maxStep: f32, only: i32): i32 {
  const distance = cellDistance(from, from + n);
  if (distance < minDistance) return -1;
  for (let k = 1; k <= n; k++) if (load<f32>(slotOf(from + k) + STEP) > maxStep * distance) return -1;
  const a = slotOf(from);
  const b = slotOf(from + n);
  const count = samples(n);
  let worst = maxError * distance * <f32>count;
  let best = -1;
  if (only >= 0) {
    const error = errorOf(only, from, n, worst);
    if (error < worst) {
      worst = error;
      best = only;
    }
  } else {
    // Where the middle is not as a mix says, on its luma alone, the mix is not looked into.
    const light = totalApart(a + CELLS, b + CELLS, 144) / 144;
    const middle = (n + 1) >> 1;
    const mixes = distance > 1.5 * minDistance ? MIXES : 1;
    for (let mix = 0; mix < mixes; mix++) {
      const dark = mix == DISSOLVE && light < 0.3 * distance;
      if (!dark && unexplained(mix, a, b, slotOf(from + middle), <f32>middle / <f32>n, 1) >= 1.3 * maxError * light) continue;
      const error = errorOf(mix, from, n, worst);
      if (error < worst) {
        worst = error;
        best = mix;
      }
    }
  }
  if (best < 0) return -1;
  let jump: f32 = 0;
  for (let s = 0; s < count; s++) {
    const k = from + sample(n, s);
    jump += Mathf.min(cellDistance(k, from), cellDistance(k, from + n));
  }
  // Where every frame already is one of the ends there is nothing gradual to explain.
  const all = distance * <f32>count;
  if (jump < 0.1 * all) return -1;
  store<f64>(RESULT, distance);
  store<f64>(RESULT + 8, worst / all);
  store<f64>(RESULT + 16, jump / all);
  store<f64>(RESULT + 24, ((jump - worst) / all) * Mathf.sqrt(distance));
  return best;
}
