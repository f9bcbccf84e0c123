import { LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { newId } from '#libs/platform';
import type { Ask } from './ask.js';
import { InvalidPolicy, isObject, MAX_BYTES as LARGEST, type Json } from './json.js';
import { placeWords } from './names.js';
import { dayWords, readPeriod, readZone } from './time.js';
import { isPlace, leftOperands, vocabulary } from './vocabulary.js';
import { listWords, periodWords } from './words.js';

/**
 * A contract's shape in YAML (policies/templates): parameters with a type and words, clauses with number, heading and prose, and below each clause the rules
 * that it means. Filled with values it is a policy of the profile, in which every rule names its clause.
 */

const MAX_BYTES = 400_000;

const parameterTypes = ['party', 'parties', 'asset', 'assets', 'date', 'number', 'amount', 'period', 'zone', 'word', 'words', 'places', 'text'] as const;
type ParameterType = (typeof parameterTypes)[number];
export type ParameterValue = string | number | readonly string[];

const value = z.union([z.string(), z.number(), z.array(z.string())]);
const name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a name is in small letters');
const id = z.string().regex(/^[a-zA-Z][\w-]*$/, 'an id is a letter, then letters, digits, _ or -');
const condition: z.ZodType<Json> = z.record(z.string(), z.unknown());
const conditions = z.array(condition).optional();
const assets = z.union([z.string(), z.strictObject({ asset: z.string(), where: conditions, frames: z.strictObject({ first: z.number(), end: z.number(), rate: z.union([z.string(), z.number()]) }).optional() })]);
const parties = z.union([z.string(), z.array(z.string())]);
const dutyFields = { id: id.optional(), when: name.optional(), before: z.boolean().optional(), within: z.string().optional(), from: z.string().optional(), every: z.string().optional(), to: parties.optional(), where: conditions };
const consequence = z.strictObject({ do: z.string(), ...dutyFields });
const duty = consequence.extend({ otherwise: z.array(consequence).optional() });
const ruleFields = { id: id.optional(), when: name.optional(), to: parties.optional(), of: z.union([assets, z.array(assets)]).optional(), by: conditions, where: conditions };
const actions = z.union([z.string(), z.array(z.string())]);
const rule = z.union([
  z.strictObject({ allow: actions, ...ruleFields, duties: z.array(duty).optional() }),
  z.strictObject({ forbid: actions, ...ruleFields, remedies: z.array(consequence).optional() }),
  z.strictObject({ oblige: z.string(), ...dutyFields, otherwise: z.array(consequence).optional() }),
]);
const templateShape = z.strictObject({
  title: z.string(),
  about: z.string(),
  version: z.string().default('1'),
  zone: z.string().optional(),
  parameters: z.record(name, z.strictObject({ type: z.enum(parameterTypes), words: z.string(), default: value.optional(), example: value.optional() })),
  clauses: z.array(z.strictObject({ clause: z.string().max(40), heading: z.string().optional(), when: name.optional(), prose: z.string(), rules: z.array(rule).default([]) })).min(1),
  examples: z.array(z.looseObject({ case: z.string(), answer: z.enum(['ALLOW', 'DENY']), because: z.string() })).default([]),
});

export type Template = z.output<typeof templateShape>;
export type Parameter = Template['parameters'][string];

/** A filled template. */
export interface Contract {
  /** The policy as JSON-LD. */
  policy: Json;
  title: string;
  about: string;
  /** What the parameters stand for, in words. */
  definitions: { term: string; value: string }[];
  /** The contract's word for an id: "the Licensee". */
  names: ReadonlyMap<string, string>;
  clauses: { clause: string; heading?: string; prose: string }[];
  /** Its own example questions, with the answers that they must have. */
  examples: { case: string; answer: 'ALLOW' | 'DENY'; because: string; ask: Ask }[];
  /** Where in the template a path (JSON Pointer) of the policy comes from. */
  origin: (path: string) => string;
}

/** Reads a template. Refuses with INVALID_POLICY and the path of what is not understood. */
export function readTemplate(text: string): Template {
  if (text.length > MAX_BYTES) throw new InvalidPolicy('', `a template has at most ${MAX_BYTES / 1000} kB`);
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true });
  const [error] = document.errors;
  if (error) throw new InvalidPolicy('', `it is not YAML (${error.message.split('\n')[0]!})`);
  const read = templateShape.safeParse(plain(document));
  if (read.success) return read.data;
  throw refusalOf(read.error.issues[0]!);
}

