import type { SmallFrame, Transition } from '../types.js';
import { type Fit, Frames, type Grid } from './frames.js';

// The numbers below were chosen while looking at all of ../shared/media, so its figures (libs/media/tools/score-shots.ts prints them, also
// by halves) say how they fit there, not how they do on other footage.
const rules = {
  /** A cut is looked into when the frame changes by this many levels and by this factor over its neighbours. */
  cutChange: 6,
  cutRatio: 1.4,
  /** Frames after a cut that must all be unlike the frames before it: longer than flashes and muzzle fire, shorter than a shot. */
  flash: 8,
  /** Which frames are compared for that, as [before the cut, after it]; two before, because the one before may be a flash itself. */
  flashPairs: [[1, 2], [2, 0], [1, 4], [1, 1], [2, 2], [1, 6], [1, 8], [4, 0], [6, 0], [7, 2]] as [number, number][],
  /** Unlikeness across a cut, less half of the unlikeness within both sides (fast motion is unlike everywhere). */
  cutScore: 0.4,
  /** Lengths of gradual transitions that are tried, in frames between the last pure frame and the next pure one. */
  windows: [4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 28, 32, 38, 46],
  mixDistance: 10,
  mixError: 0.3,
  mixGain: 0.08,
  mixUnlike: 0.55,
  /** Unlikeness of the two ends times the share that the mix explains. */
  mixProof: 0.55,
  /** A long window asks for more, each frame above `longMix` this much: people and camera move further in it. */
  longMix: 17,
  longProof: 0.004,
  /** No single step of a gradual transition is this large a share of the whole. */
  mixStep: 0.6,
  /** Luma deviation of a frame of one colour, and of one with nothing on it, not even a small title. */
  plain: 6,
  bare: 3,
  settle: 24,
};
const LONGEST = Math.max(...rules.windows);
const KEPT = LONGEST + 2 * rules.settle + 16;
const LIMITS = { distance: rules.mixDistance, error: rules.mixError, step: rules.mixStep };

const proofFor = (frames: number): number => rules.mixProof + rules.longProof * Math.max(0, frames - rules.longMix);

/**
 * What can be switched off: frames further away than a flash lasts; what motion alone changes; all gradual transitions; wipes and
 * slides; that the ends of a gradual transition be two places; that two fades through one colour be one.
 */
export const PARTS = ['flashes', 'motion', 'gradual', 'wipes', 'ends', 'one fade'] as const;
export type Part = (typeof PARTS)[number];

export interface Found {
  /** Last frame of the old shot, first frame of the new one. */
  from: number;
  to: number;
  kind: Transition['kind'];
  confidence: number;
  /** How far over its threshold it is (unlikeness, 0 to 1); under 0 it would not be told without further evidence. */
  margin?: number;
}

export type Proposal = Required<Found>;

/** Frames that a proposal may come after its last pure old frame. */
export const PROPOSAL_LAG = LONGEST + 2 * rules.settle;
/** Frames from its last pure old one to its first pure new one, at most: the ends are moved by up to four each. */
export const PROPOSAL_LENGTH = LONGEST + 8;
/** Whether a frame has nothing on it. */
export const isBare = ({ deviation }: Grid): boolean => deviation < rules.bare;

/**
 * Proposes transitions by looking: a frame that has nothing in common with any frame just before it is a cut, and a run of frames that
 * some mix of its two ends explains is a dissolve, fade or wipe. Needs no model. Looks back some 110 frames.
 */
export class Proposer {
  private readonly off: ReadonlySet<Part>;
  readonly frames = new Frames();
  private cutAt = 3;
  private readonly fits: Fit[] = [];
  private found: Proposal[] = [];

  /**
   * `slack`: how far under its threshold a proposal may be; those have a negative margin. `off`: parts switched off, for tools that
   * measure what each brings.
   */
  constructor(
    private readonly slack = 0,
    off: readonly Part[] = [],
  ) {
    this.off = new Set(off);
  }

  /** The frame, reduced, and what is proposed since the last one. */
  push(frame: SmallFrame): { grid: Grid; proposals: Proposal[] } {
    const grid = this.frames.push(frame);
    this.fitWindows();
    while (this.cutAt + rules.flash < this.next) this.judgeCut(this.cutAt++);
    this.settleFits(false);
    return { grid, proposals: this.taken() };
  }

  end(): Proposal[] {
    while (this.cutAt < this.next) this.judgeCut(this.cutAt++);
    this.settleFits(true);
    return this.taken();
  }

  private taken(): Proposal[] {
    const found = this.found;
    if (found.length) this.found = [];
    return found;
  }

