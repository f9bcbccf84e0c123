import { compileConditions, type Context, type Judge } from './conditions.js';
import { canonicalSha256, invalid } from './document.js';
import { loadPolicy, type Condition, type Duty, type LoadOptions, type Party, type Policy, type Rule, type TargetSpec } from './load.js';
import type { Target } from './types.js';
import { vocabulary as profile, type Vocabulary } from './vocabulary.js';
import { ruleWords, dutyWords, sentence } from './words.js';

/** One rule for one of its actions, one of its targets and those of its parties that need the same of who asks: what a decision runs through. */
export interface Clause {
  /** Its place in the policy. */
  at: number;
  rule: Rule;
  action: string;
  target: TargetSpec;
  /** Undefined: anyone. */
  parties: ReadonlySet<string> | undefined;
  /** Refinements of action, target and party, then the rule's constraints; all must hold. */
  conditions: readonly Condition[];
  judges: readonly Judge[];
  duties: readonly CompiledDuty[];
  /** Clauses of a policy that differ in nothing but the asset that they name have the same. */
  form: number;
}

export interface CompiledDuty {
  duty: Duty;
  /** Whose calendar and clocks its periods go by. */
  zone: string | undefined;
  constraints: readonly Judge[];
  /** What must be true of how it was done. */
  manner: readonly Judge[];
  consequences: readonly CompiledDuty[];
}

/** A policy ready to decide. Opaque outside of this folder but for what identifies it. */
export interface CompiledPolicy {
  id: string;
  version: string;
  title: string;
  sha256: string;
  /** Assets that the policy, or one that it inherits from, governs by name. */
  assets: ReadonlySet<string>;
  /** It governs every asset: one of its rules, or of those that it inherits, names none. */
  anyAsset: boolean;
  clauses: readonly Clause[];
  obligations: readonly CompiledDuty[];
  /** What is owed once a prohibition was broken, by the prohibition's id. */
  remedies: ReadonlyMap<string, readonly CompiledDuty[]>;
  policy: Policy;
  /** The policies that it inherits from: it only tightens them. */
  parents: readonly CompiledPolicy[];
  vocabulary: Vocabulary;
  /** Left operands that a decision may depend on, those of parents included. */
  operands: ReadonlySet<string>;
  index: ClauseIndex;
}

export interface CompileOptions extends LoadOptions {
  /** The policies that this one may inherit from, by uid. */
  parents?: ReadonlyMap<string, CompiledPolicy>;
}

/**
 * Compiles an ODRL 2.2 policy of the profile (JSON-LD, as text or parsed). Refuses with INVALID_POLICY and the path inside the
 * document what is not of the profile: unknown words, wrong types, times without zone, remote contexts, excessive size or depth,
 * parents that are not given, and inheriting from itself.
 */
export function compilePolicy(source: unknown, { parents: known = new Map(), ...options }: CompileOptions = {}): CompiledPolicy {
  const policy = loadPolicy(source, options);
  const { vocabulary = profile } = options;
  const parents = policy.inheritFrom.map((uid) => {
    const parent = known.get(uid);
    if (!parent) throw invalid('/inheritFrom', `it inherits from ${uid}, which is not given`);
    if (inherits(parent, policy.uid)) throw invalid('/inheritFrom', `it inherits from ${uid}, which inherits from it`);
    return parent;
  });
  const clauses = clausesOf(policy);
  const operands = new Set(parents.flatMap((parent) => [...parent.operands]));
  namesIn([policy.rules, policy.obligations], operands);
  return {
    id: policy.uid,
    version: policy.version,
    title: policy.title,
    sha256: canonicalSha256(source),
    assets: new Set([...clauses.flatMap((clause) => clause.target.id ?? []), ...parents.flatMap((parent) => [...parent.assets])]),
    anyAsset: clauses.some((clause) => clause.target.id === null) || parents.some((parent) => parent.anyAsset),
    clauses,
    obligations: policy.obligations.map((duty) => compileDuty(duty, policy.zone, { rule: { uid: duty.uid, assigners: [] }, action: duty.action })),
    remedies: new Map(policy.rules.map((rule) => [rule.uid, rule.remedies.map((duty) => compileDuty(duty, policy.zone, { rule, action: duty.action }))])),
    policy,
    parents,
    vocabulary,
    operands,
    index: new ClauseIndex(clauses, vocabulary),
  };
}

/** The policy in plain words, a line a rule or obligation. */
export function summarise({ policy }: CompiledPolicy): string[] {
  return [...policy.rules.map(ruleWords), ...policy.obligations.map((duty) => sentence(`It comes ${dutyWords(duty)}`))];
}

/** The policy without some of its rules, and its parents without theirs: what an amendment that lifts them leaves. */
export function without(policy: CompiledPolicy, rules: ReadonlySet<string>): CompiledPolicy {
  const clauses = policy.clauses.filter(({ rule }) => !rules.has(rule.uid));
  return { ...policy, clauses, parents: policy.parents.map((parent) => without(parent, rules)), index: new ClauseIndex(clauses, policy.vocabulary) };
}

/** Whether a policy governs a target: it names it or something that it lies in. */
export function governs({ assets, anyAsset }: CompiledPolicy, target: Target): boolean {
  return anyAsset || assets.has(target.id) || target.ancestors.some((id) => assets.has(id));
}

function inherits(policy: CompiledPolicy, uid: string): boolean {
  return policy.id === uid || policy.parents.some((parent) => inherits(parent, uid));
}

