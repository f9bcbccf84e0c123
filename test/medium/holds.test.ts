import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Generation } from '#libs/generation';
import { newId, Refusal, rows } from '#libs/platform';
import { type Decision, type HoldInput, type Question, Rights } from '#libs/rights';
import { type Agent, derivedId, Training } from '#libs/training';
import { type Api, makeApi } from '../support/api.js';
import { licence } from '../support/films.js';
import { frozenVersion, paperBase, sealedBy } from '../support/tenant.js';

jest.setTimeout(120_000);

let api: Api;
let rights: Rights;
let scope: { studioId: string; memberId: string };
beforeAll(async () => {
  api = await makeApi({ settings: { BACKLOT_LEASE_SECONDS: '5' } });
  paperBase(join(api.world.folder, 'models', 'starter'));
  rights = new Rights(api.world);
});
afterAll(() => api.close());
beforeEach(async () => {
  scope = await api.world.studio('Held');
});

const sql = <T extends object>(text: string, parameters: unknown[] = []): Promise<T[]> => api.world.database.inStudio(scope, () => rows<T>(text, parameters));
const place = (input: Omit<HoldInput, 'why'>, why = 'A court order.'): ReturnType<Rights['holds']['place']> => rights.holds.place(scope, { ...input, why });
const lift = (id: string): ReturnType<Rights['holds']['lift']> => rights.holds.lift(scope, id, 'The court has withdrawn it');
const code = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'no refusal', (error: unknown) => (error instanceof Refusal ? error.code : error));

async function title(licenceId?: string): Promise<{ titleId: string; licenceId: string }> {
  const titleId = newId();
  const own = licenceId ?? (await licence(rights, scope, ['ingest', 'curate', 'fineTune']));
  await sql(`insert into title (id, studio_id, name, state) values ($1, $2, 'Film', 'ready')`, [titleId, scope.studioId]);
  await rights.licences.attach(scope, titleId, [own]);
  return { titleId, licenceId: own };
}

const about = (titleId: string, action = 'curate'): Question => ({ action, scopeKind: 'title', scopeId: titleId, titleIds: [titleId], actor: 'Member' });

describe('what a hold is on is refused, by decisions and by the release of keys alike', () => {
  type On = (film: { titleId: string; licenceId: string }) => Omit<HoldInput, 'why'>;
  const kinds: [string, On][] = [
    ['title', ({ titleId }) => ({ titleId })],
    ['licence', ({ licenceId }) => ({ licenceId })],
    ['performer', ({ titleId }) => ({ performer: 'urn:test:performer:1', appearsIn: [titleId] })],
    ['studio', () => ({ studio: true })],
  ];

  test.each(kinds)('a hold on the %s', async (kind, on) => {
    const film = await title();
    const object = await api.world.vault.seal(scope, { kind: 'keyframe', scopeId: film.titleId, contentType: 'image/jpeg' }, Readable.from([Buffer.from('a still')]));
    const before = await rights.decide(scope, about(film.titleId));
    await api.world.vault.release(scope, before.id, object.id);
    const hold = await place(on(film));
    // A permit of before the hold, in the hand of a process that knows nothing of it.
    await expect(api.world.vault.release(scope, before.id, object.id)).rejects.toMatchObject({ code: 'KEY_REFUSED', message: expect.stringContaining(`a hold is on the ${kind} (A court order.)`) });
    const refused = await rights.decide(scope, about(film.titleId));
    expect(refused).toMatchObject({ permitted: false, sentence: expect.stringMatching(/hold.*A court order/) });
    expect(await code(rights.openFor(scope, about(film.titleId), object.id))).toBe('LICENCE_REFUSED');
    await lift(hold.id);
    const after = await rights.decide(scope, about(film.titleId));
    expect(after.permitted).toBe(true);
    await api.world.vault.release(scope, after.id, object.id);
  });

  test('a hold on one film, licence or performer leaves the others alone', async () => {
    const [held, free] = [await title(), await title()];
    for (const on of [{ titleId: held.titleId }, { licenceId: held.licenceId }, { performer: 'urn:test:performer:1', appearsIn: [held.titleId] }]) {
      const hold = await place(on);
      expect([(await rights.decide(scope, about(held.titleId))).permitted, (await rights.decide(scope, about(free.titleId))).permitted]).toEqual([false, true]);
      await lift(hold.id);
    }
  });

  test('one held film stops what is made of several', async () => {
    const [held, free] = [await title(), await title()];
    await place({ titleId: held.titleId });
    const both = await rights.decide(scope, { action: 'fineTune', scopeKind: 'catalogue', scopeId: scope.studioId, titleIds: [free.titleId, held.titleId], actor: 'Member' });
    expect(both.permitted).toBe(false);
  });

  test('a performer is where a mark says; without named titles, also where not all performers are marked', async () => {
    const [marked, other, unmarked] = [await title(), await title(), await title()];
    for (const { titleId } of [marked, other, unmarked]) {
      await sql(`insert into edit (title_id, studio_id, frames, rate, even, time_base, times, performers_marked) values ($1, $2, 100, '25', true, '1/25', '', $3)`, [titleId, scope.studioId, titleId !== unmarked.titleId]);
    }
    await sql(`insert into mark (id, studio_id, title_id, kind, subject, first_frame, end_frame, source, by, confidence) values ($1, $2, $3, 'performer', 'urn:test:performer:9', 10, 20, 'written', 'Member', 1)`, [newId(), scope.studioId, marked.titleId]);
    const permitted = async (): Promise<boolean[]> => Promise.all([marked, other, unmarked].map(async ({ titleId }) => (await rights.decide(scope, about(titleId))).permitted));
    expect(await permitted()).toEqual([true, true, true]);
    const anywhere = await place({ performer: 'urn:test:performer:9' });
    expect(await permitted()).toEqual([false, true, false]);
    await lift(anywhere.id);
    await place({ performer: 'urn:test:performer:9', appearsIn: [other.titleId] });
    expect(await permitted()).toEqual([false, false, true]);
  });

  test('a hold is on one thing, has a reason, and is lifted once', async () => {
    const { titleId, licenceId } = await title();
    for (const wrong of [{}, { titleId, licenceId }, { studio: false }, { performer: '  ' }, { titleId, appearsIn: [titleId] }, { performer: 'p', appearsIn: Array.from({ length: 101 }, () => newId()) }]) {
      expect(await code(place(wrong))).toBe('BAD_HOLD');
    }
    expect(await code(place({ titleId }, '  '))).toBe('BAD_HOLD');
    expect(await code(place({ licenceId: newId() }))).toBe('NOT_FOUND');
    const hold = await place({ titleId });
    expect(await lift(hold.id)).toMatchObject({ liftedWhy: 'The court has withdrawn it', liftedBy: scope.memberId });
    expect(await code(lift(hold.id))).toBe('HOLD_LIFTED');
    expect(await code(lift(newId()))).toBe('NOT_FOUND');
  });
});

