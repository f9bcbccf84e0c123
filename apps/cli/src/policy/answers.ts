import { every, type Evaluation, type FlipGroup, type PolicyRequest, type RuleTrace, vocabulary, type WhatIf } from '#libs/rights';
import type { PolicyFile } from './files.js';

/** Answers of `backlot policy` as text. */

/** Rows with aligned columns, the last one as long as it likes. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join('  ').trimEnd());
}

/** An evaluation: outcome, why, what would change it, the rules that were looked at, what is owed. */
export function evaluationText({ outcome, reason, trace, obligations, policies }: Evaluation, { action, now, assignee, targets }: PolicyRequest, { contract }: PolicyFile): string {
  const name = (id: string): string => contract?.names.get(id) ?? id;
  const lines = [
    outcome === 'permit' ? 'PERMITTED' : 'REFUSED',
    `  ${named(reason.sentence, contract?.names)}`,
    `  What would change it: ${named(reason.whatWouldChangeIt, contract?.names)}`,
    '',
    `  asked      ${vocabulary.wordsFor(action)} of ${targets.map(({ id, ancestors }) => `${name(id)}${ancestors.length > 0 ? ` (in ${ancestors.map(name).join(', ')})` : ''}`).join(', ')}`,
    `  by         ${assignee.map(name).join(', ') || 'nobody named'}`,
    `  at         ${now}`,
    ...policies.map(({ id, version, sha256 }) => `  licence    ${id}, version ${version}, ${sha256}`),
  ];
  const shown = trace.filter((rule) => rule.matched || rule.active);
  const rows = shown.flatMap((rule) => ruleRows(rule, new Set(reason.rules))).map((row) => row.map((cell) => named(cell, contract?.names)));
  if (rows.length > 0) lines.push('', ...table([['', 'clause', 'rule', 'what it says', 'here', 'holds'], ...rows]).map((line) => `  ${line}`));
  const left = trace.length - shown.length;
  if (left > 0) lines.push(`  ${left} more ${left === 1 ? 'rule is' : 'rules are'} about others, or about other assets.`);
  if (obligations.length > 0) {
    lines.push('', '  Owed:', ...table(obligations.map(({ clause, duty, action: what, trigger, deadline, interval, state }) => [`    ${clause === undefined ? local(duty) : `clause ${clause}`}`, vocabulary.wordsFor(what), state === 'due' ? 'due now, as a remedy' : deadline === null ? `when it comes to it: ${vocabulary.triggers.get(trigger) ?? trigger}` : `by ${deadline}${interval === undefined ? '' : `, and again ${every(interval)}`}`])));
  }
  return `${lines.join('\n')}\n`;
}

/** A sentence with the contract's words for ids. */
function named(text: string, names: ReadonlyMap<string, string> = new Map()): string {
  return [...names].toSorted(([a], [b]) => b.length - a.length).reduce((words, [id, name]) => words.replaceAll(id, name), text);
}

function ruleRows(rule: RuleTrace, settled: ReadonlySet<string>): string[][] {
  const { kind, action, clause = '', active, constraints, duties } = rule;
  const head = [settled.has(rule.rule) ? '>' : '', clause, local(rule.rule), `${kind === 'permission' ? 'allows' : 'prohibits'} ${vocabulary.wordsFor(action)}`, '', active ? 'yes' : 'no'];
  const comparisons = constraints.flatMap((constraint) => conditionRows(constraint, 1));
  const owed = duties.map((duty) => ['', duty.clause ?? '', local(duty.duty), `  ${duty.phase === 'pre' ? 'after' : 'then'} ${vocabulary.wordsFor(duty.action)}`, duty.state, duty.phase === 'post' ? '' : duty.state === 'due' ? 'no' : 'yes']);
  return [head, ...comparisons, ...owed];
}

function conditionRows(condition: RuleTrace['constraints'][number], depth: number): string[][] {
  const indent = '  '.repeat(depth);
  if ('logic' in condition) return [['', '', '', `${indent}${{ and: 'all of', or: 'any of', xone: 'exactly one of', andSequence: 'all in order' }[condition.logic]}`, '', truth(condition.result)], ...condition.of.flatMap((one) => conditionRows(one, depth + 1))];
  const { leftOperand, operator, right, actual, result } = condition;
  const words = (leftOperand === 'odrl:dateTime' ? dates : comparisons)[operator] ?? operator;
  return [['', '', '', `${indent}${vocabulary.wordsFor(leftOperand)} ${words} ${valueText(right)}`, actual === null || actual === undefined ? 'not known' : valueText(actual), truth(result)]];
}

const comparisons: Record<string, string> = { eq: 'is', neq: 'is not', lt: 'is below', lteq: 'is at most', gt: 'is above', gteq: 'is at least', isAnyOf: 'is one of', isAllOf: 'is all of', isNoneOf: 'is none of', isA: 'is', isPartOf: 'lies in', hasPart: 'contains' };
const dates: Record<string, string> = { ...comparisons, lt: 'is before', lteq: 'is no later than', gt: 'is after', gteq: 'is no earlier than' };

const truth = (result: boolean | 'unknown'): string => (result === 'unknown' ? 'unknown' : result ? 'yes' : 'no');
const local = (uid: string): string => uid.replace(/^[^#]*(?=#)/, '');

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(valueText).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  const { '@value': literal, '@id': id } = value as Record<string, unknown>;
  const plain = literal ?? id;
  return typeof plain === 'string' || typeof plain === 'number' || typeof plain === 'boolean' ? String(plain) : JSON.stringify(value);
}

/** A what-if: the counts, then titles and jobs with the most flips. */
export function simulationText({ decisions, affected, toRefuse, toPermit, unreproduced, titles, jobs }: WhatIf, seconds: number): string {
  const groups = (name: string, all: readonly FlipGroup[]): string[] => {
    if (all.length === 0) return [];
    const shown = all.slice(0, 20);
    const rows = shown.map((group) => [`  ${group.id}`, String(group.toRefuse), String(group.toPermit), group.sentence]);
    return ['', ...table([[name, 'to refused', 'to permitted', 'why (the first)'], ...rows]), ...(all.length > shown.length ? [`  and ${all.length - shown.length} more (--json has them all)`] : [])];
  };
  const per = seconds > 0 ? ` (${Math.round(decisions / seconds).toLocaleString('en-GB')} a second)` : '';
  return `${[`${decisions.toLocaleString('en-GB')} decisions${per}, ${affected.toLocaleString('en-GB')} of them on what changes.`, `${toRefuse.toLocaleString('en-GB')} would be refused that were permitted, ${toPermit.toLocaleString('en-GB')} permitted that were refused.`, ...(unreproduced > 0 ? [`${unreproduced.toLocaleString('en-GB')} do not come out as recorded under the licences given, and are not counted.`] : []), ...groups('title', titles), ...groups('job', jobs)].join('\n')}\n`;
}
