import type { OpinionFieldsFragment, OpinionInput } from '../../generated/graphql.js';
import { labels } from './labels.js';
import type { Entry, Shot } from './shots.js';

export type Opinion = OpinionFieldsFragment;

export interface Begin {
  kind: Entry['kind'];
  frame: number;
  /** First frame of a gradual transition. */
  first: number | null;
}

/** What a reviewer is about to say of a shot. */
export interface Draft extends Begin {
  /** There is no transition: nothing else is said. */
  none: boolean;
  inside: Begin[];
  labels: Record<string, string[]>;
  sentence: string;
}

const KINDS: Entry['kind'][] = ['cut', 'dissolve', 'fade', 'wipe', 'other'];

/** The shot as it is shown. */
export function shownDraft(shot: Shot): Draft {
  const { kind, first = null } = shot.entry as Entry;
  const known = (shot.labels ?? {}) as Record<string, { value: unknown } | { value: unknown }[] | undefined>;
  return { none: false, kind, frame: shot.first, first, inside: [], labels: Object.fromEntries(labels.map(([name]) => [name, [known[name] ?? []].flat().map(({ value }) => String(value))])), sentence: shot.sentence };
}

export function draftOf(shot: Shot, opinion: Opinion): Draft {
  const shown = shownDraft(shot);
  if (!opinion.kind) return { ...shown, none: true };
  const said = opinion.labels as Record<string, string | string[] | undefined>;
  return {
    none: false,
    kind: opinion.kind as Entry['kind'],
    frame: opinion.frame,
    first: opinion.first ?? null,
    inside: opinion.inside as Begin[],
    labels: Object.fromEntries(labels.map(([name]) => [name, [said[name] ?? []].flat()])),
    sentence: opinion.sentence ?? shown.sentence,
  };
}

/** What the API is told: only what is other than it is shown. */
export function inputOf(draft: Draft, shown: Draft): OpinionInput {
  if (draft.none) return { none: true };
  const begin = ({ kind, frame, first }: Begin) => ({ kind, first: frame, ...(first !== null && { from: first }) });
  const moved = (['kind', 'frame', 'first'] as const).some((field) => draft[field] !== shown[field]);
  const labelled = Object.entries(draft.labels).filter(([name, values]) => said(values) !== said(shown.labels[name] ?? []));
  const sentence = draft.sentence.trim();
  return {
    ...(moved && { entry: begin(draft) }),
    ...(draft.inside.length > 0 && { inside: draft.inside.map(begin) }),
    ...(labelled.length > 0 && { labels: labelled.map(([label, values]) => ({ label, values })) }),
    ...(sentence !== shown.sentence && sentence && { sentence }),
  };
}

export const isAsShown = (draft: Draft, shown: Draft): boolean => Object.keys(inputOf(draft, shown)).length === 0;

/** The order in which things are named says nothing. */
const said = (values: string[]): string => JSON.stringify(values.toSorted());

export const moved = (draft: Draft, by: number): Draft => (draft.kind === 'start' ? draft : { ...draft, none: false, frame: draft.frame + by, first: draft.first === null ? null : draft.first + by });

/** Another kind: what was a cut becomes gradual by a frame. */
export function otherKind(draft: Draft): Draft {
  if (draft.kind === 'start') return draft;
  const kind = KINDS[(KINDS.indexOf(draft.kind) + 1) % KINDS.length] as Entry['kind'];
  return { ...draft, none: false, kind, first: kind === 'cut' ? null : (draft.first ?? draft.frame - 1) };
}

/** The transition begins at this frame, gradual from now on. */
export const gradualFrom = (draft: Draft, first: number): Draft => (draft.kind === 'start' ? draft : { ...draft, none: false, first, kind: draft.kind === 'cut' ? 'dissolve' : draft.kind });

/** A cut that was not seen, at this frame; there already: taken away again. */
export function cutInside(draft: Draft, frame: number): Draft {
  const others = draft.inside.filter((one) => one.frame !== frame);
  const inside = others.length < draft.inside.length ? others : [...others, { kind: 'cut' as const, frame, first: null }].sort((a, b) => a.frame - b.frame);
  return { ...draft, none: false, inside };
}

export function beginInWords({ kind, frame, first }: Begin): string {
  return first === null ? `${kind} at ${frame}` : `${kind} ${first} to ${frame - 1}, then ${frame}`;
}

/** One line for each thing that can be said; the same words for the same thing, so that they can be compared. */
export function linesOf(draft: Draft): [about: string, says: string][] {
  if (draft.none) return [['Begins', 'no transition']];
  return [
    ['Begins', draft.kind === 'start' ? 'start of the film' : beginInWords(draft)],
    ['Not seen inside', draft.inside.map(beginInWords).join('; ') || 'nothing'],
    ...labels.map(([name]): [string, string] => [name, (draft.labels[name] ?? []).toSorted().join(', ') || 'none']),
    ['Caption', draft.sentence || 'none'],
  ];
}
