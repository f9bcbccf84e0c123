import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Refusal } from '#libs/platform';
import { compilePolicy, exampleValues, fillTemplate, lineOf, readPolicy, readTemplate, type CompiledPolicy, type Contract, type ParameterValue } from '#libs/rights';

/** A policy file, compiled: JSON-LD, Turtle, or a template filled with its example values and those that were given. */
export interface PolicyFile {
  file: string;
  compiled: CompiledPolicy;
  contract?: Contract;
  /** The line of a path in the file. */
  line: (path: string) => number | undefined;
}

export interface Problem {
  file: string;
  path: string;
  line?: number;
  problem: string;
}

/** A command that was not given what it needs: exit code 2. */
export class Misused extends Refusal {
  constructor(message: string, wayOut: string) {
    super('BAD_ARGUMENT', message, wayOut);
  }
}

/** Files that are not what they should be, each with path and line: exit code 1. */
export class Invalid extends Error {
  constructor(readonly problems: Problem[]) {
    super(problems.map(problemText).join('\n'));
  }
}

export const problemText = ({ file, path: at, line, problem }: Problem): string => `${file}${line === undefined ? '' : `:${line}`}: ${at === '' ? '' : `${at}: `}${problem}`;

interface Opened {
  file: string;
  text: string;
  document: unknown;
  contract?: Contract;
}

/** Reads files as policies; those that inherit find their parents among them. Problems are collected, so that one run tells all of them. */
export async function readPolicies(files: readonly string[], given: readonly string[] = []): Promise<{ policies: PolicyFile[]; problems: Problem[] }> {
  const problems: Problem[] = [];
  const opened: Opened[] = [];
  for (const file of files) {
    const text = await textOf(file);
    try {
      opened.push(await open(file, text, given));
    } catch (error) {
      problems.push(problemOf(error, file, text));
    }
  }
  const parents = new Map<string, CompiledPolicy>();
  const policies = new Map<Opened, PolicyFile>();
  // A child is tried again as long as another file may turn out to be its parent.
  for (let waiting = opened, before = -1; waiting.length > 0 && waiting.length !== before; ) {
    before = waiting.length;
    const failed = new Map<Opened, Problem>();
    for (const one of waiting) {
      try {
        const compiled = compilePolicy(one.document, { parents });
        parents.set(compiled.id, compiled);
        policies.set(one, { file: one.file, compiled, ...(one.contract ? { contract: one.contract } : {}), line: (at) => placeOf(one, at)?.line });
      } catch (error) {
        failed.set(one, problemOf(error, one.file, one.text, one.contract));
      }
    }
    waiting = [...failed.keys()];
    if (waiting.length === before) problems.push(...failed.values());
  }
  return { policies: opened.flatMap((one) => policies.get(one) ?? []), problems };
}

/** One policy from one file, with the files of its parents. */
export async function readPolicyFile(file: string, given: readonly string[] = [], parents: readonly string[] = []): Promise<PolicyFile> {
  const { policies, problems } = await readPolicies([...parents, file], given);
  if (problems.length > 0) throw new Invalid(problems);
  return policies.at(-1)!;
}

/** The text of a file. */
export async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EISDIR' && code !== 'EACCES') throw error;
    throw new Misused(`${file} cannot be read (${code}).`, 'Give the path of a policy file: JSON-LD, Turtle or a YAML template.');
  }
}

async function open(file: string, text: string, given: readonly string[]): Promise<Opened> {
  if (/\.ya?ml$/i.test(file)) {
    const template = readTemplate(text);
    const values: Record<string, ParameterValue> = exampleValues(template);
    for (const one of given) {
      const [, key, value] = /^([a-z][a-z0-9_]*)=(.*)$/s.exec(one) ?? [];
      if (key === undefined) throw new Misused(`"${one}" is not a value for a template.`, 'Write --set name=value.');
      const type = template.parameters[key]?.type;
      if (type === undefined) throw new Misused(`${file} has no parameter ${key}.`, `Its parameters: ${Object.keys(template.parameters).join(', ')}.`);
      values[key] = ['parties', 'assets', 'words', 'places'].includes(type) ? value!.split(',').filter((item) => item !== '') : type === 'number' || type === 'amount' ? Number(value) : value!;
    }
    const contract = fillTemplate(template, values, `urn:backlot:template:${path.basename(file).replace(/\.ya?ml$/i, '')}`);
    return { file, text, document: contract.policy, contract };
  }
  return { file, text, document: await readPolicy(text) };
}

function problemOf(error: unknown, file: string, text: string, contract?: Contract): Problem {
  if (!(error instanceof Refusal) || error instanceof Misused) throw error;
  const { path: at = '', problem = error.message } = error as Refusal & { path?: string; problem?: string };
  const place = placeOf({ text, ...(contract ? { contract } : {}) }, at);
  return { file, path: place?.path ?? at, problem, ...(place?.line === undefined ? {} : { line: place.line }) };
}

/** Where a path of the policy is in the file; Turtle's own refusals name their line themselves. */
function placeOf({ text, contract }: { text: string; contract?: Contract }, at: string): { path: string; line?: number } | undefined {
  const own = contract?.origin(at) ?? at;
  const [, line] = /\bline (\d+)/.exec(own) ?? [];
  if (line !== undefined) return { path: own, line: Number(line) };
  if (!/^\s*[{[]/.test(text) && contract === undefined && !own.startsWith('/')) return undefined;
  const found = lineOf(text, own);
  return { path: own, ...(found ? { line: found.line } : {}) };
}
