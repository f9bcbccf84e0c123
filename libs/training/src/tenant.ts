import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { appendEntry } from '#libs/audit';
import { config, type Database, emit, isId, notFound, type Reason, Refusal, row, rows, type Scope, type SealedObject, type Vault } from '#libs/platform';
import { LicenceRefused, type Question, type Rights } from '#libs/rights';
import { claim, derivedId, finish, type Hold, holding, renew, stopFor } from './leases.js';
import { type BaseRow, baseColumns, type RunRow, runColumns } from './records.js';
import { signSpec } from './signer.js';
import type { Agent, TrainLease } from './types.js';

/** Lines of the trainer that a run keeps; others are for the agent alone. */
const trainerLine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('phase'), phase: z.enum(['loading', 'encoding', 'training', 'evaluating', 'saving']) }),
  z.object({ type: z.literal('progress'), step: z.int().min(0), loss: z.number(), secondsPerStep: z.number().min(0).nullish() }),
  z.object({ type: z.literal('evaluation'), heldOutLossBase: z.number().nullish(), heldOutLoss: z.number().nullish(), heldOutKind: z.enum(['other-shots', 'same-shots']).nullish() }),
  z.object({ type: z.literal('sample'), step: z.int().min(0), objectId: z.string().max(200), prompt: z.string().max(4000) }),
  z.object({ type: z.literal('cancelled') }),
]);
const kept = new Set(['phase', 'progress', 'evaluation', 'sample', 'cancelled']);

const trained = z.object({ objectId: z.string(), tensorSha256: z.string().regex(/^[0-9a-f]{64}$/) });
export const failure = z.object({ code: z.string().min(1).max(80), message: z.string().min(1).max(2000), wayOut: z.string().min(1).max(2000) });

/** Titles that something was made from, and which of their frames. */
export type Behind = Required<Pick<Question, 'titleIds' | 'frames'>>;

/** The question behind a run: may these titles teach a model? */
export function fineTune(runId: string, datasetVersionId: string, behind: Behind, actor: string): Question {
  return { action: 'fineTune', scopeKind: 'dataset', scopeId: datasetVersionId, ...behind, use: runId, actor };
}

/** Parses what a tenant sent; throws Refusal BAD_EVENT, which says where. */
export function fromTenant<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal('BAD_EVENT', `What the trainer sent does not read: ${issue!.path.join('.')} ${issue!.message}.`, 'Run the agent and trainer of the same version as the API.', 400);
}

/**
 * What the GPU tenant's agent asks and sends about runs. Every call names the epoch of its lease: one that is not the newest is refused
 * with STALE_EPOCH (409), a run of another studio with NOT_FOUND (404) like one that never was. Repeating a call changes nothing.
 */
export class TenantSide {
  protected readonly database: Database;
  protected readonly vault: Vault;
  protected readonly rights: Rights;
  private readonly keysFolder: string;

  constructor({ database, vault, rights, keysFolder }: { database: Database; vault: Vault; rights: Rights; keysFolder: string }) {
    this.database = database;
    this.vault = vault;
    this.rights = rights;
    this.keysFolder = keysFolder;
  }

  /** Titles behind a dataset version's clips. */
  async titleIdsOfVersion(scope: Scope, datasetVersionId: string): Promise<string[]> {
    return this.database.inStudio(scope, async () => (await rows<{ title_id: string }>(`select distinct title_id from dataset_clip where version_id = $1`, [datasetVersionId])).map((clip) => clip.title_id));
  }

  /** What a dataset version holds of which titles: it answers for its own frames, not for all of theirs. */
  async behindVersion(scope: Scope, datasetVersionId: string): Promise<Behind> {
    return { titleIds: await this.titleIdsOfVersion(scope, datasetVersionId), frames: (titleIds) => this.framesOf(scope, datasetVersionId, titleIds) };
  }

  /** What a model learnt from. */
  async behindModel(scope: Scope, modelId: string): Promise<Behind> {
    const found = await this.database.inStudio(scope, () => row<{ id: string }>(`select dataset_version_id as id from model where id = $1`, [modelId]));
    return found ? this.behindVersion(scope, found.id) : { titleIds: [], frames: async () => [] };
  }

