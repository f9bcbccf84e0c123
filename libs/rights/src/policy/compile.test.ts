import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { canonicalSha256, compilePolicy, instantiateLicence, summarise } from './index.js';

const context = ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }];
const before = { leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': '2030-01-01T00:00:00Z', '@type': 'xsd:dateTime' } };
const rule = { action: 'backlot:fineTune', target: 'urn:example:film', constraint: [before] };
const policy = (more: object = {}): Record<string, unknown> => ({ '@context': context, '@type': 'Agreement', uid: 'urn:example:p', permission: [rule], ...more });
const withConstraint = (constraint: unknown): Record<string, unknown> => policy({ permission: [{ ...rule, constraint: [constraint] }] });
const nested = (depth: number): unknown => {
  let value: unknown = before;
  for (let at = 0; at < depth; at += 1) value = { and: [value] };
  return value;
};
const cyclic = policy();
cyclic.permission = [cyclic];

describe('what is not of the profile is refused at load, with the path inside the document', () => {
  test.each<[string, unknown, string]>([
    ['not JSON', '{', 'at /'],
    ['not an object', '[]', 'a policy is a JSON object'],
    ['50 MB', `{"uid":"${'x'.repeat(50_000_000)}"}`, 'larger than 4 MB'],
    ['a million values', policy({ assigner: new Array(300_000).fill('urn:x:y') }), 'larger than'],
    ['10,000 nested constraints', withConstraint(nested(10_000)), 'nests deeper than 64'],
    ['10,000 nested constraints as text', JSON.stringify(withConstraint('X')).replace('"X"', '{"and":['.repeat(10_000) + JSON.stringify(before) + ']}'.repeat(10_000)), 'nests deeper than 64'],
    ['a cycle', cyclic, 'contains itself'],
    ['a remote context', policy({ '@context': ['http://www.w3.org/ns/odrl.jsonld', 'https://example.com/context.jsonld'] }), 'at /@context/1: the context https://example.com/context.jsonld is not bundled'],
    ['no ODRL context', policy({ '@context': [{ backlot: 'urn:backlot:profile:' }] }), 'at /@context'],
    ['a context that renames terms', policy({ '@context': [...context, { permission: { '@id': 'odrl:prohibition' } }] }), 'at /@context/2/permission'],
    ['a prefix that hides another vocabulary', policy({ '@context': [context[0], { backlot: 'https://evil.example/ns#' }] }), 'the action https://evil.example/ns#fineTune is not in the profile'],
    ['an unknown action', policy({ permission: [{ ...rule, action: ['backlot:fineTune', 'backlot:teleport'] }] }), 'at /permission/0/action/1: the action teleport'],
    ["the profile's action without its prefix", policy({ permission: [{ ...rule, action: 'fineTune' }] }), "the profile's own is backlot:fineTune"],
    ['an unknown left operand', withConstraint({ ...before, leftOperand: 'backlot:mood' }), 'at /permission/0/constraint/0/leftOperand: the left operand mood'],
    ['an unknown operator', withConstraint({ ...before, operator: 'almost' }), 'at /permission/0/constraint/0/operator'],
    ['an operator that does not fit', withConstraint({ leftOperand: 'purpose', operator: 'lt', rightOperand: 'previs' }), 'lt does not compare odrl:purpose'],
    ['a time without zone', withConstraint({ ...before, rightOperand: { '@value': '2030-01-01T00:00:00', '@type': 'xsd:dateTime' } }), 'at /permission/0/constraint/0/rightOperand'],
    ['a date without zone', withConstraint({ ...before, rightOperand: { '@value': '2030-01-01', '@type': 'xsd:date' } }), 'a date needs a zone'],
    ['the 30th of February', withConstraint({ ...before, rightOperand: { '@value': '2030-02-30T00:00:00Z', '@type': 'xsd:dateTime' } }), 'a dateTime such as'],
    ['a time as plain text', withConstraint({ ...before, rightOperand: '2030-01-01T00:00:00Z' }), 'rightOperand'],
    ['a time zone that is none', policy({ 'backlot:timeZone': 'Mars/Olympus' }), 'at /backlot:timeZone'],
    ['a place that is none', withConstraint({ leftOperand: 'spatial', operator: 'eq', rightOperand: 'Germany' }), '"Germany" is not an ISO 3166 code'],
    ['a count that is none', withConstraint({ leftOperand: 'count', operator: 'lteq', rightOperand: { '@value': 'many', '@type': 'xsd:integer' } }), 'a whole number'],
    ['a negative count', withConstraint({ leftOperand: 'count', operator: 'lteq', rightOperand: -1 }), 'a whole number'],
    ['two values for one', withConstraint({ leftOperand: 'purpose', operator: 'eq', rightOperand: ['a', 'b'] }), 'eq compares with one value'],
    ['no value', withConstraint({ leftOperand: 'purpose', operator: 'isAnyOf', rightOperand: [] }), 'missing or empty'],
    ['an empty or', withConstraint({ or: [] }), 'at /permission/0/constraint/0'],
    ['andSequence', withConstraint({ andSequence: [before] }), '"andSequence" is not known here'],
    ['a unit', withConstraint({ ...before, unit: 'urn:x:days' }), '"unit" is not known here'],
    ['an unknown property', policy({ permission: [{ ...rule, 'ex:only': true }] }), 'at /permission/0/ex:only'],
    ['a remedy', policy({ prohibition: [{ ...rule, remedy: [] }] }), 'at /prohibition/0/remedy'],
    ['a duty that is none', policy({ permission: [{ ...rule, duty: [{ action: 'odrl:play' }] }] }), 'at /permission/0/duty/0/action'],
    ['a phase that is none', policy({ permission: [{ ...rule, duty: [{ action: 'inform', 'backlot:phase': 'later' }] }] }), 'at /permission/0/duty/0/backlot:phase'],
    ['a deadline that is none', policy({ obligation: [{ action: 'inform', 'backlot:deadline': 'soon' }] }), 'at /obligation/0/backlot:deadline'],
    ['a trigger that is none', policy({ obligation: [{ action: 'inform', 'backlot:trigger': { '@id': 'backlot:onMonday' } }] }), 'onMonday is not a trigger'],
    ['another conflict strategy', policy({ conflict: 'perm' }), 'at /conflict'],
    ['inheritance', policy({ inheritFrom: 'urn:x:y' }), 'at /inheritFrom'],
    ['an id used twice', policy({ permission: [{ ...rule, uid: '#a' }, { ...rule, uid: 'urn:example:p#a' }] }), 'used twice'],
    ['a rule without target', policy({ permission: [{ action: 'backlot:curate' }] }), 'at /permission/0/target'],
    ['a segment that ends before it begins', policy({ permission: [{ ...rule, target: { uid: 'urn:x:y', 'backlot:segment': { first: 9, end: 9, rate: '24' } } }] }), 'backlot:segment'],
    ['no rule', policy({ permission: [] }), 'neither a permission nor a prohibition'],
    ['no uid', policy({ uid: null }), 'at /uid'],
    ['a ticket as type', policy({ '@type': 'Ticket' }), 'at /@type'],
  ])('%s', (_, document, problem) => {
    let refusal: unknown;
    try {
      compilePolicy(document);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ name: 'Refusal', code: 'INVALID_POLICY' });
    expect((refusal as Error).message).toContain(problem);
  });
});

