import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Catalogue } from '#libs/catalogue';
import { Curation, type DatasetInput, type Drop, type Duplicate } from '#libs/curation';
import { type Analysis, type AnalyseOptions, mirroredHash } from '#libs/media';
import { type JobContext, newId, relayEvents, row, rows, type Scope } from '#libs/platform';
import { Rights } from '#libs/rights';
import { licence, plainMedia, probed, upload } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

jest.setTimeout(120_000);

/** One film's takes: a hash for each of the seven shots that plainMedia tells. */
type Takes = (string | undefined)[];
const take = (): string => randomBytes(8).toString('hex');
const film = (): Takes => Array.from({ length: 7 }, take);
/** The hash with so many bits turned, from the lowest on. */
const turned = (hash: string | undefined, bits: number): string => (BigInt(`0x${hash!}`) ^ ((1n << BigInt(bits)) - 1n)).toString(16).padStart(16, '0');

class Studio {
  readonly rights: Rights;
  readonly catalogue: Catalogue;
  private takes: Takes = [];
  private size = { width: 848, height: 480 };
  readonly curation: Curation;

  constructor(
    readonly world: World,
    readonly scope: Scope & { memberId: string },
  ) {
    this.rights = new Rights(world);
    this.catalogue = new Catalogue({ ...world, rights: this.rights, probe: async () => probed, landing: join(world.folder, 'landing') });
    const analyse = async (address: string, options: AnalyseOptions): Promise<Analysis> => {
      const told = await plainMedia.analyse(address, options);
      return { ...told, ...this.size, shots: told.shots.map((shot, index) => ({ ...shot, measures: { ...shot.measures, blur: 0, blackFraction: 0 }, keyframes: shot.keyframes.map((keyframe) => ({ ...keyframe, ...(this.takes[index] ? { hash: this.takes[index] } : {}) })) })) };
    };
    this.curation = new Curation({ ...world, rights: this.rights, media: { ...plainMedia, analyse }, models: async () => undefined, bucket: async () => ({ width: 96, height: 64, frames: 17, fps: 16 }) });
  }

  context(subjectId: string): JobContext {
    return { jobId: newId(), scope: { studioId: this.scope.studioId }, subjectId, payload: {}, attempt: 1, signal: new AbortController().signal, progress: () => undefined };
  }

  /** A title whose shots have these hashes; its shot ids in order. */
  async analysed(takes: Takes, size = { width: 848, height: 480 }, place = true, bytes = randomBytes(3000)): Promise<{ titleId: string; shots: string[] }> {
    Object.assign(this, { takes, size });
    const { id: titleId } = await this.catalogue.createTitle(this.scope, { name: `Film ${take()}`, licenceIds: [await licence(this.rights, this.scope)] });
    await upload(this.catalogue, this.scope, titleId, bytes);
    const master = (await this.catalogue.mastersOf(this.scope, [titleId])).get(titleId)!;
    await this.catalogue.ingest.run(this.context(master.id));
    await relayEvents(this.world.database, { curation: this.curation.reactions });
    await this.curation.analyse.run(this.context(master.id));
    if (place) await this.curation.findDuplicates.run(this.context(titleId));
    return { titleId, shots: (await this.curation.shots(this.scope, titleId, { first: 100 })).items.map(({ id }) => id) };
  }

  async near(shotId: string, mirror = false): Promise<Duplicate[]> {
    return (await this.curation.duplicates.of(this.scope, shotId, { first: 100 }, mirror)).items;
  }

  /** Every cluster with this shot in it, the representative first. */
  async clusters(): Promise<string[][]> {
    const { items } = await this.curation.duplicates.clusters(this.scope, { first: 100 });
    return Promise.all(items.map(async ({ id, size }) => {
      const members = (await this.curation.duplicates.members(this.scope, id, { first: 100 })).items.map(({ shotId }) => shotId);
      expect(members).toHaveLength(size - 1);
      return [id, ...members.sort()];
    }));
  }

  async frozen(input: Partial<DatasetInput>): Promise<{ hash: string | null; clipCount: number; drops: Drop[] }> {
    const { id } = await this.curation.buildDataset(this.scope, { name: 'set', titleIds: [], clipsPerShot: 1, ...input });
    await this.curation.freeze.run(this.context(id));
    const { hash, clipCount } = await this.curation.datasetVersion(this.scope, id);
    return { hash, clipCount, drops: (await this.curation.drops(this.scope, id, { first: 100 })).items };
  }

