import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { extract } from 'tar-stream';
import { Catalogue } from '#libs/catalogue';
import { Curation, type DatasetInput, type DatasetVersion, type Media } from '#libs/curation';
import { type JobContext, newId, Refusal, relayEvents, row, rows, type Scope } from '#libs/platform';
import { Rights } from '#libs/rights';
import { licence, plainMedia, probed, sha256, sign, upload } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

// Two cores may be shared with a whole product that is under test beside this.
jest.setTimeout(120_000);

const bucket = { width: 96, height: 64, frames: 17, fps: 16 };

class Studio {
  readonly rights: Rights;
  readonly catalogue: Catalogue;
  readonly curation: Curation;

  constructor(
    readonly world: World,
    readonly scope: Scope & { memberId: string },
  ) {
    this.rights = new Rights(world);
    this.catalogue = new Catalogue({ ...world, rights: this.rights, probe: async () => probed, landing: join(world.folder, 'landing') });
    this.curation = this.with({});
  }

  with(media: Partial<Media>): Curation {
    return new Curation({ ...this.world, rights: this.rights, media: { ...plainMedia, ...media }, models: async () => undefined, bucket: async () => bucket });
  }

  context(subjectId: string, signal = new AbortController().signal): JobContext {
    return { jobId: newId(), scope: { studioId: this.scope.studioId }, subjectId, payload: {}, attempt: 1, signal, progress: () => undefined };
  }

  /** A sealed master that waits for its analysis. */
  async sealed(bytes: Buffer = randomBytes(5000), actions?: string[]): Promise<{ titleId: string; masterId: string; bytes: Buffer }> {
    const { id } = await this.catalogue.createTitle(this.scope, { name: `Film ${sha256(bytes).slice(0, 6)}`, licenceIds: [await licence(this.rights, this.scope, actions)] });
    await upload(this.catalogue, this.scope, id, bytes);
    const master = (await this.catalogue.mastersOf(this.scope, [id])).get(id)!;
    await this.catalogue.ingest.run(this.context(master.id));
    await relayEvents(this.world.database, { curation: this.curation.reactions });
    return { titleId: id, masterId: master.id, bytes };
  }

  async analysed(bytes: Buffer = randomBytes(5000), actions?: string[]): Promise<string> {
    const { titleId, masterId } = await this.sealed(bytes, actions);
    await this.curation.analyse.run(this.context(masterId));
    return titleId;
  }

  async frozen(input: Partial<DatasetInput> = {}, curation = this.curation): Promise<DatasetVersion> {
    const { id } = await curation.buildDataset(this.scope, { name: 'set', titleIds: [], ...input });
    await curation.freeze.run(this.context(id));
    return curation.datasetVersion(this.scope, id);
  }

  count(sql: string, ...parameters: unknown[]): Promise<number> {
    return this.world.database.inStudio(this.scope, async () => Number((await row<{ count: string }>(`select count(*) ${sql}`, parameters))!.count));
  }

  /** Number of sealed files of a kind in the store. */
  stored(kind: string): number {
    const folder = join(this.world.folder, 'vault', this.scope.studioId, kind);
    return existsSync(folder) ? readdirSync(folder).length : 0;
  }
}

let world: World;
let a: Studio;
let b: Studio;
beforeAll(async () => {
  world = await makeWorld();
  a = new Studio(world, await world.studio('A'));
  b = new Studio(world, await world.studio('B'));
});
afterAll(() => world.close());

class Killed extends Error {}
/** Stands for kill -9 at the nth call of a part of libs/media. */
function killAt<K extends 'analyse' | 'cutClip' | 'captionFor' | 'sentenceOf'>(name: K, at: number): Partial<Media> {
  let calls = 0;
  const killing = (...given: unknown[]): unknown => {
    if (++calls === at) throw new Killed();
    return (plainMedia[name] as (...args: unknown[]) => unknown)(...given);
  };
  return { [name]: killing };
}

