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
  ['detectorQuality', [A, C, E, O], 'detectorQuality { titles quality { kind } }'],
  ['reviewedTitles', [A, C, E, O], 'reviewedTitles(first: 1) { totalCount }'],
