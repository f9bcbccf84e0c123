import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { row, rows } from '#libs/platform';
import sharp from 'sharp';
import { type Api, type Browser, makeApi } from '../support/api.js';
import { FilmStudio } from '../support/film-studio.js';
import { numberedFilm, numbersIn, soundIn } from '../support/numbered.js';

// Two cores may be shared with a whole product that is under test beside this.
jest.setTimeout(300_000);

let api: Api;
let studio: FilmStudio;
let film: number;
let archivist: Browser;
let editor: Browser;
beforeAll(async () => {
  api = await makeApi();
  studio = new FilmStudio(api.world, api.a.scope);
  archivist = api.a.as.archivist;
  editor = api.a.as.editor;
  film = 0;
}, 120_000);
afterAll(() => api.close());

const FRAMES = 240;
const every = Array.from({ length: FRAMES }, (_, n) => n);
const without = (first: number, end: number): (number | null)[] => every.map((n) => (n >= first && n < end ? null : n));

async function onboard(): Promise<string> {
  return studio.analysed(numberedFilm({ frames: FRAMES + film++, cuts: [80, 160], rate: '24000/1001', sound: true }), { name: `film ${film}.mp4` });
}

async function refusal(of: Browser, path: string): Promise<string> {
  const answer = await of.fetch(path);
  return `${answer.status} ${((await answer.json()) as { code: string }).code}`;
}

