import { type Reason, rows } from '#libs/platform';
import type { BaseModel, BaseSpec, Model, RunMetric, RunSample, RunSettings, RunState, TrainingRun } from './types.js';

/** Points that a curve on a screen can show. */
const CURVE_POINTS = 2000;

export interface BaseRow {
  id: string;
  name: string;
  path: string;
  sha256: string;
  licence: string;
  spec: BaseSpec;
  created_at: Date;
}

export interface RunRow {
  id: string;
  name: string;
  state: RunState;
  phase: string | null;
  reason: Reason | null;
  step: number;
  steps: number;
  loss: number | null;
  held_out_loss_base: number | null;
  held_out_loss: number | null;
  held_out_kind: string | null;
  settings: RunSettings;
  dataset_version_id: string;
  base_model_id: string;
  decision_id: string;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
}

export interface ModelRow {
  id: string;
  name: string;
  version: number;
  run_id: string;
  base_model_id: string;
  dataset_version_id: string;
  adapter_object_id: string;
  adapter_sha256: string;
  created_at: Date;
}

export const baseColumns = 'id, name, path, sha256, licence, spec, created_at';
export const runColumns =
  'id, name, state, phase, reason, step, steps, loss, held_out_loss_base, held_out_loss, held_out_kind, settings, dataset_version_id, base_model_id, decision_id, created_at, started_at, finished_at';
export const modelColumns = 'id, name, version, run_id, base_model_id, dataset_version_id, adapter_object_id, adapter_sha256, created_at';

export const toBase = (found: BaseRow): BaseModel => ({ id: found.id, name: found.name, path: found.path, sha256: found.sha256, licence: found.licence, spec: found.spec, createdAt: found.created_at });

export const toRun = (found: RunRow): TrainingRun => ({
  id: found.id,
  name: found.name,
  state: found.state,
  phase: found.phase,
  reason: found.reason,
  step: found.step,
  steps: found.steps,
  loss: found.loss,
  heldOutLossBase: found.held_out_loss_base,
  heldOutLoss: found.held_out_loss,
  heldOutKind: found.held_out_kind,
  settings: found.settings,
  datasetVersionId: found.dataset_version_id,
  baseModelId: found.base_model_id,
  decisionId: found.decision_id,
  createdAt: found.created_at,
  startedAt: found.started_at,
  finishedAt: found.finished_at,
});

export const toModel = (found: ModelRow): Model => ({
  id: found.id,
  name: found.name,
  version: found.version,
  runId: found.run_id,
  baseModelId: found.base_model_id,
  datasetVersionId: found.dataset_version_id,
  adapterObjectId: found.adapter_object_id,
  adapterSha256: found.adapter_sha256,
  createdAt: found.created_at,
});

/** Loss points by run id, thinned evenly; the last point is always there. Inside inStudio. */
export async function metricRows(runIds: string[]): Promise<Map<string, RunMetric[]>> {
  const found = await rows<{ run_id: string; step: number; loss: number; seconds_per_step: number | null }>(
    `select run_id, step, loss, seconds_per_step from (
       select *, row_number() over (partition by run_id order by step) as place, count(*) over (partition by run_id) as points from run_metric where run_id = any($1)) as m
     where place % ceil(points / $2::numeric) = 0 or place = points order by run_id, step`,
    [runIds, CURVE_POINTS],
  );
  const byRun = new Map<string, RunMetric[]>(runIds.map((id) => [id, []]));
  for (const point of found) byRun.get(point.run_id)!.push({ step: point.step, loss: point.loss, secondsPerStep: point.seconds_per_step });
  return byRun;
}

/** The newest 200 samples by run id, in order. Inside inStudio. */
export async function sampleRows(runIds: string[]): Promise<Map<string, RunSample[]>> {
  const found = await rows<{ run_id: string; step: number; number: number; prompt: string; object_id: string }>(
    `select s.* from unnest($1::uuid[]) as r(id) cross join lateral (
       select run_id, step, number, prompt, object_id from run_sample where run_id = r.id order by step desc, number desc limit 200) as s
     order by s.run_id, s.step, s.number`,
    [runIds],
  );
  const byRun = new Map<string, RunSample[]>(runIds.map((id) => [id, []]));
  for (const sample of found) byRun.get(sample.run_id)!.push({ step: sample.step, number: sample.number, prompt: sample.prompt, objectId: sample.object_id });
  return byRun;
}
