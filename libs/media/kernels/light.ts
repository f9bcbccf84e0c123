// Light and noise of a frame, and how it changes from the one before it.
import { apart, FRAME_BYTES, FRAME_W, FRAMES, RESULT, sumI32 } from './layout';

/** Levels near black and white are clipped, and noise with them. */
const LOWEST: i32 = 20;
const HIGHEST: i32 = 230;
const BLOCK: i32 = 8;

/** Sums of blocks, of 18 x 32 at most. */
export const BLOCKS: usize = memory.data(18 * 32 * 4);

// @ts-ignore: decorator
@inline
function place(at: i32): usize {
  return FRAMES + FRAME_BYTES * at;
}

/**
 * Of the part of the frame at place `now` (0 or 1) that begins at `left`, `top`: sum of its luma, sum of squares, pixels at 235 and above,
 * pixels at 18 and below, and sum of absolute differences to the frame at the other place, into RESULT.
 */
export function light(now: i32, left: i32, top: i32, w: i32, h: i32): void {
  const low = i8x16.splat(<i8>18);
  const high = i8x16.splat(<i8>235);
  let sums = i32x4.splat(0);
  let squares = i64x2.splat(0);
  let changes = i32x4.splat(0);
  let clipped = 0;
  let crushed = 0;
  for (let r = top; r < top + h; r++) {
    let square = i32x4.splat(0);
    for (let c = 0; c < w; c += 16) {
      const at = r * FRAME_W + left + c;
      // What is over the right edge is taken from both frames alike, as black that counts for nothing.
      const mask = w - c >= 16 ? i8x16.splat(-1) : below(w - c);
      const y = v128.and(v128.load(place(now) + at), mask);
      const old = v128.and(v128.load(place(1 - now) + at), mask);
      sums = v128.add<i32>(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(y)));
      square = v128.add<i32>(square, i32x4.extadd_pairwise_i16x8_u(i16x8.extmul_low_i8x16_u(y, y)));
      square = v128.add<i32>(square, i32x4.extadd_pairwise_i16x8_u(i16x8.extmul_high_i8x16_u(y, y)));
      changes = v128.add<i32>(changes, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(apart(y, old))));
      clipped += popcnt(i8x16.bitmask(v128.ge<u8>(y, high)));
      crushed += popcnt(i8x16.bitmask(v128.and(v128.le<u8>(y, low), mask)));
    }
    squares = v128.add<i64>(squares, v128.add<i64>(i64x2.extend_low_i32x4_u(square), i64x2.extend_high_i32x4_u(square)));
  }
  store<f64>(RESULT, <f64>sumI32(sums));
  store<f64>(RESULT + 8, <f64>(i64x2.extract_lane(squares, 0) + i64x2.extract_lane(squares, 1)));
  store<f64>(RESULT + 16, <f64>clipped);
  store<f64>(RESULT + 24, <f64>crushed);
  store<f64>(RESULT + 32, <f64>sumI32(changes));
}

/** The first `count` bytes. */
function below(count: i32): v128 {
  const order = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return v128.lt<i8>(order, i8x16.splat(<i8>count));
}

/**
 * Sums of the absolute values of Immerkær's mask (1996) over the blocks of 8 x 8 from (`left`, `top`) to before (`right`, `bottom`) that
 * are nowhere near black or white, into BLOCKS; gives how many. A pixel around each is read.
 */
export function noise(now: i32, left: i32, top: i32, right: i32, bottom: i32): i32 {
  const lowest = i16x8.splat(<i16>LOWEST);
  const highest = i16x8.splat(<i16>HIGHEST);
  let found = 0;
  for (let y = top; y + BLOCK < bottom; y += BLOCK) {
    for (let x = left; x + BLOCK < right; x += BLOCK) {
      let sums = i32x4.splat(0);
      let bad = i16x8.splat(0);
      for (let r = y; r < y + BLOCK; r++) {
        const at = place(now) + r * FRAME_W + x;
        const middle = v128.load_ext<u8>(at);
        bad = v128.or(bad, v128.or(v128.lt<i16>(middle, lowest), v128.gt<i16>(middle, highest)));
        const twice = v128.shl<i16>(upright(at), 1);
        const value = v128.sub<i16>(v128.add<i16>(upright(at - 1), upright(at + 1)), twice);
        sums = v128.add<i32>(sums, i32x4.extadd_pairwise_i16x8_u(v128.abs<i16>(value)));
      }
      if (v128.any_true(bad)) continue;
      store<u32>(BLOCKS + 4 * found++, sumI32(sums));
    }
  }
  return found;
}

/** Second difference along eight columns. */
// @ts-ignore: decorator
@inline
function upright(at: usize): v128 {
  const ends = v128.add<i16>(v128.load_ext<u8>(at - FRAME_W), v128.load_ext<u8>(at + FRAME_W));
  return v128.sub<i16>(ends, v128.shl<i16>(v128.load_ext<u8>(at), 1));
}

/** Sums of absolute differences to the frame at the other place over the blocks of 8 x 8, into BLOCKS; gives how many. */
export function changes(now: i32, left: i32, top: i32, right: i32, bottom: i32): i32 {
  let found = 0;
  for (let y = top; y + BLOCK <= bottom; y += BLOCK) {
    for (let x = left; x + BLOCK <= right; x += BLOCK) {
      let sums = i16x8.splat(0);
      for (let r = y; r < y + BLOCK; r += 2) {
        const at = r * FRAME_W + x;
        const one = v128.load64_lane(place(now) + at + FRAME_W, v128.load64_zero(place(now) + at), 1);
        const two = v128.load64_lane(place(1 - now) + at + FRAME_W, v128.load64_zero(place(1 - now) + at), 1);
        sums = v128.add<i16>(sums, i16x8.extadd_pairwise_i8x16_u(apart(one, two)));
      }
      store<u32>(BLOCKS + 4 * found++, sumI32(i32x4.extadd_pairwise_i16x8_u(sums)));
    }
  }
  return found;
}
