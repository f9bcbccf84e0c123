import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Role } from '#libs/access';
import { repositoryRoot, startJobs } from '#libs/platform';
import { fillTemplate, readTemplate } from '#libs/rights';
import { Client } from '../../apps/cli/src/demo/client.js';
import { onboardLicences } from '../../apps/cli/src/demo/loop.js';
import { type Api, makeApi, PASSWORD } from '../support/api.js';
import { policyOf } from '../support/films.js';

let api: Api;
beforeAll(async () => {
  api = await makeApi();
}, 60_000);
afterAll(() => api.close());

type Json = Record<string, unknown>;
const refused = '__typename ... on Refused { code message wayOut }';
async function ask<T = Json>(role: Role, document: string, variables: Json = {}): Promise<T> {
  const answer = await api.a.as[role].graphql(document, variables);
  expect(answer.errors).toBeUndefined();
  return Object.values(answer.data!)[0] as T;
}
const create = (input: Json): Promise<{ id: string; version: number; sha256: string; state: string; code?: string }> => ask('archivist', `mutation ($input: LicenceInput!) { createLicence(input: $input) { ... on Licence { id version sha256 state } ${refused} } }`, { input: { name: 'Archive', licensor: 'Licensor', ...input } });
const sign = (role: Role, { id, version, sha256 }: { id: string; version: number; sha256: string }): Promise<{ state?: string; code?: string }> => ask(role, `mutation ($id: ID!, $version: Int!, $sha256: String!) { signLicence(id: $id, version: $version, sha256: $sha256) { ... on Licence { state decides } ${refused} } }`, { id, version, sha256 });
const fineTune = (until: string): Json => ({ template: { name: 'fine-tune', parameters: { until } } });

