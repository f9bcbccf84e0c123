import { invalid, MAX_DEPTH, tooDeep, type Json } from './json.js';

/** A policy in RDF as the same document that JSON-LD of the profile would be: a tree below the policy, with what every part of it was said by. */

/** RDF/JS terms, as n3 and jsonld both give them. */
export interface Term {
  termType: string;
  value: string;
  datatype?: { value: string };
}

export interface Statement {
  subject: Term;
  predicate: Term;
  object: Term;
  /** Where the document says it: "line 12". */
  place?: string;
}

export interface Tree {
  document: Json;
  /** The place of each path of the document that is known. */
  places: ReadonlyMap<string, string>;
}

/** What relative IRIs are resolved against: a policy's ids that begin with # are its own. */
export const BASE = 'https://document.invalid/';

const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
const XSD = 'http://www.w3.org/2001/XMLSchema#';
const ODRL = 'http://www.w3.org/ns/odrl/2/';
const PROFILE = 'urn:backlot:profile:';
const CC = 'http://creativecommons.org/ns#';
const DCT = 'http://purl.org/dc/terms/';

/** Properties of these say nothing that a decision could depend on. */
export const notes = ['http://purl.org/dc/elements/1.1/', DCT, 'http://www.w3.org/2000/01/rdf-schema#', 'http://schema.org/', 'https://schema.org/', 'http://www.w3.org/2004/02/skos/core#', 'http://www.w3.org/2006/vcard/ns#', 'http://xmlns.com/foaf/0.1/', 'http://www.w3.org/ns/prov#'];
const isNote = (iri: string): boolean => notes.some((namespace) => iri.startsWith(namespace));

const policyTypes = new Set(['Policy', 'Set', 'Offer', 'Agreement', 'Privacy', 'Request', 'Ticket', 'Assertion', 'Invitation'].map((name) => ODRL + name));
const policyProperties = new Set(['permission', 'prohibition', 'obligation', 'inheritFrom'].map((name) => ODRL + name));
/** Properties whose values are parts of the policy and are written where they stand. */
const parts = new Set(['permission', 'prohibition', 'obligation', 'duty', 'remedy', 'consequence', 'constraint', 'refinement', 'and', 'or', 'xone', 'andSequence', 'target', 'assigner', 'assignee', 'action', 'backlot:segment']);
const lists = new Set(['and', 'or', 'xone', 'andSequence']);
const always = new Set(['permission', 'prohibition', 'obligation', 'duty', 'remedy', 'consequence', 'constraint', 'refinement']);
/** Properties whose values are text or numbers, whatever datatype RDF gives them. */
const plain = new Set(['backlot:version', 'backlot:clause', 'backlot:timeZone', 'backlot:deadline', 'backlot:interval', 'backlot:first', 'backlot:end', 'backlot:rate']);
const byId = new Set(['target', 'assigner', 'assignee', 'profile', 'inheritFrom', 'source']);
const byTerm = new Set(['action', 'leftOperand', 'operator', 'conflict', '@type']);

/** The one policy that the statements are about. Refuses with INVALID_POLICY what is not a tree, and statements that are about something else and could change what it means. */
export function treeOf(statements: readonly Statement[]): Tree {
  return new Reader(statements).tree();
}

class Reader {
  private readonly nodes = new Map<string, Statement[]>();
  private readonly mentions = new Map<string, number>();
  private readonly places = new Map<string, string>();
  private readonly said = new Set<Statement>();
  private readonly within = new Set<string>();
  private readonly written = new Map<string, string>();
  private shared = 0;
  private root: string | undefined;

  constructor(private readonly statements: readonly Statement[]) {
    for (const statement of statements) {
      for (const term of [statement.subject, statement.object]) if (!['NamedNode', 'BlankNode', 'Literal'].includes(term.termType)) throw invalid(statement.place ?? '', 'a statement about a statement has no meaning here');
      const key = keyOf(statement.subject);
      const said = this.nodes.get(key);
      if (said) said.push(statement);
      else this.nodes.set(key, [statement]);
      if (statement.object.termType !== 'Literal') this.mentions.set(keyOf(statement.object), (this.mentions.get(keyOf(statement.object)) ?? 0) + 1);
    }
  }

