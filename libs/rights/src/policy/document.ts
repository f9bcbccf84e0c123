import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { notes, type Tree } from './graph.js';
import { invalid, InvalidPolicy, isObject, many, MAX_BYTES, MAX_DEPTH, MAX_FOREIGN_VALUES, MAX_VALUES, pointer, tooDeep, tooLarge, type Json } from './json.js';
import { bundledContexts, odrlTerms, readJsonLd } from './jsonld.js';
import { readTurtle } from './turtle.js';
import { shortName } from './vocabulary.js';

export { invalid, InvalidPolicy, isObject, many, type Json };

/** A policy as text or JSON from outside: bounded, addressed by path, its terms expanded. Nothing is ever fetched. */

/** The document as an object: JSON of the profile as it is, Turtle turned into it. Refuses what is too large, too deep, cyclic or neither. */
export function readDocument(source: unknown): Json {
  return open(source).document;
}

/** As readDocument, with the places that its paths have in the source. */
export function open(source: unknown): Tree {
  const value = typeof source === 'string' ? parse(source) : source;
  if (value === turtle) return measured(readTurtle(source as string));
  if (!isObject(value)) throw invalid('', Array.isArray(value) ? 'a policy is a JSON object; JSON-LD in another form is turned into one by readPolicy' : 'a policy is a JSON object');
  return measured({ document: value, places: new Map() });
}

/** As open, for JSON-LD of any form too. */
export async function openAny(source: unknown): Promise<Tree> {
  const value = typeof source === 'string' ? parse(source) : source;
  if (value === turtle) return open(source);
  measure(value, MAX_VALUES);
  if (isOurs(value) || (!isObject(value) && !Array.isArray(value))) return open(value);
  measure(value, MAX_FOREIGN_VALUES);
  return measured(await readJsonLd(value));
}

const turtle = Symbol('a text that is meant as Turtle');

