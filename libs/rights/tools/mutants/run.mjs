import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import jest from '../../../../jest.config.mjs';

/**
 * `npm run mutants [-- NAME…]`: changes the evaluator in every small way, one at a time, and counts the changes that a test notices.
 * A loop of its own on Stryker's instrumenter: Stryker runs all tests for a change that is reached while their files load, which is nearly every one here.
 */
const lib = path.resolve(import.meta.dirname, '../..');
const policy = path.join(lib, 'src/policy');
const root = path.resolve(lib, '../..');
const least = 0.9;
/** Slow to load or to run, and about what becomes of a policy before and after the evaluator. */
const apart = ['bad-input', 'diff', 'render', 'syntaxes', 'template'];
/** So that modules, which are never unloaded, do not fill the memory. */
const mutantsOfAWorker = 60;

const asked = process.argv.slice(2);
const files = ['compile', 'conditions', 'duties', 'evaluate', 'meet', 'ranges', 'segments'].filter((name) => asked.length === 0 || asked.includes(name)).map((name) => path.join(policy, `${name}.ts`));
const tests = readdirSync(policy).filter((name) => name.endsWith('.test.ts') && !apart.includes(name.replace('.test.ts', '')));
const sources = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));

const quiet = { isDebugEnabled: () => false, debug: () => undefined, info: () => undefined, warn: console.warn };
// What words a message or a bug's exception has is read by people, not by tests.
const options = { plugins: null, excludedMutations: ['StringLiteral'], ignorers: [], noHeader: false };
const made = await new Instrumenter(quiet).instrument([...sources].map(([name, content]) => ({ name, content, mutate: true })), options);
const mutants = made.mutants.filter(({ status }) => status !== 'Ignored');

const swc = { ...Object.values(jest.projects[0].transform)[0][1], sourceMaps: false };
const given = { ask: 'begin', lib, policy, instrumented: new Map(made.files.map(({ name, content }) => [name, content])), swc, seed: 20_260_501 };

/** The answer of a worker; undefined when it gave none in time or had not the memory for one. */
async function answerOf(worker, message, ms) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const timer = setTimeout(resolve, ms);
  worker.once('message', ({ answer }) => resolve(answer));
  worker.once('exit', (code, signal) => (signal === 'SIGABRT' ? resolve() : reject(new Error(`a worker ended with ${code ?? signal}`))));
  worker.send(message);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    worker.removeAllListeners();
  }
}

// A process and not a thread: it can be ended in the middle of anything.
async function start() {
  const worker = fork(path.join(import.meta.dirname, 'worker.mjs'), { serialization: 'advanced', execArgv: ['--max-old-space-size=2048'] });
  await answerOf(worker, given, 60_000);
  return worker;
}

if (files.length === 0) throw new Error(`no such files: ${asked.join()}`);

const first = await start();
const { tried, coverage } = await answerOf(first, { ask: 'try', files: tests }, 600_000);
first.kill('SIGKILL');

/** The tests that reach a mutant, the quickest first. */
function planOf(id) {
  const reaches = (test) => coverage.perTest[test]?.[id] !== undefined;
  return tried
    .map(({ file, ms, tests }) => {
      const whole = coverage.static[id] !== undefined || reaches(file);
      const chosen = [...tests.keys()].filter((at) => whole || reaches(tests[at].id)).sort((a, b) => tests[a].ms - tests[b].ms);
      return { file, at: chosen, ms: ms + chosen.reduce((sum, at) => sum + tests[at].ms, 0) };
    })
    .filter(({ at }) => at.length > 0)
    .sort((a, b) => a.ms - b.ms);
}

const hitsOf = (id) => [coverage.static, ...Object.values(coverage.perTest)].reduce((sum, hits) => sum + (hits[id] ?? 0), 0);
const shown = (text) => JSON.stringify(text.replace(/\s+/g, ' ')).slice(1, -1).slice(0, 90);

function textAt(file, { start: from, end }) {
  const lines = sources.get(file).split('\n').slice(from.line, end.line + 1);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column);
  lines[0] = lines[0].slice(from.column);
  return lines.join('\n');
}

let worker = await start();
let run = 0;
let low = false;
for (const file of files) {
  const survivors = [];
  const own = mutants.filter(({ fileName }) => fileName === file);
  for (const mutant of own) {
    const plan = planOf(mutant.id);
    const expected = plan.reduce((sum, { ms }) => sum + ms, 0);
    // An endless loop comes by the mutant again and again; what does not is stopped by the clock.
    const found = plan.length === 0 ? {} : await answerOf(worker, { ask: 'hunt', id: mutant.id, hitLimit: Math.max(1_000_000, 100 * hitsOf(mutant.id)), plan }, 10_000 + 10 * expected);
    if (found && found.by === undefined) survivors.push({ ...mutant, unreached: plan.length === 0 });
    run += 1;
    if (found && run % mutantsOfAWorker !== 0) continue;
    worker.kill('SIGKILL');
    worker = await start();
  }
  const killed = own.length - survivors.length;
  if (killed < least * own.length) low = true;
  console.log(`${path.basename(file)} ${killed}/${own.length}`);
  for (const { location, mutatorName, replacement, unreached } of survivors)
    console.log(`  ${path.relative(root, file)}:${location.start.line + 1}:${location.start.column + 1} ${mutatorName}: ${shown(textAt(file, location))} -> ${shown(replacement)}${unreached ? ' (no test comes by)' : ''}`);
}
worker.kill('SIGKILL');
process.exitCode = low ? 1 : 0;
