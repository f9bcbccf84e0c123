import type { Term } from 'n3';
import type { CompiledPolicy, Evaluation, Fact, Facts, PerformedDuty, PolicyRequest, WorldState } from '#libs/rights';
import { evaluate } from '#libs/rights';
import { keyOf, localName, ODRL, XSD, type Graph } from './rdf.js';
import { constraintsOf, type ConstraintNode } from './policy.js';

/**
 * Requests and states of the world of the RDF suites, read by what their nodes say and not by which suite they are from:
 * - a request is a rule with action, assignee and target, or a node with the evaluated (requested) action, party and target;
 * - a value of a left operand is a constraint in the request's context, a parameter that describes the operand or its unit, or a property of the operand's name;
 * - the current time is what is called so; a time without zone is UTC;
 * - membership is partOf, and a collection is known by its id and by its source;
 * - a duty was performed when a report says Performed or Fulfilled, or when a record (a payment) names it by conditionId.
 */
export interface Asked {
  id: string;
  action: string;
  party: string | undefined;
  target: string | undefined;
}

/** Every request that the graph holds, a line for each of its rules. */
export function requestsOf(graph: Graph): Asked[] {
  const rules = graph.ofType('Request').flatMap((request) => ['permission', 'prohibition', 'obligation', 'duty'].flatMap((name) => graph.values(request, name).map(keyOf)));
  const asked = [...new Set(rules)].map((id) => ({ id, action: graph.text(id, 'action'), party: graph.text(id, 'assignee'), target: graph.text(id, 'target') }));
  for (const style of [['evaluatedAction', 'evaluatedParty', 'evaluatedTarget'], ['requestedAction', 'requestingParty', 'requestedTarget']] as const) {
    for (const id of graph.having(style[0])) asked.push({ id, action: graph.text(id, style[0]), party: graph.text(id, style[1]), target: graph.text(id, style[2]) });
  }
  return asked.map((one) => {
    if (one.action === undefined) throw new Error('a request names no action');
    return { ...one, action: one.action };
  });
}

/** The instant that the state, else the request, else the expected report gives. */
export function currentTime(...graphs: Graph[]): string | undefined {
  for (const graph of graphs) {
    for (const name of ['currentTime', 'CurrentXSDDateTime', 'CurrentDateTime', 'now']) {
      const node = [...graph.quads].map(({ subject }) => keyOf(subject)).find((key) => localName(key).toLowerCase() === name.toLowerCase());
      const named = graph.having(name).flatMap((key) => graph.values(key, name));
      const described = graph.having('describesFeature', 'value').filter((key) => localName(graph.text(key, 'describesFeature')!).toLowerCase() === name.toLowerCase());
      const values = [...named, ...described.flatMap((key) => graph.values(key, 'value')), ...(node === undefined ? [] : graph.about(node).map(({ object }) => object))];
      for (const value of values) {
        const at = value.termType === 'Literal' ? instant(value.value) : undefined;
        if (at !== undefined) return at;
      }
    }
  }
  return undefined;
}

/** An ISO instant; without a zone it is UTC, without a time midnight. */
export function instant(text: string): string | undefined {
  const [, day, time = '00:00:00', zone = 'Z'] = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(Z|[+-]\d{2}:\d{2})?$/.exec(text.trim()) ?? [];
  return day === undefined ? undefined : `${day}T${time}${zone}`;
}

/** The node and everything that it is part of, by any number of steps. */
export function memberOf(node: string, world: Graph, policy: Graph): string[] {
  const all = new Set([node]);
  for (const member of all) {
    for (const collection of world.values(member, 'partOf')) all.add(keyOf(collection));
    for (const source of policy.values(member, 'source')) all.add(keyOf(source));
  }
  return [...all];
}

/**
 * The values of the left operands that the policy compares. In a closed world an operand without a value has none, so that it is none of whatever is listed;
 * else it is not known.
 */
export function factsOf(policy: Graph, world: Graph, now: string | undefined, { closed = false } = {}): Facts {
  const facts: Record<string, Fact> = {};
  const constraints = constraintsOf(policy);
  for (const constraint of constraints) {
    const onlyNone = constraints.every(({ name, operator }) => name !== constraint.name || operator === 'isNoneOf');
    const fact = factOf(constraint, world, now) ?? (closed && onlyNone ? NOTHING : undefined);
    if (fact !== undefined) facts[constraint.name] = fact;
  }
  return facts;
}

const NOTHING = 'http://www.w3.org/2002/07/owl#Nothing';
const THING = 'http://www.w3.org/2002/07/owl#Thing';

/** What the same thing is called in a state of the world. */
const otherNames: Record<string, string[]> = { spatial: ['currentLocation', 'location'], payAmount: ['paidAmount'], elapsedTime: ['accumulatedTime'], meteredTime: ['accumulatedTime'] };

function factOf(constraint: ConstraintNode, world: Graph, now: string | undefined): Fact | undefined {
  const own = localName(constraint.left);
  const context = world.having('leftOperand', 'rightOperand').filter((node) => world.text(node, 'leftOperand') === constraint.left);
  const described = world.having('describesFeature', 'value').filter((node) => {
    const feature = world.text(node, 'describesFeature')!;
    return feature === constraint.left || feature === constraint.unit || localName(feature).toLowerCase() === own.toLowerCase();
  });
  const named = [own, ...(otherNames[own] ?? [])].flatMap((name) => world.having(name).flatMap((node) => world.values(node, name)));
  const terms = [...context.flatMap((node) => world.values(node, 'rightOperand')), ...described.flatMap((node) => world.values(node, 'value')), ...named];
  const values = [...new Set(terms.map((term) => valueOf(term, constraint, world)))];
  if (values.length === 0) return now === undefined ? undefined : calendar(own, now);
  return values.length === 1 ? values[0] : (values as (string | number)[]);
}

