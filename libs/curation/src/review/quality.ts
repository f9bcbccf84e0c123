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

/** Which detected transition is which real one, both in the order of their frames: each the other's counterpart at most once, within the tolerance. */
export function pairsOf(detected: readonly Begin[], real: readonly Begin[], tolerance = TOLERANCE): Map<Begin, Begin> {
  const pairs = new Map<Begin, Begin>();
  const matched = new Set<Begin>();
  // The nearest first: a transition that is off by two must not take the counterpart of one that is exact.
  const near = detected.flatMap((one) => within(real, one.frame, tolerance).map((other) => ({ one, other, off: Math.abs(one.frame - other.frame) }))).sort((a, b) => a.off - b.off);
  for (const { one, other } of near) {
    if (pairs.has(one) || matched.has(other)) continue;
    pairs.set(one, other);
    matched.add(other);
  }
  return pairs;
}

/** A transition that the detector got wrong, at the frame where a person sees it. */
export interface Mistake {
  frame: number;
  what: 'false' | 'missed' | 'off' | 'misnamed';
  /** What was detected; null where nothing was. */
  detected: Begin | null;
  /** What there is; null where there is nothing. */
  real: Begin | null;
}

/** Where the detector was wrong, in the order of the film. */
export function mistakesOf(detected: Begin[], real: Begin[]): Mistake[] {
  const pairs = pairsOf(detected, real);
  const found = new Set(pairs.values());
  const wrong = detected.flatMap((one): Mistake[] => {
    const other = pairs.get(one);
    if (!other) return [{ frame: one.frame, what: 'false', detected: one, real: null }];
    if (one.entry.kind !== other.entry.kind) return [{ frame: other.frame, what: 'misnamed', detected: one, real: other }];
    return exactly(one, other) ? [] : [{ frame: other.frame, what: 'off', detected: one, real: other }];
  });
  const missed = real.filter((one) => !found.has(one)).map((one): Mistake => ({ frame: one.frame, what: 'missed', detected: null, real: one }));
  return [...wrong, ...missed].sort((a, b) => a.frame - b.frame);
}

const exactly = (one: Begin, other: Begin): boolean => one.frame === other.frame && (one.entry.first ?? one.frame) === (other.entry.first ?? other.frame);

export function qualityOf(detected: Begin[], real: Begin[]): KindQuality[] {
  const pairs = pairsOf(detected, real);
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
      exact: hits.filter(([one, other]) => exactly(one, other)).length,
      named: hits.filter(([one, other]) => one.entry.kind === other.entry.kind).length,
      ...shares({ detected: reported.length, right, real: there.length, found: hits.length }),
    };
  });
}

const shares = ({ detected, right, real, found }: Pick<KindQuality, 'detected' | 'right' | 'real' | 'found'>): Pick<KindQuality, 'precision' | 'recall'> => ({ precision: detected ? right / detected : null, recall: real ? found / real : null });

/** What was counted title by title, together; all kinds first. */
export function together(titles: KindQuality[][]): KindQuality[] {
  const sums = new Map<string | null, KindQuality>();
  for (const one of titles.flat()) {
    const sum = sums.get(one.kind) ?? { kind: one.kind, detected: 0, right: 0, real: 0, found: 0, exact: 0, named: 0, precision: null, recall: null };
    for (const key of ['detected', 'right', 'real', 'found', 'exact', 'named'] as const) sum[key] += one[key];
    sums.set(one.kind, { ...sum, ...shares(sum) });
  }
  return [...sums.values()].sort((a, b) => ((a.kind ?? '') < (b.kind ?? '') ? -1 : 1));
}

function within(inOrder: readonly Begin[], frame: number, tolerance: number): readonly Begin[] {
  let [low, high] = [0, inOrder.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inOrder[middle]!.frame < frame - tolerance) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < inOrder.length && inOrder[end]!.frame <= frame + tolerance) end++;
  return inOrder.slice(low, end);
}
