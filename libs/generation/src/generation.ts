import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { appendEntry } from '#libs/audit';
import { config, createKeyFile, type Database, decodeCursor, emit, isId, newId, notFound, type Page, type Paged, pageSize, Refusal, type ReleasedKey, row, rows, type Scope, toPage, type Vault } from '#libs/platform';
import type { Question, Rights } from '#libs/rights';
import { requeue, type Training } from '#libs/training';
import { type DeliveryRow, deliveryColumns, type GenerationRow, generationColumns, type OutputRow, selectOutputs, toGeneration, toOutput } from './records.js';
import { aboutModel, TenantSide } from './tenant.js';
import type { Delivery, GenerationInput, GenerationRecord, Output } from './types.js';

const limits = z.object({ seed: z.int().min(0), steps: z.int().min(1).max(200), guidance: z.number().min(0).max(30) });
const PROMPT_CHARACTERS = 2000;

/** Generations, their outputs and deliveries: what members do; the tenant's side is in TenantSide. */
export class Generation extends TenantSide {
  private readonly keysFolder: string;
  private key: Promise<Buffer> | undefined;

  constructor({ keysFolder, ...parts }: { database: Database; vault: Vault; rights: Rights; training: Training; keysFolder: string }) {
    super(parts);
    this.keysFolder = keysFolder;
  }

  /**
   * Queues a generation in the size and rate the model was trained on, after a decision over every title that fed the model.
   * `actor`: the member's name. Throws Refusal NOT_FOUND (model), BAD_PROMPT, BAD_SETTINGS, and LicenceRefused.
   */
  async generate(scope: Scope, input: GenerationInput, actor: string): Promise<GenerationRecord> {
    return this.database.inStudio(scope, async () => {
      const model = await this.training.model(scope, input.modelId);
      const prompt = input.prompt.trim();
      if (!prompt || prompt.length > PROMPT_CHARACTERS) throw new Refusal('BAD_PROMPT', `A prompt has 1 to ${PROMPT_CHARACTERS} characters; this one has ${prompt.length}.`, 'Write what is to be seen, in a sentence or two.');
      const [base] = await this.training.basesById(scope, [model.baseModelId]);
      const given = limits.safeParse({ seed: input.seed ?? randomInt(2 ** 31), steps: input.steps ?? base!.spec.generation.steps, guidance: input.guidance ?? base!.spec.generation.guidance });
      if (!given.success) {
        const [issue] = given.error.issues;
        throw new Refusal('BAD_SETTINGS', `The ${issue!.path.join('.')} does not work: ${issue!.message}.`, 'Change it, or leave it out to get what suits the model.');
      }
      const { bucket } = (await row<{ bucket: { frames: number; width: number; height: number; fps: number } }>(`select bucket from dataset_version where id = $1`, [model.datasetVersionId]))!;
      const { seed, steps, guidance } = given.data;
      const id = newId();
      const decision = await this.rights.requirePermit(scope, aboutModel('generate', model.id, await this.training.behindModel(scope, model.id), id, actor));
      const created = await row<GenerationRow>(
        `insert into generation (id, studio_id, model_id, decision_id, prompt, seed, settings, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${generationColumns}`,
        [id, scope.studioId, model.id, decision.id, prompt, seed, { steps, guidance, frames: bucket.frames, width: bucket.width, height: bucket.height, fps: bucket.fps }, scope.memberId ?? null],
      );
      await appendEntry('generation', { generation: created!.id, state: 'queued', model: model.id, decision: decision.id, seed, prompt });
      return toGeneration(created!);
    });
  }

  /** Starts one that failed or was cancelled again, under its own id: it is the same use of the licences. Throws Refusal NOT_FOUND, NOT_ENDED, and LicenceRefused. */
  async retryGeneration(scope: Scope, id: string, actor: string): Promise<GenerationRecord> {
    return this.database.inStudio(scope, async () => {
      const { modelId } = await this.generation(scope, id);
      const decision = await this.rights.requirePermit(scope, aboutModel('generate', modelId, await this.training.behindModel(scope, modelId), id, actor));
      await requeue('generation', id, decision.id);
      await appendEntry('generation', { generation: id, state: 'queued', model: modelId, decision: decision.id });
      return this.generation(scope, id);
    });
  }

