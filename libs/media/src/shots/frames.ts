import { kernels } from '../kernels.js';
import { SMALL_BYTES, SMALL_H, SMALL_W } from '../small.js';
import type { SmallFrame } from '../types.js';

// Two scales are enough for every question about a boundary: 64x36 for "is this the same place, moved?" and 16x9 for "is this
// frame a blend of those two?" (at 16x9 slow motion is smaller than a cell, so a blend stays a straight line between its ends).
export const GRID_W = 64;
export const GRID_H = 36;

/** One frame, reduced. */
export interface Grid {
  frame: number;
  /** Luma 64x36, then both chromas 32x18, 0..255: a view that holds while the frame is among the last `Frames.KEPT`. */
  planes: Float32Array;
  /** Standard deviation of luma, in levels. */
  deviation: number;
  /** Mean absolute difference to the frame before, luma and chroma, in levels. */
  change: number;
}

/** How well the frames between two frames are explained by one mix of them. */
export interface Fit {
  /** The last frame of the old shot and the first of the new one. */
  from: number;
  to: number;
  /** 0 is a dissolve, the others are wipes and slides (libs/media/kernels/mix.ts). */
  mix: number;
  /** Difference between the two ends, in levels (luma and chroma summed). */
  distance: number;
  /** What the mix leaves unexplained, as a share of the distance. */
  error: number;
  /** What a jump between the ends would leave unexplained; a mix must be much better than that. */
  jumpError: number;
  score: number;
}

/** What a fit may leave: smallest distance of the ends, largest error, largest single step (both shares of the distance). */
export interface FitLimits {
  distance: number;
  error: number;
  step: number;
}

/** The last frames of a film, reduced, and what is asked about them. Frames are named by number, given in order from 0. */
export class Frames {
  static readonly KEPT = 512;
  /** How many there were. */
  count = 0;
  private readonly kernels = kernels();
  private readonly input: Uint8Array;
  private readonly result: Float64Array;
  private readonly grids: Grid[] = [];
  private readonly slots: { planes: Float32Array; facts: Float32Array }[] = [];

  constructor() {
    const { memory, FRAMES, RESULT, SLOTS } = this.kernels;
    if (SLOTS.value !== Frames.KEPT) throw new Error('libs/media/kernels is of another build');
    this.input = new Uint8Array(memory.buffer, FRAMES.value, SMALL_BYTES);
    this.result = new Float64Array(memory.buffer, RESULT.value, 4);
  }

  push({ width, height, y, u, v }: SmallFrame): Grid {
    if (width !== SMALL_W || height !== SMALL_H) throw new RangeError(`a frame of ${width}x${height} where ${SMALL_W}x${SMALL_H} are compared`);
    this.input.set(y);
    this.input.set(u, y.length);
    this.input.set(v, y.length + u.length);
    const frame = this.count++;
    this.kernels.reduce(frame, frame === 0);
    const slot = frame % Frames.KEPT;
    const { planes, facts } = (this.slots[slot] ??= this.slot(slot));
    return (this.grids[slot] = { frame, planes, deviation: facts[1]!, change: facts[3]! });
  }

  /** Where the kernels leave what is known of a frame. */
  private slot(slot: number): { planes: Float32Array; facts: Float32Array } {
    const { memory, GRIDS, GRID_BYTES, FACTS } = this.kernels;
    const at = GRIDS.value + slot * GRID_BYTES.value;
    return { planes: new Float32Array(memory.buffer, at, GRID_W * GRID_H * 1.5), facts: new Float32Array(memory.buffer, at + FACTS.value, 4) };
  }

  /** A frame that is still kept. */
  at(frame: number): Grid | undefined {
    return frame >= 0 && frame < this.count && frame >= this.count - Frames.KEPT ? this.grids[frame % Frames.KEPT] : undefined;
  }

  /** How far two frames are apart in 16x9 cells, in levels, luma and chroma summed. */
  distance(a: number, b: number): number {
    return this.kernels.cellDistance(a, b);
  }

  /** The mix that best explains the frames between two frames, or the one asked about; nothing when none does. */
  fit(from: number, to: number, limits: FitLimits, only = -1): Fit | undefined {
    const mix = this.kernels.fit(from, to - from, limits.distance, limits.error, limits.step, only);
    if (mix < 0) return undefined;
    const [distance, error, jumpError, score] = this.result as unknown as [number, number, number, number];
    return { from, to, mix, distance, error, jumpError, score };
  }

  /** How little of frame `b` can be found in frame `a`: 0 the same picture (moved, relit), 1 nothing in common. Under `enough` the number is not exact. */
  unlike(a: number, b: number, enough = 0.05): number {
    return this.kernels.unlike(a, b, enough);
  }
}
