import type { Letterbox } from '../types.js';

const { max, min } = Math;

/** Brighter than this is picture, in levels: black is 16, and encoders leave some noise on it. */
const BLACK = 30;
/** A bar ends in a straight line: this much of the line inside it is brighter than black. Titles and night have no such line. */
const STRAIGHT = 0.3;
/** Seconds that a bar must have stood before the film is taken to have it. */
const SETTLES = 1.5;

export type Side = keyof Letterbox;
export const SIDES: readonly Side[] = ['top', 'bottom', 'left', 'right'];
export const noBars = (): Letterbox => ({ top: 0, bottom: 0, left: 0, right: 0 });

/** Black rows and columns at the edges of one frame, and which of them end in a straight line. */
export interface SeenBars {
  bars: Letterbox;
  straight: Record<Side, boolean>;
}

export function barsOf(y: Uint8Array, width: number, height: number): SeenBars {
  const bright = (from: number, step: number, count: number): number => {
    let n = 0;
    for (let i = from, k = 0; k < count; k++, i += step) if (y[i]! > BLACK) n++;
    return n;
  };
  const row = (r: number): number => bright(r * width, 1, width);
  const column = (c: number): number => bright(c, width, height);
  const run = (line: (n: number) => number, from: number, step: 1 | -1, lines: number): number => {
    let n = 0;
    while (n < lines && line(from + step * n) === 0) n++;
    return n;
  };
  const top = run(row, 0, 1, height);
  const bottom = top === height ? height : run(row, height - 1, -1, height);
  const left = top === height ? width : run(column, 0, 1, width);
  const right = top === height ? width : run(column, width - 1, -1, width);
  // One line farther in: the first is a mix of bar and picture.
  const inside = (line: (n: number) => number, n: number, lines: number, length: number): boolean => n > 0 && n < lines - 1 && line(n) >= STRAIGHT * length;
  return {
    bars: { top, bottom, left, right },
    straight: {
      top: inside(row, top + 1, height, width - left - right),
      bottom: inside((n) => row(height - 1 - n), bottom + 1, height, width - left - right),
      left: inside(column, left + 1, width, height - top - bottom),
      right: inside((n) => column(width - 1 - n), right + 1, width, height - top - bottom),
    },
  };
}

/** The bars that the film has had for a while: they shrink at once when picture is seen in them, and grow when they stood long enough. */
export class FilmBars {
  readonly now = noBars();
  private waiting = { since: -Infinity, least: noBars(), straight: new Set<Side>() };

  /** A frame that is not black, shown at `seconds`. */
  look({ bars, straight }: SeenBars, seconds: number, frame: { width: number; height: number }): void {
    const { waiting, now } = this;
    const begins = waiting.since === -Infinity;
    for (const side of SIDES) {
      now[side] = min(now[side], bars[side]);
      waiting.least[side] = begins ? bars[side] : min(waiting.least[side], bars[side]);
      if (straight[side]) waiting.straight.add(side);
    }
    if (begins) waiting.since = seconds;
    if (seconds - waiting.since < SETTLES) return;
    // A third and more is a picture in a picture, or a title.
    for (const side of waiting.straight) if (waiting.least[side] <= (side === 'top' || side === 'bottom' ? frame.height : frame.width) / 3) now[side] = max(now[side], waiting.least[side]);
    this.waiting = { since: -Infinity, least: noBars(), straight: new Set() };
  }
}