/** The document's values. Aliases are not read: a few lines of them can stand for gigabytes. */
function plain(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new InvalidPolicy('', 'a template has no aliases (*name)');
  }
}

function refusalOf(issue: z.core.$ZodIssue, above: PropertyKey[] = []): InvalidPolicy {
  const path = [...above, ...issue.path];
  // Of the three kinds of rule, the one that was meant went furthest.
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.toSorted((a, b) => Math.max(...b.map((one) => one.path.length)) - Math.max(...a.map((one) => one.path.length)) || a.length - b.length)[0];
    if (meant?.[0]) return refusalOf(meant[0], path);
  }
  if (issue.code === 'unrecognized_keys') return new InvalidPolicy(pointer([...path, issue.keys[0]!]), `“${issue.keys[0]!}” is not known here`);
  return new InvalidPolicy(pointer(path), issue.message.charAt(0).toLowerCase() + issue.message.slice(1));
}

const pointer = (parts: readonly PropertyKey[]): string => parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The values of a template's own example, where a default does not serve. */
export function exampleValues(template: Template): Record<string, ParameterValue> {
  return Object.fromEntries(Object.entries(template.parameters).flatMap(([key, { example }]) => (example === undefined ? [] : [[key, example]])));
}

/** A contract from a template. Refuses with INVALID_POLICY a value that is missing, of another type, or asked for by nothing. */
export function fillTemplate(template: Template, values: Readonly<Record<string, ParameterValue>>, uid = `urn:uuid:${newId()}`): Contract {
  return new Filler(template, values, uid).contract();
}

const PLACEHOLDER = /\{([a-z][a-z0-9_]*)\}/g;

class Filler {
  private readonly values = new Map<string, ParameterValue>();
  private readonly origins = new Map<string, string>();

  constructor(
    private readonly template: Template,
    given: Readonly<Record<string, ParameterValue>>,
    private readonly uid: string,
  ) {
    for (const key of Object.keys(given)) if (!(key in template.parameters)) throw new InvalidPolicy(`/parameters/${key}`, `the template has no parameter ${key}`);
    for (const [key, parameter] of Object.entries(template.parameters)) {
      const chosen = given[key] ?? parameter.default;
      if (chosen === undefined) throw new InvalidPolicy(`/parameters/${key}`, `the template needs a value for ${key} (${parameter.words})`);
      // A default may be what an earlier parameter has.
      const filled = given[key] === undefined ? (this.fill(chosen, `/parameters/${key}/default`) as ParameterValue) : chosen;
      this.values.set(key, checked(filled, parameter.type, `/parameters/${key}`));
    }
  }

  contract(): Contract {
    const { template } = this;
    const policy: Json = {
      '@context': ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:', dct: 'http://purl.org/dc/terms/' }],
      '@type': 'Agreement',
      uid: this.uid,
      profile: 'urn:backlot:profile:',
      'dct:title': this.words(template.title, '/title'),
      'backlot:version': template.version,
      ...(template.zone === undefined ? {} : { 'backlot:timeZone': this.fill(template.zone, '/zone') }),
      ...Object.fromEntries(([['assigner', 'licensor'], ['assignee', 'licensee'], ['target', 'titles']] as const).flatMap(([field, key]) => (this.values.has(key) ? [[field, this.values.get(key)]] : []))),
      permission: [],
      prohibition: [],
      obligation: [],
    };
    const clauses: Contract['clauses'] = [];
    for (const [at, clause] of template.clauses.entries()) {
      const here = `/clauses/${at}`;
      if (!this.wanted(clause.when, `${here}/when`)) continue;
      const heading = clause.heading === undefined ? {} : { heading: this.words(clause.heading, `${here}/heading`) };
      const prose = this.words(clause.prose, `${here}/prose`).replaceAll(/\s+/g, ' ').trim();
      clauses.push({ clause: clause.clause, ...heading, prose });
      for (const [place, one] of clause.rules.entries()) {
        const path = `${here}/rules/${place}`;
        if (!this.wanted(one.when, `${path}/when`)) continue;
        const kind = 'allow' in one ? 'permission' : 'forbid' in one ? 'prohibition' : 'obligation';
        const listed = policy[kind] as Json[];
        const target = `/${kind}/${listed.length}`;
        this.origins.set(target, path);
        listed.push(this.rule(one, path, target, clause.clause));
      }
    }
    for (const kind of ['permission', 'prohibition', 'obligation']) if ((policy[kind] as Json[]).length === 0) delete policy[kind];
    const examples = template.examples.map(({ case: told, answer, because, ...ask }, at) => ({ case: told, answer, because: this.words(because, `/examples/${at}/because`), ask: this.fill(ask, `/examples/${at}`) as Ask }));
    return { policy, title: policy['dct:title'] as string, about: template.about.replaceAll(/\s+/g, ' ').trim(), definitions: this.definitions(), names: this.names(), clauses, examples, origin: (path) => this.origin(path) };
  }

