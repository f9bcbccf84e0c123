import { governs, type Clause, type CompiledPolicy } from './compile.js';
import { evaluate } from './evaluate.js';
import { isSegment } from './load.js';
import { holds, touches } from './segments.js';
import type { Evaluation, Facts, Obligation, PolicyRequest, Reason, Segment, Target, WorldState } from './types.js';

/** One input of a derived asset: what went in, and every policy that may govern it. */
export interface MeetInput {
  /** Id of the asset that it is, or is a segment of. */
  id: string;
  ancestors: readonly string[];
  segment?: Segment;
  facts?: Facts;
  policies: readonly CompiledPolicy[];
}

/** A request about a derived asset: its targets are the asset's inputs. */
export type MeetRequest = Omit<PolicyRequest, 'targets'>;

export interface MeetDecision {
  outcome: Evaluation['outcome'];
  /** Every policy that governs an input. */
  policies: Evaluation['policies'];
  /** Of one refusal, or of the permit; about one input that stands for all that are alike. */
  reason: Reason;
  obligations: Obligation[];
  inputs: number;
  /** How many kinds of input were decided. */
  classes: number;
}

/** Inputs that differ in nothing but their frames. */
interface Group {
  target: Target;
  policies: CompiledPolicy[];
  views: View[];
  /** How often each segment went in; the whole is `null`. */
  segments: Map<number | string | null, { segment: Segment | undefined; count: number }>;
  count: number;
}

/** A group as one of its policies sees it. */
interface View {
  policy: CompiledPolicy;
  /** The clauses about frames that touch the group: its inputs differ by how these meet them. */
  framed: readonly Clause[];
  /** By that. */
  classes: Map<string, Class>;
}

/** Inputs that one policy cannot tell apart: the same clauses touch them, and the facts that it asks for are the same. */
interface Class {
  key: string;
  /** Without any it is no longer looked at. */
  members: Map<Group, number>;
}

/**
 * The meet of the policies of a derived asset's inputs (dataset version, model, output): permitted is what every policy of every input
 * permits. Kept as counts of inputs that no policy can tell apart, so that a decision costs as many evaluations as there are kinds of
 * input, adding and removing one costs its own policies, and a new version of a policy costs the inputs that it governs.
 */
export class Meet {
  private readonly groups = new Map<string, Group[]>();
  private readonly classes = new Map<CompiledPolicy, Map<string, Class>>();
  private readonly ofPolicy = new Map<CompiledPolicy, Set<Group>>();
  /** Groups that no policy governs. */
  private readonly uncovered = new Set<Group>();
  private inputs = 0;

  get size(): number {
    return this.inputs;
  }

  add(input: MeetInput): void {
    if (input.segment && !isSegment(input.segment)) throw new RangeError(`not a range of frames at a rate: ${JSON.stringify(input.segment)}`);
    const group = this.groupsOf(input)[0] ?? this.newGroup(input);
    const key = keyOf(input.segment);
    const known = group.segments.get(key);
    if (known) known.count += 1;
    else group.segments.set(key, { segment: input.segment, count: 1 });
    group.count += 1;
    this.inputs += 1;
    for (const view of group.views) this.count(view, group, input.segment, 1);
  }

  /** Takes one away. Its policies are named as they are now, replaced ones by what replaced them. Throws when there is none like it. */
  remove(input: MeetInput): void {
    const key = keyOf(input.segment);
    // New versions of policies can make groups alike that were not.
    const group = this.groupsOf(input).find(({ segments }) => segments.has(key));
    if (!group) throw new RangeError(`${input.id} is not an input of this asset`);
    const known = group.segments.get(key)!;
    known.count -= 1;
    if (known.count === 0) group.segments.delete(key);
    group.count -= 1;
    this.inputs -= 1;
    for (const view of group.views) this.count(view, group, input.segment, -1);
    if (group.count === 0) this.forget(group);
  }

  /** A new version in place of an old one, for every input that the old one may govern. Policies that inherit from it are versions of their own. */
  replacePolicy(old: CompiledPolicy, by: CompiledPolicy): void {
    const groups = [...(this.ofPolicy.get(old) ?? [])];
    this.classes.delete(old);
    this.ofPolicy.delete(old);
    for (const group of groups) {
      group.policies = group.policies.map((policy) => (policy === old ? by : policy));
      group.views = group.views.filter((view) => view.policy !== old);
      this.see(group, by);
      this.settleCover(group);
    }
  }

