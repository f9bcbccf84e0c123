import canonicalize from 'canonicalize';
import { Context, open } from './document.js';
import type { Tree } from './graph.js';
import { invalid, InvalidPolicy, isObject, many, MAX_DEPTH, pointer, tooDeep, type Json } from './json.js';
import { readDuration, readInterval, readPeriod, readZone, type Interval } from './time.js';
import type { Phase, RuleKind, Segment } from './types.js';
import { operators, shortName, vocabulary as profile, type LeftOperand, type Operator, type Vocabulary } from './vocabulary.js';

/** A policy document as the evaluator's own tree: every name known, every value of its type, every rule with its target and parties. */

export interface Policy {
  uid: string;
  version: string;
  /** For sentences: dc:title, else the uid. */
  title: string;
  kind: 'Set' | 'Offer' | 'Agreement';
  /** It declares the profile: every rule names its action and its target. */
  strict: boolean;
  /** The time zone in which its days begin and its periods are counted. */
  zone?: string;
  conflict: 'perm' | 'prohibit' | 'invalid';
  /** Ids of the policies whose terms it takes over. */
  inheritFrom: string[];
  rules: Rule[];
  obligations: Duty[];
}

export interface Rule {
  uid: string;
  clause?: string;
  kind: Exclude<RuleKind, 'obligation'>;
  actions: { name: string; refinement: Condition[] }[];
  targets: TargetSpec[];
  /** Who grants or forbids. */
  assigners: Party[];
  /** Empty: anyone. */
  assignees: Party[];
  constraints: Condition[];
  duties: Duty[];
  /** What an infringement of a prohibition asks for. */
  remedies: Duty[];
}

/** One party, or every member of a collection; a refinement must hold for the one who asks. */
export interface Party {
  id: string;
  refinement: Condition[];
}

export interface TargetSpec {
  /** Null: any asset; only in a policy that is not strict. */
  id: string | null;
  segment?: Segment;
  refinement: Condition[];
}

export interface Duty {
  uid: string;
  clause?: string;
  action: string;
  actionRefinement: Condition[];
  /** What it is done to; empty: what the rule is about. */
  targets: TargetSpec[];
  phase: Phase;
  trigger: string;
  period: string | null;
  /** It comes again after each such period. */
  interval: string | null;
  /** Who owes it: those whom the rule is for, where it does not say. */
  assignees: Party[];
  constraints: Condition[];
  /** What is due as well when it was not done in time. */
  consequences: Duty[];
}

export type Logic = 'and' | 'or' | 'xone' | 'andSequence';
export type Condition = Constraint | { logic: Logic; of: Condition[]; uid?: string };

export interface Constraint {
  uid?: string;
  leftOperand: string;
  operand: LeftOperand;
  operator: Operator;
  /** As the document has it, for traces. */
  right: unknown;
  /** Empty when the value comes by reference. */
  values: RightValue[];
  /** rightOperandReference: the fact of this name is the value. */
  reference?: string;
  /** What the numbers count: an IRI. */
  unit?: string;
}

export type RightValue = string | number | boolean | Interval;

export interface LoadOptions {
  /** The words that are known; the profile's when absent. */
  vocabulary?: Vocabulary;
  /** For dates that come without a zone in a policy that gives none. */
  zone?: string;
}

/** Reads a policy document. Refuses with INVALID_POLICY and the path of the first thing that is not known or has no sense. */
export function loadPolicy(source: unknown, options: LoadOptions = {}): Policy {
  return loadTree(open(source), options);
}

/** As loadPolicy, for a document that was opened already; its refusals name the place in the source. */
export function loadTree({ document, places }: Tree, { vocabulary = profile, zone }: LoadOptions = {}): Policy {
  try {
    return new Loader(document, vocabulary, zone).policy();
  } catch (error) {
    if (!(error instanceof InvalidPolicy)) throw error;
    const place = placeOf(error.path, places);
    throw place === undefined ? error : invalid(`${place} (${error.path})`, error.problem);
  }
}

/** Where a path, or the nearest thing around it, stands in the source. */
function placeOf(path: string, places: ReadonlyMap<string, string>): string | undefined {
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) if (places.has(at)) return places.get(at);
  return undefined;
}

