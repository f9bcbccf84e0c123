// A frame reduced to 64x36, and what is told of it at once.
import { CELLS, CHANGE, COLOUR, COLUMNS, DEVIATION, FRAMES, FRAME_W, GRID_H, GRID_W, LEVEL, LUMA, MEAN, slotOf, STEP, sumF32, U, V, Y } from './layout';

/** Reduces the frame that lies at the first place into the slot of `frame`. `first`: there is none before it. */
export function reduce(frame: i32, first: bool): void {
  const slot = slotOf(frame);
  quarter(FRAMES, FRAME_W, slot + Y, GRID_W, GRID_H, slot + LEVEL);
  quarter(FRAMES + LUMA, FRAME_W / 2, slot + U, GRID_W / 2, GRID_H / 2, 0);
  quarter(FRAMES + LUMA + LUMA / 4, FRAME_W / 2, slot + V, GRID_W / 2, GRID_H / 2, 0);
  cells(slot);
  facts(slot);
  const before = slotOf(frame - 1);
  store<f32>(slot + CHANGE, first ? 0 : meanApart(slot + Y, before + Y, 2304) + meanApart(slot + U, before + U, 576) + meanApart(slot + V, before + V, 576));
  store<f32>(slot + STEP, first ? 0 : cellDistance(frame - 1, frame));
}

/** Means of four by four pixels, sixteen columns at a time; `level`, where asked for, gets them in whole levels. */
function quarter(from: usize, stride: i32, to: usize, w: i32, h: i32, level: usize): void {
  for (let r = 0; r < h; r++) {
    for (let c = 0; c < w; c += 4) {
      const at = from + 4 * (r * stride + c);
      let sums = i16x8.extadd_pairwise_i8x16_u(v128.load(at));
      for (let k = 1; k < 4; k++) sums = v128.add<i16>(sums, i16x8.extadd_pairwise_i8x16_u(v128.load(at + k * stride)));
      const four = i32x4.extadd_pairwise_i16x8_u(sums);
      v128.store(to + 4 * (r * w + c), v128.mul<f32>(v128.convert<u32>(four), f32x4.splat(1.0 / 16)));
      if (level) {
        const whole = v128.shr<u32>(four, 4);
        const words = i16x8.narrow_i32x4_u(whole, whole);
        store<u32>(level + r * w + c, i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0));
      }
    }
  }
}

/** 16x9 of each plane, and the same by columns. */
function cells(slot: usize): void {
  const rows = slot + CELLS;
  const columns = slot + COLUMNS;
  for (let r = 0; r < 9; r++) {
    for (let c = 0; c < 16; c++) {
      const at = slot + Y + 4 * (4 * r * GRID_W + 4 * c);
      let sum = v128.load(at);
      for (let k = 1; k < 4; k++) sum = v128.add<f32>(sum, v128.load(at + 4 * k * GRID_W));
      put(rows, columns, 0, r, c, sumF32(sum) / 16);
      put(rows, columns, 1, r, c, square(slot + U, r, c));
      put(rows, columns, 2, r, c, square(slot + V, r, c));
    }
  }
}

// @ts-ignore: decorator
@inline
function square(plane: usize, r: i32, c: i32): f32 {
  const at = plane + 4 * (2 * r * (GRID_W / 2) + 2 * c);
  const below = at + 4 * (GRID_W / 2);
  return (load<f32>(at) + load<f32>(at + 4) + load<f32>(below) + load<f32>(below + 4)) / 4;
}

// @ts-ignore: decorator
@inline
function put(rows: usize, columns: usize, plane: i32, r: i32, c: i32, value: f32): void {
  store<f32>(rows + 4 * (144 * plane + 16 * r + c), value);
  store<f32>(columns + 4 * (192 * plane + 12 * c + r), value);
}

function facts(slot: usize): void {
  const y = spread(slot + Y, 2304);
  store<f32>(slot + MEAN, <f32>mean);
  store<f32>(slot + DEVIATION, <f32>Math.sqrt(y));
  store<f32>(slot + COLOUR, <f32>Math.sqrt(spread(slot + U, 576) + spread(slot + V, 576)));
}

let mean: f64 = 0;

/** Variance; leaves the mean in `mean`. */
function spread(at: usize, count: i32): f64 {
  let sums = f64x2.splat(0);
  let squares = f64x2.splat(0);
  for (let end = at + 4 * count; at < end; at += 8) {
    const two = f64x2.promote_low_f32x4(v128.load64_zero(at));
    sums = v128.add<f64>(sums, two);
    squares = v128.add<f64>(squares, v128.mul<f64>(two, two));
  }
  mean = (f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)) / count;
  return Math.max(0, (f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1)) / count - mean * mean);
}

function meanApart(a: usize, b: usize, count: i32): f32 {
  return totalApart(a, b, count) / <f32>count;
}

/** Sum of the absolute differences of `count` numbers, a multiple of four. */
export function totalApart(a: usize, b: usize, count: i32): f32 {
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < <usize>(4 * count); i += 16) sum = v128.add<f32>(sum, v128.abs<f32>(v128.sub<f32>(v128.load(a + i), v128.load(b + i))));
  return sumF32(sum);
}

/** How far two frames are apart in their 16x9 cells, in levels, luma and chroma summed. */
export function cellDistance(a: i32, b: i32): f32 {
  return totalApart(slotOf(a) + CELLS, slotOf(b) + CELLS, 3 * 144) / 144;
}
