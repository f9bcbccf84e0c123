/** @jest-environment ./test/support/native-arrays.environment.cjs */
// Shots are found by words, by what words mean, by example and by facts; in one studio alone.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Curation, LOOK, SENTENCE, type ShotQuery } from '#libs/curation';
import pg from 'pg';
import * as media from '#libs/media';
import { type JobHandler, newId, relayEvents, repositoryRoot, rows, type Scope } from '#libs/platform';
import { Rights } from '#libs/rights';
import { makeWorld, type World } from '../support/studio.js';

let world: World;
let curation: Curation;
let model: media.SentenceModel;
beforeAll(async () => {
  world = await makeWorld();
  model = await media.loadSentenceModel(path.join(repositoryRoot, 'models/text-vectors'));
  curation = new Curation({ ...world, rights: new Rights(world), media, models: async () => undefined, sentences: async () => model, bucket: async () => ({ width: 96, height: 64, frames: 17, fps: 16 }) });
}, 60_000);
afterAll(async () => {
  await model.close();
  await world.close();
});

interface Given {
  sentence?: string;
  labels?: object;
  measures?: object;
  caption?: object;
}

/** A title of some shots, ready; gives their ids. */
async function film(scope: Scope, shots: Given[], { name = 'Some film', state = 'ready' } = {}): Promise<{ title: string; ids: string[] }> {
  const [title, master] = [newId(), newId()];
  const ids = shots.map(() => newId()).sort();
  await world.database.inStudio(scope, async () => {
    await rows(`insert into title (id, studio_id, name, state) values ($1, $2, $3, $4)`, [title, scope.studioId, name, state]);
    await rows(`insert into master (id, studio_id, title_id, file_name, bytes, state) values ($1, $2, $3, 'm.mp4', 10, 'sealed')`, [master, scope.studioId, title]);
    await rows(`insert into analysis (master_id, studio_id, title_id, frames, time_base, start_pts, duration_pts, width, height, detector, decision_id) values ($1, $2, $3, 1000, '1/25', 0, 1000, 1920, 1080, 'test', $4)`, [master, scope.studioId, title, newId()]);
    const written = shots.map(({ sentence = 'A shot.', labels = {}, measures = {}, caption = {} }, n) => ({ id: ids[n], number: n, sentence, labels, measures, caption }));
    await rows(
      `insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures, labels, caption, sentence)
       select id, $1, $2, $3, number, number * 50, number * 50 + 49, number * 50, number * 50 + 49, '{"kind":"cut","confidence":1}', measures, labels, caption, sentence
       from jsonb_to_recordset($4) as s(id uuid, number int, measures jsonb, labels jsonb, caption jsonb, sentence text)`,
      [scope.studioId, title, master, JSON.stringify(written)],
    );
  });
  return { title, ids };
}

async function run(handler: JobHandler, scope: Scope, payload: Record<string, unknown> = {}, signal = new AbortController().signal): Promise<void> {
  await handler.run({ jobId: newId(), scope, subjectId: scope.studioId, payload, attempt: 1, signal, progress: () => undefined });
}
const index = (scope: Scope): Promise<void> => run(curation.search.index, scope);
const search = async (scope: Scope, query: ShotQuery, first = 50): Promise<string[]> => (await curation.search.shots(scope, query, { first })).items.map(({ shot }) => shot.id);
const label = (value: unknown): object => ({ value, source: 'modelled', confidence: 0.9 });

