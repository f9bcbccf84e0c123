import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import { Refusal } from '#libs/platform';
import { diffPolicies, evaluate, type Evaluation, type PolicyRequest, proseMarkdown, proseText, readAsk, type Recorded, renderPolicy, Replay, vocabulary, type WhatIf, type WorldState } from '#libs/rights';
import { evaluationText, simulationText, table } from './answers.js';
import { Invalid, Misused, type PolicyFile, type Problem, problemText, readPolicies, readPolicyFile, textOf } from './files.js';

/** The verbs of `backlot policy`: files in, an answer out. */

export interface CheckOptions {
  set?: string[];
  json?: boolean;
}

export interface ExplainOptions extends CheckOptions {
  action?: string;
  target?: string;
  in?: string[];
  segment?: string;
  at?: string;
  as?: string[];
  purpose?: string;
  spatial?: string;
  tenant?: string;
  count?: string[];
  fact?: string[];
  done?: string[];
  request?: string;
  parent?: string[];
}

export interface RenderOptions extends CheckOptions {
  markdown?: boolean;
  parent?: string[];
}

export interface SimulateOptions extends CheckOptions {
  recorded: string;
  before?: string[];
}

/** What a verb says, and whether all is well. */
export interface Answer {
  text: string;
  json: unknown;
  well: boolean;
}

export async function check(files: readonly string[], { set }: CheckOptions): Promise<Answer> {
  const { policies, problems } = await readPolicies(files, set);
  for (const policy of policies) problems.push(...unanswered(policy));
  const wrong = new Set(problems.map((problem) => problem.file));
  const right = policies.filter((policy) => !wrong.has(policy.file));
  const rows = right.map(({ file, compiled: { title, version, policy, sha256 } }) => ['ok', file, title, `version ${version}`, `${policy.rules.length} rules`, sha256.slice(0, 12)]);
  return {
    text: [...table(rows), ...problems.map(problemText)].map((line) => `${line}\n`).join(''),
    json: { files: right.map(({ file, compiled: { id, version, title, sha256 } }) => ({ file, id, version, title, sha256 })), problems },
    well: problems.length === 0,
  };
}

/** Examples of a template that it answers otherwise than it says. */
function unanswered(policy: PolicyFile): Problem[] {
  return (policy.contract?.examples ?? []).flatMap(({ case: told, answer, because, ask }, at): Problem[] => {
    const { outcome, reason } = answerOf(policy, ask);
    if (outcome === (answer === 'ALLOW' ? 'permit' : 'refuse') && reason.sentence.includes(because)) return [];
    const line = policy.line(`/examples/${at}`);
    return [{ file: policy.file, path: `/examples/${at}`, ...(line === undefined ? {} : { line }), problem: `“${told}” should be ${answer}, because of “${because}”, and is: ${reason.sentence}` }];
  });
}

function answerOf({ compiled }: PolicyFile, ask: unknown): Evaluation {
  const { request, state } = readAsk(ask, compiled);
  return evaluate([compiled], request, state);
}

export async function explain(file: string, options: ExplainOptions): Promise<Answer> {
  const policy = await readPolicyFile(file, options.set, options.parent);
  if (options.action === undefined && options.request === undefined) return explainExamples(policy);
  const { request, state } = await questionOf(policy, options);
  const evaluation = evaluate([policy.compiled], request, state);
  return { text: evaluationText(evaluation, request, policy), json: evaluation, well: evaluation.outcome === 'permit' };
}

function explainExamples(policy: PolicyFile): Answer {
  const examples = policy.contract?.examples ?? [];
  if (examples.length === 0) throw new Misused(`Nothing was asked of ${policy.file}.`, 'Give --action and what is known, or --request FILE; only templates have examples of their own.');
  const wrong = unanswered(policy);
  const asked = examples.map(({ case: told, answer, ask }) => {
    const { request, state } = readAsk(ask, policy.compiled);
    return { case: told, answer, request, evaluation: evaluate([policy.compiled], request, state) };
  });
  const text = asked.map(({ case: told, request, evaluation }) => `${told}\n${'-'.repeat(told.length)}\n${evaluationText(evaluation, request, policy)}`).join('\n');
  return {
    text: `${text}${wrong.map((problem) => `${problemText(problem)}\n`).join('')}`,
    json: { examples: asked.map(({ case: told, answer, evaluation }) => ({ case: told, answer, evaluation })), problems: wrong },
    well: wrong.length === 0,
  };
}

