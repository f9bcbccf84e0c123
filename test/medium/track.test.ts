import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { newId, rows } from '#libs/platform';
import { type Api, makeApi } from '../support/api.js';
import { plainMedia, probed, trackOf } from '../support/films.js';
import { FilmStudio } from '../support/film-studio.js';
import { makeWorld, type World } from '../support/studio.js';

jest.setTimeout(60_000);

let api: Api;
let world: World;
beforeAll(async () => {
  [api, world] = await Promise.all([makeApi(), makeWorld()]);
}, 60_000);
afterAll(() => Promise.all([api.close(), world.close()]));

/** A title of 1,250 seconds, written as an analysis writes it. */
async function titleOf(seconds: number): Promise<string> {
  const { scope } = api.a;
  const [title, master] = [newId(), newId()];
  const { seconds: _, ...lanes } = trackOf(seconds);
  await api.services.database.inStudio(scope, async () => {
    await rows(`insert into title (id, studio_id, name, state) values ($1, $2, 'Film', 'ready')`, [title, scope.studioId]);
    await rows(`insert into master (id, studio_id, title_id, file_name, bytes, state) values ($1, $2, $3, 'film.mp4', 10, 'sealed')`, [master, scope.studioId, title]);
    for (let first = 0; first < seconds; first += 600) {
      const part = Object.fromEntries(Object.entries(lanes).map(([name, values]) => [name, values.slice(first, first + 600)]));
      await rows(`insert into track (studio_id, title_id, master_id, first, seconds, lanes) values ($1, $2, $3, $4, $5, $6)`, [scope.studioId, title, master, first, Math.min(600, seconds - first), JSON.stringify(part)]);
    }
  });
  return title;
}

interface Lane { name: string; unit: string; words: string; low: number; high: number; values: (number | null)[] }
const query = 'query ($id: ID!, $from: Int!, $to: Int!, $every: Int) { title(id: $id) { track(from: $from, to: $to, every: $every) { seconds from to every lanes { name words unit low high values } } } }';

test('a stretch over the edge of ten minutes has every second of it once, in order, with unit and range', async () => {
  const id = await titleOf(1250);
  const answer = await api.a.as.editor.graphql(query, { id, from: 595, to: 605, every: 1 });
  expect(answer.errors).toBeUndefined();
  const { track } = answer.data!.title as { track: { seconds: number; lanes: Lane[] } };
  expect(track).toMatchObject({ seconds: 1250, from: 595, to: 605, every: 1 });
  const lane = (name: string): Lane => track.lanes.find((one) => one.name === name)!;
  expect(lane('brightness').values).toEqual([5.95, 5.96, 5.97, 5.98, 5.99, 6, 6.01, 6.02, 6.03, 6.04]);
  // 599 is a second of which nothing is known.
  expect(lane('motion').values).toEqual([0, 1, 2, 3, null, 5, 6, 0, 1, 2]);
  expect(lane('motion')).toMatchObject({ unit: '% of the width a second', low: 0, high: 100 });
});

test('several seconds a value are their mean, unknown ones left out, and the title\'s end ends it', async () => {
  const id = await titleOf(25);
  const answer = await api.a.as.editor.graphql(query, { id, from: 0, to: 1000, every: 10 });
  const { track } = answer.data!.title as { track: { to: number; lanes: Lane[] } };
  expect(track.to).toBe(25);
  expect(track.lanes.find(({ name }) => name === 'brightness')!.values).toEqual([0.045, 0.145, 0.22]);
  expect(track.lanes.find(({ name }) => name === 'motion')!.values).toEqual([2.444, 3.111, 2.4]);
});

test.each([[5, 5, 1], [-1, 5, 1], [0, 2001, 1], [0, 10, 0]])('from %d to %d by %d is refused, and says what to ask for', async (from, to, every) => {
  const answer = await api.a.as.editor.graphql(query, { id: await titleOf(25), from, to, every });
  expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_STRETCH', wayOut: expect.stringContaining('2000 values') });
});

test('another studio finds neither the track through its title nor its rows', async () => {
  const id = await titleOf(25);
  const answer = await api.b.as.admin.graphql(query, { id, from: 0, to: 10, every: 1 });
  expect(answer.data?.title ?? null).toBeNull();
  await expect(api.services.curation.track(api.b.scope, id, { from: 0, to: 10 })).resolves.toBeNull();
  await api.services.database.inStudio(api.b.scope, async () => {
    expect(await rows(`select from track`)).toHaveLength(0);
    await expect(rows(`insert into track (studio_id, title_id, master_id, first, seconds, lanes) select $1, $2, $3, 0, 1, '{}'`, [api.a.scope.studioId, id, newId()])).rejects.toThrow(/row-level security/);
  });
});

test('an analysis writes its track and the scene of each shot', async () => {
  const studio = new FilmStudio(world, await world.studio('Films'), { parts: plainMedia, probe: async () => probed });
  const id = await studio.analysed(Buffer.from('a film'));
  const track = (await studio.curation.track(studio.scope, id, { from: 0, to: 2000 }))!;
  const { seconds, ...lanes } = trackOf(13);
  expect(track.seconds).toBe(seconds);
  expect(Object.fromEntries(track.lanes.map(({ name, values }) => [name, values]))).toEqual(lanes);
  const { items } = await studio.curation.shots(studio.scope, id, { first: 50 });
  expect(items.map(({ scene }) => scene)).toEqual([0, 0, 0, 0, 1, 1, 1]);
});
