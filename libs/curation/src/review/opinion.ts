import { isDeepStrictEqual } from 'node:util';
import type { TransitionKind } from '#libs/media';
import { Refusal } from '#libs/platform';
import { bad, entryAt } from './edits.js';
import { labelOf, WRITABLE } from './labels.js';
import type { EntryInput, Locked } from './types.js';

/** What a member says of a whole shot. */
export interface Opinion {
  memberId: string;
  memberName: string;
  at: Date;
  /** How it begins; null: there is no transition, it belongs to the shot before. */
  kind: TransitionKind | null;
  /** First frame of the shot. */
  frame: number;
  /** First frame of a gradual transition, which ends before `frame`. */
  first: number | null;
  /** Transitions inside of it that were not seen, in the order of the film. */
  inside: { kind: TransitionKind; frame: number; first: number | null }[];
  /** Every label that a member may write, as this one would have it; one that is absent: there is none of it. */
  labels: Record<string, string | string[]>;
  /** Null where there is no transition. */
  sentence: string | null;
}

export type Said = Pick<Opinion, 'kind' | 'frame' | 'first' | 'inside' | 'labels' | 'sentence'>;

/** What of a shot is other than it is shown; empty: it is right as it is. */
export interface OpinionInput {
  /** There is no transition: nothing else is said. */
  none?: boolean | null;
  entry?: EntryInput | null;
  inside?: EntryInput[] | null;
  labels?: { label: string; values: string[] }[] | null;
  sentence?: string | null;
}

const MOST_INSIDE = 50;
const LONGEST = 1000;

/** Throws Refusal BAD_BOUNDARY, BAD_DECISION, UNKNOWN_FIELD, BAD_LABEL, BAD_CAPTION. */
export function opinionOf(shot: Locked, before: Locked | undefined, input: OpinionInput): Said {
  const inside = input.inside ?? [];
  const labels = input.labels ?? [];
  const [first, last] = [Number(shot.first_frame), Number(shot.last_frame)];
  if (input.none) {
    if (!before) throw bad('A film begins with its first shot.', 'Choose a later shot.');
    if (input.entry || inside.length || labels.length || input.sentence != null) throw new Refusal('BAD_DECISION', 'Where there is no transition there is nothing else to say.', 'Say only that there is none, or move the beginning of the shot.', 400);
    return { kind: null, frame: first, first: null, inside: [], labels: {}, sentence: null };
  }
  if (input.entry && !before) throw bad('A film begins with its first shot: there is no transition.', 'Choose a later shot.');
  if (inside.length > MOST_INSIDE) throw bad(`At most ${MOST_INSIDE} transitions inside a shot are said at once.`, 'Begin with those, and split its parts afterwards.');
  const entry = input.entry ? entryAt(input.entry, Number(before!.first_frame), last) : shot.entry;
  const frame = input.entry?.first ?? first;
  let from = frame;
  const seen = inside
    .toSorted((a, b) => a.first - b.first)
    .map((one) => {
      const { kind, first: begins = null } = entryAt(one, from, last);
      from = one.first;
      return { kind, frame: one.first, first: begins };
    });
  return { kind: entry.kind, frame, first: entry.first ?? null, inside: seen, labels: changed(labelsSaid(shot.labels), labels), sentence: input.sentence == null ? shot.sentence : sentenceIn(input.sentence) };
}

export const isSame = (a: Said, b: Said): boolean => isDeepStrictEqual(said(a), said(b));
const said = ({ kind, frame, first, inside, labels, sentence }: Said): Said => ({ kind, frame, first, inside, labels, sentence });

/** As they stand on a shot. */
export function labelsSaid(labels: object): Opinion['labels'] {
  const found = labels as Record<string, { value: unknown } | { value: unknown }[] | undefined>;
  return Object.fromEntries(
    WRITABLE.flatMap((label): [string, string | string[]][] => {
      const fact = found[label];
      if (fact === undefined) return [];
      return [[label, Array.isArray(fact) ? ordered(fact.map(({ value }) => String(value))) : String(fact.value)]];
    }),
  );
}

function changed(labels: Opinion['labels'], changes: { label: string; values: string[] }[]): Opinion['labels'] {
  for (const { label, values } of changes) {
    const value = labelOf(label, values);
    if (value === undefined) delete labels[label];
    else labels[label] = Array.isArray(value) ? ordered(value) : String(value);
  }
  return labels;
}

/** Which of two sets of things comes first says nothing. */
const ordered = (values: string[]): string[] => [...new Set(values)].sort();

function sentenceIn(text: string): string {
  const sentence = text.trim().replaceAll(/\s+/g, ' ');
  if (!sentence || sentence.length > LONGEST) throw new Refusal('BAD_CAPTION', `A sentence has 1 to ${LONGEST.toLocaleString('en')} characters.`, 'Write it shorter, or leave it as it is.', 400);
  return sentence;
}
