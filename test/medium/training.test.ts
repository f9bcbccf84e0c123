import { createPublicKey, verify } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { newId, rows, type Scope } from '#libs/platform';
import { Rights } from '#libs/rights';
import { type Agent, derivedId, Training, type TrainLease } from '#libs/training';
import { makeWorld, type World } from '../support/studio.js';
import { frozenVersion, paperBase, sealedBy } from '../support/tenant.js';

jest.setTimeout(60_000);

let world: World;
let rights: Rights;
let training: Training;
let a: Scope;
let b: Scope;
let agent: Agent;
let foreign: Agent;
let baseId: string;
let versionId: string;
let titleId: string;
/** The moment that licences are asked at; tests move it. */
let clock = (): Date => new Date();

beforeAll(async () => {
  world = await makeWorld();
  process.env.BACKLOT_DATA = world.folder;
  process.env.BACKLOT_LEASE_SECONDS = '5';
  rights = new Rights({ database: world.database, vault: world.vault, clock: () => clock() });
  paperBase(join(world.folder, 'models', 'starter'));
  mkdirSync(join(world.folder, 'bases'));
  training = new Training({ database: world.database, vault: world.vault, rights, keysFolder: join(world.folder, 'keys'), basesFolders: [join(world.folder, 'models'), join(world.folder, 'bases')] });
});
afterAll(() => world.close());

beforeEach(async () => {
  clock = () => new Date();
  a = await world.studio('A');
  b = await world.studio('B');
  agent = { studioId: a.studioId, agentId: newId() };
  foreign = { studioId: b.studioId, agentId: newId() };
  ({ versionId, titleId } = await frozenVersion({ rights, vault: world.vault, scope: a }, (work) => world.database.inStudio(a, work)));
  baseId = (await training.bases(a))[0]!.id;
});

const start = (name = 'house style'): ReturnType<Training['startRun']> => training.startRun(a, { name, datasetVersionId: versionId, baseModelId: baseId, steps: 4 }, 'Member');
const leased = async (instance = 'one'): Promise<TrainLease> => (await training.lease(agent, instance))!;
const sql = <T extends object>(text: string, parameters: unknown[] = []): Promise<T[]> => world.database.inStudio(a, () => rows<T>(text, parameters));
const expire = (): Promise<object[]> => sql(`update training_run set lease_until = now() - interval '1 second' where studio_id = $1`, [a.studioId]);
const entries = async (type: string): Promise<Record<string, unknown>[]> => (await sql<{ payload: Record<string, unknown> }>(`select payload from audit_entry where type = $1 order by id`, [type])).map((entry) => entry.payload);

/** Hands in an adapter and completes; what an agent does at the end of a run. */
async function finish({ id, epoch, document }: TrainLease, bytes = Buffer.from('weights')): Promise<void> {
  const objectId = derivedId(id, 'adapter');
  await training.receive(agent, id, { epoch, objectId, bytes: sealedBy(document.keys.run, objectId, bytes) });
  await training.complete(agent, id, { epoch, result: { objectId, tensorSha256: 'a'.repeat(64) } });
}

