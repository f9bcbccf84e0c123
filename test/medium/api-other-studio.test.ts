import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildSchema, getNamedType, type GraphQLInputType, isInputObjectType } from 'graphql';
import { newId, rows } from '#libs/platform';
import { type Answer, type Api, furnish, makeApi, wholeSchema } from '../support/api.js';

type Things = Awaited<ReturnType<typeof furnish>>;
type Thing = Exclude<keyof Things, 'objects'>;

let api: Api;
let theirs: Things;
let own: Things;
beforeAll(async () => {
  api = await makeApi();
  theirs = await furnish(api, api.a);
  own = await furnish(api, api.b);
  for (const { scope } of [api.a, api.b]) await api.services.database.inStudio(scope, () => rows(`update double_review set ended_at = null`));
}, 60_000);
afterAll(() => api.close());

const refused = '__typename ... on Refused { code message wayOut decisionId }';
/** Every way to name a thing, and the document that names it: `$id` is the other studio's, `$own` something of the asker's. */
const naming: [field: string, thing: Thing, document: string, own?: Thing][] = [
  ['title', 'title', 'query ($id: ID!) { title(id: $id) { id name shots(first: 5) { totalCount } jump: shots(first: 5, around: 0) { nodes { id } } } }'],
  ['licence', 'licence', 'query ($id: ID!) { licence(id: $id) { id policy titles(first: 1) { totalCount } } }'],
  ['licenceChanges', 'licence', 'query ($id: ID!) { licenceChanges(id: $id, before: 1, after: 1) { words } }'],
  ['simulation', 'simulation', 'query ($id: ID!) { simulation(id: $id) { id flips(first: 1) { totalCount } } }'],
  ['amendLicence', 'licence', `mutation ($id: ID!) { amendLicence(id: $id, input: { policy: {}, why: "x" }) { ${refused} } }`],
  ['reviseLicence', 'licence', `mutation ($id: ID!) { reviseLicence(id: $id, version: 1, input: { policy: {}, why: "x" }) { ${refused} } }`],
  ['discardDraft', 'licence', `mutation ($id: ID!) { discardDraft(id: $id, version: 1, why: "x") { ${refused} } }`],
  ['signLicence', 'licence', `mutation ($id: ID!) { signLicence(id: $id, version: 1, sha256: "x") { ${refused} } }`],
  ['suspendLicence', 'licence', `mutation ($id: ID!) { suspendLicence(id: $id, why: "x") { ${refused} } }`],
  ['resumeLicence', 'licence', `mutation ($id: ID!) { resumeLicence(id: $id, why: "x") { ${refused} } }`],
  ['withdrawLicence', 'licence', `mutation ($id: ID!) { withdrawLicence(id: $id, why: "x") { ${refused} } }`],
  ['attachLicence', 'licence', `mutation ($id: ID!, $own: ID!) { attachLicence(id: $id, titleId: $own, why: "x") { ${refused} } }`, 'title'],
  ['attachLicence', 'title', `mutation ($id: ID!, $own: ID!) { attachLicence(id: $own, titleId: $id, why: "x") { ${refused} } }`, 'licence'],
  ['detachLicence', 'licence', `mutation ($id: ID!, $own: ID!) { detachLicence(id: $id, titleId: $own, why: "x") { ${refused} } }`, 'title'],
  ['detachLicence', 'title', `mutation ($id: ID!, $own: ID!) { detachLicence(id: $own, titleId: $id, why: "x") { ${refused} } }`, 'licence'],
  ['simulateLicence', 'licence', `mutation ($id: ID!) { simulateLicence(input: { licenceId: $id, version: 1, against: CATALOGUE }) { ${refused} } }`],
  ['cancelSimulation', 'simulation', `mutation ($id: ID!) { cancelSimulation(id: $id) { ${refused} } }`],
  ['searchShots', 'shot', 'query ($id: ID!) { searchShots(query: { likeShotId: $id }, first: 1) { totalCount nodes { shot { id } } } }'],
  ['searchShots', 'title', 'query ($id: ID!) { searchShots(query: { words: "x", titleIds: [$id] }, first: 1) { totalCount nodes { shot { id } } } }'],
  ['datasetVersion', 'datasetVersion', 'query ($id: ID!) { datasetVersion(id: $id) { id hash clips(first: 1) { totalCount } } }'],
  ['trainingRun', 'run', 'query ($id: ID!) { trainingRun(id: $id) { id loss metrics { step } } }'],
  ['model', 'model', 'query ($id: ID!) { model(id: $id) { id adapterSha256 } }'],
  ['generation', 'generation', 'query ($id: ID!) { generation(id: $id) { id prompt output { url } } }'],
  ['decision', 'decision', 'query ($id: ID!) { decision(id: $id) { id sentence titles { id } } }'],
  ['decisions', 'title', 'query ($id: ID!) { decisions(first: 5, titleId: $id) { nodes { id } totalCount } }'],
  ['generations', 'model', 'query ($id: ID!) { generations(first: 5, modelId: $id) { nodes { id } totalCount } }'],
  ['createTitle', 'licence', `mutation ($id: ID!) { createTitle(input: { name: "x", licenceIds: [$id] }) { ${refused} } }`],
  ['createTitle', 'licence', `mutation ($id: ID!, $own: ID!) { createTitle(input: { name: "x", licenceIds: [$own, $id] }) { ${refused} } }`, 'licence'],
  ['createUpload', 'title', `mutation ($id: ID!) { createUpload(input: { titleId: $id, fileName: "x.mp4", bytes: "10" }) { ${refused} } }`],
  ['retryTitle', 'title', `mutation ($id: ID!) { retryTitle(id: $id) { ${refused} } }`],
  ['cancelJob', 'job', `mutation ($id: ID!) { cancelJob(id: $id) { ${refused} } }`],
  ['correctShot', 'shot', `mutation ($id: ID!) { correctShot(id: $id, field: "sentence", value: "x") { ${refused} } }`],
  ['describeShots', 'title', `mutation ($id: ID!) { describeShots(titleId: $id) { ${refused} } }`],
  ['reviewQueue', 'title', 'query ($id: ID!) { reviewQueue(first: 5, titleId: $id) { nodes { id review { version } } totalCount } }'],
  ['changeEntry', 'shot', `mutation ($id: ID!) { changeEntry(id: $id, version: 0, input: { kind: "cut", first: 5 }) { ${refused} } }`],
  ['splitShot', 'shot', `mutation ($id: ID!) { splitShot(id: $id, version: 0, input: { kind: "cut", first: 5 }) { ${refused} } }`],
  ['mergeShot', 'shot', `mutation ($id: ID!) { mergeShot(id: $id, version: 0) { ${refused} } }`],
  ['acceptShot', 'shot', `mutation ($id: ID!) { acceptShot(id: $id, version: 0) { ${refused} } }`],
  ['acceptShots', 'title', `mutation ($id: ID!) { acceptShots(titleId: $id, confidence: 0) { ${refused} } }`],
  ['chooseRepresentative', 'shot', `mutation ($id: ID!) { chooseRepresentative(id: $id, chosen: true) { ${refused} } }`],
  ['labelShot', 'shot', `mutation ($id: ID!) { labelShot(id: $id, label: "people", values: ["2"]) { ${refused} } }`],
  ['undoCorrection', 'correction', `mutation ($id: ID!) { undoCorrection(id: $id) { ${refused} } }`],
  ['recomputeTitle', 'title', `mutation ($id: ID!) { recomputeTitle(id: $id, all: true) { ${refused} } }`],
  ['undoShotEdit', 'shotEdit', `mutation ($id: ID!) { undoShotEdit(id: $id) { ${refused} } }`],
  ['askDoubleReview', 'title', `mutation ($id: ID!) { askDoubleReview(titleId: $id) { ${refused} } }`],
  ['endDoubleReview', 'title', `mutation ($id: ID!) { endDoubleReview(titleId: $id) { ${refused} } }`],
  ['decideShot', 'shot', `mutation ($id: ID!) { decideShot(id: $id, version: 0, input: {}) { ${refused} } }`],
  ['settleShot', 'shot', `mutation ($id: ID!) { settleShot(id: $id, version: 0, input: {}) { ${refused} } }`],
  ['addExclusion', 'title', `mutation ($id: ID!) { addExclusion(titleId: $id, input: { first: 0, end: 1, why: "x" }) { ${refused} } }`],
  ['changeExclusion', 'exclusion', `mutation ($id: ID!) { changeExclusion(id: $id, input: { first: 0, end: 1, why: "x" }) { ${refused} } }`],
  ['removeExclusion', 'exclusion', `mutation ($id: ID!) { removeExclusion(id: $id) { ${refused} } }`],
  ['importExclusions', 'title', `mutation ($id: ID!) { importExclusions(titleId: $id, input: { list: "first,end,why" }) { ${refused} } }`],
  ['addMark', 'title', `mutation ($id: ID!) { addMark(titleId: $id, input: { kind: CUE, subject: "x", first: 0, end: 1 }) { ${refused} } }`],
  ['changeMark', 'mark', `mutation ($id: ID!) { changeMark(id: $id, input: { kind: CUE, subject: "x", first: 0, end: 1 }) { ${refused} } }`],
  ['removeMark', 'mark', `mutation ($id: ID!) { removeMark(id: $id) { ${refused} } }`],
  ['completeMarks', 'title', `mutation ($id: ID!) { completeMarks(titleId: $id, kind: CUE, complete: true) { ${refused} } }`],
  ['buildDataset', 'title', `mutation ($id: ID!) { buildDataset(input: { name: "x", titleIds: [$id] }) { ${refused} } }`],
  ['buildDataset', 'title', `mutation ($id: ID!, $own: ID!) { buildDataset(input: { name: "x", titleIds: [$own, $id] }) { ${refused} } }`, 'title'],
  ['buildDataset', 'filterSet', `mutation ($id: ID!, $own: ID!) { buildDataset(input: { name: "x", titleIds: [$own], filter: { setId: $id, version: 1 } }) { ${refused} } }`, 'title'],
  ['filterSet', 'filterSet', 'query ($id: ID!) { filterSet(id: $id) { id name rules { code } versions(first: 1) { totalCount } } }'],
  ['filterPreview', 'title', 'query ($id: ID!) { filterPreview(input: { titleIds: [$id] }) { shots kept histograms { unknown } examples(code: "BLACK", side: KEPT, first: 1) { nodes { shot { id } } } } }'],
  ['filterPreview', 'title', 'query ($id: ID!, $own: ID!) { filterPreview(input: { titleIds: [$own, $id] }) { shots kept } }', 'title'],
  ['filterPreview', 'filterSet', 'query ($id: ID!) { filterPreview(input: { titleIds: [], filter: { setId: $id, version: 1 } }) { filter { name rules { code } } } }'],
  ['changeFilterSet', 'filterSet', `mutation ($id: ID!) { changeFilterSet(id: $id, input: { version: 1, rules: [], why: "x" }) { ${refused} } }`],
  ['goBackFilterSet', 'filterSet', `mutation ($id: ID!) { goBackFilterSet(id: $id, version: 1, why: "x") { ${refused} } }`],
  ['startRun', 'datasetVersion', `mutation ($id: ID!, $own: ID!) { startRun(input: { name: "x", datasetVersionId: $id, baseModelId: $own }) { ${refused} } }`, 'base'],
  ['startRun', 'base', `mutation ($id: ID!, $own: ID!) { startRun(input: { name: "x", datasetVersionId: $own, baseModelId: $id }) { ${refused} } }`, 'datasetVersion'],
  ['cancelRun', 'run', `mutation ($id: ID!) { cancelRun(id: $id) { ${refused} } }`],
  ['generate', 'model', `mutation ($id: ID!) { generate(input: { modelId: $id, prompt: "x" }) { ${refused} } }`],
  ['reviewOutput', 'output', `mutation ($id: ID!) { reviewOutput(id: $id, approve: true) { ${refused} } }`],
  ['deliverOutput', 'output', `mutation ($id: ID!) { deliverOutput(id: $id) { ${refused} } }`],
  ['hold', 'hold', 'query ($id: ID!) { hold(id: $id) { id why titles { id } } }'],
  ['duties', 'licence', 'query ($id: ID!) { duties(first: 5, licenceId: $id) { nodes { id } totalCount } }'],
  ['duty', 'duty', 'query ($id: ID!) { duty(id: $id) { id licence { id } } }'],
  ['placeHold', 'title', `mutation ($id: ID!) { placeHold(input: { titleId: $id, why: "x" }) { ${refused} } }`],
  ['placeHold', 'licence', `mutation ($id: ID!) { placeHold(input: { licenceId: $id, why: "x" }) { ${refused} } }`],
  ['placeHold', 'title', `mutation ($id: ID!, $own: ID!) { placeHold(input: { performer: "x", appearsIn: [$own, $id], why: "x" }) { ${refused} } }`, 'title'],
  ['liftHold', 'hold', `mutation ($id: ID!) { liftHold(id: $id, why: "x") { ${refused} } }`],
  ['fulfilDuty', 'duty', `mutation ($id: ID!) { fulfilDuty(id: $id, evidence: { text: "x" }) { ${refused} } }`],
  ['waiveDuty', 'duty', `mutation ($id: ID!) { waiveDuty(id: $id, why: "x") { ${refused} } }`],
  ['retryRun', 'run', `mutation ($id: ID!) { retryRun(id: $id) { ${refused} } }`],
  ['retryGeneration', 'generation', `mutation ($id: ID!) { retryGeneration(id: $id) { ${refused} } }`],
  ['askDecision', 'title', `mutation ($id: ID!) { askDecision(input: { action: "fineTune", titleIds: [$id] }) { ${refused} } }`],
  ['askDecision', 'title', `mutation ($id: ID!, $own: ID!) { askDecision(input: { action: "fineTune", titleIds: [$own, $id] }) { ${refused} } }`, 'title'],
];

