/**
 * rights: licences and what they allow.
 *
 * - licence: an ODRL policy a rights holder signed; a title attached to it is in its collection `<policy uid>#titles`
 * - decision: one evaluation of every licence behind a scope, recorded with its trace and logged
 * - use: what an action makes or goes on with; a licence's count counts each once
 * - hold: a stop on a title, performer, licence or the whole studio, until it is lifted
 * - duty: something owed under a licence, before a use or because of one, until it is fulfilled or waived
 * - edit: a title's frames as they were decoded; exclusions (frames left out) and marks (who appears, what plays) count them
 * - release: a key handed out under a decision (Vault.release); `openFor` is the way for members
 */
export * from './policy/index.js';
export { type Licence, type LicenceDraft, type LicenceEvent, Licences, type LicenceVersion, type Signature, type VersionDraft } from './licences.js';
export type { PolicySource } from './licences/source.js';
export type { Decision, Question } from './decisions.js';
export { Duties, type Duty, type DutyFilter, type DutyState, type Evidence } from './duties.js';
export type { Edit, FrameRange, LeftOut, TimedEdit, TitleFrames } from './edit.js';
export { joined, without } from './edit.js';
export { type Exclusion, type ExclusionInput, Exclusions, type Imported, type Mark, type MarkInput, type MarkKind } from './exclusions.js';
export { type Hold, type HoldInput, type HoldKind, Holds } from './holds.js';
export { LicenceRefused, Rights } from './rights.js';
export { type Flip, type FlipsOfJob, type FlipsOfTitle, type LicenceSimulation, type SimulationInput, Simulations } from './simulations.js';
