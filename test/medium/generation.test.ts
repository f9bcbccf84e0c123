import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type GenerateLease, Generation, type Output } from '#libs/generation';
import { newId, type ReleasedKey, rows, type Scope } from '#libs/platform';
import { Rights } from '#libs/rights';
import { type Agent, derivedId, Training } from '#libs/training';
import { makeWorld, type World } from '../support/studio.js';
import { frozenVersion, paperBase, sealedBy } from '../support/tenant.js';

jest.setTimeout(60_000);

let world: World;
let training: Training;
let generation: Generation;
let a: Scope;
let b: Scope;
let agent: Agent;
let modelId: string;
let titleId: string;

beforeAll(async () => {
  world = await makeWorld();
  Object.assign(process.env, { BACKLOT_DATA: world.folder, BACKLOT_LEASE_SECONDS: '5' });
  const { database, vault } = world;
  const rights = new Rights({ database, vault });
  const keysFolder = join(world.folder, 'keys');
  paperBase(join(world.folder, 'models', 'starter'));
  training = new Training({ database, vault, rights, keysFolder, basesFolders: [join(world.folder, 'models')] });
  generation = new Generation({ database, vault, rights, training, keysFolder });
});
afterAll(() => world.close());

/** Each test has its own studios, and in A a model that was trained. */
beforeEach(async () => {
  a = await world.studio('A');
  b = await world.studio('B');
  agent = { studioId: a.studioId, agentId: newId() };
  modelId = await trainedModel();
});

async function trainedModel(actions?: string[]): Promise<string> {
  const { database, vault } = world;
  const rights = new Rights({ database, vault });
  const version = await frozenVersion({ rights, vault, scope: a, ...(actions ? { actions } : {}) }, (work) => database.inStudio(a, work));
  titleId = version.titleId;
  await training.startRun(a, { name: 'house style', datasetVersionId: version.versionId, baseModelId: (await training.bases(a))[0]!.id }, 'Member');
  const { id, epoch, document } = (await training.lease(agent, 'one'))!;
  const objectId = derivedId(id, 'adapter');
  await training.receive(agent, id, { epoch, objectId, bytes: sealedBy(document.keys.run, objectId, Buffer.from('weights')) });
  await training.complete(agent, id, { epoch, result: { objectId, tensorSha256: 'a'.repeat(64) } });
  return (await training.modelsOfRuns(a, [id])).get(id)!.id;
}

const ask = (prompt = 'A square moves.'): ReturnType<Generation['generate']> => generation.generate(a, { modelId, prompt, seed: 7 }, 'Member');
const leased = async (): Promise<GenerateLease> => (await generation.lease(agent, { instance: 'one', capabilities: ['generate'], waitSeconds: 0 })) as GenerateLease;
const sql = <T extends object>(text: string, parameters: unknown[] = []): Promise<T[]> => world.database.inStudio(a, () => rows<T>(text, parameters));
const withdraw = (): Promise<object[]> => sql(`delete from licence_title where title_id = $1`, [titleId]);
const result = { type: 'generated', frames: 9, width: 64, height: 64, fps: 16 };

async function finish({ id, epoch, document }: GenerateLease, bytes = Buffer.from('clip')): Promise<Output> {
  const { objectId, key } = document.output;
  await generation.receive(agent, id, { epoch, objectId, bytes: sealedBy(key, objectId, bytes) });
  await generation.complete(agent, id, { epoch, result });
  return (await generation.outputsOf(a, [id])).get(id)!;
}

async function made(): Promise<Output> {
  await ask();
  return finish(await leased());
}

async function read(released: ReleasedKey): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of world.vault.open(released)) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** The parts of a delivery's address. */
function address(url: string): { id: string; query: { expires: string; signature: string } } {
  const parsed = new URL(url, 'http://x');
  return { id: parsed.pathname.split('/').at(-1)!, query: { expires: parsed.searchParams.get('expires')!, signature: parsed.searchParams.get('signature')! } };
}

