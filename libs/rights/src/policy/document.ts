import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { Refusal } from '#libs/platform';
import { shortName } from './vocabulary.js';

/** A policy as text or JSON from outside: bounded, addressed by path, its terms expanded. Nothing is ever fetched. */

export type Json = Record<string, unknown>;

// A long contract has a few hundred rules of a few hundred bytes and nests about ten deep.
const MAX_BYTES = 4_000_000;
const MAX_DEPTH = 64;
const MAX_NODES = 200_000;

/** The refusal of a document, with the path (JSON Pointer) inside it. */
export class InvalidPolicy extends Refusal {
  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super('INVALID_POLICY', `The policy is not valid at ${path || '/'}: ${problem}.`, 'Correct the document there; policies/profile/README.md shows every construct with an example.');
  }
}

export function invalid(path: string, problem: string): InvalidPolicy {
  return new InvalidPolicy(path, problem);
}

/** The document as an object. Refuses what is too large, too deep, cyclic or not JSON before anything walks it recursively. */
export function readDocument(source: unknown): Json {
  let value = source;
  if (typeof source === 'string') {
    if (source.length > MAX_BYTES) throw tooLarge();
    try {
      value = JSON.parse(source);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw invalid('', `it is not JSON (${error.message})`);
    }
  }
  if (!isObject(value)) throw invalid('', 'a policy is a JSON object');
  let nodes = 0;
  let bytes = 0;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw invalid('', `it nests deeper than ${MAX_DEPTH} levels, or contains itself`);
    const next: unknown[] = [];
    for (const node of level) {
      nodes += 1;
      if (typeof node === 'string') bytes += node.length;
      else if (typeof node === 'object' && node !== null) {
        for (const [key, child] of Object.entries(node)) {
          bytes += key.length;
          next.push(child);
        }
      } else if (!['number', 'boolean'].includes(typeof node) && node !== null) throw invalid('', 'it holds something that JSON does not know');
      if (nodes + next.length > MAX_NODES || bytes > MAX_BYTES) throw tooLarge();
    }
    level = next;
  }
  return value;
}

const tooLarge = (): Refusal => invalid('', `it is larger than ${MAX_BYTES / 1_000_000} MB or ${MAX_NODES} values`);

/** SHA-256 (hex) of the policy's canonical JSON (RFC 8785). Refuses what readDocument refuses. */
export function canonicalSha256(policy: unknown): string {
  return sha256(readDocument(policy));
}

/** SHA-256 (hex) of any JSON value of ours. */
export function sha256(value: unknown): string {
  return createHash('sha256').update(canonicalize(value) ?? 'null').digest('hex');
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One value, an array of them, or a JSON-LD list. */
export function many(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  return isObject(value) && Array.isArray(value['@list']) ? value['@list'] : [value];
}

const ODRL_CONTEXT = /^https?:\/\/www\.w3\.org\/ns\/odrl\.jsonld$/;
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
];
/** Properties of these say nothing that a decision could depend on. */
const annotations = ['http://purl.org/dc/elements/1.1/', 'http://purl.org/dc/terms/', 'http://www.w3.org/2000/01/rdf-schema#', 'http://schema.org/', 'http://www.w3.org/2004/02/skos/core#'];

/** The document's @context: ODRL's (bundled) and plain prefixes. */
export class Context {
  private readonly prefixes = new Map(knownPrefixes);

  constructor(context: unknown) {
    let odrl = false;
    for (const [at, part] of many(context).entries()) {
      const path = Array.isArray(context) ? `/@context/${at}` : '/@context';
      if (typeof part === 'string') {
        if (!ODRL_CONTEXT.test(part)) throw invalid(path, `the context ${part} is not bundled, and contexts are never fetched`);
        odrl = true;
      } else if (isObject(part)) {
        for (const [prefix, iri] of Object.entries(part)) {
          if (prefix.startsWith('@') || typeof iri !== 'string' || !/^[a-z][a-z0-9+.-]*:.*[#/:?]$/i.test(iri)) throw invalid(`${path}/${prefix}`, 'a context may only give prefixes: a name and an IRI that ends in # / or :');
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
    return expanded === undefined ? value : expanded + value.slice(colon + 1);
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
    if (annotations.some((namespace) => iri.startsWith(namespace))) return undefined;
    if (iri === 'http://www.w3.org/1999/02/22-rdf-syntax-ns#value') return 'rdf:value';
    const name = shortName(iri);
    if (name.startsWith('odrl:')) return name.slice(5);
    return iri.startsWith('urn:backlot:profile:') ? `backlot:${name}` : iri;
  }
}
