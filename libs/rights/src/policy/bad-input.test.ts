import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalSha256 } from './document.js';
import { loadPolicy } from './load.js';
import { readPolicy } from './read.js';

/** Whatever is handed in, the answer is a policy or a refusal that says where, and it comes soon. */

const ODRL = 'http://www.w3.org/ns/odrl.jsonld';
const context = [ODRL, { backlot: 'urn:backlot:profile:' }];
const before = { leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': '2030-01-01T00:00:00Z', '@type': 'xsd:dateTime' } };
const rule = { action: 'backlot:fineTune', target: 'urn:example:film', constraint: [before] };
const policy = (more: object = {}): Record<string, unknown> => ({ '@context': context, '@type': 'Agreement', uid: 'urn:example:p', profile: 'urn:backlot:profile:', permission: [rule], ...more });

const prefixes = '@prefix odrl: <http://www.w3.org/ns/odrl/2/> .\n@prefix backlot: <urn:backlot:profile:> .\n@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n';
/** A policy whose permission is on line 6 and ends with what is given, on line 7. */
const turtle = (rest: string, more = ''): string => `${prefixes}<urn:example:p> a odrl:Agreement ;\n  odrl:profile <urn:backlot:profile:> ;\n  odrl:permission [ odrl:action backlot:fineTune ; odrl:target <urn:example:film> ;\n${rest} ] .\n${more}`;
const earlier = 'odrl:leftOperand odrl:dateTime ; odrl:operator odrl:lt ; odrl:rightOperand "2030-01-01T00:00:00Z"^^xsd:dateTime';

function refusal(read: () => unknown): { code: string; message: string } {
  try {
    read();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('it was accepted');
}

const SOON = 10_000;

test('the Turtle that the cases below break is a policy', () => {
  expect(loadPolicy(turtle(`odrl:constraint [ ${earlier} ]`)).rules[0]).toMatchObject({ actions: [{ name: 'fineTune' }], constraints: [{ operator: 'lt' }] });
});

describe('Turtle is refused with the line', () => {
  test.each<[string, string, string]>([
    ['a sentence that does not end', `${prefixes}<urn:example:p> a odrl:Set`, 'at line 4: it is not Turtle'],
    ['a prefix that is not declared', turtle('odrl:duty [ odrl:action ex:pay ]'), 'at line 7: it is not Turtle (Undefined prefix "ex:")'],
    ['text that does not end', turtle('backlot:clause "4.2'), 'at line 7: it is not Turtle'],
    ['something else altogether', '<html><body>Not found</body></html>', 'at line 1: it is not Turtle'],
    ['rules of N3', `${prefixes}{ ?x a odrl:Set } => { ?x odrl:permission [] } .`, 'at line 4: it is not Turtle'],
    ['a graph with a name', `${prefixes}<urn:g> { <urn:example:p> a odrl:Set . }`, 'at line 4: it is not Turtle'],
    ['nothing', '', 'it holds no policy'],
    ['no policy', `${prefixes}<urn:example:film> a odrl:Asset .`, 'it holds no policy'],
    ['two policies', turtle('', '<urn:example:q> a odrl:Set ; odrl:permission [ odrl:action odrl:use ] .'), 'at line 8: it holds more than one policy: <urn:example:p> and <urn:example:q>'],
    ['a relative address', turtle('odrl:assignee <studio>'), 'at line 7: <studio> is relative'],
    ['an unknown action', turtle('odrl:action backlot:teleport'), 'at line 7 (/permission/0/action/1): the action teleport is not in the profile'],
    ['an unknown left operand', turtle('odrl:constraint [\n odrl:leftOperand backlot:mood ; odrl:operator odrl:eq ; odrl:rightOperand "good" ]'), 'at line 8 (/permission/0/constraint/0/leftOperand)'],
    ['an unknown operator', turtle('odrl:constraint [ odrl:leftOperand odrl:purpose ;\n odrl:operator odrl:almost ; odrl:rightOperand "good" ]'), 'at line 8 (/permission/0/constraint/0/operator): almost is not an operator'],
    ['an unknown property', turtle('backlot:unless "it rains"'), 'at line 7 (/permission/0/backlot:unless)'],
    ['a time without zone', turtle(`odrl:constraint [ ${earlier.replace('00Z', '00')} ]`), 'at line 7 (/permission/0/constraint/0/rightOperand): a dateTime'],
    ['a wrong datatype', turtle('odrl:constraint [ odrl:leftOperand odrl:count ; odrl:operator odrl:lteq ; odrl:rightOperand "many"^^xsd:integer ]'), 'at line 7 (/permission/0/constraint/0/rightOperand): a whole number'],
    ['a constraint with two operators', turtle(`odrl:constraint [ ${earlier} ; odrl:operator odrl:gt ]`), 'at line 7 (/permission/0/constraint/0/operator)'],
    ['a constraint of which nothing is said', turtle('odrl:constraint []'), 'at line 7: it is empty'],
    ['a constraint that is only named', turtle('odrl:constraint <urn:example:nowhere>'), 'at line 7 (/permission/0/constraint/0)'],
    ['a blank node that contains itself', turtle('odrl:constraint _:a', '_:a odrl:and _:a .'), 'at line 8: a node without a name contains itself'],
    ['blank nodes that contain each other', turtle('odrl:constraint _:a', '_:a odrl:and _:b .\n_:b odrl:or _:a .'), 'contains itself'],
    ['named nodes that contain each other', turtle('odrl:constraint <urn:x:a>', '<urn:x:a> odrl:and <urn:x:b> .\n<urn:x:b> odrl:or <urn:x:a> .'), 'contains itself'],
    ['a list that contains itself', turtle('odrl:constraint [ odrl:and _:l ]', '_:l <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> [] ; <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> _:l .'), 'a list contains itself'],
    ['a list that breaks off', turtle('odrl:constraint [ odrl:and _:l ]', '_:l <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> [] .'), 'a list is broken'],
    ['an asset that a policy hangs on', turtle('', '<urn:example:film> odrl:hasPolicy <urn:example:p> .'), 'at line 8 (/permission/0/target/hasPolicy)'],
    ['what is said of something else', turtle('', '<urn:example:other> odrl:hasPolicy <urn:example:p> .'), 'at line 8: <urn:example:other> is no part of the policy'],
    ['a rule that hangs on nothing', turtle('', '<urn:example:rule> a odrl:Prohibition ; odrl:action backlot:train .'), 'at line 8: <urn:example:rule> is no part of the policy'],
    ['a statement about a statement', turtle('', '<< <urn:a> <urn:b> <urn:c> >> <urn:d> <urn:e> .'), 'line 8'],
    ['two uids', turtle('', '<urn:example:p> odrl:uid <urn:example:q> .'), 'has more than one uid'],
    ['10,000 nested constraints', turtle(`odrl:constraint ${'[ odrl:and '.repeat(10_000)}[ ${earlier} ]${' ]'.repeat(10_000)}`), 'nests deeper than 64'],
    ['10,000 constraints in a chain', turtle('odrl:constraint _:c0', Array.from({ length: 10_000 }, (_, at) => `_:c${at} odrl:and _:c${at + 1} .`).join('\n')), 'nests deeper than 64'],
    ['a million brackets', turtle('['.repeat(900_000)), 'it is not Turtle'],
    ['50 MB', turtle(`backlot:clause "${'x'.repeat(50_000_000)}"`), 'larger than 4 MB'],
    ['2 MB', turtle(`backlot:clause "${'x'.repeat(2_000_000)}"`), 'larger than 1 MB of Turtle'],
  ])('%s', (_, text, problem) => {
    const started = performance.now();
    expect(refusal(() => loadPolicy(text))).toMatchObject({ code: 'INVALID_POLICY', message: expect.stringContaining(problem) });
    expect(performance.now() - started).toBeLessThan(SOON);
  });
});

describe('parts that are named instead of written out', () => {
  const chain = (length: number, of: (at: number) => object): unknown[] => Array.from({ length }, (_, at) => ({ uid: `#c${at}`, ...of(at) }));

  test.each<[string, object, string]>([
    ['a chain of 10,000', { permission: [{ ...rule, constraint: [...chain(10_000, (at) => ({ and: [`#c${at + 1}`] })), { ...before, uid: '#c10000' }] }] }, 'nests deeper than 64'],
    ['a tree of a thousand million', { permission: [{ ...rule, constraint: [...chain(30, (at) => ({ and: [`#c${at + 1}`, { or: [`#c${at + 1}`] }] })), { ...before, uid: '#c30' }] }] }, 'names some of them over and over'],
    ['duties that are their own consequence', { permission: [{ ...rule, duty: [{ uid: '#d', action: 'inform', consequence: ['#d'] }] }] }, 'contains itself'],
  ])('%s', (_, more, problem) => {
    const started = performance.now();
    expect(refusal(() => loadPolicy(policy(more)))).toMatchObject({ code: 'INVALID_POLICY', message: expect.stringContaining(problem) });
    expect(performance.now() - started).toBeLessThan(SOON);
  });

  test('blank nodes of Turtle that share what is below them', () => {
    const shared = Array.from({ length: 40 }, (_, at) => `_:c${at} odrl:and _:c${at + 1} , [ odrl:or _:c${at + 1} ] .`).join('\n');
    expect(refusal(() => loadPolicy(turtle('odrl:constraint _:c0', `${shared}\n_:c40 ${earlier} .`))).code).toBe('INVALID_POLICY');
  });
});

describe('JSON-LD of any form is refused with the path', () => {
  const expanded = { '@id': 'urn:example:p', '@type': ['http://www.w3.org/ns/odrl/2/Set'], 'http://www.w3.org/ns/odrl/2/permission': [{ 'http://www.w3.org/ns/odrl/2/action': [{ '@id': 'http://www.w3.org/ns/odrl/2/teleport' }], 'http://www.w3.org/ns/odrl/2/target': [{ '@id': 'urn:x:y' }] }] };
  let nested: object = before;
  for (let at = 0; at < 10_000; at += 1) nested = { and: [nested] };

  test.each<[string, unknown, string]>([
    ['a remote context', { ...policy(), '@context': 'https://example.com/context.jsonld' }, 'at /@context: the context https://example.com/context.jsonld is not bundled, and contexts are never fetched'],
    ['a remote context among others', { ...policy(), '@context': [...context, { '@vocab': 'urn:x:' }, 'https://example.com/context.jsonld'] }, 'at /@context/3: the context https://example.com/context.jsonld'],
    ['a remote context inside', { ...policy(), permission: [{ ...rule, '@context': 'https://example.com/inner.jsonld' }] }, 'at /permission/0/@context: the context https://example.com/inner.jsonld'],
    ['a context that imports', { ...policy(), '@context': { '@version': 1.1, '@import': 'https://example.com/import.jsonld' } }, 'https://example.com/import.jsonld is not bundled'],
    ['a file as context', { ...policy(), '@context': 'file:///etc/passwd' }, 'the context file:///etc/passwd is not bundled'],
    ['a context that is none', { ...policy(), '@context': 42 }, 'it is not JSON-LD'],
    ['a property that no context knows', { '@context': { odrl: 'http://www.w3.org/ns/odrl/2/' }, '@id': 'urn:example:p', '@type': 'odrl:Set', 'odrl:permission': { 'odrl:action': { '@id': 'odrl:use' }, onlyOnSundays: true } }, 'at /odrl:permission/onlyOnSundays: it is not JSON-LD that can be read without loss'],
    ['a policy in a graph with a name', { '@context': ODRL, '@id': 'urn:x:g', '@graph': [policy()] }, 'not in a graph with a name'],
    ['an unknown action', [expanded], 'at /0/http:~1~1www.w3.org~1ns~1odrl~12~1permission/0'],
    ['two policies', [{ ...expanded }, { ...expanded, '@id': 'urn:example:q' }], 'more than one policy'],
    ['10,000 nested constraints', [policy({ permission: [{ ...rule, constraint: [nested] }] })], 'nests deeper than 64'],
    ['a thousand contexts', [policy({ permission: Array.from({ length: 1000 }, () => ({ ...rule, '@context': ODRL })) })], 'more than 50 contexts'],
    ['half a million values', [policy({ assigner: new Array(500_000).fill('urn:x:y') })], 'larger than'],
    ['text', 42, 'a policy is a JSON object'],
    ['nothing', undefined, 'it holds something that JSON does not know'],
  ])('%s', async (_, document, problem) => {
    const started = performance.now();
    await expect(readPolicy(document)).rejects.toMatchObject({ code: 'INVALID_POLICY', message: expect.stringContaining(problem) });
    expect(performance.now() - started).toBeLessThan(SOON);
  }, 60_000);

  test('as large as it may be, it is read in bounded time', async () => {
    const started = performance.now();
    const rules = Array.from({ length: 1_200 }, (_, at) => ({ ...rule, uid: `#r${at}` }));
    await expect(readPolicy({ ...policy({ permission: rules }), '@context': [...context, { '@base': 'urn:example:p' }] })).resolves.toBeDefined();
    expect(performance.now() - started).toBeLessThan(2 * SOON);
  }, 60_000);
});

test.each<[string, string]>([
  [JSON.stringify(policy()).replace('"permission":', '"prohibition":[{"action":"use"}],"permission":[],"permission":'), 'at /permission: it is given twice'],
  [JSON.stringify(policy()).replace('"action":', '"target":"urn:x:{,:","\\u0061ction":"use","action":'), 'at /permission/0/action: it is given twice'],
  [JSON.stringify(policy({ permission: [rule, { ...rule, action: ['use', 'play'] }] })).replace('"play"]', '"play"],"constraint":[{"and":[{},{"or":1,"or":2}]}]'), 'at /permission/1/constraint/0/and/1/or: it is given twice'],
])('a field that is given twice is refused, whichever would win: %#', (text, problem) => {
  expect(refusal(() => loadPolicy(text))).toMatchObject({ code: 'INVALID_POLICY', message: expect.stringContaining(problem) });
});

describe('values that JSON can carry and a policy cannot', () => {
  test.each<[string, unknown]>([
    ['a number without end', '{"uid": 1e400}'],
    ['not a number', policy({ 'backlot:version': Number.NaN })],
    ['a function', policy({ 'backlot:version': () => 1 })],
    ['a big integer', policy({ 'backlot:version': 1n })],
    ['an inherited name', JSON.parse('{"@context": ["http://www.w3.org/ns/odrl.jsonld"], "@type": "Set", "uid": "urn:x:y", "permission": [{"__proto__": {"action": "use"}}]}')],
    ['a constructor as action', policy({ permission: [{ ...rule, action: 'constructor' }] })],
    ['half a character in a name', policy({ uid: 'urn:x:\ud800' })],
  ])('%s', (_, document) => {
    expect(refusal(() => { loadPolicy(document); canonicalSha256(document); }).code).toBe('INVALID_POLICY');
  });
});

test('whatever a policy is turned into, it is refused or still a policy: nothing else is thrown', async () => {
  const base = JSON.stringify(policy({ prohibition: [{ ...rule, uid: '#x', remedy: [{ action: 'inform' }] }], obligation: [{ action: 'delete', 'backlot:deadline': 'P30D' }] }));
  const junk = fc.constantFrom('', '{', '[', '"', '@', '#', 'null', 'true', '-1', '1e999', '"@id":1,', '"@list":[],', '"uid":"#x",', '"and":["#x"],', '\ud800', '\u0000', ']', '}', ',');
  await fc.assert(
    fc.asyncProperty(fc.nat(base.length), fc.nat(30), junk, async (at, length, text) => {
      const broken = base.slice(0, at) + text + base.slice(at + length);
      for (const source of [broken, broken.replace('"http://www.w3.org/ns/odrl.jsonld",', '"http://www.w3.org/ns/odrl.jsonld",{"@vocab":"urn:v:"},')]) {
        try {
          await readPolicy(source);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_POLICY' });
        }
      }
    }),
    { numRuns: 300 },
  );
}, 60_000);

test('whatever a policy in Turtle is turned into, it is refused or still a policy', () => {
  const base = turtle(`odrl:constraint [ ${earlier} ]`);
  fc.assert(
    fc.property(fc.nat(base.length), fc.nat(20), fc.constantFrom('', '[', ']', '(', ')', '"', '<', '>', '.', ';', ',', '_:a', '@', '^^', '<<', '{', '\\', '\u0000', '#'), (at, length, text) => {
      try {
        loadPolicy(base.slice(0, at) + text + base.slice(at + length));
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_POLICY' });
      }
    }),
    { numRuns: 500 },
  );
});