describe('asking', () => {
  test('is decided over the titles that fed the model, and made in the size the model was trained on', async () => {
    const asked = await ask();
    expect(asked).toMatchObject({ state: 'queued', seed: 7, settings: { width: 64, height: 64, frames: 9, fps: 16, steps: 4, guidance: 3 } });
    const targets = await sql<{ title_id: string }>(`select title_id from decision_target where decision_id = $1`, [asked.decisionId]);
    expect(targets.map((target) => target.title_id)).toEqual([titleId]);
  });
  test('a licence that allows training but not generating refuses', async () => {
    modelId = await trainedModel(['ingest', 'curate', 'fineTune']);
    await expect(ask()).rejects.toMatchObject({ code: 'LICENCE_REFUSED' });
    expect(await generation.countGenerations(a)).toBe(0);
  });
  test("another studio's model is one that never was", async () => {
    const refused = (id: string): Promise<unknown> => generation.generate(b, { modelId: id, prompt: 'x' }, 'Member').catch((error: unknown) => error);
    expect(await refused(modelId)).toEqual(await refused(newId()));
  });
  test.each([[{ prompt: ' ' }, 'BAD_PROMPT'], [{ steps: 0 }, 'BAD_SETTINGS'], [{ guidance: 99 }, 'BAD_SETTINGS'], [{ seed: -1 }, 'BAD_SETTINGS']])('%j is refused', async (input, code) => {
    await expect(generation.generate(a, { modelId, prompt: 'x', ...input }, 'Member')).rejects.toMatchObject({ code });
  });
});

