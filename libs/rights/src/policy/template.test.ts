import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { compilePolicy, evaluate, exampleValues, fillTemplate, lineOf, readAsk, readTemplate } from './index.js';

const folder = path.join(repositoryRoot, 'policies/templates');
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const text = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

test('there are at least the six shapes that studios sign', () => {
  expect(names).toEqual(expect.arrayContaining(['fine-tune', 'curation-only', 'series-exclusions', 'territory-window', 'guild-consent', 'research'].map((name) => `${name}.yaml`)));
});

describe.each(names)('%s', (name) => {
  const template = readTemplate(text(name));
  const contract = fillTemplate(template, exampleValues(template), 'urn:example:licence');
  const compiled = compilePolicy(contract.policy);

  test('is a strict policy whose every rule and obligation names a clause of the contract', () => {
    expect(compiled.policy.strict).toBe(true);
    const numbers = new Set(contract.clauses.map((clause) => clause.clause));
    for (const one of [...compiled.policy.rules, ...compiled.policy.obligations]) expect(numbers).toContain(one.clause);
  });

  test('says its values in prose and leaves no placeholder', () => {
    for (const { prose } of contract.clauses) expect(prose).not.toMatch(/[{}]/);
    expect(JSON.stringify(contract.policy)).not.toMatch(/\{[a-z_]+\}/);
    expect(contract.examples.map((example) => example.answer)).toEqual(expect.arrayContaining(['ALLOW', 'DENY']));
  });

  test.each(contract.examples)('$answer: $case', ({ answer, because, ask }) => {
    const { request, state } = readAsk(ask, compiled);
    const evaluation = evaluate([compiled], request, state);
    expect(`${evaluation.outcome === 'permit' ? 'ALLOW' : 'DENY'}: ${evaluation.reason.sentence}`).toContain(because);
    expect(evaluation.outcome).toBe(answer === 'ALLOW' ? 'permit' : 'refuse');
  });

  test('keeps its list parameters optional', () => {
    const lists = Object.entries(template.parameters).filter(([, parameter]) => Array.isArray(parameter.default) && parameter.default.length === 0);
    const bare = fillTemplate(template, { ...exampleValues(template), ...Object.fromEntries(lists.map(([key]) => [key, []])) });
    expect(() => compilePolicy(bare.policy)).not.toThrow();
  });
});

const small = (more: string): string => `
title: T
about: A
zone: UTC
parameters:
  licensee: { type: party, words: the Licensee }
  titles: { type: asset, words: the Titles, default: "#titles" }
  until: { type: date, words: the end, default: 2030-01-31 }
clauses:
  - clause: "1"
    prose: The Licensee may fine-tune until {until}.
    rules:
${more}`;
const north = { licensee: 'urn:example:studio:north' };

describe('what cannot be understood is refused where it stands', () => {
  const refusal = (run: () => unknown): unknown => {
    try {
      run();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  test.each([
    ['a key that nobody knows', '      - { allow: fineTune, were: [] }', '/clauses/0/rules/0/were', 13],
    ['a rule that neither allows, forbids nor obliges', '      - { permits: fineTune }', '/clauses/0/rules/0', 13],
  ])('%s', (_, more, at, line) => {
    const source = small(more);
    expect(refusal(() => readTemplate(source))).toMatchObject({ code: 'INVALID_POLICY', path: expect.stringContaining(at) as unknown });
    expect(lineOf(source, at)?.line).toBe(line);
  });

  test('a value that is missing, unknown or of another type', () => {
    const template = readTemplate(small('      - { allow: fineTune }'));
    expect(refusal(() => fillTemplate(template, {}))).toMatchObject({ path: '/parameters/licensee' });
    expect(refusal(() => fillTemplate(template, { ...north, cap: 5 }))).toMatchObject({ path: '/parameters/cap' });
    expect(refusal(() => fillTemplate(template, { ...north, until: 'soon' }))).toMatchObject({ path: '/parameters/until' });
  });

  test('a word that the profile does not know is traced back to the line of the template', () => {
    const source = small('      - allow: fineTune\n        where:\n          - { dateTime: { lteq: "{until}" } }\n          - { mood: { eq: good } }');
    const contract = fillTemplate(readTemplate(source), north);
    const found = refusal(() => compilePolicy(contract.policy)) as { path: string };
    expect(contract.origin(found.path)).toBe('/clauses/0/rules/0/where/1');
    expect(lineOf(source, contract.origin(found.path))?.line).toBe(16);
  });

  test('a placeholder without a parameter, YAML that is not YAML, aliases that grow', () => {
    expect(refusal(() => fillTemplate(readTemplate(small('      - { allow: fineTune, of: "{nothing}" }')), north))).toMatchObject({ path: '/clauses/0/rules/0/of' });
    expect(refusal(() => readTemplate('title: [1'))).toMatchObject({ code: 'INVALID_POLICY' });
    expect(refusal(() => readTemplate(`a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]`))).toMatchObject({ code: 'INVALID_POLICY' });
  });
});

test.each([
  ['100,000 brackets', '['.repeat(100_000)],
  ['lists in lists', '- '.repeat(20_000)],
  ['maps in maps', '{a: '.repeat(20_000)],
  ['more than a template can be', 'a'.repeat(500_000)],
  ['a number', '7'],
  ['nothing', ''],
])('%s is refused as a template, and its line is looked for without harm', (_, source) => {
  expect(() => readTemplate(source)).toThrow(expect.objectContaining({ code: 'INVALID_POLICY' }));
  expect(() => lineOf(source, '/clauses/0')).not.toThrow();
  expect(lineOf('['.repeat(50_000_000), '/clauses/0')).toBeUndefined();
});

test('a line is found in JSON as well', () => {
  expect(lineOf('{\n  "permission": [\n    { "action": "x" }\n  ]\n}', '/permission/0/action/@id')).toEqual({ line: 3, column: 17 });
});
