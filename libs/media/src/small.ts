import type { SmallFrame } from './types.js';

/** The frames that shots and measures are found in: yuv420p, planes one after the other. */
export const SMALL_W = 256;
export const SMALL_H = 144;
const LUMA = SMALL_W * SMALL_H;
export const SMALL_BYTES = (LUMA * 3) / 2;

/** Views of the planes, not copies. */
export const smallFrame = (frame: number, pts: number, data: Uint8Array): SmallFrame => ({
  ...{ frame, pts, width: SMALL_W, height: SMALL_H },
  ...{ y: data.subarray(0, LUMA), u: data.subarray(LUMA, LUMA * 1.25), v: data.subarray(LUMA * 1.25, SMALL_BYTES) },
});
