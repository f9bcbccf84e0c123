import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Catalogue, type Probing } from '#libs/catalogue';
import { type JobContext, newId, Refusal, row, rows, type Scope, type SealedObject, Vault } from '#libs/platform';
import { Rights } from '#libs/rights';
import { licence, probed, sha256, upload } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

// Two cores may be shared with a whole product that is under test beside this.
jest.setTimeout(120_000);

let world: World;
let rights: Rights;
let catalogue: Catalogue;
let a: Scope;
let b: Scope;
let licenceId: string;
const plain: Probing = async () => probed;

beforeAll(async () => {
  process.env.BACKLOT_UPLOAD_PART_BYTES = '65536';
  world = await makeWorld();
  rights = new Rights(world);
  catalogue = make();
  a = await world.studio('A');
  b = await world.studio('B');
  licenceId = await licence(rights, a);
});
afterAll(() => world.close());

function make({ probe = plain, vault = world.vault, freeBytes }: { probe?: Probing; vault?: Vault; freeBytes?: () => Promise<number> } = {}): Catalogue {
  return new Catalogue({ ...world, vault, rights: vault === world.vault ? rights : new Rights({ ...world, vault }), probe, landing: landing(), ...(freeBytes ? { freeBytes } : {}) });
}
const landing = (): string => join(world.folder, 'landing');
const title = (name = 'Film', scope = a, licenceIds = [licenceId]) => catalogue.createTitle(scope, { name, licenceIds });
const context = (scope: Scope, subjectId: string): JobContext => ({ jobId: newId(), scope: { studioId: scope.studioId }, subjectId, payload: {}, attempt: 1, signal: new AbortController().signal, progress: () => undefined });
const masterOf = async (titleId: string, scope = a) => (await catalogue.mastersOf(scope, [titleId])).get(titleId)!;
const landed = (scope = a): string[] => (existsSync(join(landing(), scope.studioId)) ? readdirSync(join(landing(), scope.studioId)) : []);
const stored = (scope = a): string[] => (existsSync(join(world.folder, 'vault', scope.studioId, 'master')) ? readdirSync(join(world.folder, 'vault', scope.studioId, 'master')) : []);
const count = (sql: string, parameters: unknown[] = [], scope = a) => world.database.inStudio(scope, async () => Number((await row<{ count: string }>(sql, parameters))!.count));

async function uploaded(bytes = randomBytes(200_000), with_ = catalogue) {
  const { id } = await title();
  await upload(with_, a, id, bytes);
  return { titleId: id, bytes, master: await masterOf(id) };
}

