// Frames, presentation timestamps and timecode. The player shows a frame by its number; the clock of the file decides when that is.

/** Frame `frame` begins at `pts` (in the time base of the film). */
export interface Knot {
  frame: number;
  pts: number;
}

/**
 * Turns media time (seconds since the first frame) into frame numbers and back. Between two known frames time runs evenly:
 * exact at a constant rate, and at a variable rate exact at every knot (shot edges, keyframes, filmstrip tiles).
 */
export class FrameClock {
  readonly frames: number;
  readonly seconds: number;
  readonly #knots: Knot[];
  readonly #tick: number;

  /** `timeBase` is seconds per tick, '1/24000'; `durationPts` reaches the end of the last frame. */
  constructor(film: { frames: number; timeBase: string; startPts: string; durationPts: string }, known: Knot[] = []) {
    const [top, bottom] = film.timeBase.split('/').map(Number);
    this.#tick = (top ?? 1) / (bottom ?? 1);
    this.frames = film.frames;
    const start = Number(film.startPts);
    const end = start + Number(film.durationPts);
    this.seconds = Number(film.durationPts) * this.#tick;
    const inside = known.filter(({ frame, pts }) => frame > 0 && frame < film.frames && pts > start && pts < end);
    const sorted = [{ frame: 0, pts: start }, ...inside, { frame: film.frames, pts: end }].sort((a, b) => a.frame - b.frame);
    this.#knots = sorted
      .filter((knot, place) => place === 0 || knot.frame > (sorted[place - 1] as Knot).frame)
      .map(({ frame, pts }) => ({ frame, pts: pts - start }));
  }

  /** Frames a second over the whole film. */
  get rate(): number {
    return this.seconds > 0 ? this.frames / this.seconds : 24;
  }

  /** Seconds from the first frame to the beginning of `frame`. */
  secondsOf(frame: number): number {
    const at = Math.min(Math.max(frame, 0), this.frames);
    const [left, right] = this.#around((knot) => knot.frame <= at);
    if (!right) return left.pts * this.#tick;
    return (left.pts + ((at - left.frame) * (right.pts - left.pts)) / (right.frame - left.frame)) * this.#tick;
  }

  /** A time inside the frame, far from both its edges: where to seek to see it. */
  middleOf(frame: number): number {
    return (this.secondsOf(frame) + this.secondsOf(frame + 1)) / 2;
  }

  /** The frame shown at `seconds`. Half a tick of slack: players round presentation times. */
  frameAt(seconds: number): number {
    const pts = seconds / this.#tick;
    const [left, right] = this.#around((knot) => knot.pts <= pts + 0.5);
    if (!right) return this.frames - 1;
    const perFrame = (right.pts - left.pts) / (right.frame - left.frame);
    // A hundredth of a frame: 23.976 in a 1/90000 base has steps of 3753 and 3754 ticks.
    const frame = left.frame + Math.floor((pts - left.pts) / perFrame + 0.02);
    return Math.min(Math.max(frame, 0), this.frames - 1);
  }

  #around(before: (knot: Knot) => boolean): [Knot, Knot | undefined] {
    let low = 0;
    let high = this.#knots.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (before(this.#knots[middle] as Knot)) low = middle;
      else high = middle - 1;
    }
    return [this.#knots[low] as Knot, this.#knots[low + 1]];
  }
}
