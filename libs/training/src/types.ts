import type { Reason } from '#libs/platform';

/** The tenant's agent, as its token says: the studio it works for and which agent it is. */
export interface Agent {
  studioId: string;
  agentId: string;
}

export interface BaseModel {
  id: string;
  name: string;
  /** Folder of a diffusers pipeline, as the agent sees it. */
  path: string;
  /** SHA-256 over the folder's files, hex: see `hashFolder`. */
  sha256: string;
  licence: string;
  spec: BaseSpec;
  createdAt: Date;
}

/** What a base model is and the settings that suit it, read from its folder. */
export interface BaseSpec {
  /** The diffusers pipeline class. */
  class: string;
  /** Numbers of the transformer, VAE and text encoder together. */
  parameters: number;
  width: number;
  height: number;
  frames: number;
  fps: number;
  maxSequenceLength: number;
  training: { steps: number; rank: number; batch: number; learningRate: number };
  generation: { steps: number; guidance: number };
}

export type RunState = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';

/** What a run trains with; a part of its signed specification. */
export interface RunSettings {
  rank: number;
  alpha: number;
  batch: number;
  learningRate: number;
  seed: number;
  captionDropout: number;
  checkpointEvery: number;
  sampleEvery: number;
  samplePrompts: string[];
  maxSequenceLength: number;
}

export interface TrainingRun {
  id: string;
  name: string;
  state: RunState;
  /** loading, encoding, training, evaluating or saving, while it runs. */
  phase: string | null;
  reason: Reason | null;
  step: number;
  steps: number;
  loss: number | null;
  heldOutLossBase: number | null;
  heldOutLoss: number | null;
  heldOutKind: string | null;
  settings: RunSettings;
  datasetVersionId: string;
  baseModelId: string;
  decisionId: string;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

export interface RunInput {
  name: string;
  datasetVersionId: string;
  baseModelId: string;
  steps?: number | null;
  rank?: number | null;
  learningRate?: number | null;
  seed?: number | null;
}

export interface RunMetric {
  step: number;
  loss: number;
  secondsPerStep: number | null;
}

export interface RunSample {
  step: number;
  number: number;
  prompt: string;
  /** Sealed MP4, scope = the dataset version. */
  objectId: string;
}

export interface Model {
  id: string;
  name: string;
  version: number;
  runId: string;
  baseModelId: string;
  datasetVersionId: string;
  /** Sealed safetensors, scope = the model. */
  adapterObjectId: string;
  /** SHA-256 over the adapter's tensors, hex: equal for equal weights, whatever the file's metadata order. */
  adapterSha256: string;
  createdAt: Date;
}

/** What the agent gives to the trainer: its first line on stdin, less the token that the agent adds to `keys`. */
export interface TrainDocument {
  type: 'train';
  run: string;
  /** base64url JSON of the run specification. */
  spec: string;
  /** Ed25519 over the decoded bytes of `spec`, base64url. */
  signature: string;
  /** Raw 32 bytes, base64url. */
  publicKey: string;
  /** base64: `dataset` opens the shard, `run` seals checkpoints, samples and the adapter. */
  keys: { dataset: string; run: string };
}

export interface TrainLease {
  kind: 'train';
  id: string;
  epoch: number;
  ttlSeconds: number;
  document: TrainDocument;
}
