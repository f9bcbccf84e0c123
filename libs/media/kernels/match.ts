// How little of one frame can be found in another.
import { apart, COLOUR, DEVIATION, GRID_H, GRID_W, LEVEL, slotOf, sumF32, sumI32, U, V, Y } from './layout';

/** Luma deviation under which a frame is one colour. */
const PLAIN: f32 = 6;
const BLOCK_W: i32 = 8;
const BLOCK_H: i32 = 6;
const AREA: i32 = BLOCK_W * BLOCK_H;
const CHROMA_W: i32 = GRID_W / 2;
const CHROMA_H: i32 = GRID_H / 2;

/**
 * Displacements dx, dy by twos within 6 x 4 cells, every other one each way, nearest first: the match is mostly near, and a good one
 * early ends the search. The best of them is then looked at one cell further each way (a third of the work of looking everywhere).
 */
const MOVES: StaticArray<i8> = [
  0, 0, 0, -2, -2, 0, 2, 0, 0, 2, -2, -2, 2, -2, -2, 2, 2, 2, 0, -4, -4, 0, 4, 0, 0, 4, -2, -4, 2, -4, -4, -2, 4, -2, -4, 2, 4, 2, -2, 4, 2, 4,
  -4, -4, 4, -4, -4, 4, 4, 4, -6, 0, 6, 0, -6, -2, 6, -2, -6, 2, 6, 2, -6, -4, 6, -4, -6, 4, 6, 4,
];
const AROUND: StaticArray<i8> = [-1, -1, 0, -1, 1, -1, -1, 0, 1, 0, -1, 1, 0, 1, 1, 1];

/** Luma of the frame that is looked in, relit perhaps. */
const compensated = memory.data(2304);
/** What its chroma is taken times. */
let chromaGain: f32 = 1;

/**
 * How little of frame `b` can be found in frame `a`: 0 the same picture (moved, relit), 1 nothing in common.
 * Each 8x6 block of `b` looks for its like in `a` within 11% of the width, so camera moves and moving people match and another
 * place does not. Light is judged twice: as it is, and after `a` was given the luma histogram of `b` (flashes, brightness steps,
 * film flicker: any tone curve). The kinder answer counts, because a caption appearing shifts the histogram without any change of light.
 * `enough`: under this the exact number does not matter to the caller.
 */
export function unlike(a: i32, b: i32, enough: f32): f32 {
  const one = slotOf(a);
  const two = slotOf(b);
  const swap = load<f32>(one + DEVIATION) >= load<f32>(two + DEVIATION);
  const plainer = swap ? two : one;
  const other = swap ? one : two;
  if (load<f32>(plainer + DEVIATION) < PLAIN && load<f32>(other + DEVIATION) > 2 * load<f32>(plainer + DEVIATION)) {
    // Under some light every picture looks like a plain one, so here light is no excuse. And where there is little to see (a title
    // on black) it is the little that counts, not the ground around it: blocks weigh by their texture.
    memory.copy(compensated, plainer + LEVEL, 2304);
    chromaGain = 1;
    return oneWay(plainer, other, 1.5, true);
  }
  const asIs = bothWays(one, two, false);
  return asIs < enough ? asIs : Mathf.min(asIs, bothWays(one, two, true));
}

/** The worse of both directions: anything is found in a picture with more in it, an empty wall in every picture. */
function bothWays(a: usize, b: usize, relight: bool): f32 {
  return Mathf.max(lit(a, b, relight), lit(b, a, relight));
}

function lit(a: usize, b: usize, relight: bool): f32 {
  if (relight) giveHistogram(a + LEVEL, b + LEVEL);
  else memory.copy(compensated, a + LEVEL, 2304);
  // Light scales colours with it; what is left of them counts half then.
  chromaGain = relight ? Mathf.min(2.5, Mathf.max(0.4, (load<f32>(b + COLOUR) + 1) / (load<f32>(a + COLOUR) + 1))) : 1;
  return oneWay(a, b, relight ? 0.75 : 1.5, false);
}

/** `compensated` holds the luma of `a` to compare with. */
function oneWay(a: usize, b: usize, chromaWeight: f32, byTexture: bool): f32 {
  let total: f32 = 0;
  let weights: f32 = 0;
  for (let y = 0; y < GRID_H; y += BLOCK_H) {
    for (let x = 0; x < GRID_W; x += BLOCK_W) {
      const texture = textureOf(b, x, y);
      const weight: f32 = byTexture ? texture + 2 : 1;
      total += weight * blockUnlike(a, b, x, y, chromaWeight, texture);
      weights += weight;
    }
  }
  return total / weights;
}

/** Mean absolute deviation of a block's luma. */
function textureOf(grid: usize, x: i32, y: i32): f32 {
  const at = grid + Y + 4 * (y * GRID_W + x);
  let sum = f32x4.splat(0);
  for (let r = 0; r < BLOCK_H; r++) sum = v128.add<f32>(sum, v128.add<f32>(v128.load(at + 4 * r * GRID_W), v128.load(at + 4 * r * GRID_W + 16)));
  const mean = f32x4.splat(sumF32(sum) / <f32>AREA);
  sum = f32x4.splat(0);
  for (let r = 0; r < BLOCK_H; r++) {
    const left = v128.abs<f32>(v128.sub<f32>(v128.load(at + 4 * r * GRID_W), mean));
    const right = v128.abs<f32>(v128.sub<f32>(v128.load(at + 4 * r * GRID_W + 16), mean));
    sum = v128.add<f32>(sum, v128.add<f32>(left, right));
  }
  return sumF32(sum) / <f32>AREA;
}

