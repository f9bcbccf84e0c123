import type { Disagreement } from '#libs/media';
import type { Caption } from '../rows.js';

/** A new caption of a shot in which what members wrote stays: nobody's words are written over by a model. */
export function keepWritten(fresh: Caption, before: Caption): Caption {
  const written = Object.entries(before).filter(([, field]) => field.source === 'written');
  return written.reduce<Caption>((caption, [name, field]) => settle({ ...caption, [name]: field }, name), fresh);
}

/** Without the disagreements that a member settled by writing the field, or the whole sentence. */
export function settle(caption: Caption, written: string): Caption {
  const { disagreements, ...fields } = caption;
  const open = written === 'sentence' ? [] : disagreementsOf(caption).filter(({ field }) => field !== written);
  return open.length ? { ...fields, disagreements: { ...disagreements!, value: open } } : fields;
}

/** A model's words that were not taken because something else is known. */
export const disagreementsOf = (caption: Caption): Disagreement[] => (caption.disagreements?.value ?? []) as Disagreement[];