describe('what is found', () => {
  let scope: Scope;
  let dog: string, ship: string, night: string, credits: string, two: string;
  let title: string;
  beforeAll(async () => {
    scope = await world.studio();
    const made = await film(
      scope,
      [
        { sentence: 'A medium shot of a dog outdoors, static camera.', labels: { place: label('outdoors'), objects: [label('dog')] }, measures: { brightness: 0.7 } },
        { sentence: 'A long shot of a boat outdoors, bright lighting.', labels: { place: label('outdoors'), objects: [label('boat')] }, measures: { brightness: 0.8 } },
        { sentence: 'A close-up of a person indoors, dark lighting.', labels: { place: label('indoors'), people: label(1) }, measures: { brightness: 0.1 } },
        { sentence: 'A shot, static camera, on-screen text "Directed by Ada O\'Hara".', caption: { onScreenText: label("Directed by Ada O'Hara") } },
        { sentence: 'A medium shot of two people indoors.', labels: { place: label('indoors'), people: label(2) }, measures: { brightness: 0.4 } },
      ],
      { name: 'The Lighthouse' },
    );
    [dog, ship, night, credits, two] = made.ids as [string, string, string, string, string];
    title = made.title;
    await index(scope);
  });

  test.each<[string, () => ShotQuery, () => string]>([
    ['a word', () => ({ words: 'dogs' }), () => dog],
    ['another word for it', () => ({ words: 'puppy in a garden' }), () => dog],
    ['what it means', () => ({ words: 'a vessel at sea' }), () => ship],
    ['a phrase', () => ({ words: '"two people"' }), () => two],
    ['a name on the screen', () => ({ words: "ada o'hara" }), () => credits],
    ['words that mean the opposite of what is left out', () => ({ words: 'person -"two people"' }), () => night],
  ])('by %s', async (_by, query, right) => {
    expect((await search(scope, query()))[0]).toBe(right());
  });

  test('words that must not be there are in none of the hits', async () => {
    const found = await search(scope, { words: 'people indoors -dark' });
    expect(found).toContain(two);
    expect(found).not.toContain(night);
  });

  test('by the name of its title, all shots of it', async () => {
    expect((await search(scope, { words: 'lighthouse' })).sort()).toEqual(expect.arrayContaining([dog, ship, night, credits, two].sort()));
  });

  test('by facts, in the order of the film; each hit tells the facts that were asked for', async () => {
    const asked = { conditions: [{ measure: 'brightness', comparison: 'at_most' as const, threshold: 0.4 }] };
    const { items, total, hasNextPage } = await curation.search.shots(scope, asked, { first: 10 });
    expect(items.map(({ shot, facts }) => [shot.id, facts.map(({ measure, value }) => `${measure.name} ${value as number}`)])).toEqual([[night, ['brightness 0.1']], [two, ['brightness 0.4']]]);
    expect({ total, hasNextPage }).toEqual({ total: null, hasNextPage: false });
    expect(await search(scope, { conditions: [{ measure: 'brightness', comparison: 'at_most', threshold: 0.399 }] })).toEqual([night]);
    expect(await search(scope, { conditions: [{ measure: 'brightness', comparison: 'at_least', threshold: 0.7, unknown: 'keep' }] })).toEqual([dog, ship, credits]);
    expect(await search(scope, { conditions: [{ measure: 'place', comparison: 'one_of', values: ['indoors'] }, { measure: 'people', comparison: 'none_of', values: ['2'] }] })).toEqual([night]);
    expect(await search(scope, { conditions: [{ measure: 'seconds', comparison: 'at_least', threshold: 1.96 }, { measure: 'objects', comparison: 'one_of', values: ['boat', 'dog'] }] })).toEqual([dog, ship]);
  });

  test('words and facts together: only where the facts hold', async () => {
    expect(await search(scope, { words: 'a medium shot', conditions: [{ measure: 'place', comparison: 'one_of', values: ['indoors'] }] })).toEqual(expect.arrayContaining([two]));
    expect(await search(scope, { words: 'dog', conditions: [{ measure: 'place', comparison: 'one_of', values: ['indoors'] }] })).not.toContain(dog);
  });

  test('each hit says why: the words that match as they stand there, and how near it is in meaning', async () => {
    const [best] = (await curation.search.shots(scope, { words: 'dogs outdoor' }, { first: 1 })).items;
    expect(best).toMatchObject({ shot: { id: dog }, words: ['dog', 'outdoors'], look: null });
    expect(best!.meaning).toBeGreaterThan(0.4);
  });

  test('an example whose look was never kept is gone by for what its sentence means', async () => {
    const { items } = await curation.search.shots(scope, { likeShotId: two }, { first: 10 });
    expect(items.map(({ shot }) => shot.id)).not.toContain(two);
    expect(items[0]).toMatchObject({ shot: { id: night }, look: null });
    expect(items[0]!.meaning).toBeGreaterThan(0.4);
  });

  test('in titles and states that are asked for', async () => {
    const other = await film(scope, [{ sentence: 'A medium shot of a dog on a beach.' }], { state: 'withheld' });
    await index(scope);
    expect(new Set(await search(scope, { words: 'dog' }))).toEqual(new Set([dog, other.ids[0]]));
    expect(await search(scope, { words: 'dog', titleIds: [title] })).toEqual([dog]);
    expect(await search(scope, { words: 'dog', titleState: 'withheld' })).toEqual(other.ids);
    expect(await search(scope, { titleIds: [other.title] })).toEqual(other.ids);
    await world.database.inStudio(scope, () => rows(`delete from title where id = $1`, [other.title]));
    // At once: nothing has been written anew.
    expect(await search(scope, { words: 'dog' })).toEqual([dog]);
  });

  test('pages follow one another without a gap and without one twice', async () => {
    const scope = await world.studio();
    await film(scope, Array.from({ length: 57 }, (_, n) => ({ sentence: `A shot of a dog, take ${n}.`, measures: { brightness: 0.5 } })));
    await index(scope);
    for (const query of [{ words: 'dog' }, { words: 'a puppy' }, { conditions: [{ measure: 'brightness', comparison: 'at_least' as const, threshold: 0.1 }] }]) {
      const whole = await search(scope, query, 100);
      const paged: string[] = [];
      for (let after: string | null = null; ; ) {
        const page = await curation.search.shots(scope, query, { first: 10, after });
        paged.push(...page.items.map(({ shot }) => shot.id));
        after = page.endCursor;
        if (!page.hasNextPage) break;
      }
      expect(whole).toHaveLength(57);
      expect(paged).toEqual(whole);
    }
  }, 60_000);
});

