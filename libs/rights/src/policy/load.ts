import { Context, invalid, isObject, many, readDocument, type Json } from './document.js';
import { readInterval, readPeriod, readZone, type Interval } from './time.js';
import type { Phase, RuleKind, Segment } from './types.js';
import { isAction, isDuty, isPlace, leftOperands, operators, shortName, triggers, type LeftOperand, type Operator } from './vocabulary.js';

/** A policy document as the evaluator's own tree: every name known, every value of its type, every rule with its target and parties. */

export interface Policy {
  uid: string;
  version: string;
  /** For sentences: dc:title, else the uid. */
  title: string;
  rules: Rule[];
  obligations: Duty[];
}

export interface Rule {
  uid: string;
  clause?: string;
  kind: Exclude<RuleKind, 'obligation'>;
  actions: { name: string; refinement: Condition[] }[];
  targets: TargetSpec[];
  /** Empty: anyone. */
  assignees: string[];
  constraints: Condition[];
  duties: Duty[];
}

export interface TargetSpec {
  id: string;
  segment?: Segment;
  refinement: Condition[];
}

export interface Duty {
  uid: string;
  clause?: string;
  action: string;
  phase: Phase;
  trigger: string;
  period: string | null;
  constraints: Condition[];
}

export type Condition = Constraint | { logic: 'and' | 'or' | 'xone'; of: Condition[] };

export interface Constraint {
  leftOperand: string;
  operand: LeftOperand;
  operator: Operator;
  /** As the document has it, for traces. */
  right: unknown;
  values: RightValue[];
}

export type RightValue = string | number | Interval;

/** Reads a policy (text or JSON). Refuses with INVALID_POLICY and the path of the first thing that is not of the profile. */
export function loadPolicy(source: unknown): Policy {
  const document = readDocument(source);
  return new Loader(document).policy();
}

const common = ['uid', '@type', 'backlot:clause'];
const policyKeys = [...common, '@context', 'profile', 'conflict', 'assigner', 'assignee', 'target', 'permission', 'prohibition', 'obligation', 'backlot:version', 'backlot:timeZone'];
const ruleKeys = [...common, 'action', 'target', 'assigner', 'assignee', 'constraint'];
const dutyKeys = [...ruleKeys, 'backlot:phase', 'backlot:trigger', 'backlot:deadline'];

class Loader {
  private readonly context: Context;
  private readonly uid: string;
  private readonly zone: string | undefined;
  private readonly seen = new Set<string>();

  constructor(private readonly document: Json) {
    this.context = new Context(document['@context']);
    const top = this.fields(document, '', policyKeys);
    this.uid = this.identifier(top.get('uid'), '/uid');
    this.zone = top.has('backlot:timeZone') ? readZone(top.get('backlot:timeZone'), '/backlot:timeZone') : undefined;
  }

  policy(): Policy {
    const top = this.fields(this.document, '', policyKeys);
    const kind = this.context.term(top.get('@type'), '/@type');
    if (!['odrl:Agreement', 'odrl:Set', 'odrl:Offer', 'odrl:Policy'].includes(kind)) throw invalid('/@type', 'a policy is an Agreement, a Set or an Offer');
    const conflict = top.has('conflict') ? this.context.term(top.get('conflict'), '/conflict') : 'odrl:prohibit';
    if (conflict !== 'odrl:prohibit') throw invalid('/conflict', 'in this profile a prohibition always wins, so conflict is "prohibit"');
    const rules = (['permission', 'prohibition'] as const).flatMap((kind) =>
      many(top.get(kind)).map((value, at) => this.rule(kind, value, this.at(top.get(kind), `/${kind}`, at), top)),
    );
    const obligations = many(top.get('obligation')).map((value, at) => this.duty(value, this.at(top.get('obligation'), '/obligation', at), `${this.uid}#obligation-${at + 1}`, 'post'));
    if (rules.length === 0) throw invalid('', 'it has neither a permission nor a prohibition');
    return { uid: this.uid, version: this.version(top.get('backlot:version')), title: this.title(), rules, obligations };
  }

  private rule(kind: Rule['kind'], value: unknown, path: string, top: Map<string, unknown>): Rule {
    const fields = this.fields(value, path, kind === 'permission' ? [...ruleKeys, 'duty'] : ruleKeys);
    const uid = this.own(fields.get('uid'), path);
    const targets = many(fields.get('target') ?? top.get('target'));
    if (targets.length === 0) throw invalid(`${path}/target`, 'neither the rule nor the policy names a target');
    return {
      uid,
      ...this.clause(fields, path),
      kind,
      actions: this.actions(fields.get('action'), `${path}/action`),
      targets: targets.map((target, at) => this.target(target, fields.has('target') ? this.at(fields.get('target'), `${path}/target`, at) : this.at(top.get('target'), '/target', at))),
      assignees: many(fields.get('assignee') ?? top.get('assignee')).map((party) => this.identifier(party, fields.has('assignee') ? `${path}/assignee` : '/assignee')),
      constraints: this.conditions(fields.get('constraint'), `${path}/constraint`),
      duties: many(fields.get('duty')).map((duty, at) => this.duty(duty, this.at(fields.get('duty'), `${path}/duty`, at), `${uid}-duty-${at + 1}`, 'pre')),
    };
  }

