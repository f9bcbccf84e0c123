import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type FilterSet, MEASURES, PRESETS, type Rule, type RuleInput, rulesSha256, STANDARD } from '#libs/curation';
import { newId, row, rows } from '#libs/platform';
import { FilmStudio } from '../support/film-studio.js';
import { plainMedia, probed, sha256 } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

// Two cores may be shared with a whole product that is under test beside this.
jest.setTimeout(120_000);

const studioCalled = async (name: string): Promise<FilmStudio> => new FilmStudio(world, await world.studio(name), { parts: plainMedia, probe: async () => probed });

let world: World;
let a: FilmStudio;
let b: FilmStudio;
let titleId: string;
beforeAll(async () => {
  world = await makeWorld();
  a = await studioCalled('A');
  b = await studioCalled('B');
  titleId = await a.analysed(randomBytes(5000));
});
afterAll(() => world.close());

const sharp = (threshold: number, more: Partial<RuleInput> = {}): RuleInput => ({ id: 'SHARP', measure: 'blur', comparison: 'at_most', threshold, words: 'Soft pictures teach softness.', ...more });
const entries = (studio: FilmStudio): Promise<{ payload: Record<string, unknown> }[]> => studio.inStudio(() => rows(`select payload from audit_entry where type = 'filter' order by id`));