const histogramA = memory.data(256 * 4);
const histogramB = memory.data(256 * 4);
const curve = memory.data(256);

function giveHistogram(from: usize, to: usize): void {
  memory.fill(histogramA, 0, 1024);
  memory.fill(histogramB, 0, 1024);
  for (let i: usize = 0; i < 2304; i++) {
    const one = histogramA + 4 * <usize>load<u8>(from + i);
    const two = histogramB + 4 * <usize>load<u8>(to + i);
    store<u32>(one, load<u32>(one) + 1);
    store<u32>(two, load<u32>(two) + 1);
  }
  let below: f32 = 0;
  let level: u32 = 0;
  let reached: f32 = <f32>load<u32>(histogramB);
  for (let i: u32 = 0; i < 256; i++) {
    const count = <f32>load<u32>(histogramA + 4 * i);
    const middle = below + count / 2;
    below += count;
    while (reached < middle && level < 255) reached += <f32>load<u32>(histogramB + 4 * ++level);
    store<u8>(curve + i, <u8>level);
  }
  for (let i: usize = 0; i < 2304; i++) store<u8>(compensated + i, load<u8>(curve + <usize>load<u8>(from + i)));
}

function blockUnlike(a: usize, b: usize, x0: i32, y0: i32, chromaWeight: f32, texture: f32): f32 {
  const at = b + LEVEL + y0 * GRID_W + x0;
  const rows01 = pair(at);
  const rows23 = pair(at + 2 * GRID_W);
  const rows45 = pair(at + 4 * GRID_W);
  let best = i32.MAX_VALUE;
  let bestX = 0;
  let bestY = 0;
  let aroundX = 0;
  let aroundY = 0;
  const moves = MOVES.length;
  for (let k = 0; k < moves + AROUND.length; k += 2) {
    if (k == moves) {
      aroundX = bestX;
      aroundY = bestY;
    }
    const dx = k < moves ? <i32>unchecked(MOVES[k]) : aroundX + <i32>unchecked(AROUND[k - moves]);
    const dy = k < moves ? <i32>unchecked(MOVES[k + 1]) : aroundY + <i32>unchecked(AROUND[k - moves + 1]);
    if (x0 + dx < 0 || x0 + dx + BLOCK_W > GRID_W || y0 + dy < 0 || y0 + dy + BLOCK_H > GRID_H) continue;
    const p = compensated + (y0 + dy) * GRID_W + x0 + dx;
    let sums = i16x8.extadd_pairwise_i8x16_u(apart(rows01, pair(p)));
    sums = v128.add<i16>(sums, i16x8.extadd_pairwise_i8x16_u(apart(rows23, pair(p + 2 * GRID_W))));
    sums = v128.add<i16>(sums, i16x8.extadd_pairwise_i8x16_u(apart(rows45, pair(p + 4 * GRID_W))));
    const sum = sumI32(i32x4.extadd_pairwise_i16x8_u(sums));
    if (sum >= best) continue;
    best = sum;
    bestX = dx;
    bestY = dy;
    // Under a level a pixel there is nothing better to find.
    if (best < AREA) break;
  }
  const luma = <f32>best / <f32>AREA;
  const chroma = chromaApart(a, b, x0 / 2, y0 / 2, bestX >> 1, bestY >> 1);
  return Mathf.min(1, (luma + chromaWeight * chroma) / (texture + 8));
}

/** Eight bytes of a row and of the next one. */
// @ts-ignore: decorator
@inline
function pair(at: usize): v128 {
  return v128.load64_lane(at + GRID_W, v128.load64_zero(at), 1);
}

function chromaApart(a: usize, b: usize, x0: i32, y0: i32, dx: i32, dy: i32): f32 {
  const sx = min(CHROMA_W - BLOCK_W / 2, max(0, x0 + dx));
  const sy = min(CHROMA_H - BLOCK_H / 2, max(0, y0 + dy));
  const gain = f32x4.splat(chromaGain);
  const grey = f32x4.splat(128);
  let sum = f32x4.splat(0);
  for (let r = 0; r < BLOCK_H / 2; r++) {
    const p = b + U + 4 * ((y0 + r) * CHROMA_W + x0);
    const q = a + U + 4 * ((sy + r) * CHROMA_W + sx);
    sum = v128.add<f32>(sum, colourApart(p, q, grey, gain));
    sum = v128.add<f32>(sum, colourApart(p + (V - U), q + (V - U), grey, gain));
  }
  return sumF32(sum) / <f32>(AREA / 4);
}

// @ts-ignore: decorator
@inline
function colourApart(p: usize, q: usize, grey: v128, gain: v128): v128 {
  return v128.abs<f32>(v128.sub<f32>(v128.sub<f32>(v128.load(p), grey), v128.mul<f32>(v128.sub<f32>(v128.load(q), grey), gain)));
}
