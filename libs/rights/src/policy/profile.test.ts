import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { repositoryRoot } from '#libs/platform';
import { isObject, readDocument, type Json } from './document.js';
import { loadPolicy, type Policy } from './load.js';
import { readPolicy } from './read.js';
import { exampleValues, fillTemplate, readTemplate } from './template.js';
import { vocabulary } from './vocabulary.js';

/** The published profile (policies/profile): what its page shows is understood, and its schema agrees with the loader. */

const folder = path.join(repositoryRoot, 'policies');
const json = (...parts: string[]): Json => JSON.parse(readFileSync(path.join(folder, ...parts), 'utf8')) as Json;
const schema = json('profile', 'licence.schema.json') as { $defs: Record<string, { enum: string[] }> };
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema);
const page = readFileSync(path.join(folder, 'profile/README.md'), 'utf8');
const blocks = (language: string): string[] => [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, text]) => text!);
const examples = blocks('json').map((text) => JSON.parse(text) as Json);
const [licence] = examples as [Json];
const foreign = examples.filter((example) => '@graph' in example);
const whole = examples.filter((example) => !('@graph' in example)).map((example) => ('@context' in example ? example : { ...licence, ...example }));

describe('the page', () => {
  test('shows every construct with an example', () => {
    expect(whole.length).toBeGreaterThan(25);
    const text = JSON.stringify(whole);
    for (const word of ['refinement', 'remedy', 'consequence', 'conflict', 'inheritFrom', 'andSequence', 'rightOperandReference', 'unit', 'dataType', 'status', 'PartyCollection', 'AssetCollection', 'backlot:segment', 'backlot:interval', 'backlot:deadline', 'backlot:trigger', 'backlot:phase', 'or', 'obligation', 'duty']) expect(text).toContain(`"${word}"`);
  });

  test.each(whole.map((example, at): [number, Json] => [at + 1, example]))('example %d is loaded, and the schema accepts it', (_, example) => {
    expect(loadPolicy(example).uid).toBe('urn:example:licence:7');
    expect([validate(example), validate.errors]).toEqual([true, null]);
  });

  test('shows the same licence in Turtle and in JSON-LD of another form', async () => {
    const expected = loadPolicy(licence).rules;
    const plain = (rules: Policy['rules']): unknown => rules.map((rule) => ({ ...rule, assigners: [] }));
    expect(loadPolicy(blocks('turtle')[0]).rules).toEqual(expected);
    expect(plain(loadPolicy(await readPolicy(foreign[0])).rules)).toEqual(plain(expected));
  });

  test('names every action, left operand, trigger and group of places', () => {
    const short = (name: string): string => (name.startsWith('odrl:') ? name.slice(5) : name.includes(':') ? name : `backlot:${name}`);
    for (const [name, { means }] of [...vocabulary.actions, ...vocabulary.leftOperands]) if (means === undefined || vocabulary.isAction(name)) expect(page).toContain(`\`${short(name)}\``);
    for (const name of [...vocabulary.triggers.keys(), ...Object.keys(json('profile', 'vocabulary.json').places as object)]) expect(page).toContain(`\`${name}\``);
  });
});

