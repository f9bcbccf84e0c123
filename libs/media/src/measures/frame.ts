import { kernels } from '../kernels.js';
import { SMALL_BYTES } from '../small.js';
import type { Letterbox, SmallFrame } from '../types.js';
import { barsOf, FilmBars, type SeenBars } from './bars.js';
import { codeOf } from './colour.js';
import { MotionMeter, type Motion } from './motion.js';
import { noiseOf } from './noise.js';

// Taken out of Math once: inside jest's sandbox each look at a global costs a microsecond, and these run per pixel.
const { abs, floor, max, round, sqrt } = Math;

/** What one small frame (256x144) says by itself and beside those before. Plain data: it can be posted from a worker thread. */
export interface FrameFacts {
  frame: number;
  /** Seconds on the film's own clock. */
  seconds: number;
  /** Share of the frame that is inside the bars which the film has had so far; the next five are of that part. */
  area: number;
  /** Mean luma, mean of its square, in levels (16 black, 235 white). */
  mean: number;
  square: number;
  /** Shares of pixels at the ends of the range: 235 and above, 18 and below. */
  clipped: number;
  crushed: number;
  /** Mean absolute luma difference to the frame before, in levels. */
  change: number;
  black: boolean;
  frozen: boolean;
  /** Mean luma against its surroundings of a third of a second, of the frame half that time ago, in levels; NaN until that is known. */
  ripple: number;
  /** How many frames those surroundings are. */
  rippleFrames: number;
  /** Some eight times a second: */
  seen?: SeenBars;
  /** Mean absolute Laplacian over mean absolute gradient along rows: sharp pictures have much fine detail for their edges. */
  detail?: number;
  motion?: Motion;
  /** Some four times a second. */
  look?: Look;
}

/** What a frame looks like, in little. */
export interface Look {
  /** Bars that were left out. */
  bars: Letterbox;
  /** Colours (colour.ts) of points on a grid. */
  codes: Uint16Array;
  /** Mean luma and chroma of 16 x 9 fields: Y, U, V in turn. */
  fields: Uint8Array;
  /** Mean distance of U and V from grey, in levels, both added. */
  saturation: number;
  /** Standard deviation of noise in levels of the small frame. */
  noise?: number;
}

const BLACK = 24;
const MOTION_EVERY = 0.11;
const LOOK_EVERY = 0.24;

/** `tick`: seconds of one pts. `fps`: about how many frames a second there are. */
export interface Clock {
  tick: number;
  fps: number;
}

/** Looks at every frame in turn; keeps the one before, the pyramid of the last one that motion was measured on, and a third of a second of means. */
export class FrameMeter {
  private readonly kernels = kernels();
  /** Where the kernels look for a frame and for the one before it, in turn. */
  private readonly places: [Uint8Array, Uint8Array];
  private readonly sums: Float64Array;
  private readonly film = new FilmBars();
  private readonly motion = new MotionMeter();
  private readonly ring: Float64Array;
  private frames = 0;
  private movedAt = -Infinity;
  private lookedAt = -Infinity;

  constructor(private readonly clock: Clock) {
    const { memory, FRAMES, RESULT } = this.kernels;
    this.places = [new Uint8Array(memory.buffer, FRAMES.value, SMALL_BYTES), new Uint8Array(memory.buffer, FRAMES.value + SMALL_BYTES, SMALL_BYTES)];
    this.sums = new Float64Array(memory.buffer, RESULT.value, 5);
    this.ring = new Float64Array(max(5, 2 * round(clock.fps / 6) + 1));
  }