describe('a title is registered only as far as its licences go', () => {
  test('licences that permit ingest: registered, and the decision is there', async () => {
    const made = await title('Permitted');
    expect(made).toMatchObject({ state: 'registered', reason: null });
    expect(await count(`select count(*) from decision where scope_id = $1 and action = 'ingest' and outcome = 'permit'`, [made.id])).toBe(1);
  });
  test('licences that do not: withheld with the sentence, and no upload is taken', async () => {
    const made = await title('Refused', a, [await licence(rights, a, ['curate'])]);
    expect(made).toMatchObject({ state: 'withheld', reason: { code: 'LICENCE_REFUSED' } });
    await expect(catalogue.createUpload(a, { titleId: made.id, fileName: 'x.mp4', bytes: 10 })).rejects.toMatchObject({ code: 'LICENCE_REFUSED', message: made.reason!.message });
  });
  test.each([
    ['no licence', { name: 'x', licenceIds: [] }, 'BAD_TITLE'],
    ['no name', { name: '  ', licenceIds: ['l'] }, 'BAD_TITLE'],
    ['a licence that never was', { name: 'x', licenceIds: [newId()] }, 'NOT_FOUND'],
  ])('%s is refused and nothing is kept', async (_name, input, code) => {
    const before = await catalogue.countTitles(a);
    await expect(catalogue.createTitle(a, input)).rejects.toMatchObject({ code });
    expect(await catalogue.countTitles(a)).toBe(before);
  });
  test("another studio's licence answers as one that never was", async () => {
    const foreign = await catalogue.createTitle(b, { name: 'x', licenceIds: [licenceId] }).catch((error: Refusal) => error.reason);
    expect(foreign).toEqual(await catalogue.createTitle(b, { name: 'x', licenceIds: [newId()] }).catch((error: Refusal) => error.reason));
  });
  test('titles are found by part of the name and by state, in pages', async () => {
    for (const name of ['100% wolf', '100 wolves', 'Wolfsburg']) await title(name);
    expect((await catalogue.titles(a, { first: 10 }, { search: '100%' })).items.map((found) => found.name)).toEqual(['100% wolf']);
    const first = await catalogue.titles(a, { first: 2 }, { search: 'WOL', state: 'registered' });
    const second = await catalogue.titles(a, { first: 2, after: first.endCursor }, { search: 'wol', state: 'registered' });
    expect([first.items, second.items].map((page) => page.map((found) => found.name))).toEqual([['Wolfsburg', '100 wolves'], ['100% wolf']]);
    expect(second.hasNextPage).toBe(false);
    expect(await catalogue.countTitles(a, { search: 'wol' })).toBe(3);
    expect(await catalogue.countTitles(b, { search: 'wol' })).toBe(0);
  });
});

