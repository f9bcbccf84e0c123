/** What a `count` in a licence counts: uses, each once, and of two at the cap one. */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Generation } from '#libs/generation';
import { newId, rows } from '#libs/platform';
import { LicenceRefused, type Question, Rights } from '#libs/rights';
import { type Agent, derivedId, Training } from '#libs/training';
import { policyOf, sign } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';
import { frozenVersion, paperBase, sealedBy } from '../support/tenant.js';

jest.setTimeout(60_000);

let world: World;
let rights: Rights;
let scope: { studioId: string; memberId: string };
beforeAll(async () => {
  world = await makeWorld();
  Object.assign(process.env, { BACKLOT_DATA: world.folder, BACKLOT_LEASE_SECONDS: '5' });
  paperBase(join(world.folder, 'models', 'starter'));
  rights = new Rights(world);
});
afterAll(() => world.close());
beforeEach(async () => {
  scope = await world.studio('Counted');
});

const sql = <T extends object>(text: string, parameters: unknown[] = []): Promise<T[]> => world.database.inStudio(scope, () => rows<T>(text, parameters));
const atMost = (count: number): object => ({ leftOperand: 'count', operator: 'lteq', rightOperand: { '@value': String(count), '@type': 'xsd:integer' } });

async function capped(rules: Record<string, unknown>[], head: Record<string, unknown> = {}): Promise<{ licenceId: string; uid: string }> {
  const uid = `urn:uuid:${newId()}`;
  const { permission: _, ...policy } = policyOf([], uid);
  const { id } = await rights.licences.draft(scope, { name: 'Licence', licensor: 'Licensor', source: { policy: { ...policy, assignee: `urn:uuid:${scope.studioId}`, ...head, permission: rules } } });
  await sign(rights, scope, id);
  return { licenceId: id, uid };
}

async function title(...licenceIds: string[]): Promise<string> {
  const id = newId();
  await sql(`insert into title (id, studio_id, name, state) values ($1, $2, 'Film', 'ready')`, [id, scope.studioId]);
  await rights.licences.attach(scope, id, licenceIds);
  return id;
}

const permitted = async (titleIds: string[], action: string, use: Question['use']): Promise<boolean> =>
  (await rights.decide(scope, { action, scopeKind: 'catalogue', scopeId: scope.studioId, titleIds, use, actor: 'Member' })).permitted;