test('the hash is of the canonical JSON: the order of keys and spaces do not matter, values do', () => {
  const one = canonicalSha256('{"b": 1, "a": [1, 2]}');
  expect(one).toBe(canonicalSha256({ a: [1, 2], b: 1 }));
  expect(one).not.toBe(canonicalSha256({ a: [2, 1], b: 1 }));
  expect(compilePolicy(policy()).sha256).toBe(canonicalSha256(policy()));
  expect(() => canonicalSha256(cyclic)).toThrow(expect.objectContaining({ code: 'INVALID_POLICY' }));
});

test('rules read as sentences', () => {
  const template = JSON.parse(readFileSync(path.join(repositoryRoot, 'policies/samples/fine-tune.jsonld'), 'utf8')) as Record<string, unknown>;
  expect(summarise(compilePolicy(instantiateLicence(template, { studio: 'urn:example:studio' })))).toEqual([
    'Clause 3.1 allows ingest, curation, captioning and search indexing before 1 Jan 2030.',
    "Clause 4.2 allows fine-tuning and evaluation before 1 Jan 2030, in the licensee's own GPU tenant.",
    "Clause 4.3 allows generation and export before 1 Jan 2030, in the licensee's own GPU tenant.",
    "Clause 7.1 prohibits training together with other licensors' works, distillation into other models and generating a person's likeness.",
    'It comes with retirement of the model within 90 days of when the licence expires.',
  ]);
});

test('a template that is not filled is refused', () => {
  expect(() => instantiateLicence({ ...policy(), title: '{unknown}' }, { studio: 'urn:example:studio' })).toThrow(expect.objectContaining({ code: 'INVALID_POLICY' }));
});

test('every example of the profile page is understood', () => {
  const page = readFileSync(path.join(repositoryRoot, 'policies/profile/README.md'), 'utf8');
  const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text]) => JSON.parse(text!) as Record<string, unknown>);
  expect(examples.length).toBeGreaterThan(7);
  for (const example of examples) {
    if ('@context' in example) compilePolicy(example);
    else if ('backlot:deadline' in example) compilePolicy(policy({ obligation: [example] }));
    else compilePolicy(policy({ permission: [{ ...rule, ...example }] }));
  }
});
