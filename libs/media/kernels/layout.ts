// Where things lie in a kernel's memory, in bytes. libs/media/src/kernels.ts reads the exported ones.

/** Two frames of 256x144 in yuv420p, so that each can be compared with the one before it. */
export const FRAME_W: i32 = 256;
export const FRAME_H: i32 = 144;
export const LUMA: i32 = FRAME_W * FRAME_H;
export const FRAME_BYTES: i32 = (LUMA * 3) / 2;
export const FRAMES: usize = 0x10000;

/** Results of more than one number, as f64. */
export const RESULT: usize = FRAMES + 2 * FRAME_BYTES;

/** Frames reduced to 64x36, the newest `SLOTS` of a film: slot = frame modulo `SLOTS`. */
export const GRIDS: usize = 0x30000;
export const SLOTS: i32 = 512;
export const GRID_W: i32 = 64;
export const GRID_H: i32 = 36;
/** In a slot: luma 64x36, both chromas 32x18 (f32). */
export const Y: usize = 0;
export const U: usize = 2304 * 4;
export const V: usize = U + 576 * 4;
/** 16x9 luma, U and V (f32), and the same by columns, each padded by zeros from 9 to 12, so that both are read in fours. */
export const CELLS: usize = V + 576 * 4;
export const COLUMNS: usize = CELLS + 3 * 144 * 4;
/** Luma in whole levels (u8). */
export const LEVEL: usize = COLUMNS + 3 * 16 * 12 * 4;
/** Mean and deviation of luma, deviation of both chromas together, change and step from the frame before (f32). */
export const FACTS: usize = LEVEL + 2304;
export const MEAN: usize = FACTS;
export const DEVIATION: usize = FACTS + 4;
export const COLOUR: usize = FACTS + 8;
export const CHANGE: usize = FACTS + 12;
export const STEP: usize = FACTS + 16;
export const GRID_BYTES: usize = (FACTS + 20 + 15) & ~15;

// @ts-ignore: decorator
@inline
export function slotOf(frame: i32): usize {
  return GRIDS + <usize>(frame & (SLOTS - 1)) * GRID_BYTES;
}

/** Sum of the four lanes. */
// @ts-ignore: decorator
@inline
export function sumF32(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3);
}

// @ts-ignore: decorator
@inline
export function sumI32(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}

/** Absolute differences of bytes. */
// @ts-ignore: decorator
@inline
export function apart(a: v128, b: v128): v128 {
  return v128.sub<u8>(v128.max<u8>(a, b), v128.min<u8>(a, b));
}