async function fetched(of: Browser, path: string, range?: string): Promise<Buffer> {
  const answer = await of.fetch(path, range ? { headers: { range } } : {});
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** What a player gets: the parts that the playlist names, one by one. */
async function played(of: Browser, titleId: string): Promise<{ objectId: string; frames: (number | null)[]; film: Buffer }> {
  const list = String(await fetched(of, `/titles/${titleId}/proxy.m3u8`));
  const objectId = /\/objects\/([0-9a-f-]{36})/.exec(list)![1]!;
  const init = /BYTERANGE="(\d+)@0"/.exec(list)!;
  const parts = [await fetched(of, `/objects/${objectId}`, `bytes=0-${Number(init[1]) - 1}`)];
  for (const [, bytes, offset] of list.matchAll(/#EXT-X-BYTERANGE:(\d+)@(\d+)/g)) parts.push(await fetched(of, `/objects/${objectId}`, `bytes=${offset}-${Number(offset) + Number(bytes) - 1}`));
  const whole = Buffer.concat(parts);
  return { objectId, frames: numbersIn(whole).slice(0, FRAMES), film: whole };
}

const exclude = async (titleId: string, input: object): Promise<string> => {
  const answer = await archivist.graphql(`mutation ($titleId: ID!, $input: ExclusionInput!) { addExclusion(titleId: $titleId, input: $input) { ... on Exclusion { id } ... on Refused { code message } } }`, { titleId, input });
  return (answer.data!.addExclusion as { id: string }).id;
};

test('a player gets black and silence exactly where frames are left out, nothing until that is ready, and all of it again when they are back', async () => {
  const titleId = await onboard();
  const before = await played(editor, titleId);
  expect(before.frames).toEqual(every);
  const { keyframes, sheet, poster } = await pictures(titleId);
  expect(await fetched(editor, `/objects/${sheet}`)).toBeTruthy();

  const id = await exclude(titleId, { first: 75, end: 131, why: 'an actor withdrew consent', clause: '8' });
  expect(await refusal(editor, `/titles/${titleId}/proxy.m3u8`)).toBe('409 MASK_PENDING');
  expect(await refusal(editor, `/objects/${before.objectId}`)).toBe('409 MASK_PENDING');
  expect(await refusal(editor, `/objects/${sheet}`)).toBe('409 MASK_PENDING');
  for (const { objectId, frame } of keyframes) {
    if (frame >= 75 && frame < 131) expect(await refusal(editor, `/objects/${objectId}`)).toBe('403 FRAMES_LEFT_OUT');
    else expect((await fetched(editor, `/objects/${objectId}`)).subarray(0, 3).toString('hex')).toBe('ffd8ff');
  }
  expect(keyframes.some(({ frame }) => frame >= 75 && frame < 131)).toBe(true);
  expect(keyframes.some(({ objectId }) => objectId === poster)).toBe(true);

  // Those who asked and the event ask for one copy together.
  expect(await studio.masks()).toBe(1);
  const masked = await played(editor, titleId);
  expect(masked.frames).toEqual(without(75, 131));
  const sound = soundIn(masked.film);
  const at = (frame: number): number => Math.round((frame * 1001 * 48_000) / 24_000);
  const loudest = (from: number, to: number): number => sound.subarray(from, to).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(loudest(at(75) + 1024, at(131) - 1024)).toBeLessThan(0.0005);
  expect(loudest(at(74), at(75) - 200)).toBeGreaterThan(0.05);
  expect(masked.objectId).not.toBe(before.objectId);
  expect(await refusal(editor, `/objects/${before.objectId}`)).toBe('403 FRAMES_LEFT_OUT');
  expect(await darkTiles(await fetched(editor, `/objects/${sheet}`), titleId)).toEqual({ dark: true, light: true });

  // A frame more: the copy of before is not shown any more, and is gone once there is one for it.
  await archivist.graphql(`mutation ($id: ID!) { changeExclusion(id: $id, input: { first: 74, end: 131, why: "an actor withdrew consent" }) { __typename } }`, { id });
  expect(await refusal(editor, `/objects/${masked.objectId}`)).toBe('409 MASK_PENDING');
  expect(await studio.masks()).toBe(1);
  expect((await played(editor, titleId)).frames).toEqual(without(74, 131));
  expect(await refusal(editor, `/objects/${masked.objectId}`)).toMatch(/^40[34] /);
  expect(await studio.count(`from sealed_object where scope_id = $1 and kind = 'proxy' and destroyed_at is null`, titleId)).toBe(2);

  await archivist.graphql(`mutation ($id: ID!) { removeExclusion(id: $id) { __typename } }`, { id });
  expect(await played(editor, titleId)).toMatchObject({ objectId: before.objectId, frames: every });
  expect((await fetched(editor, `/objects/${keyframes.find(({ frame }) => frame >= 75 && frame < 131)!.objectId}`)).length).toBeGreaterThan(0);
  expect(await studio.masks()).toBe(0);
});

test('what is left out of other actions is seen; what is left out of all is refused by the licences', async () => {
  const titleId = await onboard();
  await exclude(titleId, { first: 10, end: 20, why: 'not for training', actions: ['train'] });
  expect((await played(editor, titleId)).frames).toEqual(every);
  await exclude(titleId, { first: 0, end: FRAMES + film - 1, why: 'all of it' });
  const { objectId } = (await row0(titleId))!;
  expect(await refusal(editor, `/objects/${objectId}`)).toBe('403 LICENCE_REFUSED');
  expect(await studio.masks()).toBe(0);
});

test('a copy that fails is told as it is, one that is killed leaves nothing, and the next is whole', async () => {
  const titleId = await onboard();
  await exclude(titleId, { first: 100, end: 101, why: 'one frame' });
  await studio.relay();
  const job = await studio.inStudio(() => row<{ id: string; payload: { hash: string } }>(`select id, payload from job where name = 'mask' and subject_id = $1`, [titleId]));
  let calls = 0;
  const killed = new FilmStudio(api.world, api.a.scope, {
    parts: {
      maskProxy: async (_address, { writable }) => {
        calls++;
        writable.write('half of it');
        throw new Error('killed');
      },
    },
  });
  await expect(killed.curation.mask.run(killed.context(titleId))).rejects.toThrow('killed');
  expect(calls).toBe(1);
  expect(await refusal(editor, `/titles/${titleId}/proxy.m3u8`)).toBe('409 MASK_PENDING');
  await studio.inStudio(() => rows(`update job set state = 'failed', reason = $2, finished_at = now() where id = $1`, [job!.id, { code: 'INTERNAL', message: 'It broke.', wayOut: 'Try again.' }]));
  expect(await refusal(editor, `/titles/${titleId}/proxy.m3u8`)).toBe('409 INTERNAL');
  await studio.inStudio(() => rows(`update job set finished_at = now() - interval '2 minutes' where id = $1`, [job!.id]));
  expect(await refusal(editor, `/titles/${titleId}/proxy.m3u8`)).toBe('409 MASK_PENDING');
  expect(await studio.masks()).toBe(1);
  expect((await played(editor, titleId)).frames).toEqual(without(100, 101));
  expect(await studio.count(`from sealed_object where scope_id = $1 and kind = 'proxy' and destroyed_at is null`, titleId)).toBe(2);
});

test('another studio sees neither the copy nor that there is one', async () => {
  const titleId = await onboard();
  await exclude(titleId, { first: 0, end: 5, why: 'a logo' });
  await studio.masks();
  const { objectId, frames } = await played(editor, titleId);
  expect(frames).toEqual(without(0, 5));
  for (const path of [`/titles/${titleId}/proxy.m3u8`, `/objects/${objectId}`, `/objects/${(await row0(titleId))!.objectId}`]) expect(await refusal(api.b.as.admin, path)).toBe('404 NOT_FOUND');
  const theirs = new FilmStudio(api.world, api.b.scope);
  await theirs.curation.mask.run(theirs.context(titleId));
  expect(await theirs.count('from mask')).toBe(0);
  expect(await theirs.count(`from job where name = 'mask'`)).toBe(0);
});

const row0 = (titleId: string) => studio.inStudio(() => row<{ objectId: string; filmstrip: { frames: number[]; tileWidth: number; tileHeight: number; columns: number } }>(`select proxy_object_id as "objectId", filmstrip from analysis where title_id = $1`, [titleId]));

async function pictures(titleId: string): Promise<{ keyframes: { objectId: string; frame: number }[]; sheet: string; poster: string }> {
  const shots = (await studio.curation.shots(studio.scope, titleId, { first: 100 })).items;
  const analysis = (await studio.curation.analysesOf(studio.scope, [titleId])).get(titleId)!;
  return { keyframes: shots.flatMap((shot) => shot.keyframes), sheet: analysis.filmstripObjectId!, poster: (await studio.catalogue.title(studio.scope, titleId)).posterObjectId! };
}

/** Whether the tiles of frames 75 to 130 are black, and all others are not. */
async function darkTiles(jpeg: Buffer, titleId: string): Promise<{ dark: boolean; light: boolean }> {
  const { filmstrip } = (await row0(titleId))!;
  const lights = await Promise.all(
    filmstrip.frames.map(async (frame, at) => {
      const tile = sharp(jpeg).extract({ left: (at % filmstrip.columns) * filmstrip.tileWidth + 4, top: Math.floor(at / filmstrip.columns) * filmstrip.tileHeight + 4, width: filmstrip.tileWidth - 8, height: filmstrip.tileHeight - 8 });
      const { channels } = await sharp(await tile.png().toBuffer()).stats();
      return { out: frame >= 75 && frame < 131, light: Math.max(...channels.map(({ max }) => max)) };
    }),
  );
  expect(lights.some(({ out }) => out) && lights.some(({ out }) => !out)).toBe(true);
  return { dark: lights.filter(({ out }) => out).every(({ light }) => light < 25), light: lights.filter(({ out }) => !out).every(({ light }) => light > 100) };
}
