/** What a fact may be: a term, place, id, ISO instant or ISO duration as text, a number, yes or no, an amount with its unit, or several texts or numbers. */
export type Fact = string | number | boolean | Quantity | readonly (string | number)[];
export type Facts = Readonly<Record<string, Fact>>;

/** An amount in a unit, e.g. 5 in http://dbpedia.org/resource/Euro. Without a unit a number counts as given in the unit that the contract names. */
export interface Quantity {
  value: number;
  unit: string;
}

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
  /** What is known of how it was done, e.g. payAmount. What contradicts the duty's own terms does not count; what is not said was judged by who recorded it. */
  facts?: Facts;
}

/** Frames that a licence or a person leaves out. */
export interface Exclusion {
  id: string;
  /** The asset whose frames they are. */
  target: string;
  segment: Segment;
  /** Absent: whatever is asked. An action stands for everything included in it. */
  actions?: readonly string[];
  /** For the sentence: "the rights to this scene were not cleared". */
  why: string;
  clause?: string;
}

/** An emergency stop: refuses whatever touches its subject. */
export interface Hold {
  id: string;
  on: 'title' | 'performer' | 'licence' | 'studio';
  /** The asset's, performer's or party's id, or the policy's uid. */
  subject: string;
  why: string;
  /** ISO instant from which it is in force. */
  since: string;
}

/** A prohibition that was broken: its remedies are owed. */
export interface Infringement {
  /** Absolute id of the prohibition. */
  rule: string;
  at: string;
}

/** When the period of a duty began to run, where that was not this decision (delivery, first training, the last use). */
export interface BegunDuty {
  duty: string;
  at: string;
}

/** The state of the world beside the request. */
export interface WorldState {
  performed: readonly PerformedDuty[];
  exclusions?: readonly Exclusion[];
  holds?: readonly Hold[];
  infringements?: readonly Infringement[];
  begun?: readonly BegunDuty[];
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

/** and, or, xone, andSequence of constraints. */
export interface LogicTrace {
  logic: 'and' | 'or' | 'xone' | 'andSequence';
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
  /** What comes on top because its deadline passed unfulfilled. */
  consequences?: DutyTrace[];
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
  /** ISO instant, where it is known when the period began. Of a duty that returns: when it is due next. */
  deadline: string | null;
  /** ISO 8601 duration after which it is due again, and again. */
  interval?: string;
  /** A remedy of an infringement that is on record: due whatever the outcome. */
  state?: 'due';
  /** The prohibition that it remedies. */
  remedies?: string;
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

/** The answer. Hashes, reason and obligations are computed when they are first read. */
export interface Evaluation {
  outcome: 'permit' | 'refuse';
  /** Every policy that governs one of the targets. */
  policies: { id: string; version: string; sha256: string }[];
  requestSha256: string;
  stateSha256: string;
  trace: RuleTrace[];
  reason: Reason;
  /** Duties that begin with a permit (none on a refusal), and remedies that are owed whatever the outcome. */
  obligations: Obligation[];
  /** All of it as plain JSON. */
  toJSON(): Omit<Evaluation, 'toJSON'>;
}
