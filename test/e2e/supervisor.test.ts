import { repositoryRoot } from '#libs/platform';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beginning, readPid } from '../../apps/cli/src/kept-process.js';
import { freePort } from '../../apps/cli/src/postgres.js';

const parts = ['postgres', 'api', 'worker', 'agent'];
let folder: string;
let port: number;
const running: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'backlot-supervisor-'));
  port = await freePort();
});
afterAll(async () => {
  for (const one of running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    one.kill('SIGINT');
    await once(one, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

/** `backlot start` as a person runs it; gives what it printed so far. */
function start(): { supervisor: ChildProcess; said: () => string; exited: Promise<number | null> } {
  const env = { ...process.env, BACKLOT_DATA: folder, BACKLOT_PORT: String(port) };
  const program = path.join(repositoryRoot, 'dist/apps/cli/src/main.js');
  const supervisor = spawn(process.execPath, [program, 'start'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(supervisor);
  let said = '';
  for (const stream of [supervisor.stdout, supervisor.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => supervisor.once('exit', resolve));
  return { supervisor, said: () => said, exited };
}

async function until(condition: () => boolean | Promise<boolean>, what: string, seconds = 60): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await condition()); await sleep(100)) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
  }
}

const pids = () => parts.map((name) => readPid(path.join(folder, 'run', `${name}.pid`)));
const healthy = () => fetch(`http://127.0.0.1:${port}/healthz`).then(({ ok }) => ok, () => false);
const lives = (pid: number | undefined) => pid !== undefined && beginning(pid) !== '';

test('each part that is killed comes back, and Ctrl-C ends all of them', async () => {
  const { supervisor, said, exited } = start();
  await until(() => said().includes('Backlot is at') && pids().every(lives), 'everything runs');
  const before = pids();
  for (const pid of before) process.kill(pid!, 'SIGKILL');
  await until(() => pids().every((pid, part) => lives(pid) && pid !== before[part]), 'every part has a new process');
  await until(healthy, 'the API answers again');
  const after = pids();
  supervisor.kill('SIGINT');
  expect(await exited).toBe(0);
  expect(after.filter(lives)).toEqual([]);
}, 180_000);

test('a supervisor that is killed takes its processes with it, and the next one starts on the same data', async () => {
  const { supervisor, said } = start();
  await until(() => said().includes('Backlot is at') && pids().every(lives), 'everything runs');
  const orphans = pids();
  supervisor.kill('SIGKILL');
  await until(() => !orphans.some(lives), 'nothing of it runs', 15);
  const next = start();
  await until(() => next.said().includes('Backlot is at'), 'the next one runs');

  const second = start();
  expect(await second.exited).toBe(1);
  expect(second.said()).toMatch(/^Backlot already runs on .*\n$/);

  next.supervisor.kill('SIGINT');
  expect(await next.exited).toBe(0);
}, 180_000);

test('a taken port and a wrong setting each stop the start with one line', async () => {
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  const taken = start();
  expect(await taken.exited).toBe(1);
  expect(taken.said()).toBe(`Port ${port} is taken by another program. Stop it, or set BACKLOT_PORT to a free port.\n`);
  await new Promise((closed) => other.close(closed));

  port = 70_000;
  const wrong = start();
  expect(await wrong.exited).toBe(1);
  expect(wrong.said()).toMatch(/^BACKLOT_PORT="70000" is not usable: .*\n$/);
}, 60_000);

test('keys and logs are for this user only', () => {
  expect(statSync(path.join(folder, 'keys')).mode & 0o077).toBe(0);
  for (const name of ['keys', 'logs']) {
    for (const file of readdirSync(path.join(folder, name))) {
      expect([file, statSync(path.join(folder, name, file)).mode & 0o077]).toEqual([file, 0]);
    }
  }
  expect(existsSync(path.join(folder, 'run/supervisor.pid'))).toBe(false);
});