describe('where words are of more shots than are ranked', () => {
  let scope: Scope;
  let said: string[];
  beforeAll(async () => {
    scope = await world.studio();
    // Read first: those that have the words in their title or a label alone.
    await film(scope, Array.from({ length: 40 }, () => ({ sentence: 'A shot of a road.', labels: { objects: [label('dog')] } })), { name: 'Sleeping beach' });
    said = (await film(scope, ['A dog on a beach.', 'A beach where a dog sleeps.', 'A dog, and no cat, on the beach.'].map((sentence) => ({ sentence })))).ids;
    await index(scope);
  });
  const first = async (words: string, most: number): Promise<string[]> => (await world.database.inStudio(scope, () => rows<{ shot_id: string }>(`select shot_id from search_words($1, '', '', '{}', null, null, $2, false)`, [words, most]))).map(({ shot_id }) => shot_id);

  test.each([['dog', 3], ['dog beach', 3], ['"on a beach" or dog', 3], ['beach -cat', 2], ['dog -cat', 2], ['"dog on a beach"', 1]])('%s: those of which they are said come first', async (words, most) => {
    expect((await first(words, most)).every((id) => said.includes(id))).toBe(true);
    const all = await first(words, 100);
    expect(new Set(all.slice(0, most)).size).toBe(most);
    expect(all).toHaveLength(new Set(all).size);
  });

  test('the others are behind them, each once', async () => {
    expect(await first('dog', 100)).toHaveLength(43);
    expect(await first('beach -cat', 100)).toHaveLength(42);
    expect(await first('-cat', 100)).toHaveLength(42);
  });

  test('one that is near in meaning has the rank of its words though it is not among those that were ranked', async () => {
    const scope = await world.studio();
    const { ids, title } = await film(scope, Array.from({ length: 10_050 }, () => ({})));
    const last = ids.at(-1)!;
    await world.database.inStudio(scope, async () => {
      await rows(`insert into shot_words (shot_id, studio_id, title_id, words, facts) select id, $1, $2, words_of_shot($1, 'A dog.', '', '', '{}'), '{}' from unnest($3::uuid[]) id`, [scope.studioId, title, ids]);
      await curation.search.vectors.write(scope, SENTENCE, [{ shotId: last, vector: (await model.vectors(['A dog.']))![0]! }]);
    });
    expect((await curation.search.shots(scope, { words: 'dog' }, { first: 2 })).items.map(({ shot }) => shot.id)[0]).toBe(last);
  }, 60_000);
});

