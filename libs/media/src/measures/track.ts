import type { Lane, Track } from '../types.js';
import { speedOf } from './camera.js';
import type { FrameFacts } from './frame.js';

const { abs, floor, max, min, round, sqrt, SQRT2 } = Math;

type Measured = Exclude<keyof Track, 'seconds' | 'cutRhythm' | 'loudness' | 'silence' | 'speech' | 'music'>;
/** How many digits after the point a value keeps. */
const DIGITS: Record<Measured, number> = { brightness: 3, contrast: 3, clipped: 3, crushed: 3, saturation: 3, motion: 2, blur: 2, noise: 1, flicker: 2, blackFraction: 2, frozenFraction: 2 };
const LANES = Object.keys(DIGITS) as Measured[];

/** Four days and more: a clock that jumps far ahead must not fill the memory. */
const LONGEST = 400_000;
const BLACK = 16;
const RANGE = 219;

/** Adds up measures second by second; keeps one number a lane and second. */
export class TrackMeter {
  private readonly lanes = Object.fromEntries(LANES.map((name) => [name, [] as Lane])) as Record<Measured, Lane>;
  private begin: number | undefined;
  private second = 0;
  private facts: FrameFacts[] = [];

  add(facts: FrameFacts): void {
    this.begin ??= facts.seconds;
    // A time base need not have whole seconds: 24000/1001 has frames a hair before one.
    const second = floor(facts.seconds - this.begin + 1e-6);
    if (second > this.second && second < LONGEST) {
      this.close();
      this.second = second;
    }
    // Without what is large; a second of a film has some sixty frames, a strange one more, of which that many stand for all.
    if (this.facts.length < 1000) this.facts.push({ ...facts, ...(facts.look && { look: { ...facts.look, codes: NOTHING, fields: NONE } }) });
  }

  private close(): void {
    for (const name of LANES) while (this.lanes[name].length < this.second) this.lanes[name].push(null);
    const found = measured(this.facts);
    for (const name of LANES) {
      const value = found[name];
      const scale = 10 ** DIGITS[name];
      this.lanes[name].push(value === undefined ? null : round(scale * value) / scale);
    }
    this.facts = [];
  }

  /** `starts`: when each shot begins, in seconds on the film's own clock, in order. */
  result(starts: readonly number[]): Track {
    if (this.facts.length) this.close();
    const seconds = this.lanes.brightness.length;
    const begin = this.begin ?? 0;
    return { seconds, ...this.lanes, cutRhythm: Array.from({ length: seconds }, (_, n) => rhythmAt(begin + n + 0.5, starts, { from: begin, to: begin + seconds })) };
  }
}

const NOTHING = new Uint16Array(0);
const NONE = new Uint8Array(0);

function measured(facts: FrameFacts[]): Partial<Record<Measured, number>> {
  const mean = (of: (f: FrameFacts) => number): number => facts.reduce((sum, f) => sum + of(f), 0) / facts.length;
  const known = <T>(of: (f: FrameFacts) => T | undefined): T[] => facts.map(of).filter((value) => value !== undefined);
  const average = (values: number[]): number | undefined => (values.length ? values.reduce((a, b) => a + b) / values.length : undefined);
  const ripples = known((f) => (Number.isNaN(f.ripple) ? undefined : abs(f.ripple)));
  const detail = average(known((f) => f.detail));
  const colour = average(known((f) => f.look?.saturation));
  const noise = middle(known((f) => f.look?.noise));
  // The middle of some eight: where one of them reaches over a cut it says nothing.
  const motion = middle(known((f) => f.motion && (f.motion.support > 0 ? speedOf(f.motion.speed, f.motion.seconds) : undefined)));
  return {
    brightness: min(1, max(0, (mean((f) => f.mean) - BLACK) / RANGE)),
    contrast: mean((f) => sqrt(max(0, f.square - f.mean * f.mean))) / RANGE,
    clipped: mean((f) => f.clipped),
    crushed: mean((f) => f.crushed),
    ...(colour !== undefined && { saturation: colour / 255 }),
    ...(motion !== undefined && { motion }),
    ...(detail !== undefined && { blur: min(1, max(0, 1 - detail)) }),
    ...(noise !== undefined && { noise }),
    ...(ripples.length >= 5 && { flicker: SQRT2 * middle(ripples)! }),
    blackFraction: mean((f) => Number(f.black)),
    frozenFraction: mean((f) => Number(f.frozen)),
  };
}

function middle(values: number[]): number | undefined {
  return values.length ? values.toSorted((a, b) => a - b)[values.length >> 1] : undefined;
}

/** Shots that begin within half a minute before and after, a minute: where the film has less than that around, in proportion. */
export function rhythmAt(at: number, starts: readonly number[], film: { from: number; to: number }): number {
  const [from, to] = [max(film.from, at - 30), min(film.to, at + 30)];
  const count = before(starts, to) - before(starts, from);
  return round((10 * 60 * count) / max(1, to - from)) / 10;
}

/** How many of the sorted numbers are below. */
function before(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