  tree(): Tree {
    const policy = this.policy();
    this.root = keyOf(policy);
    const document = { '@context': ['http://www.w3.org/ns/odrl.jsonld', { backlot: PROFILE, dct: DCT }], ...this.node(policy, '', 0) };
    const stray = this.statements.find((statement) => !this.said.has(statement) && !isNote(statement.predicate.value) && !(statement.predicate.value === `${RDF}type` && !isRule(statement.object.value)));
    if (stray) throw invalid(stray.place ?? '', `${words(stray.subject)} is no part of the policy, and what is said of it (${stray.predicate.value}) could change its meaning`);
    return { document, places: this.places };
  }

  private policy(): Term {
    const found = new Map<string, Statement>();
    for (const statement of this.statements) {
      const { subject, predicate, object } = statement;
      if ((predicate.value === `${RDF}type` && policyTypes.has(object.value)) || policyProperties.has(predicate.value)) found.set(keyOf(subject), found.get(keyOf(subject)) ?? statement);
    }
    const [first, second] = found.values();
    if (!first) throw invalid('', 'it holds no policy: nothing in it is a Set, an Offer or an Agreement of ODRL');
    if (second) throw invalid(second.place ?? '', `it holds more than one policy: ${words(first.subject)} and ${words(second.subject)}`);
    return first.subject;
  }

  /** A node with all that is said of it. */
  private node(term: Term, path: string, depth: number): Json {
    const key = keyOf(term);
    const statements = this.nodes.get(key) ?? [];
    if (depth > MAX_DEPTH) throw tooDeep(statements[0]?.place);
    if (this.within.has(key)) throw invalid(statements[0]?.place ?? path, `${words(term)} contains itself`);
    this.within.add(key);
    const node: Json = {};
    const id = this.idOf(term, statements);
    if (id !== undefined) node.uid = id;
    const grouped = Map.groupBy(statements, ({ predicate }) => nameOf(predicate.value));
    for (const [name, group] of grouped) {
      for (const statement of group) this.said.add(statement);
      if (name === 'uid' || (isNote(group[0]!.predicate.value) && name !== 'dct:title')) continue;
      const here = `${path}/${name}`;
      this.place(here, group[0]!);
      node[name] = this.values(name, group, here, depth);
    }
    this.within.delete(key);
    return node;
  }

  /** Its IRI; a blank node has one only where odrl:uid gives it, or where several parts share it. */
  private idOf(term: Term, statements: readonly Statement[]): string | undefined {
    const key = keyOf(term);
    const uids = statements.filter(({ predicate }) => predicate.value === `${ODRL}uid`);
    const [given = term.termType === 'NamedNode' ? term.value : undefined, ...more] = new Set(uids.map(({ object }) => object.value));
    if (more.length > 0 || (given !== undefined && term.termType === 'NamedNode' && given !== term.value)) throw invalid(uids[0]!.place ?? '', `${words(term)} has more than one uid`);
    if (given !== undefined) return compact(given, uids[0]?.place);
    return (this.mentions.get(key) ?? 0) > 1 ? (this.written.get(key) ?? `_:shared${(this.shared += 1)}`) : undefined;
  }

  private values(name: string, group: readonly Statement[], path: string, depth: number): unknown {
    const items = group.flatMap((statement) => this.list(statement).map((object) => ({ object, statement })));
    const isList = lists.has(name) && group.some(({ object }) => this.isList(object));
    const several = isList || items.length !== 1 || always.has(name);
    const inside = isList ? `${path}/@list` : path;
    const values = items.map(({ object, statement }, at) => {
      const here = several ? `${inside}/${at}` : path;
      this.place(here, statement);
      return this.value(name, object, here, depth, statement);
    });
    return isList ? { '@list': values } : several ? values : values[0];
  }

  private value(name: string, object: Term, path: string, depth: number, { place }: Statement): unknown {
    if (object.termType === 'Literal') return literal(name, object);
    const key = keyOf(object);
    const described = this.nodes.get(key)?.some(({ predicate }) => !isNote(predicate.value)) === true && key !== this.root;
    if (described && this.within.has(key)) throw invalid(place ?? path, `${words(object)} contains itself`);
    if (described && (parts.has(name) || object.termType === 'BlankNode')) {
      const reference = this.written.get(key);
      if (reference !== undefined) return byId.has(name) ? reference : { '@id': reference };
      const node = this.node(object, path, depth + 1);
      if (typeof node.uid === 'string') this.written.set(key, node.uid);
      return node;
    }
    if (object.termType === 'BlankNode') throw invalid(place ?? path, 'it is empty: nothing is said of it');
    if (byTerm.has(name)) return termOf(object.value);
    return byId.has(name) ? compact(object.value, place) : { '@id': prefixed(compact(object.value, place)) };
  }