const schema = buildSchema(wholeSchema());
const holdsId = (type: GraphQLInputType): boolean => {
  const named = getNamedType(type);
  return named.name === 'ID' || (isInputObjectType(named) && Object.values(named.getFields()).some((field) => holdsId(field.type)));
};
const fields = [...Object.values(schema.getQueryType()!.getFields()), ...Object.values(schema.getMutationType()!.getFields())];

const refusals = async (): Promise<Record<string, unknown>[]> => {
  const found = await api.services.database.inStudio(api.b.scope, () => rows<{ payload: Record<string, unknown> }>(`select payload from audit_entry where type = 'refusal' order by id`));
  return found.map(({ payload }) => payload);
};
const plain = (answer: Answer | string, id: string): string => JSON.stringify(answer).replaceAll(id, 'ID');

describe('what if another studio calls this?', () => {
  test('the table below names every query and mutation that takes an id', () => {
    expect(fields.filter((field) => field.args.some((arg) => holdsId(arg.type))).map(({ name }) => name).sort()).toEqual([...new Set(naming.map(([field]) => field))].sort());
  });

  test.each(naming)('%s of a %s: the same answer as for an id that never was, and an entry in the asker\'s log', async (field, thing, document, ownThing = undefined) => {
    const ask = (id: string): Promise<Answer> => api.b.as.admin.graphql(document, { id, ...(ownThing ? { own: own[ownThing] } : {}) });
    const absent = newId();
    const before = (await refusals()).length;
    const answer = await ask(theirs[thing]);
    expect(answer.errors).toBeUndefined();
    expect(plain(answer, theirs[thing])).toBe(plain(await ask(absent), absent));
    const given = answer.data![field] as { __typename?: string; code?: string; nodes?: unknown[] } | null;
    if (given?.nodes) expect(given).toEqual({ nodes: [], totalCount: 0 });
    else if (given) expect(given).toMatchObject({ __typename: 'Refused', code: 'NOT_FOUND' });
    const logged = (await refusals()).slice(before);
    expect(logged).toHaveLength(2);
    expect(logged[0]).toMatchObject({ what: field, through: 'graphql' });
    expect(logged[0]!.id).not.toBe('');
  });

  test.each(naming)('%s of a %s: what is no id at all is answered in the same way', async (field, _thing, document, ownThing = undefined) => {
    const answer = await api.b.as.admin.graphql(document, { id: `' or 1=1 --`, ...(ownThing ? { own: own[ownThing] } : {}) });
    const given = answer.data?.[field] as { code?: string } | null | undefined;
    expect(given?.code ?? answer.errors?.[0]?.extensions?.code ?? 'NOT_FOUND').toBe('NOT_FOUND');
  });

  test('no list holds a thing of the other studio', async () => {
    const answer = await api.b.as.admin.graphql(`{
      titles(first: 100) { nodes { id decisions(first: 9) { nodes { id } } licences { id } exclusions(first: 9) { nodes { id title { id } } } marks(first: 9) { nodes { id } } } totalCount } licences(first: 100) { nodes { id titles(first: 9) { nodes { id } } versions(first: 9) { nodes { version signatures { at } } } events(first: 9) { nodes { id } } simulations(first: 9) { nodes { id flips(first: 3) { nodes { scopeId } } } } } totalCount }
      expiringLicences(first: 100, days: 3650) { nodes { id } totalCount } unsignedVersions(first: 100) { nodes { licence { id } } totalCount }
      datasetVersions(first: 100) { nodes { id clips(first: 9) { nodes { titleId shotId decisionId } } } totalCount } baseModels { id } trainingRuns(first: 100) { nodes { id model { id } datasetVersion { id } } totalCount }
      models(first: 100) { nodes { id run { id } } totalCount } generations(first: 100) { nodes { id output { id url deliveries { id } } } totalCount } decisions(first: 100) { nodes { id scopeId titles { id } } totalCount }
      filterSets(first: 100) { nodes { id versions(first: 9) { nodes { version } } } totalCount } filterPreview(input: { titleIds: [] }) { shots examples(code: "BLACK", side: UNKNOWN, first: 9) { nodes { shot { id titleId: id } } } }
      reviewQueue(first: 9) { nodes { id corrections { id } review { reviewedBy opinion { sentence } } } totalCount } doubleReviews(first: 9) { nodes { id review { doubleReview { decided waiting(first: 9) { nodes { id } } disputes(first: 9) { nodes { shot { id } one { memberName } } } } agreement { shots } } } totalCount } detectorQuality { agreement { shots } } reviewedTitles(first: 9) { nodes { id review { mistakes(first: 9) { totalCount } truth recomputing { id } } } } reviewed: titles(first: 9) { nodes { review { reviewers { memberName } quality { detected } disagreements(first: 3) { nodes { shotId } } edits(first: 3) { nodes { id } } } } }
      holds(first: 100) { nodes { id titles { id } } totalCount } duties(first: 100) { nodes { id decision { id } } totalCount }
      log { entries(first: 100) { nodes { payload } totalCount } } me { id studio { id name } }
    }`);
    expect(answer.errors).toBeUndefined();
    const text = JSON.stringify({ ...answer.data, log: undefined });
    const { objects, ...ids } = theirs;
    expect([...Object.values(ids), ...Object.values(objects), api.a.scope.studioId].filter((id) => text.includes(id))).toEqual([]);
    expect(Object.values({ ...own, objects: undefined, master: undefined, upload: undefined, job: undefined }).filter((id) => typeof id === 'string' && !text.includes(id))).toEqual([]);
  });
});

