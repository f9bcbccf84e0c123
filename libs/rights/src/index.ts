/**
 * rights: licences and what they allow.
 *
 * - licence: an ODRL policy a rights holder signed; a title attached to it is in its collection `<policy uid>#titles`
 * - decision: one evaluation of every licence behind a scope, recorded with its trace and logged
 * - release: a key handed out under a decision (Vault.release); `openFor` is the way for members
 */
export * from './policy/index.js';
export { type Licence, type LicenceDraft, type LicenceEvent, Licences, type LicenceVersion, type Signature, type VersionDraft } from './licences.js';
export type { PolicySource } from './licences/source.js';
export { type Decision, LicenceRefused, type Question, Rights } from './rights.js';