function clausesOf(policy: Policy): Clause[] {
  const forms = new Map<string, number>();
  const clauses: Clause[] = [];
  for (const rule of policy.rules) {
    const parties = groupsOf(rule.assignees);
    for (const { name: action, refinement } of rule.actions) {
      const context = { rule, action };
      const duties = rule.duties.map((duty) => compileDuty(duty, policy.zone, context));
      // A rule may name thousands of assets, most of them without any terms of their own.
      // Stryker disable next-line all: without it the same is compiled again for each target.
      const plain = parties.map((party) => {
        const conditions = [...refinement, ...party.refinement, ...rule.constraints];
        // Stryker disable next-line ObjectLiteral: as above.
        return { conditions, judges: compileConditions(conditions, context) };
      });
      for (const target of rule.targets) {
        parties.forEach(({ ids, refinement: ofParty }, at) => {
          // Stryker disable next-line ConditionalExpression: as above.
          const own = target.refinement.length === 0 ? plain[at]! : undefined;
          const conditions = own?.conditions ?? [...refinement, ...target.refinement, ...ofParty, ...rule.constraints];
          const like = JSON.stringify([rule.uid, action, at, target.segment, target.refinement]);
          if (!forms.has(like)) forms.set(like, forms.size);
          clauses.push({ at: clauses.length, rule, action, target, parties: ids, conditions, judges: own?.judges ?? compileConditions(conditions, context), duties, form: forms.get(like)! });
        });
      }
    }
  }
  return clauses;
}

/** The parties that a rule is for: those of whom nothing else is asked together, the others one by one. */
function groupsOf(parties: readonly Party[]): { ids: ReadonlySet<string> | undefined; refinement: readonly Condition[] }[] {
  if (parties.length === 0) return [{ ids: undefined, refinement: [] }];
  const plain = parties.filter(({ refinement }) => refinement.length === 0).map(({ id }) => id);
  const refined = parties.filter(({ refinement }) => refinement.length > 0).map(({ id, refinement }) => ({ ids: new Set([id]), refinement }));
  return plain.length > 0 ? [{ ids: new Set(plain), refinement: [] }, ...refined] : refined;
}

function compileDuty(duty: Duty, zone: string | undefined, context: Context): CompiledDuty {
  return {
    duty,
    zone,
    constraints: compileConditions(duty.constraints, context),
    manner: compileConditions(duty.actionRefinement, { ...context, done: true }),
    consequences: duty.consequences.map((consequence) => compileDuty(consequence, zone, context)),
  };
}

/** Collects the left operands of every condition inside. */
function namesIn(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) namesIn(item, names);
  else if (typeof value === 'object' && value !== null) {
    if ('leftOperand' in value) names.add((value as { leftOperand: string }).leftOperand);
    else for (const item of Object.values(value)) namesIn(item, names);
  }
}

/** Clauses by action and asset, so that a decision sees only those that can matter to it. */
export class ClauseIndex {
  private readonly byAction = new Map<string, Targets>();
  private readonly all: Targets;

  constructor(
    private readonly clauses: readonly Clause[],
    private readonly vocabulary: Vocabulary,
  ) {
    this.all = new Targets(clauses);
  }

  /**
   * In the order of the policy, the clauses about an action and about a target or what it lies in: those for the action or one that it is
   * included in. Asking for training as such asks for every kind of it, so prohibitions of one kind are among them; and permissions of one
   * kind, which alone never allow it, show that the policy is not silent.
   */
  about(action: string, target: Target): readonly Clause[] {
    let targets = this.byAction.get(action);
    // Stryker disable next-line ConditionalExpression: made anew each time it is the same, only slower.
    if (!targets) {
      const path = new Set(this.vocabulary.actionPath(action));
      const abstract = this.vocabulary.isAbstract(action);
      targets = new Targets(this.clauses.filter((clause) => path.has(clause.action) || (abstract && this.vocabulary.actionPath(clause.action).includes(action))));
      // Stryker disable next-line ConditionalExpression: only what a word of a stranger may fill is told from what is kept.
      if (this.vocabulary.isAction(action)) this.byAction.set(action, targets);
    }
    return targets.about(target);
  }

  /** The clauses about a target or what it lies in, whatever the action. */
  touching(target: Target): readonly Clause[] {
    return this.all.about(target);
  }

  /** Whether a clause, being about the action, is for all of what is asked, and not for a kind of it only. */
  covers(clause: Clause, action: string): boolean {
    return this.vocabulary.actionPath(action).includes(clause.action);
  }
}

class Targets {
  private readonly byAsset = new Map<string | null, Clause[]>();

  constructor(clauses: readonly Clause[]) {
    for (const clause of clauses) {
      const known = this.byAsset.get(clause.target.id);
      if (known) known.push(clause);
      else this.byAsset.set(clause.target.id, [clause]);
    }
  }

  about({ id, ancestors }: Target): readonly Clause[] {
    let found = this.byAsset.get(id);
    let merged: Clause[] | undefined;
    // Stryker disable next-line EqualityOperator: there is no asset behind the last.
    for (let at = -1; at < ancestors.length; at += 1) {
      const asset = at === -1 ? null : ancestors[at]!;
      const more = this.byAsset.get(asset);
      if (!more || asset === id || ancestors.indexOf(asset!) < at) continue;
      if (found) found = merged = [...found, ...more];
      else found = more;
    }
    // Merged from several lists, they are put in the policy's order again; one list has it already.
    merged?.sort((a, b) => a.at - b.at);
    return found ?? NONE;
  }
}

const NONE: readonly Clause[] = [];