describe('at most two generations', () => {
  let film: string;
  beforeEach(async () => {
    film = await title((await capped([{ uid: '#p1', action: 'backlot:generate', constraint: [atMost(2)] }, { uid: '#p2', action: 'backlot:curate' }])).licenceId);
  });

  test('the third is refused; the first and the second go on being what they were', async () => {
    const uses = [newId(), newId(), newId()];
    const ask = (use: string): Promise<boolean> => permitted([film], 'generate', use);
    expect([await ask(uses[0]!), await ask(uses[0]!), await ask(uses[1]!), await ask(uses[2]!)]).toEqual([true, true, true, false]);
    expect([await ask(uses[1]!), await ask(uses[0]!), await ask(uses[2]!)]).toEqual([true, true, false]);
  });

  test('questions and other actions use nothing up; a question at the cap is answered as a new use would be', async () => {
    for (let i = 0; i < 5; i++) expect([await permitted([film], 'generate', null), await permitted([film], 'curate', newId())]).toEqual([true, true]);
    for (let i = 0; i < 2; i++) await permitted([film], 'generate', newId());
    expect(await permitted([film], 'generate', null)).toBe(false);
  });

  test('of ten at once two pass', async () => {
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => permitted([film], 'generate', newId())));
    expect(outcomes.filter(Boolean)).toHaveLength(2);
  });

  test('one use asked about by ten at once is one use', async () => {
    const use = newId();
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => permitted([film], 'generate', use)));
    expect([new Set(outcomes), (await sql(`select from licence_use where action = 'generate'`)).length]).toEqual([new Set([true]), 1]);
  });

  test('a use whose work was undone was none', async () => {
    await expect(
      world.database.inStudio(scope, async () => {
        expect(await permitted([film], 'generate', newId())).toBe(true);
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    expect([await permitted([film], 'generate', newId()), await permitted([film], 'generate', newId()), await permitted([film], 'generate', newId())]).toEqual([true, true, false]);
  });

  test("another studio's uses under a licence of its own count for nothing here", async () => {
    const mine = scope;
    scope = await world.studio('Other');
    const theirs = await title((await capped([{ uid: '#p1', action: 'backlot:generate', constraint: [atMost(2)] }])).licenceId);
    for (let i = 0; i < 2; i++) await permitted([theirs], 'generate', newId());
    expect(await sql(`select distinct studio_id from licence_use`)).toEqual([{ studio_id: scope.studioId }]);
    scope = mine;
    expect(await permitted([film], 'generate', newId())).toBe(true);
  });
});

test('the count is the licence\'s, over all its titles; a use of several is one', async () => {
  const { licenceId } = await capped([{ uid: '#p1', action: 'backlot:generate', constraint: [atMost(2)] }]);
  const [one, two] = [await title(licenceId), await title(licenceId)];
  expect([await permitted([one, two], 'generate', newId()), await permitted([one], 'generate', newId()), await permitted([two], 'generate', newId())]).toEqual([true, true, false]);
});

test('a rule for an action counts every kind of it, and each licence by its own cap', async () => {
  const strict = await capped([{ uid: '#p1', action: 'backlot:train', constraint: [atMost(2)] }]);
  const wide = await capped([{ uid: '#p1', action: 'backlot:train', constraint: [atMost(3)] }]);
  const [both, free] = [await title(strict.licenceId, wide.licenceId), await title(wide.licenceId)];
  expect([await permitted([both], 'fineTune', newId()), await permitted([both], 'distil', newId()), await permitted([both], 'fineTune', newId())]).toEqual([true, true, false]);
  expect([await permitted([free], 'fineTune', newId()), await permitted([free], 'fineTune', newId())]).toEqual([true, false]);
});

test('what two licences inherit from a third they use up together', async () => {
  const { uid } = await capped([{ uid: '#p1', action: 'backlot:generate', constraint: [atMost(2)], target: 'urn:test:catalogue' }]);
  const child = (): Promise<{ licenceId: string }> => capped([{ uid: '#p1', action: 'backlot:generate' }], { inheritFrom: uid });
  const [one, two] = [await title((await child()).licenceId), await title((await child()).licenceId)];
  for (const id of [one, two]) await sql(`update licence_title set asset_ids = '{urn:test:catalogue}' where title_id = $1`, [id]);
  expect([await permitted([one], 'generate', newId()), await permitted([two], 'generate', newId()), await permitted([one], 'generate', newId())]).toEqual([true, true, false]);
});

describe('in the product', () => {
  let training: Training;
  let generation: Generation;
  let agent: Agent;
  let version: { versionId: string; titleId: string };
  beforeEach(async () => {
    const keysFolder = join(world.folder, 'keys');
    training = new Training({ ...world, rights, keysFolder, basesFolders: [join(world.folder, 'models')] });
    generation = new Generation({ ...world, rights, training, keysFolder });
    agent = { studioId: scope.studioId, agentId: newId() };
    version = await frozenVersion({ rights, vault: world.vault, scope }, (work) => world.database.inStudio(scope, work));
    const { licenceId } = await capped([{ uid: '#p1', action: ['backlot:fineTune', 'backlot:generate', 'backlot:export'], constraint: [atMost(1)] }, { uid: '#p2', action: 'backlot:curate' }]);
    await rights.licences.attach(scope, version.titleId, [licenceId]);
  });
  const start = async (): ReturnType<Training['startRun']> => training.startRun(scope, { name: 'style', datasetVersionId: version.versionId, baseModelId: (await training.bases(scope))[0]!.id, steps: 4 }, 'Member');

  test('one run, however often it is leased, resumed and started again; no second one', async () => {
    const { id } = await start();
    for (const instance of ['one', 'two', 'three']) expect((await training.lease(agent, instance))?.id).toBe(id);
    await expect(start()).rejects.toThrow(LicenceRefused);
    const { epoch } = (await training.lease(agent, 'four'))!;
    await training.fail(agent, id, { epoch, error: { code: 'TRAINER_CRASHED', message: 'It crashed.', wayOut: 'Try again.' } });
    await training.retryRun(scope, id, 'Member');
    expect((await training.lease(agent, 'five'))?.id).toBe(id);
    expect(await sql(`select action, use_id from licence_use where action = 'fineTune'`)).toEqual(expect.arrayContaining([{ action: 'fineTune', use_id: id }]));
  });

  test('one generation, however often its output is looked at and delivered; no second one', async () => {
    const { id: runId } = await start();
    const lease = (await training.lease(agent, 'one'))!;
    const adapterId = derivedId(runId, 'adapter');
    await training.receive(agent, runId, { epoch: lease.epoch, objectId: adapterId, bytes: sealedBy(lease.document.keys.run, adapterId, Buffer.from('weights')) });
    await training.complete(agent, runId, { epoch: lease.epoch, result: { objectId: adapterId, tensorSha256: 'a'.repeat(64) } });
    const { id: modelId } = (await training.modelsOfRuns(scope, [runId])).get(runId)!;
    const { id } = await generation.generate(scope, { modelId, prompt: 'A square moves.', seed: 7 }, 'Member');
    await expect(generation.generate(scope, { modelId, prompt: 'Another.', seed: 8 }, 'Member')).rejects.toThrow(LicenceRefused);
    const making = (await generation.lease(agent, { instance: 'one', capabilities: ['generate'], waitSeconds: 0 })) as unknown as { epoch: number; document: { output: { objectId: string; key: string } } };
    const { objectId, key } = making.document.output;
    await generation.receive(agent, id, { epoch: making.epoch, objectId, bytes: sealedBy(key, objectId, Buffer.from('clip')) as Readable });
    await generation.complete(agent, id, { epoch: making.epoch, result: { frames: 9, width: 64, height: 64, fps: 16 } });
    const output = (await generation.outputsOf(scope, [id])).get(id)!;
    for (let looks = 0; looks < 3; looks++) await rights.openFor(scope, await generation.looksAt(scope, output.objectId, 'Member'), output.objectId);
    await generation.reviewOutput(scope, output.id, true);
    for (let deliveries = 0; deliveries < 2; deliveries++) await generation.deliver(scope, output.id, 'Member');
    expect((await sql(`select distinct action, use_id from licence_use where action in ('generate', 'export') order by action`))).toEqual([{ action: 'export', use_id: output.id }, { action: 'generate', use_id: id }]);
  });
});