describe('a filter set', () => {
  let set: FilterSet;
  beforeAll(async () => {
    set = await a.curation.filters.create(a.scope, { name: 'Sharp', rules: [sharp(0.5)] });
  });

  test('has a version for each change, and going back is the next version with the rules of before', async () => {
    const { filters } = a.curation;
    const changed = await filters.change(a.scope, set.id, { version: 1, rules: [sharp(0.3), { id: 'LONG', measure: 'frames', comparison: 'at_least', threshold: 48, unit: 'frames', unknown: 'drop' }], why: 'Still too soft.' });
    expect(changed).toMatchObject({ version: 2, name: 'Sharp', preset: null, rules: [{ id: 'SHARP', threshold: 0.3, unit: 'of 1', unknown: 'keep' }, { id: 'LONG', unknown: 'drop' }] });
    const back = await filters.goBack(a.scope, set.id, 1, 'Too little was left.');
    expect(back).toMatchObject({ version: 3, rules: set.rules, sha256: set.sha256 });
    const first = await filters.versions(a.scope, set.id, { first: 2 });
    const rest = await filters.versions(a.scope, set.id, { first: 2, after: first.endCursor });
    expect([...first.items, ...rest.items].map(({ version, why, wentBackTo, createdBy }) => [version, why, wentBackTo, createdBy])).toEqual([
      [3, 'Too little was left.', 1, a.scope.memberId],
      [2, 'Still too soft.', null, a.scope.memberId],
      [1, 'Created.', null, a.scope.memberId],
    ]);
    expect((await entries(a)).filter(({ payload }) => payload.set === set.id).map(({ payload }) => payload)).toEqual([
      { set: set.id, name: 'Sharp', version: 1, sha256: set.sha256, why: 'Created.', wentBackTo: null, member: a.scope.memberId },
      { set: set.id, name: 'Sharp', version: 2, sha256: changed.sha256, why: 'Still too soft.', wentBackTo: null, member: a.scope.memberId },
      { set: set.id, name: 'Sharp', version: 3, sha256: set.sha256, why: 'Too little was left.', wentBackTo: 1, member: a.scope.memberId },
    ]);
  });

  test('who changes what is no longer the newest is told so, and of two at once one wins', async () => {
    const { filters } = a.curation;
    const mine = await filters.create(a.scope, { name: 'Contested', rules: [] });
    const results = await Promise.allSettled([0.1, 0.2].map((threshold) => filters.change(a.scope, mine.id, { version: 1, rules: [sharp(threshold)], why: 'Mine.' })));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find((result) => result.status === 'rejected')).toMatchObject({ reason: { code: 'FILTER_CHANGED' } });
    expect((await filters.find(a.scope, mine.id)).version).toBe(2);
  });

  test('starts from every preset, whose rules it then has', async () => {
    for (const preset of PRESETS) expect(await a.curation.filters.create(a.scope, { name: `from ${preset.name}`, preset: preset.name })).toMatchObject({ preset: preset.name, version: 1, rules: preset.rules, sha256: rulesSha256(preset.rules) });
  });

  test('is listed by pages, newest first', async () => {
    const names: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const page = await a.curation.filters.page(a.scope, { first: 2, after });
      names.push(...page.items.map(({ name }) => name));
      [after, more] = [page.endCursor, page.hasNextPage];
    }
    expect(names).toHaveLength(await a.curation.filters.count(a.scope));
    expect(names.at(-1)).toBe('Sharp');
  });

  test.each([
    ['a name that is taken', () => a.curation.filters.create(a.scope, { name: 'Sharp', rules: [] }), 'FILTER_NAME_TAKEN'],
    ['no name', () => a.curation.filters.create(a.scope, { name: ' ', rules: [] }), 'BAD_FILTER'],
    ['neither preset nor rules', () => a.curation.filters.create(a.scope, { name: 'x' }), 'BAD_FILTER'],
    ['a preset that is none', () => a.curation.filters.create(a.scope, { name: 'x', preset: 'constructor' }), 'BAD_FILTER'],
    ['a rule about nothing', () => a.curation.filters.create(a.scope, { name: 'x', rules: [sharp(1, { measure: 'beauty' })] }), 'BAD_FILTER'],
    ['a change without a reason', () => a.curation.filters.change(a.scope, set.id, { version: 3, rules: [], why: ' ' }), 'BAD_FILTER'],
    ['a version that never was', () => a.curation.filters.goBack(a.scope, set.id, 99, 'x'), 'NOT_FOUND'],
  ])('%s: refused', async (_name, ask, code) => {
    await expect(ask()).rejects.toMatchObject({ code });
  });

  test("another studio's is not there, for no question and no change, and its rows are out of reach", async () => {
    const { filters } = b.curation;
    const choice = { setId: set.id, version: 1 };
    for (const ask of [
      () => filters.find(b.scope, set.id),
      () => filters.version(b.scope, choice),
      () => filters.chosen(b.scope, choice),
      () => filters.change(b.scope, set.id, { version: 3, rules: [], why: 'x' }),
      () => filters.goBack(b.scope, set.id, 1, 'x'),
      () => b.curation.buildDataset(b.scope, { name: 'theft', titleIds: [], filter: choice }),
      () => b.curation.previewFilter(b.scope, { titleIds: [], filter: choice }),
      () => b.curation.previewFilter(b.scope, { titleIds: [titleId] }),
    ]) await expect(ask()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect([(await filters.page(b.scope, { first: 9 })).items, (await filters.versions(b.scope, set.id, { first: 9 })).items, await filters.count(b.scope)]).toEqual([[], [], 0]);
    expect(await b.inStudio(async () => [await rows(`select from filter_set`), await rows(`select from filter_version`)])).toEqual([[], []]);
    await expect(b.inStudio(() => rows(`insert into filter_version (studio_id, set_id, version, rules, sha256, why) values ($1, $2, 9, '[]', '', '')`, [a.scope.studioId, set.id]))).rejects.toThrow(/row-level security/);
    const preview = await b.curation.previewFilter(b.scope, { titleIds: [] });
    expect([preview.shots, await preview.counts().then(({ kept, dropped }) => kept + dropped), (await preview.examples('BLACK', 'kept', { first: 9 })).items]).toEqual([0, 0, []]);
  });

  test('a version never changes: the product may not, whoever asks it', async () => {
    await expect(a.inStudio(() => rows(`update filter_version set rules = '[]'`))).rejects.toThrow(/permission denied/);
    await expect(a.inStudio(() => rows(`delete from filter_version`))).rejects.toThrow(/permission denied/);
  });
});

