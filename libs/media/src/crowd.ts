import type { Warning } from './types.js';

/** More than two shots a second for a whole minute: what strobes and flickers give, and no editor. */
const A_MINUTE = 120;
/** Over a whole film: a day of surveillance or a strobe must not fill the memory. A film of ten hours has some 10,000. */
const AT_ALL = 50_000;

/** Lets the boundaries of a film through, but no more than a person could have meant, and keeps count of what it left out. */
export class Crowd {
  /** Seconds of the last boundaries, a ring. */
  private readonly last = new Float64Array(A_MINUTE).fill(-Infinity);
  private passed = 0;
  private leftOut = 0;
  private firstAt = 0;

  /** `at`: seconds from the first frame. */
  passes(at: number): boolean {
    if (this.passed < AT_ALL && at - this.last[this.passed % A_MINUTE]! >= 60) {
      this.last[this.passed++ % A_MINUTE] = at;
      return true;
    }
    if (this.leftOut++ === 0) this.firstAt = at;
    return false;
  }

  warnings(): Warning[] {
    if (this.leftOut === 0) return [];
    const clock = new Date(this.firstAt * 1000).toISOString().slice(11, 19);
    return [{ code: 'TOO_MANY_SHOTS', message: `${this.leftOut} transitions were left out, the first at ${clock}: the film strobes, or changes more than ${A_MINUTE} times a minute (${AT_ALL} times in all). Look at the shots there before they are used.` }];
  }
}