describe('making', () => {
  test("the adapter's key leaves under a decision of that moment; a licence that ended fails it and keeps the key", async () => {
    const asked = await ask();
    await withdraw();
    expect(await leased()).toBeUndefined();
    expect(await generation.generation(a, asked.id)).toMatchObject({ state: 'failed', reason: { code: 'LICENCE_REFUSED' } });
    expect(await sql(`select id from key_release where object_id = (select adapter_object_id from model where id = $1)`, [modelId])).toEqual([]);
  });
  test('a licence that ends while it is made keeps the clip out', async () => {
    const asked = await ask();
    const lease = await leased();
    await withdraw();
    await expect(finish(lease)).rejects.toMatchObject({ code: 'LICENCE_REFUSED' });
    expect(await generation.generation(a, asked.id)).toMatchObject({ state: 'failed' });
    expect(await sql(`select id from sealed_object where kind = 'output'`)).toEqual([]);
  });
  test('progress, then one output however often it is completed', async () => {
    const asked = await ask();
    const lease = await leased();
    await generation.events(agent, asked.id, { epoch: lease.epoch, events: [{ type: 'progress', id: asked.id, step: 1, steps: 4 }, { type: 'progress', id: asked.id, step: 2, steps: 4 }] });
    expect(await generation.generation(a, asked.id)).toMatchObject({ state: 'running', progress: 0.5 });
    await finish(lease);
    await finish(lease).catch((error: unknown) => expect(error).toMatchObject({ code: 'STALE_EPOCH' }));
    await generation.complete(agent, asked.id, { epoch: lease.epoch, result });
    expect(await sql(`select id from output where generation_id = $1`, [asked.id])).toHaveLength(1);
    expect(await sql(`select id from audit_entry where type = 'generation' and payload->>'state' = 'completed'`)).toHaveLength(1);
  });
  test('a restarted agent goes on with it, under the same key, and its former life is refused', async () => {
    await ask();
    const before = await leased();
    const after = (await generation.lease(agent, { instance: 'two', capabilities: ['train', 'generate'], waitSeconds: 0 })) as GenerateLease;
    expect(after).toMatchObject({ id: before.id, epoch: before.epoch + 1, document: { output: before.document.output } });
    await expect(generation.heartbeat(agent, before.id, before.epoch)).rejects.toMatchObject({ code: 'STALE_EPOCH' });
  });
  test("another studio's agent gets nothing, and nothing of one it names", async () => {
    await ask();
    const foreign = { studioId: b.studioId, agentId: newId() };
    expect(await generation.lease(foreign, { instance: 'x', capabilities: ['train', 'generate'], waitSeconds: 0 })).toBeUndefined();
    const { id, epoch, document } = await leased();
    await expect(generation.heartbeat(foreign, id, epoch)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(generation.complete(foreign, id, { epoch, result })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(training.sealedFor(foreign, document.adapter.objectId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await training.sealedFor(agent, document.adapter.objectId)).id).toBe(document.adapter.objectId);
  });
  test('a waiting agent gets what is asked while it waits; one that hung up gets nothing', async () => {
    const waiting = generation.lease(agent, { instance: 'one', capabilities: ['train', 'generate'], waitSeconds: 10 });
    const asked = await ask();
    expect(await waiting).toMatchObject({ kind: 'generate', id: asked.id });
    const gone = new AbortController();
    const hungUp = generation.lease(agent, { instance: 'one', capabilities: ['generate'], waitSeconds: 10 }, gone.signal);
    gone.abort();
    expect(await hungUp).toBeUndefined();
  });
});

describe('giving it back', () => {
  test('only what was approved is delivered, to the studio alone, and each download is counted and logged', async () => {
    const output = await made();
    await expect(generation.deliver(a, output.id, 'Member')).rejects.toMatchObject({ code: 'NOT_APPROVED' });
    expect(await generation.reviewOutput(a, output.id, true)).toMatchObject({ review: 'approved', reviewedBy: 'Member' });
    const delivery = await generation.deliver(a, output.id, 'Member');
    const { id, query } = address(delivery.url);
    expect(await read((await generation.openDelivery(a, id, query, 'Member')).released)).toBe('clip');
    expect((await generation.deliveriesOf(a, [output.id])).get(output.id)).toMatchObject([{ id, downloads: 1, url: delivery.url }]);
    expect(await sql(`select id from audit_entry where type = 'delivery' and payload->>'state' = 'downloaded'`)).toHaveLength(1);
  });
  test("an address does not open for another studio's member, nor changed, and both look like none at all", async () => {
    const output = await made();
    await generation.reviewOutput(a, output.id, true);
    const { id, query } = address((await generation.deliver(a, output.id, 'Member')).url);
    const later = { ...query, expires: String(Number(query.expires) + 3600) };
    const answers = [generation.openDelivery(b, id, query, 'Other'), generation.openDelivery(a, id, later, 'Member'), generation.openDelivery(a, newId(), query, 'Member'), generation.openDelivery(a, id, { ...query, signature: '' }, 'Member')];
    for (const answer of await Promise.all(answers.map((call) => call.catch((error: unknown) => error)))) expect(answer).toMatchObject({ code: 'NOT_FOUND' });
    await expect(generation.deliver(b, output.id, 'Other')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(generation.reviewOutput(b, output.id, false)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
  test('an address that is over says so, and the licences are asked again at each download', async () => {
    const output = await made();
    await generation.reviewOutput(a, output.id, true);
    const { url, id } = await generation.deliver(a, output.id, 'Member');
    await sql(`update delivery set expires_at = date_trunc('second', now() - interval '1 hour') where id = $1`, [id]);
    const over = address((await generation.deliveriesOf(a, [output.id])).get(output.id)![0]!.url);
    await expect(generation.openDelivery(a, id, over.query, 'Member')).rejects.toMatchObject({ code: 'DELIVERY_EXPIRED', status: 410 });
    await withdraw();
    await expect(generation.openDelivery(a, id, address(url).query, 'Member')).rejects.toMatchObject({ code: 'LICENCE_REFUSED' });
    await expect(generation.deliver(a, output.id, 'Member')).rejects.toMatchObject({ code: 'LICENCE_REFUSED' });
  });
  test('a licence without export: seen, but not delivered', async () => {
    modelId = await trainedModel(['ingest', 'curate', 'fineTune', 'generate']);
    const output = await made();
    await generation.reviewOutput(a, output.id, true);
    await expect(generation.deliver(a, output.id, 'Member')).rejects.toMatchObject({ code: 'LICENCE_REFUSED' });
  });
});

test('lists are pages of one studio or model', async () => {
  const ids = [(await ask()).id, (await ask()).id].reverse();
  expect((await generation.generations(a, { first: 10 }, { modelId })).items.map((item) => item.id)).toEqual(ids);
  expect((await generation.generations(a, { first: 1 })).hasNextPage).toBe(true);
  expect(await generation.countGenerations(b)).toBe(0);
  expect(await generation.generationsById(b, ids)).toEqual([]);
});
