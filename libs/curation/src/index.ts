/**
 * curation: what is in the footage, and what of it goes into a dataset.
 *
 * - analysis: what one pass over a master found: shots, keyframes, filmstrip, proxy
 * - shot: one continuous take; its caption is structured fields and one sentence, each field measured, modelled or written
 * - correction: a member's change of a caption, with what stood there before
 * - dataset version: an immutable selection of clips; its hash is the same wherever the same inputs are frozen
 * - drop: a shot that was left out, with a code and the value that settled it
 */
export { type Analysis, type Clip, type Correction, Curation, type DatasetInput, type DatasetVersion, type Drop, type Shot } from './curation.js';
