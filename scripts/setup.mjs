// Everything a clone needs besides Node >= 20.20, Python >= 3.11 and git: npm packages (Node 24 among them), the
// trainer's Python environment, ffmpeg, the build. Runs on the system's Node and uses nothing but it. Doing it again
// takes under a second: each part has a stamp. `--quiet` prints only what it does; `--browser` also looks for Chromium.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const at = (...parts) => path.join(root, ...parts);
const quiet = process.argv.includes('--quiet');
const isRoot = process.getuid?.() === 0;
/** What later steps need to know: where ffmpeg, ffprobe and Chromium are. Read by the supervisor and by scripts/test.mjs. */
const toolsFile = at('.cache/tools.json');

class Unmet extends Error {}

const say = (line) => console.log(`set-up: ${line}`);
const note = (line) => {
  if (!quiet) say(line);
};
const text = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const hash = (...parts) => parts.reduce((sum, part) => sum.update(part).update('\0'), createHash('sha256')).digest('hex');

/** Runs a step with its output shown; throws the way out when it fails. */
function run(program, args, wayOut, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (error || status !== 0) throw new Unmet(`${wayOut} (${program} ${error ? error.message : `ended with ${status}`})`);
}

/** First line a program prints, or undefined when it does not run. */
function answer(program, ...args) {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  return status === 0 ? stdout : undefined;
}

let aptReady = false;
/** Debian's packages, where we may install them. Returns whether it worked. */
function apt(...packages) {
  if (!isRoot || answer('apt-get', '--version') === undefined) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0;
  say(`installing the system packages ${packages.join(', ')}`);
  aptReady ||= apt('-qq', 'update');
  return apt('-qq', '-y', '--no-install-recommends', 'install', ...packages);
}

// --- Node and npm packages ---------------------------------------------------------------------------------------

function node() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 20)) {
    throw new Unmet(`Node ${process.versions.node} is too old; install Node 20.20 or newer`);
  }
}

function npmPackages() {
  const lock = text(at('package-lock.json'));
  const stampFile = at('node_modules/.backlot-stamp');
  const stamp = hash(lock, `${process.platform}-${process.arch}`);
  if (text(stampFile) === stamp) return note('npm packages are up to date');
  if (!matches(lock)) {
    say('installing npm packages (about a minute)');
    run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], 'npm packages could not be installed; see npm above, check the network and run it again');
  }
  const version = answer(at('node_modules/.bin/node'), '--version');
  if (!version?.startsWith('v24.')) {
    throw new Unmet('the npm package `node` has not put Node 24 into node_modules; allow its install script (npm config ignore-scripts must be false)');
  }
  writeFileSync(stampFile, stamp);
}

/** Whether node_modules holds what the lock names: after `npm install` by hand there is nothing to repeat. */
function matches(lock) {
  const installed = text(at('node_modules/.package-lock.json'));
  if (!installed || !existsSync(at('node_modules/.bin/node'))) return false;
  const there = JSON.parse(installed).packages;
  return Object.entries(JSON.parse(lock).packages).every(
    ([name, { version, optional }]) => name === '' || (there[name] ? there[name].version === version : optional),
  );
}

// --- Python ------------------------------------------------------------------------------------------------------