describe('one pass gives everything of a title, or nothing', () => {
  test('shots, captions, stills, filmstrip, proxy and poster are there, and the title is ready', async () => {
    const { titleId, masterId } = await a.sealed();
    await a.curation.analyse.run(a.context(masterId));
    const title = await a.catalogue.title(a.scope, titleId);
    const analysis = (await a.curation.analysesOf(a.scope, [titleId])).get(titleId)!;
    expect(title).toMatchObject({ state: 'ready', reason: null });
    expect(analysis).toMatchObject({ frames: 312, timeBase: '1/12800', filmstrip: { tileWidth: 160, frames: [0], sheets: [analysis.filmstripObjectId] } });
    const { items: shots } = await a.curation.shots(a.scope, titleId, { first: 100 });
    expect(shots.map(({ number, first, last, startPts, endPts }) => [number, first, last, startPts, endPts])).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => [n, n * 50, n < 6 ? n * 50 + 49 : 311, n * 25_600, n < 6 ? (n + 1) * 25_600 : 312 * 512]));
    expect(shots[1]).toMatchObject({ sentence: 'a fox outdoors', caption: { subject: { value: 'a fox', source: 'modelled' } }, keyframes: [{ frame: 55, width: 320, height: 180 }] });
    expect(shots.flatMap((shot) => shot.keyframes.map((keyframe) => keyframe.objectId))).toContain(title.posterObjectId);
    expect(await a.count(`from outbox where type = 'shots.detected' and payload->>'titleId' = $1`, titleId)).toBe(1);
    expect(await a.curation.playlist(a.scope, titleId, (id) => `/objects/${id}`)).toContain(`#EXT-X-MAP:URI="/objects/${analysis.proxyObjectId}",BYTERANGE="4@0"\n#EXTINF:4.000000,\n#EXT-X-BYTERANGE:30@4\n`);
    const page = await a.curation.shots(a.scope, titleId, { first: 3 });
    expect((await a.curation.shots(a.scope, titleId, { first: 3, after: page.endCursor })).items.map((shot) => shot.number)).toEqual([3, 4, 5]);
  });

  test.each([
    ['in the pass', killAt('analyse', 1)],
    ['between two captions', killAt('captionFor', 4)],
    ['while the pass seals', { analyse: async (address: string, options: Parameters<Media['analyse']>[1]) => plainMedia.analyse(address, options).then(() => Promise.reject(new Killed())) }],
  ])('killed %s and run again: one set, no leftovers, one decision', async (_name, media) => {
    const { titleId, masterId } = await a.sealed();
    const before = a.stored('keyframe');
    await expect(a.with(media).analyse.run(a.context(masterId))).rejects.toBeInstanceOf(Killed);
    expect(await a.count(`from shot where title_id = $1`, titleId)).toBe(0);
    // A process that was killed cleans nothing up: what it had sealed is still there.
    await world.vault.seal(a.scope, { kind: 'keyframe', scopeId: titleId, contentType: 'image/jpeg' }, Readable.from([Buffer.from('left')]));
    await a.curation.analyse.run(a.context(masterId));
    await a.curation.analyse.run(a.context(masterId));
    expect(await a.count(`from shot where title_id = $1`, titleId)).toBe(7);
    expect(await a.count(`from sealed_object where scope_id = $1 and kind in ('keyframe', 'proxy', 'filmstrip') and destroyed_at is null`, titleId)).toBe(9);
    expect(a.stored('keyframe')).toBe(before + 7);
    expect(await a.count(`from decision where scope_id = $1 and actor = 'worker: analyse'`, titleId)).toBe(2);
    expect(await a.count(`from outbox where type = 'shots.detected' and payload->>'titleId' = $1`, titleId)).toBe(1);
  });

  test('a licence that permits curation alone: shots are there, the title is withheld with the sentence', async () => {
    const titleId = await a.analysed(undefined, ['ingest', 'curate']);
    expect(await a.catalogue.title(a.scope, titleId)).toMatchObject({ state: 'withheld', reason: { code: 'LICENCE_REFUSED' } });
    expect((await a.curation.countShots(a.scope, [titleId])).get(titleId)).toBe(7);
    // Another licence takes the place of the one that refused: the title is asked about again.
    await world.database.inStudio(a.scope, () => rows(`update job set state = 'succeeded' where subject_id = (select id from master where title_id = $1)`, [titleId]));
    expect(await a.catalogue.retry(a.scope, titleId)).toMatchObject({ state: 'withheld' });
    await world.database.inStudio(a.scope, () => rows(`delete from licence_title where title_id = $1`, [titleId]));
    await a.rights.licences.attach(a.scope, titleId, [await licence(a.rights, a.scope)]);
    expect(await a.catalogue.retry(a.scope, titleId)).toMatchObject({ state: 'ready', reason: null });
  });

  test('a licence that does not permit curation: no key leaves and nothing is read', async () => {
    const { titleId, masterId } = await a.sealed(undefined, ['ingest']);
    const refusal = (await a.curation.analyse.run(a.context(masterId)).catch((error: Refusal) => error)) as Refusal;
    expect(refusal.code).toBe('LICENCE_REFUSED');
    await world.database.inStudio(a.scope, () => a.curation.analyse.failed!(a.context(masterId), refusal.reason));
    expect(await a.catalogue.title(a.scope, titleId)).toMatchObject({ state: 'withheld', reason: { message: refusal.message } });
    expect(await a.count(`from key_release join sealed_object o on o.id = object_id where o.scope_id = $1`, titleId)).toBe(0);
  });

  test('a film that does not decode is refused with its reason, and its sealed bytes go', async () => {
    const { titleId, masterId } = await a.sealed();
    const broken = a.with({ analyse: async () => Promise.reject(new Refusal('UNDECODABLE', 'It breaks off.', 'Export it again.')) });
    await expect(broken.analyse.run(a.context(masterId))).rejects.toMatchObject({ code: 'UNDECODABLE' });
    expect(await a.catalogue.title(a.scope, titleId)).toMatchObject({ state: 'refused', reason: { code: 'UNDECODABLE' } });
    expect(await a.count(`from sealed_object where scope_id = $1 and destroyed_at is null`, titleId)).toBe(0);
    await upload(a.catalogue, a.scope, titleId, randomBytes(100), 'again.mp4');
  });

  test('cancelled: nothing is kept, the title says so and can be started again', async () => {
    const { titleId, masterId } = await a.sealed();
    const cancel = new AbortController();
    const cancelling = a.with({ analyse: (address, options) => plainMedia.analyse(address, { ...options, onProgress: () => cancel.abort(new Refusal('CANCELLED', 'Cancelled.', 'Start it again.')) }) });
    await expect(cancelling.analyse.run(a.context(masterId, cancel.signal))).rejects.toMatchObject({ code: 'CANCELLED' });
    await world.database.inStudio(a.scope, async () => {
      await a.curation.analyse.failed!(a.context(masterId), (cancel.signal.reason as Refusal).reason);
      await rows(`update job set state = 'cancelled' where subject_id = $1 and name = 'analyse'`, [masterId]);
    });
    expect(await a.catalogue.title(a.scope, titleId)).toMatchObject({ state: 'refused', reason: { code: 'CANCELLED' } });
    expect(await a.count(`from sealed_object where scope_id = $1 and kind <> 'master' and destroyed_at is null`, titleId)).toBe(0);
    expect(await a.catalogue.retry(a.scope, titleId)).toMatchObject({ state: 'analysing', reason: null });
    await a.curation.analyse.run(a.context(masterId));
    expect(await a.catalogue.title(a.scope, titleId)).toMatchObject({ state: 'ready' });
  });

  test('a sealed master is analysed once, however often the event is relayed', async () => {
    const { masterId } = await a.sealed();
    await world.database.inStudio(a.scope, () => rows(`update outbox set published_at = null`));
    await relayEvents(world.database, { curation: a.curation.reactions });
    expect(await a.count(`from job where name = 'analyse' and subject_id = $1`, masterId)).toBe(1);
  });

  test('a job that waits is cancelled at once', async () => {
    const { titleId, masterId } = await a.sealed();
    const job = await world.database.inStudio(a.scope, () => row<{ id: string }>(`select id from job where subject_id = $1 and name = 'analyse'`, [masterId]));
    await expect(b.curation.cancelJob(b.scope, job!.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await a.curation.cancelJob(a.scope, job!.id)).toMatchObject({ state: 'cancelled', reason: { code: 'CANCELLED' } });
    expect(await a.catalogue.title(a.scope, titleId)).toMatchObject({ state: 'refused', reason: { code: 'CANCELLED' } });
    await expect(a.curation.cancelJob(a.scope, job!.id)).rejects.toMatchObject({ code: 'JOB_ENDED' });
    expect(await a.catalogue.retry(a.scope, titleId)).toMatchObject({ state: 'analysing' });
  });
});