  decide(request: MeetRequest, state: WorldState): MeetDecision {
    const evaluations: Evaluation[] = [];
    const ask = (policies: readonly CompiledPolicy[], target: Target, about: WorldState): void => {
      evaluations.push(evaluate(policies, { ...request, targets: [target] }, about));
    };
    // Exclusions, and holds on assets and performers, are about inputs, not about kinds of them: those that they may stop are asked about on their own.
    const { exclusions: _, ...plain } = state;
    let classes = 0;
    for (const [policy, known] of this.classes) {
      for (const one of known.values()) {
        ask([policy], this.example(policy, one), plain);
        classes += 1;
      }
    }
    for (const group of this.uncovered) ask(group.policies, group.target, plain);
    for (const { group, segment } of this.stopped(request, state)) ask(group.policies, about(group, segment), state);
    if (this.inputs === 0) evaluations.push(evaluate([], { ...request, targets: [] }, state));
    return new Met(evaluations, this.inputs, classes);
  }

  private groupsOf({ id, ancestors, facts, policies }: MeetInput): Group[] {
    return (this.groups.get(id) ?? []).filter((group) => alike(group.target.ancestors, ancestors) && alike(group.policies, policies) && sameFacts(group.target.facts, facts));
  }

  private newGroup({ id, ancestors, facts, policies }: MeetInput): Group {
    const target = { id, ancestors, ...(facts && { facts }) };
    const group: Group = { target, policies: [...policies], views: [], segments: new Map(), count: 0 };
    const known = this.groups.get(id);
    if (known) known.push(group);
    else this.groups.set(id, [group]);
    for (const policy of new Set(policies)) this.see(group, policy);
    this.settleCover(group);
    return group;
  }

  /** Enters a group under a policy of its, with all of its inputs. */
  private see(group: Group, policy: CompiledPolicy): void {
    let groups = this.ofPolicy.get(policy);
    if (!groups) this.ofPolicy.set(policy, (groups = new Set()));
    groups.add(group);
    if (!governs(policy, group.target)) return;
    const view: View = { policy, framed: framedOf(policy, group.target), classes: new Map() };
    group.views.push(view);
    for (const { segment, count } of group.segments.values()) this.count(view, group, segment, count);
  }

  private settleCover(group: Group): void {
    if (group.views.length === 0) this.uncovered.add(group);
    else this.uncovered.delete(group);
  }

  private count(view: View, group: Group, segment: Segment | undefined, more: number): void {
    const one = this.classIn(view, group, segment);
    const count = (one.members.get(group) ?? 0) + more;
    if (count > 0) one.members.set(group, count);
    else one.members.delete(group);
    if (one.members.size === 0) this.classes.get(view.policy)!.delete(one.key);
  }

  private classIn(view: View, group: Group, segment: Segment | undefined): Class {
    const meeting = meetingOf(view.framed, segment);
    const known = view.classes.get(meeting);
    // Stryker disable next-line ConditionalExpression: a short cut; the signature finds the same class.
    if (known && known.members.size > 0) return known;
    const found = this.classOf(view.policy, about(group, segment));
    // Stryker disable next-line CallExpression: what the short cut finds.
    view.classes.set(meeting, found);
    return found;
  }

  private classOf(policy: CompiledPolicy, target: Target): Class {
    let known = this.classes.get(policy);
    if (!known) this.classes.set(policy, (known = new Map<string, Class>()));
    const key = signatureOf(policy, target);
    let found = known.get(key);
    if (!found) known.set(key, (found = { key, members: new Map() }));
    return found;
  }

  private forget(group: Group): void {
    const { id } = group.target;
    const left = this.groups.get(id)!.filter((one) => one !== group);
    // Stryker disable next-line ConditionalExpression,EqualityOperator: an empty list says the same and only takes room.
    if (left.length > 0) this.groups.set(id, left);
    else this.groups.delete(id);
    for (const policy of group.policies) this.ofPolicy.get(policy)!.delete(group);
    this.uncovered.delete(group);
  }

  /** An input of a class. */
  private example(policy: CompiledPolicy, one: Class): Target {
    const [group] = one.members.keys();
    const view = group!.views.find((of) => of.policy === policy)!;
    for (const { segment } of group!.segments.values()) if (this.classIn(view, group!, segment) === one) return about(group!, segment);
    // Stryker disable next-line CallExpression: a class is left with its last input, so this is a bug and never comes about.
    throw new Error(`no input of ${group!.target.id} is in its class ${one.key}`);
  }

