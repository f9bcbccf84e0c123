import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { Invalid, Misused, readPolicies } from './files.js';
import { check, diff, explain, render, simulate } from './verbs.js';

const templates = path.join(repositoryRoot, 'policies/templates');
const template = (name: string): string => path.join(templates, `${name}.yaml`);
const folder = mkdtempSync(path.join(tmpdir(), 'backlot-policy-'));
const file = (name: string, content: unknown): string => {
  const at = path.join(folder, name);
  writeFileSync(at, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return at;
};
const document = (more: Record<string, unknown>): Record<string, unknown> => ({
  '@context': ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:', dct: 'http://purl.org/dc/terms/' }],
  '@type': 'Agreement',
  uid: 'urn:example:l',
  profile: 'urn:backlot:profile:',
  target: 'urn:example:film',
  permission: [{ uid: '#p1', 'backlot:clause': '2', action: 'backlot:curate' }],
  ...more,
});
const caught = async (work: Promise<unknown>): Promise<unknown> => work.then(() => undefined, (error: unknown) => error);

describe('check', () => {
  test('every template of the repository is right', async () => {
    const names = readdirSync(templates).filter((name) => name.endsWith('.yaml')).map((name) => path.join(templates, name));
    expect(await check(names, {})).toMatchObject({ well: true, json: { problems: [] } });
  });

  test('JSON-LD, Turtle and templates, each problem with its line; one run tells all of them', async () => {
    const unknown = file('unknown.json', document({ permission: [{ action: 'backlot:curate' }, { action: 'backlot:teleport' }] }));
    const turtle = file('broken.ttl', '@prefix odrl: <http://www.w3.org/ns/odrl/2/> .\n<urn:example:l> a odrl:Set ;\n  odrl:permission [ odrl:action ] .\n');
    const yaml = file('broken.yaml', 'title: T\nabout: A\nparameters: {}\nclauses:\n  - clause: "1"\n    prose: P\n    rules:\n      - { allow: curate, wherever: [] }\n');
    const { well, text, json } = await check([unknown, turtle, yaml, template('footage')], {});
    expect(well).toBe(false);
    expect(text).toContain(`${unknown}:18: /permission/1/action`);
    expect(text).toMatch(/broken\.ttl:3: /);
    expect(text).toMatch(/broken\.yaml:8: \/clauses\/0\/rules\/0\/wherever/);
    expect(json).toMatchObject({ files: [{ title: 'Own footage' }] });
  });

  test('an example that its template answers otherwise', async () => {
    const wrong = file('wrong.yaml', `title: T
about: A
parameters: { titles: { type: asset, words: the Titles, default: "#titles" } }
clauses:
  - { clause: "1", prose: P, rules: [{ allow: curate }] }
examples:
  - { case: Training is not allowed, answer: ALLOW, because: clause 1, action: fineTune, now: 2026-02-03T10:00:00Z, in: ["#titles"] }
`);
    expect(await check([wrong], {})).toMatchObject({ well: false, json: { problems: [{ path: '/examples/0', line: 7, problem: expect.stringContaining('does not mention fine-tuning') as unknown }] } });
  });

  test('a child finds its parents among the files, in any order; without them, or in a circle, it is told so', async () => {
    const child = file('child.json', document({ uid: 'urn:example:child', inheritFrom: ['urn:example:l'] }));
    const parent = file('parent.json', document({}));
    expect((await check([child, parent], {})).well).toBe(true);
    expect((await check([child], {})).text).toContain('urn:example:l, which is not given');
    const circle = file('circle.json', document({ inheritFrom: ['urn:example:child'] }));
    expect((await check([child, circle], {})).well).toBe(false);
  });

  test('values for a template; a parameter that it has not, a file that is not there', async () => {
    const { policies } = await readPolicies([template('territory-window')], ['cap=7', 'territory=DE,FR']);
    expect(policies[0]!.contract!.definitions).toEqual(expect.arrayContaining([{ term: 'the Cap', value: '7' }, { term: 'the Territory', value: 'Germany and France' }]));
    expect(await caught(check([template('footage')], { set: ['cap=7'] }))).toBeInstanceOf(Misused);
    expect(await caught(check([path.join(folder, 'nowhere.json')], {}))).toBeInstanceOf(Misused);
    expect((await check([template('territory-window')], { set: ['window_to=soon'] })).text).toContain('/parameters/window_to');
  });
});

describe('explain', () => {
  test('a template explains its own examples', async () => {
    const { text, well } = await explain(template('guild-consent'), {});
    expect(well).toBe(true);
    expect(text).toContain('The performer has not consented yet');
    expect(text).toContain('only after consent');
    expect(text).toMatch(/by +the Licensee/);
  });

  test('outcome, sentence, trace, what would change it, duties with deadlines', async () => {
    const asked = { action: 'export', at: '2027-01-10T10:00:00Z', spatial: 'DE', purpose: 'previs', count: ['export=12'], done: ['#credit'] };
    const { text, well } = await explain(template('territory-window'), asked);
    expect(well).toBe(true);
    expect(text).toMatch(/^PERMITTED\n {2}Allowed: clause 4\.1 .*\n {2}What would change it: /);
    expect(text).toMatch(/the number of uses is at most 500 +13 +yes/);
    expect(text).toMatch(/clause 5\.2 +a report to the licensor +by 2027-05-10.*again every 3 months/);
    expect(await explain(template('territory-window'), { ...asked, spatial: 'IT' })).toMatchObject({ well: false, text: expect.stringMatching(/^REFUSED\n {2}Refused: .*the territory here is IT/) as unknown });
  });

  test('facts by their operand: lists, numbers, ODRL names without a prefix', async () => {
    const licence = file('facts.json', document({ permission: [{ action: 'backlot:curate', constraint: [{ leftOperand: 'backlot:performerClearance', operator: 'isAllOf', rightOperand: 'cleared' }, { leftOperand: 'percentage', operator: 'lteq', rightOperand: 10 }] }] }));
    const asked = { action: 'curate', target: 'urn:example:film', at: '2027-01-10T10:00:00Z' };
    expect((await explain(licence, { ...asked, fact: ['performerClearance=cleared,cleared', 'percentage=5'] })).well).toBe(true);
    expect((await explain(licence, { ...asked, fact: ['performerClearance=cleared,pending', 'percentage=5'] })).well).toBe(false);
    expect((await explain(licence, { ...asked, fact: ['performerClearance=cleared', 'percentage=50'] })).well).toBe(false);
  });

  test('a question from a file, options before it; a recorded decision as it is', async () => {
    const licence = file('l.json', document({}));
    const question = file('question.yaml', 'action: curate\nnow: 2027-01-10T10:00:00Z\ntarget: urn:example:film\n');
    expect((await explain(licence, { request: question })).well).toBe(true);
    expect((await explain(licence, { request: question, target: 'urn:example:other' })).well).toBe(false);
    const recorded = file('recorded.json', { request: { action: 'curate', now: '2027-01-10T10:00:00Z', assignee: [], targets: [{ id: 'urn:example:film', ancestors: [] }] }, state: { performed: [] } });
    expect((await explain(licence, { request: recorded })).well).toBe(true);
  });

  test('what is asked without sense is wrong use', async () => {
    const licence = file('l.json', document({}));
    expect(await caught(explain(licence, {}))).toBeInstanceOf(Misused);
    expect(await caught(explain(licence, { action: 'curate', segment: '1-2' }))).toBeInstanceOf(Misused);
    expect(await caught(explain(licence, { action: 'curate', fact: ['cleared'] }))).toBeInstanceOf(Misused);
    expect(await caught(explain(licence, { request: file('odd.json', { action: 'curate', colour: 'blue' }) }))).toBeInstanceOf(Misused);
    expect(await caught(explain(licence, { request: file('odd.txt', 'a: [') }))).toBeInstanceOf(Misused);
  });
});

test('diff: only what tightens or is neutral is well', async () => {
  const before = file('before.json', document({}));
  const after = file('after.json', document({ permission: [{ uid: '#p1', 'backlot:clause': '2', action: ['backlot:curate', 'backlot:export'] }] }));
  expect(await diff(before, after, {})).toMatchObject({ well: false, text: 'loosens  clause 2  Export is now allowed.\n' });
  expect(await diff(after, before, {})).toMatchObject({ well: true, json: [{ effect: 'tightens', rule: 'urn:example:l#p1', clause: '2' }] });
  expect((await diff(before, before, {})).text).toContain('has changed');
});

test('render: text, Markdown and JSON of the same prose', async () => {
  const { text, json } = await render(template('series-exclusions'), {});
  expect(text).toContain('3.1 EXCLUDED EPISODES');
  expect((await render(template('series-exclusions'), { markdown: true })).text).toContain('## 3.1 Excluded episodes');
  expect(json).toMatchObject({ title: expect.stringContaining('Series licence') as unknown });
});

test('simulate: what would flip, by title and job; a line that is no decision is named', async () => {
  const ask = (scope: string, now: string): string => JSON.stringify({ scope, outcome: 'permit', request: { action: 'curate', now, assignee: [], targets: [{ id: 'urn:example:film', ancestors: [] }] }, state: { performed: [] } });
  const until = (day: string): string => file(`until-${day}.json`, document({ permission: [{ uid: '#p1', 'backlot:clause': '2', action: 'backlot:curate', constraint: [{ leftOperand: 'dateTime', operator: 'lteq', rightOperand: { '@value': `${day}Z`, '@type': 'xsd:date' } }] }] }));
  const recorded = file('recorded.jsonl', `${ask('run-1', '2026-05-01T00:00:00Z')}\n\n${ask('run-2', '2026-08-01T00:00:00Z')}\n`);
  const { well, text, json } = await simulate([until('2026-06-30')], { recorded, before: [until('2026-12-31')] });
  expect(well).toBe(false);
  expect(text).toContain('1 would be refused that were permitted');
  expect(json).toMatchObject({ decisions: 2, toRefuse: 1, jobs: [{ id: 'run-2' }] });
  expect((await simulate([until('2026-12-31')], { recorded })).well).toBe(true);
  const broken = file('broken.jsonl', `${ask('run-1', '2026-05-01T00:00:00Z')}\n{"request": {}}\n`);
  expect(await caught(simulate([until('2026-06-30')], { recorded: broken }))).toMatchObject({ message: expect.stringContaining('broken.jsonl:2: ') as unknown });
  expect(await caught(simulate([until('2026-06-30')], { recorded: broken }))).toBeInstanceOf(Invalid);
  expect(await caught(simulate([until('2026-06-30')], { recorded: path.join(folder, 'nowhere') }))).toBeInstanceOf(Misused);
});

// The compiled program as a lawyer runs it; `npm test` builds it first.
describe('npx backlot policy, as a process', () => {
  const backlot = (...args: string[]): { status: number | null; stdout: string; stderr: string } => spawnSync(process.execPath, [path.join(repositoryRoot, 'apps/cli/bin/backlot.mjs'), 'policy', ...args], { encoding: 'utf8' });
  const asked = ['explain', template('fine-tune'), '--action', 'fineTune', '--at', '2026-02-03T10:00:00Z'];

  test.each([
    ['check', ['check', template('research'), template('footage')], 0, /^ok {2}/],
    ['explain, permitted', [...asked, '--tenant', 'urn:example:studio:north'], 0, /^PERMITTED/],
    ['explain, refused', [...asked, '--tenant', 'urn:example:studio:south', '--json'], 1, /"outcome": "refuse"/],
    ['diff', ['diff', template('no-training'), template('curation-only'), '--json'], 1, /"effect"/],
    ['render', ['render', template('curation-only'), '--markdown'], 0, /^# Curation only/],
    ['simulate', ['simulate', template('footage'), '--recorded', file('none.jsonl', '')], 0, /^0 decisions/],
  ])('%s', (_, args, status, said) => {
    const ran = backlot(...args);
    expect([ran.status, ran.stderr]).toEqual([status, '']);
    expect(ran.stdout).toMatch(said);
  });

  test('wrong use is exit code 2', () => {
    expect(backlot('check').status).toBe(2);
    expect(backlot('check', '/nowhere.json').status).toBe(2);
    expect(backlot('--help').status).toBe(0);
  });
});
