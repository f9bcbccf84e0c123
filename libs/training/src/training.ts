import { basename, isAbsolute, join, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { appendEntry } from '#libs/audit';
import { type Database, decodeCursor, isId, newId, notFound, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, toPage, type Vault } from '#libs/platform';
import type { Rights } from '#libs/rights';
import { z } from 'zod';
import { describeBase } from './bases.js';
import { requeue } from './leases.js';
import { type BaseRow, baseColumns, metricRows, type ModelRow, modelColumns, type RunRow, runColumns, sampleRows, toBase, toModel, toRun } from './records.js';
import { Starter } from './starter.js';
import { fineTune, TenantSide } from './tenant.js';
import type { BaseModel, Model, RunInput, RunMetric, RunSample, RunSettings, TrainingRun } from './types.js';

const limits = z.object({
  name: z.string().trim().min(1, 'a name is needed').max(120),
  steps: z.int().min(1).max(100_000),
  rank: z.int().min(1).max(256),
  learningRate: z.number().positive().max(0.1),
  seed: z.int().min(0).max(2 ** 31 - 1),
});

/** A checkpoint costs less than a second; a kill loses at most this many steps. */
const CHECKPOINT_STEPS = 25;
const SAMPLE_PROMPTS = 2;

/**
 * Base models, runs and models: what members see and start; the tenant's side (leases and what the agent sends) is in TenantSide.
 */
export class Training extends TenantSide {
  private readonly basesFolders: string[];
  private readonly starter: Starter;

  /** `basesFolders`: where base models may lie; the first one holds `starter`, the last one takes those that are added. */
  constructor({ basesFolders, ...parts }: { database: Database; vault: Vault; rights: Rights; keysFolder: string; basesFolders: string[] }) {
    super(parts);
    this.basesFolders = basesFolders.map((folder) => resolve(folder));
    this.starter = new Starter(this.basesFolders[0]!);
  }

  /** All base models, the starter first (registered on first sight), then oldest first; at most 100. */
  async bases(scope: Scope): Promise<BaseModel[]> {
    return this.database.inStudio(scope, async () => {
      const starter = await this.starter.ensure().catch((error: unknown) => {
        if (error instanceof Refusal) return null; // the studio's own base models work without it
        throw error;
      });
      // A former starter keeps its row for the models that came from it, and is offered no longer.
      const found = await rows<BaseRow>(
        `select ${baseColumns} from base_model where studio_id = $1 and (path <> $2 or sha256 = $3) order by path = $2 desc, id limit 100`,
        [scope.studioId, this.starter.path, starter],
      );
      return found.map(toBase);
    });
  }

  async basesById(scope: Scope, ids: string[]): Promise<BaseModel[]> {
    return this.database.inStudio(scope, async () => (await rows<BaseRow>(`select ${baseColumns} from base_model where id = any($1)`, [ids.filter(isId)])).map(toBase));
  }

  /**
   * Registers a folder under a bases folder (`backlot base add` puts one there). The same bytes again are the same base model.
   * Throws Refusal BASE_OUTSIDE, BASE_MISSING, BAD_BASE (says what is wrong with the folder) or LICENCE_MISSING.
   */
  async registerBase(scope: Scope, input: { path: string; name?: string | null; licence: string }): Promise<BaseModel> {
    const licence = input.licence.trim();
    if (!licence) throw new Refusal('LICENCE_MISSING', 'A base model is registered with its licence.', 'Give its licence, for example Apache-2.0.');
    const path = isAbsolute(input.path) ? resolve(input.path) : join(this.basesFolders.at(-1)!, input.path);
    if (!this.basesFolders.some((folder) => path.startsWith(folder + sep))) {
      throw new Refusal('BASE_OUTSIDE', `${input.path} is not in a folder for base models.`, 'Add it with: npx backlot base add DIR --licence NAME');
    }
    const { sha256, name, spec } = await describeBase(path);
    return this.database.inStudio(scope, async () => {
      const saved = await row<BaseRow>(
        `insert into base_model (id, studio_id, name, path, sha256, licence, spec) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (studio_id, sha256) do update set path = excluded.path, name = excluded.name, licence = excluded.licence, spec = excluded.spec returning ${baseColumns}`,
        [newId(), scope.studioId, input.name?.trim() || (name ?? basename(path)), path, sha256, licence, spec],
      );
      return toBase(saved!);
    });
  }

  /**
   * Queues a fine-tune after a decision over every title behind the dataset. `actor`: the member's name.
   * Throws Refusal NOT_FOUND (dataset version or base model), NOT_FROZEN, BAD_SETTINGS, and LicenceRefused.
   */
  async startRun(scope: Scope, input: RunInput, actor: string): Promise<TrainingRun> {
    return this.database.inStudio(scope, async () => {
      if (!isId(input.datasetVersionId)) throw notFound('dataset version');
      const version = await row<{ state: string; hash: string }>(`select state, hash from dataset_version where id = $1`, [input.datasetVersionId]);
      if (!version) throw notFound('dataset version');
      if (version.state !== 'frozen') throw new Refusal('NOT_FROZEN', `The dataset version is ${version.state}; only a frozen one is trained on.`, 'Wait until it is frozen, or build it again.', 409);
      const [base] = await this.basesById(scope, [input.baseModelId]);
      if (!base) throw notFound('base model');
      const { name, steps, settings } = await this.settings(input, base);
      const behind = await this.behindVersion(scope, input.datasetVersionId);
      const id = newId();
      const decision = await this.rights.requirePermit(scope, fineTune(id, input.datasetVersionId, behind, actor));
      const created = await row<RunRow>(
        `insert into training_run (id, studio_id, name, dataset_version_id, base_model_id, decision_id, settings, steps, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${runColumns}`,
        [id, scope.studioId, name, input.datasetVersionId, base.id, decision.id, settings, steps, scope.memberId ?? null],
      );
      await appendEntry('run', { run: id, state: 'queued', decision: decision.id, dataset: version.hash, base: base.sha256, steps, settings });
      // The data key of this small object is the run's key: it leaves as every key does, and a resumed run gets the same one.
      await this.vault.seal(scope, { kind: 'checkpoint', scopeId: input.datasetVersionId, contentType: 'application/json', id }, Readable.from([Buffer.from(JSON.stringify({ run: id }))]));
      return toRun(created!);
    });
  }

  private async settings(input: RunInput, base: BaseModel): Promise<{ name: string; steps: number; settings: RunSettings }> {
    const { training, maxSequenceLength } = base.spec;
    const given = limits.safeParse({
      name: input.name,
      steps: input.steps ?? training.steps,
      rank: input.rank ?? training.rank,
      learningRate: input.learningRate ?? training.learningRate,
      seed: input.seed ?? 1,
    });
    if (!given.success) {
      const [issue] = given.error.issues;
      throw new Refusal('BAD_SETTINGS', `The run's ${issue!.path.join('.')} does not work: ${issue!.message}.`, 'Change it, or leave it out to get what suits the base model.');
    }
    const { name, steps, rank, learningRate, seed } = given.data;
    const captions = await rows<{ caption: string }>(
      `select caption from dataset_clip where version_id = $1 and split = 'train' group by caption order by min(number) limit $2`,
      [input.datasetVersionId, SAMPLE_PROMPTS],
    );
    return {
      name,
      steps,
      settings: {
        rank,
        alpha: rank,
        batch: training.batch,
        learningRate,
        seed,
        captionDropout: 0.1,
        checkpointEvery: Math.min(CHECKPOINT_STEPS, steps),
        sampleEvery: Math.max(10, Math.ceil(steps / 3)),
        samplePrompts: captions.map((clip) => clip.caption),
        maxSequenceLength,
      },
    };
  }

  /**
   * Starts a run that failed or was cancelled again, under its own id: for a licence that counts runs it is the same one.
   * Throws Refusal NOT_FOUND, NOT_ENDED, and LicenceRefused.
   */
  async retryRun(scope: Scope, id: string, actor: string): Promise<TrainingRun> {
    return this.database.inStudio(scope, async () => {
      const run = await this.run(scope, id);
      const decision = await this.rights.requirePermit(scope, fineTune(id, run.datasetVersionId, await this.behindVersion(scope, run.datasetVersionId), actor));
      await requeue('training_run', id, decision.id);
      await appendEntry('run', { run: id, state: 'queued', decision: decision.id });
      return this.run(scope, id);
    });
  }

  /** A queued run ends at once, a running one within a heartbeat. Throws Refusal NOT_FOUND or RUN_ENDED. */
  async cancelRun(scope: Scope, id: string): Promise<TrainingRun> {
    if (!isId(id)) throw notFound('run');
    return this.database.inStudio(scope, async () => {
      const asked = await row<RunRow>(
        `update training_run set cancel_requested = true,
           state = case when state = 'queued' then 'cancelled' else state end, finished_at = case when state = 'queued' then now() end
         where id = $1 and state in ('queued', 'running') returning ${runColumns}`,
        [id],
      );
      if (asked) {
        await appendEntry('run', { run: id, state: asked.state === 'cancelled' ? 'cancelled' : 'cancel-requested' });
        return toRun(asked);
      }
      const run = await this.run(scope, id);
      throw new Refusal('RUN_ENDED', `The run is already ${run.state}.`, 'Start another one when you want it.', 409);
    });
  }

  /** Throws Refusal NOT_FOUND. */
  async run(scope: Scope, id: string): Promise<TrainingRun> {
    const [found] = await this.runsById(scope, [id]);
    if (!found) throw notFound('run');
    return found;
  }

  async runsById(scope: Scope, ids: string[]): Promise<TrainingRun[]> {
    return this.database.inStudio(scope, async () => (await rows<RunRow>(`select ${runColumns} from training_run where id = any($1)`, [ids.filter(isId)])).map(toRun));
  }

  async runs(scope: Scope, page: Page): Promise<Paged<TrainingRun>> {
    return this.newest(scope, page, 'training_run', runColumns, toRun);
  }

  async countRuns(scope: Scope): Promise<number> {
    return this.count(scope, 'training_run');
  }

  /** Loss points by run id, ascending by step, thinned evenly to at most 2,000. */
  async metricsOf(scope: Scope, runIds: string[]): Promise<Map<string, RunMetric[]>> {
    return this.database.inStudio(scope, () => metricRows(runIds));
  }

  /** Newest 200 by run id, ascending by step and number. Their bytes open by action `curate`, scope kind `dataset`, scope the run's dataset version. */
  async samplesOf(scope: Scope, runIds: string[]): Promise<Map<string, RunSample[]>> {
    return this.database.inStudio(scope, () => sampleRows(runIds));
  }

  /** Throws Refusal NOT_FOUND. */
  async model(scope: Scope, id: string): Promise<Model> {
    const [found] = await this.modelsById(scope, [id]);
    if (!found) throw notFound('model');
    return found;
  }

  async modelsById(scope: Scope, ids: string[]): Promise<Model[]> {
    return this.database.inStudio(scope, async () => (await rows<ModelRow>(`select ${modelColumns} from model where id = any($1)`, [ids.filter(isId)])).map(toModel));
  }

  /** By run id; absent for a run that made none. */
  async modelsOfRuns(scope: Scope, runIds: string[]): Promise<Map<string, Model>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<ModelRow>(`select ${modelColumns} from model where run_id = any($1)`, [runIds]);
      return new Map(found.map((model) => [model.run_id, toModel(model)]));
    });
  }

  async models(scope: Scope, page: Page): Promise<Paged<Model>> {
    return this.newest(scope, page, 'model', modelColumns, toModel);
  }

  async countModels(scope: Scope): Promise<number> {
    return this.count(scope, 'model');
  }

  private async newest<R extends { id: string }, T extends { id: string }>(scope: Scope, page: Page, table: 'training_run' | 'model', columns: string, to: (found: R) => T): Promise<Paged<T>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<R>(`select ${columns} from ${table} where studio_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3`, [scope.studioId, after, first + 1]);
      return toPage(found.map(to), first, (item) => [item.id]);
    });
  }

  private async count(scope: Scope, table: 'training_run' | 'model'): Promise<number> {
    return this.database.inStudio(scope, async () => Number((await row<{ count: string }>(`select count(*) from ${table} where studio_id = $1`, [scope.studioId]))!.count));
  }
}