/** "Is a" asks what the value is an instance of, so the class stands for it: the one that is asked for, where the world says so. A class is no instance of itself. */
function valueOf(term: Term, { operator, rights }: ConstraintNode, world: Graph): string | number | boolean {
  if (term.termType === 'Literal') return literal(term);
  if (operator !== 'isA') return term.value;
  const classes = new Set(world.types(term.value));
  for (const one of classes) for (const broader of [...world.values(one, 'subClassOf'), ...world.values(one, 'broader')]) classes.add(keyOf(broader));
  return rights.find((right) => classes.has(right.value))?.value ?? [...classes][0] ?? THING;
}

export function literal(term: Term): string | number | boolean {
  const type = term.termType === 'Literal' ? term.datatype.value : '';
  if (type === `${XSD}boolean`) return term.value === 'true' || term.value === '1';
  if (/(integer|decimal|double|float|int|long|short|byte|Integer)$/.test(type)) return Number(term.value);
  if (type === `${XSD}dateTime` || type === `${XSD}date`) return instant(term.value) ?? term.value;
  return term.value;
}

/** Left operands that are named like a component of the calendar are read off the current time, in UTC. */
function calendar(name: string, now: string): string | number | undefined {
  const date = new Date(now);
  const part = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' }).format(date);
  const components: Record<string, () => string | number> = {
    dayofweek: () => part({ weekday: 'long' }),
    weekday: () => part({ weekday: 'long' }),
    monthofyear: () => part({ month: 'long' }),
    month: () => date.getUTCMonth() + 1,
    year: () => date.getUTCFullYear(),
    day: () => date.getUTCDate(),
    dayofmonth: () => date.getUTCDate(),
    hour: () => date.getUTCHours(),
    hourofday: () => date.getUTCHours(),
    timeofday: () => date.toISOString().slice(11, 19),
  };
  return components[name.toLowerCase()]?.();
}

/** Duties that the world says were done, and those that it says were violated. */
export function dutiesIn(policy: Graph, world: Graph, now: string | undefined): { performed: PerformedDuty[]; violated: Set<string> } {
  const performed: PerformedDuty[] = [];
  const violated = new Set<string>();
  const duties = new Set(['duty', 'obligation', 'consequence', 'remedy'].flatMap((name) => policy.having(name).flatMap((rule) => policy.values(rule, name).map(keyOf))));
  const dateOf = (node: string): string | undefined => world.about(node).map(({ predicate, object }) => (object.termType === 'Literal' && /date|time|issued|created|at$/i.test(localName(predicate.value)) ? instant(object.value) : undefined)).find((at) => at !== undefined);
  const stated = (node: string, name: string): string => localName(world.text(node, name) ?? '').toLowerCase();
  for (const node of world.having('rule')) {
    const duty = world.text(node, 'rule')!;
    if (!duties.has(duty)) continue;
    const reports = world.having('ruleReport').filter((one) => world.values(one, 'ruleReport').some((term) => keyOf(term) === node));
    const at = dateOf(node) ?? reports.map(dateOf).find((date) => date !== undefined) ?? now;
    if (stated(node, 'deonticState') === 'violated') violated.add(duty);
    else if ((stated(node, 'performanceState') === 'performed' || stated(node, 'deonticState') === 'fulfilled') && at !== undefined) performed.push({ duty, at });
  }
  for (const name of ['conditionId', 'dutyId']) {
    for (const node of world.having(name)) {
      const at = dateOf(node) ?? now;
      for (const duty of world.values(node, name).map(({ value }) => value)) if (duties.has(duty) && at !== undefined) performed.push({ duty, at, facts: termsOf(policy, duty, world, node) });
    }
  }
  return { performed, violated };
}

/** How a duty was done, in the words of the refinements of its action: a record's property of that name, else its only number; in the unit that it names. */
function termsOf(policy: Graph, duty: string, world: Graph, record: string): Facts {
  const facts: Record<string, Fact> = {};
  const numbers = world.about(record).filter(({ object }) => object.termType === 'Literal' && typeof literal(object) === 'number');
  for (const { name, left, unit } of constraintsOf(policy.from(...policy.values(duty, 'action').map(keyOf)))) {
    const [value] = [...world.values(record, localName(left)), ...(numbers.length === 1 ? [numbers[0]!.object] : [])].map(literal);
    const paid = world.text(record, 'currency') ?? world.text(record, 'unit');
    // The same unit under another address, https for http, is the same unit.
    const inUnit = unit !== undefined && paid !== undefined ? (localName(paid) === localName(unit) ? unit : paid) : undefined;
    if (value !== undefined) facts[name] = typeof value === 'number' && inUnit !== undefined ? { value, unit: inUnit } : value;
  }
  return facts;
}

export interface World {
  facts: Facts;
  state: WorldState;
  now: string | undefined;
  /** The parties that the asker is, and the assets that the target lies in. */
  assignee: string[];
  ancestors: string[];
}

/** Asks Backlot. */
export function ask(policies: readonly CompiledPolicy[], asked: Asked, world: World): Evaluation {
  const counts = world.facts['odrl:count'];
  const request: PolicyRequest = {
    action: asked.action.startsWith(ODRL) ? `odrl:${asked.action.slice(ODRL.length)}` : asked.action,
    targets: [{ id: asked.target ?? 'urn:suite:any', ancestors: world.ancestors }],
    assignee: world.assignee,
    now: world.now ?? '',
    facts: world.facts,
    ...(typeof counts === 'number' ? { counts: Object.fromEntries(policies.flatMap(({ policy }) => policy.rules.map(({ uid }) => [uid, counts]))) } : {}),
  };
  return evaluate(policies, request, world.state);
}
