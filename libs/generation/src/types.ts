import type { Reason } from '#libs/platform';
import type { RunState } from '#libs/training';

/** What a generation is made with, beside prompt and seed. */
export interface GenerationSettings {
  steps: number;
  guidance: number;
  frames: number;
  width: number;
  height: number;
  fps: number;
}

export interface GenerationRecord {
  id: string;
  modelId: string;
  decisionId: string;
  prompt: string;
  /** 0 to 2^53 - 1. */
  seed: number;
  settings: GenerationSettings;
  state: RunState;
  /** 0 to 1. */
  progress: number;
  reason: Reason | null;
  createdAt: Date;
}

export interface GenerationInput {
  modelId: string;
  prompt: string;
  /** Absent: one is drawn. */
  seed?: number | null;
  steps?: number | null;
  guidance?: number | null;
}

export type Review = 'waiting' | 'approved' | 'rejected';

export interface Output {
  id: string;
  generationId: string;
  /** Sealed MP4, scope = the model. Its address opens by action `generate`, scope kind `model`. */
  objectId: string;
  modelId: string;
  frames: number;
  width: number;
  height: number;
  fps: number;
  /** SHA-256 of the clear file, hex. */
  sha256: string;
  review: Review;
  /** Name of the member who reviewed it. */
  reviewedBy: string | null;
  reviewedAt: Date | null;
}

export interface Delivery {
  id: string;
  outputId: string;
  decisionId: string;
  /** Path of the signed address. */
  url: string;
  createdAt: Date;
  expiresAt: Date;
  downloads: number;
}

/** A request as the resident generator takes it; the agent adds the files' names. */
export interface GenerateRequest {
  type: 'generate';
  id: string;
  base: { path: string };
  /** `objectId` is what the sealed adapter's segments are bound to and its name at GET /agent/datasets/:objectId; key in base64. */
  adapter: { objectId: string; key: string };
  prompt: string;
  seed: number;
  steps: number;
  guidance: number;
  frames: number;
  width: number;
  height: number;
  fps: number;
  maxSequenceLength: number;
  output: { objectId: string; key: string };
}

export interface GenerateLease {
  kind: 'generate';
  id: string;
  epoch: number;
  ttlSeconds: number;
  document: GenerateRequest;
}
