import { hkdfSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { appendEntry } from '#libs/audit';
import { config, type Database, emit, newId, notFound, type Reason, Refusal, row, rows, type Scope, type Vault } from '#libs/platform';
import { LicenceRefused, type Question, type Rights } from '#libs/rights';
import { type Agent, type Behind, claim, derivedId, failure, finish, fromTenant, type Hold, holding, pollUntil, renew, stopFor, type Training, type TrainLease } from '#libs/training';
import { type GenerationRow, generationColumns } from './records.js';
import type { GenerateLease, GenerateRequest } from './types.js';

const progressLine = z.object({ step: z.int().min(0), steps: z.int().min(1) });
const generated = z.object({ frames: z.int().positive(), width: z.int().positive(), height: z.int().positive(), fps: z.number().positive() });

/** The question behind a generation and its output: may a model of these titles make this? `use`: the generation that it makes, or the output that it delivers. */
export function aboutModel(action: 'generate' | 'export', modelId: string, behind: Behind, use: string, actor: string): Question {
  return { action, scopeKind: 'model', scopeId: modelId, ...behind, use, actor };
}

/** The key a tenant seals one output under on its way here: follows from the adapter's key, opens nothing else. */
function outputKey(adapterKey: Buffer, objectId: string): Buffer {
  return Buffer.from(hkdfSync('sha256', adapterKey, '', `backlot output ${objectId}`, 32));
}

/** What the GPU tenant's agent asks and sends about generations; the rules are those of Training's tenant side. */
export class TenantSide {
  protected readonly database: Database;
  protected readonly vault: Vault;
  protected readonly rights: Rights;
  protected readonly training: Training;

  constructor({ database, vault, rights, training }: { database: Database; vault: Vault; rights: Rights; training: Training }) {
    this.database = database;
    this.vault = vault;
    this.rights = rights;
    this.training = training;
  }

  /**
   * The next run or generation for this agent, waiting up to `waitSeconds` (0..60). A generation goes first: a person waits for it.
   * `signal`: the agent hung up.
   */
  async lease(agent: Agent, ask: { instance: string; capabilities: ('train' | 'generate')[]; waitSeconds: number }, signal?: AbortSignal): Promise<TrainLease | GenerateLease | undefined> {
    return pollUntil(
      async () => (ask.capabilities.includes('generate') ? await this.leaseGeneration(agent, ask.instance) : undefined) ?? (ask.capabilities.includes('train') ? await this.training.lease(agent, ask.instance) : undefined),
      Math.min(60, Math.max(0, ask.waitSeconds)),
      signal,
    );
  }

  private async leaseGeneration(agent: Agent, instance: string): Promise<GenerateLease | undefined> {
    const ttlSeconds = config().BACKLOT_LEASE_SECONDS;
    for (;;) {
      const hold = await this.database.inStudio(scopeOf(agent), () => claim('generation', agent, instance, ttlSeconds));
      if (!hold) return undefined;
      try {
        return { kind: 'generate', id: hold.id, epoch: hold.epoch, ttlSeconds, document: await this.document(scopeOf(agent), hold) };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        await this.end(scopeOf(agent), hold, 'failed', error.reason);
      }
    }
  }

  private async document(scope: Scope, { id }: Hold): Promise<GenerateRequest> {
    const asked = await this.database.inStudio(scope, async () => (await row<GenerationRow>(`select ${generationColumns} from generation where id = $1`, [id]))!);
    const model = await this.training.model(scope, asked.model_id);
    const [base] = await this.training.basesById(scope, [model.baseModelId]);
    if (!base || !existsSync(join(base.path, 'model_index.json'))) throw new Refusal('BASE_MISSING', "The folder of the model's base model is gone.", 'Add it again with: npx backlot base add DIR');
    const decision = await this.rights.requirePermit(scope, aboutModel('generate', model.id, await this.training.behindModel(scope, model.id), id, 'agent'));
    const { key } = await this.vault.release(scope, decision.id, model.adapterObjectId);
    const objectId = derivedId(id, 'output');
    return {
      type: 'generate',
      id,
      base: { path: base.path },
      adapter: { objectId: model.adapterObjectId, key: key.toString('base64') },
      prompt: asked.prompt,
      seed: Number(asked.seed),
      ...asked.settings,
      maxSequenceLength: base.spec.maxSequenceLength,
      output: { objectId, key: outputKey(key, objectId).toString('base64') },
    };
  }

  async heartbeat(agent: Agent, id: string, epoch: number): Promise<{ action: 'continue' | 'cancel' }> {
    return this.database.inStudio(scopeOf(agent), async () => {
      const { cancel } = await renew('generation', id, epoch, config().BACKLOT_LEASE_SECONDS);
      const held = cancel ? undefined : await this.heldUp(scopeOf(agent), id);
      if (held) await stopFor('generation', id, epoch, held.reason);
      return { action: cancel || held ? 'cancel' : 'continue' };
    });
  }

  private async heldUp(scope: Scope, id: string): Promise<Refusal | undefined> {
    const generation = await row<{ model_id: string }>(`select model_id from generation where id = $1`, [id]);
    return this.rights.holds.stop(scope, await this.training.titleIdsOfModel(scope, generation!.model_id));
  }

  /** Takes the generator's lines; only progress is kept. */
  async events(agent: Agent, id: string, { epoch, events }: { epoch: number; events: unknown[] }): Promise<void> {
    const last = events.filter((event) => (event as { type?: unknown } | null)?.type === 'progress').at(-1);
    await this.database.inStudio(scopeOf(agent), async () => {
      await renew('generation', id, epoch, config().BACKLOT_LEASE_SECONDS);
      if (!last) return;
      const { step, steps } = fromTenant(progressLine, last);
      await rows(`update generation set progress = least(1, $2::real / $3) where id = $1`, [id, step, steps]);
    });
  }

  /** Takes the sealed clip; kept under a key of its own. A licence that ended meanwhile ends the generation (LicenceRefused). */
  async receive(agent: Agent, id: string, { epoch, objectId, bytes }: { epoch: number; objectId: string; bytes: Readable }): Promise<void> {
    const scope = scopeOf(agent);
    const modelId = await this.database.inStudio(scope, async () => {
      await renew('generation', id, epoch, config().BACKLOT_LEASE_SECONDS);
      return (await row<{ model_id: string }>(`select model_id from generation where id = $1`, [id]))!.model_id;
    });
    if (objectId !== derivedId(id, 'output')) throw notFound('object');
    try {
      const { adapterObjectId } = await this.training.model(scope, modelId);
      const question = aboutModel('generate', modelId, await this.training.behindModel(scope, modelId), id, 'agent');
      const { key } = await this.rights.openFor(scope, question, adapterObjectId);
      await this.vault.adopt(scope, { kind: 'output', scopeId: modelId, contentType: 'video/mp4', id: objectId }, { objectId, key: outputKey(key, objectId) }, bytes);
    } catch (error) {
      if (error instanceof LicenceRefused) await this.end(scope, { id, epoch }, 'failed', error.reason);
      throw error;
    }
  }

  /** The clip is here: its output exists from here on. Throws Refusal OUTPUT_MISSING as well. */
  async complete(agent: Agent, id: string, { epoch, result }: { epoch: number; result: unknown }): Promise<void> {
    const { frames, width, height, fps } = fromTenant(generated, result);
    await this.database.inStudio(scopeOf(agent), async () => {
      if ((await holding('generation', id, epoch)).ended) return;
      const held = await this.heldUp(scopeOf(agent), id);
      if (held) return this.end(scopeOf(agent), { id, epoch }, 'cancelled', held.reason);
      const object = await row<{ id: string; sha256: string; scope_id: string }>(`select id, sha256, scope_id from sealed_object where id = $1 and kind = 'output'`, [derivedId(id, 'output')]);
      if (!object) throw new Refusal('OUTPUT_MISSING', 'The generation has no clip yet.', 'Upload it, then complete the generation.', 409);
      const outputId = newId();
      await rows(
        `insert into output (id, studio_id, generation_id, object_id, frames, width, height, fps, sha256) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [outputId, agent.studioId, id, object.id, frames, width, height, fps, object.sha256],
      );
      await rows(`update generation set state = 'completed', progress = 1, finished_at = now() where id = $1`, [id]);
      await appendEntry('generation', { generation: id, state: 'completed', model: object.scope_id, output: outputId, file: object.sha256 });
      await emit('output.ready', { generationId: id, outputId });
    });
  }

  async fail(agent: Agent, id: string, { epoch, error }: { epoch: number; error: unknown }): Promise<void> {
    const reason = fromTenant(failure, error);
    await this.database.inStudio(scopeOf(agent), async () => {
      if (!(await holding('generation', id, epoch)).ended) await this.end(scopeOf(agent), { id, epoch }, 'failed', reason);
    });
  }

  private async end(scope: Scope, { id, epoch }: Hold, state: 'failed' | 'cancelled', reason: Reason | null): Promise<void> {
    await this.database.inStudio(scope, async () => {
      const ended = await finish('generation', { id, epoch }, state, reason);
      if (!ended) return;
      await this.vault.discard(derivedId(id, 'output'));
      await appendEntry('generation', { generation: id, state: ended.state, ...(ended.reason ? { code: ended.reason.code } : {}) });
    });
  }
}

function scopeOf(agent: Agent): Scope {
  return { studioId: agent.studioId };
}
