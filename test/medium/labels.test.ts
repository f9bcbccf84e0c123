import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { Media, Shot } from '#libs/curation';
import { rows, type Scope } from '#libs/platform';
import { FilmStudio } from '../support/film-studio.js';
import { plainMedia, probed } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

// Two cores may be shared with a whole product that is under test beside this.
jest.setTimeout(120_000);

/** A caption of the people alone, so that what follows a label is seen. */
const captionFor: Media['captionFor'] = ({ labels }) => ({ ...(labels?.people && { subject: { value: `people: ${labels.people.value}`, source: labels.people.source } }), place: { value: 'outdoors', source: 'modelled' } });
const sentenceOf: Media['sentenceOf'] = (caption) => `${String(caption.subject?.value)}, ${String(caption.place?.value)}`;
const analyse: Media['analyse'] = async (address, options) => {
  const found = await plainMedia.analyse(address, options);
  for (const shot of found.shots) {
    options.wanted?.(shot);
    shot.labels = { people: { value: 2, source: 'modelled', by: 'test', confidence: 0.8 } };
  }
  return found;
};

let world: World;
let scope: Scope & { memberId: string };
let a: FilmStudio;
let title: string;
beforeAll(async () => {
  world = await makeWorld();
  scope = await world.studio('A');
  a = new FilmStudio(world, scope, { parts: { ...plainMedia, captionFor, sentenceOf, analyse }, probe: async () => probed });
}, 60_000);
beforeEach(async () => {
  title = await a.analysed(randomBytes(4000));
});
afterAll(() => world.close());

const first = async (): Promise<Shot> => (await a.curation.shots(scope, title, { first: 1 })).items[0]!;
const corrections = async () => (await a.curation.correctionsOf(scope, [(await first()).id])).values().next().value!;

test('a label that a member writes stands with their name, its caption follows, and a new pass replaces neither', async () => {
  const { id, sentence } = await first();
  expect(sentence).toBe('people: 2, outdoors');
  await a.curation.labels.write(scope, id, 'people', ['several']);
  const written = await first();
  expect(written).toMatchObject({ labels: { people: { value: 'several', source: 'written', by: expect.any(String), confidence: 1 } }, sentence: 'people: several, outdoors' });
  await a.curation.labels.write(scope, id, 'objects', ['dog', 'lamp', 'dog']);
  await a.inStudio(() => rows(`update shot set stale = true where id = $1`, [id]));
  await a.curation.recompute.run(a.context(title));
  expect(await first()).toMatchObject({ labels: { people: written.labels.people, objects: [{ value: 'dog', source: 'written' }, { value: 'lamp', source: 'written' }] }, sentence: 'people: several, outdoors' });
});

test('that there is none of it is kept too, and both are undone as they were done, the latest first', async () => {
  const before = await first();
  await a.curation.labels.write(scope, before.id, 'people', []);
  expect((await first()).labels.people).toBeUndefined();
  expect((await first()).sentence).toBe('undefined, outdoors');
  await a.inStudio(() => rows(`update shot set stale = true where id = $1`, [before.id]));
  await a.curation.recompute.run(a.context(title));
  expect((await first()).labels.people).toBeUndefined();
  await a.curation.labels.write(scope, before.id, 'people', ['1']);
  const [latest, earlier] = await corrections();
  expect([latest!.field, earlier!.field]).toEqual(['labels.people', 'labels.people']);
  await expect(a.curation.labels.undo(scope, earlier!.id)).rejects.toMatchObject({ code: 'CHANGED_MEANWHILE' });
  await a.curation.labels.undo(scope, latest!.id);
  await a.curation.labels.undo(scope, earlier!.id);
  expect((await first()).labels).toEqual(before.labels);
  expect((await first()).sentence).toBe(before.sentence);
});

test('a caption field is undone to what stood there, and the sentence to what its fields say', async () => {
  const before = await first();
  await a.curation.correctShot(scope, before.id, 'place', 'a street');
  await a.curation.correctShot(scope, before.id, 'sentence', 'Two people stand in a street.');
  const [sentence, place] = await corrections();
  await a.curation.labels.undo(scope, sentence!.id);
  await a.curation.labels.undo(scope, place!.id);
  expect((await first()).caption.place).toEqual(before.caption.place);
  expect((await first()).sentence).toBe(before.sentence);
});

test.each([
  ['mood', ['sad'], 'UNKNOWN_FIELD'],
  ['people', ['3'], 'BAD_LABEL'],
  ['people', ['1', '2'], 'BAD_LABEL'],
  ['shotSize', ['wide'], 'BAD_LABEL'],
  ['objects', ['x'.repeat(61)], 'BAD_LABEL'],
  ['scene', [' '], 'BAD_LABEL'],
])('%s as %j is refused and nothing changes', async (label, values, code) => {
  const before = await first();
  await expect(a.curation.labels.write(scope, before.id, label, values)).rejects.toMatchObject({ code });
  expect(await first()).toEqual(before);
});

test('another studio finds neither the shot nor the correction', async () => {
  const { id } = await first();
  await a.curation.labels.write(scope, id, 'people', ['1']);
  const [correction] = await corrections();
  const b = await world.studio('B');
  await expect(a.curation.labels.write(b, id, 'people', ['2'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(a.curation.labels.undo(b, correction!.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