  private rule(one: Template['clauses'][number]['rules'][number], path: string, target: string, clause: string): Json {
    if ('oblige' in one) return this.duty({ do: one.oblige, ...one }, path, target, clause, 'oblige');
    const key = 'allow' in one ? 'allow' : 'forbid';
    const named = 'allow' in one ? one.allow : one.forbid;
    const refinement = this.conditions(one.by, `${path}/by`, `${target}/action/0/refinement`);
    const acts = this.list(named, `${path}/${key}`).map((action) => (refinement.length === 0 ? actionName(action) : { 'rdf:value': { '@id': actionIri(action) }, refinement }));
    this.origins.set(`${target}/action`, `${path}/${key}`);
    const duties = 'allow' in one ? this.duties(one.duties, `${path}/duties`, `${target}/duty`, clause) : [];
    const remedies = 'forbid' in one ? this.duties(one.remedies, `${path}/remedies`, `${target}/remedy`, clause) : [];
    const where = this.conditions(one.where, `${path}/where`, `${target}/constraint`);
    return {
      ...(one.id === undefined ? {} : { uid: `#${one.id}` }),
      'backlot:clause': clause,
      action: acts,
      ...(one.of === undefined ? {} : { target: this.assets(one.of, `${path}/of`, `${target}/target`) }),
      ...(one.to === undefined ? {} : { assignee: this.list(one.to, `${path}/to`) }),
      ...(where.length > 0 ? { constraint: where } : {}),
      ...(duties.length > 0 ? { duty: duties } : {}),
      ...(remedies.length > 0 ? { remedy: remedies } : {}),
    };
  }

  private assets(of: z.output<typeof assets> | z.output<typeof assets>[], path: string, target: string): unknown[] {
    this.origins.set(target, path);
    return [of].flat().flatMap((one): unknown[] => {
      if (typeof one === 'string') return this.list(one, path);
      const refinement = this.conditions(one.where, `${path}/where`, `${target}/0/refinement`);
      const frames = one.frames ? { 'backlot:segment': { ...one.frames, rate: String(one.frames.rate) } } : {};
      return this.list(one.asset, `${path}/asset`).map((source) => ({ '@type': 'AssetCollection', source, ...(refinement.length > 0 ? { refinement } : {}), ...frames }));
    });
  }

  private duties(duties: readonly z.output<typeof duty>[] | undefined, path: string, target: string, clause: string): Json[] {
    const wanted = (duties ?? []).flatMap((one, at) => (this.wanted(one.when, `${path}/${at}/when`) ? [{ one, at }] : []));
    return wanted.map(({ one, at }, place) => {
      this.origins.set(`${target}/${place}`, `${path}/${at}`);
      return this.duty(one, `${path}/${at}`, `${target}/${place}`, clause, 'do');
    });
  }

  private duty(one: z.output<typeof duty>, path: string, target: string, clause: string, key: string): Json {
    this.origins.set(`${target}/action`, `${path}/${key}`);
    this.origins.set(`${target}/backlot:deadline`, `${path}/within`);
    this.origins.set(`${target}/backlot:interval`, `${path}/every`);
    this.origins.set(`${target}/backlot:trigger`, `${path}/from`);
    const where = this.conditions(one.where, `${path}/where`, `${target}/constraint`);
    const otherwise = this.duties(one.otherwise, `${path}/otherwise`, `${target}/consequence`, clause);
    return {
      ...(one.id === undefined ? {} : { uid: `#${one.id}` }),
      'backlot:clause': clause,
      action: actionName(String(this.fill(one.do, `${path}/${key}`))),
      ...(key === 'oblige' ? {} : { 'backlot:phase': { '@id': one.before === true ? 'backlot:pre' : 'backlot:post' } }),
      ...(one.from === undefined ? {} : { 'backlot:trigger': { '@id': `backlot:${String(this.fill(one.from, `${path}/from`))}` } }),
      ...(one.within === undefined ? {} : { 'backlot:deadline': this.fill(one.within, `${path}/within`) }),
      ...(one.every === undefined ? {} : { 'backlot:interval': this.fill(one.every, `${path}/every`) }),
      ...(one.to === undefined ? {} : { assignee: this.list(one.to, `${path}/to`) }),
      ...(where.length > 0 ? { constraint: where } : {}),
      ...(otherwise.length > 0 ? { consequence: otherwise } : {}),
    };
  }