// As many as a contract of a thousand rules has, each with a window, a territory, a purpose and a few alternatives.
const MAX_CONDITIONS = 20_000;
const CORE_PROFILE = /^http:\/\/www\.w3\.org\/ns\/odrl\/2\/(core)?$/;
const PROFILE = 'urn:backlot:profile:';

const common = ['uid', '@type', 'backlot:clause'];
/** Who else has a part in a rule, and what comes of it: told, but nothing that a decision depends on. */
const told = ['output', 'attributedParty', 'attributingParty', 'compensatedParty', 'compensatingParty', 'consentingParty', 'consentedParty', 'informedParty', 'informingParty', 'trackingParty', 'trackedParty', 'contractingParty', 'contractedParty'];
const ruleKeys = [...common, 'action', 'target', 'assigner', 'assignee', 'constraint', ...told];
const policyKeys = [...ruleKeys, '@context', 'profile', 'conflict', 'inheritFrom', 'permission', 'prohibition', 'obligation', 'backlot:version', 'backlot:timeZone'];
const dutyKeys = [...ruleKeys, 'consequence', 'backlot:phase', 'backlot:trigger', 'backlot:deadline', 'backlot:interval'];
const limits = ['action', 'target', 'assigner', 'assignee'];
const logics = ['and', 'or', 'xone', 'andSequence'] as const;

/** A part of the document and where it stands. */
interface Part {
  value: unknown;
  path: string;
}

type Fields = Map<string, Part>;

class Loader {
  private readonly context: Context;
  private readonly top: Fields;
  private readonly uid: string;
  private readonly zone: string | undefined;
  private readonly strict: boolean;
  /** Ids of rules, duties and constraints, and the object that each stands for. */
  private readonly named = new Map<string, unknown>();
  /** Objects with an id of their own, wherever they stand: others may name them. */
  private readonly described = new Map<string, Part[]>();
  private readonly within = new Set<unknown>();
  private read = 0;