test('what a migration changes of words is written anew, of every shot', async () => {
  const scope = await world.studio();
  const { ids } = await film(scope, [{ sentence: 'A shot of a dog.' }, {}]);
  await index(scope);
  const told = (): Promise<object[]> => world.database.inStudio(scope, () => rows(`select id from outbox where studio_id = $1 and type = 'shots.changed'`, [scope.studioId]));
  const before = await told();
  const owner = new pg.Client({ connectionString: world.ownerUrl });
  await owner.connect();
  try {
    await owner.query(`call search_anew()`);
  } finally {
    await owner.end();
  }
  expect(await world.database.inStudio(scope, () => rows(`select shot_id from search_due where studio_id = $1 order by 1`, [scope.studioId]))).toEqual(ids.map((shot_id) => ({ shot_id })));
  // What the job is started by.
  expect(await told()).toHaveLength(before.length + 1);
});

test('what a member writes of a shot is found as soon as the job has run, and what stood there no more', async () => {
  const scope = await world.studio();
  const { ids } = await film(scope, [{ sentence: 'A shot of a dog.' }]);
  await index(scope);
  await curation.correctShot(scope, ids[0]!, 'sentence', 'A wolf howls at the moon.');
  await relayEvents(world.database, { curation: curation.reactions });
  const jobs = await world.database.inStudio(scope, () => rows<{ state: string }>(`select state from job where studio_id = $1 and name = 'index'`, [scope.studioId]));
  expect(jobs).toEqual([{ state: 'queued' }]);
  await index(scope);
  expect(await search(scope, { words: 'wolves howling' })).toEqual(ids);
  expect((await curation.search.shots(scope, { words: 'dog' }, { first: 1 })).items[0]?.words ?? []).toEqual([]);
});

test('a change that is not searched puts no shot in line, and a shot that changes while it is written stays in line', async () => {
  const scope = await world.studio();
  const { ids } = await film(scope, [{}]);
  await index(scope);
  const due = (): Promise<object[]> => world.database.inStudio(scope, () => rows(`select mark from search_due where studio_id = $1`, [scope.studioId]));
  await world.database.inStudio(scope, () => rows(`update shot set reviewed_at = now() where id = $1`, [ids[0]]));
  expect(await due()).toEqual([]);
  const slow = { ...model, vectors: async (texts: string[]) => {
    await world.database.inStudio(scope, () => rows(`update shot set sentence = sentence || ' roars' where id = $1 and sentence not like '%roars roars%'`, [ids[0]]));
    return model.vectors(texts);
  } };
  const other = new Curation({ ...world, rights: new Rights(world), media, models: async () => undefined, sentences: async () => slow, bucket: async () => ({ width: 96, height: 64, frames: 17, fps: 16 }) });
  await world.database.inStudio(scope, () => rows(`update shot set sentence = 'A tiger' where id = $1`, [ids[0]]));
  await run(other.search.index, scope);
  expect(await due()).toEqual([]);
  expect((await curation.search.shots(scope, { words: 'tiger' }, { first: 1 })).items[0]!.words).toEqual(['tiger']);
  expect((await curation.search.shots(scope, { words: '"roars roars"' }, { first: 1 })).items[0]!.words).toEqual(['roars']);
});

