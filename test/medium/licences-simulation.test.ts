import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type JobContext, newId, rows, type Scope } from '#libs/platform';
import { type Licence, Rights, type LicenceSimulation } from '#libs/rights';
import { policyOf, sign } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

type Member = Scope & { memberId: string };
type Policy = Record<string, unknown>;

let world: World;
let rights: Rights;
let a: Member;
let b: Member;
beforeAll(async () => {
  world = await makeWorld();
  rights = new Rights(world);
  b = await world.studio('B');
}, 60_000);
afterAll(() => world.close());

const policy = (actions: string[], uid = `urn:uuid:${newId()}`, constraint: object[] = []): Policy => {
  const made = policyOf(actions, uid) as { permission: object[] } & Policy;
  return { ...made, assignee: `urn:uuid:${a.studioId}`, permission: [{ ...made.permission[0], constraint }] };
};
const signed = async (of: Policy): Promise<Licence> => {
  const { id } = await rights.licences.draft(a, { name: 'A licence', licensor: 'L', source: { policy: of } });
  await sign(rights, a, id);
  return rights.licences.find(a, id);
};
const titlesUnder = async (count: number, ...licences: Licence[]): Promise<string[]> => {
  const ids = Array.from({ length: count }, () => newId());
  for (const id of ids) await rights.licences.attach(a, id, licences.map((licence) => licence.id));
  return ids;
};
const ask = (action: string, titleIds: string[], actor = 'test') => rights.decide(a, { action, scopeKind: titleIds.length === 1 ? 'title' : 'catalogue', scopeId: titleIds.length === 1 ? titleIds[0]! : a.studioId, titleIds, use: null, actor });
/** Runs the job as the worker does; `stopAt` aborts it when it has told this much. */
async function run(simulation: LicenceSimulation, { stopAt = Infinity } = {}): Promise<LicenceSimulation> {
  const stop = new AbortController();
  const context: JobContext = { jobId: newId(), scope: { studioId: a.studioId }, subjectId: simulation.id, payload: {}, attempt: 1, signal: stop.signal, progress: (fraction) => void (fraction >= stopAt && stop.abort(new Error('stopped'))) };
  await rights.simulations.simulate.run(context);
  return rights.simulations.find(a, simulation.id);
}
const amend = (licence: Licence, of: Policy, loosens: string[] = []) => rights.licences.amend(a, licence.id, { source: { policy: of }, loosens, why: 'To see.' });
const all = { first: 100 };
const yesterday = (): Date => new Date(Date.now() - 86_400_000);

beforeAll(async () => {
  a = await world.studio('A');
});

describe('against the catalogue', () => {
  test('says per title and action what is allowed now and would be', async () => {
    const licence = await signed(policy(['ingest', 'curate']));
    const [first, second] = (await titlesUnder(2, licence)) as [string, string];
    await titlesUnder(1, await signed(policy(['curate'])));
    const draft = await amend(licence, policy(['ingest', 'fineTune'], licence.uid), ['#p1']);
    const done = await run(await rights.simulations.start(a, { licenceId: licence.id, version: draft.version, against: 'catalogue' }));
    expect(done).toMatchObject({ total: 2, asked: 2, opened: 2, closed: 2, sha256: draft.sha256, finishedAt: expect.anything() });
    const flips = (await rights.simulations.flips(a, done.id, all)).items;
    expect(flips.map(({ titleId, action, permitted }) => `${titleId} ${action} ${permitted}`).sort()).toEqual([first, second].flatMap((id) => [`${id} curate false`, `${id} fineTune true`]).sort());
    for (const flip of flips) expect([flip.before, flip.after].map((sentence) => sentence.startsWith('Refused'))).toEqual(flip.permitted ? [true, false] : [false, true]);
    expect((await rights.simulations.titles(a, done.id, all)).items.map(({ titleId, opened, closed }) => [titleId, opened, closed])).toEqual([[first, 1, 1], [second, 1, 1]].sort());
    expect((await rights.licences.find(a, licence.id)).version).toBe(1);
  });

  test('a title that another licence refuses stays refused', async () => {
    const licence = await signed(policy(['ingest']));
    await titlesUnder(1, licence, await signed(policy(['ingest'])));
    const draft = await amend(licence, policy(['ingest', 'export'], licence.uid), ['#p1']);
    expect(await run(await rights.simulations.start(a, { licenceId: licence.id, version: draft.version, against: 'catalogue' }))).toMatchObject({ asked: 1, opened: 0, closed: 0 });
  });

  test('a new licence: its own titles, or all while it has none', async () => {
    const studio = a;
    a = await world.studio('New');
    const titles = await titlesUnder(3, await signed(policy(['ingest', 'curate', 'export'])));
    const { id } = await rights.licences.draft(a, { name: 'New', licensor: 'L', source: { policy: policy(['ingest', 'curate']) } });
    const done = await run(await rights.simulations.start(a, { licenceId: id, version: 1, against: 'catalogue' }));
    expect(done).toMatchObject({ total: 3, asked: 3, opened: 0, closed: 3 });
    expect(new Set((await rights.simulations.flips(a, done.id, all)).items.map(({ action }) => action))).toEqual(new Set(['export']));
    const [own] = await titlesUnder(1, await rights.licences.find(a, id));
    const narrow = await run(await rights.simulations.start(a, { licenceId: id, version: 1, against: 'catalogue' }));
    expect(narrow).toMatchObject({ total: 1, asked: 1, opened: 2, closed: 0 });
    expect(new Set((await rights.simulations.flips(a, narrow.id, all)).items.map(({ before }) => before))).toEqual(new Set(['Refused: the licence “New” is a draft that is not signed.']));
    expect((await rights.simulations.titles(a, narrow.id, all)).items.map(({ titleId }) => titleId)).toEqual([own]);
    expect(titles).not.toContain(own);
    a = studio;
  });
});