describe('over GraphQL', () => {
  test('a compliance officer places, lists and lifts; who, when and why are in the log', async () => {
    const officer = api.a.as.compliance;
    scope = api.a.scope;
    const { titleId } = await title();
    const placed = await officer.graphql(`mutation ($input: HoldInput!) { placeHold(input: $input) { ... on Hold { id kind subject why placedBy placedAt inForce titles { id } licence { id } liftedAt } ... on Refused { code message } } }`, { input: { titleId, why: 'The heirs object' } });
    const hold = placed.data!.placeHold as { id: string };
    expect(hold).toMatchObject({ kind: 'TITLE', subject: titleId, why: 'The heirs object', placedBy: 'compliance of Aurora', inForce: true, titles: [{ id: titleId }], licence: null, liftedAt: null });
    const asked = await officer.graphql(`mutation ($id: ID!) { askDecision(input: { action: "curate", titleIds: [$id] }) { ... on Decision { permitted sentence } } }`, { id: titleId });
    expect(asked.data!.askDecision).toMatchObject({ permitted: false, sentence: expect.stringContaining('The heirs object') });
    const inForce = async (): Promise<unknown> => (await api.a.as.editor.graphql(`{ holds(first: 10, inForce: true) { nodes { id } totalCount } }`)).data!.holds;
    expect(await inForce()).toEqual({ nodes: [{ id: hold.id }], totalCount: 1 });
    expect((await api.b.as.admin.graphql(`{ holds(first: 10) { nodes { id } totalCount } }`)).data!.holds).toEqual({ nodes: [], totalCount: 0 });
    expect((await api.b.as.admin.graphql(`mutation ($id: ID!) { liftHold(id: $id, why: "x") { ... on Refused { code } } }`, { id: hold.id })).data!.liftHold).toEqual({ code: 'NOT_FOUND' });
    expect(await inForce()).toMatchObject({ totalCount: 1 });
    const lifted = await officer.graphql(`mutation ($id: ID!) { liftHold(id: $id, why: "They agree now") { ... on Hold { inForce liftedBy liftedWhy } } }`, { id: hold.id });
    expect(lifted.data!.liftHold).toEqual({ inForce: false, liftedBy: 'compliance of Aurora', liftedWhy: 'They agree now' });
    expect(await inForce()).toEqual({ nodes: [], totalCount: 0 });
    const logged = await sql<{ payload: unknown }>(`select payload from audit_entry where type = 'hold' and payload->>'hold' = $1 order by id`, [hold.id]);
    expect(logged.map(({ payload }) => payload)).toMatchObject([{ state: 'placed', on: 'title', subject: titleId, why: 'The heirs object', member: expect.any(String) }, { state: 'lifted', why: 'They agree now', member: expect.any(String) }]);
  });

  test('holds come in pages, newest first', async () => {
    scope = api.a.scope;
    for (const n of [1, 2, 3]) await lift((await place({ performer: `urn:test:performer:${n}`, appearsIn: [] })).id);
    const page = async (after: string | null): Promise<{ nodes: { subject: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } }> =>
      (await api.a.as.compliance.graphql(`query ($after: String) { holds(first: 2, after: $after, inForce: false) { nodes { subject } pageInfo { endCursor hasNextPage } } }`, { after })).data!.holds as never;
    const first = await page(null);
    expect(first.nodes.map(({ subject }) => subject.at(-1))).toEqual(['3', '2']);
    expect((await page(first.pageInfo.endCursor)).nodes[0]!.subject.at(-1)).toBe('1');
  });
});

