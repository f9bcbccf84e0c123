import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import pg from 'pg';
import { Curation, type ShotQuery } from '#libs/curation';
import * as media from '#libs/media';
import { connect, type Database, newId, repositoryRoot, rows, Vault, FileStore, LocalKeys, type Scope } from '#libs/platform';
import { Rights } from '#libs/rights';
import { freePort, startPostgres } from '../../apps/cli/src/postgres.js';
import { cellsFor, factsOf, wordsOfFacts } from '../../libs/curation/tools/search-rows.js';
import { migrate } from '../../migrations/index.js';
import { type Bench, type Figure, median } from './figure.js';
import type { Fill } from './search/fill.js';
import { centreOf, CopyFile, int, name, numbers, said, scene, SCENES, sentence, shotId, SHOTS, things, titleName, TITLES, vectorOf } from './search/world.js';

const SENTENCES = 4_000;
const FACTS = 20_000;
const ROUNDS = 1;
const LIMIT_MS = 200;
const BUILD_S = 1200;
const WORDS = [
  // Of few shots, of many, and of most of them; names that are on screen; titles.
  'dog on a beach', 'two people talking', '"old man" umbrella', 'fisherman -night', 'a woman sleeping', 'train station', 'horse in a forest', 'somebody reading a letter', 'boat at sea', 'crowd in a city at night', 'close-up of a clock', 'dancer', 'soldier running', 'cat', 'vessel', 'puppy', 'rain', 'a judge in a kitchen', 'queen', 'handheld camera drummer',
  'person', 'shot', 'camera', 'people indoors', 'outdoors', 'a medium shot', 'static camera', 'close-up', 'chair or car', 'dark lighting -camera',
  name(0.1), name(0.3), name(0.5), name(0.7), name(0.9), `${name(0.2)} dog`, `${name(0.6)} ${name(0.05)}`, 'the clock of', `person in ${name(0.4)}`, `"${name(0.15)} boat"`,
];

const quantile = (values: number[], share: number): number => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))]!;

