import { repositoryRoot, readConfig, type Config } from '#libs/platform';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { beginning, commandLine, KeptProcess, type Life, readPid } from './kept-process.js';
import { freePort, startPostgres } from './postgres.js';
import { ProcessLog } from './process-log.js';

/** Why the product cannot start, in one line that a person can act on. */
export class StartRefused extends Error {}

export interface ProductOptions {
  /** Settings that go before the environment's, by their names in `.env.example`. */
  settings?: Partial<Record<string, string>>;
  /** Takes the lines meant for a person; nothing is printed without it. */
  tell?: (line: string) => void;
}

export type ProcessName = 'postgres' | 'api' | 'worker' | 'agent';

export interface Product {
  /** Address of the console and the API. */
  url: string;
  dataDir: string;
  /** Address of the database for the app's role: bound by row security like the product itself. */
  databaseUrl: string;
  /** Process id of each part that runs at this moment; also in dataDir/run/NAME.pid. */
  pids: () => Partial<Record<ProcessName, number>>;
  /** Stops everything, the database last; returns once all of it is gone. */
  stop: () => Promise<void>;
  /** Resolves with a line when the product ended by itself because a setting is wrong. */
  failed: Promise<string>;
}

const APPS = ['api', 'worker', 'agent'] as const;
const entry = (app: (typeof APPS)[number], file = 'main.js') => path.join(repositoryRoot, 'dist/apps', app, 'src', file);

/** How long a part may take to end after it was asked, before it is killed. */
const PATIENCE = 6_000;
/** A first start on a busy machine loads models and may take a while; a start after that takes a second or two. */
const STARTUP = 90_000;

/**
 * Starts Postgres, brings its schema up to date, and starts api, worker and agent as processes of their own, each
 * started again when it dies. Returns once the API answers. Throws StartRefused with one line when it cannot.
 */
export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const tell = options.tell ?? (() => undefined);
  const env: NodeJS.ProcessEnv = { ...process.env, ...tools(), ...options.settings };
  const config = settings(env);
  const dataDir = config.BACKLOT_DATA;
  for (const folder of ['run', 'logs']) mkdirSync(path.join(dataDir, folder), { recursive: true });
  mkdirSync(path.join(dataDir, 'keys'), { recursive: true, mode: 0o700 });
  const unlock = lock(path.join(dataDir, 'run/supervisor.pid'), dataDir);

  const logs: ProcessLog[] = [];
  const kept: KeptProcess[] = [];
  let watching = true;
  let fail: (line: string) => void = () => undefined;
  const failed = new Promise<string>((resolve) => (fail = resolve));
  const stop = async () => {
    watching = false;
    const apps = kept.filter(({ name }) => name !== 'postgres');
    await Promise.all(apps.map((one) => one.stop()));
    await kept.find(({ name }) => name === 'postgres')?.stop();
    logs.forEach((log) => log.close());
    logs.length = 0;
    unlock();
  };
  const keep = async (name: ProcessName, begin: (log: ProcessLog) => Promise<Life>) => {
    const log = new ProcessLog(path.join(dataDir, 'logs', `${name}.log`));
    logs.push(log);
    const pidFile = path.join(dataDir, 'run', `${name}.pid`);
    const one = new KeptProcess(name, pidFile, () => begin(log), tell, () =>
      fail(`${name} refused its settings; see ${path.join(dataDir, 'logs', `${name}.log`)}`),
    );
    kept.push(one);
    await one.start();
    return one;
  };

  try {
    await endLeftovers(dataDir);
    await portIsFree(config);
    Object.assign(env, await database(env, config, keep));
    // For operator commands (`backlot studio add`) on this machine while the product runs.
    writeFileSync(path.join(dataDir, 'keys/database-url'), env.BACKLOT_DATABASE_URL!, { mode: 0o600 });
    const url = config.BACKLOT_PUBLIC_URL ?? `http://${config.BACKLOT_HOST === '0.0.0.0' ? 'localhost' : config.BACKLOT_HOST}:${config.BACKLOT_PORT}`;
    env.BACKLOT_PUBLIC_URL ??= url;
    const local = `http://127.0.0.1:${config.BACKLOT_PORT}`;
    env.BACKLOT_API_URL ??= local;
    await migrate(env);
    // Only the migrations act as the schema's owner.
    for (const name of ['BACKLOT_DATABASE_OWNER_URL', 'BACKLOT_APP_PASSWORD', 'BACKLOT_JOBS_PASSWORD']) delete env[name];

    const api = await keep('api', (log) => app('api', env, log, tell));
    await healthy(local, failed, () => watching);
    await Promise.all([keep('worker', (log) => app('worker', env, log, tell)), keep('agent', (log) => app('agent', env, log, tell))]);
    void watch(local, api, () => watching, tell);
    return {
      url,
      dataDir,
      databaseUrl: env.BACKLOT_DATABASE_URL!,
      pids: () => Object.fromEntries(kept.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid]]))),
      stop,
      failed,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Programs that the set-up found; the environment may name others. */
