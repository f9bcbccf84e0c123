import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { canonicalSha256, compilePolicy, exampleValues, fillTemplate, readTemplate, summarise } from './index.js';

const context = ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }];
const before = { leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': '2030-01-01T00:00:00Z', '@type': 'xsd:dateTime' } };
const rule = { action: 'backlot:fineTune', target: 'urn:example:film', constraint: [before] };
const policy = (more: object = {}): Record<string, unknown> => ({ '@context': context, '@type': 'Agreement', uid: 'urn:example:p', profile: 'urn:backlot:profile:', permission: [rule], ...more });
const cyclic = policy();
cyclic.permission = [cyclic];

test('the hash is of the canonical JSON: the order of keys and spaces do not matter, values do', () => {
  const one = canonicalSha256('{"b": 1, "a": [1, 2]}');
  expect(one).toBe(canonicalSha256({ a: [1, 2], b: 1 }));
  expect(one).not.toBe(canonicalSha256({ a: [2, 1], b: 1 }));
  expect(compilePolicy(policy()).sha256).toBe(canonicalSha256(policy()));
  expect(() => canonicalSha256(cyclic)).toThrow(expect.objectContaining({ code: 'INVALID_POLICY' }));
});

test('a parent that is not given is refused', () => {
  expect(() => compilePolicy(policy({ inheritFrom: 'urn:x:y' }))).toThrow('at /inheritFrom');
});

test('rules read as sentences', () => {
  const template = readTemplate(readFileSync(path.join(repositoryRoot, 'policies/templates/fine-tune.yaml'), 'utf8'));
  expect(summarise(compilePolicy(fillTemplate(template, exampleValues(template)).policy))).toEqual([
    'Clause 3.1 allows ingest, curation, captioning and search indexing until 31 Dec 2029.',
    "Clause 4.2 allows fine-tuning and evaluation until 31 Dec 2029, in the licensee's own GPU tenant.",
    "Clause 4.3 allows generation and export until 31 Dec 2029, in the licensee's own GPU tenant.",
    "Clause 7.1 prohibits training together with other licensors' works, distillation into other models and generating a person's likeness.",
    'It comes with retirement of the model within 90 days of when the licence expires.',
  ]);
});
