/** What a fact may be: a term, place, id or ISO instant as text, a number, or several of them. */
export type Fact = string | number | boolean | readonly (string | number)[];
export type Facts = Readonly<Record<string, Fact>>;

/** Half-open frames [first, end) of an edit, counted at `rate` frames a second ("24", "24000/1001"). */
export interface Segment {
  first: number;
  end: number;
  rate: string;
}

/** One asset that the job would touch. */
export interface Target {
  id: string;
  /** Every asset it lies in, in any order: title, season, series, catalogue. */
  ancestors: readonly string[];
  /** Absent means the whole asset. */
  segment?: Segment;
  /** What is true of this target alone, e.g. appearsPerformer. Wins over the request's facts. */
  facts?: Facts;
}

/** One question to the policies. Everything the answer depends on is in here or in the state: the evaluator reads no clock. */
export interface PolicyRequest {
  /** An action of the profile ("fineTune", "backlot:fineTune") or of ODRL ("odrl:play"). */
  action: string;
  targets: readonly Target[];
  /** Every party the asker is: studio, member, roles that are parties of contracts. */
  assignee: readonly string[];
  /** ISO 8601 instant with a zone. */
  now: string;
  purpose?: string;
  /** ISO 3166 code of where the result is used. */
  spatial?: string;
  /** The studio whose GPU tenant does the work. */
  modelTenant?: string;
  /** Executions so far, without this one: by rule id, else by the rule's action ("generate"). */
  counts?: Readonly<Record<string, number>>;
  /** Values of further left operands. */
  facts?: Facts;
}

export interface PerformedDuty {
  /** Absolute id of the duty: policy uid + its fragment. */
  duty: string;
  at: string;
  /** Where the proof lies; not judged here. */
  evidence?: string;
}

/** The state of the world beside the request. */
export interface WorldState {
  performed: readonly PerformedDuty[];
}

/** `unknown` fails a permission and triggers a prohibition. */
export type Truth = true | false | 'unknown';

export type RuleKind = 'permission' | 'prohibition' | 'obligation';
export type Phase = 'pre' | 'post';

export interface ConstraintTrace {
  leftOperand: string;
  operator: string;
  right: unknown;
  actual: unknown;
  result: Truth;
}

/** and, or, xone of constraints. */
export interface LogicTrace {
  logic: 'and' | 'or' | 'xone';
  of: ConditionTrace[];
  result: Truth;
}

export type ConditionTrace = ConstraintTrace | LogicTrace;

export interface DutyTrace {
  duty: string;
  clause?: string;
  action: string;
  phase: Phase;
  /** `inactive`: its own constraints say that it is not due. */
  state: 'fulfilled' | 'due' | 'inactive';
}

export interface RuleTrace {
  policy: string;
  rule: string;
  clause?: string;
  kind: Exclude<RuleKind, 'obligation'>;
  action: string;
  /** The request's target that this line is about. */
  target: string;
  /** Whether action, target and parties are those of the request. */
  matched: boolean;
  /** Whether it counts: a permission that grants, a prohibition that forbids. */
  active: boolean;
  constraints: ConditionTrace[];
  duties: DutyTrace[];
}

export interface Obligation {
  policy: string;
  duty: string;
  clause?: string;
  action: string;
  phase: Phase;
  /** "onUse" starts with this decision; others (onExpiry, onTermination, …) start when that happens. */
  trigger: string;
  /** ISO 8601 duration that the contract gives from the trigger on. */
  period: string | null;
  /** ISO instant, where the trigger is this decision. */
  deadline: string | null;
}

export interface Reason {
  /** The smallest set of rules that settles it. */
  rules: string[];
  /** The facts they were settled by. */
  facts: { name: string; value: unknown }[];
  /** Plain English, for a lawyer. */
  sentence: string;
  whatWouldChangeIt: string;
}

export interface Evaluation {
  outcome: 'permit' | 'refuse';
  /** Every policy that governs one of the targets. */
  policies: { id: string; version: string; sha256: string }[];
  requestSha256: string;
  stateSha256: string;
  trace: RuleTrace[];
  reason: Reason;
  /** Duties that begin with a permit; empty on a refusal. */
  obligations: Obligation[];
}
