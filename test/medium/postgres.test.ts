import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { freePort, startPostgres, type Postgres } from '../../apps/cli/src/postgres.js';

let folder: string;
const started: Postgres[] = [];

beforeAll(async () => {
  // Mode 0700: as root, the dropped user could not enter it without help.
  folder = await mkdtemp(path.join(tmpdir(), 'backlot-postgres-'));
});
afterAll(async () => {
  await Promise.all(started.map((one) => one.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<Postgres> {
  const postgres = await startPostgres({ dir: path.join(folder, 'pg'), password: 'a password', port: await freePort() });
  started.push(postgres);
  return postgres;
}

async function ask(postgres: Postgres, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: postgres.url() });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('what was committed before a kill -9 of the database is there after the next start', async () => {
  const first = await start();
  await ask(first, 'create table kept (id int); insert into kept values (7)');
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  const second = await start();
  expect(await ask(second, 'select id from kept')).toEqual([{ id: 7 }]);
}, 60_000);

test('a database that an earlier supervisor left running is stopped, with its connections, before a new one starts', async () => {
  const orphan = await start();
  const client = new pg.Client({ connectionString: orphan.url() });
  const cut = new Promise((resolve) => client.on('error', resolve));
  await client.connect();
  const next = await start();
  await orphan.exited;
  await cut;
  expect(await ask(next, 'select id from kept')).toEqual([{ id: 7 }]);
}, 60_000);

test('a wrong password is refused: the cluster trusts no local connection', async () => {
  const postgres = await start();
  const client = new pg.Client({ connectionString: postgres.url().replace('a%20password', 'wrong') });
  await expect(client.connect()).rejects.toThrow(/password authentication failed/);
}, 60_000);
