import type { Labels, Shot } from '#libs/media';
import type { Media } from './media.js';
import type { Caption, Keyframe } from './rows.js';

/** What members wrote of a shot: no pass replaces it. */
export interface Written {
  labels: Labels;
  caption: Caption;
}

/** The columns of a shot that a pass fills. */
export function described(media: Media, shot: Shot, keyframes: Keyframe[], written?: Written): Record<string, unknown> {
  // The look vector (1280 numbers) is for search by example, not for rows that lists read.
  const { vector: _vector, ...seen } = shot.labels ?? {};
  const kept = writtenOf(written?.labels) as Labels & { absent?: { value: string[] } };
  for (const none of kept.absent?.value ?? []) delete seen[none as keyof typeof seen];
  const labels = { ...seen, ...kept };
  const caption: Caption = { ...media.captionFor({ ...shot, labels }), ...writtenOf(written?.caption) };
  const { index: number, first: first_frame, last: last_frame, startPts: start_pts, endPts: end_pts, entry, scene, measures } = shot;
  return { number, first_frame, last_frame, start_pts, end_pts, entry, scene, measures, labels, caption, sentence: caption.sentence ? String(caption.sentence.value) : media.sentenceOf(caption), keyframes };
}

/** A list of facts is written as a whole: its first says so. */
function writtenOf<T extends object>(facts: T | undefined): T {
  return Object.fromEntries(Object.entries(facts ?? {}).filter(([, fact]) => ((Array.isArray(fact) ? fact[0] : fact) as { source?: string } | undefined)?.source === 'written')) as T;
}
