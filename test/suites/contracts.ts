import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { compilePolicy, evaluate, type CompiledPolicy, type Facts, type PolicyRequest } from '#libs/rights';
import { repositoryRoot } from '#libs/platform';
import { attempt, type Case } from './suite.js';

/** One question to a contract, as a lawyer would put it. */
interface Question {
  case: string;
  answer: 'ALLOW' | 'DENY';
  /** The rule that settles it: the permission that holds or the prohibition that forbids. A DENY without one: nothing allows it and nothing forbids it. */
  by?: string;
  action: string;
  assignee: string[];
  now: string;
  target: string;
  /** What the target lies in. */
  in: string[];
  /** [first frame, end frame, rate] */
  segment?: [number, number, string];
  purpose?: string | null;
  spatial?: string | null;
  modelTenant?: string | null;
  /** Uses so far. */
  uses?: number | null;
  facts?: Record<string, Facts[string] | null>;
  done?: string[];
  doneAt?: string;
  /** Duties that begin with it and their deadlines; null where the deadline is counted from something later. */
  begins?: Record<string, string | null>;
  /** Further contracts that the target is under. */
  and?: string[];
}

interface Questions {
  about: string;
  contract: string;
  request: Partial<Question>;
  cases: (Partial<Question> & Pick<Question, 'case' | 'answer'>)[];
}

/**
 * Contracts (JSON-LD) of a folder, asked the questions of test/suites/contracts and of tables ("contract", "cases") that lie in the folder itself.
 * A contract without questions must still load.
 *
 * The contracts are written in a draft of the profile under another name. Its IRI is what the contract declares as its profile; that IRI, its prefix and the ids
 * under urn:<prefix>: are renamed to Backlot's.
 */
export async function contracts(folder: string): Promise<Case[]> {
  const own = path.join(repositoryRoot, 'test/suites/contracts');
  const read = async (dir: string): Promise<{ file: string; json: Record<string, unknown> }[]> =>
    Promise.all((await readdir(dir)).filter((file) => /\.json(ld)?$/.test(file)).sort().map(async (file) => ({ file, json: JSON.parse(await readFile(path.join(dir, file), 'utf8')) as Record<string, unknown> })));
  const there = await read(folder);
  const isTable = ({ json }: { json: Record<string, unknown> }): boolean => Array.isArray(json.cases);
  const tables = [...(await read(own)), ...there].filter(isTable).map(({ json }) => json as unknown as Questions);
  const documents = there.filter((one) => !isTable(one)).map(({ file, json }) => ({ file, renamed: renamed(json) }));
  const compiled = new Map<string, CompiledPolicy>();
  const cases: Case[] = [];
  for (const { file, renamed } of documents) {
    cases.push(
      await attempt(`${file} loads`, async () => {
        const policy = compilePolicy(renamed);
        compiled.set(policy.id, policy);
        return { expected: { contract: 'strict' }, got: { contract: policy.policy.strict ? 'strict' : 'not strict' } };
      }),
    );
  }
  for (const { contract, request, cases: questions } of tables) {
    const policy = compiled.get(contract);
    if (!policy) continue;
    for (const question of questions) {
      const asked = { ...request, ...question, facts: { ...request.facts, ...question.facts } } as Question;
      cases.push(await attempt(`${contract.replace(/^.*:/, '')}: ${asked.case}`, async () => answer([policy, ...(asked.and ?? []).map((id) => compiled.get(id)!)], asked)));
    }
  }
  return cases;
}

function answer(policies: CompiledPolicy[], asked: Question): Omit<Case, 'name'> {
  const [{ id }] = policies as [CompiledPolicy];
  const known = <T extends object>(values: T): T => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined)) as T;
  const { action, assignee, now, target, segment, purpose, spatial, modelTenant, uses, facts, done = [], doneAt, begins, by } = asked;
  const request = {
    action,
    assignee,
    now,
    targets: [{ id: target, ancestors: asked.in, ...(segment ? { segment: { first: segment[0], end: segment[1], rate: segment[2] } } : {}) }],
    ...known({ purpose, spatial, modelTenant, counts: typeof uses === 'number' ? Object.fromEntries(policies.flatMap(({ policy }) => policy.rules.map(({ uid }) => [uid, uses]))) : undefined }),
    facts: known(facts ?? {}),
  } as PolicyRequest;
  const evaluation = evaluate(policies, request, { performed: done.map((duty) => ({ duty: `${id}${duty}`, at: doneAt ?? now })) });
  const kind = evaluation.outcome === 'permit' ? 'permission' : 'prohibition';
  const settled = evaluation.trace.filter((trace) => trace.active && trace.kind === kind).map((trace) => trace.rule.replace(/^.*#/, '#'));
  const started = Object.fromEntries(evaluation.obligations.map(({ duty, deadline }) => [duty.replace(id, ''), deadline]));
  return {
    expected: { answer: asked.answer, by: by ?? 'nothing', ...(begins ? { begins: JSON.stringify(begins) } : {}) },
    got: {
      answer: evaluation.outcome === 'permit' ? 'ALLOW' : 'DENY',
      by: by !== undefined && settled.includes(by) ? by : (settled[0] ?? 'nothing'),
      ...(begins ? { begins: JSON.stringify(Object.fromEntries(Object.keys(begins).map((duty) => [duty, duty in started ? started[duty] : 'is not begun']))) } : {}),
    },
  };
}

/** The contract in the words of Backlot's profile. */
export function renamed(document: Record<string, unknown>): Record<string, unknown> {
  const iri = String(document.profile);
  const [prefix] = Object.entries(Object.assign({}, ...[document['@context']].flat().filter((part) => typeof part === 'object')) as Record<string, unknown>).find(([, value]) => value === iri) ?? [];
  if (iri === PROFILE || prefix === undefined) return document;
  const rename = (text: string): string => {
    if (text.startsWith(iri)) return PROFILE + text.slice(iri.length);
    if (text.startsWith(`${prefix}:`)) return `backlot:${text.slice(prefix.length + 1)}`;
    return text.startsWith(`urn:${prefix}:`) ? `urn:backlot:${text.slice(prefix.length + 5)}` : text;
  };
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return rename(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, content]) => [key === prefix ? 'backlot' : rename(key), walk(content)]));
  };
  return walk(document) as Record<string, unknown>;
}

const PROFILE = 'urn:backlot:profile:';