test('a licence from draft to withdrawal, as the console asks for it', async () => {
  const draft = await create(fineTune('2031-12-31'));
  expect(draft).toMatchObject({ state: 'DRAFT', version: 1 });
  const waiting = `query { unsignedVersions(first: 5) { nodes { version state licence { id } signatures { member { name } roles } awaits { roles } draftedBy { name } } totalCount } }`;
  expect(await ask('compliance', waiting)).toEqual({ nodes: [{ version: 1, state: 'DRAFT', licence: { id: draft.id }, signatures: [], awaits: expect.arrayContaining([{ roles: ['ARCHIVIST'] }, { roles: ['COMPLIANCE'] }]), draftedBy: { name: 'archivist of Aurora' } }], totalCount: 1 });
  expect(await sign('editor', draft)).toMatchObject({ code: 'FORBIDDEN' });
  expect(await sign('archivist', draft)).toMatchObject({ state: 'DRAFT' });
  expect(await sign('archivist', draft)).toMatchObject({ code: 'SIGNED_TWICE', wayOut: 'Ask another member to sign it.' });
  expect(await ask('compliance', waiting)).toMatchObject({ nodes: [{ signatures: [{ member: { name: 'archivist of Aurora' }, roles: ['ARCHIVIST'] }], awaits: [{ roles: ['COMPLIANCE'] }] }] });
  expect(await sign('compliance', { ...draft, sha256: 'another' })).toMatchObject({ code: 'DRAFT_CHANGED' });
  expect(await sign('compliance', draft)).toMatchObject({ state: 'ACTIVE', decides: true });

  const title = await ask<{ id: string; state: string }>('archivist', `mutation ($id: ID!) { createTitle(input: { name: "Film", licenceIds: [$id] }) { ... on Title { id state } ${refused} } }`, { id: draft.id });
  expect(title.state).toBe('REGISTERED');
  const licence = await ask('editor', `query ($id: ID!) { licence(id: $id) { state decides begins ends summary uid draft { version } prose { title sections { clause heading prose sentences { words rule } } general } versions(first: 5) { nodes { version state kind template { template parameters } } totalCount } events(first: 5) { nodes { kind why member { name } version } totalCount } titles(first: 5) { nodes { id } } } }`, { id: draft.id });
  expect(licence).toMatchObject({
    state: 'ACTIVE', decides: true, begins: null, ends: '2032-01-01T00:00:00.000Z', draft: null,
    versions: { nodes: [{ version: 1, state: 'IN_FORCE', kind: 'ORIGINAL', template: { template: 'fine-tune' } }], totalCount: 1 },
    events: { nodes: [{ kind: 'SIGNED', member: { name: 'compliance of Aurora' } }, { kind: 'COUNTERSIGN' }, { kind: 'DRAFTED', member: { name: 'archivist of Aurora' } }], totalCount: 3 },
    titles: { nodes: [{ id: title.id }] },
  });
  expect((licence.prose as { sections: { clause: string }[] }).sections.map(({ clause }) => clause)).toEqual(expect.arrayContaining(['3.1', '4.2', '9.1']));

  const amend = (input: Json): Promise<Json> => ask('archivist', `mutation ($id: ID!, $input: LicenceVersionInput!) { amendLicence(id: $id, input: $input) { ... on LicenceVersion { version kind state sha256 loosens changes { rule clause effect words } } ${refused} } }`, { id: draft.id, input: { why: 'A year more.', ...input } });
  expect(await amend(fineTune('2032-12-31'))).toMatchObject({ code: 'LOOSENS', wayOut: expect.stringContaining('clause 4.2') });
  const amended = await amend({ ...fineTune('2032-12-31'), loosens: ['3.1', '4.2', '4.3'] });
  expect(amended).toMatchObject({ version: 2, kind: 'AMENDMENT', state: 'DRAFT', changes: expect.arrayContaining([expect.objectContaining({ clause: '4.2', effect: 'LOOSENS' })]) });
  expect(await ask('compliance', `mutation ($id: ID!) { discardDraft(id: $id, version: 2, why: "Not now.") { ... on Licence { version draft { version } } ${refused} } }`, { id: draft.id })).toMatchObject({ version: 1, draft: null });
  const shorter = (await amend(fineTune('2030-12-31'))) as { sha256: string };
  expect(shorter).toMatchObject({ version: 3, kind: 'TIGHTENING' });
  const revised = await ask<{ sha256: string }>('compliance', `mutation ($id: ID!, $input: LicenceVersionInput!) { reviseLicence(id: $id, version: 3, input: $input) { ... on LicenceVersion { sha256 kind } ${refused} } }`, { id: draft.id, input: { ...fineTune('2029-12-31'), why: 'Shorter still.' } });
  expect(await sign('compliance', { id: draft.id, version: 3, sha256: shorter.sha256 })).toMatchObject({ code: 'DRAFT_CHANGED' });
  for (const role of ['compliance', 'archivist'] as const) await sign(role, { id: draft.id, version: 3, sha256: revised.sha256 });
  expect(await ask('editor', `query ($id: ID!) { licence(id: $id) { version ends versions(first: 5) { nodes { version state } } } }`, { id: draft.id })).toMatchObject({ version: 3, ends: '2030-01-01T00:00:00.000Z', versions: { nodes: [{ version: 3, state: 'IN_FORCE' }, { version: 2, state: 'DISCARDED' }, { version: 1, state: 'AMENDED' }] } });
  expect(await ask('editor', `query ($id: ID!) { licenceChanges(id: $id, before: 1, after: 3) { effect words } }`, { id: draft.id })).toEqual(expect.arrayContaining([expect.objectContaining({ effect: 'TIGHTENS' })]));

  const decide = (): Promise<{ permitted: boolean; sentence: string }> => ask('editor', `mutation ($id: ID!) { askDecision(input: { action: "fineTune", titleIds: [$id] }) { ... on Decision { permitted sentence } ${refused} } }`, { id: title.id });
  expect(await decide()).toMatchObject({ permitted: true });
  const turn = (mutation: string, why: string): Promise<Json> => ask('compliance', `mutation ($id: ID!, $why: String!) { ${mutation}(id: $id, why: $why) { ... on Licence { state decides } ${refused} } }`, { id: draft.id, why });
  expect(await turn('suspendLicence', 'The fee is late.')).toMatchObject({ state: 'SUSPENDED', decides: false });
  expect(await decide()).toEqual(expect.objectContaining({ permitted: false, sentence: 'Refused: the licence “Archive” is suspended (The fee is late).' }));
  expect(await turn('resumeLicence', 'It came.')).toMatchObject({ state: 'ACTIVE' });
  expect(await turn('withdrawLicence', 'The contract ended.')).toMatchObject({ state: 'WITHDRAWN' });
  expect(await decide()).toMatchObject({ permitted: false });
  expect(await turn('resumeLicence', 'No.')).toMatchObject({ code: 'WITHDRAWN' });
});