  private get next(): number {
    return this.frames.count;
  }

  private at(frame: number): Grid | undefined {
    return frame < this.next - KEPT ? undefined : this.frames.at(frame);
  }

  private judgeCut(t: number): void {
    const now = this.at(t);
    if (!now || !this.at(t - 1) || now.change < rules.cutChange) return;
    const around: number[] = [];
    for (let j = t - 3; j <= t + 3; j++) {
      const g = j === t || j < 1 ? undefined : this.at(j);
      if (g) around.push(g.change);
    }
    around.sort((x, y) => x - y);
    if (now.change < rules.cutRatio * (around[around.length >> 1] ?? 0)) return;
    const least = rules.cutScore - this.slack;
    let across = this.frames.unlike(t - 1, t, least);
    for (const [back, k] of this.off.has('flashes') ? [] : rules.flashPairs) {
      if (across < least) return;
      if (this.at(t - back) && this.at(t + k)) across = Math.min(across, this.frames.unlike(t - back, t + k, least));
    }
    if (across < least) return;
    const within = this.off.has('motion') ? 0 : ((this.at(t - 2) ? this.frames.unlike(t - 2, t - 1) : 0) + (this.at(t + 1) ? this.frames.unlike(t, t + 1) : 0)) / 2;
    const score = across - within / 2;
    if (score < least) return;
    const margin = score - rules.cutScore;
    this.found.push({ from: t - 1, to: t, kind: 'cut', confidence: Math.min(1, 0.5 + margin * 1.2), margin });
  }

  private fitWindows(): void {
    const newest = this.next - 1;
    if (this.off.has('gradual')) return;
    let best: Fit | undefined;
    for (const n of rules.windows) {
      if (n > newest) break;
      // A long window need not be tried at every frame: its ends are sharpened by up to four frames anyway.
      if (newest % (n < 17 ? 1 : 2) !== 0) continue;
      const fit = this.fitAt(newest - n, newest);
      if (fit && (!best || fit.score > best.score)) best = fit;
    }
    if (best) this.fits.push(best);
  }

  private fitAt(from: number, to: number, like?: Fit): Fit | undefined {
    const fit = this.frames.fit(from, to, LIMITS, like?.mix);
    if (!fit || fit.jumpError - fit.error <= rules.mixGain || (fit.mix !== 0 && this.off.has('wipes'))) return undefined;
    return fit;
  }

  private settleFits(all: boolean): void {
    for (;;) {
      const oldest = this.fits[0];
      if (!oldest) return;
      let best = oldest;
      for (const fit of this.fits) if (fit.from < oldest.to && fit.score > best.score) best = fit;
      const age = this.next - 1 - best.to;
      if (!all && age < rules.settle && this.next - 1 - oldest.to < 2 * rules.settle) return;
      const sharp = this.sharpen(best);
      const a = this.at(sharp.from);
      const b = this.at(sharp.to);
      const difference = !a || !b ? 0 : this.off.has('ends') ? 1 : this.frames.unlike(sharp.from, sharp.to);
      const margin = Math.min(difference - rules.mixUnlike, difference * (1 - sharp.error) - proofFor(sharp.to - sharp.from));
      if (a && b && margin >= -this.slack) {
        const plain = a.deviation < rules.plain || b.deviation < rules.plain;
        this.found.push({
          from: sharp.from,
          to: sharp.to,
          kind: sharp.mix !== 0 ? 'wipe' : plain ? 'fade' : 'dissolve',
          confidence: Math.min(1, difference * (1 - sharp.error)),
          margin,
        });
      }
      if (margin >= 0) this.drop((fit) => fit === best || (fit.from < sharp.to && fit.to > sharp.from));
      else this.drop((fit) => fit === best || (fit.from >= best.from && fit.to <= best.to));
    }
  }

  private drop(which: (fit: Fit) => boolean): void {
    for (let i = this.fits.length - 1; i >= 0; i--) if (which(this.fits[i]!)) this.fits.splice(i, 1);
  }

  /** The windows tried have a few lengths only; the ends are found by moving each by up to four frames. */
  private sharpen(fit: Fit): Fit {
    const oldest = Math.max(0, this.next - KEPT);
    let best = fit;
    for (let from = fit.from - 4; from <= fit.from + 4; from++) {
      for (let to = fit.to - 4; to <= fit.to + 4; to++) {
        if (to - from < 4 || from < oldest || to >= this.next) continue;
        const other = this.fitAt(from, to, fit);
        if (other && other.score > best.score) best = other;
      }
    }
    return best;
  }
}
