import clsx from 'clsx';
import { inWords, spaced } from '../lib/format.js';

// The shapes of a decision's trace and reason, as libs/rights writes them (libs/rights/src/policy/types.ts).

interface Constraint {
  leftOperand: string;
  operator: string;
  right: unknown;
  actual: unknown;
  result: boolean | 'unknown';
}
interface Logic {
  logic: 'and' | 'or' | 'xone' | 'andSequence';
  of: Condition[];
  result: boolean | 'unknown';
}
type Condition = Constraint | Logic;

export interface RuleTrace {
  policy: string;
  rule: string;
  clause?: string;
  kind: 'permission' | 'prohibition';
  action: string;
  target: string;
  matched: boolean;
  active: boolean;
  constraints: Condition[];
  duties: DutyTrace[];
}

interface DutyTrace {
  duty: string;
  clause?: string;
  action: string;
  phase: string;
  state: 'fulfilled' | 'due' | 'inactive';
  /** What comes on top because its deadline passed. */
  consequences?: DutyTrace[];
}

export interface DecisionReason {
  rules?: string[];
  facts?: { name: string; value: unknown }[];
  sentence?: string;
  whatWouldChangeIt?: string;
  /** Titles of which some frames are allowed and others not. */
  frames?: { titleId: string; frames: number; leftOut: { first: number; end: number; sentence: string }[] }[];
}

const operators: Record<string, string> = {
  eq: 'is', neq: 'is not', lt: 'is below', lteq: 'is at most', gt: 'is above', gteq: 'is at least',
  isA: 'is a', isPartOf: 'is part of', isAnyOf: 'is any of', isAllOf: 'is all of', isNoneOf: 'is none of', hasPart: 'contains',
};
const logics: Record<Logic['logic'], string> = { and: 'all of', or: 'any of', xone: 'exactly one of', andSequence: 'all of, in this order' };
const inTime: Record<string, string> = { lt: 'is before', lteq: 'is not after', gt: 'is after', gteq: 'is not before' };

/** Every rule that was looked at: what it says, and what was actually the case. */
export function Trace({ trace }: { trace: RuleTrace[] }) {
  const rules = grouped(trace);
  if (rules.length === 0) return <p className="text-sm text-soft">No rule of any licence is about this. What no rule permits is refused.</p>;
  return (
    <ol className="flex flex-col gap-2">
      {rules.map(({ rule, targets }) => (
        <li key={`${rule.policy} ${rule.rule} ${rule.active} ${rule.matched}`} className="rounded-md border border-line px-3.5 py-2.5 text-sm">
          <div className="flex flex-wrap items-baseline justify-between gap-x-4">
            <span>
              <span className={!rule.matched ? 'text-faint' : rule.kind === 'permission' ? 'text-go' : 'text-stop'}>{rule.kind === 'permission' ? 'Permits' : 'Prohibits'}</span>{' '}
              <span className={rule.matched ? 'font-medium' : 'text-soft'}>{spaced(shortName(rule.action))}</span>
              {rule.clause && <span className="text-soft"> · clause {rule.clause}</span>}
            </span>
            <span className="figures text-xs text-faint">
              {!rule.matched ? 'about something else' : rule.active ? 'applies' : 'does not apply'}
              {targets > 1 && ` · ${targets} targets`}
            </span>
          </div>
          {rule.constraints.length > 0 && (
            <ul className="mt-2 flex flex-col gap-1.5">
              {rule.constraints.map((condition, place) => (
                <ConditionLine key={place} condition={condition} />
              ))}
            </ul>
          )}
          {rule.duties.map((duty) => (
            <DutyLine key={duty.duty} duty={duty} />
          ))}
        </li>
      ))}
    </ol>
  );
}

function DutyLine({ duty }: { duty: DutyTrace }) {
  return (
    <>
      <p className="mt-1.5 text-soft">
        Duty {duty.phase === 'pre' ? 'before use' : 'afterwards'}: {spaced(shortName(duty.action))}{' '}
        <span className={duty.state === 'due' ? 'text-stop' : 'text-go'}>{duty.state}</span>
      </p>
      {duty.consequences && duty.consequences.length > 0 && (
        <div className="ml-3 border-l border-line pl-3">
          {duty.consequences.map((one) => (
            <DutyLine key={one.duty} duty={one} />
          ))}
        </div>
      )}
    </>
  );
}

function ConditionLine({ condition }: { condition: Condition }) {
  if ('logic' in condition) {
    return (
      <li>
        <span className="text-xs text-faint">{logics[condition.logic]}</span>
        <ul className="mt-1 ml-3 flex flex-col gap-1 border-l border-line pl-3">
          {condition.of.map((one, place) => (
            <ConditionLine key={place} condition={one} />
          ))}
        </ul>
      </li>
    );
  }
  const { leftOperand, operator, right, actual, result } = condition;
  const relation = shortName(operator);
  return (
    <li className="grid grid-cols-[0.9rem_minmax(0,1fr)] gap-x-1.5">
      <span aria-hidden className={clsx('font-medium', result === true ? 'text-go' : 'text-stop')}>
        {result === true ? '✓' : result === false ? '✕' : '?'}
      </span>
      <span className="figures flex flex-wrap gap-x-2">
        <span className="text-soft">
          {spaced(shortName(leftOperand))} {(shortName(leftOperand) === 'dateTime' ? inTime[relation] : undefined) ?? operators[relation] ?? relation}{' '}
          <span className="text-ink">{inWords(right)}</span>
        </span>
        <span className="text-faint">
          actually <span className="text-ink">{actual === undefined || actual === null ? 'not known' : inWords(actual)}</span>
        </span>
      </span>
    </li>
  );
}

/** 'https://…/profile#fineTune', 'odrl:use', 'backlot:fineTune' → the word at the end. */
function shortName(term: string): string {
  return term.replace(/^.*[#/:]/, '');
}

/** Rules that read the same for many titles are one line; what matched comes first. */
function grouped(trace: RuleTrace[]): { rule: RuleTrace; targets: number }[] {
  const lines = new Map<string, { rule: RuleTrace; targets: number }>();
  for (const rule of trace) {
    const key = JSON.stringify([rule.policy, rule.rule, rule.matched, rule.active, rule.constraints]);
    const line = lines.get(key);
    if (line) line.targets++;
    else lines.set(key, { rule, targets: 1 });
  }
  return [...lines.values()].sort((a, b) => Number(b.rule.matched) - Number(a.rule.matched) || Number(b.rule.active) - Number(a.rule.active));
}