describe('what if another studio searches?', () => {
  test('it finds its own shots alone, whatever it asks, and is found in no list that it shares', async () => {
    const [a, b] = [await world.studio(), await world.studio()];
    const ours = await film(a, [{ sentence: 'A shot of a unicorn.', measures: { brightness: 0.3 } }]);
    const theirs = await film(b, [{ sentence: 'A shot of a unicorn.', measures: { brightness: 0.3 } }]);
    const look = Float32Array.from({ length: 1280 }, (_, n) => Math.sin(n));
    for (const [scope, id] of [[a, ours.ids[0]!], [b, theirs.ids[0]!]] as const) {
      await index(scope);
      await world.database.inStudio(scope, () => curation.search.vectors.write(scope, LOOK, [{ shotId: id, vector: look }]));
    }
    for (const query of [{ words: 'unicorn' }, { words: 'a magical horse' }, { conditions: [{ measure: 'brightness', comparison: 'at_most' as const, threshold: 1 }] }]) expect(await search(b, query)).toEqual(theirs.ids);
    await expect(search(b, { words: 'unicorn', titleIds: [ours.title] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await search(b, { likeShotId: theirs.ids[0]! })).toEqual([]);
    await expect(search(b, { likeShotId: ours.ids[0]! })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(search(b, { likeShotId: newId() })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    // One layer fails: the function that looks past row security is given another studio's word, or no studio at all.
    const [{ words }] = (await world.database.inStudio(a, () => rows<{ words: string }>(`select (tsvector_to_array(words))[1] as words from shot_words where shot_id = $1`, [ours.ids[0]]))) as [{ words: string }];
    expect(await world.database.inStudio(b, () => rows(`select * from search_words('', $1, '', '{}', null, null, 10, false)`, [`'${words}'`]))).toEqual([]);
    expect(await world.database.outside(`select * from search_words('unicorn', '', '', '{}', null, null, 10, false)`)).toEqual([]);
    expect(await world.database.inStudio(b, () => rows(`select shot_id from shot_cell union all select shot_id from shot_vector union all select shot_id from shot_words`))).toEqual(Array.from({ length: 5 }, () => ({ shot_id: theirs.ids[0] })));
  });
});

describe('cells', () => {
  /** Looks in some clusters. */
  function looks(many: number, seed = 1): Float32Array[] {
    let state = seed;
    const next = (): number => ((state = (state * 48_271) % 2_147_483_647) / 2_147_483_647) - 0.5;
    const centres = Array.from({ length: 20 }, () => Float32Array.from({ length: 1280 }, () => next()));
    return Array.from({ length: many }, (_, n) => Float32Array.from(centres[n % 20]!, (value) => value + 0.5 * next()));
  }

  test('are learnt when a studio has grown; killed or cancelled on the way nothing is lost, and the next run goes on', async () => {
    const scope = await world.studio();
    const { ids } = await film(scope, Array.from({ length: 4200 }, () => ({})));
    const given = looks(4200).map((vector, n) => ({ shotId: ids[n]!, vector }));
    await world.database.inStudio(scope, () => curation.search.vectors.write(scope, LOOK, given));
    const nearest = async (): Promise<string[]> => (await curation.search.shots(scope, { likeShotId: ids[7]! }, { first: 10 })).items.map(({ shot }) => shot.id);
    const of = (of: Float32Array): string[] => {
      const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0) / Math.sqrt(b.reduce((sum, value) => sum + value * value, 0));
      return given.filter(({ shotId }) => shotId !== ids[7]).map(({ shotId, vector }) => ({ shotId, near: dot(of, vector) })).sort((x, y) => y.near - x.near).slice(0, 10).map(({ shotId }) => shotId);
    };
    await world.database.inStudio(scope, () => rows(`delete from search_due where studio_id = $1`, [scope.studioId]));
    await index(scope);
    await world.database.inStudio(scope, () => rows(`insert into shot_words (shot_id, studio_id, title_id, words, facts) select id, studio_id, title_id, '', '{}' from shot where studio_id = $1 on conflict do nothing`, [scope.studioId]));
    expect(await world.database.inStudio(scope, () => rows(`select key, state from job where studio_id = $1 and name = 'cells'`, [scope.studioId]))).toEqual([{ key: `cells:${LOOK}:1`, state: 'queued' }]);
    const right = of(given[7]!.vector);
    const shared = async (): Promise<number> => (await nearest()).filter((id) => right.includes(id)).length;
    expect(await shared()).toBeGreaterThanOrEqual(9);

    const left = (): Promise<{ cells: string; unplaced: string; placed: boolean | null }[]> =>
      world.database.inStudio(scope, () => rows(`select (select count(*) from shot_cell where studio_id = $1 and kind = 2) as cells, (select count(*) from shot_cell where studio_id = $1 and kind = 2 and cell = 0) as unplaced, (select placed from search_cells where studio_id = $1) as placed`, [scope.studioId]));
    const killed = new AbortController();
    await expect(
      curation.search.vectors.learn.run({ jobId: newId(), scope, subjectId: scope.studioId, payload: { kind: LOOK }, attempt: 1, signal: killed.signal, progress: (_fraction, note) => note?.startsWith('placing shots, 1000') && killed.abort(new Error('killed')) }),
    ).rejects.toThrow('killed');
    expect(await left()).toEqual([{ cells: '4200', unplaced: '3200', placed: false }]);
    expect(await shared()).toBeGreaterThanOrEqual(9);

    await run(curation.search.vectors.learn, scope, { kind: LOOK });
    expect(await left()).toEqual([{ cells: '4200', unplaced: '0', placed: true }]);
    expect(await shared()).toBeGreaterThanOrEqual(9);
    // Again: there is nothing to do. A new shot goes into its cell at once.
    await run(curation.search.vectors.learn, scope, { kind: LOOK });
    const one = await film(scope, [{}]);
    await world.database.inStudio(scope, () => curation.search.vectors.write(scope, LOOK, [{ shotId: one.ids[0]!, vector: given[7]!.vector }]));
    await index(scope);
    expect((await nearest())[0]).toBe(one.ids[0]);
    expect(await left()).toEqual([{ cells: '4201', unplaced: '0', placed: true }]);
  }, 120_000);
});

test.each<[string, ShotQuery]>([
  ['nothing', {}],
  ['blank words', { words: '  ' }],
  ['too many words', { words: 'x'.repeat(501) }],
  ['a measure that is not there', { conditions: [{ measure: "brightness' or 1", comparison: 'at_least', threshold: 1 }] }],
  ['a number asked as words', { conditions: [{ measure: 'brightness', comparison: 'one_of', values: ['x'] }] }],
  ['no number', { conditions: [{ measure: 'brightness', comparison: 'at_least', threshold: NaN }] }],
  ['a word that it never is', { conditions: [{ measure: 'place', comparison: 'one_of', values: ['on the moon'] }] }],
  ['what is no id', { titleIds: ['x'] }],
])('%s is refused with what is wrong', async (_what, query) => {
  const scope = await world.studio();
  await expect(search(scope, query)).rejects.toMatchObject({ code: 'BAD_SEARCH', message: expect.stringMatching(/\w/), wayOut: expect.any(String) });
});

test.each(['!', '&', "'", "''", '" " "', '-', 'the', "\\'", 'a | b & !c <-> (d', ':*', '\u0000', '日本語', '%', 'x:A', "O'Hara\\", '😀', '-dog'])('words %j are words', async (words) => {
  const scope = await world.studio();
  await film(scope, [{ sentence: `A sign that says ${words.replaceAll('\u0000', '')}.` }]);
  await index(scope);
  await expect(words === '\u0000' ? search(scope, { words }).catch((error: { code: string }) => error.code) : search(scope, { words })).resolves.toBeDefined();
});
