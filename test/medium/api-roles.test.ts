import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildSchema, type GraphQLObjectType } from 'graphql';
import { type Role, ROLES } from '#libs/access';
import { newId, rows } from '#libs/platform';
import { type Api, Browser, makeApi, wholeSchema } from '../support/api.js';

let api: Api;
beforeAll(async () => {
  api = await makeApi();
}, 60_000);
afterAll(() => api.close());

const id = newId();
const refused = '{ __typename ... on Refused { code } }';

/** Who may, per field of the schema. A mutation that may is refused later (the id is of nothing), which is another code. */
const A: Role = 'archivist';
const C: Role = 'compliance';
const E: Role = 'editor';
const O: Role = 'admin';
const mutations: [name: string, may: Role[], call: string][] = [
  ['createLicence', [A, C, O], `createLicence(input: { name: "x", licensor: "x", policy: {} }) ${refused}`],
  ['amendLicence', [A, C, O], `amendLicence(id: "${id}", input: { policy: {}, why: "x" }) ${refused}`],
  ['reviseLicence', [A, C, O], `reviseLicence(id: "${id}", version: 1, input: { policy: {}, why: "x" }) ${refused}`],
  ['discardDraft', [A, C, O], `discardDraft(id: "${id}", version: 2, why: "x") ${refused}`],
  ['signLicence', [A, C, O], `signLicence(id: "${id}", version: 1, sha256: "x") ${refused}`],
  ['suspendLicence', [C, O], `suspendLicence(id: "${id}", why: "x") ${refused}`],
  ['resumeLicence', [C, O], `resumeLicence(id: "${id}", why: "x") ${refused}`],
  ['withdrawLicence', [C, O], `withdrawLicence(id: "${id}", why: "x") ${refused}`],
  ['attachLicence', [A, C, O], `attachLicence(id: "${id}", titleId: "${id}", why: "x") ${refused}`],
  ['detachLicence', [C, O], `detachLicence(id: "${id}", titleId: "${id}", why: "x") ${refused}`],
  ['simulateLicence', [A, C, O], `simulateLicence(input: { licenceId: "${id}", version: 1, against: CATALOGUE }) ${refused}`],
  ['cancelSimulation', [A, C, O], `cancelSimulation(id: "${id}") ${refused}`],
  ['createTitle', [A, O], `createTitle(input: { name: "x", licenceIds: ["${id}"] }) ${refused}`],
  ['createUpload', [A, O], `createUpload(input: { titleId: "${id}", fileName: "x", bytes: "1" }) ${refused}`],
  ['retryTitle', [A, O], `retryTitle(id: "${id}") ${refused}`],
  ['cancelJob', [A, E, O], `cancelJob(id: "${id}") ${refused}`],
  ['correctShot', [A, O], `correctShot(id: "${id}", field: "sentence", value: "x") ${refused}`],
  ['describeShots', [A, O], `describeShots(titleId: "${id}") ${refused}`],
  ['changeEntry', [A, O], `changeEntry(id: "${id}", version: 0, input: { kind: "cut", first: 1 }) ${refused}`],
  ['splitShot', [A, O], `splitShot(id: "${id}", version: 0, input: { kind: "cut", first: 1 }) ${refused}`],
  ['mergeShot', [A, O], `mergeShot(id: "${id}", version: 0) ${refused}`],
  ['acceptShot', [A, O], `acceptShot(id: "${id}", version: 0) ${refused}`],
  ['acceptShots', [A, O], `acceptShots(titleId: "${id}", confidence: 1) ${refused}`],
  ['chooseRepresentative', [A, E, O], `chooseRepresentative(id: "${id}", chosen: true) ${refused}`],
  ['labelShot', [A, O], `labelShot(id: "${id}", label: "people", values: ["2"]) ${refused}`],
  ['undoCorrection', [A, O], `undoCorrection(id: "${id}") ${refused}`],
  ['recomputeTitle', [A, O], `recomputeTitle(id: "${id}") ${refused}`],
  ['undoShotEdit', [A, O], `undoShotEdit(id: "${id}") ${refused}`],
  ['askDoubleReview', [A, O], `askDoubleReview(titleId: "${id}") ${refused}`],
  ['endDoubleReview', [A, O], `endDoubleReview(titleId: "${id}") ${refused}`],
  ['decideShot', [A, O], `decideShot(id: "${id}", version: 0, input: {}) ${refused}`],
  ['settleShot', [A, O], `settleShot(id: "${id}", version: 0, input: {}) ${refused}`],
  ['addExclusion', [A, C, O], `addExclusion(titleId: "${id}", input: { first: 0, end: 1, why: "x" }) ${refused}`],
  ['changeExclusion', [A, C, O], `changeExclusion(id: "${id}", input: { first: 0, end: 1, why: "x" }) ${refused}`],
  ['removeExclusion', [A, C, O], `removeExclusion(id: "${id}") ${refused}`],
  ['importExclusions', [A, C, O], `importExclusions(titleId: "${id}", input: { list: "first,end,why" }) ${refused}`],
  ['addMark', [A, C, O], `addMark(titleId: "${id}", input: { kind: CUE, subject: "x", first: 0, end: 1 }) ${refused}`],
  ['changeMark', [A, C, O], `changeMark(id: "${id}", input: { kind: CUE, subject: "x", first: 0, end: 1 }) ${refused}`],
  ['removeMark', [A, C, O], `removeMark(id: "${id}") ${refused}`],
  ['completeMarks', [A, C, O], `completeMarks(titleId: "${id}", kind: CUE, complete: true) ${refused}`],
  ['buildDataset', [A, E, O], `buildDataset(input: { name: "x", titleIds: ["${id}"] }) ${refused}`],
  ['createFilterSet', [A, E, O], `createFilterSet(input: { name: "x" }) ${refused}`],
  ['changeFilterSet', [A, E, O], `changeFilterSet(id: "${id}", input: { version: 1, rules: [], why: "x" }) ${refused}`],
  ['goBackFilterSet', [A, E, O], `goBackFilterSet(id: "${id}", version: 1, why: "x") ${refused}`],
  ['registerBaseModel', [O], `registerBaseModel(input: { path: "/nowhere", licence: "x" }) ${refused}`],
  ['startRun', [E, O], `startRun(input: { name: "x", datasetVersionId: "${id}", baseModelId: "${id}" }) ${refused}`],
  ['cancelRun', [E, O], `cancelRun(id: "${id}") ${refused}`],
  ['generate', [E, O], `generate(input: { modelId: "${id}", prompt: "x" }) ${refused}`],
  ['reviewOutput', [E, O], `reviewOutput(id: "${id}", approve: true) ${refused}`],
  ['deliverOutput', [E, O], `deliverOutput(id: "${id}") ${refused}`],
  ['placeHold', [C, O], `placeHold(input: { titleId: "${id}", why: "x" }) ${refused}`],
  ['liftHold', [C, O], `liftHold(id: "${id}", why: "x") ${refused}`],
  ['fulfilDuty', [A, C, O], `fulfilDuty(id: "${id}", evidence: { text: "x" }) ${refused}`],
  ['waiveDuty', [C, O], `waiveDuty(id: "${id}", why: "x") ${refused}`],
  ['retryRun', [E, O], `retryRun(id: "${id}") ${refused}`],
  ['retryGeneration', [E, O], `retryGeneration(id: "${id}") ${refused}`],
  ['askDecision', [A, C, E, O], `askDecision(input: { action: "fineTune", titleIds: ["${id}"] }) ${refused}`],
];
const queries: [name: string, may: Role[], call: string][] = [
  ...['titles', 'licences', 'datasetVersions', 'trainingRuns', 'models', 'generations', 'decisions', 'holds', 'duties', 'unsignedVersions', 'filterSets'].map((list): [string, Role[], string] => [list, [A, C, E, O], `${list}(first: 1) { totalCount }`]),
  ...['title', 'licence', 'datasetVersion', 'trainingRun', 'model', 'generation', 'decision', 'hold', 'duty', 'simulation', 'filterSet'].map((one): [string, Role[], string] => [one, [A, C, E, O], `${one}(id: "${id}") { id }`]),
  ['reviewQueue', [A, C, E, O], 'reviewQueue(first: 1) { totalCount }'],
  ['searchShots', [A, C, E, O], 'searchShots(query: { words: "x" }, first: 1) { totalCount }'],
  ['detectorQuality', [A, C, E, O], 'detectorQuality { titles quality { kind } }'],
  ['reviewedTitles', [A, C, E, O], 'reviewedTitles(first: 1) { totalCount }'],
  ['doubleReviews', [A, C, E, O], 'doubleReviews(first: 1) { totalCount }'],
  ['duplicateClusters', [A, C, E, O], 'duplicateClusters(first: 1) { totalCount }'],
  ['expiringLicences', [A, C, E, O], 'expiringLicences(first: 1, days: 30) { totalCount }'],
  ['licenceChanges', [A, C, E, O], `licenceChanges(id: "${id}", before: 1, after: 2) { words }`],
  ['licenceTemplates', [A, C, E, O], 'licenceTemplates { name parameters { name } }'],
  ['filterMeasures', [A, C, E, O], 'filterMeasures { name kind values }'],
  ['filterPresets', [A, C, E, O], 'filterPresets { name rules { code } notApplied { asks } }'],
  ['filterPreview', [A, C, E, O], 'filterPreview(input: { titleIds: [] }) { kept rules { drops } }'],
  ['baseModels', [A, C, E, O], 'baseModels { id }'],
  ['log', [C, O], 'log { size entries(first: 1) { totalCount } }'],
];