test('a film that is being sent is cut off, and a browser asks again before it shows what it kept', async () => {
  scope = api.a.scope;
  const { titleId } = await title();
  const bytes = 48 * 1_048_576;
  const object = await api.world.vault.seal(scope, { kind: 'keyframe', scopeId: titleId, contentType: 'image/jpeg' }, Readable.from(Array.from({ length: 48 }, () => Buffer.alloc(1_048_576, 7))));
  const answer = await api.a.as.editor.fetch(`/objects/${object.id}`);
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'private, no-cache']);
  const reader = answer.body!.getReader();
  let received = (await reader.read()).value!.length;
  const hold = await place({ titleId });
  const read = (async () => {
    for (;;) {
      // A slow client: what is on the wire reaches it a moment later.
      await new Promise((later) => setTimeout(later, 20));
      const { done, value } = await reader.read();
      if (done) return 'whole';
      received += value.length;
    }
  })();
  await expect(read).rejects.toThrow();
  expect(received).toBeLessThan(bytes);
  const again = await api.a.as.editor.fetch(`/objects/${object.id}`, { headers: { 'if-none-match': answer.headers.get('etag')! } });
  expect(again.status).toBe(403);
  await lift(hold.id);
  expect((await api.a.as.editor.fetch(`/objects/${object.id}`, { headers: { 'if-none-match': answer.headers.get('etag')! } })).status).toBe(304);
});

