import type { Reason } from '#libs/platform';
import type { RunState } from '#libs/training';
import type { GenerationRecord, GenerationSettings, Output, Review } from './types.js';

export interface GenerationRow {
  id: string;
  model_id: string;
  decision_id: string;
  prompt: string;
  seed: string;
  settings: GenerationSettings;
  state: RunState;
  progress: number;
  reason: Reason | null;
  created_at: Date;
}

export interface OutputRow {
  id: string;
  generation_id: string;
  object_id: string;
  model_id: string;
  frames: number;
  width: number;
  height: number;
  fps: number;
  sha256: string;
  review: Review;
  reviewed_by: string | null;
  reviewed_at: Date | null;
}

export interface DeliveryRow {
  id: string;
  output_id: string;
  decision_id: string;
  created_at: Date;
  expires_at: Date;
  downloads: number;
}

export const generationColumns = 'id, model_id, decision_id, prompt, seed, settings, state, progress, reason, created_at';
export const deliveryColumns = 'id, output_id, decision_id, created_at, expires_at, downloads';

/** Outputs with the model they belong to and the reviewer's name; a `where` follows. */
export const selectOutputs = `select o.id, o.generation_id, o.object_id, g.model_id, o.frames, o.width, o.height, o.fps, o.sha256, o.review, m.name as reviewed_by, o.reviewed_at
  from output o join generation g on g.id = o.generation_id left join member m on m.id = o.reviewed_by`;

export const toGeneration = (found: GenerationRow): GenerationRecord => ({
  id: found.id,
  modelId: found.model_id,
  decisionId: found.decision_id,
  prompt: found.prompt,
  seed: Number(found.seed),
  settings: found.settings,
  state: found.state,
  progress: found.progress,
  reason: found.reason,
  createdAt: found.created_at,
});

export const toOutput = (found: OutputRow): Output => ({
  id: found.id,
  generationId: found.generation_id,
  objectId: found.object_id,
  modelId: found.model_id,
  frames: found.frames,
  width: found.width,
  height: found.height,
  fps: found.fps,
  sha256: found.sha256,
  review: found.review,
  reviewedBy: found.reviewed_by,
  reviewedAt: found.reviewed_at,
});
