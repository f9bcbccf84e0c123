import type { CompiledPolicy, ConditionTrace, DutyTrace, Evaluation } from '#libs/rights';
import { constraintsOf, type ConstraintNode } from './policy.js';
import { keyOf, localName, type Graph } from './rdf.js';

/**
 * What a compliance report says, held against what Backlot answers. Aspects: the outcome, and as far as the report tells, whether each rule is active,
 * each comparison satisfied, each duty fulfilled, due or inactive.
 *
 * Three readings that the suites leave open:
 * - A report with a controlState (Permit, Deny) keeps it apart from the activation, which then is of the constraints and duties alone: a permission whose
 *   action is not the refined one is Active and denies. A report without one calls active only what decides.
 * - A prohibition alone that is not active settles nothing, whatever its controlState: only its activation is compared.
 * - What is not known does not satisfy.
 */
export function compare(report: Graph, policy: Graph, compiled: CompiledPolicy, evaluation: Evaluation, of?: string): { expected: Record<string, string>; got: Record<string, string> } {
  const expected: Record<string, string> = {};
  const got: Record<string, string> = {};
  const state = (node: string, name: string): string => localName(report.text(node, name) ?? '').toLowerCase();

  const rules = report.having('rule', 'activationState').filter((node) => of === undefined || (report.text(node, 'ruleRequest') ?? of) === of);
  const kindOf = (rule: string): string => (policy.quads.some(({ predicate, object }) => localName(predicate.value) === 'prohibition' && keyOf(object) === rule) ? 'prohibition' : 'permission');
  const permits = rules.filter((node) => kindOf(report.text(node, 'rule')!) === 'permission' && (report.text(node, 'controlState') === undefined ? state(node, 'activationState') === 'active' : state(node, 'controlState') === 'permit'));
  const prohibits = rules.filter((node) => kindOf(report.text(node, 'rule')!) === 'prohibition' && (report.text(node, 'controlState') === undefined ? state(node, 'activationState') === 'active' : state(node, 'controlState') === 'deny'));
  const settled = rules.some((node) => kindOf(report.text(node, 'rule')!) === 'permission' || report.text(node, 'controlState') === undefined || state(node, 'activationState') === 'active');
  if (settled) {
    expected.outcome = permits.length > 0 && (prohibits.length === 0 || compiled.policy.conflict === 'perm') ? 'permit' : 'refuse';
    got.outcome = evaluation.outcome;
  }

  const refining = new Set(['action', 'target', 'assignee'].flatMap((name) => policy.having(name).flatMap((node) => policy.values(node, name).map(keyOf))).flatMap((node) => policy.values(node, 'refinement').flatMap((term) => [...nodesOf(policy.from(keyOf(term)))])));
  const constraints = constraintsOf(policy);
  for (const node of rules) {
    const rule = report.text(node, 'rule')!;
    const traces = evaluation.trace.filter((trace) => trace.rule === rule);
    const apart = report.text(node, 'controlState') !== undefined;
    const holds = (trace: ConditionTrace): boolean => trace.result === true || (apart && leaves(trace).every((leaf) => nodeOf(leaf, constraints).some((one) => refining.has(one.node))));
    const active = traces.some((trace) => trace.active || (apart && trace.kind === 'permission' && trace.matched && trace.constraints.every(holds) && trace.duties.every((duty) => duty.phase === 'post' || duty.state !== 'due')));
    expected[`rule ${rule}`] = state(node, 'activationState');
    got[`rule ${rule}`] = active ? 'active' : 'inactive';
  }

  const judged = evaluation.trace.flatMap((trace) => [...trace.constraints, ...trace.duties.flatMap(({ constraints = [] }: DutyTrace & { constraints?: ConditionTrace[] }) => constraints)]);
  for (const node of report.having('constraint', 'satisfactionState')) {
    const constraint = constraints.find((one) => one.node === report.text(node, 'constraint'));
    const trace = constraint && judged.flatMap(leaves).find((leaf) => nodeOf(leaf, [constraint]).length > 0);
    if (!trace) continue;
    expected[`constraint ${constraint.node}`] = state(node, 'satisfactionState') === 'satisfied' ? 'satisfied' : 'not satisfied';
    got[`constraint ${constraint.node}`] = trace.result === true ? 'satisfied' : 'not satisfied';
  }

  const duties = new Map(evaluation.trace.flatMap((trace) => trace.duties).map((duty) => [duty.duty, duty.state]));
  for (const node of report.having('deonticState')) {
    const duty = [report.text(node, 'condition'), report.text(node, 'rule'), report.text(node, 'constraint')].find((id) => id !== undefined && duties.has(id));
    if (duty === undefined) continue;
    expected[`duty ${duty}`] = state(node, 'deonticState') === 'fulfilled' ? 'fulfilled' : state(node, 'activationState') === 'inactive' ? 'inactive' : 'due';
    got[`duty ${duty}`] = duties.get(duty)!;
  }
  for (const node of report.having('action', 'performanceState')) {
    const action = report.text(node, 'action')!;
    const duty = [...duties.keys()].find((id) => policy.values(id, 'action').some((term) => keyOf(term) === action));
    if (duty === undefined) continue;
    expected[`action ${action}`] = state(node, 'performanceState') === 'performed' ? 'performed' : 'not performed';
    got[`action ${action}`] = duties.get(duty) === 'fulfilled' ? 'performed' : 'not performed';
  }
  return { expected, got };
}

const nodesOf = (graph: Graph): Set<string> => new Set(graph.quads.map(({ subject }) => keyOf(subject)));

type Leaf = Extract<ConditionTrace, { leftOperand: string }>;
const leaves = (trace: ConditionTrace): Leaf[] => ('of' in trace ? trace.of.flatMap(leaves) : [trace]);

/** A comparison and its trace are known for each other by what they compare. */
function nodeOf(leaf: Leaf, constraints: readonly ConstraintNode[]): ConstraintNode[] {
  const rights = textsIn(leaf.right);
  const names = new Set([...rights].map(localName));
  return constraints.filter((one) => one.name === leaf.leftOperand && one.operator === leaf.operator && one.rights.every((right) => rights.has(right.value) || (right.termType === 'NamedNode' && names.has(localName(right.value)))));
}

function textsIn(value: unknown): Set<string> {
  if (typeof value === 'object' && value !== null) return new Set(Object.values(value).flatMap((item) => [...textsIn(item)]));
  return new Set([String(value as string | number | boolean)]);
}
