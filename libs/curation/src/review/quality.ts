import type { Transition, TransitionKind } from '#libs/media';

/** How a shot begins, and its first frame. */
export interface Begin {
  frame: number;
  entry: Transition;
}

/** What a detector found of the transitions that people settled. */
export interface KindQuality {
  /** Null: all kinds together. */
  kind: TransitionKind | null;
  /** Transitions that the detector reported as this kind, and how many of them there are (as any kind). */
  detected: number;
  right: number;
  /** Transitions that there are of this kind, how many of them the detector reported, how many to the frame, how many as this kind. */
  real: number;
  found: number;
  exact: number;
  named: number;
  /** Null where there is nothing to divide by. */
  precision: number | null;
  recall: number | null;
}

const TOLERANCE = 2;

/** Transitions in the order of their frames; each is the other's counterpart at most once, within two frames. */
export function qualityOf(detected: Begin[], real: Begin[]): KindQuality[] {
  const pairs = new Map<Begin, Begin>();
  const matched = new Set<Begin>();
  // The nearest first: a transition that is off by two must not take the counterpart of one that is exact.
  const near = detected.flatMap((one) => within(real, one.frame).map((other) => ({ one, other, off: Math.abs(one.frame - other.frame) }))).sort((a, b) => a.off - b.off);
  for (const { one, other } of near) {
    if (pairs.has(one) || matched.has(other)) continue;
    pairs.set(one, other);
    matched.add(other);
  }
  const kinds = [...new Set([...detected, ...real].map(({ entry }) => entry.kind))].sort();
  return [null, ...kinds].map((kind) => {
    const reported = detected.filter(({ entry }) => kind === null || entry.kind === kind);
    const there = real.filter(({ entry }) => kind === null || entry.kind === kind);
    const hits = [...pairs].filter(([, { entry }]) => kind === null || entry.kind === kind);
    const right = reported.filter((one) => pairs.has(one)).length;
    return {
      kind,
      detected: reported.length,
      right,
      real: there.length,
      found: hits.length,
      exact: hits.filter(([one, other]) => one.frame === other.frame && (one.entry.first ?? one.frame) === (other.entry.first ?? other.frame)).length,
      named: hits.filter(([one, other]) => one.entry.kind === other.entry.kind).length,
      precision: reported.length ? right / reported.length : null,
      recall: there.length ? hits.length / there.length : null,
    };
  });
}

function within(inOrder: Begin[], frame: number): Begin[] {
  let [low, high] = [0, inOrder.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inOrder[middle]!.frame < frame - TOLERANCE) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < inOrder.length && inOrder[end]!.frame <= frame + TOLERANCE) end++;
  return inOrder.slice(low, end);
}
