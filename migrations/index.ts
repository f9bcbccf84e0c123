import { runMigrations } from 'graphile-worker';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { Platform1700000000001 } from './0001-platform.js';
import { Access1700000000002 } from './0002-access.js';
import { Audit1700000000003 } from './0003-audit.js';
import { Rights1700000000004 } from './0004-rights.js';
import { Catalogue1700000000005 } from './0005-catalogue.js';
import { Curation1700000000006 } from './0006-curation.js';
import { Generation1700000000008, Training1700000000007 } from './0007-training.js';
import { Work1700000000009 } from './0009-work.js';
import { LicenceVersions1700000000010 } from './0010-licence-versions.js';
import { HoldsAndDuties1700000000011 } from './0011-holds-and-duties.js';
import { Exclusions1700000000012 } from './0012-exclusions.js';
import { HoldsByMarks1700000000013 } from './0013-holds-by-marks.js';
import { DecisionsOfLicences1700000000014 } from './0014-decisions-of-licences.js';
import { Duplicates1700000000015 } from './0015-duplicates.js';
import { Filters1700000000016 } from './0016-filters.js';
import { Review1700000000017 } from './0017-review.js';
import { Track1700000000018 } from './0018-track.js';
import { Captions1700000000020 } from './0020-captions.js';
import { Search1700000000021 } from './0021-search.js';
import { Recompute1700000000023 } from './0023-recompute.js';
import { ChosenRepresentatives1700000000024 } from './0024-chosen-representatives.js';
import { ShotsByFrame1700000000025 } from './0025-shots-by-frame.js';
import { DoubleReview1700000000026 } from './0026-double-review.js';
import { BestWords1700000000027 } from './0027-best-words.js';

const migrations = [
  Platform1700000000001,
  Access1700000000002,
  Audit1700000000003,
  Rights1700000000004,
  Catalogue1700000000005,
  Curation1700000000006,
  Training1700000000007,
  Generation1700000000008,
  Work1700000000009,
  LicenceVersions1700000000010,
  HoldsAndDuties1700000000011,
  Exclusions1700000000012,
  HoldsByMarks1700000000013,
  DecisionsOfLicences1700000000014,
  Duplicates1700000000015,
  Filters1700000000016,
  Review1700000000017,
  Track1700000000018,
  Captions1700000000020,
  Search1700000000021,
  Recompute1700000000023,
  ChosenRepresentatives1700000000024,
  ShotsByFrame1700000000025,
  DoubleReview1700000000026,
  BestWords1700000000027,
];

/**
 * Brings a database to the current schema: roles, the job queue's own schema, then the numbered migrations. Runs as the owner.
 * backlot_app: the product; backlot_jobs: the queue; backlot_gate: nobody signs in as it, it owns the functions that look across studios.
 */
export async function migrate(ownerUrl: string, passwords: { app: string; jobs: string }): Promise<{ appUrl: string; jobsUrl: string }> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    // One migrating process at a time, however many start.
    await owner.query(`select pg_advisory_lock(4207)`);
    for (const [role, password] of [['backlot_app', passwords.app], ['backlot_jobs', passwords.jobs], ['backlot_gate', undefined]] as const) {
      const login = password === undefined ? 'nologin' : `login password ${owner.escapeLiteral(password)}`;
      const { rowCount } = await owner.query(`select from pg_roles where rolname = $1`, [role]);
      await owner.query(`${rowCount ? 'alter' : 'create'} role ${role} ${login} nosuperuser nobypassrls nocreatedb nocreaterole`);
      await owner.query(`grant ${role} to current_user`);
    }
    await owner.query(`do $$ begin execute format('grant create on database %I to backlot_jobs', current_database()); end $$`);
    await owner.query(`grant usage on schema public to backlot_app, backlot_gate; grant create on schema public to backlot_gate`);
    const jobsUrl = withUser(ownerUrl, 'backlot_jobs', passwords.jobs);
    await runMigrations({ connectionString: jobsUrl });
    await prepareQueue(jobsUrl);
    const source = new DataSource({ type: 'postgres', url: ownerUrl, migrations, migrationsTableName: 'migration' });
    await source.initialize();
    try {
      await source.runMigrations({ transaction: 'each' });
    } finally {
      await source.destroy();
    }
    await owner.query(`revoke create on schema public from backlot_gate`);
    return { appUrl: withUser(ownerUrl, 'backlot_app', passwords.app), jobsUrl };
  } finally {
    await owner.end();
  }
}

/** The app puts jobs in through one function, which takes the studio from the transaction: nobody queues work for another studio. */
async function prepareQueue(jobsUrl: string): Promise<void> {
  const jobs = new pg.Client({ connectionString: jobsUrl });
  await jobs.connect();
  try {
    await jobs.query(`
      create schema if not exists backlot_jobs;
      grant usage on schema backlot_jobs to backlot_app;
      create table if not exists backlot_jobs.worker (worker_id text primary key, instance text not null, seen_at timestamptz not null default now());
      create or replace function backlot_jobs.enqueue(name text, job_id uuid, attempts int) returns void language plpgsql security definer set search_path = graphile_worker, pg_temp as $$
      begin
        if nullif(current_setting('app.studio_id', true), '') is null then raise exception 'no studio in scope'; end if;
        perform graphile_worker.add_job(name, json_build_object('studioId', current_setting('app.studio_id'), 'jobId', job_id), max_attempts => attempts, job_key => job_id::text);
      end $$;
      revoke all on function backlot_jobs.enqueue from public;
      grant execute on function backlot_jobs.enqueue to backlot_app;
      -- The same job after a while; asked for again, from now on.
      create or replace function backlot_jobs.enqueue_later(name text, job_id uuid, attempts int, seconds int) returns void language plpgsql security definer set search_path = graphile_worker, pg_temp as $$
      begin
        if nullif(current_setting('app.studio_id', true), '') is null then raise exception 'no studio in scope'; end if;
        perform graphile_worker.add_job(name, json_build_object('studioId', current_setting('app.studio_id'), 'jobId', job_id), run_at => now() + make_interval(secs => seconds), max_attempts => attempts, job_key => job_id::text);
      end $$;
      revoke all on function backlot_jobs.enqueue_later from public;
      grant execute on function backlot_jobs.enqueue_later to backlot_app;
    `);
  } finally {
    await jobs.end();
  }
}

function withUser(url: string, user: string, password: string): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = encodeURIComponent(password);
  return changed.toString();
}