  constructor(
    private readonly document: Json,
    private readonly vocabulary: Vocabulary,
    usualZone: string | undefined,
  ) {
    this.context = new Context(document['@context']);
    this.top = this.fields({ value: document, path: '' }, policyKeys);
    this.uid = this.identifier(this.top.get('uid') ?? { value: undefined, path: '/uid' });
    if (/^(#|_:)/.test(this.uid)) throw invalid('/uid', 'a policy has an IRI of its own');
    const zone = this.top.get('backlot:timeZone');
    this.zone = zone ? readZone(zone.value, zone.path) : usualZone;
    this.strict = this.profiles().includes(PROFILE);
    this.describe({ value: document, path: '' });
  }

  policy(): Policy {
    const conflict = this.top.has('conflict') ? this.context.term(this.top.get('conflict')!.value, '/conflict').slice('odrl:'.length) : 'prohibit';
    if (conflict !== 'prohibit' && conflict !== 'perm' && conflict !== 'invalid') throw invalid('/conflict', 'a conflict is settled by "prohibit", "perm" or "invalid"');
    const inheritFrom = this.each(this.top, 'inheritFrom').map((part) => this.identifier(part));
    if (inheritFrom.includes(this.uid)) throw invalid('/inheritFrom', 'it inherits from itself');
    const rules = (['permission', 'prohibition'] as const).flatMap((kind) => this.each(this.top, kind).map((part) => this.rule(kind, part)));
    const obligations = this.each(this.top, 'obligation')
      .flatMap((part, at) => this.duty(part, { fallback: `${this.uid}#obligation-${at + 1}`, phase: 'post', from: 'obligation', owed: this.parties(this.top, 'assignee') }))
      .map((duty) => ({ ...duty, constraints: [...this.conditions(this.top, 'constraint'), ...duty.constraints] }));
    if (rules.length + obligations.length === 0 && inheritFrom.length === 0) throw invalid('', 'it has neither a permission nor a prohibition nor an obligation');
    return {
      uid: this.uid,
      version: this.version(),
      title: this.title(),
      kind: this.kind(),
      strict: this.strict,
      ...(this.zone === undefined ? {} : { zone: this.zone }),
      conflict,
      inheritFrom: [...new Set(inheritFrom)],
      rules,
      obligations,
    };
  }

  private kind(): Policy['kind'] {
    const names = this.each(this.top, '@type').map(({ value, path }) => this.context.term(value, path));
    const kinds = [...new Set(names)].filter((name) => name !== 'odrl:Policy').map((name) => name.replace('odrl:', ''));
    const [kind = 'Set', ...more] = kinds;
    if ((kind !== 'Agreement' && kind !== 'Set' && kind !== 'Offer') || more.length > 0 || (this.strict && names.length === 0)) throw invalid('/@type', 'a policy is an Agreement, a Set or an Offer');
    return kind;
  }

  /** ODRL tells a reader to stop at a profile that it does not know, for its words may mean anything. */
  private profiles(): string[] {
    return this.each(this.top, 'profile').map((part) => {
      const iri = this.identifier(part);
      if (!CORE_PROFILE.test(iri) && !this.vocabulary.profiles.has(iri)) throw invalid(part.path, `the profile ${iri} is not known here`);
      return iri;
    });
  }

  private rule(kind: Rule['kind'], part: Part): Rule {
    const found = this.written(part);
    const fields = this.fields(found, [...ruleKeys, kind === 'permission' ? 'duty' : 'remedy']);
    this.typed(fields, ['Rule', kind === 'permission' ? 'Permission' : 'Prohibition']);
    const uid = this.own(fields, found);
    const assignees = this.parties(fields, 'assignee');
    return {
      uid,
      ...this.clause(fields),
      kind,
      actions: this.actions(fields, found.path),
      targets: this.targets(fields, found.path),
      assigners: this.parties(fields, 'assigner'),
      assignees,
      constraints: [...this.conditions(this.top, 'constraint'), ...this.conditions(fields, 'constraint')],
      duties: this.each(fields, 'duty').flatMap((duty, at) => this.duty(duty, { fallback: `${uid}-duty-${at + 1}`, phase: 'pre', from: 'duty', owed: assignees })),
      remedies: this.each(fields, 'remedy').flatMap((duty, at) => this.duty(duty, { fallback: `${uid}-remedy-${at + 1}`, phase: 'post', from: 'remedy', owed: assignees })),
    };
  }

  private actions(fields: Fields, path: string): Rule['actions'] {
    const listed = this.each(fields.has('action') ? fields : this.top, 'action');
    if (listed.length > 0) return listed.map((part) => this.action(part));
    if (this.strict) throw invalid(`${path}/action`, 'a rule names at least one action');
    return this.vocabulary.roots.map((name) => ({ name, refinement: [] }));
  }

  private action(part: Part): { name: string; refinement: Condition[] } {
    const { value, path } = this.resolve(part);
    const fields = isObject(value) ? this.fields({ value, path }, ['uid', '@type', 'rdf:value', 'refinement']) : undefined;
    if (fields) this.typed(fields, ['Action']);
    const name = this.vocabulary.current(this.context.term(fields ? (fields.get('rdf:value') ?? fields.get('uid'))?.value : value, path));
    if (!this.vocabulary.isAction(name)) throw invalid(path, `the action ${name} is not in the profile${name.startsWith('odrl:') && this.vocabulary.isAction(name.slice(5)) ? `; the profile's own is backlot:${name.slice(5)}` : ''}`);
    return { name, refinement: fields ? this.conditions(fields, 'refinement') : [] };
  }

  private targets(fields: Fields, path: string): TargetSpec[] {
    const listed = this.each(fields.has('target') ? fields : this.top, 'target');
    if (listed.length > 0) return listed.map((part) => this.target(part));
    if (this.strict) throw invalid(`${path}/target`, 'neither the rule nor the policy names a target');
    return [{ id: null, refinement: [] }];
  }

  private target(part: Part): TargetSpec {
    const { value, path } = this.resolve(part);
    if (!isObject(value)) return this.place(this.identifier({ value, path }), path, []);
    const fields = this.fields({ value, path }, ['uid', '@type', 'source', 'refinement', 'backlot:segment']);
    this.typed(fields, ['Asset', 'AssetCollection'], true);
    const spec = this.place(this.identifier(fields.get('source') ?? fields.get('uid') ?? { value: undefined, path }), path, this.conditions(fields, 'refinement'));
    const segment = fields.get('backlot:segment');
    if (segment && spec.segment) throw invalid(segment.path, 'the target is a segment already');
    return segment ? { ...spec, segment: readSegment(segment.value, segment.path) } : spec;
  }

  /** A target by its id, which may itself name frames of an edit. */
  private place(id: string, path: string, refinement: Condition[]): TargetSpec {
    const named = /^urn:backlot:segment:(.*):([^:]*):([^:]*)$/.exec(id);
    if (!id.startsWith('urn:backlot:segment:')) return { id, refinement };
    const [, edit = '', rate = '', frames = ''] = named ?? [];
    const [first, end] = /^\d{1,15}-\d{1,15}$/.test(frames) ? frames.split('-').map(Number) : [];
    const segment = { first, end, rate: rate.replace('-', '/') };
    if (edit === '' || !isSegment(segment)) throw invalid(path, 'a segment by its name is urn:backlot:segment:<edit>:<frames>-<per seconds>:<first>-<end>');
    return { id: edit, segment, refinement };
  }

  private parties(fields: Fields, name: 'assigner' | 'assignee'): Party[] {
    return this.each(fields.has(name) ? fields : this.top, name).map((part) => this.party(part));
  }

  private party(part: Part): Party {
    const { value, path } = this.resolve(part);
    if (!isObject(value)) return { id: this.identifier({ value, path }), refinement: [] };
    const fields = this.fields({ value, path }, ['uid', '@type', 'source', 'refinement']);
    this.typed(fields, ['Party', 'PartyCollection'], true);
    return { id: this.identifier(fields.get('source') ?? fields.get('uid') ?? { value: undefined, path }), refinement: this.conditions(fields, 'refinement') };
  }

  /** The duty, or several where it names several actions. */
  private duty(part: Part, { fallback, phase: usual, from, owed }: { fallback: string; phase: Phase; from: 'duty' | 'obligation' | 'remedy' | 'consequence'; owed: Party[] }): Duty[] {
    const found = this.written(part);
    const { path } = found;
    this.enter(found);
    const fields = this.fields(found, dutyKeys);
    this.typed(fields, ['Rule', 'Duty']);
    const actions = this.each(fields, 'action').map((action) => this.action(action));
    if (actions.length === 0) throw invalid(`${path}/action`, 'a duty names what is to be done');
    const timing = this.each(fields, 'constraint').map((one) => this.timed(one));
    const phases = new Set([this.word(fields, 'backlot:phase'), ...timing.map((one) => one.phase)].filter((one) => one !== undefined));
    if (phases.size > 1) throw invalid(`${path}/constraint`, 'it must come both before and after the use');
    const [phase = usual] = phases;
    if (phase !== 'pre' && phase !== 'post') throw invalid(`${path}/backlot:phase`, 'the phase of a duty is backlot:pre or backlot:post');
    if (usual === 'post' && phase === 'pre') throw invalid(`${path}/backlot:phase`, 'a duty that must be fulfilled first stands in the permission that it opens');
    const trigger = this.word(fields, 'backlot:trigger') ?? 'onUse';
    if (!this.vocabulary.triggers.has(trigger)) throw invalid(`${path}/backlot:trigger`, `${trigger} is not a trigger of the profile`);
    const consequences = this.each(fields, 'consequence');
    if ((from === 'remedy' || from === 'consequence') && consequences.length > 0) throw invalid(`${path}/consequence`, `a ${from} has no consequence of its own`);
    const uid = fields.has('uid') ? this.own(fields, found) : fallback;
    const assignees = fields.has('assignee') ? this.parties(fields, 'assignee') : owed;
    const duty = {
      ...this.clause(fields),
      targets: this.each(fields, 'target').map((target) => this.target(target)),
      phase,
      trigger,
      period: this.period(fields, 'backlot:deadline'),
      interval: this.period(fields, 'backlot:interval'),
      assignees,
      constraints: timing.filter((one) => one.phase === undefined).map((one) => one.condition),
      consequences: consequences.flatMap((consequence, at) => this.duty(consequence, { fallback: `${uid}-consequence-${at + 1}`, phase, from: 'consequence', owed: assignees })),
    } satisfies Partial<Duty>;
    this.within.delete(found.value);
    return actions.map(({ name, refinement }, at) => ({ uid: at === 0 ? uid : `${uid}-${at + 1}`, action: name, actionRefinement: refinement, ...duty }));
  }

  private conditions(fields: Fields, name: string): Condition[] {
    return this.each(fields, name).map((part) => this.condition(part));
  }

  /** A constraint of a duty: ODRL's "event before (or after) policy usage" says when it comes. */
  private timed(part: Part): { condition: Condition; phase?: Phase } {
    const condition = this.condition(part, true);
    if ('logic' in condition || !isTiming(condition)) return { condition };
    return { condition, phase: condition.operator.startsWith('lt') ? 'pre' : 'post' };
  }

  private condition(part: Part, ofDuty = false): Condition {
    const found = this.written(part);
    const { path } = found;
    if ((this.read += 1) > MAX_CONDITIONS) throw invalid(path, `it has more than ${MAX_CONDITIONS} constraints, or names some of them over and over`);
    const fields = this.fields(found, ['uid', '@type', 'leftOperand', 'operator', 'rightOperand', 'rightOperandReference', 'dataType', 'unit', 'status', ...logics]);
    this.typed(fields, ['Constraint', 'LogicalConstraint']);
    const uid = fields.has('uid') ? { uid: this.own(fields, found) } : {};
    const logic = logics.filter((name) => fields.has(name));
    if (logic.length === 0) {
      const constraint = this.constraint(fields, path);
      if (isTiming(constraint) && (!ofDuty || !constraint.values.some((value) => value === 'odrl:policyUsage' || value === 'policyUsage'))) throw invalid(path, 'before or after an event is said of a duty, and the event is policyUsage');
      return { ...uid, ...constraint };
    }
    if (logic.length > 1 || fields.has('leftOperand')) throw invalid(path, 'a constraint is one comparison, or one of and, or, xone, andSequence');
    this.enter(found);
    const of = this.conditions(fields, logic[0]!);
    this.within.delete(found.value);
    if (of.length === 0) throw invalid(`${path}/${logic[0]!}`, 'it holds no constraint');
    return { ...uid, logic: logic[0]!, of };
  }

  /** Parts may be named instead of written out, so what is small as text may be deep, endless or huge as a tree. */
  private enter({ value, path }: Part): void {
    if (this.within.has(value)) throw invalid(path, 'it contains itself');
    if (this.within.size >= MAX_DEPTH) throw tooDeep(path);
    this.within.add(value);
  }

  private constraint(fields: Fields, path: string): Constraint {
    const leftOperand = this.vocabulary.current(this.context.term(fields.get('leftOperand')?.value, `${path}/leftOperand`));
    const operand = this.vocabulary.leftOperands.get(leftOperand);
    if (!operand) throw invalid(`${path}/leftOperand`, `the left operand ${leftOperand} is not in the profile`);
    const named = this.context.term(fields.get('operator')?.value, `${path}/operator`).replace(/^odrl:/, '');
    const operator = operators.find((name) => name === named);
    if (!operator) throw invalid(`${path}/operator`, `${named} is not an operator of ODRL`);
    const ordered = ['instant', 'integer', 'decimal', 'duration'].includes(operand.type);
    const ofOrder = ['lt', 'lteq', 'gt', 'gteq'].includes(operator);
    const ofParts = ['isA', 'isPartOf', 'hasPart'].includes(operator);
    if ((ofOrder && !ordered && leftOperand !== 'odrl:event') || (ofParts && (ordered || operand.type === 'boolean'))) throw invalid(`${path}/operator`, `${operator} does not compare ${leftOperand}`);
    const unit = fields.get('unit');
    const units = unit ? { unit: this.identifier(unit) } : {};
    const right = fields.get('rightOperand');
    const reference = fields.get('rightOperandReference');
    if (reference) {
      if (right) throw invalid(reference.path, 'a constraint has a right operand or a reference to one, not both');
      if (many(reference.value).length !== 1) throw invalid(reference.path, 'it refers to one value');
      return { leftOperand, operand, operator, right: reference.value, values: [], reference: this.identifier(this.each(fields, 'rightOperandReference')[0]!, true), ...units };
    }
    const listed = this.each(fields, 'rightOperand');
    const ofSets = ['isAnyOf', 'isAllOf', 'isNoneOf'].includes(operator);
    if (!right || listed.length === 0) throw invalid(`${path}/rightOperand`, 'it is missing or empty');
    if (listed.length > 1 && !ofSets) throw invalid(`${path}/rightOperand`, `${operator} compares with one value`);
    const declared = fields.get('dataType');
    const type = declared && this.dataType(declared);
    // The status is what the contract's author knew of the left operand; the request brings what is true now.
    if (fields.has('status')) this.each(fields, 'status').forEach((part) => this.value(operand, part, type));
    return { leftOperand, operand, operator, right: right.value, values: listed.map((part) => this.value(operand, part, type)), ...units };
  }

  private value(operand: LeftOperand, { value, path }: Part, declared: string | undefined): RightValue {
    const typed = isObject(value) ? value : undefined;
    if (typed) for (const key of Object.keys(typed)) if (!['@value', '@type', '@id', 'uid'].includes(key)) throw invalid(`${path}/${key}`, 'it is not known here');
    const iri = typed?.['@id'] ?? typed?.uid;
    if (iri !== undefined && typed?.['@value'] !== undefined) throw invalid(path, 'it is a value or an id, not both');
    const literal = typed ? (typed['@value'] ?? iri) : value;
    const own = typed?.['@type'] === undefined ? undefined : this.dataType({ value: typed['@type'], path: `${path}/@type` });
    if (own !== undefined && declared !== undefined && own !== declared) throw invalid(path, `its type ${own} is not the ${declared} that the constraint declares`);
    const type = own ?? declared;
    // ODRL's own examples write numbers and dates as plain text; a licence of the profile says what they are.
    const numeric = typeof literal === 'string' && (type !== undefined || !this.strict) && /^[+-]?\d{1,15}(\.\d{1,15})?([eE][+-]?\d{1,2})?$/.test(literal) ? Number(literal) : literal;
    switch (operand.type) {
      case 'instant':
        return readInterval(literal, type ?? (this.strict ? undefined : `xsd:${String(literal).includes('T') ? 'dateTime' : 'date'}`), this.zone, path);
      case 'integer':
        if (!Number.isSafeInteger(numeric) || (numeric as number) < 0 || !isType(type, wholeTypes)) throw invalid(path, 'a whole number (xsd:integer) is expected');
        return numeric as number;
      case 'decimal':
        if (typeof numeric !== 'number' || !Number.isFinite(numeric) || !isType(type, [...wholeTypes, 'decimal', 'double', 'float'])) throw invalid(path, 'a number (xsd:decimal) is expected');
        return numeric;
      case 'duration':
        return readDuration(literal, type, path);
      case 'boolean': {
        const truth = type === 'xsd:boolean' ? ({ true: true, false: false, 1: true, 0: false } as Record<string, boolean>)[String(literal)] : literal;
        if (typeof truth !== 'boolean') throw invalid(path, 'true or false is expected');
        return truth;
      }
      case 'term':
      case 'place':
      case 'id':
    }
    if (typeof literal !== 'string' || literal === '' || !isType(type, ['string', 'token', 'anyURI', 'language', 'NCName'])) throw invalid(path, `${operand.words} is compared with text or an {"@id"}`);
    const text = iri === undefined ? this.context.text(literal, path) : shortName(/[:#]/.test(literal) ? this.context.iri(literal, path, this.uid) : literal);
    if (operand.type !== 'place') return text;
    const place = this.vocabulary.place(text);
    if (place === undefined) throw invalid(path, `"${literal}" is not an ISO 3166 code or a group of the profile`);
    return place;
  }

  private dataType(part: Part): string {
    return this.identifier(part, true).replace('http://www.w3.org/2001/XMLSchema#', 'xsd:');
  }

  /** The fields of an object by their names in the profile. Anything that is not known here could change the meaning, so it is refused. */
  private fields({ value, path }: Part, known: readonly string[]): Fields {
    if (!isObject(value)) throw invalid(path, 'an object is expected');
    const fields: Fields = new Map();
    for (const [key, content] of Object.entries(value)) {
      const here = `${path}/${pointer(key)}`;
      const name = this.context.property(key, here);
      if (name === undefined) continue;
      if (name === 'hasPolicy' || name === 'partOf') throw invalid(here, `"${key}" would bring in what another document says; name the target or party in the rule instead`);
      if (!known.includes(name)) throw invalid(here, `"${key}" is not known here`);
      if (fields.has(name)) throw invalid(here, 'it is given twice');
      // Left out, these mean everyone and everything: nobody writes them empty to say that.
      if (limits.includes(name) && many(content).length === 0) throw invalid(here, 'it is empty; name what is meant, or leave it out');
      if (content !== undefined && content !== null) fields.set(name, { value: content, path: here });
    }
    for (const name of told) for (const part of this.each(fields, name)) this.identifier(isObject(part.value) ? { ...part, value: part.value['@id'] ?? part.value.uid ?? part.value.source } : part);
    return fields;
  }

  /** The values of a field, each with its path. */
  private each(fields: Fields, name: string): Part[] {
    const field = fields.get(name);
    if (!field) return [];
    const { value, path } = field;
    const [container] = isObject(value) ? ['@list', '@set'].filter((keyword) => keyword in value) : [];
    if (container !== undefined && Object.keys(value as Json).length > 1) throw invalid(path, `what stands beside ${container} would not count`);
    const inside = Array.isArray(value) ? path : isObject(value) && '@list' in value ? `${path}/@list` : undefined;
    return many(value).map((item, at) => ({ value: item, path: inside === undefined ? path : `${inside}/${at}` }));
  }

  /** Remembers every object that has an id and says more than that. */
  private describe({ value, path }: Part): void {
    if (Array.isArray(value)) value.forEach((item, at) => this.describe({ value: item, path: `${path}/${at}` }));
    if (!isObject(value) || '@value' in value) return;
    // Frames of an asset say nothing of the asset: who names all of it elsewhere means all of it.
    const id = Object.keys(value).some((key) => key.endsWith(':segment')) ? undefined : (value.uid ?? value['@id']);
    if (typeof id === 'string' && Object.keys(value).length > 1) {
      const uid = this.idOf(id);
      if (uid !== undefined) this.described.set(uid, [...(this.described.get(uid) ?? []), { value, path }]);
    }
    for (const [key, content] of Object.entries(value)) if (key !== '@context') this.describe({ value: content, path: `${path}/${pointer(key)}` });
  }

  /** What stands here, or what the id that stands here is described as elsewhere in the document. */
  private resolve(part: Part): Part {
    const { value, path } = part;
    const id = isObject(value) ? (value['@id'] ?? value.uid) : value;
    if (typeof id !== 'string') return part;
    const uid = this.idOf(id);
    const described = uid === undefined || uid === this.uid ? [] : (this.described.get(uid) ?? []);
    // What is said of an id is said of it wherever it is named: two different descriptions would each mean both.
    if (described.length > 1 && new Set(described.map((one) => canonicalize(one.value))).size > 1) throw invalid(path, `the id ${uid!} is described twice, at ${described.map((one) => one.path).join(' and ')}`);
    return isObject(value) && Object.keys(value).length > 1 ? part : (described[0] ?? part);
  }

  /** As resolve, where a name alone would say nothing. */
  private written(part: Part): Part {
    const found = this.resolve(part);
    const { value, path } = found;
    if (typeof value === 'string' || (isObject(value) && Object.keys(value).length === 1 && ('@id' in value || 'uid' in value))) throw invalid(path, `"${this.identifier(found)}" is not described in the document`);
    return found;
  }

  private idOf(text: string): string | undefined {
    try {
      return this.context.iri(text, '', this.uid);
    } catch (error) {
      if (error instanceof InvalidPolicy) return undefined;
      throw error;
    }
  }

  private identifier({ value, path }: Part, typedToo = false): string {
    const text = isObject(value) ? (value['@id'] ?? value.uid ?? (typedToo ? value['@value'] : undefined)) : value;
    if (typeof text !== 'string') throw invalid(path, 'an IRI is expected');
    return this.context.iri(text, path, this.uid);
  }

  private word(fields: Fields, name: string): string | undefined {
    const field = fields.get(name);
    return field && this.context.term(field.value, field.path);
  }

  private period(fields: Fields, name: string): string | null {
    const [field, ...more] = this.each(fields, name);
    if (more.length > 0) throw invalid(more[0]!.path, 'it is given twice');
    if (!field) return null;
    const literal = isObject(field.value) ? field.value['@value'] : field.value;
    return readPeriod(literal, field.path);
  }

  /** A type that is given is one that stands here; things of the world may have others besides. */
  private typed(fields: Fields, known: readonly string[], others = false): void {
    for (const { value, path } of this.each(fields, '@type')) {
      const name = this.context.term(value, path);
      if (others ? name.startsWith('odrl:') && !known.includes(name.slice(5)) : !known.includes(name.replace(/^odrl:/, ''))) throw invalid(path, `a ${name.replace(/^odrl:/, '')} does not stand here`);
    }
  }

  /** The id of a rule, duty or constraint: given once in the document, or made from its place. */
  private own(fields: Fields, { value, path }: Part): string {
    const given = fields.get('uid');
    const uid = given ? this.identifier(given) : `${this.uid}#${path.slice(1).replaceAll('/', '-')}`;
    if (this.named.has(uid) && this.named.get(uid) !== value) throw invalid(`${path}/uid`, `the id ${uid} is used twice`);
    this.named.set(uid, value);
    return uid;
  }

  private clause(fields: Fields): { clause?: string } {
    const clause = fields.get('backlot:clause');
    if (clause === undefined) return {};
    if (typeof clause.value !== 'string' || clause.value.length > 40) throw invalid(clause.path, 'a clause is a short text such as "4.2"');
    return { clause: clause.value };
  }

  private version(): string {
    const { value = '1' } = this.top.get('backlot:version') ?? {};
    if (typeof value !== 'string' && typeof value !== 'number') throw invalid('/backlot:version', 'a version is text or a number');
    return String(value);
  }

  private title(): string {
    const [, title] = Object.entries(this.document).find(([key]) => /^(dc|dct|dcterms):title$/.test(key)) ?? [];
    return typeof title === 'string' && title !== '' ? title.slice(0, 200) : this.uid;
  }
}

const isTiming = ({ leftOperand, operator }: Constraint): boolean => leftOperand === 'odrl:event' && ['lt', 'lteq', 'gt', 'gteq'].includes(operator);
const wholeTypes = ['integer', 'nonNegativeInteger', 'positiveInteger', 'long', 'int', 'short', 'unsignedInt', 'unsignedLong'];
const isType = (type: string | undefined, names: readonly string[]): boolean => type === undefined || (type.startsWith('xsd:') && names.includes(type.slice(4)));

function readSegment(value: unknown, path: string): Segment {
  const [first, end, rate] = isObject(value) ? ['first', 'end', 'rate'].map((name) => value[name] ?? value[`backlot:${name}`]) : [];
  const segment = { first, end, rate };
  if (!isSegment(segment)) throw invalid(path, 'a segment is {"first", "end", "rate"}: frames from first up to but without end, at a rate such as "24000/1001"');
  return segment;
}

/** Whether frames and rate are ones that can be compared. */
export function isSegment(value: Partial<Record<keyof Segment, unknown>>): value is Segment {
  const { first, end, rate } = value;
  const frame = (number: unknown): number is number => Number.isSafeInteger(number) && (number as number) >= 0;
  return frame(first) && frame(end) && first < end && typeof rate === 'string' && /^[1-9][0-9]{0,6}(\/[1-9][0-9]{0,6})?$/.test(rate);
}