describe('base models', () => {
  test('the starter is there for every studio, with what its folder says of it', async () => {
    expect(await training.bases(b)).toMatchObject([{ name: 'Paper', spec: { class: 'WanPipeline', parameters: 12, width: 64, maxSequenceLength: 32, training: { steps: 20 } } }]);
  });
  test("a starter that was exchanged is another base model, and the old one is no longer offered", async () => {
    const [before] = await training.bases(a);
    paperBase(join(world.folder, 'models', 'starter'), 7);
    const again = new Training({ database: world.database, vault: world.vault, rights, keysFolder: join(world.folder, 'keys'), basesFolders: [join(world.folder, 'models'), join(world.folder, 'bases')] });
    const offered = await again.bases(a);
    expect(offered).toHaveLength(1);
    expect(offered[0]!.sha256).not.toBe(before!.sha256);
    expect(await again.basesById(a, [before!.id])).toHaveLength(1);
    paperBase(join(world.folder, 'models', 'starter'));
  });
  test("a studio's own, which another studio does not see", async () => {
    paperBase(join(world.folder, 'bases', 'own'), 1);
    const own = await training.registerBase(a, { path: 'own', licence: 'Apache-2.0' });
    expect((await training.registerBase(a, { path: join(world.folder, 'bases', 'own'), licence: 'Apache-2.0' })).id).toBe(own.id);
    expect(await training.basesById(b, [own.id])).toEqual([]);
  });
  test.each([
    ['outside of the bases folders', '../keys', 'BASE_OUTSIDE'],
    ['an absolute path elsewhere', '/etc', 'BASE_OUTSIDE'],
    ['not there', 'absent', 'BASE_MISSING'],
    ['cut off', 'cut', 'BAD_BASE'],
    ['another family', 'other', 'BAD_BASE'],
  ])('a folder that is %s is refused', async (_what, path, code) => {
    const cut = paperBase(join(world.folder, 'bases', 'cut'));
    writeFileSync(join(cut, 'vae', 'model.safetensors'), 'not weights');
    writeFileSync(join(paperBase(join(world.folder, 'bases', 'other')), 'model_index.json'), '{"_class_name":"FluxPipeline"}');
    await expect(training.registerBase(a, { path, licence: 'MIT' })).rejects.toMatchObject({ code });
  });
});

describe('starting', () => {
  test('a run is queued with its decision and a log entry', async () => {
    const run = await start();
    expect(run).toMatchObject({ state: 'queued', steps: 4, settings: { rank: 4, samplePrompts: ['A square moves.'] } });
    expect((await rights.decision(a, run.decisionId)).permitted).toBe(true);
    expect(await entries('run')).toMatchObject([{ run: run.id, decision: run.decisionId }]);
  });
  test('a licence without fine-tuning stops it, and the refusal is in the log', async () => {
    const version = await frozenVersion({ rights, vault: world.vault, scope: a, actions: ['ingest', 'curate'] }, (work) => world.database.inStudio(a, work));
    await expect(training.startRun(a, { name: 'no', datasetVersionId: version.versionId, baseModelId: baseId }, 'Member')).rejects.toMatchObject({ code: 'LICENCE_REFUSED' });
    expect(await entries('refusal')).toMatchObject([{ action: 'fineTune', scope: version.versionId }]);
    expect(await training.countRuns(a)).toBe(0);
  });
  test("another studio's dataset is one that never was", async () => {
    const [own] = await training.bases(b);
    const refused = (id: string): Promise<unknown> => training.startRun(b, { name: 'x', datasetVersionId: id, baseModelId: own!.id }, 'Member').catch((error: unknown) => error);
    expect(await refused(versionId)).toEqual(await refused(newId()));
    expect(await refused(versionId)).toMatchObject({ code: 'NOT_FOUND' });
  });
  test.each([[{ steps: 0 }], [{ rank: 1000 }], [{ learningRate: -1 }], [{ name: ' ' }]])('settings %j are refused by name', async (settings) => {
    await expect(training.startRun(a, { name: 'x', datasetVersionId: versionId, baseModelId: baseId, ...settings }, 'Member')).rejects.toMatchObject({ code: 'BAD_SETTINGS' });
  });
});

