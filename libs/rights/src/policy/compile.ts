import { canonicalSha256, invalid } from './document.js';
import { loadPolicy, type Condition, type LoadOptions, type Policy, type Rule, type TargetSpec } from './load.js';
import { ruleWords, dutyWords, sentence } from './words.js';

/** One rule for one of its actions and one of its targets: what a decision runs through. */
export interface Clause {
  rule: Rule;
  action: string;
  target: TargetSpec;
  /** Refinements of action and target, then the rule's constraints; all must hold. */
  conditions: readonly Condition[];
}

/** A policy ready to decide. Opaque outside of this folder but for what identifies it. */
export interface CompiledPolicy {
  id: string;
  version: string;
  title: string;
  sha256: string;
  /** Assets that the policy governs by name. */
  assets: ReadonlySet<string>;
  /** It governs whatever is asked for. */
  anyAsset: boolean;
  clauses: readonly Clause[];
  policy: Policy;
}

/**
 * Compiles an ODRL 2.2 policy of the profile (JSON-LD, as text or parsed). Refuses with INVALID_POLICY and the path inside the
 * document what is not of the profile: unknown words, wrong types, times without zone, remote contexts, excessive size or depth.
 */
export function compilePolicy(jsonld: unknown, options: LoadOptions = {}): CompiledPolicy {
  const policy = loadPolicy(jsonld, options);
  if (policy.inheritFrom.length > 0) throw invalid('/inheritFrom', `the policy ${policy.inheritFrom[0]!} that it inherits from is not given`);
  const clauses = policy.rules.flatMap((rule) =>
    rule.actions.flatMap(({ name, refinement }) =>
      rule.targets.map((target) => ({ rule, action: name, target, conditions: [...refinement, ...target.refinement, ...rule.constraints] })),
    ),
  );
  return {
    id: policy.uid,
    version: policy.version,
    title: policy.title,
    sha256: canonicalSha256(jsonld),
    assets: new Set(clauses.flatMap((clause) => clause.target.id ?? [])),
    anyAsset: clauses.some((clause) => clause.target.id === null),
    clauses,
    policy,
  };
}

/** The policy in plain words, a line a rule or obligation. */
export function summarise({ policy }: CompiledPolicy): string[] {
  return [...policy.rules.map(ruleWords), ...policy.obligations.map((duty) => sentence(`It comes ${dutyWords(duty)}`))];
}
