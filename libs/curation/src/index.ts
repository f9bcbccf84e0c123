/**
 * curation: what is in the footage, and what of it goes into a dataset.
 *
 * - analysis: what one pass over a master found: shots, keyframes, filmstrip, proxy
 * - shot: one continuous take; its caption is structured fields and one sentence, each field measured, modelled or written
 * - correction: a member's change of a caption, with what stood there before
 * - dataset version: an immutable selection of clips; its hash is the same wherever the same inputs are frozen
 * - drop: a shot that was left out, with a code and the value that settled it
 */
export { Curation } from './curation.js';
export type { Media } from './media.js';
export type { DatasetInput } from './query.js';
export type { Analysis, Caption, CaptionField, Clip, Correction, DatasetQuery, DatasetVersion, Drop, Filmstrip, Keyframe, Shot } from './rows.js';
export type { Bucket } from './selection.js';
