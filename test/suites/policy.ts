import type { Quad, Term } from 'n3';
import { compilePolicy, vocabulary, type CompiledPolicy, type OperandType, type Words } from '#libs/rights';
import { Graph, keyOf, literalOf, localName, ODRL, triple, XSD } from './rdf.js';

/** A comparison of a policy as its RDF has it. */
export interface ConstraintNode {
  node: string;
  /** IRI of the left operand, and its name in Backlot. */
  left: string;
  name: string;
  operator: string;
  rights: Term[];
  unit: string | undefined;
}

/** "odrl:purpose"; words of others keep their IRI. */
export const shortName = (iri: string): string =>
  iri.startsWith(ODRL) ? `odrl:${iri.slice(ODRL.length)}` : iri.startsWith(CC) ? `cc:${iri.slice(CC.length)}` : iri.startsWith(PROFILE) ? iri.slice(PROFILE.length) : iri;

const CC = 'http://creativecommons.org/ns#';
const PROFILE = 'urn:backlot:profile:';

export function constraintsOf(policy: Graph): ConstraintNode[] {
  return policy.having('leftOperand').map((node) => {
    const left = policy.text(node, 'leftOperand')!;
    return { node, left, name: shortName(left), operator: localName(policy.text(node, 'operator') ?? ''), rights: policy.values(node, 'rightOperand'), unit: policy.text(node, 'unit') };
  });
}

/**
 * The words of a policy that Backlot's vocabulary lacks: a left operand is of the type of its right operand (text that is ordered by lt or gt is a number or a time), an action is included in what the policy says,
 * else in use, and a profile is one that the suite's policies may be written in.
 */
export function wordsOf(policy: Graph): Words {
  const leftOperands: Record<string, { type: OperandType; many?: boolean; words: string }> = {};
  for (const { name, left, rights, operator } of constraintsOf(policy)) {
    if (!vocabulary.leftOperands.has(name)) leftOperands[name] = { type: typeOf(rights, operator), ...(operator === 'isAllOf' || operator === 'hasPart' ? { many: true } : {}), words: localName(left) };
  }
  const actions: Record<string, { includedIn: string; words: string }> = {};
  const named = policy.having('action').flatMap((rule) => policy.values(rule, 'action').map((action) => policy.text(keyOf(action), 'value') ?? keyOf(action)));
  for (const iri of named) {
    const broader = policy.text(iri, 'includedIn');
    if (!vocabulary.isAction(shortName(iri)) && !iri.startsWith('_:')) actions[shortName(iri)] = { includedIn: broader === undefined ? 'odrl:use' : shortName(broader), words: localName(iri) };
  }
  return { leftOperands, actions, profiles: policy.having('profile').flatMap((node) => policy.values(node, 'profile').map(keyOf)) };
}

function typeOf(rights: readonly Term[], operator: string): OperandType {
  const types = rights.map((right) => (right.termType === 'Literal' ? right.datatype.value : 'IRI'));
  const all = (...names: string[]): boolean => types.every((type) => names.some((name) => type === XSD + name));
  if (all('dateTime', 'date', 'dateTimeStamp')) return 'instant';
  if (all('integer', 'nonNegativeInteger', 'positiveInteger', 'long', 'int', 'short')) return 'integer';
  if (all('integer', 'int', 'long', 'decimal', 'double', 'float')) return 'decimal';
  if (all('duration', 'dayTimeDuration')) return 'duration';
  if (all('string') && /^(lt|gt)/.test(operator)) return rights.every(({ value }) => /^\d{4}-\d{2}-\d{2}/.test(value)) ? 'instant' : 'decimal';
  return all('boolean') ? 'boolean' : types.includes('IRI') ? 'id' : 'term';
}

export interface Reading {
  /** The phase of a duty that gives none; the profile's (it comes first) when absent. */
  phase?: (duty: string) => 'pre' | 'post';
  parents?: ReadonlyMap<string, CompiledPolicy>;
}

/** Compiles a policy that lies there as Turtle, through Backlot's own reader of Turtle. */
export async function compileTurtle(policy: Graph, { phase, parents = new Map() }: Reading = {}): Promise<CompiledPolicy> {
  const added: Quad[] = [];
  if (phase) {
    const duties = new Set(policy.having('duty').flatMap((rule) => policy.values(rule, 'duty').map(keyOf)));
    for (const duty of duties) if (policy.values(duty, 'phase').length === 0) added.push(triple(duty, `${PROFILE}phase`, `${PROFILE}${phase(duty)}`));
  }
  const zoned = policy.quads.map((quad) => withZone(quad));
  return compilePolicy(await new Graph([...zoned, ...added]).turtle(), { vocabulary: vocabulary.extend(wordsOf(policy)), parents });
}

/** Compiles a policy that lies there as JSON-LD. Its days are those of UTC unless it says otherwise. */
export async function compileJson(document: object, policy: Graph): Promise<CompiledPolicy> {
  const zone = policy.having('timeZone').length > 0 ? {} : { [`${PROFILE}timeZone`]: 'UTC' };
  return compilePolicy({ ...zone, ...(inUtc(document) as object) }, { vocabulary: vocabulary.extend(wordsOf(policy)) });
}

/** A time without a zone is UTC. */
function withZone(quad: Quad): Quad {
  const { object } = quad;
  if (object.termType !== 'Literal' || !zoneless(object.value, object.datatype.value)) return quad;
  return literalOf(quad, `${object.value.replace(' ', 'T')}Z`);
}

function inUtc(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(inUtc);
  if (typeof json !== 'object' || json === null) return json;
  const { '@value': value, '@type': type } = json as Record<string, unknown>;
  if (typeof value === 'string' && typeof type === 'string' && zoneless(value, type)) return { ...json, '@value': `${value.replace(' ', 'T')}Z` };
  return Object.fromEntries(Object.entries(json).map(([key, content]) => [key, inUtc(content)]));
}

const zoneless = (value: string, type: string): boolean => /(#|^xsd:)date(Time)?$/.test(type) && /^\d{4}-\d{2}-\d{2}([T ][\d:.]+)?$/.test(value);