/** The question: what a file asks, and what the options say instead. */
async function questionOf({ compiled, file }: PolicyFile, options: ExplainOptions): Promise<{ request: PolicyRequest; state: WorldState }> {
  const asked = options.request === undefined ? {} : await readQuestion(options.request);
  // A recorded decision has its own request and state, whole.
  if ('request' in asked) return { request: asked.request as PolicyRequest, state: (asked.state ?? { performed: [] }) as WorldState };
  const { rules } = compiled.policy;
  const first = rules[0]?.targets[0]?.id;
  const licensees = [...new Set(rules.flatMap((rule) => rule.assignees.map((party) => party.id)))];
  const segment = /^(\d+)-(\d+)@(\S+)$/.exec(options.segment ?? '');
  if (options.segment !== undefined && !segment) throw new Misused(`"${options.segment}" is not a range of frames.`, 'Write --segment first-end@rate, for example 100-200@24000/1001.');
  const ask = {
    now: new Date().toISOString(),
    assignee: licensees,
    ...(options.target === undefined && options.in === undefined && asked.target === undefined && asked.in === undefined && first ? { in: [first] } : {}),
    ...asked,
    ...Object.fromEntries(Object.entries({ action: options.action, target: options.target, in: options.in, now: options.at, assignee: options.as, purpose: options.purpose, spatial: options.spatial, modelTenant: options.tenant }).filter(([, value]) => value !== undefined)),
    ...(segment ? { segment: [Number(segment[1]), Number(segment[2]), segment[3]] } : {}),
    ...(options.count ? { counts: Object.fromEntries(options.count.map((one) => pair(one, '--count')).map(([name, value]) => [name, Number(value)])) } : {}),
    ...(options.fact ? { facts: Object.fromEntries(options.fact.map((one) => pair(one, '--fact')).map(([name, value]) => [name, factOf(name, value)])) } : {}),
    ...(options.done ? { done: options.done.map((one) => (one.includes('@') ? { duty: one.slice(0, one.indexOf('@')), at: one.slice(one.indexOf('@') + 1) } : { duty: one, at: options.at ?? new Date().toISOString() })) } : {}),
  };
  try {
    return readAsk(ask, compiled);
  } catch (error) {
    if (error instanceof Refusal) throw new Misused(`The question to ${file} is not complete: ${(error as Refusal & { path?: string; problem?: string }).path ?? ''} ${(error as Refusal & { problem?: string }).problem ?? error.message}.`, 'Give --action, and in a request file only what `backlot policy explain --help` names.');
    throw error;
  }
}

async function readQuestion(file: string): Promise<Record<string, unknown>> {
  const text = await textOf(file);
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Misused(`${file} is neither JSON nor YAML (${error.message.split('\n')[0]!}).`, 'Give a question such as {"action": "fineTune", "now": "2026-02-03T10:00:00Z"}.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Misused(`${file} holds no question.`, 'Give a question such as {"action": "fineTune", "now": "2026-02-03T10:00:00Z"}.');
  return value as Record<string, unknown>;
}

function pair(text: string, option: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0) throw new Misused(`"${text}" is not a name and a value.`, `Write ${option} name=value.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function factOf(name: string, text: string): string | number | boolean | string[] {
  const operand = vocabulary.leftOperands.get(name) ?? vocabulary.leftOperands.get(`odrl:${name}`);
  if (operand?.many) return text.split(',').filter((one) => one !== '');
  if (operand?.type === 'boolean') return text === 'true';
  return operand && ['integer', 'decimal'].includes(operand.type) ? Number(text) : text;
}

export async function diff(before: string, after: string, { set }: CheckOptions): Promise<Answer> {
  const [was, is] = [await readPolicyFile(before, set), await readPolicyFile(after, set)];
  const changes = diffPolicies(was.compiled, is.compiled, { name: (id) => is.contract?.names.get(id) ?? was.contract?.names.get(id) });
  const rows = changes.map(({ effect, rule, clause, words }) => [effect, clause === undefined ? rule.replace(/^[^#]*(?=#)/, '') : `clause ${clause}`, words]);
  return {
    text: changes.length === 0 ? 'Nothing that matters to a decision or a duty has changed.\n' : table(rows).map((line) => `${line}\n`).join(''),
    json: changes,
    well: changes.every(({ effect }) => effect === 'tightens' || effect === 'neutral'),
  };
}

export async function render(file: string, { markdown, set, parent }: RenderOptions): Promise<Answer> {
  const { compiled, contract } = await readPolicyFile(file, set, parent);
  const prose = renderPolicy(compiled, contract ? { contract } : {});
  return { text: markdown ? proseMarkdown(prose) : proseText(prose), json: prose, well: true };
}

export async function simulate(drafts: readonly string[], { recorded, before, set }: SimulateOptions): Promise<Answer> {
  const [after, now] = [await readPolicies(drafts, set), await readPolicies(before ?? [], set)];
  const problems = [...after.problems, ...now.problems];
  if (problems.length > 0) throw new Invalid(problems);
  const replay = new Replay(now.policies.map(({ compiled }) => compiled), after.policies.map(({ compiled }) => compiled));
  const started = performance.now();
  for await (const one of decisionsOf(recorded)) replay.add(one);
  const found: WhatIf = replay.result();
  return { text: simulationText(found, (performance.now() - started) / 1000), json: found, well: found.toRefuse + found.toPermit === 0 };
}

/** The decisions of a file, a line each; a line that is none stops with its number. */
async function* decisionsOf(file: string): AsyncGenerator<Recorded> {
  const input = createReadStream(file, 'utf8');
  const opened = new Promise<void>((resolve, reject) => {
    input.once('open', () => resolve());
    input.once('error', (error: NodeJS.ErrnoException) => reject(new Misused(`${file} cannot be read (${error.code ?? error.message}).`, 'Give --recorded a file with a decision on each line.')));
  });
  await opened;
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() !== '') yield decisionOf(text, file, line);
  }
}

function decisionOf(text: string, file: string, line: number): Recorded {
  const wrong = (problem: string): Invalid => new Invalid([{ file, path: '', line, problem }]);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw wrong('it is not JSON');
  }
  const { request, state = { performed: [] }, outcome, scope } = (value ?? {}) as Partial<Record<keyof Recorded, unknown>>;
  const asked = request as PolicyRequest | null | undefined;
  if (typeof asked !== 'object' || asked === null || !Array.isArray(asked.targets) || typeof asked.action !== 'string') throw wrong('a decision has a request with an action and targets');
  if (typeof state !== 'object' || state === null || !Array.isArray((state as WorldState).performed)) throw wrong('the state of a decision lists the duties performed');
  if (outcome !== undefined && outcome !== 'permit' && outcome !== 'refuse') throw wrong('an outcome is "permit" or "refuse"');
  return { request: asked, state: state as WorldState, ...(outcome === undefined ? {} : { outcome }), ...(typeof scope === 'string' ? { scope } : {}) };
}