describe('a dataset version goes by its filter set', () => {
  const choose = async (name: string, rules: RuleInput[]): Promise<{ setId: string; version: number }> => {
    const { id, version } = await a.curation.filters.create(a.scope, { name, rules });
    return { setId: id, version };
  };

  test('the standard rules where none is chosen, and the same hash as a set of the same rules', async () => {
    const plain = await a.frozen({ titleIds: [titleId] });
    expect(plain.filter).toEqual({ setId: null, name: 'standard', version: null, rules: STANDARD });
    const same = await a.frozen({ titleIds: [titleId], filter: await choose('As ever', [...STANDARD]) });
    const other = await a.frozen({ titleIds: [titleId], filter: await choose('Nearly as ever', STANDARD.map((rule) => (rule.id === 'BLACK' ? { ...rule, threshold: 0.4 } : rule))) });
    expect([same.hash === plain.hash, other.hash === plain.hash]).toEqual([true, false]);
    expect([same.clipCount, other.clipCount]).toEqual([plain.clipCount, plain.clipCount]);
  });

  test('what it drops names rule, value, threshold and set; the log names the set; later changes change nothing of it', async () => {
    const filter = await choose('Only sharp', [sharp(0.25), { id: 'PEOPLED', measure: 'people', comparison: 'one_of', values: ['1'], unknown: 'keep' }]);
    const { id } = await a.curation.buildDataset(a.scope, { name: 'sharp', titleIds: [titleId], filter });
    await a.curation.filters.change(a.scope, filter.setId, { version: 1, rules: [], why: 'For others.' });
    await a.curation.freeze.run(a.context(id));
    const version = await a.curation.datasetVersion(a.scope, id);
    expect(version).toMatchObject({ state: 'frozen', filter: { ...filter, name: 'Only sharp', rules: [{ id: 'SHARP', threshold: 0.25 }, { id: 'PEOPLED' }] } });
    const soft = (await a.drops(id)).filter(({ code }) => code === 'SHARP');
    // Blur is 0.1 for each shot before.
    expect(soft.map(({ message, rule }) => [message, rule])).toEqual([3, 4, 5].map((tenths) => [
      `Its blur is 0.${tenths} of 1; SHARP keeps at most 0.25 of 1. Soft pictures teach softness. Filter set: "Only sharp" version 1.`,
      { measure: 'blur', unit: 'of 1', comparison: 'at_most', threshold: 0.25, value: 0.1 * tenths },
    ]));
    const logged = await a.inStudio(() => row<{ payload: unknown }>(`select payload from audit_entry where type = 'dataset' and payload->>'version' = $1`, [id]));
    expect(logged!.payload).toMatchObject({ filter: { set: filter.setId, name: 'Only sharp', version: 1, sha256: rulesSha256(version.filter!.rules) } });
  });
});

