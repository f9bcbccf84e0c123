import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { compilePolicy, evaluate, fillTemplate, readAsk, readTemplate, vocabulary, type Ask, type CompiledPolicy, type Evaluation, type ParameterValue } from './index.js';
import { operators } from './vocabulary.js';

type Document = Record<string, unknown>;

interface CaseFile {
  about: string;
  /** A template of policies/templates, made out to urn:example:studio:north. */
  template?: string;
  values?: Record<string, ParameterValue>;
  policy?: Document;
  /** The policies that it inherits from. */
  parents?: Document[];
  /** Further licences of the same assets. */
  also?: Document[];
  request: Partial<Ask>;
  cases: Case[];
}

type Case = Partial<Ask> & {
  case: string;
  answer: 'ALLOW' | 'DENY';
  because: string;
  /** The case once for each of these words, put where "{}" stands. */
  each?: string[];
  /** What is owed after it, and until when. */
  owed?: Record<string, string | null>;
};

const folder = path.join(repositoryRoot, 'policies');
const read = (...parts: string[]): string => readFileSync(path.join(folder, ...parts), 'utf8');
const files = readdirSync(path.join(folder, 'cases')).filter((name) => name.endsWith('.json'));

function policiesOf({ template, values, policy, parents = [], also = [] }: CaseFile): [CompiledPolicy, ...CompiledPolicy[]] {
  const known = new Map<string, CompiledPolicy>();
  for (const parent of parents.map((one) => compilePolicy(one, { parents: known }))) known.set(parent.id, parent);
  const document = policy ?? fillTemplate(readTemplate(read('templates', `${template!}.yaml`)), { licensee: 'urn:example:studio:north', ...values }, 'urn:example:licence').policy;
  return [compilePolicy(document, { parents: known }), ...also.map((one) => compilePolicy(one))];
}

const filled = (one: Case): Omit<Case, 'each'>[] => {
  const { each, ...rest } = one;
  return each ? each.map((word) => JSON.parse(JSON.stringify(rest).replaceAll('{}', word)) as Case) : [rest];
};

const all = files.map((name) => {
  const file = JSON.parse(read('cases', name)) as CaseFile;
  const policies = policiesOf(file);
  return {
    name,
    cases: file.cases.flatMap(filled).map(({ case: told, answer, because, owed, ...ask }) => {
      const { request, state } = readAsk({ ...file.request, ...ask }, policies[0]);
      return { told, answer, because, owed, id: policies[0].id, request, evaluation: evaluate(policies, request, state) };
    }),
  };
});

describe.each(all)('$name', ({ cases }) => {
  test.each(cases)('$answer: $told', ({ answer, because, owed, id, evaluation: { outcome, reason, obligations } }) => {
    expect(`${outcome === 'permit' ? 'ALLOW' : 'DENY'}: ${reason.sentence}`).toContain(because);
    expect(outcome).toBe(answer === 'ALLOW' ? 'permit' : 'refuse');
    expect(reason.whatWouldChangeIt).toMatch(/^[A-Z].*\.$/);
    if (owed) expect(Object.fromEntries(obligations.map(({ duty, deadline }) => [duty.replace(id, ''), deadline]))).toEqual(owed);
  });
});

describe('the cases cover the language, in both directions', () => {
  const cases = all.flatMap((file) => file.cases);
  const both = (wordsOf: (one: (typeof cases)[number]) => Iterable<string>): Set<string> => {
    const [allowed, denied] = (['ALLOW', 'DENY'] as const).map((answer) => new Set(cases.filter((one) => one.answer === answer).flatMap((one) => [...wordsOf(one)])));
    return allowed!.intersection(denied!);
  };
  type Condition = Evaluation['trace'][number]['constraints'][number];
  const comparisons = (condition: Condition): Extract<Condition, { leftOperand: string }>[] => ('logic' in condition ? condition.of.flatMap(comparisons) : [condition]);
  const logics = (condition: Condition): string[] => ('logic' in condition ? [condition.logic, ...condition.of.flatMap(logics)] : []);
  /** What stood in the rules that settled it. */
  const settled = ({ trace, reason }: Evaluation): Evaluation['trace'] => trace.filter((rule) => rule.matched && reason.rules.includes(rule.rule));
  const current = (name: string, { means }: { means?: string }): string => means ?? name;
  const missing = (wanted: Iterable<string>, found: Set<string>): string[] => [...new Set(wanted)].filter((one) => !found.has(one));

  test('at least 150 of them', () => {
    expect(files.flatMap((name) => (JSON.parse(read('cases', name)) as CaseFile).cases).length).toBeGreaterThanOrEqual(150);
    for (const answer of ['ALLOW', 'DENY']) expect(cases.filter((one) => one.answer === answer).length).toBeGreaterThanOrEqual(60);
  });

  test('every left operand', () => {
    const wanted = [...vocabulary.leftOperands].map(([name, operand]) => current(name, operand));
    expect(missing(wanted, both(({ evaluation }) => settled(evaluation).flatMap((rule) => rule.constraints.flatMap(comparisons).map((one) => one.leftOperand))))).toEqual([]);
  });

  test('every operator, in permissions and in prohibitions, and every logical one', () => {
    const used = (kind: string) => both(({ evaluation }) => evaluation.trace.filter((rule) => rule.matched && rule.kind === kind).flatMap((rule) => rule.constraints.flatMap(comparisons).map((one) => one.operator)));
    expect([missing(operators, used('permission')), missing(operators, used('prohibition'))]).toEqual([[], []]);
    expect(missing(['and', 'or', 'xone', 'andSequence'], both(({ evaluation }) => settled(evaluation).flatMap((rule) => rule.constraints.flatMap(logics))))).toEqual([]);
  });

  test('every action, asked for', () => {
    expect(missing([...vocabulary.actions.keys()], both(({ request }) => [request.action]))).toEqual([]);
  });

  test('every action as a duty that comes first', () => {
    const wanted = [...vocabulary.actions].filter(([, action]) => !action.abstract).map(([name, action]) => current(name, action));
    expect(missing(wanted, both(({ evaluation }) => settled(evaluation).flatMap((rule) => rule.duties.filter((duty) => duty.phase === 'pre').map((duty) => duty.action))))).toEqual([]);
  });

  test('every trigger of a duty that comes after', () => {
    expect(missing(vocabulary.triggers.keys(), new Set(cases.flatMap(({ evaluation }) => evaluation.obligations.map((one) => one.trigger))))).toEqual([]);
  });
});