function tools(): NodeJS.ProcessEnv {
  const file = path.join(repositoryRoot, '.cache/tools.json');
  const found = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { ffmpeg?: string; ffprobe?: string }) : {};
  const python = path.join(repositoryRoot, '.venv/bin/python');
  return {
    BACKLOT_FFMPEG: process.env.BACKLOT_FFMPEG || (found.ffmpeg ?? 'ffmpeg'),
    BACKLOT_FFPROBE: process.env.BACKLOT_FFPROBE || (found.ffprobe ?? 'ffprobe'),
    BACKLOT_PYTHON: process.env.BACKLOT_PYTHON || python,
    NODE_ENV: process.env.NODE_ENV ?? 'production',
  };
}

function settings(env: NodeJS.ProcessEnv): Config {
  try {
    return readConfig(env);
  } catch (error) {
    throw new StartRefused((error as Error).message);
  }
}

/** One supervisor for a data folder: two would start two databases on the same files. */
function lock(file: string, dataDir: string): () => void {
  const mine = `${process.pid} ${beginning(process.pid)}\n`;
  for (;;) {
    try {
      writeFileSync(file, mine, { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readPid(file);
    if (holder !== undefined && readFileSync(file, 'utf8') === `${holder} ${beginning(holder)}\n`) {
      throw new StartRefused(`Backlot already runs on ${dataDir} (process ${holder}). Stop it, or give BACKLOT_DATA another folder.`);
    }
    rmSync(file, { force: true });
  }
}

/** Processes of a supervisor that was killed end by themselves; one that hangs is ended here. */
async function endLeftovers(dataDir: string): Promise<void> {
  for (const name of APPS) {
    const file = path.join(dataDir, 'run', `${name}.pid`);
    const pid = readPid(file);
    const running = () => pid !== undefined && commandLine(pid).includes(entry(name));
    for (const until = Date.now() + PATIENCE; running() && Date.now() < until; ) await sleep(100);
    if (pid !== undefined && running()) process.kill(pid, 'SIGKILL');
    rmSync(file, { force: true });
  }
}

async function portIsFree({ BACKLOT_HOST: host, BACKLOT_PORT: port }: Config): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new StartRefused(
          error.code === 'EADDRINUSE'
            ? `Port ${port} is taken by another program. Stop it, or set BACKLOT_PORT to a free port.`
            : `Cannot listen on ${host}:${port}: ${error.message}. Set BACKLOT_HOST and BACKLOT_PORT.`,
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  await new Promise((closed) => server.close(closed));
}

/** A password that is made once and kept where only this user reads it. */
function secret(dataDir: string, name: string): string {
  const file = path.join(dataDir, 'keys', name);
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, randomBytes(24).toString('base64url'), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return readFileSync(file, 'utf8').trim();
}

type Keep = (name: ProcessName, begin: (log: ProcessLog) => Promise<Life>) => Promise<KeptProcess>;

/** The database addresses of the processes: those given, else of an embedded Postgres that is started here. */
async function database(env: NodeJS.ProcessEnv, config: Config, keep: Keep): Promise<NodeJS.ProcessEnv> {
  const { BACKLOT_DATA: dataDir, BACKLOT_DATABASE_URL: app, BACKLOT_JOBS_DATABASE_URL: jobs } = config;
  if (app && jobs) return {};
  if (app || jobs) {
    throw new StartRefused('BACKLOT_DATABASE_URL and BACKLOT_JOBS_DATABASE_URL belong together; give both, or neither.');
  }
  const passwords = {
    BACKLOT_APP_PASSWORD: config.BACKLOT_APP_PASSWORD ?? secret(dataDir, 'postgres-app'),
    BACKLOT_JOBS_PASSWORD: config.BACKLOT_JOBS_PASSWORD ?? secret(dataDir, 'postgres-jobs'),
  };
  let owner = config.BACKLOT_DATABASE_OWNER_URL;
  if (!owner) {
    const options = { dir: path.join(dataDir, 'pg'), password: secret(dataDir, 'postgres-owner'), port: await freePort() };
    await keep('postgres', async (log) => {
      const postgres = await startPostgres({ ...options, log: (line) => log.write(line) });
      owner = postgres.url();
      return { pid: postgres.pid, ended: postgres.exited.then(() => null), stop: postgres.stop };
    });
  }
  const as = (role: string, password: string) => {
    const address = new URL(owner!);
    address.username = role;
    address.password = password;
    return address.toString();
  };
  return {
    ...passwords,
    BACKLOT_DATABASE_OWNER_URL: owner,
    BACKLOT_DATABASE_URL: as('backlot_app', passwords.BACKLOT_APP_PASSWORD),
    BACKLOT_JOBS_DATABASE_URL: as('backlot_jobs', passwords.BACKLOT_JOBS_PASSWORD),
  };
}

/** Brings the schema up to date as its owner. Without the owner's address someone else does that. */
async function migrate(env: NodeJS.ProcessEnv): Promise<void> {
  if (!env.BACKLOT_DATABASE_OWNER_URL) return;
  const child = spawn(process.execPath, [entry('api', 'migrate.js')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', (line) => said.push(line));
  const code = await new Promise<number | null>((ended) => child.once('close', ended));
  if (code !== 0) throw new StartRefused(`The database schema could not be brought up to date: ${said.slice(-5).join(' | ')}`);
}

/** One life of api, worker or agent: own process, own log file, its errors also told to the person at the console. */
async function app(name: (typeof APPS)[number], env: NodeJS.ProcessEnv, log: ProcessLog, tell: (line: string) => void): Promise<Life> {
  const leash = new URL('./leash.js', `file://${repositoryRoot}/dist/apps/cli/src/`).href;
  const child = spawn(process.execPath, ['--import', leash, '--enable-source-maps', entry(name)], {
    env,
    cwd: repositoryRoot,
    // Its own process group: a Ctrl-C in the terminal reaches the supervisor alone, which stops the parts in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  await new Promise<void>((spawned, failed) => {
    child.once('spawn', spawned);
    child.once('error', failed);
  });
  createInterface(child.stdout!).on('line', (line) => log.write(line));
  createInterface(child.stderr!).on('line', (line) => {
    log.write(line);
    tell(`${name}: ${line}`);
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    pid: child.pid!,
    ended,
    stop: async () => {
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
      await ended;
      clearTimeout(patience);
    },
  };
}

async function answers(local: string): Promise<boolean> {
  try {
    return (await fetch(`${local}/healthz`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false; // Not listening, or too slow to be called healthy.
  }
}

async function healthy(local: string, failed: Promise<string>, watching: () => boolean): Promise<void> {
  let wrong: string | undefined;
  void failed.then((line) => (wrong = line));
  for (const until = Date.now() + STARTUP; !(await answers(local)); ) {
    if (wrong) throw new StartRefused(wrong);
    if (Date.now() > until || !watching()) throw new StartRefused('The API did not answer within 90 s; see logs/api.log in the data folder.');
    await sleep(100);
  }
}

/** An API that is there but answers nothing for half a minute hangs; a new one takes over. */
async function watch(local: string, api: KeptProcess, watching: () => boolean, tell: (line: string) => void): Promise<void> {
  for (let missed = 0; watching(); ) {
    await sleep(5_000, undefined, { ref: false });
    missed = (await answers(local)) ? 0 : missed + 1;
    if (missed < 6 || !watching() || api.pid === undefined) continue;
    tell('api has not answered for 30 s; starting it again');
    api.kill();
    missed = 0;
  }
}
