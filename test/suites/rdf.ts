import { readFile } from 'node:fs/promises';
import path from 'node:path';
import jsonld, { type JsonLdDocument, type NodeObject } from 'jsonld';
import { DataFactory, Parser, Writer, type Quad, type Quad_Subject, type Term } from 'n3';
import { bundledContexts } from './contexts.js';

const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
export const XSD = 'http://www.w3.org/2001/XMLSchema#';
export const ODRL = 'http://www.w3.org/ns/odrl/2/';

/** "partOf" of http://www.w3.org/ns/odrl/2/partOf, "Active" of the text "report:Active". */
export const localName = (name: string): string => /[^#/:]*$/.exec(name)![0];

/** The key of a node: its IRI, or "_:b0". */
export const keyOf = (term: Term): string => (term.termType === 'BlankNode' ? `_:${term.value}` : term.value);

/**
 * RDF that is asked by the local names of its properties, in any case: the suites are drafts that change their namespaces and spelling
 * (conditionId, conditionID) from version to version, while the names keep their meaning.
 */
export class Graph {
  private readonly nodes = new Map<string, Quad[]>();

  constructor(readonly quads: readonly Quad[]) {
    for (const quad of quads) {
      const key = keyOf(quad.subject);
      const own = this.nodes.get(key);
      if (own) own.push(quad);
      else this.nodes.set(key, [quad]);
    }
  }

  has(node: string): boolean {
    return this.nodes.has(node);
  }

  /** Everything said of a node. */
  about(node: string): readonly Quad[] {
    return this.nodes.get(node) ?? [];
  }

  /** Nodes that have every one of the properties. */
  having(...names: string[]): string[] {
    return [...this.nodes.keys()].filter((node) => names.every((name) => this.values(node, name).length > 0));
  }

  ofType(name: string): string[] {
    return [...this.nodes.keys()].filter((node) => this.types(node).some((type) => localName(type).toLowerCase() === name.toLowerCase()));
  }

  types(node: string): string[] {
    return this.about(node).filter(({ predicate }) => predicate.value === `${RDF}type`).map(({ object }) => object.value);
  }

  /** The values of a property; the items of a list count as its values. */
  values(node: string, name: string): Term[] {
    const wanted = name.toLowerCase();
    return this.about(node)
      .filter(({ predicate }) => localName(predicate.value).toLowerCase() === wanted)
      .flatMap(({ object }) => this.items(object));
  }

  text(node: string, name: string): string | undefined {
    const [value] = this.values(node, name);
    return value && keyOf(value);
  }

  /** Every triple that can be reached from a node. */
  from(...starts: string[]): Graph {
    const seen = new Set<string>();
    const reached: Quad[] = [];
    const open = [...starts];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      for (const quad of this.about(node)) {
        reached.push(quad);
        if (quad.object.termType !== 'Literal') open.push(keyOf(quad.object));
      }
    }
    return new Graph(reached);
  }

  with(...more: Graph[]): Graph {
    return new Graph([...this.quads, ...more.flatMap(({ quads }) => quads)]);
  }

  turtle(): Promise<string> {
    const writer = new Writer();
    writer.addQuads([...this.quads]);
    return new Promise((resolve, reject) => {
      writer.end((error: Error | null, text: string) => (error ? reject(error) : resolve(text)));
    });
  }

  private items(head: Term): Term[] {
    const items: Term[] = [];
    const seen = new Set<string>();
    let at = head;
    for (;;) {
      const first = this.about(keyOf(at)).find(({ predicate }) => predicate.value === `${RDF}first`);
      const rest = this.about(keyOf(at)).find(({ predicate }) => predicate.value === `${RDF}rest`);
      if (at.termType === 'Literal' || !first || !rest || seen.has(keyOf(at))) return at === head ? [head] : items;
      seen.add(keyOf(at));
      items.push(first.object);
      at = rest.object;
    }
  }
}

/** A triple of a policy that the adapter adds. */
export const triple = (subject: string, property: string, object: string): Quad =>
  DataFactory.quad(
    (subject.startsWith('_:') ? DataFactory.blankNode(subject.slice(2)) : DataFactory.namedNode(subject)) as Quad_Subject,
    DataFactory.namedNode(property),
    DataFactory.namedNode(object),
  );

/** The triple with another text for its literal. */
export const literalOf = (quad: Quad, value: string): Quad =>
  DataFactory.quad(quad.subject, quad.predicate, quad.object.termType === 'Literal' ? DataFactory.literal(value, quad.object.datatype) : quad.object);

/** Turtle or JSON-LD as a graph. Nothing is fetched. */
export async function readGraph(file: string): Promise<Graph> {
  const text = await readFile(file, 'utf8');
  try {
    return new Graph(new Parser({ baseIRI: BASE }).parse(path.extname(file) === '.ttl' ? text : await nquads(JSON.parse(text))));
  } catch (error) {
    throw new Error(`${path.basename(file)} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const BASE = 'http://suite.invalid/';

async function nquads(document: unknown): Promise<string> {
  const documentLoader = async (documentUrl: string): Promise<{ documentUrl: string; document: NodeObject }> => {
    const context = bundledContexts.get(documentUrl.replace(/^http:/, 'https:'));
    if (!context) throw new Error(`the context ${documentUrl} is not bundled`);
    return { documentUrl, document: context };
  };
  // With this format it is text.
  return (await jsonld.toRDF(valuesOf(document) as JsonLdDocument, { documentLoader, base: BASE, format: 'application/n-quads' })) as unknown as string;
}

/** An "@id" whose type is a datatype is meant as a value. */
function valuesOf(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(valuesOf);
  if (typeof json !== 'object' || json === null) return json;
  const { '@id': id, '@type': type } = json as Record<string, unknown>;
  if (typeof id === 'string' && typeof type === 'string' && /^xsd:|^http:\/\/www\.w3\.org\/2001\/XMLSchema#/.test(type)) return { '@value': id, '@type': type };
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, valuesOf(value)]));
}
