import type { Boundary, ShotDetector, SmallFrame, Transition } from '../types.js';

/** Frames of the longest gradual transition that is told as one; of a longer one its own frames are told as a shot, so that no pass holds them all. */
const LONGEST = 256;

/** Detects nothing: tells the boundaries of shots that are known, so that a pass measures those. */
export class GivenShots implements ShotDetector {
  readonly name = 'given';
  readonly version = '1';
  readonly lag: number;
  private readonly boundaries: Boundary[];
  private told = 0;

  /** The first frame of each shot and how it begins, in order; the first one's is the film's beginning. */
  constructor(shots: readonly { first: number; entry: Transition }[]) {
    this.boundaries = shots.flatMap(({ first: frame, entry }): Boundary[] => {
      if (frame === 0) return [];
      const from = entry.first ?? frame;
      if (frame - from <= LONGEST) return [{ frame, entry }];
      const cut: Transition = { kind: 'cut', confidence: entry.confidence };
      return [...(from > 0 ? [{ frame: from, entry: cut }] : []), { frame, entry: cut }];
    });
    this.lag = this.boundaries.reduce((most, { frame, entry }) => Math.max(most, frame - (entry.first ?? frame)), 1);
  }

  push({ frame }: SmallFrame): Boundary[] {
    const next = this.boundaries[this.told];
    if (next?.frame !== frame) return [];
    this.told++;
    return [next];
  }

  end(): Boundary[] {
    return [];
  }
}
