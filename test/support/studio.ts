import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { connect, Database, FileStore, LocalKeys, newId, rows, Vault } from '#libs/platform';
import { migrate } from '../../migrations/index.js';

/** A migrated database of its own, a store and keys in a temporary folder: the real parts, empty. */
export interface World {
  database: Database;
  vault: Vault;
  store: FileStore;
  keys: LocalKeys;
  folder: string;
  ownerUrl: string;
  appUrl: string;
  jobsUrl: string;
  /** Makes a studio with an administrator, whose scope it gives, and a compliance officer, so that its licences can be signed. */
  studio(name?: string): Promise<{ studioId: string; memberId: string }>;
  close(): Promise<void>;
}

/** Needs the Postgres of jest's global set-up (BACKLOT_TEST_DATABASE_OWNER_URL). */
export async function makeWorld(): Promise<World> {
  const serverUrl = process.env.BACKLOT_TEST_DATABASE_OWNER_URL;
  if (!serverUrl) throw new Error('BACKLOT_TEST_DATABASE_OWNER_URL is not set: run this through the medium project of jest.');
  const name = `world_${newId().replaceAll('-', '')}`;
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const ownerUrl = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).toString();
  // Roles belong to the server, which other test files share at this moment: the same passwords for all, and one migration at a time.
  const secret = createHash('sha256').update(serverUrl).digest('hex');
  await admin.query(`select pg_advisory_lock(4208)`);
  const { appUrl, jobsUrl } = await migrate(ownerUrl, { app: secret, jobs: secret });
  await admin.query(`select pg_advisory_unlock(4208)`);
  const database = await connect(appUrl, 8);
  const folder = mkdtempSync(join(tmpdir(), 'backlot-world-'));
  const store = new FileStore(join(folder, 'vault'));
  const keys = new LocalKeys(join(folder, 'keys'));
  return {
    database,
    vault: new Vault(database, store, keys),
    store,
    keys,
    folder,
    ownerUrl,
    appUrl,
    jobsUrl,
    async studio(label = 'Studio') {
      const studioId = newId();
      const memberId = newId();
      await database.inStudio({ studioId }, async () => {
        await rows(`insert into studio (id, name, slug) values ($1, $2, $3)`, [studioId, label, studioId]);
        for (const [id, name, role] of [[memberId, 'Member', 'admin'], [newId(), 'Officer', 'compliance']]) {
          await rows(`insert into member (id, studio_id, email, name, roles, password_hash) values ($1, $2, $3, $4, array[$5], 'not a hash: nobody signs in')`, [id, studioId, `${id}@example.test`, name, role]);
        }
      });
      return { studioId, memberId };
    },
    async close() {
      await database.close();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