  remove(titleId: string): Promise<unknown> {
    return this.world.database.inStudio(this.scope, () => rows(`delete from shot where title_id = $1`, [titleId]));
  }
}

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.close());

const studio = async (): Promise<Studio> => new Studio(world, await world.studio());

describe('near-duplicates within and across titles and encodes', () => {
  test('two encodes: each shot finds its other, nearest first, and the one with more picture represents', async () => {
    const own = await studio();
    const takes = film();
    const small = await own.analysed(takes.map((hash, n) => (n === 6 ? undefined : turned(hash, n))), { width: 424, height: 240 });
    const large = await own.analysed(takes);
    expect(await own.near(small.shots[4]!)).toEqual([{ shotId: large.shots[4], titleId: large.titleId, most: 4, one: 4, cosine: null }]);
    // A flat shot has no hash, and is near nothing.
    expect(await own.near(small.shots[6]!)).toEqual([]);
    expect((await own.clusters()).sort()).toEqual([0, 1, 2, 3, 4, 5].map((n) => [large.shots[n]!, small.shots[n]!]).sort());
    expect(await own.curation.duplicates.countClusters(own.scope)).toBe(6);
  });

  test('within one title, at eight bits and not at nine; in a mirror only where that is asked', async () => {
    const own = await studio();
    const takes = film();
    const { shots } = await own.analysed([takes[0], turned(takes[0], 8), turned(takes[1], 9), takes[1], takes[2], mirroredHash(takes[2]!), takes[3]]);
    expect((await own.near(shots[0]!)).map(({ shotId, most }) => [shotId, most])).toEqual([[shots[1], 8]]);
    expect(await own.near(shots[2]!)).toEqual([]);
    expect(await own.near(shots[4]!)).toEqual([]);
    expect((await own.near(shots[4]!, true)).map(({ shotId, most }) => [shotId, most])).toEqual([[shots[5], 0]]);
    expect(await own.clusters()).toHaveLength(1);
  });

  test('the clusters are the same in whatever order titles came, and what is placed twice changes nothing', async () => {
    const takes = film();
    // A chain: each is near the next, the first is not near the third. The best represents; what is not near to it represents itself.
    const chain = [0, 6, 12, 18].map((bits) => turned(takes[0], bits));
    const widths = [400, 800, 500, 600];
    const told: string[] = [];
    for (const order of [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]]) {
      const own = await studio();
      const name = new Map<string, number>();
      for (const n of order) name.set((await own.analysed([chain[n], ...Array<undefined>(6).fill(undefined)], { width: widths[n]!, height: 400 })).shots[0]!, n);
      const clusters = (await own.clusters()).map(([leader, ...members]) => [name.get(leader!)!, ...members.map((id) => name.get(id)!).sort()]);
      told.push(JSON.stringify(clusters));
      await own.curation.findDuplicates.run(own.context(newId()));
      expect((await own.clusters()).map(([leader]) => name.get(leader!))).toEqual(clusters.map(([leader]) => leader));
    }
    expect(new Set(told)).toEqual(new Set(['[[1,0,2]]']));
  });

  test('when the representative is removed, the next best takes its place, and a cluster of one is none', async () => {
    const own = await studio();
    const takes = film();
    const [best, second, third] = [await own.analysed(takes, { width: 900, height: 500 }), await own.analysed(takes, { width: 800, height: 500 }), await own.analysed(takes, { width: 700, height: 500 })];
    expect((await own.clusters()).map(([leader]) => leader).sort()).toEqual([...best.shots].sort());
    await own.remove(best.titleId);
    expect(await own.clusters()).toEqual([]);
    await own.curation.duplicates.place(own.scope);
    expect((await own.clusters()).sort()).toEqual(second.shots.map((id, n) => [id, third.shots[n]!]).sort());
    await own.remove(third.titleId);
    expect(await own.clusters()).toEqual([]);
    expect(await own.near(second.shots[0]!)).toEqual([]);
  });

  test('the analysis puts the job in with what it found, once; two that place at once give one answer', async () => {
    const own = await studio();
    const takes = film();
    await own.analysed(takes, undefined, false);
    const { titleId } = await own.analysed(takes, undefined, false);
    const jobs = await world.database.inStudio(own.scope, () => rows<{ name: string }>(`select name from job where subject_id = $1 and name = 'duplicates'`, [titleId]));
    expect(jobs).toHaveLength(1);
    await Promise.all([own.curation.duplicates.place(own.scope), own.curation.duplicates.place(own.scope)]);
    expect(await own.clusters()).toHaveLength(7);
  });

  test('lists have pages', async () => {
    const own = await studio();
    const takes = film();
    const { shots } = await own.analysed(Array.from({ length: 7 }, (_, n) => turned(takes[0], Math.min(n, 6))));
    const pages: string[] = [];
    for (let after: string | null = null; ; ) {
      const page = await own.curation.duplicates.of(own.scope, shots[0]!, { first: 4, after });
      pages.push(...page.items.map(({ shotId }) => shotId));
      after = page.endCursor;
      if (!page.hasNextPage) break;
    }
    expect(pages).toEqual(shots.slice(1));
    await own.analysed(film());
    await own.analysed([take(), ...Array<string>(6).fill(take())]);
    const first = await own.curation.duplicates.clusters(own.scope, { first: 1 });
    const rest = await own.curation.duplicates.clusters(own.scope, { first: 1, after: first.endCursor });
    expect([first.hasNextPage, rest.hasNextPage, new Set([first.items[0]!.id, rest.items[0]!.id]).size]).toEqual([true, false, 2]);
    const members = await own.curation.duplicates.members(own.scope, first.items[0]!.id, { first: 2 });
    expect([members.items.length, members.hasNextPage]).toEqual([2, true]);
    await expect(own.curation.duplicates.of(own.scope, newId(), { first: 1 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('what if another studio asks?', () => {
  test('the same takes in two studios are no duplicates, and neither sees the other\'s shots, clusters or prints', async () => {
    const [a, b] = [await studio(), await studio()];
    const takes = film();
    const theirs = await a.analysed([takes[0], turned(takes[0], 2), ...takes.slice(2)]);
    const own = await b.analysed(takes);
    expect(await b.clusters()).toEqual([]);
    expect(await a.clusters()).toHaveLength(1);
    for (const id of own.shots) expect(await b.near(id)).toEqual([]);
    await expect(b.near(theirs.shots[0]!)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const [cluster] = (await a.curation.duplicates.clusters(a.scope, { first: 1 })).items;
    expect((await b.curation.duplicates.members(b.scope, cluster!.id, { first: 10 })).items).toEqual([]);
    expect([...(await b.curation.duplicates.among(b.scope, theirs.shots))]).toEqual([]);
    // Row security alone keeps them apart, whatever a query says.
    const seen = await world.database.inStudio(b.scope, async () => [await row(`select from print where studio_id = $1`, [a.scope.studioId]), await row(`select from print_hash where studio_id = $1`, [a.scope.studioId])]);
    expect(seen).toEqual([undefined, undefined]);
  });
});

describe('a dataset with one of each', () => {
  test('keeps the best shot of each take among its own, says which one and how near it is, and has the same hash anywhere', async () => {
    const takes = film();
    const [filmBytes, otherBytes] = [randomBytes(3000), randomBytes(3000)];
    const hashes: (string | null)[] = [];
    for (const order of ['small first', 'large first']) {
      const own = await studio();
      const make = { small: () => own.analysed(takes.map((hash, n) => turned(hash, n)), { width: 424, height: 240 }, true, filmBytes), large: () => own.analysed(takes, { width: 848, height: 480 }, true, otherBytes) };
      const [one, two] = order === 'small first' ? [await make.small(), await make.large()] : [await make.large(), await make.small()];
      const [small, large] = order === 'small first' ? [one, two] : [two, one];
      // A title that is not in the dataset keeps nothing out of it.
      await own.analysed(takes, { width: 1920, height: 1080 });
      const titleIds = [small.titleId, large.titleId];
      const { clipCount, drops, hash } = await own.frozen({ titleIds, oneOfDuplicates: true });
      // The last shot is too short in either.
      expect(clipCount).toBe(6);
      const near = drops.filter(({ code }) => code === 'NEAR_DUPLICATE');
      expect(near.map(({ shotId }) => shotId)).toEqual(small.shots.slice(0, 6));
      expect(near[2]!.message).toMatch(/^It shows the same take as frames 100 to 149 of "Film .*", which are kept: most of its pictures differ in at most 2 of 64 bits \(limit 8\)\./);
      hashes.push(hash);
      const all = await own.frozen({ titleIds });
      expect([all.clipCount, all.drops.filter(({ code }) => code === 'NEAR_DUPLICATE')]).toEqual([12, []]);
      expect(all.hash).not.toBe(hash);
    }
    expect(hashes[0]).toBe(hashes[1]);
  });
});