  /** What a licence is asked about when a member looks at an output: the generation that made it, which it has counted. Throws Refusal NOT_FOUND. */
  async looksAt(scope: Scope, objectId: string, actor: string): Promise<Question> {
    const output = await this.database.inStudio(scope, () => row<{ id: string; model_id: string }>(`select g.id, g.model_id from output o join generation g on g.id = o.generation_id where o.object_id = $1`, [objectId]));
    if (!output) throw notFound('object');
    return aboutModel('generate', output.model_id, await this.training.behindModel(scope, output.model_id), output.id, actor);
  }

  /** Throws Refusal NOT_FOUND. */
  async generation(scope: Scope, id: string): Promise<GenerationRecord> {
    const [found] = await this.generationsById(scope, [id]);
    if (!found) throw notFound('generation');
    return found;
  }

  async generationsById(scope: Scope, ids: string[]): Promise<GenerationRecord[]> {
    return this.database.inStudio(scope, async () => (await rows<GenerationRow>(`select ${generationColumns} from generation where id = any($1)`, [ids.filter(isId)])).map(toGeneration));
  }

  /** Newest first, of the studio or of one model. */
  async generations(scope: Scope, page: Page, filter: { modelId?: string | null } = {}): Promise<Paged<GenerationRecord>> {
    const first = pageSize(page.first);
    const parameters = [scope.studioId, decodeCursor(page.after, 1)?.[0] ?? null, first + 1, ...modelOf(filter)];
    return this.database.inStudio(scope, async () => {
      const found = await rows<GenerationRow>(
        `select ${generationColumns} from generation where studio_id = $1 and ($2::uuid is null or id < $2) ${parameters.length > 3 ? 'and model_id = $4' : ''} order by id desc limit $3`,
        parameters,
      );
      return toPage(found.map(toGeneration), first, (item) => [item.id]);
    });
  }

  async countGenerations(scope: Scope, filter: { modelId?: string | null } = {}): Promise<number> {
    const parameters = [scope.studioId, ...modelOf(filter)];
    return this.database.inStudio(scope, async () => {
      const counted = await row<{ count: string }>(`select count(*) from generation where studio_id = $1 ${parameters.length > 1 ? 'and model_id = $2' : ''}`, parameters);
      return Number(counted!.count);
    });
  }

