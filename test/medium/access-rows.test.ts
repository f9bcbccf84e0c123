import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { rows } from '#libs/platform';
import { makeApi, furnish, type Api } from '../support/api.js';

let api: Api;
let owner: pg.Client;
let app: pg.Client;
let tables: string[];
beforeAll(async () => {
  api = await makeApi();
  await furnish(api, api.a);
  owner = new pg.Client({ connectionString: api.world.ownerUrl });
  app = new pg.Client({ connectionString: api.world.appUrl });
  await owner.connect();
  await app.connect();
  const found = await owner.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'studio_id' where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
  );
  tables = found.rows.map(({ name }) => name);
}, 60_000);
afterAll(async () => {
  await owner.end();
  await app.end();
  await api.close();
});

test('every table with rows of a studio is under forced row security, for reading and for writing', async () => {
  const { rows: open } = await owner.query<{ relname: string }>(
    `select relname from pg_class c where relname = any($1) and relnamespace = 'public'::regnamespace
     and not (relrowsecurity and relforcerowsecurity and exists (
       select from pg_policy p where p.polrelid = c.oid and p.polcmd = '*' and p.polpermissive
       and pg_get_expr(p.polqual, c.oid) = '(studio_id = current_studio())' and pg_get_expr(p.polwithcheck, c.oid) = '(studio_id = current_studio())'))`,
    [tables],
  );
  expect(tables.length).toBeGreaterThan(25);
  expect(open).toEqual([]);
});

test('no other policy lets the app see more: those that do are for the gate role, which nobody signs in as', async () => {
  const { rows: wider } = await owner.query(`select polrelid::regclass::text, polname from pg_policy where polname <> 'own_studio' and polroles <> array['backlot_gate'::regrole::oid]`);
  expect(wider).toEqual([]);
  const { rows: gate } = await owner.query(`select rolcanlogin, rolsuper, rolbypassrls from pg_roles where rolname = 'backlot_gate'`);
  expect(gate).toEqual([{ rolcanlogin: false, rolsuper: false, rolbypassrls: false }]);
  const { rows: members } = await owner.query(`select pg_has_role('backlot_app', 'backlot_gate', 'usage') as app, pg_has_role('backlot_jobs', 'backlot_gate', 'usage') as jobs`);
  expect(members).toEqual([{ app: false, jobs: false }]);
});

test("the app's role is neither superuser nor owner of anything, and cannot pass row security by", async () => {
  const { rows: role } = await owner.query(`select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = 'backlot_app'`);
  expect(role).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false }]);
  const { rows: owned } = await owner.query(`select relname from pg_class where relowner = 'backlot_app'::regrole`);
  expect(owned).toEqual([]);
});

test('without a studio in scope no table gives a row, though each has some', async () => {
  const seen: string[] = [];
  const empty: string[] = [];
  for (const table of tables) {
    const { rows: all } = await owner.query<{ n: number }>(`select count(*)::int as n from (select from ${table} limit 1) t`);
    // The owner is bound too; superusers are not, and tests connect as one.
    if (all[0]!.n === 0) empty.push(table);
    const columns = table === 'sealed_key' ? 'object_id' : '*';
    const found = await app.query(`select ${columns} from ${table} limit 1`).catch((error: Error) => error);
    if (!(found instanceof Error) && found.rowCount !== 0) seen.push(table);
  }
  expect(seen).toEqual([]);
  // A table that holds nothing shows nothing either way.
  expect(tables.length - empty.length).toBeGreaterThan(20);
});

test("in another studio's scope every table shows that studio's rows alone, and takes none for another", async () => {
  for (const table of tables) {
    const foreign = await api.services.database.inStudio(api.b.scope, () => rows<{ studio_id: string }>(`select distinct studio_id from ${table}`));
    expect({ table, foreign: foreign.filter((row) => row.studio_id !== api.b.scope.studioId) }).toEqual({ table, foreign: [] });
  }
  await expect(api.services.database.inStudio(api.b.scope, () => rows(`insert into outbox (studio_id, type, payload) values ($1, 'x', '{}')`, [api.a.scope.studioId]))).rejects.toThrow('row-level security');
});

test('the wrapped keys cannot be selected by the app', async () => {
  await expect(app.query(`select wrapped from sealed_key`)).rejects.toThrow('permission denied');
  await expect(api.services.database.inStudio(api.a.scope, () => rows(`select wrapped from sealed_key`))).rejects.toThrow('permission denied');
  await expect(api.services.database.inStudio(api.a.scope, () => rows(`update sealed_key set studio_id = studio_id returning wrapped`))).rejects.toThrow('permission denied');
  await expect(api.services.database.inStudio(api.a.scope, () => rows(`select sealed_key::text from sealed_key`))).rejects.toThrow('permission denied');
});

test('every function that looks across studios belongs to the gate and is not for everyone', async () => {
  const { rows: definers } = await owner.query<{ proname: string; owner: string; public: boolean }>(
    `select proname, proowner::regrole::text as owner, has_function_privilege('public', oid, 'execute') as public from pg_proc where prosecdef and pronamespace = 'public'::regnamespace`,
  );
  expect(definers.length).toBeGreaterThan(5);
  expect(definers.filter(({ owner: of, public: open }) => of !== 'backlot_gate' || open)).toEqual([]);
});