const schema = buildSchema(wholeSchema());
const names = (type: GraphQLObjectType | null | undefined): string[] => Object.keys(type!.getFields()).sort();
const everyRole = (table: [string, Role[], string][]): [string, Role, boolean, string][] => table.flatMap(([name, may, call]) => ROLES.map((role): [string, Role, boolean, string] => [name, role, may.includes(role), call]));

describe('who may do what', () => {
  test('the tables name every mutation and query but those that come before a session', () => {
    expect([...mutations.map(([name]) => name), 'signIn', 'signOut'].sort()).toEqual(names(schema.getMutationType()));
    expect([...queries.map(([name]) => name), 'me'].sort()).toEqual(names(schema.getQueryType()));
  });

  test.each(everyRole(mutations))('%s by %s: %s', async (name, role, may, call) => {
    const answer = await api.a.as[role].graphql(`mutation { ${call} }`);
    expect(answer.errors).toBeUndefined();
    const { __typename, code } = answer.data![name] as { __typename: string; code?: string };
    expect(__typename).toBe('Refused');
    if (may) expect(code).not.toBe('FORBIDDEN');
    else expect(code).toBe('FORBIDDEN');
  });

  test.each(everyRole(queries))('%s by %s: %s', async (_name, role, may, call) => {
    const answer = await api.a.as[role].graphql(`{ ${call} }`);
    expect(answer.errors?.[0]?.extensions?.code).toBe(may ? undefined : 'FORBIDDEN');
  });

  test.each([...mutations.map(([name, , call]): [string, string] => [name, `mutation { ${call} }`]), ...queries.map(([name, , call]): [string, string] => [name, `{ ${call} }`])])('%s by nobody', async (_name, document) => {
    const answer = await new Browser(api.url).graphql(document);
    expect(answer.errors?.[0]?.extensions?.code).toBe('UNAUTHENTICATED');
    expect(answer.data ?? {}).not.toMatchObject({ id: expect.anything() });
  });

  test('a role that is not enough is told so, and the log of the studio knows', async () => {
    const answer = await api.a.as.editor.graphql(`mutation { createTitle(input: { name: "x", licenceIds: ["${id}"] }) { ... on Refused { code message wayOut } } }`);
    expect(answer.data!.createTitle).toEqual({ code: 'FORBIDDEN', message: 'Your role (editor) does not include: create Title.', wayOut: 'Ask a member with a role that does, or your administrator.' });
    const logged = await api.services.database.inStudio(api.a.scope, () => rows<{ payload: unknown }>(`select payload from audit_entry where type = 'refusal' and payload->>'what' = 'createTitle' order by id desc limit 1`));
    expect(logged[0]!.payload).toMatchObject({ what: 'createTitle', through: 'graphql', id });
  });

  test.each([
    ['PUT', `/uploads/${id}/parts/0`, [A, O]],
    ['GET', `/uploads/${id}`, [A, O]],
    ['POST', `/uploads/${id}/complete`, [A, O]],
    ['DELETE', `/uploads/${id}`, [A, O]],
    ['GET', `/objects/${id}`, [A, C, E, O]],
    ['GET', `/titles/${id}/proxy.m3u8`, [A, C, E, O]],
    ['GET', `/deliveries/${id}`, [A, C, E, O]],
  ] as [string, string, Role[]][])('%s %s', async (method, path, may) => {
    for (const role of ROLES) {
      const answer = await api.a.as[role].fetch(path, { method });
      expect({ role, status: answer.status }).toEqual({ role, status: may.includes(role) ? 404 : 403 });
      await answer.body?.cancel();
    }
  });

  test('what the console is told a member may do is what the member may do', async () => {
    for (const role of ROLES) {
      const answer = await api.a.as[role].graphql(`{ me { can roles } }`);
      const { can } = answer.data!.me as { can: string[] };
      expect({ role, can: can.includes('create Title'), log: can.includes('read Log'), base: can.includes('create BaseModel') }).toEqual({ role, can: role === A || role === O, log: role === C || role === O, base: role === O });
    }
  });

  test('a resolver or address without a rule is refused for everyone', async () => {
    const { PermissionGuard } = await import('../../apps/api/src/guard/permission.guard.js');
    const { Reflector } = await import('@nestjs/core');
    class Bare {
      method(): void {
        throw new Error('was reached');
      }
    }
    const guard = new PermissionGuard(new Reflector(), api.services.access);
    const context = { getHandler: () => Bare.prototype.method, getClass: () => Bare, getType: () => 'graphql' };
    await expect(guard.canActivate(context as unknown as Parameters<typeof guard.canActivate>[0])).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