describe('the JSON Schema', () => {
  const names = (of: string): string[] => readdirSync(path.join(folder, of)).filter((name) => /\.json(ld)?$/.test(name));
  const cases = names('cases').flatMap((name): [string, Json][] => {
    const { policy } = json('cases', name);
    return isObject(policy) && [policy.profile].flat().includes('urn:backlot:profile:') ? [[name, policy]] : [];
  });

  const templates = readdirSync(path.join(folder, 'templates'))
    .filter((name) => name.endsWith('.yaml'))
    .map((name): [string, Json] => {
      const template = readTemplate(readFileSync(path.join(folder, 'templates', name), 'utf8'));
      return [name, fillTemplate(template, exampleValues(template), 'urn:example:licence').policy];
    });

  test.each([...cases, ...templates])('accepts %s', (_, document) => {
    expect([validate(document), validate.errors]).toEqual([true, null]);
  });

  test('accepts what Turtle is turned into', () => {
    const document = readDocument(blocks('turtle')[0]);
    expect([validate(document), validate.errors]).toEqual([true, null]);
  });

  test('knows the same words as the loader', () => {
    const short = (name: string): string => (name.startsWith('odrl:') ? name.slice(5) : name.includes(':') ? name : `backlot:${name}`);
    expect(schema.$defs.actionName!.enum).toEqual([...vocabulary.actions.keys()].map(short));
    expect(schema.$defs.leftOperand!.enum).toEqual([...vocabulary.leftOperands.keys()].map(short));
  });

  const before = { leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': '2030-01-01T00:00:00Z', '@type': 'xsd:dateTime' } };
  const constrained = (constraint: object): object => ({ permission: [{ action: 'backlot:train', constraint: [constraint] }] });
  test.each<[string, object]>([
    ['an unknown action', { permission: [{ action: 'backlot:teleport' }] }],
    ['an unknown action in a refinement', { permission: [{ action: { 'rdf:value': { '@id': 'odrl:teleport' } } }] }],
    ['an unknown left operand', constrained({ ...before, leftOperand: 'backlot:mood' })],
    ['an unknown operator', constrained({ ...before, operator: 'almost' })],
    ['an operator that does not fit', constrained({ leftOperand: 'purpose', operator: 'lt', rightOperand: 'previs' })],
    ['an unknown property', { permission: [{ action: 'backlot:train', unless: 'it rains' }] }],
    ['a time without zone', constrained({ ...before, rightOperand: { '@value': '2030-01-01T00:00:00', '@type': 'xsd:dateTime' } })],
    ['a time as plain text', constrained({ ...before, rightOperand: '2030-01-01T00:00:00Z' })],
    ['a count that is none', constrained({ leftOperand: 'count', operator: 'lteq', rightOperand: { '@value': 'many', '@type': 'xsd:integer' } })],
    ['a duration of months', constrained({ leftOperand: 'elapsedTime', operator: 'lt', rightOperand: 'P1M' })],
    ['two values for one', constrained({ leftOperand: 'purpose', operator: 'eq', rightOperand: ['a', 'b'] })],
    ['a constraint without value', constrained({ leftOperand: 'purpose', operator: 'eq' })],
    ['an empty or', constrained({ or: [] })],
    ['two logics in one', constrained({ or: [before], and: [before] })],
    ['a remote context', { '@context': ['http://www.w3.org/ns/odrl.jsonld', 'https://example.com/context.jsonld'] }],
    ['a context that renames terms', { '@context': ['http://www.w3.org/ns/odrl.jsonld', { permission: 'odrl:prohibition' }] }],
    ['a conflict strategy that is none', { conflict: 'coin' }],
    ['a remedy of a permission', { permission: [{ action: 'backlot:train', remedy: [{ action: 'inform' }] }] }],
    ['a consequence of a remedy', { prohibition: [{ action: 'backlot:train', remedy: [{ action: 'inform', consequence: [{ action: 'delete' }] }] }] }],
    ['a deadline that is none', { obligation: [{ action: 'inform', 'backlot:deadline': 'soon' }] }],
    ['a trigger that is none', { obligation: [{ action: 'inform', 'backlot:trigger': { '@id': 'backlot:onMonday' } }] }],
    ['a ticket', { '@type': 'Ticket' }],
    ['an unknown profile', { profile: 'https://example.com/profile' }],
    ['a segment without rate', { permission: [{ action: 'backlot:train', target: { source: 'urn:x:y', 'backlot:segment': { first: 1, end: 2 } } }] }],
    ['an asset that another policy hangs on', { permission: [{ action: 'backlot:train', target: { uid: 'urn:x:y', hasPolicy: 'urn:x:z' } }] }],
    ['no rule', { permission: undefined }],
  ])('refuses what the loader refuses: %s', (_, more) => {
    const document = JSON.parse(JSON.stringify({ ...licence, ...more })) as Json;
    expect(() => loadPolicy(document)).toThrow(expect.objectContaining({ code: 'INVALID_POLICY' }));
    expect(validate(document)).toBe(false);
  });
});