describe('a preview', () => {
  /** Builds with each set what its preview told, shot by shot and rule by rule. */
  const foretold = async (studio: FilmStudio, titleIds: string[], sets: Record<string, RuleInput[]>): Promise<void> => {
    for (const [name, written] of Object.entries(sets)) {
      const { id } = await studio.curation.filters.create(studio.scope, { name, rules: written });
      const filter = { setId: id, version: 1 };
      const { kept, dropped, rules: counted } = await (await studio.curation.previewFilter(studio.scope, { titleIds, filter })).counts();
      const { id: versionId } = await studio.curation.buildDataset(studio.scope, { name, titleIds, filter });
      await studio.curation.freeze.run(studio.context(versionId)).catch((error: Error & { code?: string }) => {
        if (error.code !== 'EMPTY_DATASET') throw error;
      });
      const drops = await studio.drops(versionId);
      const shots = await studio.inStudio(() => rows(`select distinct shot_id from dataset_clip where version_id = $1`, [versionId]));
      expect({ name, kept, dropped }).toEqual({ name, kept: shots.length, dropped: drops.length });
      expect(counted.map(({ rule, drops: count }) => [rule.id, count])).toEqual(['TOO_SHORT', ...written.map((rule) => rule.id)].map((rule) => [rule, drops.filter(({ code }) => code === rule).length]));
    }
  };

  test('says what the build then does, rule by rule', async () => {
    await foretold(a, [titleId], {
      p1: [...STANDARD],
      p2: [sharp(0.15), { id: 'DARK', measure: 'brightness', comparison: 'at_least', threshold: 0.1 }, ...STANDARD],
      p3: [{ id: 'LONG', measure: 'seconds', comparison: 'at_least', threshold: 2 }, sharp(0.2)],
      p4: [{ id: 'FIRST', measure: 'entry', comparison: 'none_of', values: ['start'] }],
      p5: [{ id: 'EMPTY', measure: 'place', comparison: 'one_of', values: ['indoors'], unknown: 'drop' }],
    });
  });

  test('says it of any measures and any rules', async () => {
    let seed = 20261123;
    const chance = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const any = await world.studio('Any');
    const analyse: typeof plainMedia.analyse = async (address, options) => {
      const analysis = await plainMedia.analyse(address, options);
      for (const shot of analysis.shots) {
        const { letterbox } = shot.measures;
        shot.measures = { brightness: chance(), contrast: chance() / 2, motion: chance() * 40, blur: chance(), saturation: chance() / 2, blackFraction: chance() ** 2, frozenFraction: chance(), letterbox: { ...letterbox, top: Math.floor(chance() * 120) }, ...(chance() < 0.5 && { motionKind: chance() < 0.5 ? 'pan' : 'static' }) };
        if (chance() < 0.7) shot.labels = { people: { value: chance() < 0.5 ? 1 : 'several', source: 'modelled', confidence: 0.8 }, objects: ['dog', 'car', 'cat'].filter(() => chance() < 0.5).map((value) => ({ value, source: 'modelled', confidence: 0.6 })) };
      }
      return analysis;
    };
    const studio = new FilmStudio(world, any, { parts: { ...plainMedia, analyse }, probe: async () => probed });
    const titleIds = [await studio.analysed(randomBytes(900)), await studio.analysed(randomBytes(901)), await studio.analysed(randomBytes(902))];
    const pick = <T>(from: readonly T[]): T => from[Math.floor(chance() * from.length)]!;
    const rule = (_: unknown, at: number): RuleInput => {
      const measure = pick(MEASURES);
      const about = { id: `RULE_${at}`, measure: measure.name, unknown: pick(['keep', 'keep', 'drop']) };
      return measure.kind === 'number'
        ? { ...about, comparison: pick(['at_least', 'at_most']), threshold: measure.low + (measure.high - measure.low) * chance() * (measure.unit === 'share' ? 1 : 0.3) }
        : { ...about, comparison: pick(['one_of', 'none_of']), values: [pick(measure.values ?? ['dog', 'car'])] };
    };
    await foretold(studio, titleIds, Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`any ${at}`, Array.from({ length: 1 + Math.floor(chance() * 4) }, rule)])));
  });

  test('of rules that are only thought of, of presets, of other clips', async () => {
    const of = async (input: object): Promise<object> => {
      const preview = await a.curation.previewFilter(a.scope, { titleIds: [titleId], ...input });
      const { kept, rules: counted } = await preview.counts();
      return { name: preview.filter.name, kept, drops: counted.filter(({ drops }) => drops).map(({ rule, drops }) => `${rule.id} ${drops}`) };
    };
    expect(await of({})).toEqual({ name: 'standard', kept: 5, drops: ['TOO_SHORT 1', 'BLACK 1'] });
    expect(await of({ rules: [sharp(0.05)] })).toEqual({ name: 'rules', kept: 1, drops: ['TOO_SHORT 1', 'SHARP 5'] });
    expect(await of({ preset: 'ultravideo' })).toEqual({ name: 'ultravideo', kept: 0, drops: ['TOO_SHORT 1', 'ULTRA_WIDTH 6'] });
    expect(await of({ bucket: { width: 1920, height: 1088, frames: 17 } })).toEqual({ name: 'standard', kept: 0, drops: ['TOO_SHORT 1', 'BLACK 1', 'TOO_SMALL 5'] });
    expect(await of({ minSeconds: 3 })).toEqual({ name: 'standard', kept: 0, drops: ['TOO_SHORT 7'] });
    await expect(of({ preset: 'standard', rules: [] })).rejects.toMatchObject({ code: 'BAD_FILTER' });
    await expect(of({ bucket: { width: 33, height: 64, frames: 17 } })).rejects.toMatchObject({ code: 'BAD_DATASET' });
  });

  test('shows shots on each side of a threshold, the nearest first, page by page', async () => {
    const preview = await a.curation.previewFilter(a.scope, { titleIds: [titleId], rules: [sharp(0.25), { id: 'PEOPLED', measure: 'people', comparison: 'one_of', values: ['1'] }] });
    const tenths = ({ items }: { items: { value: unknown; shot: { number: number } }[] }): number[] => items.map(({ value, shot }) => {
      expect(value).toBeCloseTo(shot.number / 10);
      return shot.number;
    });
    const first = await preview.examples('SHARP', 'dropped', { first: 3 });
    expect([tenths(first), first.hasNextPage, await preview.countExamples('SHARP', 'dropped')]).toEqual([[3, 4, 5], true, 4]);
    const rest = await preview.examples('SHARP', 'dropped', { first: 3, after: first.endCursor });
    expect([tenths(rest), rest.hasNextPage]).toEqual([[6], false]);
    expect(tenths(await preview.examples('SHARP', 'kept', { first: 9 }))).toEqual([2, 1, 0]);
    expect([await preview.countExamples('SHARP', 'unknown'), await preview.countExamples('PEOPLED', 'unknown')]).toEqual([0, 7]);
    await expect(preview.examples('NONE', 'kept', { first: 1 })).rejects.toMatchObject({ code: 'BAD_FILTER' });
  });
});

