import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rows } from '#libs/platform';
import { type Answer, type Api, furnish, makeApi } from '../support/api.js';

let api: Api;
let own: Awaited<ReturnType<typeof furnish>>;
beforeAll(async () => {
  api = await makeApi();
  own = await furnish(api, api.a);
  await api.services.database.inStudio(api.a.scope, async () => {
    await rows(`update master set state = 'sealed', sha256 = repeat('a', 64) where id = $1`, [own.master]);
    await rows(`update shot set number = 0, measures = '{"blur": 0.4, "motionKind": "pan"}' where id = $1`, [own.shot]);
  });
}, 60_000);
afterAll(() => api.close());

const ask = (document: string, variables: Record<string, unknown> = {}, role: 'editor' | 'archivist' = 'editor'): Promise<Answer> => api.a.as[role].graphql(document, variables);
const set = '__typename ... on FilterSet { id name preset version sha256 createdBy notApplied { asks } rules { code measure comparison threshold values unit unknown words source } } ... on Refused { code message wayOut }';
const soft = { code: 'SOFT', measure: 'blur', comparison: 'AT_MOST', threshold: 0.3, words: 'Too soft.' };

test('a member writes rules, changes them, sees the versions and goes back', async () => {
  const made = await ask(`mutation ($input: FilterSetInput!) { set: createFilterSet(input: $input) { ${set} } }`, { input: { name: 'Mine', rules: [soft] } });
  expect(made.errors).toBeUndefined();
  const { id, ...about } = made.data!.set as { id: string };
  expect(about).toMatchObject({ __typename: 'FilterSet', name: 'Mine', preset: null, version: 1, notApplied: [], rules: [{ ...soft, values: null, unit: 'of 1', unknown: 'KEEP', source: null }] });
  const change = (version: number): Promise<Answer> => ask(`mutation ($id: ID!, $input: FilterChange!) { set: changeFilterSet(id: $id, input: $input) { ${set} } }`, { id, input: { version, rules: [{ ...soft, threshold: 0.5 }, { code: 'STILL', measure: 'motionKind', comparison: 'NONE_OF', values: ['static'], unknown: 'DROP' }], why: 'Softer is fine.' } }, 'archivist');
  expect((await change(1)).data!.set).toMatchObject({ version: 2, rules: [{ threshold: 0.5 }, { code: 'STILL', threshold: null, values: ['static'], unit: null, unknown: 'DROP' }] });
  expect((await change(1)).data!.set).toMatchObject({ __typename: 'Refused', code: 'FILTER_CHANGED' });
  expect((await ask(`mutation ($id: ID!) { set: goBackFilterSet(id: $id, version: 1, why: "No.") { ${set} } }`, { id })).data!.set).toMatchObject({ version: 3, rules: [{ threshold: 0.3 }] });
  const answer = await ask(`query ($id: ID!) { filterSets(first: 5) { totalCount nodes { id } } filterSet(id: $id) { versions(first: 2) { totalCount pageInfo { hasNextPage } nodes { version why wentBackTo createdBy rules { code } } } } }`, { id });
  expect(answer.errors).toBeUndefined();
  expect(answer.data).toMatchObject({
    filterSets: { totalCount: 2, nodes: [{ id }, { id: own.filterSet }] },
    filterSet: { versions: { totalCount: 3, pageInfo: { hasNextPage: true }, nodes: [{ version: 3, why: 'No.', wentBackTo: 1, createdBy: expect.stringMatching(/./) }, { version: 2, why: 'Softer is fine.', wentBackTo: null, rules: [{ code: 'SOFT' }, { code: 'STILL' }] }] } },
  });
});

test('what can be measured, and what presets do not do', async () => {
  const { data, errors } = await ask('{ filterMeasures { name words kind unit low high values } filterPresets { name words rules { code source } notApplied { asks why source } } }');
  expect(errors).toBeUndefined();
  expect(data!.filterMeasures).toEqual(expect.arrayContaining([{ name: 'blackFraction', words: 'share of black frames', kind: 'NUMBER', unit: 'share', low: 0, high: 1, values: null }, { name: 'place', words: 'place', kind: 'WORDS', unit: null, low: null, high: null, values: ['indoors', 'outdoors'] }]));
  expect((data!.filterPresets as { name: string; notApplied: object[] }[]).map(({ name, notApplied }) => [name, notApplied.length > 0])).toEqual([['standard', false], ['cosmos-curator', true], ['open-sora', true], ['panda-70m', true], ['ultravideo', true]]);
});