test('a title under a draft is withheld until the licence is signed', async () => {
  const draft = await create({ policy: { ...policyOf(['ingest', 'curate'], 'urn:example:later'), assignee: `urn:uuid:${api.a.scope.studioId}` } });
  expect(await ask('archivist', `mutation ($id: ID!) { createTitle(input: { name: "Early", licenceIds: [$id] }) { ... on Title { state reason { code message wayOut } } ${refused} } }`, { id: draft.id })).toMatchObject({ state: 'WITHHELD', reason: { code: 'LICENCE_REFUSED', message: 'Refused: the licence “Archive” is a draft that is not signed.', wayOut: expect.stringContaining('two members') } });
  for (const role of ['compliance', 'archivist'] as const) await sign(role, draft);
  const early = await ask<{ nodes: { id: string }[] }>('archivist', '{ titles(first: 1, search: "Early") { nodes { id } } }');
  expect(await ask('archivist', `mutation ($id: ID!) { retryTitle(id: $id) { ... on Title { state reason { code } } ${refused} } }`, { id: early.nodes[0]!.id })).toMatchObject({ state: 'REGISTERED', reason: null });
});

test('licences that end soon, and what a draft would change as a job', async () => {
  const soon = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10);
  const licence = await create(fineTune(soon));
  for (const role of ['archivist', 'compliance'] as const) await sign(role, licence);
  const ending = (days: number): Promise<{ nodes: { id: string }[]; totalCount: number }> => ask('compliance', `query ($days: Int!) { expiringLicences(first: 5, days: $days) { nodes { id state } totalCount } }`, { days });
  expect([(await ending(30)).totalCount, await ending(60)]).toEqual([0, { nodes: [{ id: licence.id, state: 'EXPIRING' }], totalCount: 1 }]);

  const title = await ask<{ id: string }>('archivist', `mutation ($id: ID!) { createTitle(input: { name: "Film", licenceIds: [$id] }) { ... on Title { id } ${refused} } }`, { id: licence.id });
  const { version } = await ask<{ version: number }>('archivist', `mutation ($id: ID!, $input: LicenceVersionInput!) { amendLicence(id: $id, input: $input) { ... on LicenceVersion { version } ${refused} } }`, { id: licence.id, input: { ...fineTune('2020-12-31'), why: 'It should have ended.' } });
  expect(version).toBe(2);
  const simulate = (input: Json): Promise<{ id: string; code?: string }> => ask('compliance', `mutation ($input: SimulationInput!) { simulateLicence(input: $input) { ... on Simulation { id job { state } } ${refused} } }`, { input: { licenceId: licence.id, version, ...input } });
  const catalogue = await simulate({ against: 'CATALOGUE' });
  expect(catalogue).toMatchObject({ job: { state: 'QUEUED' } });
  const stopped = await simulate({ against: 'DECISIONS', from: new Date(Date.now() - 3_600_000).toISOString() });
  expect(await ask('compliance', `mutation ($id: ID!) { cancelSimulation(id: $id) { ... on Simulation { job { state } } ${refused} } }`, { id: stopped.id })).toMatchObject({ job: { state: 'CANCELLED' } });
  expect(await simulate({ against: 'DECISIONS' })).toMatchObject({ code: 'BAD_PERIOD' });

  const jobs = await startJobs(api.services.database, { simulate: api.services.rights.simulations.simulate });
  try {
    const document = `query ($id: ID!) { simulation(id: $id) { job { state progress } total asked opened closed finishedAt licence { id } flips(first: 50) { nodes { action permitted title { id } before after } totalCount } titles(first: 5) { nodes { title { id } opened closed } totalCount } jobs(first: 5) { totalCount } } }`;
    let done = await ask<Json & { job: { state: string } }>('compliance', document, { id: catalogue.id });
    while (done.job.state !== 'SUCCEEDED') done = await ask('compliance', document, { id: catalogue.id });
    expect(done).toMatchObject({ total: 1, asked: 1, licence: { id: licence.id }, finishedAt: expect.any(String), job: { progress: 1 } });
    expect(done.flips).toMatchObject({ nodes: expect.arrayContaining([expect.objectContaining({ action: 'fineTune', permitted: false, title: { id: title.id }, after: expect.stringMatching(/^Refused/) })]) });
    expect(await ask('compliance', `query ($id: ID!) { licence(id: $id) { simulations(first: 5) { totalCount } } }`, { id: licence.id })).toEqual({ simulations: { totalCount: 2 } });
  } finally {
    await jobs.stop();
  }
}, 60_000);