describe('parts arrive whole, once, and in any order', () => {
  const bytes = randomBytes(150_000);
  const part = (number: number): Buffer => bytes.subarray(number * 65_536, (number + 1) * 65_536);
  const put = (id: string, number: number, content = part(number), digest = sha256(part(number)), scope = a) => catalogue.putPart(scope, id, number, Readable.from([content]), digest);
  const open = async (scope = a) => catalogue.createUpload(scope, { titleId: (await title()).id, fileName: 'film.mp4', bytes: bytes.length });

  test('out of order, again, and gone on with after a break', async () => {
    const { id: titleId } = await title();
    const first = await catalogue.createUpload(a, { titleId, fileName: 'film.mp4', bytes: bytes.length });
    await put(first.id, 2);
    await put(first.id, 0);
    await put(first.id, 0);
    const again = await catalogue.createUpload(a, { titleId, fileName: 'film.mp4', bytes: bytes.length });
    expect(again).toMatchObject({ id: first.id, parts: 3, partBytes: 65_536, received: [0, 2] });
    await expect(catalogue.completeUpload(a, first.id)).rejects.toMatchObject({ code: 'PARTS_MISSING', message: '2 of 3 parts arrived.' });
    await put(first.id, 1);
    expect(await catalogue.completeUpload(a, first.id)).toMatchObject({ state: 'checking' });
    expect(await catalogue.completeUpload(a, first.id)).toMatchObject({ state: 'checking' });
    expect(await count(`select count(*) from job where name = 'ingest' and subject_id = $1`, [first.masterId])).toBe(1);
    await expect(put(first.id, 1, part(0), sha256(part(0)))).rejects.toMatchObject({ code: 'UPLOAD_CLOSED' });
  });
  test.each([
    ['a wrong hash', (id: string) => put(id, 0, part(0), sha256('other')), 'WRONG_DIGEST'],
    ['too many bytes', (id: string) => put(id, 2, part(0)), 'WRONG_SIZE'],
    ['too few bytes', (id: string) => put(id, 0, part(2), sha256(part(2))), 'WRONG_SIZE'],
    ['a part that is none', (id: string) => put(id, 3, part(0), sha256(part(0))), 'BAD_PART'],
    ['no hash', (id: string) => put(id, 0, part(0), ''), 'BAD_PART'],
  ])('%s is refused with its code and leaves nothing', async (_name, send, code) => {
    const { id } = await open();
    await expect(send(id)).rejects.toMatchObject({ code });
    expect((await catalogue.upload(a, id)).received).toEqual([]);
    const folder = join(landing(), a.studioId, id);
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  });
  test('a connection that breaks leaves nothing and the part can be sent again', async () => {
    const { id } = await open();
    async function* breaking(): AsyncGenerator<Buffer> {
      yield part(0).subarray(0, 1000);
      throw new Error('aborted');
    }
    await expect(catalogue.putPart(a, id, 0, Readable.from(breaking()), sha256(part(0)))).rejects.toThrow('aborted');
    expect(readdirSync(join(landing(), a.studioId, id))).toEqual([]);
    await put(id, 0);
    expect((await catalogue.upload(a, id)).received).toEqual([0]);
  });
  test('a part whose file is gone is asked for again', async () => {
    const { id } = await open();
    for (const number of [0, 1, 2]) await put(id, number);
    rmSync(join(landing(), a.studioId, id, '1.part'));
    await expect(catalogue.completeUpload(a, id)).rejects.toMatchObject({ code: 'PARTS_MISSING' });
    expect((await catalogue.upload(a, id)).received).toEqual([0, 2]);
  });
  test("another studio's upload answers as one that never was", async () => {
    const { id } = await open();
    const told = async (given: string) => put(given, 0, part(0), sha256(part(0)), b).catch((error: Refusal) => error.reason);
    expect(await told(id)).toEqual(await told(newId()));
  });
  test('a file that does not fit on the disk is refused before a byte is sent', async () => {
    const full = make({ freeBytes: async () => 300_000_000 });
    const { id } = await title();
    await expect(full.createUpload(a, { titleId: id, fileName: 'x.mp4', bytes: 50_000_000 })).rejects.toMatchObject({ code: 'DISK_FULL', status: 507 });
    expect(await catalogue.title(a, id)).toMatchObject({ state: 'registered' });
  });
  test('an empty file is refused and the title says so, and takes another', async () => {
    const { id } = await title();
    await expect(catalogue.createUpload(a, { titleId: id, fileName: 'x.mp4', bytes: 0 })).rejects.toMatchObject({ code: 'EMPTY_FILE' });
    expect(await catalogue.title(a, id)).toMatchObject({ state: 'refused', reason: { code: 'EMPTY_FILE' } });
    await catalogue.createUpload(a, { titleId: id, fileName: 'x.mp4', bytes: 10 });
    expect(await catalogue.title(a, id)).toMatchObject({ state: 'uploading', reason: null });
  });
  test('an upload that was given up, or lay for a week, goes with its bytes', async () => {
    const [givenUp, old, young] = [await open(), await open(), await open()];
    for (const { id } of [givenUp, old, young]) await put(id, 0);
    await catalogue.abortUpload(a, givenUp.id);
    expect(landed()).not.toContain(givenUp.id);
    await world.database.inStudio(a, () => rows(`update upload set created_at = now() - interval '8 days' where id = $1`, [old.id]));
    await catalogue.sweepLanding();
    expect(landed()).not.toContain(old.id);
    expect(landed()).toContain(young.id);
    expect(await catalogue.title(a, old.titleId)).toMatchObject({ state: 'registered' });
    await expect(put(old.id, 1)).rejects.toMatchObject({ code: 'UPLOAD_CLOSED' });
  });
});