describe('histograms and samples', () => {
  let studio: FilmStudio;
  /** Titles of so many shots each, of random measures, written straight into the tables. */
  const filled = async (...sizes: number[]): Promise<string[]> => {
    const ids: string[] = [];
    for (const size of sizes) {
      const [title, master] = [newId(), newId()];
      await studio.inStudio(async () => {
        await rows(`insert into title (id, studio_id, name, state) values ($1, $2, 'Filled', 'ready')`, [title, studio.scope.studioId]);
        await rows(`insert into master (id, studio_id, title_id, file_name, bytes, state, sha256) values ($1, $2, $3, 'x', 1, 'sealed', $4)`, [master, studio.scope.studioId, title, sha256(randomBytes(8))]);
        await rows(`insert into analysis (master_id, studio_id, title_id, frames, time_base, start_pts, duration_pts, width, height, detector, decision_id) values ($1, $2, $3, 1, '1/25', 0, 1, 1920, 1080, 'test', $4)`, [master, studio.scope.studioId, title, newId()]);
        await rows(
          `insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures, labels, sentence)
           select gen_random_uuid(), $1, $2, $3, n, n * 100, n * 100 + l - 1, n * 100, n * 100 + l, jsonb_build_object('kind', case when n = 0 then 'start' else 'cut' end),
             jsonb_build_object('blur', random(), 'brightness', random(), 'contrast', random(), 'motion', random() * 200, 'blackFraction', random(), 'frozenFraction', random(), 'saturation', random()) || case when n % 3 = 0 then '{}' else jsonb_build_object('motionKind', 'pan', 'letterbox', jsonb_build_object('top', n % 7 * 20, 'bottom', 20, 'left', 0, 'right', 0)) end,
             case when n % 2 = 0 then '{}' else jsonb_build_object('people', jsonb_build_object('value', case n % 3 when 0 then '"several"'::jsonb else '2' end), 'objects', '[{"value": "dog"}, {"value": "cat"}]'::jsonb) end, repeat('word ', n % 9)
           from generate_series(0, $4::int - 1) n, lateral (select 1 + (n * 37) % 90 as l) l`,
          [studio.scope.studioId, title, master, size],
        );
      });
      ids.push(title);
    }
    return ids;
  };
  beforeAll(async () => {
    studio = await studioCalled('Many');
  });
  const every: Rule[] = MEASURES.map((measure): Rule => ({
    id: measure.name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(), measure: measure.name, unit: measure.unit, unknown: 'keep', words: '', source: null,
    ...(measure.kind === 'number' ? { comparison: 'at_least' as const, threshold: measure.low, values: null } : { comparison: 'one_of' as const, threshold: null, values: [measure.values?.[0] ?? 'dog'] }),
  }));

  test('the database counts what the rules read: every measure, every bin', async () => {
    const titleIds = await filled(300, 1, 37);
    const preview = await studio.curation.previewFilter(studio.scope, { titleIds, rules: every });
    expect([preview.shots, preview.every, await preview.sampled()]).toEqual([338, 1, 338]);
    const unknown = new Map((await preview.counts()).rules.map(({ rule, unknown: count }) => [rule.measure, count]));
    for (const { measure, bins, words, unknown: notKnown } of await preview.histograms()) {
      expect({ measure: measure.name, notKnown }).toEqual({ measure: measure.name, notKnown: unknown.get(measure.name) });
      const id = every.find((rule) => rule.measure === measure.name)!.id;
      const values: (number | string[])[] = [];
      for (const side of ['kept', 'dropped'] as const) {
        for (let after: string | null = null, more = true; more; ) {
          const page = await preview.examples(id, side, { first: 100, after });
          values.push(...page.items.map(({ value }) => value!));
          [after, more] = [page.endCursor, page.hasNextPage];
        }
      }
      if (measure.kind === 'words') {
        const counted = new Map<string, number>();
        for (const word of values.flat() as string[]) counted.set(word, (counted.get(word) ?? 0) + 1);
        expect(Object.fromEntries(words.map(({ word, count }) => [word, count]))).toEqual(Object.fromEntries(counted));
      } else {
        const counted = bins.map(({ from, to }, at) => (values as number[]).filter((value) => (at === 0 || value >= from) && (at === bins.length - 1 || value < to)).length);
        expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
        // A value on the edge of a bin may fall on either side: sums to each edge differ by the values that lie upon it.
        for (let at = 0, ours = 0, theirs = 0; at < bins.length; at++) {
          ours += counted[at]!;
          theirs += bins[at]!.count;
          const edge = bins[at]!.to;
          expect(Math.abs(ours - theirs)).toBeLessThanOrEqual((values as number[]).filter((value) => Math.abs(value - edge) < 1e-9).length);
        }
      }
    }
  });

  test('above 20,000 shots every n-th is looked at, in every title alike, and the preview says so', async () => {
    const titleIds = await filled(30_000, 20_000, 5, 9_000);
    const preview = await studio.curation.previewFilter(studio.scope, { titleIds, rules: [sharp(0.25)] });
    expect([preview.shots, preview.every]).toEqual([59_005, 3]);
    const looked = await preview.sampled();
    expect(Math.abs(looked - 59_005 / 3)).toBeLessThan(2);
    const { rules: counted } = await preview.counts();
    const [blur] = (await preview.histograms()).filter(({ measure }) => measure.name === 'blur');
    expect(blur!.bins.reduce((sum, { count }) => sum + count, 0)).toBe(looked);
    // Blur is spread evenly: three quarters are dropped, give or take five standard deviations.
    expect(Math.abs(counted[1]!.breaks / looked - 0.75)).toBeLessThan(5 * Math.sqrt((0.75 * 0.25) / looked));
    // No shot between those of the sample is read.
    const read = (): Promise<{ fetched: string; scanned: string } | undefined> => row(`select idx_tup_fetch as fetched, seq_tup_read as scanned from pg_stat_xact_user_tables where relname = 'shot'`);
    const [before, after] = await studio.inStudio(async () => [await read(), await preview.histograms(), await read()].filter((one) => !Array.isArray(one)) as { fetched: string; scanned: string }[]);
    expect(Number(after!.scanned) - Number(before!.scanned)).toBe(0);
    expect(Number(after!.fetched) - Number(before!.fetched)).toBeLessThan(looked + 100);
    const again = await studio.curation.previewFilter(studio.scope, { titleIds, rules: [sharp(0.25)] });
    expect((await again.counts()).dropped).toBe((await preview.counts()).dropped);
  });
});
