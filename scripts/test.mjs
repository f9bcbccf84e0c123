// npm test [-- unit|suites|medium|e2e|trainer|kill …]: set-up, then every suite; the last line counts what really ran.
// `kill` plays the whole loop twice under kill -9 and runs only when it is named.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');
const at = (...parts) => path.join(root, ...parts);
const byDefault = ['unit', 'suites', 'medium', 'e2e', 'trainer'];
const known = [...byDefault, 'kill'];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`no such suite: ${unknown.join(', ')} (there are ${known.join(', ')}; one file: npm run jest -- PATH)`);
  process.exit(2);
}
const suites = asked.length > 0 ? known.filter((name) => asked.includes(name)) : byDefault;

const run = (program, args, env = {}) =>
  spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } }).status;

const browser = suites.includes('e2e') ? ['--browser'] : [];
if (run(process.execPath, [at('scripts/setup.mjs'), '--quiet', ...browser]) !== 0) {
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
}

const total = { passed: 0, failed: 0 };
const skipped = [];
const failures = [];
const tools = JSON.parse(readFileSync(at('.cache/tools.json'), 'utf8'));
const env = {
  BACKLOT_FFMPEG: tools.ffmpeg,
  BACKLOT_FFPROBE: tools.ffprobe,
  ...(tools.chromium ? { BACKLOT_CHROMIUM: tools.chromium } : {}),
  ...(existsSync(at('.venv/bin/python')) ? { BACKLOT_PYTHON: at('.venv/bin/python') } : {}),
};

for (const suite of suites) {
  console.log(`\n${suite}`);
  const report = at(`.cache/test-${suite}.${suite === 'trainer' ? 'xml' : 'json'}`);
  mkdirSync(path.dirname(report), { recursive: true });
  rmSync(report, { force: true });
  if (suite === 'trainer') trainer(report);
  else jest(suite, report);
}

if (skipped.length > 0) console.log(`\nskipped:\n${skipped.map((one) => `  ${one}`).join('\n')}`);
if (failures.length > 0) console.log(`\nfailed:\n${failures.map((one) => `  ${one}`).join('\n')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${skipped.length} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

function fail(what) {
  total.failed += 1;
  failures.push(what);
}

function jest(suite, report) {
  // The sources' own threads start outside jest's sandbox: they need the same way of reading TypeScript.
  const args = ['--import', pathToFileURL(at('test/support/typescript.mjs')).href, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning', at('node_modules/jest/bin/jest.js')];
  args.push('--selectProjects', suite, '--passWithNoTests', '--json', '--outputFile', report);
  // The browser, the database and ffmpeg of two whole products at once would only time each other out.
  if (suite === 'e2e' || suite === 'kill') args.push('--runInBand');
  const code = spawnSync(at('node_modules/.bin/node'), args, {
    cwd: root,
    // With --json jest prints the report itself to standard output; people read the other stream.
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  }).status;
  if (!existsSync(report)) return fail(`${suite}: jest ended with ${code} and no report`);
  const failedBefore = total.failed;
  for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) {
    const name = path.relative(root, file.name);
    for (const { status, fullName } of file.assertionResults) {
      if (status === 'passed') total.passed += 1;
      else if (status === 'failed') fail(`${name}: ${fullName}`);
      else skipped.push(`${name}: ${fullName}`);
    }
    // A file that does not load has no tests to count, and must not pass for that.
    if (file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed')) fail(`${name}: does not run`);
  }
  if (code !== 0 && total.failed === failedBefore) fail(`${suite}: jest ended with ${code}`);
}

function trainer(report) {
  const python = at('.venv/bin/python');
  if (!existsSync(at('apps/trainer'))) return console.log('apps/trainer does not exist');
  if (!existsSync(python) || spawnSync(python, ['-c', 'import pytest']).status !== 0) {
    return void skipped.push('apps/trainer: pytest is not in .venv');
  }
  const code = run(python, ['-m', 'pytest', 'apps/trainer', '-q', '-p', 'no:cacheprovider', `--junitxml=${report}`], env);
  if (code === 5) return console.log('apps/trainer has no tests');
  if (!existsSync(report)) return fail(`trainer: pytest ended with ${code} and no report`);
  const failedBefore = total.failed;
  for (const [, attributes, body] of readFileSync(report, 'utf8').matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)) {
    const part = (name) => new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? '';
    const name = `${part('classname')}: ${part('name')}`;
    if (/<(failure|error)\b/.test(body ?? '')) fail(name);
    else if (/<skipped\b/.test(body ?? '')) skipped.push(`${name} (${/message="([^"]*)"/.exec(body)?.[1] ?? 'no reason given'})`);
    else total.passed += 1;
  }
  if (code !== 0 && total.failed === failedBefore) fail(`trainer: pytest ended with ${code}`);
}