describe('work of an agent under a hold is cancelled at its next heartbeat, and can be started again', () => {
  let training: Training;
  let generation: Generation;
  let agent: Agent;
  let titleId: string;
  let versionId: string;
  beforeEach(async () => {
    const keysFolder = join(api.world.folder, 'keys');
    training = new Training({ ...api.world, rights, keysFolder, basesFolders: [join(api.world.folder, 'models')] });
    generation = new Generation({ ...api.world, rights, training, keysFolder });
    agent = { studioId: scope.studioId, agentId: newId() };
    ({ versionId, titleId } = await frozenVersion({ rights, vault: api.world.vault, scope }, (work) => api.world.database.inStudio(scope, work)));
  });
  const start = async (): ReturnType<Training['startRun']> => training.startRun(scope, { name: 'style', datasetVersionId: versionId, baseModelId: (await training.bases(scope))[0]!.id, steps: 4 }, 'Member');
  const sendAdapter = async ({ id, epoch, document }: NonNullable<Awaited<ReturnType<Training['lease']>>>): Promise<string> => {
    const objectId = derivedId(id, 'adapter');
    await training.receive(agent, id, { epoch, objectId, bytes: sealedBy(document.keys.run, objectId, Buffer.from(`weights of epoch ${epoch}`)) });
    return objectId;
  };
  const complete = (lease: { id: string; epoch: number }, objectId: string): Promise<void> => training.complete(agent, lease.id, { epoch: lease.epoch, result: { objectId, tensorSha256: 'a'.repeat(64) } });
  const adapters = async (): Promise<number> => (await sql(`select from sealed_object where kind = 'adapter' and destroyed_at is null`)).length;

  test('a training run', async () => {
    const { id } = await start();
    const first = (await training.lease(agent, 'one'))!;
    expect(await training.heartbeat(agent, id, first.epoch)).toEqual({ action: 'continue' });
    const hold = await place({ titleId });
    expect(await training.heartbeat(agent, id, first.epoch)).toEqual({ action: 'cancel' });
    await training.events(agent, id, { epoch: first.epoch, events: [{ type: 'cancelled' }] });
    expect(await training.run(scope, id)).toMatchObject({ state: 'cancelled', reason: { code: 'HELD', message: 'A hold is on the title: A court order.' } });
    expect(await code(training.retryRun(scope, id, 'Member'))).toBe('LICENCE_REFUSED');
    await lift(hold.id);
    expect(await training.retryRun(scope, id, 'Member')).toMatchObject({ state: 'queued', reason: null });
    const second = (await training.lease(agent, 'two'))!;
    expect([second.id, second.epoch]).toEqual([id, first.epoch + 1]);
    await complete(second, await sendAdapter(second));
    expect((await training.run(scope, id)).state).toBe('completed');
    expect(await code(training.retryRun(scope, id, 'Member'))).toBe('NOT_ENDED');
  });

  test('a run that is held between its last byte and its end makes no model, and its adapter goes', async () => {
    const { id } = await start();
    const first = (await training.lease(agent, 'one'))!;
    const objectId = await sendAdapter(first);
    const hold = await place({ titleId });
    await complete(first, objectId);
    expect(await training.run(scope, id)).toMatchObject({ state: 'cancelled', reason: { code: 'HELD' } });
    expect([(await training.modelsOfRuns(scope, [id])).size, await adapters()]).toEqual([0, 0]);
    await lift(hold.id);
    await training.retryRun(scope, id, 'Member');
    const second = (await training.lease(agent, 'two'))!;
    await complete(second, await sendAdapter(second));
    expect([(await training.modelsOfRuns(scope, [id])).size, await adapters()]).toEqual([1, 1]);
  });

  test('a queued run under a hold is not leased, and no key leaves', async () => {
    const { id } = await start();
    const hold = await place({ studio: true });
    const before = (await sql(`select from key_release`)).length;
    expect(await training.lease(agent, 'one')).toBeUndefined();
    expect(await training.run(scope, id)).toMatchObject({ state: 'failed', reason: { message: expect.stringMatching(/hold/) } });
    expect((await sql(`select from key_release`)).length).toBe(before);
    await lift(hold.id);
    await training.retryRun(scope, id, 'Member');
    expect((await training.lease(agent, 'one'))?.id).toBe(id);
  });

  test('a generation', async () => {
    await start();
    const trained = (await training.lease(agent, 'one'))!;
    await complete(trained, await sendAdapter(trained));
    const model = (await training.modelsOfRuns(scope, [trained.id])).get(trained.id)!;
    const { id } = await generation.generate(scope, { modelId: model.id, prompt: 'A square moves.', seed: 7 }, 'Member');
    const lease = async (): Promise<{ epoch: number; document: { output: { objectId: string; key: string } } }> => (await generation.lease(agent, { instance: newId(), capabilities: ['generate'], waitSeconds: 0 })) as never;
    const first = await lease();
    const hold = await place({ titleId });
    expect(await generation.heartbeat(agent, id, first.epoch)).toEqual({ action: 'cancel' });
    await generation.fail(agent, id, { epoch: first.epoch, error: { code: 'CANCELLED', message: 'The request was cancelled.', wayOut: 'Ask again.' } });
    expect(await generation.generation(scope, id)).toMatchObject({ state: 'cancelled', reason: { code: 'HELD' } });
    expect((await sql(`select from sealed_object where kind = 'output'`)).length).toBe(0);
    await lift(hold.id);
    await generation.retryGeneration(scope, id, 'Member');
    const second = await lease();
    const { objectId, key } = second.document.output;
    await generation.receive(agent, id, { epoch: second.epoch, objectId, bytes: sealedBy(key, objectId, Buffer.from('clip')) });
    await generation.complete(agent, id, { epoch: second.epoch, result: { frames: 9, width: 64, height: 64, fps: 16 } });
    expect((await generation.generation(scope, id)).state).toBe('completed');
    // The same generation all along: one use.
    expect(await sql(`select use_id from licence_use where action = 'generate'`)).toEqual([{ use_id: id }]);
  });

  test("another studio's hold stops nothing here", async () => {
    const { id } = await start();
    const { epoch } = (await training.lease(agent, 'one'))!;
    await rights.holds.place(await api.world.studio('Other'), { studio: true, why: 'Stop' });
    expect(await training.heartbeat(agent, id, epoch)).toEqual({ action: 'continue' });
  });
});

test('a decision that was asked while a hold came in does not release a key afterwards', async () => {
  const { titleId } = await title();
  const object = await api.world.vault.seal(scope, { kind: 'keyframe', scopeId: titleId, contentType: 'image/jpeg' }, Readable.from([Buffer.from('a still')]));
  const decisions: Decision[] = [];
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      if (n === 10) return void (await place({ titleId }));
      const decision = await rights.decide(scope, about(titleId));
      decisions.push(decision);
    }),
  );
  expect(outcomes).toHaveLength(20);
  for (const { id } of decisions) expect(await code(api.world.vault.release(scope, id, object.id))).toBe('KEY_REFUSED');
  expect(await sql(`select from key_release where object_id = $1`, [object.id])).toEqual([]);
});
