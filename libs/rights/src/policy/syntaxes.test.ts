import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import library from 'jsonld';
import { Parser, Writer } from 'n3';
import { repositoryRoot } from '#libs/platform';
import { isObject, readDocument, type Json } from './document.js';
import { bundledContexts } from './jsonld.js';
import { loadPolicy, type Policy } from './load.js';
import { readPolicy } from './read.js';
import { exampleValues, fillTemplate, readTemplate } from './template.js';
import { vocabulary } from './vocabulary.js';

const json = (...parts: string[]): Json => JSON.parse(readFileSync(path.join(repositoryRoot, 'policies', ...parts), 'utf8')) as Json;

const cases = readdirSync(path.join(repositoryRoot, 'policies/cases'))
  .filter((name) => name.endsWith('.json'))
  .flatMap((name): [string, Json][] => {
    const { policy } = json('cases', name);
    return isObject(policy) ? [[name, policy]] : [];
  });
const templates = readdirSync(path.join(repositoryRoot, 'policies/templates'))
  .filter((name) => name.endsWith('.yaml'))
  .map((name): [string, Json] => {
    const template = readTemplate(readFileSync(path.join(repositoryRoot, 'policies/templates', name), 'utf8'));
    return [name, fillTemplate(template, exampleValues(template), 'urn:example:licence').policy];
  });
const contracts = path.join(repositoryRoot, '../shared/rights/contracts');
const outside = existsSync(contracts)
  ? readdirSync(contracts).map((name): [string, Json] => {
      const text = readFileSync(path.join(contracts, name), 'utf8');
      return [name, JSON.parse(text.replaceAll('https://example.com/ns/lvt#', 'urn:backlot:profile:').replaceAll('urn:lvt:', 'urn:backlot:').replaceAll('"lvt:', '"backlot:').replaceAll('"lvt"', '"backlot"')) as Json];
    })
  : [];
const policies = [...cases, ...templates, ...outside];

// @types/jsonld knows neither safe mode nor a loader without callback.
const jsonld = library as unknown as Record<'expand' | 'toRDF', (document: unknown, options: object) => Promise<unknown>> & Record<'compact' | 'flatten', (document: unknown, context: object, options: object) => Promise<unknown>>;
const documentLoader = (url: string): Promise<unknown> => Promise.resolve({ documentUrl: url, document: bundledContexts.get(url) });
const options = { documentLoader, base: 'https://document.invalid/', safe: true };

/** Frames have names in RDF as well; in JSON they may go without prefix. */
function named(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(named);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, content]) => [['first', 'end', 'rate'].includes(key) ? `backlot:${key}` : key, named(content)]));
}

async function turtleOf(document: Json): Promise<string> {
  const quads = (await jsonld.toRDF(named(document), { ...options, format: 'application/n-quads' })) as string;
  const writer = new Writer({ prefixes: { odrl: 'http://www.w3.org/ns/odrl/2/', backlot: 'urn:backlot:profile:' } });
  writer.addQuads(new Parser().parse(quads.replaceAll('https://document.invalid/#', `${String(document.uid)}#`)));
  return new Promise((resolve, reject) => {
    writer.end((error: Error | null, text: string) => (error ? reject(error) : resolve(text)));
  });
}

/** What a policy means: without the spelling of right operands, ids made from places, and the order of what has none in RDF. */
function meaning(policy: Policy): unknown {
  const plain = JSON.stringify(policy, (key, value: unknown) => (key === 'right' || key === 'operand' ? undefined : value)).replaceAll(/#(?:permission|prohibition|obligation)[-\d\w@]*"/g, '#made"');
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    if (!isObject(value)) return value;
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, content]) => [key, value.logic === 'andSequence' && key === 'of' ? (content as unknown[]).map(sorted) : sorted(content)]));
  };
  return sorted(JSON.parse(plain));
}

