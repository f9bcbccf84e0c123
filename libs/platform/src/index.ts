/**
 * platform: what every lib stands on.
 *
 * - scope: whose transaction this is; row level security compares with its studio
 * - refusal: an expected failure with a code, a message and a way out
 * - sealed object: bytes under a data key of their own; the key is wrapped by the studio's key
 * - release: a data key handed out under a decision, after the log knows
 * - job: long work with a key, attempts, heartbeat, progress and cancel
 * - event: a fact written with what it tells of (outbox), relayed once to each consumer
 */
export { config, readConfig, required, settingNames, type Config } from './config.js';
export { connect, Database, row, rows, scoped, writeAnyway, type Scope } from './database.js';
export { notFound, reasonOf, Refusal, type Reason } from './errors.js';
export { isId, newId } from './ids.js';
export type { Listening } from './listen.js';
export { cancelJob, enqueueJob, jobsOf, putOff, startJobs, type Job, type JobContext, type JobHandler, type JobState } from './jobs.js';
export { createKeyFile, LocalKeys, type KeyManagement } from './keys.js';
export { forgetRequests, once } from './once.js';
export { emit, relayEvents, type DomainEvent, type EventHandler } from './outbox.js';
export { decodeCursor, encodeCursor, pageSize, toPage, type Page, type Paged } from './page.js';
export { repositoryRoot } from './paths.js';
export { openRange, plainSize, readHeader, sealedRange, SealStream, SEGMENT_BYTES } from './seal.js';
export { diskFull, FileStore, type ObjectStore } from './store.js';
export { Vault, type ObjectKind, type ReleasedKey, type SealedObject } from './vault.js';