describe('every address', () => {
  const body = Buffer.from('x');
  const addresses: [what: string, thing: Thing | `object ${keyof Things['objects']}`, path: (id: string) => string, init?: RequestInit, agent?: true][] = [
    ['playlist', 'title', (id) => `/titles/${id}/proxy.m3u8`],
    ...(['master', 'proxy', 'keyframe', 'filmstrip', 'dataset', 'checkpoint', 'adapter', 'sample', 'output'] as const).map((kind) => [`object ${kind}`, `object ${kind}`, (id: string) => `/objects/${id}`] as [string, `object ${typeof kind}`, (id: string) => string]),
    ['delivery', 'delivery', (id) => `/deliveries/${id}?expires=99999999999999&signature=AAAA`],
    ['upload status', 'upload', (id) => `/uploads/${id}`],
    ['upload part', 'upload', (id) => `/uploads/${id}/parts/0`, { method: 'PUT', body }],
    ['upload completion', 'upload', (id) => `/uploads/${id}/complete`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }],
    ['giving an upload up', 'upload', (id) => `/uploads/${id}`, { method: 'DELETE' }],
    ['sealed dataset', 'object dataset', (id) => `/agent/datasets/${id}`, {}, true],
    ['sealed adapter', 'object adapter', (id) => `/agent/datasets/${id}`, {}, true],
    ...(['train', 'generate'] as const).flatMap((kind) => {
      const thing = kind === 'train' ? 'run' : 'generation';
      const post = (to: string, json: object): [string, Thing, (id: string) => string, RequestInit, true] => [`${kind} ${to}`, thing, (id) => `/agent/${kind}/${id}/${to}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ epoch: 1, ...json }) }, true];
      return [
        post('heartbeat', {}),
        post('events', { events: [] }),
        post('complete', { result: { objectId: newId(), sha256: 'a'.repeat(64), tensorSha256: 'a'.repeat(64), bytes: 1, frames: 9, width: 64, height: 64, fps: 16 } }),
        post('fail', { error: { code: 'X', message: 'x', wayOut: 'x' } }),
        [`${kind} object`, thing, (id: string) => `/agent/objects/${newId()}?kind=${kind}&id=${id}&epoch=1`, { method: 'PUT', body }, true] as [string, Thing, (id: string) => string, RequestInit, true],
      ];
    }),
  ];

  test.each(addresses)('%s: the same answer as for an id that never was, and an entry in the asker\'s log', async (_what, thing, path, init = {}, agent) => {
    const id = thing.startsWith('object ') ? theirs.objects[thing.slice(7) as keyof Things['objects']] : theirs[thing as Thing];
    const headers = { ...(init.headers as Record<string, string> | undefined), ...(agent ? { authorization: `Bearer ${api.b.agentToken}` } : {}) };
    const ask = async (given: string): Promise<string> => {
      const answer = await api.b.as.admin.fetch(path(given), { ...init, headers });
      return `${answer.status} ${answer.headers.get('content-type')} ${(await answer.text()).replaceAll(given, 'ID')}`;
    };
    const before = (await refusals()).length;
    const answer = await ask(id);
    expect(answer).toMatch(/^404 .*"NOT_FOUND"/);
    expect(answer).toBe(await ask(newId()));
    const logged = (await refusals()).slice(before);
    expect(logged).toHaveLength(2);
    expect(logged[0]).toMatchObject({ id: expect.any(String), through: agent ? 'agent' : expect.stringMatching(/^(upload|playback|download)$/) });
  });

  test.each(addresses)('%s: nobody without a session or an agent\'s token', async (_what, thing, path, init = {}) => {
    const id = thing.startsWith('object ') ? theirs.objects[thing.slice(7) as keyof Things['objects']] : theirs[thing as Thing];
    const answer = await fetch(new URL(path(id), api.url), init);
    expect({ status: answer.status, code: ((await answer.json()) as { code: string }).code }).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
  });

  test("a member's session is no agent's token, nor the other way round", async () => {
    const cookie = api.a.as.admin.cookie.split('=')[1]!;
    expect((await fetch(new URL(`/agent/datasets/${theirs.objects.dataset}`, api.url), { headers: { authorization: `Bearer ${cookie}` } })).status).toBe(401);
    expect((await fetch(new URL(`/objects/${theirs.objects.proxy}`, api.url), { headers: { cookie: `backlot_session=${api.a.agentToken}` } })).status).toBe(401);
  });
});

test('what studio B tried changed nothing of studio A, and A\'s log does not know of it', async () => {
  const { entries, upload, run } = await api.services.database.inStudio(api.a.scope, async () => ({
    entries: await rows(`select from audit_entry where type = 'refusal'`),
    upload: await rows(`select state from upload`),
    run: await rows(`select state, cancel_requested from training_run`),
  }));
  expect({ entries, upload, run }).toEqual({ entries: [], upload: [{ state: 'open' }], run: [{ state: 'running', cancel_requested: false }] });
});

test('A itself gets what B does not: the same addresses answer', async () => {
  const title = await api.a.as.admin.graphql(naming[0]![2], { id: theirs.title });
  expect(title.data!.title).toMatchObject({ id: theirs.title });
  expect(await (await api.a.as.admin.fetch(`/objects/${theirs.objects.keyframe}`)).text()).toBe(`keyframe of ${api.a.scope.studioId}`);
});