const suites = path.join(repositoryRoot, '../shared/rights');
const found = existsSync(suites) ? readdirSync(suites, { recursive: true, encoding: 'utf8' }).filter((name) => /\/policies\/.*\.ttl$|\/policy[A-Z]\d\.json$/.test(name)) : [];
(found.length > 0 ? describe : describe.skip)('policies of the outside suites', () => {
  test.each(found)('%s is read', async (name) => {
    const words = vocabulary.extend({ leftOperands: { 'ex:dayOfWeek': { type: 'term', words: 'the day of the week' } } });
    const document = await readPolicy(readFileSync(path.join(suites, name), 'utf8'), { vocabulary: words, zone: 'UTC' });
    expect(loadPolicy(document, { vocabulary: words, zone: 'UTC' })).toMatchObject({ strict: false, rules: [{}] });
  });
});

describe.each(policies)('%s', (_, document) => {
  const expected = meaning(loadPolicy(document));

  test('means the same in Turtle', async () => {
    const turtle = await turtleOf(document);
    expect(meaning(loadPolicy(turtle))).toEqual(expected);
    expect(readDocument(turtle)).toEqual(readDocument(turtle));
  });

  test('means the same as expanded, flattened and otherwise named JSON-LD', async () => {
    const source = named(document);
    const expanded = await jsonld.expand(source, options);
    expect(meaning(loadPolicy(await readPolicy(expanded)))).toEqual(expected);
    expect(meaning(loadPolicy(await readPolicy(await jsonld.flatten(source, {}, options))))).toEqual(expected);
    const aliased = await jsonld.compact(expanded, { '@vocab': 'http://www.w3.org/ns/odrl/2/', id: '@id', kind: '@type', wert: '@value', b: { '@id': 'urn:backlot:profile:', '@prefix': true }, darf: { '@id': 'permission', '@container': '@set' } }, options);
    expect(meaning(loadPolicy(await readPolicy(aliased)))).toEqual(expected);
  });

  test('is read as it is where it is of the profile', async () => {
    await expect(readPolicy(JSON.stringify(document))).resolves.toEqual(document);
  });
});

