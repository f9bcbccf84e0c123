import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import library from 'jsonld';
import { Parser, Writer } from 'n3';
import { repositoryRoot } from '#libs/platform';
import { isObject, readDocument, type Json } from './document.js';
import { bundledContexts } from './jsonld.js';
import { instantiateLicence } from './licence.js';
import { loadPolicy, type Policy } from './load.js';
import { readPolicy } from './read.js';
import { vocabulary } from './vocabulary.js';

const json = (...parts: string[]): Json => JSON.parse(readFileSync(path.join(repositoryRoot, 'policies', ...parts), 'utf8')) as Json;

const samples = readdirSync(path.join(repositoryRoot, 'policies/samples')).map((name): [string, Json] => [name, instantiateLicence(json('samples', name), { studio: 'urn:example:studio:north', licence: 'urn:example:licence' })]);
const cases = readdirSync(path.join(repositoryRoot, 'policies/cases'))
  .filter((name) => name.endsWith('.json'))
  .flatMap((name): [string, Json][] => {
    const { policy } = json('cases', name);
    return isObject(policy) ? [[name, policy]] : [];
  });
const contracts = path.join(repositoryRoot, '../shared/rights/contracts');
const outside = existsSync(contracts)
  ? readdirSync(contracts).map((name): [string, Json] => {
      const text = readFileSync(path.join(contracts, name), 'utf8');
      return [name, JSON.parse(text.replaceAll('https://example.com/ns/lvt#', 'urn:backlot:profile:').replaceAll('urn:lvt:', 'urn:backlot:').replaceAll('"lvt:', '"backlot:').replaceAll('"lvt"', '"backlot"')) as Json];
    })
  : [];
const policies = [...samples, ...cases, ...outside];

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
    const base = String(document.uid);
    const expanded = await jsonld.expand(source, { ...options, base });
    expect(meaning(loadPolicy(await readPolicy(expanded)))).toEqual(expected);
    expect(meaning(loadPolicy(await readPolicy(await jsonld.flatten(source, {}, { ...options, base }))))).toEqual(expected);
    const aliased = await jsonld.compact(expanded, { '@vocab': 'http://www.w3.org/ns/odrl/2/', id: '@id', kind: '@type', wert: '@value', b: { '@id': 'urn:backlot:profile:', '@prefix': true }, darf: { '@id': 'permission', '@container': '@set' } }, options);
    expect(meaning(loadPolicy(await readPolicy(aliased)))).toEqual(expected);
  });

  test('is read as it is where it is of the profile', async () => {
    await expect(readPolicy(JSON.stringify(document))).resolves.toEqual(document);
  });
});
