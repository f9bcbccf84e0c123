import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rows } from '#libs/platform';
import { type Api, furnish, makeApi } from '../support/api.js';

let api: Api;
let things: Awaited<ReturnType<typeof furnish>>;
beforeAll(async () => {
  api = await makeApi();
  things = await furnish(api, api.a);
  const caption = { subject: { value: 'a person', source: 'modelled' }, disagreements: { source: 'modelled', by: 'vlm 7b', value: [{ field: 'subject', about: 'people', known: 'one person', said: 'three men', text: 'three men in a boat' }] } };
  await api.services.database.inStudio(api.a.scope, async () => {
    await rows(`update shot set caption = $2, sentence = 'A shot of a person.' where id = $1`, [things.shot, caption]);
    await rows(`update analysis set captioner = $2 where title_id = $1`, [things.title, { name: 'vlm 7b', sendsTo: 'https://captions.example/v1', decisionId: things.decision, at: '2026-01-31T12:00:00.000Z', shots: 1, unusable: 0 }]);
    await rows(`update dataset_version set query = '{"captionLength": "long"}', captions = $2 where id = $1`, [things.datasetVersion, { distinctShare: 0.5, leastWords: 2, meanWords: 3.5, mostWords: 5, flags: [{ flag: 'too short', clips: 1 }] }]);
  });
}, 60_000);
afterAll(() => api.close());

test('a shot tells what of its caption asks for a look, and which model saw its pictures where', async () => {
  const { data, errors } = await api.a.as.compliance.graphql(
    `query ($id: ID!) { title(id: $id) { captioning { state } analysis { captioner { name sendsTo decisionId at shots unusable } } shots(first: 1) { nodes { captionQuality { words repeatedTrigrams distinctShare flags } disagreements { field about known said text by } } } } }`,
    { id: things.title },
  );
  expect(errors).toBeUndefined();
  expect(data!.title).toEqual({
    captioning: null,
    analysis: { captioner: { name: 'vlm 7b', sendsTo: 'https://captions.example/v1', decisionId: things.decision, at: '2026-01-31T12:00:00.000Z', shots: 1, unusable: 0 } },
    shots: { nodes: [{ captionQuality: { words: 5, repeatedTrigrams: 0, distinctShare: 0.8, flags: ['contradicted'] }, disagreements: [{ field: 'subject', about: 'people', known: 'one person', said: 'three men', text: 'three men in a boat', by: 'vlm 7b' }] }] },
  });
});

test('a dataset version tells the length of its captions and what they are like, one from before the length too', async () => {
  const ask = async (): Promise<unknown> => (await api.a.as.editor.graphql(`query ($id: ID!) { datasetVersion(id: $id) { captionLength captions { distinctShare leastWords meanWords mostWords flags { flag clips } } } }`, { id: things.datasetVersion })).data!.datasetVersion;
  expect(await ask()).toEqual({ captionLength: 'LONG', captions: { distinctShare: 0.5, leastWords: 2, meanWords: 3.5, mostWords: 5, flags: [{ flag: 'too short', clips: 1 }] } });
  await api.services.database.inStudio(api.a.scope, () => rows(`update dataset_version set query = '{}', captions = null where id = $1`, [things.datasetVersion]));
  expect(await ask()).toEqual({ captionLength: 'MEDIUM', captions: null });
});

test('a length is asked for by its name, and another is refused', async () => {
  const build = (length: string): Promise<{ data?: Record<string, unknown> | null; errors?: unknown[] }> => api.a.as.editor.graphql(`mutation { buildDataset(input: { name: "x", titleIds: [], captionLength: ${length}, allCaptions: true }) { __typename ... on DatasetVersion { query captionLength } } }`);
  expect((await build('SHORT')).data!.buildDataset).toMatchObject({ captionLength: 'SHORT', query: { captionLength: 'short', allCaptions: true } });
  expect((await build('HUGE')).errors).toBeDefined();
});

test('shots are described again by a member who may correct them: one run at a time', async () => {
  const ask = async (): Promise<{ id: string; state: string }> => (await api.a.as.archivist.graphql(`mutation ($id: ID!) { describeShots(titleId: $id) { ... on Job { id name state } ... on Refused { code } } }`, { id: things.title })).data!.describeShots as { id: string; state: string };
  const first = await ask();
  expect(first).toMatchObject({ name: 'caption', state: 'QUEUED' });
  expect(await ask()).toEqual(first);
});