async function search(): Promise<Figure[]> {
  const folder = mkdtempSync(path.join(await realpath(tmpdir()), 'backlot-search-'));
  chmodSync(folder, 0o755);
  const postgres = await startPostgres({ dir: path.join(folder, 'pg'), password: 'bench', port: await freePort(), settings: { max_wal_size: '1GB', fsync: 'off', full_page_writes: 'off', maintenance_work_mem: '256MB' } });
  const owner = new pg.Client({ connectionString: postgres.url() });
  const model = await media.loadSentenceModel(path.join(repositoryRoot, 'models/text-vectors'));
  let database: Database | undefined;
  try {
    const { appUrl } = await migrate(postgres.url(), { app: 'bench', jobs: 'bench' });
    await owner.connect();
    database = await connect(appUrl, 4);
    const vault = new Vault(database, new FileStore(path.join(folder, 'vault')), new LocalKeys(path.join(folder, 'keys')));
    const curation = new Curation({ database, vault, rights: new Rights({ database, vault }), media, models: async () => undefined, sentences: async () => model, bucket: () => Promise.reject(new Error('no clips here')) });
    const began = performance.now();
    const scope = { studioId: newId() };
    const found = await fill(owner, scope, model, postgres.url(), folder);
    const build = (performance.now() - began) / 1000;
    const sizes = (await owner.query<{ vectors: string; words: string; said: string }>(`select pg_total_relation_size('shot_vector') + pg_total_relation_size('shot_cell') as vectors, pg_total_relation_size('shot_words') as words, (select sum(length(sentence)) from shot) as said`)).rows[0]!;
    const [vectors, words, said] = [sizes.vectors, sizes.words, sizes.said].map((bytes) => Number(bytes) / 2 ** 30) as [number, number, number];
    const raw = (SHOTS * (384 + 1280) * 4) / 2 ** 30;
    return [
      { name: 'search.build', value: build, unit: 's', against: BUILD_S, ratio: build / BUILD_S, peer: `${SHOTS} shots, their words, facts and both vectors, drawn and written; aim at most ${BUILD_S} s` },
      { name: 'search.vectors.size', value: vectors, unit: 'GiB', against: raw, ratio: vectors / raw, peer: 'both vectors as floats; on disk they are there with their cells, codes and indexes' },
      { name: 'search.words.size', value: words, unit: 'GiB', against: said, ratio: words / said, peer: 'the sentences; on disk words and facts are there with their indexes' },
      ...(await ask(curation, database, scope, found)),
    ];
  } finally {
    await database?.close();
    await owner.end();
    await model.close();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Found {
  /** Ids of what is nearest to each question, by looking at every vector. */
  sentences: string[][];
  looks: string[][];
  /** The shots that looks were asked of. */
  examples: number[];
  /** Sentence vectors of the questions' words. */
  texts: string[];
}

async function fill(owner: pg.Client, { studioId }: Scope, model: media.SentenceModel, ownerUrl: string, folder: string): Promise<Found> {
  await owner.query(`set session_replication_role = replica; set synchronous_commit = off; drop index shot_words_words; drop index shot_cell_near`);
  await owner.query(`insert into studio (id, name, slug) values ($1, 'Bench', 'bench')`, [studioId]);
  const texts = Array.from({ length: SENTENCES }, (_, n) => sentence(n));
  const meanings = (await model.vectors(texts))!;
  const scenes = Array.from({ length: SCENES }, (_, n) => scene(n));
  const next = numbers(5);
  const examples = WORDS.map(() => Math.floor(next() * SHOTS));
  const threads = ([
    [1, meanings, (await model.vectors(WORDS))!],
    [2, scenes, examples.map((shot) => vectorOf(shot, scenes[centreOf(shot, SCENES, 2)]!, 2))],
  ] as const).map(async ([kind, centres, questions]) => {
    const sample = Array.from({ length: 32 * 32 * 40 }, (_, n) => Math.floor((n * SHOTS) / (32 * 32 * 40))).map((shot) => vectorOf(shot, centres[centreOf(shot, centres.length, kind)]!, kind));
    const cells = (await cellsFor(SHOTS, sample)).toBytes();
    await owner.query(`insert into search_cells (id, studio_id, kind, generation, size, placed, cells) values ($1, $2, $3, 1, $4, true, $5)`, [newId(), studioId, kind, SHOTS, cells]);
    const thread = new Worker(new URL('./search/fill.js', import.meta.url), { workerData: { ownerUrl, studioId, kind, centres: [...centres], cells, questions: [...questions], folder } satisfies Fill });
    return new Promise<string[][]>((resolve, reject) => void thread.once('message', resolve).once('error', reject));
  });
  await writeShots(owner, studioId, texts, folder);
  const [sentences, looks] = (await Promise.all(threads)) as [string[][], string[][]];
  await owner.query(`create index shot_words_words on shot_words using gin (words) with (fastupdate = off)`);
  await owner.query(`create index shot_cell_near on shot_cell (studio_id, kind, cell) include (shot_id, code)`);
  await owner.query(`vacuum analyze shot_words`);
  await owner.query(`vacuum analyze shot_cell`);
  await owner.query(`analyze shot; analyze title; analyze shot_vector`);
  return { sentences, looks, examples, texts: WORDS };
}

/** Shots with their words and facts: 4,000 sentences, each shot with names of its own, and 20,000 sets of facts. Words are written as the job writes them. */
async function writeShots(owner: pg.Client, studioId: string, texts: string[], folder: string): Promise<void> {
  await owner.query(`insert into title (id, studio_id, name, state) select ('01800000-0000-7000-8000-' || lpad(to_hex(n - 1), 12, '0'))::uuid, $1, name, 'ready' from unnest($2::text[]) with ordinality x(name, n)`, [studioId, Array.from({ length: TITLES }, (_, n) => titleName(n))]);
  const next = numbers(11);
  const facts = Array.from({ length: FACTS }, () => {
    const labels = { place: { value: next() < 0.5 ? 'indoors' : 'outdoors' }, people: { value: [1, 2, 'several'][Math.floor(next() * 3)] }, objects: things(next).map((value) => ({ value })) };
    const measures = { brightness: next(), contrast: next() / 3, saturation: next() / 3, motion: next() * 60, blur: next(), blackFraction: 0, frozenFraction: next() / 10, letterbox: { top: 0, bottom: 0, left: 0, right: 0 } };
    const of = factsOf({ startPts: 0, endPts: 24 + Math.floor(next() * 240), frames: 24 + Math.floor(next() * 240), sentence: 'A shot of some words.', caption: {}, entry: { kind: 'cut', confidence: 1 }, measures, labels, film: { width: 1920, height: 1080, secondsPerTick: 1 / 24 } } as Parameters<typeof factsOf>[0]);
    return { facts: of, labels, measures, words: wordsOfFacts(of), seen: [labels.place.value, labels.people.value, ...labels.objects.map(({ value }) => value)].join('\n') };
  });
  await owner.query(`create temp table fact (n int primary key, facts jsonb, labels jsonb, measures jsonb, words text[], seen text); create temp table given (n int, said text)`);
  await owner.query(`insert into fact select at - 1, f->'facts', f->'labels', f->'measures', array(select jsonb_array_elements_text(f->'words')), f->>'seen' from jsonb_array_elements($1) with ordinality x(f, at)`, [JSON.stringify(facts)]);
  await owner.query(`analyze fact`);
  const PART = 20_000;
  for (let from = 0; from < SHOTS; from += PART) {
    const name = path.join(folder, 'given');
    const file = new CopyFile(name);
    for (let shot = from; shot < Math.min(SHOTS, from + PART); shot++) file.row([int(shot, 4), Buffer.from(texts[centreOf(shot, SENTENCES, 1)]! + said(shot))]);
    file.close();
    await owner.query(`truncate given`);
    await owner.query(`copy given from '${name}' (format binary)`);
    await owner.query(
      `with each as (
         select g.n, g.said, f.facts, f.labels, f.measures, f.words, f.seen, t.name, t.id as title_id, ('01900000-0000-7000-8000-' || lpad(to_hex(g.n), 12, '0'))::uuid as id
         from given g join fact f on f.n = (g.n::bigint * 7919) % ${FACTS} join title t on t.id = ('01800000-0000-7000-8000-' || lpad(to_hex(g.n / ${SHOTS / TITLES}), 12, '0'))::uuid),
       kept as (
         insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures, labels, sentence)
         select id, $1, title_id, title_id, n % ${SHOTS / TITLES}, 0, 9, 0, 10, '{"kind":"cut"}', measures, labels, said from each)
       insert into shot_words (shot_id, studio_id, title_id, words, facts)
       select id, $1, title_id, words_of_shot($1, said, seen, name, words), facts from each`,
      [studioId],
    );
    rmSync(name);
  }
}

async function ask(curation: Curation, database: Database, scope: Scope, { sentences, looks, examples, texts }: Found): Promise<Figure[]> {
  const figures: Figure[] = [];
  // Another threshold each time.
  const bright = (n: number) => [{ measure: 'brightness', comparison: 'at_least' as const, threshold: 0.58 + n / 1000 }, { measure: 'place', comparison: 'one_of' as const, values: ['outdoors'] }];
  const some = (n: number) => [{ measure: 'motion', comparison: 'at_most' as const, threshold: 5 + n / 20 }, { measure: 'people', comparison: 'one_of' as const, values: ['several'] }];
  const rare = (n: number) => [{ measure: 'brightness', comparison: 'at_most' as const, threshold: 0.008 + n / 10_000 }, { measure: 'people', comparison: 'one_of' as const, values: ['2'] }];
  const kinds: [string, string, ShotQuery[]][] = [
    ['words', 'words and their meaning', texts.map((words) => ({ words }))],
    ['look', 'an example', examples.map((shot) => ({ likeShotId: shotId(shot) }))],
    ['facts', 'a fifth of all shots, by facts alone', texts.map((_, n) => ({ conditions: bright(n) }))],
    ['some', 'one shot of 30, by facts alone', texts.map((_, n) => ({ conditions: some(n) }))],
    ['rare', 'one shot of 300, by facts alone', texts.map((_, n) => ({ conditions: rare(n) }))],
    ['words.facts', 'words where facts hold of a fifth', texts.map((words, n) => ({ words, conditions: bright(n) }))],
    ['words.some', 'words where facts hold of one of 30', texts.map((words, n) => ({ words, conditions: some(n) }))],
    ['words.rare', 'words where facts hold of one of 300', texts.map((words, n) => ({ words, conditions: rare(n) }))],
    ['look.some', 'an example where facts hold of one of 30', examples.map((shot, n) => ({ likeShotId: shotId(shot), conditions: some(n) }))],
    ['all', 'words, an example and facts', texts.map((words, n) => ({ words, likeShotId: shotId(examples[n]!), conditions: bright(n) }))],
  ];
  for (const [name, what, queries] of kinds) {
    const took: number[] = [];
    let hits = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (const query of queries) {
        const asked = performance.now();
        hits += (await curation.search.shots(scope, query, { first: 50 })).items.length;
        took.push(performance.now() - asked);
      }
    }
    if (hits < queries.length) throw new Error(`${name} finds nothing`);
    figures.push(...([['p50', 0.5], ['p95', 0.95]] as const).map(([of, share]) => ({ name: `search.${name}.${of}`, value: quantile(took, share), unit: 'ms', against: LIMIT_MS, ratio: quantile(took, share) / LIMIT_MS, peer: `${what}, a page of 50; aim at most ${LIMIT_MS} ms` })));
  }

  const recall = async (kind: 1 | 2, right: string[][], vector: (at: number) => Promise<ArrayLike<number>>): Promise<{ found: number; took: number[] }> => {
    const took: number[] = [];
    let found = 0;
    for (const [at, nearest] of right.entries()) {
      const asked = await vector(at);
      const began = performance.now();
      const near = await database.inStudio(scope, () => curation.search.vectors.near(scope, kind, asked, { factsHold: '', titleIds: [] }));
      took.push(performance.now() - began);
      const top = new Set(near.slice(0, 10).map(({ shotId: id }) => id));
      found += nearest.slice(0, 10).filter((id) => top.has(id)).length / 10;
    }
    return { found: found / right.length, took };
  };
  const model = await media.loadSentenceModel(path.join(repositoryRoot, 'models/text-vectors'));
  const meant = (await model.vectors(texts))!;
  await model.close();
  for (const [name, kind, right, vector] of [
    ['sentence', 1, sentences, async (at: number) => meant[at]!],
    ['look', 2, looks, async (at: number) => (await database.inStudio(scope, () => curation.search.vectors.of(scope, 2, shotId(examples[at]!))))!],
  ] as const) {
    const { found, took } = await recall(kind, right, vector);
    figures.push({ name: `search.${name}.recall@10`, value: found, unit: 'of 1', against: 0.9, ratio: found / 0.9, peer: `the ten nearest of all ${SHOTS} vectors, each looked at whole; aim at least .9` });
    const scan = await exact(database, scope, kind, await vector(0));
    figures.push({ name: `search.${name}.near`, value: median(took), unit: 'ms', against: scan, ratio: median(took) / scan, peer: 'every vector of the same table read and compared' });
  }
  const began = performance.now();
  await database.inStudio(scope, async () => {
    await rows(`set local max_parallel_workers_per_gather = 0`);
    await rows(`select id from shot where studio_id = $1 and to_tsvector('english', sentence) @@ websearch_to_tsquery('english', 'drummer') limit 10000`, [scope.studioId]);
  });
  const scan = performance.now() - began;
  const words = figures.find(({ name }) => name === 'search.words.p50')!.value;
  figures.push({ name: 'search.words.scan', value: words, unit: 'ms', against: scan, ratio: words / scan, peer: 'every sentence of the same table read for one word' });
  return figures;
}

/** What an exact answer costs without an index: ms. */
async function exact(database: Database, scope: Scope, kind: 1 | 2, asked: ArrayLike<number>): Promise<number> {
  const began = performance.now();
  let best = -Infinity;
  for (let after: string | null = null; ; ) {
    const some: { shot_id: string; vector: Buffer }[] = await database.inStudio(scope, () => rows(`select shot_id, vector from shot_vector where studio_id = $1 and kind = $2 and ($3::uuid is null or shot_id > $3) order by shot_id limit 20000`, [scope.studioId, kind, after]));
    for (const { vector } of some) {
      const bytes = new Int8Array(vector.buffer, vector.byteOffset, vector.length);
      let near = 0;
      for (let i = 0; i < bytes.length; i++) near += bytes[i]! * asked[i]!;
      best = Math.max(best, near);
    }
    after = some.at(-1)?.shot_id ?? null;
    if (some.length < 20_000) return performance.now() - began;
  }
}

export default { name: 'search', run: search } satisfies Bench;