test('a preview says what would be kept and dropped, with histograms and the shots beside a threshold', async () => {
  const { data, errors } = await ask(
    `query ($input: FilterPreviewInput!) { filterPreview(input: $input) {
      filter { setId name version sha256 rules { code } } shots every looked kept dropped rules { rule { code } drops breaks unknown }
      histograms { measure { name } unknown words { word count } bins { from to count } }
      dropped_: examples(code: "SOFT", side: DROPPED, first: 5) { totalCount pageInfo { hasNextPage } nodes { value shot { id first last } } }
      kept_: examples(code: "SOFT", side: KEPT, first: 5) { totalCount nodes { shot { id } } }
    } }`,
    { input: { titleIds: [own.title], rules: [soft, { code: 'PANS', measure: 'motionKind', comparison: 'ONE_OF', values: ['pan'] }], bucket: { width: 64, height: 64, frames: 9 } } },
  );
  expect(errors).toBeUndefined();
  const preview = data!.filterPreview as { histograms: { measure: { name: string }; bins: { count: number }[] }[] };
  // Ten frames at 25 a second are shorter than nine at 16.
  expect(preview).toMatchObject({
    filter: { setId: null, name: 'rules', version: null, rules: [{ code: 'SOFT' }, { code: 'PANS' }] }, shots: 1, every: 1, looked: 1, kept: 0, dropped: 1,
    rules: [{ rule: { code: 'TOO_SHORT' }, drops: 1, breaks: 1, unknown: 0 }, { rule: { code: 'SOFT' }, drops: 0, breaks: 1, unknown: 0 }, { rule: { code: 'PANS' }, drops: 0, breaks: 0, unknown: 0 }],
    dropped_: { totalCount: 1, pageInfo: { hasNextPage: false }, nodes: [{ value: 0.4, shot: { id: own.shot, first: 0, last: 9 } }] },
    kept_: { totalCount: 0, nodes: [] },
  });
  expect(preview.histograms.map(({ measure, bins }) => [measure.name, bins.reduce((sum, { count }) => sum + count, 0)])).toEqual([['seconds', 1], ['blur', 1], ['motionKind', 0]]);
  expect(preview.histograms[2]).toMatchObject({ words: [{ word: 'pan', count: 1 }], unknown: 0 });
  for (const input of [{ titleIds: [], rules: [{ ...soft, measure: 'beauty' }] }, { titleIds: [], preset: 'none' }]) {
    expect((await ask('query ($input: FilterPreviewInput!) { filterPreview(input: $input) { kept } }', { input })).errors?.[0]?.extensions).toMatchObject({ code: 'BAD_FILTER', wayOut: expect.any(String) });
  }
});

test('a dataset version and what it dropped name the set, its version and the rule', async () => {
  const chosen = { setId: own.filterSet, version: 1 };
  const built = await ask('mutation ($input: DatasetInput!) { buildDataset(input: $input) { ... on DatasetVersion { id filter { setId name version sha256 rules { code } } } ... on Refused { code } } }', { input: { name: 'Filtered', titleIds: [own.title], filter: chosen } });
  expect(built.errors).toBeUndefined();
  const version = built.data!.buildDataset as { id: string };
  expect(version).toMatchObject({ filter: { ...chosen, name: 'Filter', rules: [{ code: 'BLACK' }, { code: 'FROZEN' }, { code: 'BLURRED' }, { code: 'TOO_SMALL' }] } });
  await api.services.database.inStudio(api.a.scope, () =>
    rows(`insert into dataset_drop (version_id, number, studio_id, title_id, shot_id, first_frame, last_frame, code, message, rule) select $1, n, $2, $3, $4, 0, 9, 'BLURRED', 'Soft.', case when n = 0 then $5::jsonb end from generate_series(0, 1) n`, [
      version.id, api.a.scope.studioId, own.title, own.shot, { measure: 'blur', unit: 'of 1', comparison: 'at_most', threshold: 0.98, value: 0.99 },
    ]),
  );
  const { data, errors } = await ask('query ($id: ID!) { datasetVersion(id: $id) { dropped(first: 5) { nodes { code rule { measure unit comparison threshold value } } } } }', { id: version.id });
  expect(errors).toBeUndefined();
  expect(data!.datasetVersion).toEqual({ dropped: { nodes: [{ code: 'BLURRED', rule: { measure: 'blur', unit: 'of 1', comparison: 'at_most', threshold: 0.98, value: 0.99 } }, { code: 'BLURRED', rule: null }] } });
});