  /** By generation id; absent until it is completed. */
  async outputsOf(scope: Scope, generationIds: string[]): Promise<Map<string, Output>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<OutputRow>(`${selectOutputs} where o.generation_id = any($1)`, [generationIds.filter(isId)]);
      return new Map(found.map((output) => [output.generation_id, toOutput(output)]));
    });
  }

  async outputsById(scope: Scope, ids: string[]): Promise<Output[]> {
    return this.database.inStudio(scope, async () => (await rows<OutputRow>(`${selectOutputs} where o.id = any($1)`, [ids.filter(isId)])).map(toOutput));
  }

  /** Throws Refusal NOT_FOUND. `scope.memberId` is needed. */
  async reviewOutput(scope: Scope, id: string, approve: boolean): Promise<Output> {
    return this.database.inStudio(scope, async () => {
      const review = approve ? 'approved' : 'rejected';
      if (isId(id)) await rows(`update output set review = $2, reviewed_by = $3, reviewed_at = now() where id = $1`, [id, review, scope.memberId ?? null]);
      const output = await this.output(scope, id);
      await appendEntry('review', { output: id, review, member: scope.memberId ?? null });
      return output;
    });
  }

  private async output(scope: Scope, id: string): Promise<Output> {
    const [found] = await this.outputsById(scope, [id]);
    if (!found) throw notFound('output');
    return found;
  }

  /** An address for an approved output, after a decision to export. `scope.memberId` is needed. Throws Refusal NOT_FOUND, NOT_APPROVED, and LicenceRefused. */
  async deliver(scope: Scope, outputId: string, actor: string): Promise<Delivery> {
    return this.database.inStudio(scope, async () => {
      const output = await this.output(scope, outputId);
      if (output.review !== 'approved') throw new Refusal('NOT_APPROVED', 'Only an approved clip is delivered.', 'Look at it and approve it first.', 409);
      const decision = await this.rights.requirePermit(scope, aboutModel('export', output.modelId, await this.training.behindModel(scope, output.modelId), outputId, actor));
      const created = await row<DeliveryRow>(
        `insert into delivery (id, studio_id, output_id, decision_id, created_by, expires_at) values ($1, $2, $3, $4, $5, date_trunc('second', now() + $6 * interval '1 hour')) returning ${deliveryColumns}`,
        [newId(), scope.studioId, outputId, decision.id, scope.memberId ?? null, config().BACKLOT_DELIVERY_HOURS],
      );
      await appendEntry('delivery', { delivery: created!.id, state: 'made', output: outputId, decision: decision.id, expires: created!.expires_at.toISOString() });
      return this.toDelivery(scope, created!);
    });
  }

  /** Newest 50 by output id. */
  async deliveriesOf(scope: Scope, outputIds: string[]): Promise<Map<string, Delivery[]>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<DeliveryRow>(
        `select d.* from unnest($2::uuid[]) as o(id) cross join lateral (select ${deliveryColumns} from delivery where studio_id = $1 and output_id = o.id order by id desc limit 50) as d order by d.id desc`,
        [scope.studioId, outputIds],
      );
      const byOutput = new Map<string, Delivery[]>(outputIds.map((id) => [id, []]));
      for (const delivery of found) byOutput.get(delivery.output_id)!.push(await this.toDelivery(scope, delivery));
      return byOutput;
    });
  }

  /**
   * What a signed address opens, for a member of the studio it was made for: the licences are asked again at this moment, the download is
   * counted and logged. Throws Refusal NOT_FOUND (alike for a wrong signature), DELIVERY_EXPIRED (410), and LicenceRefused.
   */
  async openDelivery(scope: Scope, id: string, query: { expires: string; signature: string }, actor: string): Promise<{ released: ReleasedKey; question: Question }> {
    const signed = Buffer.from(await this.signature(scope, id, query.expires));
    const given = Buffer.from(query.signature);
    if (!isId(id) || given.length !== signed.length || !timingSafeEqual(given, signed)) throw notFound('delivery');
    if (Number(query.expires) * 1000 <= Date.now()) throw new Refusal('DELIVERY_EXPIRED', 'This delivery address has expired.', 'Deliver the clip again to get a new one.', 410);
    const { output, question, decision } = await this.database.inStudio(scope, async () => {
      const found = await row<{ output_id: string }>(`select output_id from delivery where id = $1`, [id]);
      if (!found) throw notFound('delivery');
      const clip = await this.output(scope, found.output_id);
      const asked = aboutModel('export', clip.modelId, await this.training.behindModel(scope, clip.modelId), clip.id, actor);
      return { output: clip, question: asked, decision: await this.rights.requirePermit(scope, asked) };
    });
    const released = await this.vault.release(scope, decision.id, output.objectId);
    await this.database.inStudio(scope, async () => {
      await rows(`update delivery set downloads = downloads + 1 where id = $1`, [id]);
      await appendEntry('delivery', { delivery: id, state: 'downloaded', output: output.id, decision: decision.id, member: scope.memberId ?? null });
      await emit('delivery.completed', { deliveryId: id, outputId: output.id });
    });
    return { released, question };
  }

  private async toDelivery(scope: Scope, found: DeliveryRow): Promise<Delivery> {
    const expires = String(Math.floor(found.expires_at.getTime() / 1000));
    return {
      id: found.id,
      outputId: found.output_id,
      decisionId: found.decision_id,
      url: `/deliveries/${found.id}?expires=${expires}&signature=${await this.signature(scope, found.id, expires)}`,
      createdAt: found.created_at,
      expiresAt: found.expires_at,
      downloads: found.downloads,
    };
  }

  /** HMAC-SHA-256 over delivery, studio and expiry, base64url: the studio is the asker's, so another studio's member never fits. */
  private async signature(scope: Scope, id: string, expires: string): Promise<string> {
    this.key ??= createKeyFile(join(this.keysFolder, 'delivery.key')).catch((error: unknown) => {
      this.key = undefined;
      throw error;
    });
    return createHmac('sha256', await this.key).update(`${id}|${scope.studioId}|${expires}`).digest('base64url');
  }
}

function modelOf(filter: { modelId?: string | null }): string[] {
  if (filter.modelId === null || filter.modelId === undefined) return [];
  if (!isId(filter.modelId)) throw notFound('model');
  return [filter.modelId];
}