describe('a caption that a member corrects', () => {
  test('keeps what stood there, rebuilds the sentence, and leaves a written sentence alone', async () => {
    const titleId = await a.analysed();
    const shot = (await a.curation.shots(a.scope, titleId, { first: 1 })).items[0]!;
    expect(await a.curation.correctShot(a.scope, shot.id, 'subject', '  an old\nwoman ')).toMatchObject({ sentence: 'an old woman outdoors', caption: { subject: { value: 'an old woman', source: 'written', by: 'Member' }, place: { source: 'modelled' } } });
    expect(await a.curation.correctShot(a.scope, shot.id, 'sentence', 'She waits.')).toMatchObject({ sentence: 'She waits.' });
    expect(await a.curation.correctShot(a.scope, shot.id, 'place', 'a harbour')).toMatchObject({ sentence: 'She waits.' });
    const corrections = (await a.curation.correctionsOf(a.scope, [shot.id])).get(shot.id)!;
    expect(corrections.map(({ field, before, memberName }) => [field, (before as { value: string }).value, memberName])).toEqual([['place', 'outdoors', 'Member'], ['sentence', 'an old woman outdoors', 'Member'], ['subject', 'a woman', 'Member']]);
    await expect(a.curation.correctShot(a.scope, shot.id, 'id', 'x')).rejects.toMatchObject({ code: 'UNKNOWN_FIELD' });
    await expect(a.curation.correctShot(a.scope, shot.id, 'subject', ' ')).rejects.toMatchObject({ code: 'BAD_CAPTION' });
    await expect(b.curation.correctShot(b.scope, shot.id, 'subject', 'mine')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a dataset version', () => {
  const film = randomBytes(4000);
  let studio: Studio;
  let titleId: string;
  let withheld: string;
  beforeAll(async () => {
    studio = new Studio(world, await world.studio('Datasets'));
    titleId = await studio.analysed(film);
    withheld = await studio.analysed(Buffer.from('another film'), ['ingest', 'curate']);
  });

  test('holds clips with their decision, and every shot that was left out with its reason', async () => {
    const version = await studio.frozen();
    expect(version).toMatchObject({ state: 'frozen', number: 1, bucket, droppedCount: 9, reason: null });
    const clips = (await studio.curation.clips(studio.scope, version.id, { first: 100 })).items;
    expect(clips).toHaveLength(version.clipCount);
    // 2 s shots hold one clip of 1.06 s each.
    expect(clips.map((clip) => [clip.titleId, clip.caption])).toEqual([0, 1, 2, 3, 4].map((n) => [titleId, n % 2 ? 'a fox outdoors' : 'a woman outdoors']));
    for (const [n, clip] of clips.entries()) expect([clip.first >= n * 50, clip.last <= n * 50 + 49, clip.last - clip.first]).toEqual([true, true, 25]);
    expect(new Set(clips.map((clip) => clip.split))).toEqual(new Set(['train', 'heldout']));
    const drops = (await studio.curation.drops(studio.scope, version.id, { first: 100 })).items;
    expect(drops.filter((drop) => drop.titleId === titleId).map((drop) => drop.code)).toEqual(['BLACK', 'TOO_SHORT']);
    const refused = drops.filter((drop) => drop.titleId === withheld);
    expect(refused.map((drop) => drop.code)).toEqual(Array(7).fill('LICENCE_REFUSED'));
    const [decision] = await studio.rights.decisionsById(studio.scope, [refused[0]!.decisionId!]);
    expect(decision).toMatchObject({ permitted: false, sentence: refused[0]!.message });
    const [permit] = await studio.rights.decisionsById(studio.scope, [clips[0]!.decisionId]);
    expect(permit).toMatchObject({ permitted: true, action: 'fineTune', scopeId: titleId });
    expect(await studio.curation.titleIdsOfVersion(studio.scope, version.id)).toEqual([titleId]);
    expect(await studio.count(`from audit_entry where type = 'dataset' and payload->>'hash' = $1`, version.hash)).toBe(1);
  });

  test('is a sealed WebDataset tar whose files say the same as the rows', async () => {
    const version = await studio.frozen({ name: 'tar', titleIds: [titleId], clipsPerShot: 1 });
    const permit = await studio.rights.requirePermit(studio.scope, { action: 'fineTune', scopeKind: 'dataset', scopeId: version.id, titleIds: [titleId], actor: 'test' });
    const tar = extract();
    const released = await world.vault.release(studio.scope, permit.id, version.objectId!);
    const chunks: Buffer[] = [];
    for await (const chunk of world.vault.open(released)) chunks.push(chunk);
    tar.end(Buffer.concat(chunks));
    const files = new Map<string, Buffer>();
    for await (const entry of tar) {
      const parts: Buffer[] = [];
      for await (const part of entry) parts.push(part as Buffer);
      files.set(entry.header.name, Buffer.concat(parts));
    }
    const clips = (await studio.curation.clips(studio.scope, version.id, { first: 100 })).items;
    expect([...files.keys()]).toEqual(clips.flatMap(({ number }) => ['mp4', 'txt', 'json'].map((kind) => `${String(number).padStart(8, '0')}.${kind}`)));
    for (const { number, sha256: digest, caption, split, first, last } of clips) {
      const name = String(number).padStart(8, '0');
      expect(sha256(files.get(`${name}.mp4`)!)).toBe(digest);
      expect(files.get(`${name}.txt`)!.toString()).toBe(caption);
      expect(JSON.parse(files.get(`${name}.json`)!.toString())).toMatchObject({ ...bucket, split, caption, first, last, master: sha256(film) });
    }
  });

  test('has the same hash for the same inputs, in the same studio and in a new database, and another for others', async () => {
    const one = await studio.frozen({ name: 'same', titleIds: [titleId] });
    const two = await studio.frozen({ name: 'same', titleIds: [titleId] });
    expect([two.hash, two.number]).toEqual([one.hash, one.number + 1]);
    const elsewhere = await makeWorld();
    try {
      const other = new Studio(elsewhere, await elsewhere.studio('Elsewhere'));
      await other.analysed(Buffer.from('a film that the query does not name'));
      const sameFilm = await other.analysed(film);
      expect((await other.frozen({ name: 'renamed', titleIds: [sameFilm] })).hash).toBe(one.hash);
      expect((await other.frozen({ titleIds: [sameFilm], clipsPerShot: 1, minSeconds: 1 })).hash).not.toBe(one.hash);
      const shot = (await other.curation.shots(other.scope, sameFilm, { first: 1 })).items[0]!;
      await other.curation.correctShot(other.scope, shot.id, 'subject', 'a dog');
      expect((await other.frozen({ titleIds: [sameFilm] })).hash).not.toBe(one.hash);
      const licensedOtherwise = await other.analysed(Buffer.concat([film]).reverse(), ['ingest', 'curate', 'fineTune', 'evaluate']);
      expect((await other.frozen({ titleIds: [licensedOtherwise] })).hash).not.toBe(one.hash);
    } finally {
      await elsewhere.close();
    }
  });

  test.each([
    ['between two clips', killAt('cutClip', 3), 0],
    ['at the first clip', killAt('cutClip', 1), 0],
  ])('killed %s and run again: the same hash, no clip or decision twice', async (_name, media) => {
    const whole = await studio.frozen({ name: 'whole', titleIds: [titleId, withheld] });
    const { id } = await studio.curation.buildDataset(studio.scope, { name: 'killed', titleIds: [titleId, withheld] });
    const before = studio.stored('dataset');
    await expect(studio.with(media).freeze.run(studio.context(id))).rejects.toBeInstanceOf(Killed);
    await studio.curation.freeze.run(studio.context(id));
    await studio.curation.freeze.run(studio.context(id));
    const version = await studio.curation.datasetVersion(studio.scope, id);
    expect(version).toMatchObject({ state: 'frozen', hash: whole.hash, clipCount: whole.clipCount, droppedCount: whole.droppedCount });
    expect(await studio.count(`from dataset_clip where version_id = $1`, id)).toBe(whole.clipCount);
    expect(await studio.count(`from decision where actor = $1`, `worker: dataset "killed" version ${version.number}`)).toBe(2);
    expect(studio.stored('dataset')).toBe(before + 1);
  });

  test('an amendment while it is frozen: the next key is released under the new version, and where that says no, nothing of the title is kept', async () => {
    const own = await studio.analysed();
    const [under] = (await studio.rights.licences.ofTitles(studio.scope, [own])).get(own)!;
    const amended = async (actions: string[], loosens: string[]): Promise<string> => {
      const permission = [{ ...(under!.policy.permission as object[])[0], action: actions.map((action) => `backlot:${action}`) }];
      const { sha256: hash } = await studio.rights.licences.amend(studio.scope, under!.id, { source: { policy: { ...under!.policy, permission } }, loosens, why: 'Agreed while work went on.' });
      await sign(studio.rights, studio.scope, under!.id);
      return hash;
    };
    const { id } = await studio.curation.buildDataset(studio.scope, { name: 'amended', titleIds: [own] });
    await expect(studio.with(killAt('cutClip', 1)).freeze.run(studio.context(id))).rejects.toBeInstanceOf(Killed);
    const hash = await amended(['ingest', 'curate', 'fineTune', 'export'], ['#p1']);
    await studio.curation.freeze.run(studio.context(id));
    const [clip] = (await studio.curation.clips(studio.scope, id, { first: 1 })).items;
    expect((await studio.rights.decision(studio.scope, clip!.decisionId)).policies).toEqual([expect.objectContaining({ sha256: hash })]);

    const { id: second } = await studio.curation.buildDataset(studio.scope, { name: 'ended', titleIds: [own] });
    await expect(studio.with(killAt('cutClip', 1)).freeze.run(studio.context(second))).rejects.toBeInstanceOf(Killed);
    await amended(['ingest', 'curate'], []);
    // What both passes counted has changed: the run begins again with the decision of now.
    await expect(studio.curation.freeze.run(studio.context(second))).rejects.toThrow();
    await expect(studio.curation.freeze.run(studio.context(second))).rejects.toMatchObject({ code: 'EMPTY_DATASET' });
    expect((await studio.curation.clips(studio.scope, second, { first: 1 })).items).toEqual([]);
  });

  test('a clip that the film does not give is left out with the reason, the rest goes on', async () => {
    let calls = 0;
    const media: Partial<Media> = { cutClip: async (address, spec) => (++calls === 2 ? Promise.reject(new Refusal('CLIP_UNDECODABLE', 'A frame is missing.', 'Upload it again.')) : plainMedia.cutClip(address, spec)) };
    const version = await studio.frozen({ name: 'gap', titleIds: [titleId] }, studio.with(media));
    expect(version).toMatchObject({ state: 'frozen', clipCount: 4, droppedCount: 3 });
    expect((await studio.curation.drops(studio.scope, version.id, { first: 10 })).items.map((drop) => drop.code)).toContain('CLIP_UNDECODABLE');
  });

  test('one with nothing in it fails, says why of each shot, and releases no key', async () => {
    const releases = await studio.count(`from key_release where studio_id = $1`, studio.scope.studioId);
    const { id } = await studio.curation.buildDataset(studio.scope, { name: 'nothing', titleIds: [titleId], captionContains: 'submarine' });
    const refusal = (await studio.curation.freeze.run(studio.context(id)).catch((error: Refusal) => error)) as Refusal;
    await world.database.inStudio(studio.scope, () => studio.curation.freeze.failed!(studio.context(id), refusal.reason));
    expect(await studio.curation.datasetVersion(studio.scope, id)).toMatchObject({ state: 'failed', reason: { code: 'EMPTY_DATASET' }, droppedCount: 7 });
    expect((await studio.curation.drops(studio.scope, id, { first: 1 })).items[0]).toMatchObject({ code: 'NO_MATCH' });
    expect(await studio.count(`from key_release where studio_id = $1`, studio.scope.studioId)).toBe(releases);
  });

  test('a title that is not analysed is named among what was left out', async () => {
    const waiting = await studio.sealed();
    const version = await studio.frozen({ name: 'early', titleIds: [titleId, waiting.titleId] });
    expect((await studio.curation.drops(studio.scope, version.id, { first: 100 })).items.at(-1)).toMatchObject({ titleId: waiting.titleId, shotId: null, code: 'NOT_ANALYSED' });
  });

  test('a shot that a member excludes is left out', async () => {
    const shot = (await studio.curation.shots(studio.scope, titleId, { first: 1 })).items[0]!;
    const version = await studio.frozen({ name: 'without', titleIds: [titleId], excludeShotIds: [shot.id] });
    expect((await studio.curation.drops(studio.scope, version.id, { first: 1 })).items[0]).toMatchObject({ shotId: shot.id, code: 'EXCLUDED' });
  });

  test.each([
    ['sides that do not divide by 32', { bucket: { width: 100, height: 64, frames: 17 } }, 'BAD_DATASET'],
    ['frames that are not 8k+1', { bucket: { width: 96, height: 64, frames: 16 } }, 'BAD_DATASET'],
    ['no name', { name: ' ' }, 'BAD_DATASET'],
    ['a title that never was', { titleIds: [newId()] }, 'NOT_FOUND'],
  ])('%s: refused', async (_name, input, code) => {
    await expect(studio.curation.buildDataset(studio.scope, { name: 'bad', titleIds: [], ...input })).rejects.toMatchObject({ code });
  });

  test("another studio's title, version, clips and shots are not there", async () => {
    const version = await studio.frozen({ name: 'mine', titleIds: [titleId] });
    await expect(b.curation.buildDataset(b.scope, { name: 'theft', titleIds: [titleId] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(b.curation.datasetVersion(b.scope, version.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await b.curation.clips(b.scope, version.id, { first: 10 })).items).toEqual([]);
    expect((await b.curation.drops(b.scope, version.id, { first: 10 })).items).toEqual([]);
    for (const jump of [{}, { from: 0 }, { around: 0 }, { around: 120 }]) expect((await b.curation.shots(b.scope, titleId, { first: 10, ...jump })).items).toEqual([]);
    await expect(b.curation.playlist(b.scope, titleId, String)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