describe('any policy means the same in both syntaxes', () => {
  // What is said twice is said once in RDF.
  const list = <T>(one: fc.Arbitrary<T>, most = 2): fc.Arbitrary<T[]> => fc.uniqueArray(one, { minLength: 1, maxLength: most, selector: (value) => JSON.stringify(value) });
  const iri = fc.constantFrom('urn:x:a', 'urn:x:b', 'https://example.org/c#d', '#own');
  const comparison = fc.oneof(
    fc.record({ leftOperand: fc.constantFrom('dateTime'), operator: fc.constantFrom('lt', 'gteq', 'eq', 'neq'), rightOperand: fc.constantFrom({ '@value': '2030-01-01T00:00:00Z', '@type': 'xsd:dateTime' }, { '@value': '2026-03-29', '@type': 'xsd:date' }, { '@value': '2026-03-29+01:00', '@type': 'xsd:date' }) }),
    fc.record({ leftOperand: fc.constantFrom('purpose', 'backlot:modelFamily', 'industry'), operator: fc.constantFrom('isAnyOf', 'isNoneOf', 'isAllOf'), rightOperand: fc.uniqueArray(fc.constantFrom('previs', 'a text: with "all" \\ of\nit', 'backlot:previs', 'ünï'), { minLength: 1 }) }),
    fc.record({ leftOperand: fc.constantFrom('spatial', 'backlot:processingTerritory'), operator: fc.constantFrom('isPartOf', 'neq', 'hasPart'), rightOperand: fc.constantFrom<unknown>('DE', 'EEA', { '@id': 'backlot:territory-EEA' }, { '@id': 'https://example.org/de' }) }),
    fc.record({ leftOperand: fc.constantFrom('count'), operator: fc.constantFrom('lteq', 'gt'), rightOperand: fc.nat(1000) }),
    fc.record({ leftOperand: fc.constantFrom('payAmount', 'resolution'), operator: fc.constantFrom('lteq', 'eq'), rightOperand: fc.oneof(fc.nat(9), fc.constantFrom(5.25, 0.001), fc.constant({ '@value': '5.00', '@type': 'xsd:decimal' })), unit: fc.constant('http://dbpedia.org/resource/Euro') }),
    fc.record({ leftOperand: fc.constantFrom('elapsedTime', 'backlot:retention'), operator: fc.constantFrom('lt', 'gteq'), rightOperand: fc.constantFrom<unknown>('P30D', { '@value': 'PT1H30M', '@type': 'xsd:duration' }) }),
    fc.record({ leftOperand: fc.constantFrom('backlot:appearsPerformer', 'backlot:coTrainedLicensor', 'recipient'), operator: fc.constantFrom('eq', 'isNoneOf'), rightOperand: iri.map((id) => ({ '@id': id })) }),
    fc.record({ leftOperand: fc.constantFrom('payAmount'), operator: fc.constantFrom('lt'), rightOperandReference: fc.constant('urn:x:fee') }),
  );
  const { condition } = fc.letrec<{ condition: object }>((tie) => ({ condition: fc.oneof({ maxDepth: 3, withCrossShrink: true }, comparison, fc.tuple(fc.constantFrom('and', 'or', 'xone', 'andSequence'), list(tie('condition'), 3), fc.boolean()).map(([logic, of, ordered]) => ({ [logic]: ordered || logic === 'andSequence' ? { '@list': of } : of }))) }));
  const some = (more: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> => fc.record(more, { requiredKeys: [] });
  const action = fc.oneof(fc.constantFrom<unknown>('play', 'backlot:train', 'backlot:caption', 'cc:CommercialUse', 'write'), list(condition).map((refinement) => ({ 'rdf:value': { '@id': 'odrl:print' }, refinement })));
  const place = fc.oneof(iri, fc.tuple(iri, list(condition)).map(([source, refinement]) => ({ '@type': 'AssetCollection', source, refinement })), fc.tuple(iri, fc.nat(9)).map(([source, first]) => ({ source, 'backlot:segment': { first, end: first + 5, rate: '24000/1001' } })));
  const party = fc.oneof(iri, fc.tuple(iri, list(condition)).map(([source, refinement]) => ({ '@type': 'PartyCollection', source, refinement })));
  const both = (required: object, optional: fc.Arbitrary<object>): fc.Arbitrary<object> => optional.map((more) => ({ ...required, ...more }));
  const remedy = fc.tuple(action, both({}, some({ 'backlot:deadline': fc.constantFrom('P30D', 'P1M'), constraint: list(condition), assignee: party, compensatedParty: iri }))).map(([act, more]) => ({ action: act, ...more }));
  const duty = fc.tuple(remedy, some({ 'backlot:phase': fc.constant({ '@id': 'backlot:post' }), 'backlot:trigger': fc.constantFrom('onDelivery', 'onExpiry').map((name) => ({ '@id': `backlot:${name}` })), 'backlot:interval': fc.constant('P1M'), consequence: list(remedy), 'backlot:clause': fc.constantFrom('7', '7.1') })).map(([base, more]) => ({ ...base, ...more }));
  const rule = (more: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> => fc.tuple(list(action), list(place), some({ assignee: list(party), assigner: iri, constraint: list(condition), 'backlot:clause': fc.constantFrom('4.2', '5'), ...more })).map(([acts, target, rest]) => ({ action: acts, target, ...rest }));
  const policy = fc
    .tuple(list(rule({ duty: list(duty) }), 3), some({ prohibition: list(rule({ remedy: list(remedy) })), obligation: list(duty), conflict: fc.constantFrom('perm', 'invalid', 'prohibit'), inheritFrom: list(iri.filter((one) => one !== '#own')), 'backlot:version': fc.constantFrom<unknown>('1', 2), constraint: list(condition) }))
    .map(([permission, more]): Json => ({ '@context': ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:', dct: 'http://purl.org/dc/terms/' }], '@type': 'Agreement', uid: 'urn:example:policy', profile: 'urn:backlot:profile:', 'dct:title': 'Made up', 'backlot:timeZone': 'Europe/Berlin', permission, ...more }));

  test('Turtle, and JSON-LD that was expanded', async () => {
    await fc.assert(
      fc.asyncProperty(policy, async (document) => {
        const expected = meaning(loadPolicy(document));
        expect(meaning(loadPolicy(await turtleOf(document)))).toEqual(expected);
        expect(meaning(loadPolicy(await readPolicy(await jsonld.expand(named(document), options))))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