describe('against recorded decisions', () => {
  test('says which would be others, of which job and for which titles, in sentences', async () => {
    const licence = await signed(policy(['ingest', 'curate']));
    const other = await signed(policy(['ingest', 'curate', 'export']));
    const [own] = (await titlesUnder(1, licence)) as [string];
    const [foreign] = (await titlesUnder(1, other)) as [string];
    const from = new Date();
    await ask('curate', [own], 'worker: analyse');
    await ask('curate', [own, foreign], 'an editor');
    await ask('curate', [foreign], 'worker: analyse');
    await ask('export', [own, foreign], 'an editor');
    await ask('export', [own], 'an editor');
    const draft = await amend(licence, policy(['ingest', 'export'], licence.uid), ['#p1']);
    const done = await run(await rights.simulations.start(a, { licenceId: licence.id, version: draft.version, against: 'decisions', from }));
    expect(done).toMatchObject({ total: 5, asked: 5, opened: 2, closed: 2, notComparable: 0 });
    expect((await rights.simulations.titles(a, done.id, all)).items).toEqual([{ titleId: own, opened: 2, closed: 2 }]);
    const jobs = (await rights.simulations.jobs(a, done.id, all)).items.map(({ scopeId, actor, opened, closed }) => `${scopeId} ${actor}: +${opened} -${closed}`);
    expect(jobs.sort()).toEqual([`${own} worker: analyse: +0 -1`, `${a.studioId} an editor: +1 -1`, `${own} an editor: +1 -0`].sort());
    const [flip] = (await rights.simulations.flips(a, done.id, all)).items;
    expect(flip).toMatchObject({ number: 1, action: 'curate', permitted: false, titleId: own, before: expect.stringMatching(/^(?!Refused)/), after: expect.stringMatching(/^Refused/) });
  });

  test('a decision is asked again as the world was then, not as it is now', async () => {
    const licence = await signed(policy(['curate'], undefined, [{ leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': '2099-01-01T00:00:00Z', '@type': 'xsd:dateTime' } }]));
    const titles = await titlesUnder(1, licence);
    const from = new Date();
    await ask('curate', titles);
    const other = await amend(licence, policy(['curate', 'export'], licence.uid, [{ leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': new Date(Date.now() + 60_000).toISOString(), '@type': 'xsd:dateTime' } }]), ['#p1']);
    await rights.licences.suspend(a, licence.id, 'Now, not then.');
    const done = await run(await rights.simulations.start(a, { licenceId: licence.id, version: other.version, against: 'decisions', from }));
    expect(done).toMatchObject({ asked: 1, opened: 0, closed: 0 });
  });

  test('a cap over uses that were not counted then is not compared', async () => {
    const licence = await signed(policy(['curate']));
    const titles = await titlesUnder(1, licence);
    const from = new Date();
    await ask('curate', titles);
    const draft = await amend(licence, policy(['curate'], licence.uid, [{ leftOperand: 'count', operator: 'lteq', rightOperand: { '@value': '5', '@type': 'xsd:integer' } }]));
    expect(await run(await rights.simulations.start(a, { licenceId: licence.id, version: draft.version, against: 'decisions', from }))).toMatchObject({ asked: 1, closed: 0, notComparable: 1 });
  });

  test('thousands a second, in pages; a run that was stopped goes on where it was and counts nothing twice', async () => {
    const studio = a;
    a = await world.studio('Many');
    const licence = await signed(policy(['ingest', 'curate', 'fineTune'], undefined, [{ leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': '2099-01-01T00:00:00Z', '@type': 'xsd:dateTime' } }]));
    const titles = await titlesUnder(20, licence, await signed(policy(['ingest', 'curate', 'fineTune', 'export'])));
    for (const title of titles) await ask('curate', [title]);
    const copies = 500;
    await world.database.inStudio(a, async () => {
      await rows(`create temporary table copied on commit drop as select gen_random_uuid() as id, d.id as original from decision d, generate_series(1, $1) where d.studio_id = $2`, [copies, a.studioId]);
      // The ids of copies keep the time in front, so that they are in the period.
      await rows(`update copied set id = overlay(id::text placing substr(original::text, 1, 14) from 1 for 14)::uuid`);
      await rows(
        `insert into decision (id, studio_id, member_id, actor, action, scope_kind, scope_id, outcome, policies, request, request_sha256, state, state_sha256, trace, reason, sentence, created_at, valid_until, licences)
         select c.id, studio_id, member_id, actor, action, scope_kind, scope_id, outcome, policies, request, request_sha256, state, state_sha256, trace, reason, sentence, created_at, valid_until, licences from copied c join decision d on d.id = c.original`,
      );
    });
    const total = titles.length * (copies + 1);
    const same = await rights.simulations.start(a, { licenceId: licence.id, version: 1, against: 'decisions', from: yesterday() });
    const began = performance.now();
    expect(await run(same)).toMatchObject({ total, asked: total, opened: 0, closed: 0 });
    const unchanged = total / ((performance.now() - began) / 1000);
    const draft = await amend(licence, policy(['ingest', 'fineTune'], licence.uid), ['#p1']);
    const simulation = await rights.simulations.start(a, { licenceId: licence.id, version: draft.version, against: 'decisions', from: yesterday() });
    await expect(run(simulation, { stopAt: 0.4 })).rejects.toThrow('stopped');
    const stopped = await rights.simulations.find(a, simulation.id);
    expect(stopped.asked).toBeGreaterThan(0);
    expect(stopped.asked).toBeLessThan(total);
    expect(stopped.finishedAt).toBeNull();
    const again = performance.now();
    const done = await run(simulation);
    const flipping = (total - stopped.asked) / ((performance.now() - again) / 1000);
    expect(done).toMatchObject({ total, asked: total, opened: 0, closed: total });
    expect((await rights.simulations.titles(a, done.id, all)).items.map(({ closed }) => closed)).toEqual(titles.map(() => copies + 1));
    expect(await run(done)).toMatchObject({ asked: total, closed: total });
    process.stdout.write(`recorded decisions asked again: ${Math.round(unchanged)}/s where nothing changes, ${Math.round(flipping)}/s where every answer does\n`);
    expect(Math.min(unchanged, flipping)).toBeGreaterThan(1_000);
    a = studio;
  }, 120_000);

  test('a period that ends before it begins, or has no beginning, is refused', async () => {
    const licence = await signed(policy(['curate']));
    for (const period of [{}, { from: new Date(), until: yesterday() }]) await expect(rights.simulations.start(a, { licenceId: licence.id, version: 1, against: 'decisions', ...period })).rejects.toMatchObject({ code: 'BAD_PERIOD' });
  });
});

test('a cancelled one stays unfinished; another studio sees and starts none', async () => {
  const licence = await signed(policy(['curate']));
  const simulation = await rights.simulations.start(a, { licenceId: licence.id, version: 1, against: 'catalogue' });
  await rights.simulations.cancel(a, simulation.id);
  expect(await world.database.inStudio(a, () => rows(`select state from job where subject_id = $1`, [simulation.id]))).toEqual([{ state: 'cancelled' }]);
  for (const attempt of [() => rights.simulations.find(b, simulation.id), () => rights.simulations.cancel(b, simulation.id), () => rights.simulations.start(b, { licenceId: licence.id, version: 1, against: 'catalogue' })]) {
    await expect(attempt()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  }
  expect((await rights.simulations.page(b, licence.id, all)).items).toEqual([]);
  expect((await rights.simulations.flips(b, simulation.id, all)).items).toEqual([]);
  expect((await rights.simulations.titles(b, simulation.id, all)).items).toEqual([]);
  expect((await rights.simulations.jobs(b, simulation.id, all)).items).toEqual([]);
});