test('beside a job that has ended stands what it found, though it ended while it was asked for', async () => {
  const { id: licenceId } = await create(fineTune('2031-12-31'));
  const { id } = await ask<{ id: string }>('compliance', `mutation ($input: SimulationInput!) { simulateLicence(input: $input) { ... on Simulation { id } ${refused} } }`, { input: { licenceId, version: 1, against: 'CATALOGUE' } });
  const owner = new pg.Client({ connectionString: api.world.ownerUrl });
  await owner.connect();
  try {
    for (const document of [`{ simulation(id: "${id}") { job { state } finishedAt } }`, `{ licence(id: "${licenceId}") { simulations(first: 1) { nodes { job { state } finishedAt } } } }`]) {
      await owner.query('begin');
      await owner.query('lock table job in access exclusive mode');
      const asked = ask('compliance', document);
      while ((await owner.query(`select from pg_locks where relation = 'job'::regclass and not granted`)).rowCount === 0);
      await owner.query(`update simulation set finished_at = now() where id = $1`, [id]);
      await owner.query(`update job set state = 'succeeded' where subject_id = $1`, [id]);
      await owner.query('commit');
      expect(JSON.stringify(await asked)).toMatch(/"state":"SUCCEEDED".*"finishedAt":"/);
      await owner.query(`update simulation set finished_at = null where id = $1`, [id]);
    }
  } finally {
    await owner.end();
  }
});

test.each([
  ['none', {}],
  ['two', { policy: {}, text: 'x' }],
])('a policy given in %s of the ways is refused in words', async (_what, input) => expect(await create(input)).toMatchObject({ code: 'BAD_LICENCE' }));

test('what is wrong in a policy is said with its place', async () => {
  expect(await create({ text: '{ "@context": "http://www.w3.org/ns/odrl.jsonld", "uid": "urn:example:x", "@type": "Agreement", "profile": "urn:backlot:profile:", "permission": [{ "action": "fly", "target": "urn:example:film" }] }' })).toMatchObject({ code: 'INVALID_POLICY', message: expect.stringContaining('/permission/0/action') });
  expect(await create({ text: 'neither JSON nor Turtle' })).toMatchObject({ code: 'INVALID_POLICY' });
  expect(await create({ template: { name: 'no-such', parameters: {} } })).toMatchObject({ code: 'UNKNOWN_TEMPLATE' });
  for (const parameters of [null, 'x', [1], { until: {} }, { until: [[]] }]) expect(await create({ template: { name: 'fine-tune', parameters } }).catch(() => ({ code: 'error' }))).toMatchObject({ code: expect.stringMatching(/INVALID_POLICY|error/) });
  expect((await ask<{ name: string }[]>('archivist', '{ licenceTemplates { name title about parameters { name type words default example } } }')).length).toBeGreaterThanOrEqual(6);
});

test('the demo\'s archivist and compliance officer onboard licences that decide', async () => {
  const [archivist, compliance] = [new Client(api.url), new Client(api.url)];
  await archivist.signIn(api.a.email.archivist, PASSWORD);
  await compliance.signIn(api.a.email.compliance, PASSWORD);
  const template = readTemplate(await readFile(join(repositoryRoot, 'policies/templates/fine-tune.yaml'), 'utf8'));
  const ids = await onboardLicences({ archivist, compliance }, { 'fine-tune': { name: 'Archive licence', licensor: 'Licensor', policy: fillTemplate(template, { licensee: `urn:uuid:${api.a.scope.studioId}` }).policy } });
  expect(await ask('editor', `query ($id: ID!) { licence(id: $id) { state decides } }`, { id: ids['fine-tune'] })).toEqual({ state: 'ACTIVE', decides: true });
});
