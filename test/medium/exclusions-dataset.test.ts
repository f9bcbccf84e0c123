import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { join } from 'node:path';
import type { Media } from '#libs/curation';
import * as media from '#libs/media';
import { newId } from '#libs/platform';
import { Training } from '#libs/training';
import { FilmStudio } from '../support/film-studio.js';
import { type Numbered, numberedFilm, numbersIn } from '../support/numbered.js';
import { makeWorld, type World } from '../support/studio.js';
import { paperBase } from '../support/tenant.js';

// Two cores may be shared with a whole product that is under test beside this.
jest.setTimeout(300_000);

let world: World;
let studio: FilmStudio;
beforeAll(async () => {
  world = await makeWorld();
  studio = new FilmStudio(world, await world.studio());
});
afterAll(() => world.close());

const cuts = [100, 200];
const films: [name: string, spec: Numbered][] = [
  ['24', { frames: 300, cuts, rate: '24' }],
  ['23.976', { frames: 300, cuts, rate: '24000/1001' }],
  ['23.976 in Matroska', { frames: 300, cuts, rate: '24000/1001', container: 'mkv' }],
  ['25', { frames: 300, cuts, rate: '25' }],
  ['29.97 in MPEG-TS', { frames: 300, cuts, rate: '30000/1001', container: 'mpegts' }],
  ['variable', { frames: 300, cuts, rate: '24', pts: 'N*512+floor(N/7)*600+gt(N,150)*3000', timescale: 12_288 }],
];

test.each(films)('%s: clips are cut from what is left, to the frame, and what falls away is named with its reason', async (name, spec) => {
  const titleId = await studio.analysed(numberedFilm(spec), { name: `${name}.${spec.container === 'mpegts' ? 'ts' : (spec.container ?? 'mp4')}` });
  const edit = (await studio.rights.exclusions.edits(studio.scope, [titleId])).get(titleId)!;
  expect(edit).toMatchObject({ frames: 300, even: name !== 'variable' });
  const shots = (await studio.curation.shots(studio.scope, titleId, { first: 10 })).items;
  expect(shots.map(({ first }) => first)).toEqual([0, ...cuts]);
  const whole = await studio.frozen({ name, titleIds: [titleId] });

  // The first shot begins with what is left out, the second has it in its middle, of the third nothing is left.
  const { exclusions } = studio.rights;
  const logo = await exclusions.add(studio.scope, titleId, { first: 0, end: 31, why: 'a logo that was not cleared', clause: '4.2' });
  await exclusions.add(studio.scope, titleId, { first: 140, end: 141, why: 'one frame of another film' });
  await exclusions.add(studio.scope, titleId, { first: 195, end: 300, why: 'the guild did not consent', actions: ['train'] });
  await exclusions.add(studio.scope, titleId, { first: 60, end: 90, why: 'not for display', actions: ['curate'] });
  const out = [[0, 31], [140, 141], [195, 300]] as const;

  const version = await studio.frozen({ name, titleIds: [titleId] });
  expect(version.hash).not.toBe(whole.hash);
  const clips = (await studio.curation.clips(studio.scope, version.id, { first: 100 })).items;
  const files = await studio.clipFiles(version, [titleId]);
  expect(clips.length).toBeGreaterThanOrEqual(3);
  for (const [at, clip] of clips.entries()) {
    const shown = numbersIn(files[at]!);
    expect(shown).toHaveLength(17);
    expect(shown[0]).toBe(clip.first);
    expect(shown.at(-1)).toBe(clip.last);
    for (const frame of shown) expect(out.some(([first, end]) => frame! >= first && frame! < end)).toBe(false);
  }
  const drops = await studio.drops(version.id);
  expect(drops.filter(({ code }) => code === 'FRAMES_LEFT_OUT').map(({ first, last, message }) => [first, last, message])).toEqual([
    [0, 30, 'Clause 4.2 leaves out frames 0 to 30 of the title (a logo that was not cleared).'],
    [140, 140, 'An exclusion leaves out frame 140 of the title (one frame of another film).'],
    [195, 199, 'An exclusion leaves out frames 195 to 299 of the title (the guild did not consent).'],
    [200, 299, 'An exclusion leaves out frames 195 to 299 of the title (the guild did not consent).'],
  ]);
  const [decision] = await studio.rights.decisionsById(studio.scope, [clips[0]!.decisionId]);
  expect(decision!.reason.frames).toMatchObject([{ titleId, frames: 300, permitted: [{ first: 31, end: 140 }, { first: 141, end: 195 }] }]);
  expect(decision!.sentence).toContain('137 frames are left out');
  expect(decision!.reason.frames![0]!.leftOut[0]!.rules).toEqual([logo.id]);

  // Where a take is as long as a clip, the clip begins with its first frame: a frame earlier or later shows.
  const { times, timeBase } = (await exclusions.timed(studio.scope, titleId))!;
  const seconds = (from: number, to: number): number => (times[to]! - times[from]!) * Number(timeBase.split('/')[0]) / Number(timeBase.split('/')[1]);
  let tight = 1;
  while (seconds(31, 31 + tight) < 17 / 16) tight++;
  await exclusions.add(studio.scope, titleId, { first: 31 + tight, end: 140, why: 'the rest' });
  for (const first of [31, 32]) {
    await exclusions.change(studio.scope, logo.id, { first: 0, end: first, why: 'a logo' });
    await exclusions.change(studio.scope, logo.id, { first: 0, end: first, why: 'a logo that was not cleared' });
    const cut = await studio.frozen({ name, titleIds: [titleId] });
    const inFirst = (await studio.curation.clips(studio.scope, cut.id, { first: 100 })).items.filter((clip) => clip.last < 100);
    if (first === 31) {
      expect(inFirst).toHaveLength(1);
      expect(numbersIn((await studio.clipFiles(cut, [titleId]))[0]!)[0]).toBe(31);
    } else expect(inFirst).toEqual([]);
  }
});