  /** An input for each hold on an asset or performer and each exclusion that may stop one: one too many costs its evaluation and nothing else. */
  // Stryker disable next-line ArrayDeclaration: what stands in for nothing excludes nothing.
  private *stopped(request: MeetRequest, { holds: held, exclusions = [] }: WorldState): Iterable<{ group: Group; segment: Segment | undefined }> {
    const subjects = new Set(held?.map(({ subject }) => subject));
    const performers = held?.some(({ on }) => on === 'performer');
    if (subjects.size === 0 && exclusions.length === 0) return;
    const asked = new Set<string>();
    for (const group of [...this.groups.values()].flat()) {
      const { id, ancestors, facts } = group.target;
      const [first] = group.segments.values();
      if (subjects.has(id) || ancestors.some((one) => subjects.has(one))) yield { group, segment: first!.segment };
      if (performers) {
        const appearing = JSON.stringify(facts?.appearsPerformer);
        if (!asked.has(appearing)) yield { group, segment: first!.segment };
        asked.add(appearing);
      }
      for (const { target, segment: left } of exclusions) {
        if (target !== id && !ancestors.includes(target)) continue;
        for (const { segment } of group.segments.values()) {
          if (segment && !touches(segment, left)) continue;
          yield { group, segment };
          break;
        }
      }
    }
  }
}

class Met implements MeetDecision {
  private readonly refusal: Evaluation | undefined;

  constructor(
    private readonly all: readonly Evaluation[],
    readonly inputs: number,
    readonly classes: number,
  ) {
    this.refusal = all.find(({ outcome }) => outcome === 'refuse');
  }

  get outcome(): Evaluation['outcome'] {
    return this.refusal ? 'refuse' : 'permit';
  }

  get policies(): Evaluation['policies'] {
    return [...new Map(this.all.flatMap((one) => one.policies).map((policy) => [`${policy.id} ${policy.sha256}`, policy])).values()];
  }

  get reason(): Reason {
    const reasons = (this.refusal ? [this.refusal] : this.all).map((one) => one.reason) as [Reason, ...Reason[]];
    return { ...reasons[0], rules: [...new Set(reasons.flatMap(({ rules }) => rules))] };
  }

  get obligations(): Obligation[] {
    const found = this.all.flatMap((one) => one.obligations).filter(({ state }) => !this.refusal || state === 'due');
    return [...new Map(found.map((obligation) => [`${obligation.policy} ${obligation.duty} ${obligation.deadline}`, obligation])).values()];
  }
}

const about = ({ target }: Group, segment: Segment | undefined): Target => (segment ? { ...target, segment } : target);

const alike = <T>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((one, at) => one === b[at]);

// Stryker disable next-line ConditionalExpression: a short cut.
const sameFacts = (a: Facts | undefined, b: Facts | undefined): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** Frames up to 2^26 (a month of film) at 24 frames a second as one number: a million texts would take more room than all else. */
function keyOf(segment: Segment | undefined): number | string | null {
  if (!segment) return null;
  const { first, end, rate } = segment;
  // Stryker disable next-line ArithmeticOperator: whatever gives each range a number of its own.
  return rate === '24' && end < 67_108_864 ? first * 67_108_864 + end : `${first}-${end}@${rate}`;
}

/** The clauses of the policy, and of those that it inherits from, about some frames of the target. */
function framedOf(policy: CompiledPolicy, target: Target): Clause[] {
  // Stryker disable next-line MethodExpression: a short cut; whatever is asked for meets a clause that names no frames alike.
  return [...policy.index.touching(target).filter((clause) => clause.target.segment), ...policy.parents.flatMap((parent) => framedOf(parent, target))];
}

/** All of a target that the policy's decisions depend on. */
function signatureOf(policy: CompiledPolicy, target: Target): string {
  const facts = [...policy.operands].map((name) => target.facts?.[name]);
  return `${formsOf(policy, target)} ${JSON.stringify(facts)}`;
}

function formsOf(policy: CompiledPolicy, target: Target): string {
  const forms = policy.index.touching(target).map((clause) => `${clause.form}${meetingOf([clause], target.segment)}`);
  return `${[...new Set(forms)].join()}(${policy.parents.map((parent) => (governs(parent, target) ? formsOf(parent, target) : '')).join(';')})`;
}

/** How clauses about frames meet a segment: a permission must hold all of it, a prohibition only touch it. */
function meetingOf(framed: readonly Clause[], segment: Segment | undefined): string {
  let meeting = '';
  for (const { rule: { kind }, target: { segment: ruled } } of framed) {
    if (ruled) meeting += (segment ? (kind === 'permission' ? holds(ruled, segment) : touches(ruled, segment)) : kind === 'prohibition') ? '+' : '-';
  }
  return meeting;
}
