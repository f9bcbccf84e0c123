import type { Job, Page, Paged, Reason, Scope } from '#libs/platform';

export interface Bucket {
  width: number;
  height: number;
  frames: number;
  fps: number;
}

export interface Analysis {
  masterId: string;
  titleId: string;
  frames: number;
  timeBase: string;
  startPts: number;
  durationPts: number;
  width: number;
  height: number;
  detector: string;
  proxyObjectId: string | null;
  filmstripObjectId: string | null;
  /** {tileWidth, tileHeight, columns, rows, frames: [frame of each tile], sheets: [object id of each sheet]} */
  filmstrip: Record<string, unknown> | null;
  warnings: unknown[];
  decisionId: string;
}

export interface Keyframe {
  objectId: string;
  frame: number;
  width: number;
  height: number;
}

export interface Shot {
  id: string;
  titleId: string;
  number: number;
  first: number;
  last: number;
  startPts: number;
  endPts: number;
  entry: Record<string, unknown>;
  measures: Record<string, unknown>;
  labels: Record<string, unknown>;
  caption: Record<string, unknown>;
  sentence: string;
  keyframes: Keyframe[];
}

export interface Correction {
  id: string;
  shotId: string;
  field: string;
  before: unknown;
  after: unknown;
  memberId: string;
  memberName: string;
  at: Date;
}

export interface DatasetInput {
  name: string;
  titleIds: string[];
  minSeconds?: number | null;
  captionContains?: string | null;
  excludeShotIds?: string[] | null;
  bucket?: { width: number; height: number; frames: number } | null;
  clipsPerShot?: number | null;
}

export interface DatasetVersion {
  id: string;
  name: string;
  number: number;
  state: 'building' | 'frozen' | 'failed' | 'cancelled';
  reason: Reason | null;
  hash: string | null;
  query: Record<string, unknown>;
  bucket: Bucket;
  /** The sealed WebDataset tar, once frozen. */
  objectId: string | null;
  clipCount: number;
  droppedCount: number;
  createdAt: Date;
  frozenAt: Date | null;
}

export interface Clip {
  number: number;
  titleId: string;
  shotId: string;
  first: number;
  last: number;
  caption: string;
  split: 'train' | 'heldout';
  sha256: string;
  decisionId: string;
}

export interface Drop {
  number: number;
  titleId: string;
  shotId: string | null;
  first: number;
  last: number;
  code: string;
  message: string;
  decisionId: string | null;
}

/** Shape for those who write against it; the implementation replaces this file. */
export declare class Curation {
  /** By title id; a title that is not analysed is absent. */
  analysesOf(scope: Scope, titleIds: string[]): Promise<Map<string, Analysis>>;
  /** HLS byte-range playlist of the proxy whose bytes lie at `address`; throws Refusal NOT_FOUND. `title` scope object: /objects/:proxyObjectId. */
  playlist(scope: Scope, titleId: string, address: (objectId: string) => string): Promise<string>;

  shots(scope: Scope, titleId: string, page: Page): Promise<Paged<Shot>>;
  /** Number of shots by title id. */
  countShots(scope: Scope, titleIds: string[]): Promise<Map<string, number>>;
  shotsById(scope: Scope, ids: string[]): Promise<Shot[]>;
  /** Newest first, at most 100 each, by shot id. */
  correctionsOf(scope: Scope, shotIds: string[]): Promise<Map<string, Correction[]>>;
  /** Throws Refusal NOT_FOUND, UNKNOWN_FIELD, BAD_CAPTION. `scope.memberId` is needed. */
  correctShot(scope: Scope, shotId: string, field: string, value: string): Promise<Shot>;

  /** Starts the freeze of a new version; throws Refusal BAD_DATASET, NOT_FOUND (a title). Job: `jobsOf([version.id])`. */
  buildDataset(scope: Scope, input: DatasetInput): Promise<DatasetVersion>;
  datasetVersion(scope: Scope, id: string): Promise<DatasetVersion>;
  datasetVersionsById(scope: Scope, ids: string[]): Promise<DatasetVersion[]>;
  datasetVersions(scope: Scope, page: Page): Promise<Paged<DatasetVersion>>;
  countDatasetVersions(scope: Scope): Promise<number>;
  clips(scope: Scope, versionId: string, page: Page): Promise<Paged<Clip>>;
  drops(scope: Scope, versionId: string, page: Page): Promise<Paged<Drop>>;
  /** Titles behind a version's clips, for decisions about what was made from it. */
  titleIdsOfVersion(scope: Scope, versionId: string): Promise<string[]>;

  /** Cancels a job and puts its subject (a title or version) into the state that says so. Throws Refusal NOT_FOUND, JOB_ENDED. */
  cancelJob(scope: Scope, jobId: string): Promise<Job>;
}