  private framesOf(scope: Scope, datasetVersionId: string, titleIds: string[]): Promise<{ titleId: string; first: number; end: number }[]> {
    return this.database.inStudio(scope, () =>
      rows<{ titleId: string; first: number; end: number }>(
        `select title_id as "titleId", lower(clips)::int as first, upper(clips)::int as end
         from (select title_id, unnest(range_agg(int8range(first_frame, last_frame, '[]'))) as clips from dataset_clip where version_id = $1 and title_id = any($2) group by title_id) as held order by title_id, first`,
        [datasetVersionId, titleIds],
      ),
    );
  }

  /** Titles that fed a model. */
  async titleIdsOfModel(scope: Scope, modelId: string): Promise<string[]> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ title_id: string }>(`select distinct title_id from dataset_clip where version_id = (select dataset_version_id from model where id = $1)`, [modelId]);
      return found.map((clip) => clip.title_id);
    });
  }

  /**
   * The next run for this agent with its signed specification and keys, or undefined. The keys leave under a decision of this moment: a
   * run whose licence ended since it was queued fails here with that reason, and the next one is looked at.
   */
  async lease(agent: Agent, instance: string): Promise<TrainLease | undefined> {
    const ttlSeconds = config().BACKLOT_LEASE_SECONDS;
    for (;;) {
      const hold = await this.database.inStudio(scopeOf(agent), () => claim('training_run', agent, instance, ttlSeconds));
      if (!hold) return undefined;
      try {
        return { kind: 'train', id: hold.id, epoch: hold.epoch, ttlSeconds, document: await this.document(scopeOf(agent), hold) };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        await this.end(scopeOf(agent), hold, 'failed', error.reason);
      }
    }
  }

  private async document(scope: Scope, { id }: Hold): Promise<TrainLease['document']> {
    const { run, version, base } = await this.database.inStudio(scope, async () => {
      const found = (await row<RunRow>(`select ${runColumns} from training_run where id = $1`, [id]))!;
      const dataset = (await row<{ object_id: string; hash: string }>(`select object_id, hash from dataset_version where id = $1`, [found.dataset_version_id]))!;
      return { run: found, version: dataset, base: (await row<BaseRow>(`select ${baseColumns} from base_model where id = $1`, [found.base_model_id]))! };
    });
    if (!existsSync(join(base.path, 'model_index.json'))) throw new Refusal('BASE_MISSING', `The folder of the base model ${base.name} is gone.`, 'Add it again with: npx backlot base add DIR');
    const decision = await this.rights.requirePermit(scope, await this.question(scope, id, run.dataset_version_id));
    const dataset = await this.vault.release(scope, decision.id, version.object_id);
    const own = await this.vault.release(scope, decision.id, id);
    const { BACKLOT_API_URL: api, BACKLOT_PUBLIC_URL: console, BACKLOT_PORT: port } = config();
    const signed = await signSpec(this.keysFolder, {
      version: 1,
      run: id,
      studio: scope.studioId,
      base: { path: base.path, sha256: base.sha256 },
      dataset: { hash: version.hash, objectId: version.object_id, url: new URL(`/agent/datasets/${version.object_id}`, api ?? console ?? `http://127.0.0.1:${port}`).href },
      objects: { adapter: derivedId(id, 'adapter') },
      lora: { rank: run.settings.rank, alpha: run.settings.alpha, targets: ['to_q', 'to_k', 'to_v', 'to_out.0'] },
      steps: run.steps,
      batch: run.settings.batch,
      learningRate: run.settings.learningRate,
      seed: run.settings.seed,
      captionDropout: run.settings.captionDropout,
      checkpointEvery: run.settings.checkpointEvery,
      sampleEvery: run.settings.sampleEvery,
      samplePrompts: run.settings.samplePrompts,
      maxSequenceLength: run.settings.maxSequenceLength,
    });
    return { type: 'train', run: id, ...signed, keys: { dataset: dataset.key.toString('base64'), run: own.key.toString('base64') } };
  }

  private async question(scope: Scope, runId: string, datasetVersionId: string): Promise<Question> {
    return fineTune(runId, datasetVersionId, await this.behindVersion(scope, datasetVersionId), 'agent');
  }

  /** Lengthens the lease. `cancel`: a member asked to stop, or a hold is on one of its titles; the agent answers with the trainer's `cancelled` line. */
  async heartbeat(agent: Agent, id: string, epoch: number): Promise<{ action: 'continue' | 'cancel' }> {
    return this.database.inStudio(scopeOf(agent), async () => {
      const { cancel } = await renew('training_run', id, epoch, config().BACKLOT_LEASE_SECONDS);
      const held = cancel ? undefined : await this.heldUp(scopeOf(agent), id);
      if (held) await stopFor('training_run', id, epoch, held.reason);
      return { action: cancel || held ? 'cancel' : 'continue' };
    });
  }

  private async heldUp(scope: Scope, id: string): Promise<Refusal | undefined> {
    const run = await row<{ dataset_version_id: string }>(`select dataset_version_id from training_run where id = $1`, [id]);
    return this.rights.holds.stop(scope, await this.titleIdsOfVersion(scope, run!.dataset_version_id));
  }

  /** Takes lines of the trainer, in order. Throws Refusal BAD_EVENT as well. */
  async events(agent: Agent, id: string, { epoch, events }: { epoch: number; events: unknown[] }): Promise<void> {
    const lines = events.filter((event) => kept.has(String((event as { type?: unknown } | null)?.type))).map((event) => fromTenant(trainerLine, event));
    await this.database.inStudio(scopeOf(agent), async () => {
      await renew('training_run', id, epoch, config().BACKLOT_LEASE_SECONDS);
      const points = lines.filter((line) => line.type === 'progress');
      const last = points.at(-1);
      if (last) {
        // A resumed run repeats steps; the same seed gives the same loss, and the newest word stands.
        await rows(
          `insert into run_metric (run_id, step, studio_id, loss, seconds_per_step)
           select distinct on (step) $1::uuid, step, $2::uuid, loss, seconds from unnest($3::int[], $4::real[], $5::real[]) with ordinality as p(step, loss, seconds, place) order by step, place desc
           on conflict (run_id, step) do update set loss = excluded.loss, seconds_per_step = excluded.seconds_per_step`,
          [id, agent.studioId, points.map((point) => point.step), points.map((point) => point.loss), points.map((point) => point.secondsPerStep ?? null)],
        );
        await rows(`update training_run set step = $2, loss = $3 where id = $1`, [id, last.step, last.loss]);
      }
      for (const line of lines) {
        if (line.type === 'phase') await rows(`update training_run set phase = $2 where id = $1`, [id, line.phase]);
        if (line.type === 'evaluation') {
          await rows(
            `update training_run set held_out_loss_base = coalesce($2, held_out_loss_base), held_out_loss = coalesce($3, held_out_loss), held_out_kind = coalesce($4, held_out_kind) where id = $1`,
            [id, line.heldOutLossBase ?? null, line.heldOutLoss ?? null, line.heldOutKind ?? null],
          );
        }
        if (line.type === 'sample') await this.sample(agent, id, line);
        if (line.type === 'cancelled') await this.end(scopeOf(agent), { id, epoch }, 'cancelled', null);
      }
    });
  }

  /** A sample counts once its bytes are here: the agent uploads before it tells. */
  private async sample(agent: Agent, id: string, line: { step: number; objectId: string; prompt: string }): Promise<void> {
    await rows(
      `insert into run_sample (run_id, step, number, studio_id, prompt, object_id) select $1, $2, $3, $4, $5, id from sealed_object where id = $6 on conflict do nothing`,
      [id, line.step, Number(/\d+$/.exec(line.objectId)?.[0] ?? 0), agent.studioId, line.prompt, derivedId(id, line.objectId)],
    );
  }

  /**
   * Takes the sealed bytes of a sample (`RUN/sample/STEP/N`) or of the adapter. They arrive under the run's key and are kept under one of
   * their own; an adapter belongs to the model to be, which has its id already. A licence that ended meanwhile ends the run (LicenceRefused).
   */
  async receive(agent: Agent, id: string, { epoch, objectId, bytes }: { epoch: number; objectId: string; bytes: Readable }): Promise<void> {
    const scope = scopeOf(agent);
    const { dataset_version_id: versionId } = await this.database.inStudio(scope, async () => {
      await renew('training_run', id, epoch, config().BACKLOT_LEASE_SECONDS);
      return (await row<{ dataset_version_id: string }>(`select dataset_version_id from training_run where id = $1`, [id]))!;
    });
    const isAdapter = objectId === derivedId(id, 'adapter');
    if (!isAdapter && !(objectId.startsWith(`${id}/sample/`) && /^\d{1,7}\/\d{1,4}$/.test(objectId.slice(`${id}/sample/`.length)))) throw notFound('object');
    const about = isAdapter
      ? ({ kind: 'adapter', scopeId: derivedId(id, 'model'), contentType: 'application/octet-stream', id: objectId } as const)
      : ({ kind: 'sample', scopeId: versionId, contentType: 'video/mp4', id: derivedId(id, objectId) } as const);
    try {
      const { key } = await this.rights.openFor(scope, await this.question(scope, id, versionId), id);
      await this.vault.adopt(scope, about, { objectId, key }, bytes);
    } catch (error) {
      if (error instanceof LicenceRefused) await this.end(scope, { id, epoch }, 'failed', error.reason);
      throw error;
    }
  }

  /** The run is done: its model exists from here on, in the next version of its name. Throws Refusal ADAPTER_MISSING as well. */
  async complete(agent: Agent, id: string, { epoch, result }: { epoch: number; result: unknown }): Promise<void> {
    const { objectId, tensorSha256 } = fromTenant(trained, result);
    await this.database.inStudio(scopeOf(agent), async () => {
      if ((await holding('training_run', id, epoch)).ended) return;
      const held = await this.heldUp(scopeOf(agent), id);
      if (held) return this.end(scopeOf(agent), { id, epoch }, 'cancelled', held.reason);
      const run = (await row<RunRow>(`select ${runColumns} from training_run where id = $1`, [id]))!;
      const modelId = derivedId(id, 'model');
      const adapter = await row<{ id: string; sha256: string }>(`select id, sha256 from sealed_object where id = $1 and kind = 'adapter' and scope_id = $2`, [derivedId(id, 'adapter'), modelId]);
      if (adapter?.id !== objectId) throw new Refusal('ADAPTER_MISSING', 'The run has no adapter yet.', 'Upload it, then complete the run.', 409);
      // Two runs of one name that end at the same moment get two versions.
      await rows(`select pg_advisory_xact_lock(hashtextextended($1, 4209))`, [`${agent.studioId} ${run.name}`]);
      const model = await row<{ version: number }>(
        `insert into model (id, studio_id, run_id, name, version, base_model_id, dataset_version_id, adapter_object_id, adapter_sha256)
         select $1, $2, $3, $4::text, coalesce(max(version), 0) + 1, $5, $6, $7, $8 from model where studio_id = $2 and name = $4 returning version`,
        [modelId, agent.studioId, id, run.name, run.base_model_id, run.dataset_version_id, adapter.id, tensorSha256],
      );
      await rows(`update training_run set state = 'completed', phase = null, step = steps, finished_at = now() where id = $1`, [id]);
      await appendEntry('model.release', { model: modelId, name: run.name, version: model!.version, run: id, dataset: run.dataset_version_id, base: run.base_model_id, adapter: adapter.id, file: adapter.sha256, tensors: tensorSha256 });
      await emit('run.completed', { runId: id, modelId });
      await emit('model.released', { modelId });
    });
  }

  /** The run cannot be done; the agent has tried again by itself before it says so. */
  async fail(agent: Agent, id: string, { epoch, error }: { epoch: number; error: unknown }): Promise<void> {
    const reason = fromTenant(failure, error);
    await this.database.inStudio(scopeOf(agent), async () => {
      if (!(await holding('training_run', id, epoch)).ended) await this.end(scopeOf(agent), { id, epoch }, 'failed', reason);
    });
  }

  private async end(scope: Scope, { id, epoch }: Hold, state: 'failed' | 'cancelled', reason: Reason | null): Promise<void> {
    await this.database.inStudio(scope, async () => {
      const ended = await finish('training_run', { id, epoch }, state, reason);
      if (!ended) return;
      await rows(`update training_run set phase = null where id = $1`, [id]);
      // An adapter without a model is nothing: should the run be started again, it makes another.
      await this.vault.discard(derivedId(id, 'adapter'));
      await appendEntry('run', { run: id, state: ended.state, ...(ended.reason ? { code: ended.reason.code } : {}) });
    });
  }

  /** A dataset or adapter of the agent's studio, whose bytes mean nothing without their key. Throws Refusal NOT_FOUND. */
  async sealedFor(agent: Agent, objectId: string): Promise<SealedObject> {
    if (!isId(objectId)) throw notFound('object');
    const object = await this.vault.find(scopeOf(agent), objectId);
    if (object.kind !== 'dataset' && object.kind !== 'adapter') throw notFound('object');
    return object;
  }
}

function scopeOf(agent: Agent): Scope {
  return { studioId: agent.studioId };
}