describe('ingest gives one sealed master, whatever kills it', () => {
  test('sealed, logged, told, landing copy gone', async () => {
    const before = landed();
    const { titleId, bytes, master } = await uploaded();
    expect(landed()).toHaveLength(before.length + 1);
    await catalogue.ingest.run(context(a, master.id));
    const sealed = await masterOf(titleId);
    expect(sealed).toMatchObject({ state: 'sealed', sha256: sha256(bytes), probe: { container: probed.container } });
    expect(await catalogue.title(a, titleId)).toMatchObject({ state: 'analysing' });
    expect(await count(`select count(*) from audit_entry where type = 'seal' and payload->>'master' = $1`, [master.id])).toBe(1);
    expect(await count(`select count(*) from outbox where type = 'master.sealed' and payload->>'masterId' = $1`, [master.id])).toBe(1);
    expect(landed()).toEqual(before);
    const decision = await rights.requirePermit({ studioId: a.studioId }, { action: 'curate', scopeKind: 'title', scopeId: titleId, titleIds: [titleId], actor: 'test' });
    const opened: Buffer[] = [];
    for await (const chunk of world.vault.open(await world.vault.release(a, decision.id, sealed.objectId!))) opened.push(chunk);
    expect(Buffer.concat(opened).equals(bytes)).toBe(true);
  });

  /** Stands for kill -9: what comes after the point never runs, not even the clean-up of a failed seal. */
  class Killed extends Error {}
  class KilledVault extends Vault {
    constructor(private readonly point: 'before sealing' | 'inside the transaction' | 'after the transaction') {
      super(world.database, world.store, world.keys);
    }
    override async seal(...[scope, about, content, inTransaction]: Parameters<Vault['seal']>): Promise<SealedObject> {
      if (this.point === 'before sealing') throw new Killed();
      const object = await super.seal(scope, about, content, async (sealed) => {
        await inTransaction?.(sealed);
        if (this.point === 'inside the transaction') throw new Killed();
      });
      if (this.point === 'after the transaction') throw new Killed();
      return object;
    }
  }
  test.each(['before sealing', 'inside the transaction', 'after the transaction'] as const)('killed %s, run again', async (point) => {
    const { titleId, bytes, master } = await uploaded();
    const [decisions, objects] = [`select count(*) from decision where scope_id = $1 and actor = 'worker: ingest'`, `select count(*) from sealed_object where scope_id = $1 and destroyed_at is null`];
    await expect(make({ vault: new KilledVault(point) }).ingest.run(context(a, master.id))).rejects.toBeInstanceOf(Killed);
    await catalogue.ingest.run(context(a, master.id));
    await catalogue.ingest.run(context(a, master.id));
    expect(await masterOf(titleId)).toMatchObject({ state: 'sealed', sha256: sha256(bytes) });
    expect([await count(decisions, [titleId]), await count(objects, [titleId])]).toEqual([1, 1]);
    expect(await count(`select count(*) from outbox where type = 'master.sealed' and payload->>'masterId' = $1`, [master.id])).toBe(1);
    const key = (await world.database.inStudio(a, () => row<{ store_key: string }>(`select store_key from sealed_object where scope_id = $1`, [titleId])))!.store_key;
    expect(stored().filter((name) => key.endsWith(name))).toHaveLength(1);
  });
  test('sealed bytes that a killed process left are swept, those of a living one are not', async () => {
    await world.store.put(`${a.studioId}/master/${newId()}-orphan`, Readable.from([Buffer.from('old')]));
    await world.store.put(`${a.studioId}/master/${newId()}-writing`, Readable.from([Buffer.from('new')]));
    const orphan = stored().find((name) => name.endsWith('orphan'))!;
    utimesSync(join(world.folder, 'vault', a.studioId, 'master', orphan), 1, 1);
    const owned = stored().length - 2;
    for (const name of stored()) if (!name.endsWith('writing')) utimesSync(join(world.folder, 'vault', a.studioId, 'master', name), 1, 1);
    expect(await world.vault.sweep()).toBe(1);
    expect(stored().some((name) => name.endsWith('writing'))).toBe(true);
    expect(stored()).toHaveLength(owned + 1);
  });
});

