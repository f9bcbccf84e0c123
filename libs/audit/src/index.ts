/**
 * audit: the transparency log.
 *
 * - entry: one fact; its leaf holds a salted commitment, its payload lies beside and can be erased without breaking a proof
 * - head, checkpoint: size and root of a log, signed
 * - tile, bundle: how hashes and entries lie as files (c2sp.org/tlog-tiles)
 * - origin: the name of a log and of its key; one log a studio, and the platform's log of their heads
 */
export { makeEntry, parseLeaf, type EntryType, type LeafFields, type StoredEntry } from './entry.js';
export { appendEntry, PLATFORM_LOG, publishLog, recordHead } from './log.js';
export { generateLogKey, readCheckpoint, signCheckpoint, verifierOf, verifyCheckpoint, type Checkpoint, type LogKey } from './note.js';
export { proveInclusion, verifyProof, type InclusionProof } from './proof.js';
export { erasePayload, publish, type Publication } from './publish.js';
export { countEntries, entriesOf, type LogEntry } from './read.js';
export { recordedHeads, verifyLog, type LogProblem, type LogReport, type VerifyOptions } from './verify.js';