  private actions(value: unknown, path: string): Rule['actions'] {
    const listed = many(value).map((item, at) => {
      const here = this.at(value, path, at);
      const fields = isObject(item) ? this.fields(item, here, ['uid', 'rdf:value', 'refinement']) : undefined;
      const name = this.context.term(fields ? (fields.get('rdf:value') ?? fields.get('uid')) : item, here);
      if (!isAction(name)) throw invalid(here, `the action ${name} is not in the profile${name.startsWith('odrl:') && isAction(name.slice(5)) ? `; the profile's own is backlot:${name.slice(5)}` : ''}`);
      return { name, refinement: this.conditions(fields?.get('refinement'), `${here}/refinement`) };
    });
    if (listed.length === 0) throw invalid(path, 'a rule names at least one action');
    return listed;
  }

  private target(value: unknown, path: string): TargetSpec {
    if (typeof value === 'string') return { id: this.context.iri(value, path, this.uid), refinement: [] };
    const fields = this.fields(value, path, ['uid', '@type', 'source', 'refinement', 'backlot:segment']);
    const segment = fields.get('backlot:segment');
    return {
      id: this.identifier(fields.get('source') ?? fields.get('uid'), path),
      ...(segment === undefined ? {} : { segment: readSegment(segment, `${path}/backlot:segment`) }),
      refinement: this.conditions(fields.get('refinement'), `${path}/refinement`),
    };
  }

  private duty(value: unknown, path: string, fallback: string, defaultPhase: Phase): Duty {
    const fields = this.fields(value, path, dutyKeys);
    const [action, ...more] = many(fields.get('action'));
    const name = this.context.term(action, `${path}/action`);
    if (!isDuty(name) || more.length > 0) throw invalid(`${path}/action`, `a duty is one of the profile's duties; ${name} is not`);
    const phase = fields.has('backlot:phase') ? this.context.term(fields.get('backlot:phase'), `${path}/backlot:phase`) : defaultPhase;
    if (phase !== 'pre' && phase !== 'post') throw invalid(`${path}/backlot:phase`, 'the phase of a duty is backlot:pre or backlot:post');
    if (defaultPhase === 'post' && phase === 'pre') throw invalid(`${path}/backlot:phase`, 'a duty that must be fulfilled first stands in the permission that it opens');
    const trigger = fields.has('backlot:trigger') ? this.context.term(fields.get('backlot:trigger'), `${path}/backlot:trigger`) : 'onUse';
    if (!triggers.has(trigger)) throw invalid(`${path}/backlot:trigger`, `${trigger} is not a trigger of the profile`);
    return {
      uid: fields.has('uid') ? this.own(fields.get('uid'), path) : fallback,
      ...this.clause(fields, path),
      action: name,
      phase,
      trigger,
      period: fields.has('backlot:deadline') ? readPeriod(fields.get('backlot:deadline'), `${path}/backlot:deadline`) : null,
      constraints: this.conditions(fields.get('constraint'), `${path}/constraint`),
    };
  }

  private conditions(value: unknown, path: string): Condition[] {
    return many(value).map((item, at) => this.condition(item, this.at(value, path, at)));
  }

  private condition(value: unknown, path: string): Condition {
    const fields = this.fields(value, path, ['uid', '@type', 'leftOperand', 'operator', 'rightOperand', 'and', 'or', 'xone']);
    const logic = (['and', 'or', 'xone'] as const).filter((name) => fields.has(name));
    if (logic.length === 0) return this.constraint(fields, path);
    if (logic.length > 1 || fields.has('leftOperand')) throw invalid(path, 'a constraint is one comparison, or one of and, or, xone');
    const of = this.conditions(fields.get(logic[0]!), `${path}/${logic[0]!}`);
    if (of.length === 0) throw invalid(`${path}/${logic[0]!}`, 'it holds no constraint');
    return { logic: logic[0]!, of };
  }

  private constraint(fields: Map<string, unknown>, path: string): Constraint {
    const leftOperand = this.context.term(fields.get('leftOperand'), `${path}/leftOperand`);
    const operand = leftOperands.get(leftOperand);
    if (!operand) throw invalid(`${path}/leftOperand`, `the left operand ${leftOperand} is not in the profile`);
    const named = this.context.term(fields.get('operator'), `${path}/operator`).replace(/^odrl:/, '');
    const operator = operators.find((name) => name === named);
    if (!operator) throw invalid(`${path}/operator`, `${named} is not an operator of ODRL`);
    const ordered = operand.type === 'instant' || operand.type === 'integer';
    const ofOrder = ['lt', 'lteq', 'gt', 'gteq'].includes(operator);
    const ofParts = ['isA', 'isPartOf', 'hasPart'].includes(operator);
    if ((ofOrder && !ordered) || (ofParts && ordered)) throw invalid(`${path}/operator`, `${operator} does not compare ${leftOperand}`);
    const right = fields.get('rightOperand');
    const listed = many(right);
    const ofSets = ['isAnyOf', 'isAllOf', 'isNoneOf'].includes(operator);
    if (listed.length === 0) throw invalid(`${path}/rightOperand`, 'it is missing or empty');
    if (listed.length > 1 && !ofSets) throw invalid(`${path}/rightOperand`, `${operator} compares with one value`);
    return { leftOperand, operand, operator, right, values: listed.map((item, at) => this.value(operand, item, this.at(right, `${path}/rightOperand`, at))) };
  }

  private value(operand: LeftOperand, value: unknown, path: string): RightValue {
    const typed = isObject(value) ? value : undefined;
    if (typed) for (const key of Object.keys(typed)) if (!['@value', '@type', '@id'].includes(key)) throw invalid(`${path}/${key}`, 'it is not known here');
    const literal = typed ? (typed['@value'] ?? typed['@id']) : value;
    const type = typed?.['@type'] === undefined ? undefined : this.identifier(typed['@type'], `${path}/@type`).replace('http://www.w3.org/2001/XMLSchema#', 'xsd:');
    if (operand.type === 'instant') return readInterval(literal, type, this.zone, path);
    if (operand.type === 'integer') {
      const number = typeof literal === 'string' && /^[0-9]{1,15}$/.test(literal) && type !== undefined ? Number(literal) : literal;
      if (!Number.isSafeInteger(number) || (number as number) < 0 || (type !== undefined && !/^xsd:(nonNegativeI|i)nteger$/.test(type))) throw invalid(path, 'a whole number (xsd:integer) is expected');
      return number as number;
    }
    if (typeof literal !== 'string' || literal === '' || (type !== undefined && type !== 'xsd:string')) throw invalid(path, `${operand.words} is compared with text or an {"@id"}`);
    if (operand.type === 'place') {
      if (!isPlace(literal)) throw invalid(path, `"${literal}" is not an ISO 3166 code or a group of the profile`);
      return literal;
    }
    return literal.includes(':') ? shortName(this.context.iri(literal, path)) : literal;
  }

  /** The fields of an object by their names in the profile. Anything that is not known here could change the meaning, so it is refused. */
  private fields(value: unknown, path: string, known: readonly string[]): Map<string, unknown> {
    if (!isObject(value)) throw invalid(path, 'an object is expected');
    const fields = new Map<string, unknown>();
    for (const [key, content] of Object.entries(value)) {
      const here = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const name = this.context.property(key, here);
      if (name === undefined) continue;
      if (!known.includes(name)) throw invalid(here, `"${key}" is not known here`);
      if (fields.has(name)) throw invalid(here, 'it is given twice');
      if (content !== undefined && content !== null) fields.set(name, content);
    }
    return fields;
  }

  private identifier(value: unknown, path: string): string {
    const text = isObject(value) ? (value['@id'] ?? value.uid) : value;
    if (typeof text !== 'string') throw invalid(path, 'an IRI is expected');
    return this.context.iri(text, path, this.uid);
  }

  /** The id of a rule or duty: given once in the document, or made from its place. */
  private own(value: unknown, path: string): string {
    const uid = value === undefined ? `${this.uid}#${path.slice(1).replaceAll('/', '-')}` : this.identifier(value, `${path}/uid`);
    if (this.seen.has(uid)) throw invalid(`${path}/uid`, `the id ${uid} is used twice`);
    this.seen.add(uid);
    return uid;
  }

  private clause(fields: Map<string, unknown>, path: string): { clause?: string } {
    const clause = fields.get('backlot:clause');
    if (clause === undefined) return {};
    if (typeof clause !== 'string' || clause.length > 40) throw invalid(`${path}/backlot:clause`, 'a clause is a short text such as "4.2"');
    return { clause };
  }

  private version(value: unknown): string {
    if (value === undefined) return '1';
    if (typeof value !== 'string' && typeof value !== 'number') throw invalid('/backlot:version', 'a version is text or a number');
    return String(value);
  }

  private title(): string {
    const [, title] = Object.entries(this.document).find(([key]) => /^(dc|dct|dcterms):title$/.test(key)) ?? [];
    return typeof title === 'string' && title !== '' ? title.slice(0, 200) : this.uid;
  }

  private at(value: unknown, path: string, index: number): string {
    return Array.isArray(value) ? `${path}/${index}` : isObject(value) && '@list' in value ? `${path}/@list/${index}` : path;
  }
}

function readSegment(value: unknown, path: string): Segment {
  if (!isObject(value) || !isSegment(value)) throw invalid(path, 'a segment is {"first", "end", "rate"}: frames from first up to but without end, at a rate such as "24000/1001"');
  return { first: value.first, end: value.end, rate: value.rate };
}

/** Whether frames and rate are ones that can be compared. */
export function isSegment(value: Partial<Record<keyof Segment, unknown>>): value is Segment {
  const { first, end, rate } = value;
  const frame = (number: unknown): number is number => Number.isSafeInteger(number) && (number as number) >= 0;
  return frame(first) && frame(end) && first < end && typeof rate === 'string' && /^[1-9][0-9]{0,6}(\/[1-9][0-9]{0,6})?$/.test(rate);
}
