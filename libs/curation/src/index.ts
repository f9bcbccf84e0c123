/**
 * curation: what is in the footage, and what of it goes into a dataset.
 *
 * - analysis: what one pass over a master found: shots, keyframes, filmstrip, proxy
 * - shot: one continuous take; its caption is structured fields and one sentence, each field measured, modelled or written
 * - correction: a member's change of a caption, with what stood there before
 * - dataset version: an immutable selection of clips; its hash is the same wherever the same inputs are frozen
 * - near-duplicates: shots that show one take, in any title and encode of the studio; the best of a cluster represents it
 * - rule: keeps a shot whose measure compares as it says, or drops it; a filter set is rules under a name, every version of them kept
 * - preview: what a filter set would keep and drop, before anything is built
 * - review: people put shots right; each edit is kept with what was and what is, and says how good the detector was
 * - opinion: what one of two reviewers says of a shot, unseen by the other until both have decided; a third settles what they differ in
 * - search: shots by words, by what sentences mean, by the look of an example and by facts, all in one order
 * - vector: numbers of a sentence or a look; near ones mean or look alike
 * - cell: where vectors lie that are near one another; a search looks into the nearest cells
 * - drop: a shot that was left out, with a code and the value that settled it
 */
export type { ShotCaption } from './captions/captions.js';
export { Curation, type ShotPage } from './curation.js';
export { HashIndex, type Near } from './duplicates/index-of-hashes.js';
export type { Duplicate, DuplicateCluster } from './duplicates/duplicates.js';
export type { AppliedFilter } from './filters/applied.js';
export { type Measure, MEASURES } from './filters/measures.js';
export { type Preset, PRESETS } from './filters/presets.js';
export type { Example, Histogram, Preview, PreviewInput, RuleCount, Side } from './filters/preview.js';
export { type Rule, type RuleInput, rulesSha256, STANDARD } from './filters/rules.js';
export type { FilterChange, FilterSet, FilterSetInput, FilterVersion } from './filters/sets.js';
export type { Media } from './media.js';
export type { DatasetInput } from './query.js';
export type { Analysis, Caption, CaptionField, Clip, Correction, DatasetQuery, DatasetVersion, Drop, Filmstrip, Keyframe, Shot } from './rows.js';
export type { Agreement } from './review/agreement.js';
export type { Dispute, DoublyReviewed, ShotDecision } from './review/double.js';
export type { Opinion, OpinionInput } from './review/opinion.js';
export type { KindQuality, Mistake } from './review/quality.js';
export type { Truth } from './review/report.js';
export type { Disagreement, EntryInput, Reviewed, Reviewing, ShotEdit, ShotReview, Verdict } from './review/types.js';
export type { ShotHit, ShotHits, ShotQuery } from './search/search.js';
export { type Kind, LOOK, SENTENCE } from './search/vectors.js';
export type { Condition } from './search/words.js';
export type { Bucket } from './selection.js';
export type { Stretch, Track, TrackLane } from './track.js';