function python() {
  const requirements = text(at('apps/trainer/requirements.txt'));
  if (!requirements) return note('no Python environment: apps/trainer/requirements.txt does not exist');
  const venv = at('.venv/bin/python');
  const index = process.env.BACKLOT_TORCH_INDEX ?? '';
  const stampFile = at('.venv/.backlot-stamp');
  const stamp = hash(requirements, index);
  if (text(stampFile) === stamp && answer(venv, '--version')) return note('Python environment is up to date');

  if (!answer(venv, '-m', 'pip', '--version')) {
    const interpreter = interpreters().next().value;
    if (!interpreter) throw new Unmet('Python 3.11 or newer was not found; install python3 (Debian: apt install python3 python3-venv)');
    say(`making the Python environment .venv with ${interpreter}`);
    rmSync(at('.venv'), { recursive: true, force: true });
    const make = () => spawnSync(interpreter, ['-m', 'venv', at('.venv')], { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
    if (!make() && !(apt('python3-venv') && make())) {
      throw new Unmet(`${interpreter} cannot make a virtual environment; install its venv module (Debian: apt install python3-venv)`);
    }
  }
  say('installing the trainer\'s Python packages (a few minutes the first time)');
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', at('apps/trainer/requirements.txt')];
  if (index) install.push('--extra-index-url', index);
  run(venv, install, 'the Python packages could not be installed; see pip above, check the network and the free disk (2 GB)');
  writeFileSync(stampFile, stamp);
}

/** Interpreters that run (a pyenv shim may not) and are new enough, the machine's usual one first. */
function* interpreters() {
  for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11', 'python']) {
    if (answer(name, '-c', 'import sys; assert sys.version_info >= (3, 11)') !== undefined) yield name;
  }
}

// --- ffmpeg ------------------------------------------------------------------------------------------------------

/** ffmpeg is of use only with an H.264 encoder: proxies, clips and outputs are H.264. */
const usableFfmpeg = (file) => file && answer(file, '-hide_banner', '-encoders')?.includes('libx264');
const usableFfprobe = (file) => file && answer(file, '-hide_banner', '-version') !== undefined;

function ffmpeg(known) {
  const given = { ffmpeg: process.env.BACKLOT_FFMPEG, ffprobe: process.env.BACKLOT_FFPROBE };
  if (given.ffmpeg && !usableFfmpeg(given.ffmpeg)) throw new Unmet(`BACKLOT_FFMPEG=${given.ffmpeg} does not run or lacks libx264; name an ffmpeg that has it`);
  if (given.ffprobe && !usableFfprobe(given.ffprobe)) throw new Unmet(`BACKLOT_FFPROBE=${given.ffprobe} does not run; name an ffprobe that does`);

  const found = {
    ffmpeg: given.ffmpeg || [known.ffmpeg, 'ffmpeg'].find((file) => usableFfmpeg(file)),
    ffprobe: given.ffprobe || [known.ffprobe, 'ffprobe'].find((file) => usableFfprobe(file)),
  };
  if ((!found.ffmpeg || !found.ffprobe) && apt('ffmpeg')) {
    if (usableFfmpeg('ffmpeg')) found.ffmpeg ??= 'ffmpeg';
    if (usableFfprobe('ffprobe')) found.ffprobe ??= 'ffprobe';
  }
  // Packages that carry the program itself; they download nothing when they are installed.
  const tools = at('.cache/tools');
  if (!found.ffmpeg) {
    say('installing ffmpeg from the Python package imageio-ffmpeg');
    const interpreter = [at('.venv/bin/python'), ...interpreters()].find((one) => answer(one, '-m', 'pip', '--version'));
    if (interpreter) {
      spawnSync(interpreter, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--upgrade', '--target', tools, 'imageio-ffmpeg==0.6.0'], { stdio: 'inherit' });
      const folder = path.join(tools, 'imageio_ffmpeg/binaries');
      const name = existsSync(folder) && readdirSync(folder).find((file) => file.startsWith('ffmpeg'));
      if (name && usableFfmpeg(path.join(folder, name))) found.ffmpeg = path.join(folder, name);
    }
  }
  if (!found.ffprobe) {
    const name = `@ffprobe-installer/${process.platform}-${process.arch}`;
    say(`installing ffprobe from the npm package ${name}`);
    spawnSync('npm', ['install', '--no-save', '--no-fund', '--no-audit', '--ignore-scripts', '--loglevel=error', '--prefix', tools, name], { stdio: 'inherit' });
    const file = path.join(tools, 'node_modules', name, 'ffprobe');
    if (existsSync(file)) chmodSync(file, 0o755);
    if (usableFfprobe(file)) found.ffprobe = file;
  }
  for (const name of ['ffmpeg', 'ffprobe']) {
    if (!found[name]) throw new Unmet(`${name} was not found and could not be installed; install the system package ffmpeg, or give BACKLOT_${name.toUpperCase()}`);
    if (found[name] !== known[name]) say(`${name} is ${found[name]}`);
  }
  note('ffmpeg and ffprobe are there');
  return found;
}

// --- Browser of the tests ----------------------------------------------------------------------------------------

function browser(known) {
  const runs = (file) => file && answer(file, '--version') !== undefined;
  // Its path, not its name: a browser is started by path, and the tests look whether it is there.
  const inPath = (name) => (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, name)).find(existsSync);
  const look = () => [process.env.BACKLOT_CHROMIUM, ...[known, 'chromium', 'chromium-browser', 'google-chrome'].map((name) => name && (path.isAbsolute(name) ? name : inPath(name)))].find(runs);
  const found = look() ?? (apt('chromium') ? look() : undefined);
  if (!found) say('no Chromium: the browser tests will be skipped (install the system package chromium, or give BACKLOT_CHROMIUM)');
  return found;
}

// --- Build -------------------------------------------------------------------------------------------------------

// The console is built by itself, and the trainer is Python.
const serverApps = existsSync(at('apps')) ? readdirSync(at('apps')).filter((name) => name !== 'web' && name !== 'trainer').map((name) => `apps/${name}`) : [];
const parts = {
  server: [...serverApps, 'libs', 'migrations', 'test/bench', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs', 'package-lock.json'],
  web: ['apps/web', 'apps/api/src/schema', 'scripts/build.mjs', 'package-lock.json'],
};

function build() {
  for (const [part, sources] of Object.entries(parts)) {
    const stampFile = at('dist', `.${part}-stamp`);
    const stamp = hash(...sources.flatMap((source) => [...listing(at(source))]));
    if (text(stampFile) === stamp) {
      note(`build of the ${part} is up to date`);
      continue;
    }
    say(`building the ${part}`);
    run(at('node_modules/.bin/node'), [at('scripts/build.mjs'), part], `the ${part} does not compile; see above`);
    mkdirSync(at('dist'), { recursive: true });
    writeFileSync(stampFile, stamp);
  }
}

/** Path, size and time of every source below: enough to see a change, and milliseconds for a thousand files. */
function* listing(file) {
  const known = statSync(file, { throwIfNoEntry: false });
  if (!known) return;
  if (!known.isDirectory()) yield `${path.relative(root, file)} ${known.size} ${known.mtimeMs}`;
  else {
    for (const name of readdirSync(file).sort()) {
      if (name !== 'node_modules' && !name.endsWith('.test.ts')) yield* listing(path.join(file, name));
    }
  }
}

// --- One at a time -----------------------------------------------------------------------------------------------

const lock = at('.cache/setup.pid');

/** Two set-ups in one clone would empty node_modules under each other. */
async function alone(work) {
  mkdirSync(at('.cache'), { recursive: true });
  for (let said = false; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const other = Number(text(lock));
      if (!runs(other)) rmSync(lock, { force: true });
      else {
        if (!said) say(`waiting for the set-up that runs already (process ${other})`);
        said = true;
        await new Promise((later) => setTimeout(later, 500));
      }
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function runs(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

try {
  const began = Date.now();
  await alone(() => {
    node();
    npmPackages();
    python();
    const known = existsSync(toolsFile) ? JSON.parse(text(toolsFile)) : {};
    const tools = { ...known, ...ffmpeg(known) };
    if (process.argv.includes('--browser')) tools.chromium = browser(known.chromium);
    writeFileSync(toolsFile, `${JSON.stringify(tools, null, 2)}\n`);
    build();
  });
  note(`ready after ${((Date.now() - began) / 1000).toFixed(1)} s`);
} catch (error) {
  if (!(error instanceof Unmet)) throw error;
  console.error(`set-up stopped: ${error.message}`);
  process.exitCode = 1;
}