describe('leases', () => {
  test('the specification is signed and its keys are in the log before they are out', async () => {
    const run = await start();
    const { document } = await leased();
    const key = createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(document.publicKey, 'base64url')]), format: 'der', type: 'spki' });
    expect(verify(null, Buffer.from(document.spec, 'base64url'), key, Buffer.from(document.signature, 'base64url'))).toBe(true);
    expect(JSON.parse(Buffer.from(document.spec, 'base64url').toString())).toMatchObject({ run: run.id, studio: a.studioId, steps: 4, objects: { adapter: derivedId(run.id, 'adapter') } });
    expect((await entries('key.release')).map((entry) => entry.kind)).toEqual(['dataset', 'checkpoint']);
  });
  test('one run is leased once, the oldest first', async () => {
    const [first, second] = [await start('first'), await start('second')];
    expect([(await leased()).id, (await leased()).id]).toEqual([first.id, second.id]);
    expect(await training.lease(agent, 'one')).toBeUndefined();
  });
  test('a resumed run has the same specification and key, so its checkpoint opens', async () => {
    await start();
    const before = await leased();
    await expire();
    const after = await leased();
    expect(after.epoch).toBe(before.epoch + 1);
    expect(after.document).toEqual(before.document);
  });
  test('a restarted agent has its run back at once; a stranger waits for the lease to end', async () => {
    await start();
    const before = await leased('first life');
    expect(await training.lease({ ...agent, agentId: newId() }, 'first life')).toBeUndefined();
    expect(await training.lease(agent, 'first life')).toBeUndefined();
    expect(await leased('second life')).toMatchObject({ id: before.id, epoch: 2 });
  });
  test('whoever held it before is refused in everything from then on', async () => {
    await start();
    const { id, epoch, document } = await leased('first life');
    await leased('second life');
    const objectId = derivedId(id, 'adapter');
    const late = [
      () => training.heartbeat(agent, id, epoch),
      () => training.events(agent, id, { epoch, events: [] }),
      () => training.receive(agent, id, { epoch, objectId, bytes: sealedBy(document.keys.run, objectId, Buffer.from('late')) }),
      () => training.complete(agent, id, { epoch, result: { objectId, tensorSha256: 'b'.repeat(64) } }),
      () => training.fail(agent, id, { epoch, error: { code: 'X', message: 'x', wayOut: 'x' } }),
    ];
    for (const call of late) await expect(call()).rejects.toMatchObject({ code: 'STALE_EPOCH', status: 409 });
  });
  test("another studio's agent gets nothing and cannot tell it from what never was", async () => {
    await start();
    expect(await training.lease(foreign, 'x')).toBeUndefined();
    const { id, epoch } = await leased();
    const tell = (run: string): Promise<unknown>[] =>
      [training.heartbeat(foreign, run, epoch), training.events(foreign, run, { epoch, events: [] }), training.fail(foreign, run, { epoch, error: { code: 'X', message: 'x', wayOut: 'x' } })].map((call) => call.catch((error: unknown) => error));
    expect(await Promise.all(tell(id))).toEqual(await Promise.all(tell(newId())));
    await expect(training.heartbeat(foreign, id, epoch)).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
    const version = await sql<{ object_id: string }>(`select object_id from dataset_version where id = $1`, [versionId]);
    await expect(training.sealedFor(foreign, version[0]!.object_id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
  test('a licence that ended since the run was queued fails it with that reason, and no key leaves', async () => {
    const run = await start();
    await sql(`delete from licence_title where title_id = $1`, [titleId]);
    expect(await training.lease(agent, 'one')).toBeUndefined();
    expect(await training.run(a, run.id)).toMatchObject({ state: 'failed', reason: { code: 'LICENCE_REFUSED' } });
    expect(await entries('key.release')).toEqual([]);
  });
  test('a base model that is gone fails the run with a way out', async () => {
    paperBase(join(world.folder, 'bases', 'gone'), 9);
    const gone = await training.registerBase(a, { path: 'gone', licence: 'MIT' });
    const run = await training.startRun(a, { name: 'x', datasetVersionId: versionId, baseModelId: gone.id }, 'Member');
    rmSync(join(world.folder, 'bases', 'gone'), { recursive: true });
    expect(await training.lease(agent, 'one')).toBeUndefined();
    expect(await training.run(a, run.id)).toMatchObject({ state: 'failed', reason: { code: 'BASE_MISSING' } });
  });
});

describe('what the trainer says', () => {
  test('repeated steps stay one point each', async () => {
    await start();
    const { id, epoch } = await leased();
    const point = (step: number, loss: number): object => ({ type: 'progress', step, steps: 4, loss, learningRate: 0.1, secondsPerStep: 0.1 });
    await training.events(agent, id, { epoch, events: [{ type: 'phase', phase: 'training' }, point(1, 2), point(2, 1.5), point(2, 1.5)] });
    await training.events(agent, id, { epoch, events: [{ type: 'resumed', step: 1 }, point(2, 1.5), point(3, 1)] });
    await training.events(agent, id, { epoch, events: [{ type: 'evaluation', step: 0, heldOutLossBase: 2.5 }, { type: 'evaluation', step: 4, heldOutLoss: 0.5, heldOutKind: 'other-shots' }] });
    expect((await training.metricsOf(a, [id])).get(id)).toMatchObject([{ step: 1, loss: 2 }, { step: 2, loss: 1.5 }, { step: 3, loss: 1 }]);
    expect(await training.run(a, id)).toMatchObject({ phase: 'training', step: 3, loss: 1, heldOutLossBase: 2.5, heldOutLoss: 0.5, heldOutKind: 'other-shots' });
  });
  test('a long curve is thinned to what a screen shows, the last point kept', async () => {
    await start();
    const { id, epoch } = await leased();
    await training.events(agent, id, { epoch, events: Array.from({ length: 4001 }, (_, step) => ({ type: 'progress', step: step + 1, loss: 1 })) });
    const points = (await training.metricsOf(a, [id])).get(id)!;
    expect(points.length).toBeLessThanOrEqual(2000);
    expect(points.at(-1)!.step).toBe(4001);
  });
  test('a sample counts once its bytes are here, opens by a decision to curate, and is there once', async () => {
    await start();
    const { id, epoch, document } = await leased();
    const objectId = `${id}/sample/50/1`;
    const line = { type: 'sample', step: 50, prompt: 'A square moves.', file: 'x', objectId };
    await training.events(agent, id, { epoch, events: [line] });
    expect((await training.samplesOf(a, [id])).get(id)).toEqual([]);
    for (let time = 0; time < 2; time++) {
      await training.receive(agent, id, { epoch, objectId, bytes: sealedBy(document.keys.run, objectId, Buffer.from('clip')) });
      await training.events(agent, id, { epoch, events: [line] });
    }
    const [sample, ...more] = (await training.samplesOf(a, [id])).get(id)!;
    expect(more).toEqual([]);
    const released = await rights.openFor(a, { action: 'curate', scopeKind: 'dataset', scopeId: versionId, titleIds: [titleId], actor: 'Member' }, sample!.objectId);
    const parts: Buffer[] = [];
    for await (const part of world.vault.open(released)) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe('clip');
  });
  test.each([[{ type: 'progress', step: 'one', loss: 1 }], [{ type: 'phase', phase: 'dancing' }], [{ type: 'evaluation', heldOutLoss: 'low' }]])('%j is refused, and nothing of its batch is kept', async (event) => {
    await start();
    const { id, epoch } = await leased();
    await expect(training.events(agent, id, { epoch, events: [{ type: 'progress', step: 1, loss: 1 }, event] })).rejects.toMatchObject({ code: 'BAD_EVENT' });
    expect((await training.metricsOf(a, [id])).get(id)).toEqual([]);
  });
  test('bytes under another key, another name or of nothing that was asked for are not taken', async () => {
    await start();
    const { id, epoch, document } = await leased();
    const objectId = derivedId(id, 'adapter');
    const send = (name: string, key: string, sealedAs = name): Promise<void> => training.receive(agent, id, { epoch, objectId: name, bytes: sealedBy(key, sealedAs, Buffer.from('x')) });
    await expect(send(objectId, document.keys.dataset)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    await expect(send(objectId, document.keys.run, `${id}/sample/1/1`)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    await expect(send(newId(), document.keys.run)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await sql(`select id from sealed_object where kind in ('adapter', 'sample')`)).toEqual([]);
  });
});

describe('the end of a run', () => {
  test('completing twice makes one model, one log entry, one event', async () => {
    const run = await start();
    const lease = await leased();
    await finish(lease);
    await training.complete(agent, run.id, { epoch: lease.epoch, result: { objectId: derivedId(run.id, 'adapter'), tensorSha256: 'a'.repeat(64) } });
    expect(await training.run(a, run.id)).toMatchObject({ state: 'completed', step: 4, phase: null });
    expect((await training.modelsOfRuns(a, [run.id])).get(run.id)).toMatchObject({ name: 'house style', version: 1, adapterSha256: 'a'.repeat(64) });
    expect(await entries('model.release')).toHaveLength(1);
    expect(await sql(`select id from outbox where type = 'run.completed'`)).toHaveLength(1);
    await expect(training.heartbeat(agent, run.id, lease.epoch)).rejects.toMatchObject({ code: 'STALE_EPOCH' });
  });
  test('the next run of the same name is the next version', async () => {
    await start();
    await start();
    await finish(await leased());
    await finish(await leased());
    const { items } = await training.models(a, { first: 10 });
    expect(items.map((model) => model.version)).toEqual([2, 1]);
  });
  test("the adapter's own key opens it; the run's key does not", async () => {
    const run = await start();
    const lease = await leased();
    await finish(lease, Buffer.from('weights'));
    const model = (await training.modelsOfRuns(a, [run.id])).get(run.id)!;
    const released = await rights.openFor(a, { action: 'generate', scopeKind: 'model', scopeId: model.id, titleIds: [titleId], actor: 'Member' }, model.adapterObjectId);
    expect(released.key.toString('base64')).not.toBe(lease.document.keys.run);
    const opened: Buffer[] = [];
    for await (const part of world.vault.open(released)) opened.push(part);
    expect(Buffer.concat(opened).toString()).toBe('weights');
  });
  test('a run without an adapter is not completed', async () => {
    const { id, epoch } = (await start(), await leased());
    await expect(training.complete(agent, id, { epoch, result: { objectId: derivedId(id, 'adapter'), tensorSha256: 'a'.repeat(64) } })).rejects.toMatchObject({ code: 'ADAPTER_MISSING' });
  });
  test('a failure keeps its reason, and a repeated one changes nothing', async () => {
    const { id, epoch } = (await start(), await leased());
    for (const message of ['Not enough memory.', 'Something later.']) await training.fail(agent, id, { epoch, error: { code: 'OUT_OF_MEMORY', message, wayOut: 'Choose a smaller batch.' } });
    expect(await training.run(a, id)).toMatchObject({ state: 'failed', reason: { code: 'OUT_OF_MEMORY', message: 'Not enough memory.' } });
    expect(await training.lease(agent, 'two')).toBeUndefined();
  });
  test('cancel: a queued run at once, a running one when its agent says so, an abandoned one by itself, an ended one not at all', async () => {
    expect(await training.cancelRun(a, (await start()).id)).toMatchObject({ state: 'cancelled' });
    expect(await training.lease(agent, 'one')).toBeUndefined();

    const running = await start();
    const { id, epoch } = await leased();
    expect(await training.heartbeat(agent, id, epoch)).toEqual({ action: 'continue' });
    expect(await training.cancelRun(a, running.id)).toMatchObject({ state: 'running' });
    expect(await training.heartbeat(agent, id, epoch)).toEqual({ action: 'cancel' });
    await training.events(agent, id, { epoch, events: [{ type: 'cancelled', step: 2 }] });
    expect(await training.run(a, id)).toMatchObject({ state: 'cancelled' });
    await expect(training.cancelRun(a, id)).rejects.toMatchObject({ code: 'RUN_ENDED' });

    const abandoned = await start();
    await leased('three');
    await training.cancelRun(a, abandoned.id);
    expect(await training.lease(agent, 'four')).toBeUndefined();
    expect(await training.run(a, abandoned.id)).toMatchObject({ state: 'cancelled' });
    await expect(training.cancelRun(b, (await start()).id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

test('lists are pages, newest first, of one studio', async () => {
  const ids = [(await start()).id, (await start()).id, (await start()).id].reverse();
  const page = await training.runs(a, { first: 2 });
  const rest = await training.runs(a, { first: 2, after: page.endCursor });
  expect([...page.items, ...rest.items].map((run) => run.id)).toEqual(ids);
  expect([page.hasNextPage, rest.hasNextPage, await training.countRuns(a), await training.countRuns(b)]).toEqual([true, false, 3, 0]);
  expect(await training.runsById(b, ids)).toEqual([]);
});
