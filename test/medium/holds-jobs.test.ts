import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Catalogue } from '#libs/catalogue';
import { Curation, type Media } from '#libs/curation';
import { jobsOf, relayEvents, rows, startJobs } from '#libs/platform';
import { type HoldInput, Rights } from '#libs/rights';
import { licence, plainMedia, probed, upload } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

jest.setTimeout(120_000);

let world: World;
let rights: Rights;
let scope: { studioId: string; memberId: string };
beforeAll(async () => {
  world = await makeWorld();
  Object.assign(process.env, { BACKLOT_DATA: world.folder, BACKLOT_JOBS_DATABASE_URL: world.jobsUrl, BACKLOT_INSTANCE: 'holds' });
  rights = new Rights(world);
});
afterAll(() => world.close());
beforeEach(async () => {
  scope = await world.studio('Held');
});

const sql = <T extends object>(text: string, parameters: unknown[] = []): Promise<T[]> => world.database.inStudio(scope, () => rows<T>(text, parameters));
const place = (input: Omit<HoldInput, 'why'>): ReturnType<Rights['holds']['place']> => rights.holds.place(scope, { ...input, why: 'A court order.' });
const lift = (id: string): ReturnType<Rights['holds']['lift']> => rights.holds.lift(scope, id, 'The court has withdrawn it');

