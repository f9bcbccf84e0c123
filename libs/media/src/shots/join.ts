import type { Boundary } from '../types.js';
import type { Found } from './propose.js';

/** Shots shorter than this are not told apart from a flash or a stutter. */
const MIN_SHOT = 8;
/** A gradual transition needs as many frames between itself and a cut; if it is as plain as this, these few. Less is no shot. */
const BESIDE_CUT = 4;
const PLAIN_MARGIN = 0.3;
const BESIDE_PLAIN = 2;
/** Bare frames between two shots that are still one fade; more are a shot of their own. */
const PLAIN_RUN = 125;

/** Boundaries from what was found: overlaps resolved, fades through one colour joined, too short shots dropped. */
export class Joiner {
  private readonly found: Found[] = [];
  private pending: Found | undefined;
  /** Which of the last frames are bare, by number. */
  private readonly plain = new Uint8Array(1024);
  private frames = 0;

  /** `oneFade`: whether two fades through one colour are one transition. */
  constructor(private readonly oneFade = true) {}

  frame(bare: boolean): void {
    this.plain[this.frames++ % this.plain.length] = bare ? 1 : 0;
  }

  add(found: Found): void {
    this.found.push(found);
  }

  /** The rest, at the end of the film. */
  end(): Boundary[] {
    // A transition that ends less than a shot's length before the end is the end of the last shot, fading perhaps.
    return this.tell(Infinity).filter((b) => b.entry.kind === 'cut' || b.frame <= this.frames - MIN_SHOT);
  }

  /** Boundaries that begin at or before `horizon`; nothing that does is added later. */
  tell(horizon: number): Boundary[] {
    const out: Boundary[] = [];
    this.found.sort((x, y) => x.from - y.from || x.to - y.to);
    while (this.found.length && (this.found[0]!.from <= horizon || horizon === Infinity)) {
      const item = this.found.shift()!;
      if (!this.pending) this.pending = item;
      else if (this.joins(this.pending, item)) this.pending = this.join(this.pending, item);
      else {
        this.emit(this.pending, out);
        this.pending = item;
      }
    }
    if (this.pending && (horizon === Infinity || horizon - this.pending.to > PLAIN_RUN)) {
      this.emit(this.pending, out);
      this.pending = undefined;
    }
    return out;
  }

  private joins(a: Found, b: Found): boolean {
    if (b.from < a.to || (a.kind === 'cut' && b.kind === 'cut' && b.to - a.to < MIN_SHOT)) return true;
    if (this.plainBetween(a, b)) return true;
    // Right beside a cut, the motion of the new shot can look like a mix.
    const [one, other] = [a.kind === 'cut', b.kind === 'cut'];
    const plain = ((one ? b : a).margin ?? 0) >= PLAIN_MARGIN;
    return one !== other && b.from - a.to < (plain ? BESIDE_PLAIN : BESIDE_CUT);
  }

  private plainBetween(a: Found, b: Found): boolean {
    if (b.from - a.to > PLAIN_RUN || !this.oneFade) return false;
    for (let f = a.to; f <= b.from; f++) if (!this.plain[f % this.plain.length]) return false;
    return true;
  }

  private join(a: Found, b: Found): Found {
    const confidence = Math.max(a.confidence, b.confidence);
    if (b.from >= a.to && this.plainBetween(a, b)) return { from: a.from, to: b.to, kind: 'fade', confidence };
    if (b.from >= a.to && (a.kind === 'cut') !== (b.kind === 'cut')) return a.kind === 'cut' ? a : b;
    return a.confidence >= b.confidence ? a : b;
  }

  private emit(item: Found, out: Boundary[]): void {
    const gradual = item.to - item.from > 1;
    out.push({
      frame: item.to,
      entry: { kind: item.kind, confidence: item.confidence, ...(gradual && { first: item.from + 1, last: item.to - 1 }) },
    });
  }
}