  private conditions(all: readonly Json[] | undefined, path: string, target: string): Json[] {
    return (all ?? []).map((one, at) => this.condition(one, `${path}/${at}`, `${target}/${at}`));
  }

  /** `{ dateTime: { lteq: "{until}" } }`, or `{ any: [...] }`. */
  private condition(one: Json, path: string, target: string): Json {
    this.origins.set(target, path);
    const [[key, content] = [], ...more] = Object.entries(one);
    if (key === undefined || more.length > 0) throw new InvalidPolicy(path, 'a condition has one key: what is compared, or one of all, any, one, inOrder');
    const logic = { all: 'and', any: 'or', one: 'xone', inOrder: 'andSequence' }[key];
    if (logic !== undefined) {
      if (!Array.isArray(content)) throw new InvalidPolicy(`${path}/${key}`, 'a list of conditions is expected');
      return { [logic]: { '@list': this.conditions(content as Json[], `${path}/${key}`, `${target}/${logic}/@list`) } };
    }
    const [[operator, right] = [], ...others] = isObject(content) ? Object.entries(content) : [];
    if (operator === undefined || others.length > 0) throw new InvalidPolicy(`${path}/${key}`, 'a comparison is written { operand: { operator: value } }');
    const operand = leftOperands.get(key) ?? leftOperands.get(`odrl:${key}`);
    const filled = this.fill(right, `${path}/${key}/${operator}`);
    const typed = (one: unknown): unknown => typedValue(one, operand?.type);
    this.origins.set(`${target}/rightOperand`, `${path}/${key}/${operator}`);
    return { leftOperand: leftOperands.has(key) ? `backlot:${key}` : key.replace(/^odrl:/, ''), operator, rightOperand: Array.isArray(filled) ? filled.map(typed) : typed(filled) };
  }

  private wanted(when: string | undefined, path: string): boolean {
    if (when === undefined) return true;
    const value = this.value(when, path);
    return Array.isArray(value) ? value.length > 0 : value !== '' && value !== 0;
  }

  private value(key: string, path: string): ParameterValue {
    const found = this.values.get(key);
    if (found === undefined) throw new InvalidPolicy(path, `the template has no parameter ${key}`);
    return found;
  }

  private list(given: string | readonly string[], path: string): string[] {
    return [given].flat().flatMap((one) => [this.fill(one, path) as string | string[]].flat());
  }

  /** Placeholders by their values: a text that is one placeholder becomes the value itself. */
  private fill(given: unknown, path: string): unknown {
    if (typeof given === 'string') {
      const [, whole] = /^\{([a-z][a-z0-9_]*)\}$/.exec(given) ?? [];
      if (whole !== undefined) return this.value(whole, path);
      return given.replace(PLACEHOLDER, (_, key: string) => String(this.value(key, path)));
    }
    if (Array.isArray(given)) return given.flatMap((one, at) => this.fill(one, `${path}/${at}`));
    return isObject(given) ? Object.fromEntries(Object.entries(given).map(([key, one]) => [key, this.fill(one, `${path}/${key}`)])) : given;
  }

  /** Placeholders by what a reader says for them. */
  private words(text: string, path: string): string {
    return text.replace(PLACEHOLDER, (_, key: string) => {
      const value = this.value(key, path);
      return valueWords(value, this.template.parameters[key]!.type);
    });
  }

  private definitions(): Contract['definitions'] {
    return Object.entries(this.template.parameters).map(([key, { words, type }]) => ({ term: words, value: valueWords(this.values.get(key)!, type) }));
  }