/** The JSON in a text. */
function parse(text: string): unknown {
  if (text.length > MAX_BYTES) throw tooLarge();
  const start = /^\s*(.?)/.exec(text)![1]!;
  if (start !== '{' && start !== '[') return turtle;
  try {
    const value: unknown = JSON.parse(text);
    refuseTwins(text);
    return value;
  } catch (error) {
    if (error instanceof InvalidPolicy) throw error;
    // A blank node of Turtle begins like an array.
    if (start === '[') return turtle;
    throw invalid('', `it is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** JSON.parse keeps the last of two fields with one name; of a contract, either may be the one that counts. */
function refuseTwins(json: string): void {
  const open: { path: string; keys?: Set<string>; at: string | number }[] = [];
  let text: string | undefined;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    const inside = open.at(-1);
    if (token.startsWith('"')) text = token;
    else if (token === '{' || token === '[') open.push({ path: inside ? `${inside.path}/${inside.at}` : '', ...(token === '{' ? { keys: new Set(), at: '' } : { at: 0 }) });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',' && typeof inside!.at === 'number') inside!.at += 1;
    else if (token === ':') {
      const key = JSON.parse(text!) as string;
      inside!.at = pointer(key);
      if (inside!.keys!.has(key)) throw invalid(`${inside!.path}/${inside!.at}`, 'it is given twice');
      inside!.keys!.add(key);
    }
  }
}

function measured(tree: Tree): Tree {
  measure(tree.document, MAX_VALUES);
  return tree;
}

/** Walks level by level, so that no depth can exhaust the stack. */
function measure(value: unknown, most: number): void {
  let nodes = 0;
  let bytes = 0;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw tooDeep();
    const next: unknown[] = [];
    for (const node of level) {
      nodes += 1;
      if (typeof node === 'string') bytes += lengthOf(node);
      else if (typeof node === 'object' && node !== null) {
        for (const [key, child] of Object.entries(node)) {
          bytes += lengthOf(key);
          next.push(child);
        }
      } else if (!Number.isFinite(node) && typeof node !== 'boolean' && node !== null) throw invalid('', 'it holds something that JSON does not know');
      if (nodes + next.length > most || bytes > MAX_BYTES) throw tooLarge(most);
    }
    level = next;
  }
}

function lengthOf(text: string): number {
  if (!text.isWellFormed()) throw invalid('', 'it holds half a character (a surrogate without its other half)');
  return text.length;
}

/** Whether a document is written as the profile does: ODRL's context with prefixes, and nothing of JSON-LD that needs more than reading it. */
function isOurs(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { '@context': context, ...rest } = value;
  const contexts = many(context);
  const ours = contexts.some((part) => typeof part === 'string' && bundledContexts.has(part));
  return ours && contexts.every((part) => typeof part === 'string' || isPrefixes(part)) && isPlain(rest);
}

const isPrefixes = (context: unknown): boolean => isObject(context) && Object.entries(context).every(([prefix, iri]) => !prefix.startsWith('@') && !odrlTerms.has(prefix) && typeof iri === 'string' && isPrefix(iri));

/** Only the keywords that a policy of the profile knows. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  return !isObject(value) || Object.entries(value).every(([key, content]) => (!key.startsWith('@') || ['@id', '@type', '@value', '@list', '@set'].includes(key)) && isPlain(content));
}

/** SHA-256 (hex) of the policy's canonical JSON (RFC 8785). Refuses what readDocument refuses. */
export function canonicalSha256(policy: unknown): string {
  return sha256(readDocument(policy));
}

/** SHA-256 (hex) of any JSON value of ours. */
export function sha256(value: unknown): string {
  return createHash('sha256').update(canonicalize(value) ?? 'null').digest('hex');
}

const isPrefix = (iri: string): boolean => /^[a-z][a-z0-9+.-]*:.*[#/:?]$/i.test(iri);
const knownPrefixes: [string, string][] = [
  ['odrl', 'http://www.w3.org/ns/odrl/2/'],
  ['backlot', 'urn:backlot:profile:'],
  ['cc', 'http://creativecommons.org/ns#'],
  ['xsd', 'http://www.w3.org/2001/XMLSchema#'],
  ['rdf', 'http://www.w3.org/1999/02/22-rdf-syntax-ns#'],
  ['rdfs', 'http://www.w3.org/2000/01/rdf-schema#'],
  ['dc', 'http://purl.org/dc/elements/1.1/'],
  ['dct', 'http://purl.org/dc/terms/'],
  ['dcterms', 'http://purl.org/dc/terms/'],
  ['schema', 'http://schema.org/'],
  ['skos', 'http://www.w3.org/2004/02/skos/core#'],
  ['vcard', 'http://www.w3.org/2006/vcard/ns#'],
  ['foaf', 'http://xmlns.com/foaf/0.1/'],
];

/**
 * The one spelling of an id: UUIDs in lower case (RFC 9562), EIDR ids in upper case (ISO 26324 names are compared without regard to
 * case), so that a rule on an asset means it however it is written. Other IRIs stay as they are.
 */
export function canonicalIri(iri: string): string {
  return iri.replace(/^urn:(?:(uuid:[0-9a-f-]{36})|eidr:([^#?/]+))/i, (_, uuid: string | undefined, eidr: string) => (uuid === undefined ? `urn:eidr:${eidr.toUpperCase()}` : `urn:${uuid.toLowerCase()}`));
}

/** The document's @context: ODRL's (bundled) and plain prefixes. */
export class Context {
  private readonly prefixes = new Map(knownPrefixes);

  constructor(context: unknown) {
    let odrl = false;
    for (const [at, part] of many(context).entries()) {
      const path = Array.isArray(context) ? `/@context/${at}` : '/@context';
      if (typeof part === 'string') {
        if (!bundledContexts.has(part)) throw invalid(path, `the context ${part} is not bundled, and contexts are never fetched`);
        odrl = true;
      } else if (isObject(part)) {
        for (const [prefix, iri] of Object.entries(part)) {
          if (prefix.startsWith('@') || typeof iri !== 'string' || !isPrefix(iri)) throw invalid(`${path}/${prefix}`, 'a context may only give prefixes: a name and an IRI that ends in # / or :');
          if (odrlTerms.has(prefix)) throw invalid(`${path}/${prefix}`, `it would change what "${prefix}" means`);
          this.prefixes.set(prefix, iri);
        }
      } else throw invalid(path, 'a context is an address or an object of prefixes');
    }
    if (!odrl) throw invalid('/@context', 'it must name http://www.w3.org/ns/odrl.jsonld');
  }

  /** An IRI with its prefix written out; "#p1" is relative to the policy. */
  iri(value: string, path: string, base = ''): string {
    if (value.startsWith('#')) return base + value;
    const colon = value.indexOf(':');
    if (colon <= 0 || /\s/.test(value)) throw invalid(path, `"${value}" is not an IRI`);
    const expanded = this.prefixes.get(value.slice(0, colon));
    return canonicalIri(expanded === undefined ? value : expanded + value.slice(colon + 1));
  }

  /** Text that may be a name of a vocabulary. JSON-LD expands no prefixes in text, so one that only this document gives is refused before it means something else. */
  text(value: string, path: string): string {
    const colon = value.indexOf(':');
    if (colon <= 0 || /\s/.test(value)) return value;
    const prefix = value.slice(0, colon);
    const known = knownPrefixes.find(([name]) => name === prefix)?.[1];
    if (this.prefixes.get(prefix) !== known) throw invalid(path, `"${value}" is text, in which no prefix counts; write {"@id": "${value}"}`);
    return shortName(known === undefined ? value : known + value.slice(colon + 1));
  }

  /** The vocabulary's name of a term: text or {"@id"}; without a prefix it is ODRL's. */
  term(value: unknown, path: string): string {
    const text = isObject(value) && typeof value['@id'] === 'string' ? value['@id'] : value;
    if (typeof text !== 'string') throw invalid(path, 'a term is expected');
    return text.includes(':') ? shortName(this.iri(text, path)) : `odrl:${text}`;
  }

  /** "permission" for ODRL's own properties, "backlot:clause" for the profile's, undefined for annotations. */
  property(key: string, path: string): string | undefined {
    if (key.startsWith('@')) return key === '@id' ? 'uid' : key;
    if (!key.includes(':')) return key === 'type' ? '@type' : key;
    const iri = this.iri(key, path);
    if (notes.some((namespace) => iri.startsWith(namespace))) return undefined;
    if (iri === 'http://www.w3.org/1999/02/22-rdf-syntax-ns#value') return 'rdf:value';
    const name = shortName(iri);
    if (name.startsWith('odrl:')) return name.slice(5);
    return iri.startsWith('urn:backlot:profile:') ? `backlot:${name}` : iri;
  }
}