  private isList(term: Term): boolean {
    return term.value === `${RDF}nil` || this.nodes.get(keyOf(term))?.some(({ predicate }) => predicate.value === `${RDF}first`) === true;
  }

  /** The items of an RDF list, or the value itself. */
  private list({ object, place }: Statement): Term[] {
    if (object.termType === 'Literal' || !this.isList(object)) return [object];
    const items: Term[] = [];
    const seen = new Set<string>();
    for (let at = object; at.value !== `${RDF}nil`; ) {
      const cell = this.nodes.get(keyOf(at)) ?? [];
      const [first, ...firsts] = cell.filter(({ predicate }) => predicate.value === `${RDF}first`);
      const [rest, ...rests] = cell.filter(({ predicate }) => predicate.value === `${RDF}rest`);
      if (!first || !rest || firsts.length + rests.length > 0) throw invalid(cell[0]?.place ?? place ?? '', 'a list is broken');
      if (seen.has(keyOf(at))) throw invalid(first.place ?? place ?? '', 'a list contains itself');
      seen.add(keyOf(at));
      this.said.add(first).add(rest);
      items.push(first.object);
      at = rest.object;
    }
    return items;
  }

  private place(path: string, { place }: Statement): void {
    if (place !== undefined && !this.places.has(path)) this.places.set(path, place);
  }
}

const keyOf = (term: Term): string => (term.termType === 'BlankNode' ? `_:${term.value.replace(/^_:/, '')}` : term.value);
const words = (term: Term): string => (term.termType === 'BlankNode' ? 'a node without a name' : `<${term.value.replace(BASE, '')}>`);
const isRule = (type: string): boolean => policyTypes.has(type) || ['Rule', 'Permission', 'Prohibition', 'Duty'].some((name) => type === ODRL + name);

/** The name of a property as documents of the profile write it. */
function nameOf(predicate: string): string {
  if (predicate === `${RDF}type`) return '@type';
  if (predicate === `${RDF}value`) return 'rdf:value';
  if (predicate.startsWith(ODRL)) return errata[predicate] ?? predicate.slice(ODRL.length);
  if (predicate.startsWith(PROFILE)) return `backlot:${predicate.slice(PROFILE.length)}`;
  return /^http:\/\/purl\.org\/dc\/(terms|elements\/1\.1)\/title$/.test(predicate) ? 'dct:title' : predicate;
}

// What W3C's own context makes of these words.
const errata: Readonly<Record<string, string>> = { [`${ODRL}neg`]: 'neq', [`${ODRL}industry:`]: 'industry', [`${ODRL}datatype`]: 'dataType' };

function termOf(iri: string): string {
  if (iri.startsWith(ODRL)) return errata[iri] ?? iri.slice(ODRL.length);
  // W3C's context lacks some of ODRL's words ("synchronize"), so that they come as if they were addresses.
  return iri.startsWith(BASE) ? iri.slice(BASE.length) : prefixed(iri);
}

function prefixed(iri: string): string {
  for (const [prefix, namespace] of [['odrl', ODRL], ['backlot', PROFILE], ['cc', CC]] as const) if (iri.startsWith(namespace)) return `${prefix}:${iri.slice(namespace.length)}`;
  return iri;
}

function compact(iri: string, place: string | undefined): string {
  if (iri.startsWith(`${BASE}#`)) return iri.slice(BASE.length);
  if (iri.startsWith(BASE)) throw invalid(place ?? '', `<${iri.slice(BASE.length)}> is relative, but a policy has no address of its own: write the whole IRI`);
  return iri;
}

function literal(name: string, { value, datatype }: Term): unknown {
  const type = datatype?.value ?? `${XSD}string`;
  if (plain.has(name)) return type === `${XSD}integer` && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (type === `${XSD}string` || type === `${RDF}langString` || name === 'dct:title') return value;
  return { '@value': value, '@type': type.startsWith(XSD) ? `xsd:${type.slice(XSD.length)}` : type };
}