  private names(): Contract['names'] {
    const named = Object.entries(this.template.parameters).flatMap(([key, { type, words }]): [string, string][] => {
      const value = this.values.get(key);
      return (type === 'party' || type === 'asset') && typeof value === 'string' ? [[value.startsWith('#') ? this.uid + value : value, words]] : [];
    });
    // Who is several at once goes by the first: a studio that owns its films is the Licensee.
    return new Map(named.reverse());
  }

  private origin(path: string): string {
    for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const found = this.origins.get(at);
      if (found !== undefined) return found;
    }
    const [, field = ''] = path.split('/');
    if (['clauses', 'examples', 'parameters'].includes(field)) return path;
    return ({ 'dct:title': '/title', 'backlot:version': '/version', 'backlot:timeZone': '/zone', assigner: '/parameters/licensor', assignee: '/parameters/licensee', target: '/parameters/titles' } as Record<string, string>)[field] ?? '';
  }
}

const iri = /^(#|[a-z][a-z0-9+.-]*:)\S+$/i;

function checked(value: ParameterValue, type: ParameterType, path: string): ParameterValue {
  const wrong = (expected: string): InvalidPolicy => new InvalidPolicy(path, `${expected} is expected`);
  const texts = (test: (text: string) => boolean, expected: string): readonly string[] => {
    if (!Array.isArray(value) || !value.every((one) => typeof one === 'string' && test(one))) throw wrong(expected);
    return value as readonly string[];
  };
  switch (type) {
    case 'party':
    case 'asset':
      if (typeof value !== 'string' || !iri.test(value)) throw wrong('an id such as urn:example:studio:north');
      return value;
    case 'parties':
    case 'assets':
      return texts((text) => iri.test(text), 'a list of ids');
    case 'date':
      if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}(T.*)?$/.test(value) || Number.isNaN(Date.parse(value))) throw wrong('a day such as 2029-12-31');
      return value;
    case 'number':
      if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrong('a whole number');
      return value;
    case 'amount':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong('a number');
      return value;
    case 'period':
      return readPeriod(value, path);
    case 'zone':
      return readZone(value, path);
    case 'places':
      return texts(isPlace, 'a list of ISO 3166 codes or groups of the profile');
    case 'words':
      return texts((text) => text !== '', 'a list of words');
    case 'word':
    case 'text':
      if (typeof value !== 'string') throw wrong('text');
      return value;
  }
}

function valueWords(value: ParameterValue, type: ParameterType): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : listWords((value as readonly string[]).map((one) => (type === 'places' ? placeWords(one) : one)), 'and');
  if (typeof value === 'number') return value.toLocaleString('en-GB');
  if (type === 'date') return dayWords(Date.parse(value as string));
  if (type === 'period') return periodWords(value as string);
  return value === '#titles' ? 'the titles attached to this licence' : (value as string);
}

const actionName = (name: string): string => (name.includes(':') ? name.replace(/^odrl:/, '') : vocabulary.isAction(name) || !vocabulary.isAction(`odrl:${name}`) ? `backlot:${name}` : name);
const actionIri = (name: string): string => (actionName(name).includes(':') ? actionName(name) : `odrl:${actionName(name)}`);

function typedValue(value: unknown, type: string | undefined): unknown {
  if (type === 'instant' && typeof value === 'string') return { '@value': value, '@type': value.includes('T') ? 'xsd:dateTime' : 'xsd:date' };
  if (type === 'duration' && typeof value === 'string') return { '@value': value, '@type': 'xsd:duration' };
  if ((type === 'id' || type === 'term') && typeof value === 'string' && value.includes(':')) return { '@id': value };
  return value;
}

/** Line and column (from 1) of a path in a JSON or YAML text; the nearest that there is of it. */
export function lineOf(text: string, path: string): { line: number; column: number } | undefined {
  // The whole document has no line, and of one that is too large to be a policy none is looked for.
  if (path === '' || text.length > LARGEST) return undefined;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, keepSourceTokens: false });
  const parts = path.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  for (let length = parts.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(parts.slice(0, length).map((part) => (/^\d+$/.test(part) ? Number(part) : part)), true);
    const range = isObject(node) ? (node as { range?: unknown }).range : undefined;
    if (Array.isArray(range) && typeof range[0] === 'number') {
      const { line, col } = lines.linePos(range[0]);
      return { line, column: col };
    }
  }
  return undefined;
}
