// One real Postgres for the medium tests of this run, on a free port in a temporary folder.
// Tests find it by BACKLOT_TEST_DATABASE_OWNER_URL (a superuser's address of the database `backlot`) and make databases of their own in it.
import { randomBytes } from 'node:crypto';
import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, startPostgres } from '../apps/cli/src/postgres.ts';

export default async function setup() {
  if (process.env.BACKLOT_TEST_DATABASE_OWNER_URL) return; // Someone's own server, for instance while writing one test.
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'backlot-test-'));
  const postgres = await startPostgres({
    dir: path.join(folder, 'pg'),
    password: randomBytes(18).toString('base64url'),
    port: await freePort(),
    // Nothing in it outlives the run, so nothing waits for the disk.
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200', shared_buffers: '64MB' },
  });
  process.env.BACKLOT_TEST_DATABASE_OWNER_URL = postgres.url();
  globalThis.backlotTestPostgres = { postgres, folder };
}
