import type { Database, Page, Paged, Scope, SealedObject, Vault } from '#libs/platform';
import type { Rights } from '#libs/rights';
import type { Readable } from 'node:stream';
import type { Agent, BaseModel, Model, RunInput, RunMetric, RunSample, TrainingRun, TrainLease } from './types.js';

/** Shape for those who write against it; the implementation replaces this file. */
export declare class Training {
  /** `basesFolders`: where base models may lie; the first one holds `starter`. */
  constructor(parts: { database: Database; vault: Vault; rights: Rights; keysFolder: string; basesFolders: string[] });

  /** All base models, the starter among them (registered on first sight), oldest first; at most 100. */
  bases(scope: Scope): Promise<BaseModel[]>;
  basesById(scope: Scope, ids: string[]): Promise<BaseModel[]>;
  /** Throws Refusal BASE_OUTSIDE (not under a bases folder), BASE_MISSING, BAD_BASE (what is wrong with the folder), LICENCE_MISSING. The same folder again is the same base model. */
  registerBase(scope: Scope, input: { path: string; name?: string | null; licence: string }): Promise<BaseModel>;

  /** Throws Refusal NOT_FOUND (dataset version or base model), NOT_FROZEN, BAD_SETTINGS, and LicenceRefused. `actor`: the member's name. */
  startRun(scope: Scope, input: RunInput, actor: string): Promise<TrainingRun>;
  /** Throws Refusal NOT_FOUND, RUN_ENDED. A running one stops within a heartbeat. */
  cancelRun(scope: Scope, id: string): Promise<TrainingRun>;
  /** Throws Refusal NOT_FOUND. */
  run(scope: Scope, id: string): Promise<TrainingRun>;
  runsById(scope: Scope, ids: string[]): Promise<TrainingRun[]>;
  runs(scope: Scope, page: Page): Promise<Paged<TrainingRun>>;
  countRuns(scope: Scope): Promise<number>;
  /** Loss points by run id, ascending by step, thinned evenly to about 2,000. */
  metricsOf(scope: Scope, runIds: string[]): Promise<Map<string, RunMetric[]>>;
  /** Newest 200 by run id, ascending by step and number. Their address opens by action `curate`, scope kind `dataset`, scope the run's dataset version. */
  samplesOf(scope: Scope, runIds: string[]): Promise<Map<string, RunSample[]>>;

  /** Throws Refusal NOT_FOUND. */
  model(scope: Scope, id: string): Promise<Model>;
  modelsById(scope: Scope, ids: string[]): Promise<Model[]>;
  /** By run id; absent for a run that made none. */
  modelsOfRuns(scope: Scope, runIds: string[]): Promise<Map<string, Model>>;
  models(scope: Scope, page: Page): Promise<Paged<Model>>;
  countModels(scope: Scope): Promise<number>;
  /** Titles behind a dataset version's clips; and behind a model. For decisions. */
  titleIdsOfVersion(scope: Scope, datasetVersionId: string): Promise<string[]>;
  titleIdsOfModel(scope: Scope, modelId: string): Promise<string[]>;

  // ── the tenant's side: POST /agent/train/:id/… ; Generation has the same methods for /agent/generate/:id/… (and `lease` for both kinds) ──
  /** The next run for this agent, or undefined. Not called by controllers: Generation.lease waits for either kind. */
  lease(agent: Agent, instance: string): Promise<TrainLease | undefined>;
  /** All of these throw Refusal NOT_FOUND (404) and STALE_EPOCH (409). */
  heartbeat(agent: Agent, id: string, epoch: number): Promise<{ action: 'continue' | 'cancel' }>;
  /** Trainer lines; repeating a batch changes nothing. Throws Refusal BAD_EVENT. */
  events(agent: Agent, id: string, batch: { epoch: number; events: unknown[] }): Promise<void>;
  /** Sealed bytes of PUT /agent/objects/:objectId?kind=train&id=…&epoch=… (objectId URI-encoded: samples' ids hold slashes). Repeatable. */
  receive(agent: Agent, id: string, upload: { epoch: number; objectId: string; bytes: Readable }): Promise<void>;
  complete(agent: Agent, id: string, end: { epoch: number; result: unknown }): Promise<void>;
  fail(agent: Agent, id: string, end: { epoch: number; error: unknown }): Promise<void>;
  /** A dataset or adapter of this studio for GET /agent/datasets/:objectId; send vault.sealedBytes(object). Throws Refusal NOT_FOUND. */
  sealedFor(agent: Agent, objectId: string): Promise<SealedObject>;
}