describe('rules of a licence', () => {
  const spec: Numbered = { frames: 300, cuts, rate: '25' };
  const prohibits = (constraint: object[] = [], target: object = { '@type': 'Asset', uid: '#titles', 'backlot:segment': { first: 48, end: 96, rate: '24' } }) => ({
    prohibition: [{ uid: '#x1', 'backlot:clause': '7.1', action: 'backlot:fineTune', target, ...(constraint.length ? { constraint } : {}) }],
  });

  test('that forbid some frames leave the others: seconds 2 to 4 are frames 50 to 100 at 25', async () => {
    const titleId = await studio.analysed(numberedFilm({ ...spec, frames: 298 }), { name: 'rule.mp4', more: prohibits() });
    expect(await studio.catalogue.title(studio.scope, titleId)).toMatchObject({ state: 'ready' });
    const version = await studio.frozen({ name: 'rule', titleIds: [titleId] });
    expect(version.clipCount).toBeGreaterThan(2);
    const shown = (await studio.clipFiles(version, [titleId])).flatMap(numbersIn);
    expect(shown.filter((frame) => frame! >= 50 && frame! < 100)).toEqual([]);
    expect((await studio.drops(version.id)).find(({ code }) => code === 'FRAMES_LEFT_OUT')).toMatchObject({ first: 50, last: 99, message: expect.stringContaining('7.1') });
  });

  test('about performers count once a member says that all are marked, and then to the frame', async () => {
    const film = numberedFilm({ ...spec, frames: 299 });
    const titleId = await studio.analysed(film, { name: 'performer.mp4', more: prohibits([{ leftOperand: 'backlot:appearsPerformer', operator: 'isAnyOf', rightOperand: 'urn:performer:mira' }], { '@type': 'Asset', uid: '#titles' }) });
    expect(await studio.catalogue.title(studio.scope, titleId)).toMatchObject({ state: 'withheld' });
    const { exclusions } = studio.rights;
    await exclusions.addMark(studio.scope, titleId, { kind: 'performer', subject: 'urn:performer:mira', first: 110, end: 150 });
    await exclusions.addMark(studio.scope, titleId, { kind: 'performer', subject: 'urn:performer:otto', first: 0, end: 299, modelled: { by: 'faces 2.1', confidence: 0.7 } });
    const asked = () => studio.rights.frames(studio.scope, { action: 'fineTune', scopeKind: 'title', scopeId: titleId, titleIds: [titleId], frames: 'permitted', actor: 'test' });
    expect(await asked()).toEqual([]);
    await expect(studio.frozen({ name: 'performer', titleIds: [titleId] })).rejects.toMatchObject({ code: 'EMPTY_DATASET' });
    await exclusions.completeMarks(studio.scope, titleId, 'performer', true);
    expect(await asked()).toMatchObject([{ permitted: [{ first: 0, end: 110 }, { first: 150, end: 299 }] }]);
    const version = await studio.frozen({ name: 'performer', titleIds: [titleId] });
    const shown = (await studio.clipFiles(version, [titleId])).flatMap(numbersIn);
    expect(shown.filter((frame) => frame! >= 110 && frame! < 150)).toEqual([]);
    expect((await studio.drops(version.id)).find(({ code }) => code === 'FRAMES_LEFT_OUT')).toMatchObject({ first: 110, last: 149 });
  });
});

