// Changes of one title's shots and of their near-duplicates that meet wait for one another, and neither is broken off by the database.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Shot } from '#libs/curation';
import type { Analysis, AnalyseOptions } from '#libs/media';
import { rows } from '#libs/platform';
import { FilmStudio } from '../support/film-studio.js';
import { plainMedia, probed } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

let world: World;
let studio: FilmStudio;
let title: string;
let shots: Shot[];
beforeAll(async () => {
  world = await makeWorld();
}, 60_000);
afterAll(() => world.close());

beforeEach(async () => {
  // The third shot and the sixth show one take; the third is the sharper one.
  const take = randomBytes(8).toString('hex');
  const analyse = async (address: string, options: AnalyseOptions): Promise<Analysis> => {
    const told = await plainMedia.analyse(address, options);
    return { ...told, shots: told.shots.map((shot, n) => ({ ...shot, keyframes: shot.keyframes.map((keyframe) => ({ ...keyframe, hash: n === 2 || n === 5 ? take : randomBytes(8).toString('hex') })) })) };
  };
  studio = new FilmStudio(world, await world.studio(), { parts: { ...plainMedia, analyse }, probe: async () => probed });
  title = await studio.analysed(randomBytes(3000));
  await studio.curation.findDuplicates.run(studio.context(title));
  shots = (await studio.curation.shots(studio.scope, title, { first: 10 })).items;
});

/** Runs both while a row is locked that the first asks for before the second does; once both wait, the row is free. */
async function meet(locked: string, id: string, first: () => Promise<unknown>, second: () => Promise<unknown>): Promise<void> {
  const free = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const holder = studio.inStudio(async () => {
    expect(await rows(`${locked} for update`, [id])).toHaveLength(1);
    taken.resolve();
    await free.promise;
  });
  const ended: Promise<unknown>[] = [holder];
  try {
    await Promise.race([taken.promise, holder]);
    for (const [many, begin] of [first, second].entries()) {
      ended.push(begin());
      while ((await waiting()) <= many);
    }
  } finally {
    free.resolve();
    const told = await Promise.allSettled(ended);
    expect(told.filter(({ status }) => status === 'rejected')).toEqual([]);
  }
}

async function waiting(): Promise<number> {
  const [found] = await world.database.outside<{ count: number }>(`select count(*)::int from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`);
  return found!.count;
}

/** Moves the boundary at which a shot begins: that shot is locked, then the one before it. */
const change = ({ id, first }: Shot): Promise<unknown> => studio.curation.review.change(studio.scope, id, 0, { kind: 'cut', first: first + 3 });

describe('a reviewer moves a boundary, which changes two shots,', () => {
  test('while both are written into the index', async () => {
    // It goes by ids, which are not in the order of the film where they were given in one millisecond.
    const shot = shots.find(({ id }, n) => n > 0 && shots[n - 1]!.id < id)!;
    await meet(`select from shot where id = $1`, shot.id, () => change(shot), () => studio.curation.search.index.run(studio.context(studio.scope.studioId)));
    expect(await studio.count(`from shot where id = $1 and first_frame = $2`, shot.id, shot.first + 3)).toBe(1);
    await studio.curation.search.index.run(studio.context(studio.scope.studioId));
    expect(await studio.count(`from search_due`)).toBe(0);
    expect(await studio.count(`from shot_words where title_id = $1`, title)).toBe(7);
  });

  test('while both are described', async () => {
    await meet(`select from shot where id = $1`, shots[2]!.id, () => change(shots[2]!), () => studio.curation.captions.job.run(studio.context(title)));
    expect((await studio.curation.shots(studio.scope, title, { first: 10 })).items.slice(1, 3)).toMatchObject([{ last: 102 }, { first: 103 }]);
  });

  test('while all shots are to be described anew', async () => {
    await meet(`select from shot where id = $1`, shots[2]!.id, () => change(shots[2]!), () => studio.curation.captions.again(studio.scope, title));
    expect(await studio.count(`from job where subject_id = $1 and name = 'caption' and state = 'queued'`, title)).toBe(1);
  });
});

test('two agree on a boundary and a label while shots are written into the index', async () => {
  const { scope, curation } = studio;
  const [officer] = await studio.inStudio(() => rows<{ id: string }>(`select id from member where studio_id = $1 and id <> $2`, [scope.studioId, scope.memberId]));
  const shot = shots.find(({ id }, n) => n > 0 && shots[n - 1]!.id < id)!;
  const input = { entry: { kind: 'cut' as const, first: shot.first + 3 }, labels: [{ label: 'people', values: ['2'] }], sentence: 'Two people.' };
  await curation.doubleReview.ask(scope, title);
  await curation.doubleReview.decide({ ...scope, memberId: officer!.id }, shot.id, 0, input);
  await meet(`select from shot where id = $1`, shot.id, () => curation.doubleReview.decide(scope, shot.id, 0, input), () => curation.search.index.run(studio.context(scope.studioId)));
  expect(await studio.count(`from shot where id = $1 and first_frame = $2 and sentence = 'Two people.'`, shot.id, shot.first + 3)).toBe(1);
});

test('a reviewer merges a shot away that represents others while a member chooses one of them', async () => {
  const [cluster] = (await studio.curation.duplicates.clusters(studio.scope, { first: 9 })).items;
  expect(cluster).toMatchObject({ id: shots[2]!.id, size: 2 });
  await meet(`select from print where shot_id = $1`, shots[2]!.id, () => studio.curation.review.merge(studio.scope, shots[2]!.id, 0), () => studio.curation.duplicates.choose(studio.scope, shots[5]!.id, true));
  expect(await studio.count(`from shot where title_id = $1`, title)).toBe(6);
  expect(await studio.count(`from print where shot_id = $1 and chosen_at is not null`, shots[5]!.id)).toBe(1);
});
