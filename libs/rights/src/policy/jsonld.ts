import odrl from '../../../../policies/profile/odrl-context.json' with { type: 'json' };
import { BASE, treeOf, type Statement, type Term, type Tree } from './graph.js';
import { invalid, isObject, pointer, type Json } from './json.js';

/** The contexts that documents may name. No other is read, and none is ever fetched. */
export const bundledContexts: ReadonlyMap<string, Json> = new Map(['http://www.w3.org/ns/odrl.jsonld', 'https://www.w3.org/ns/odrl.jsonld'].map((url) => [url, odrl]));

/** ODRL's words, as its context has them: a prefix of that name would change what they mean. */
export const odrlTerms: ReadonlySet<string> = new Set(Object.entries(odrl['@context']).flatMap(([term, iri]) => (typeof iri === 'string' && /[/#]$/.test(iri) ? [] : [term])));

/** Where an object stood, said of its node: taken out again before anybody reads the statements. */
const PLACE = 'urn:backlot:reader:place';
// Contexts inside of contexts cost a copy of all their terms each.
const MAX_CONTEXTS = 50;

/** A policy in any JSON-LD (aliases, graphs, contexts of its own) as a document of the profile. Refuses with INVALID_POLICY what cannot be read without loss. */
export async function readJsonLd(document: unknown): Promise<Tree> {
  let contexts = 0;
  walk(document, '', (key, _, path) => {
    if (key === '@context' && (contexts += 1) > MAX_CONTEXTS) throw invalid(path, `it has more than ${MAX_CONTEXTS} contexts`);
  });
  // A place inside of what JSON-LD does not read as a node is an error; such a document is read without places.
  const read = (await statementsOf(placed(document, '')).catch(() => undefined)) ?? (await statementsOf(document));
  const places = new Map<string, string>();
  for (const { subject, predicate, object } of read) if (predicate.value === PLACE && !places.has(subject.value)) places.set(subject.value, object.value);
  return treeOf(
    read
      .filter(({ predicate }) => predicate.value !== PLACE)
      .map(({ subject, predicate, object }): Statement => {
        const place = places.get(object.termType === 'Literal' ? subject.value : object.value) ?? places.get(subject.value);
        return { subject, predicate, object, ...(place === undefined ? {} : { place }) };
      }),
  );

  async function statementsOf(input: unknown): Promise<(Statement & { graph: Term })[]> {
    // Loaded only here: few policies need it, and it brings a client for the network that is never called.
    const { default: jsonld } = await import('jsonld');
    const options = {
      base: BASE,
      safe: true,
      documentLoader: (url: string): Promise<{ documentUrl: string; document: Json }> => {
        const context = bundledContexts.get(url);
        if (!context) return Promise.reject(invalid(placeOf(document, '@context', url) ?? '/@context', `the context ${url} is not bundled, and contexts are never fetched`));
        return Promise.resolve({ documentUrl: url, document: context });
      },
    };
    let quads: (Statement & { graph: Term })[];
    try {
      // @types/jsonld knows neither safe mode nor what comes without a format.
      quads = await (jsonld.toRDF as unknown as (input: unknown, options: object) => Promise<(Statement & { graph: Term })[]>)(input, options);
    } catch (error) {
      throw refusalOf(error, document);
    }
    if (quads.some(({ graph }) => graph.termType !== 'DefaultGraph')) throw invalid('/@graph', 'a policy stands in the document itself, not in a graph with a name');
    return quads;
  }
}

function refusalOf(error: unknown, document: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'Refusal') return error;
  const { details = {} } = error as Error & { details?: { code?: string; event?: { message?: string; details?: Json }; cause?: unknown; url?: string } };
  // jsonld wraps what the document loader throws.
  if (details.cause instanceof Error) return refusalOf(details.cause, document);
  const event = details.event;
  const about = Object.values(event?.details ?? {}).find((value) => typeof value === 'string');
  const path = about === undefined ? undefined : (placeOf(document, about) ?? placeOf(document, undefined, about));
  return invalid(path ?? '', `it is not JSON-LD that can be read without loss (${event?.message?.replace(/\.$/, '') ?? details.code ?? error.message}${about === undefined ? '' : `: ${about}`})`);
}

/** The first path at which a key, or a value, stands. */
function placeOf(document: unknown, key: string | undefined, value?: string): string | undefined {
  let found: string | undefined;
  walk(document, '', (name, content, path) => {
    const named = key === undefined || name === key;
    const same = value === undefined || content === value || (Array.isArray(content) && content.includes(value));
    if (found === undefined && named && same) found = Array.isArray(content) && value !== undefined ? `${path}/${content.indexOf(value)}` : path;
  });
  return found;
}

function walk(value: unknown, path: string, visit: (key: string, value: unknown, path: string) => void): void {
  if (Array.isArray(value)) value.forEach((item, at) => walk(item, `${path}/${at}`, visit));
  if (!isObject(value)) return;
  for (const [key, content] of Object.entries(value)) {
    visit(key, content, `${path}/${pointer(key)}`);
    walk(content, `${path}/${pointer(key)}`, visit);
  }
}

/** The document with its places said of every object that can only be a node. */
function placed(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return value.map((item, at) => placed(item, `${path}/${at}`));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, content]) => [key, key === '@context' ? content : placed(content, `${path}/${pointer(key)}`)] as const);
  const isNode = entries.length > 1 && !['@value', '@list', '@set', '@graph'].some((keyword) => keyword in value);
  return Object.fromEntries(isNode ? [...entries, [PLACE, path]] : entries);
}