  look(frame: SmallFrame): FrameFacts {
    const { width, height, y } = frame;
    const seconds = frame.pts * this.clock.tick;
    const bars = this.film.now;
    const [w, h] = [width - bars.left - bars.right, height - bars.top - bars.bottom];
    const first = this.frames === 0;
    const now = this.frames & 1;
    this.places[now]!.set(y);
    if (first) this.places[1]!.set(y);
    this.kernels.light(now, bars.left, bars.top, w, h);
    const [pixels, [sum, squares, clipped, crushed, changed]] = [w * h, this.sums as unknown as [number, number, number, number, number]];
    const [mean, square, change] = [sum / pixels, squares / pixels, changed / pixels];
    const light = { mean, square, clipped: clipped / pixels, crushed: crushed / pixels, black: mean < BLACK && sqrt(max(0, square - mean * mean)) < 8 };
    const facts: FrameFacts = { frame: frame.frame, seconds, area: (w * h) / (width * height), ...light, change, frozen: !first && change < 0.02, ripple: this.ripple(mean), rippleFrames: this.ring.length };
    if (this.due(seconds, this.movedAt, MOTION_EVERY)) {
      this.movedAt = seconds;
      facts.seen = barsOf(y, width, height);
      if (!facts.black) this.film.look(facts.seen, seconds, frame);
      facts.detail = detailOf(y, width, height, bars);
      const motion = this.motion.look(frame.frame, seconds, y, bars);
      if (motion) facts.motion = motion;
    }
    if (!facts.black && this.due(seconds, this.lookedAt, LOOK_EVERY)) {
      this.lookedAt = seconds;
      facts.look = lookOf(frame, { ...bars });
      // A repeated frame says nothing of noise.
      const noise = facts.frozen || first ? undefined : noiseOf(this.kernels, now, bars);
      if (noise !== undefined) facts.look.noise = noise;
    }
    return facts;
  }

  /** A clock that runs backwards (streams joined badly) starts anew. */
  private due(now: number, last: number, every: number): boolean {
    return now - last >= every || now < last;
  }

  private ripple(mean: number): number {
    const { ring } = this;
    const n = ring.length;
    ring[this.frames++ % n] = mean;
    if (this.frames < n) return NaN;
    let all = 0;
    for (let k = 0; k < n; k++) all += ring[k]!;
    return ring[(this.frames - 1 - (n >> 1)) % n]! - all / n;
  }
}

function detailOf(y: Uint8Array, width: number, height: number, bars: Letterbox): number {
  let edges = 0;
  let fine = 0;
  for (let r = bars.top; r < height - bars.bottom; r += 2) {
    for (let i = r * width + bars.left + 1, end = (r + 1) * width - bars.right - 1; i < end; i++) {
      const left = y[i - 1]!;
      const right = y[i + 1]!;
      edges += abs(right - left);
      fine += abs(2 * y[i]! - left - right);
    }
  }
  return edges > 0 ? fine / edges : 0;
}

/** 4 x 4 points of each of the 16 x 9 fields inside the bars. */
function lookOf({ width, height, y, u, v }: SmallFrame, bars: Letterbox): Look {
  const [w, h] = [width - bars.left - bars.right, height - bars.top - bars.bottom];
  const codes = new Uint16Array(64 * 36);
  const fields = new Uint8Array(16 * 9 * 3);
  let colour = 0;
  for (let field = 0, k = 0; field < 144; field++) {
    let sy = 0;
    let su = 0;
    let sv = 0;
    for (let point = 0; point < 16; point++, k++) {
      const r = bars.top + floor((((floor(field / 16) * 4 + (point >> 2) + 0.5) * h) / 36));
      const c = bars.left + floor(((((field % 16) * 4 + (point & 3) + 0.5) * w) / 64));
      const chroma = (r >> 1) * (width >> 1) + (c >> 1);
      const py = y[r * width + c]!;
      const pu = u[chroma]!;
      const pv = v[chroma]!;
      codes[k] = codeOf(py, pu, pv);
      sy += py;
      su += pu;
      sv += pv;
      colour += abs(pu - 128) + abs(pv - 128);
    }
    fields[3 * field] = sy >> 4;
    fields[3 * field + 1] = su >> 4;
    fields[3 * field + 2] = sv >> 4;
  }
  return { bars, codes, fields, saturation: colour / codes.length };
}
