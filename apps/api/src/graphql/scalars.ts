import { types } from 'node:util';
import { GraphQLError, GraphQLScalarType, Kind, valueFromASTUntyped } from 'graphql';

const wrong = (what: string): GraphQLError => new GraphQLError(what, { extensions: { code: 'BAD_USER_INPUT' } });

const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  serialize: (value) => (types.isDate(value) ? value.toISOString() : String(value)),
  parseValue(value) {
    const instant = new Date(typeof value === 'string' ? value : NaN);
    if (Number.isNaN(instant.getTime())) throw wrong('A DateTime is an ISO 8601 instant such as 2026-01-31T12:00:00Z.');
    return instant;
  },
});

const JSON_ = new GraphQLScalarType({
  name: 'JSON',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

const toBigInt = (value: unknown): bigint => {
  if ((typeof value === 'string' && /^-?\d{1,19}$/.test(value)) || Number.isSafeInteger(value)) {
    const whole = BigInt(value as string | number);
    if (whole === BigInt.asIntN(64, whole)) return whole;
  }
  throw wrong('A BigInt is a whole number of 64 bits as a string of digits.');
};

const BigInt_ = new GraphQLScalarType<bigint, string>({
  name: 'BigInt',
  serialize: (value) => String(value),
  parseValue: toBigInt,
  parseLiteral: (node) => toBigInt(node.kind === Kind.INT || node.kind === Kind.STRING ? node.value : undefined),
});

/** An enum of the schema stands for the lib's word: the same in small letters. */
const words = (...names: string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, name.toLowerCase()]));

const RESULTS = { SignInResult: 'Member', TitleEditResult: 'Title' } as Record<string, string>;
for (const thing of ['Hold', 'Duty', 'Licence', 'LicenceVersion', 'Simulation', 'Title', 'Upload', 'Shot', 'ShotEdit', 'DatasetVersion', 'FilterSet', 'BaseModel', 'TrainingRun', 'Generation', 'Output', 'Delivery', 'Decision', 'Exclusion', 'ImportedExclusions', 'Mark', 'Job', 'DoubleReview', 'ShotDecision']) RESULTS[`${thing}Result`] = thing;

/** How the schema's own types are read and written. */
export const schemaTypes = {
  DateTime,
  JSON: JSON_,
  BigInt: BigInt_,
  Role: words('ARCHIVIST', 'COMPLIANCE', 'EDITOR', 'ADMIN'),
  JobState: words('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'),
  TitleState: words('REGISTERED', 'UPLOADING', 'CHECKING', 'ANALYSING', 'READY', 'REFUSED', 'WITHHELD'),
  DatasetState: words('BUILDING', 'FROZEN', 'FAILED', 'CANCELLED'),
  RunState: words('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'),
  CaptionLength: words('SHORT', 'MEDIUM', 'LONG'),
  ShotEditKind: words('CHANGED', 'SPLIT', 'MERGED', 'ACCEPTED'),
  DecisionOutcome: words('WAITING', 'AGREED', 'DISPUTED', 'SETTLED'),
  MistakeKind: words('FALSE', 'MISSED', 'OFF', 'MISNAMED'),
  MarkKind: words('PERFORMER', 'CUE'),
  MarkSource: words('WRITTEN', 'MODELLED'),
  Review: words('WAITING', 'APPROVED', 'REJECTED'),
  SimulationAgainst: words('CATALOGUE', 'DECISIONS'),
  LicenceState: words('DRAFT', 'SIGNED', 'ACTIVE', 'EXPIRING', 'SUSPENDED', 'EXPIRED', 'WITHDRAWN'),
  LicenceVersionState: words('DRAFT', 'SIGNED', 'IN_FORCE', 'AMENDED', 'DISCARDED'),
  LicenceVersionKind: words('ORIGINAL', 'AMENDMENT', 'TIGHTENING'),
  Effect: words('TIGHTENS', 'LOOSENS', 'NEUTRAL', 'UNCLEAR'),
  LicenceEventKind: words('DRAFTED', 'REVISED', 'DISCARDED', 'COUNTERSIGN', 'SIGNED', 'SUSPENDED', 'RESUMED', 'WITHDRAWN', 'ATTACHED', 'DETACHED'),
  HoldKind: words('TITLE', 'PERFORMER', 'LICENCE', 'STUDIO'),
  Comparison: words('AT_LEAST', 'AT_MOST', 'ONE_OF', 'NONE_OF'),
  WhenUnknown: words('KEEP', 'DROP'),
  MeasureKind: words('NUMBER', 'WORDS'),
  FilterSide: words('KEPT', 'DROPPED', 'UNKNOWN'),
  DutyState: words('DUE', 'LATE', 'FULFILLED', 'WAIVED'),
  DutyPhase: words('PRE', 'POST'),
  ...Object.fromEntries(Object.entries(RESULTS).map(([union, thing]) => [union, { __resolveType: (value: { __typename?: string }) => (value.__typename === 'Refused' ? 'Refused' : thing) }])),
};