describe('what is not taken says why and leaves nothing', () => {
  test('not a film', async () => {
    const refusing = make({ probe: async () => Promise.reject(new Refusal('NOT_A_FILM', 'It is text.', 'Upload the film.')) });
    const { titleId, master } = await uploaded();
    await expect(refusing.ingest.run(context(a, master.id))).rejects.toMatchObject({ code: 'NOT_A_FILM' });
    expect(await catalogue.title(a, titleId)).toMatchObject({ state: 'refused', reason: { code: 'NOT_A_FILM', wayOut: 'Upload the film.' } });
    expect(await masterOf(titleId)).toMatchObject({ state: 'refused', objectId: null });
    expect(await count(`select count(*) from sealed_object where scope_id = $1`, [titleId])).toBe(0);
    await upload(catalogue, a, titleId, randomBytes(1000), 'the film itself.mp4');
    expect(await catalogue.title(a, titleId)).toMatchObject({ state: 'checking' });
  });
  test('the same file twice is refused by the name of the first, in this studio only', async () => {
    const bytes = randomBytes(90_000);
    const first = await uploaded(bytes);
    await catalogue.ingest.run(context(a, first.master.id));
    const before = stored();
    const second = await uploaded(bytes);
    await expect(catalogue.ingest.run(context(a, second.master.id))).rejects.toMatchObject({ code: 'DUPLICATE_MASTER' });
    expect((await catalogue.title(a, second.titleId)).reason!.message).toContain('"Film"');
    expect(stored()).toEqual(before);
    const foreign = await title('Theirs', b, [await licence(rights, b)]);
    await upload(catalogue, b, foreign.id, bytes);
    await catalogue.ingest.run(context(b, (await masterOf(foreign.id, b)).id));
    expect(await masterOf(foreign.id, b)).toMatchObject({ state: 'sealed' });
  });
  test('another whole-file hash than was announced, and a part that changed on the disk', async () => {
    const { id } = await title();
    const upload_ = await catalogue.createUpload(a, { titleId: id, fileName: 'x.mp4', bytes: 4 });
    await catalogue.putPart(a, upload_.id, 0, Readable.from([Buffer.from('film')]), sha256('film'));
    await catalogue.completeUpload(a, upload_.id, sha256('movie'));
    await expect(catalogue.ingest.run(context(a, upload_.masterId))).rejects.toMatchObject({ code: 'WRONG_DIGEST' });

    const changed = await uploaded();
    const { uploadId } = (await world.database.inStudio(a, () => row<{ uploadId: string }>(`select id as "uploadId" from upload where master_id = $1`, [changed.master.id])))!;
    const file = join(landing(), a.studioId, uploadId, '1.part');
    const content = readFileSync(file);
    content[7]! ^= 1;
    writeFileSync(file, content);
    await expect(catalogue.ingest.run(context(a, changed.master.id))).rejects.toMatchObject({ code: 'LANDING_CHANGED' });
    expect(await catalogue.title(a, changed.titleId)).toMatchObject({ state: 'refused' });
  });
  test('what is our fault keeps the bytes, and the title can be started again', async () => {
    const broken = make({ probe: async () => Promise.reject(new Refusal('FFMPEG_MISSING', 'No ffmpeg.', 'Install it.', 503)) });
    const { titleId, master } = await uploaded();
    const error = (await broken.ingest.run(context(a, master.id)).catch((thrown: Refusal) => thrown)) as Refusal;
    await world.database.inStudio(a, async () => {
      await rows(`update job set state = 'failed' where subject_id = $1`, [master.id]);
      await broken.ingest.failed!(context(a, master.id), error.reason);
    });
    expect(await catalogue.title(a, titleId)).toMatchObject({ state: 'refused', reason: { code: 'FFMPEG_MISSING' } });
    expect(await catalogue.retry(a, titleId)).toMatchObject({ state: 'checking', reason: null });
    await catalogue.ingest.run(context(a, master.id));
    expect(await masterOf(titleId)).toMatchObject({ state: 'sealed' });
    await expect(catalogue.retry(a, titleId)).rejects.toMatchObject({ code: 'NOTHING_TO_RETRY' });
  });
});