test('frames that are left out while a version is frozen are not in it: the freeze starts over with the decision of now', async () => {
  const titleId = await studio.analysed(numberedFilm({ frames: 297, cuts, rate: '25' }), { name: 'meanwhile.mp4' });
  let cutting = 0;
  const parts: Partial<Media> = {
    cutClip: async (address, spec) => {
      if (++cutting === 2) await studio.rights.exclusions.add(studio.scope, titleId, { first: 0, end: 150, why: 'a call from the lawyers' });
      return media.cutClip(address, spec);
    },
  };
  const slow = new FilmStudio(world, studio.scope, { parts });
  const { id } = await slow.curation.buildDataset(studio.scope, { name: 'meanwhile', titleIds: [titleId] });
  await expect(slow.curation.freeze.run(slow.context(id))).rejects.toThrow(/changed while/);
  expect(await studio.curation.datasetVersion(studio.scope, id)).toMatchObject({ state: 'building' });
  await slow.curation.freeze.run(slow.context(id));
  const version = await studio.curation.datasetVersion(studio.scope, id);
  expect(version).toMatchObject({ state: 'frozen' });
  expect(Math.min(...(await studio.clipFiles(version, [titleId])).flatMap(numbersIn).map(Number))).toBeGreaterThanOrEqual(150);
});

describe('a frozen version', () => {
  test('stays as it is when frames of it are left out later, and is trained on no more until they are back', async () => {
    const titleId = await studio.analysed(numberedFilm({ frames: 300, cuts, rate: '30' }), { name: 'later.mp4' });
    await studio.rights.exclusions.add(studio.scope, titleId, { first: 250, end: 260, why: 'a scar', clause: '9' });
    const version = await studio.frozen({ name: 'later', titleIds: [titleId] });
    const training = new Training({ ...world, rights: studio.rights, keysFolder: join(world.folder, 'keys'), basesFolders: [join(world.folder, 'bases')] });
    const base = await training.registerBase(studio.scope, { path: paperBase(join(world.folder, 'bases', newId())), licence: 'Apache-2.0' });
    const start = () => training.startRun(studio.scope, { name: 'run', datasetVersionId: version.id, baseModelId: base.id }, 'Member');
    expect(await start()).toMatchObject({ state: 'queued' });
    const clips = (await studio.curation.clips(studio.scope, version.id, { first: 100 })).items;
    const [clip] = clips.filter(({ first }) => first > 100);

    const between = await studio.rights.exclusions.add(studio.scope, titleId, { first: clip!.last, end: clip!.last + 1, why: 'a face in the crowd', clause: '12' });
    await expect(start()).rejects.toMatchObject({ code: 'LICENCE_REFUSED', message: `Refused: clause 12 leaves out frame ${clip!.last} of the title (a face in the crowd).` });
    expect(await studio.curation.datasetVersion(studio.scope, version.id)).toEqual(version);
    expect((await studio.curation.clips(studio.scope, version.id, { first: 100 })).items).toEqual(clips);

    await studio.rights.exclusions.change(studio.scope, between.id, { first: clip!.last + 1, end: clip!.last + 2, why: 'a face in the crowd', clause: '12' });
    const held = clips.some(({ first, last }) => first <= clip!.last + 1 && last >= clip!.last + 1);
    if (!held) expect(await start()).toMatchObject({ state: 'queued' });
    await studio.rights.exclusions.change(studio.scope, between.id, { first: clip!.last, end: clip!.last + 1, why: 'a face in the crowd', actions: ['generate'] });
    expect(await start()).toMatchObject({ state: 'queued' });
    await studio.rights.exclusions.change(studio.scope, between.id, { first: clip!.last, end: clip!.last + 1, why: 'a face in the crowd' });
    await expect(start()).rejects.toMatchObject({ code: 'LICENCE_REFUSED' });
    await studio.rights.exclusions.remove(studio.scope, between.id);
    expect(await start()).toMatchObject({ state: 'queued' });
    expect((await studio.frozen({ name: 'later', titleIds: [titleId] })).hash).toBe(version.hash);
  });
});