describe('a job under way on what is held stops with its next heartbeat, leaves nothing half-written, and can be started again', () => {
  let catalogue: Catalogue;
  let curation: Curation;
  let jobs: Awaited<ReturnType<typeof startJobs>>;
  /** The step that takes as long as it does with a long film, and the gate before it. */
  let slow: 'probe' | 'analyse' | 'cutClip';
  let gate: { reached: Promise<void>; wait(signal: AbortSignal | undefined): Promise<void>; open(): void };

  beforeEach(async () => {
    gate = makeGate();
    const wait = async (step: typeof slow, signal: AbortSignal | undefined): Promise<void> => (step === slow ? gate.wait(signal) : undefined);
    catalogue = new Catalogue({ ...world, rights, landing: join(world.folder, 'landing'), probe: async (_address, { signal }) => (await wait('probe', signal), probed) });
    const media: Media = {
      ...plainMedia,
      analyse: async (address, options) => (await wait('analyse', options.signal), plainMedia.analyse(address, options)),
      cutClip: async (address, spec) => (await wait('cutClip', spec.signal), plainMedia.cutClip(address, spec)),
    };
    curation = new Curation({ ...world, rights, media, models: async () => undefined, bucket: async () => ({ width: 96, height: 64, frames: 17, fps: 16 }) });
    jobs = await startJobs(world.database, { ingest: catalogue.ingest, analyse: curation.analyse, freeze: curation.freeze });
  });
  afterEach(() => jobs.stop());

  async function settled(subjectId: string, states: string[]): Promise<{ state: string; reason: { code: string; message: string } | null }> {
    for (;;) {
      await relayEvents(world.database, { curation: curation.reactions });
      const job = (await world.database.inStudio(scope, () => jobsOf([subjectId]))).get(subjectId);
      if (job && states.includes(job.state)) return job;
      await new Promise((later) => setTimeout(later, 25));
    }
  }
  const stored = (kind: string): number => {
    const folder = join(world.folder, 'vault', scope.studioId, kind);
    return existsSync(folder) ? readdirSync(folder).length : 0;
  };
  async function uploaded(): Promise<{ titleId: string; masterId: string }> {
    const { id } = await catalogue.createTitle(scope, { name: 'Film', licenceIds: [await licence(rights, scope)] });
    await upload(catalogue, scope, id, randomBytes(3000));
    return { titleId: id, masterId: (await catalogue.mastersOf(scope, [id])).get(id)!.id };
  }
  async function analysed(): Promise<string> {
    const { titleId, masterId } = await uploaded();
    for (;;) {
      await settled(masterId, ['succeeded']);
      const found = await catalogue.title(scope, titleId);
      if (found.state === 'ready') break;
    }
    return titleId;
  }

  test('checking and sealing an upload', async () => {
    slow = 'probe';
    const { titleId, masterId } = await uploaded();
    await gate.reached;
    const hold = await place({ titleId });
    expect(await settled(masterId, ['cancelled', 'failed'])).toMatchObject({ state: 'cancelled', reason: { code: 'HELD', message: 'A hold is on the title: A court order.' } });
    expect(await catalogue.title(scope, titleId)).toMatchObject({ state: 'withheld', reason: { code: 'HELD' } });
    expect([stored('master'), (await catalogue.mastersOf(scope, [titleId])).get(titleId)!.state]).toEqual([0, 'landed']);
    await lift(hold.id);
    gate.open();
    await catalogue.retry(scope, titleId);
    await settled(masterId, ['succeeded']);
    expect((await catalogue.mastersOf(scope, [titleId])).get(titleId)!.state).toBe('sealed');
  });

  test('analysing a film', async () => {
    slow = 'analyse';
    const { titleId, masterId } = await uploaded();
    for (let there = false; !there; ) {
      await relayEvents(world.database, { curation: curation.reactions });
      there = await Promise.race([gate.reached.then(() => true), new Promise<false>((later) => setTimeout(later, 25, false))]);
    }
    const hold = await place({ titleId });
    expect(await settled(masterId, ['cancelled', 'failed'])).toMatchObject({ state: 'cancelled', reason: { code: 'HELD' } });
    expect(await catalogue.title(scope, titleId)).toMatchObject({ state: 'withheld', reason: { code: 'HELD' } });
    expect([stored('proxy'), stored('keyframe'), stored('filmstrip'), (await sql(`select from shot where title_id = $1`, [titleId])).length]).toEqual([0, 0, 0, 0]);
    await lift(hold.id);
    gate.open();
    await catalogue.retry(scope, titleId);
    await settled(masterId, ['succeeded']);
    expect(await catalogue.title(scope, titleId)).toMatchObject({ state: 'ready', reason: null });
  });

  test('building a dataset; one that is built during the hold leaves the held film out and says why', async () => {
    slow = 'cutClip';
    const [held, free] = [await analysed(), await analysed()];
    const build = async (): Promise<string> => (await curation.buildDataset(scope, { name: 'set', titleIds: [held, free] })).id;
    const first = await build();
    await gate.reached;
    const hold = await place({ titleId: held });
    expect(await settled(first, ['cancelled', 'failed'])).toMatchObject({ state: 'cancelled', reason: { code: 'HELD' } });
    expect(await curation.datasetVersion(scope, first)).toMatchObject({ state: 'cancelled', reason: { code: 'HELD' } });
    expect([(await sql(`select from dataset_clip where version_id = $1`, [first])).length, stored('dataset')]).toEqual([0, 0]);
    gate.open();
    const without = await build();
    await settled(without, ['succeeded']);
    const titlesOf = async (versionId: string): Promise<string[]> => (await sql<{ title_id: string }>(`select distinct title_id from dataset_clip where version_id = $1`, [versionId])).map((clip) => clip.title_id);
    expect(await titlesOf(without)).toEqual([free]);
    expect(await sql(`select distinct code from dataset_drop where version_id = $1 and title_id = $2`, [without, held])).toEqual([{ code: 'LICENCE_REFUSED' }]);
    await lift(hold.id);
    const again = await build();
    await settled(again, ['succeeded']);
    expect((await titlesOf(again)).sort()).toEqual([held, free].sort());
  });
});

function makeGate(): { reached: Promise<void>; wait(signal: AbortSignal | undefined): Promise<void>; open(): void } {
  let reach: () => void = () => undefined;
  let open: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return {
    reached,
    open,
    async wait(signal) {
      reach();
      await Promise.race([opened, new Promise((_, fail) => signal?.addEventListener('abort', () => fail(signal.reason as Error), { once: true }))]);
    },
  };
}
