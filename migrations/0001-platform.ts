import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Roles' walls, sealed objects, jobs, outbox. */
export class Platform1700000000001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create function current_studio() returns uuid language sql stable parallel safe
        as $$ select nullif(current_setting('app.studio_id', true), '')::uuid $$;

      -- Every table with rows of a studio goes through here: forced row security binds the owner too.
      create procedure protect(target regclass, rights text default 'select, insert, update, delete') language plpgsql as $$
      begin
        execute format('alter table %s enable row level security', target);
        execute format('alter table %s force row level security', target);
        execute format('create policy own_studio on %s using (studio_id = current_studio()) with check (studio_id = current_studio())', target);
        execute format('grant %s on %s to backlot_app', rights, target);
      end $$;

      create table sealed_object (
        id uuid primary key,
        studio_id uuid not null,
        kind text not null check (kind in ('master', 'proxy', 'keyframe', 'filmstrip', 'dataset', 'checkpoint', 'adapter', 'sample', 'output')),
        scope_id uuid not null,
        content_type text not null,
        store_key text not null unique,
        plain_bytes bigint not null,
        sealed_bytes bigint not null,
        sha256 text,
        created_at timestamptz not null default now(),
        destroyed_at timestamptz
      );
      create index on sealed_object (studio_id, scope_id, kind);
      call protect('sealed_object');

      create table sealed_key (
        object_id uuid primary key references sealed_object (id) on delete cascade,
        studio_id uuid not null,
        wrapped bytea not null
      );
      -- The app may write and destroy a wrapped key, never read one: release_key() is the only reader.
      call protect('sealed_key', 'insert, delete, select (object_id, studio_id)');

      create table job (
        id uuid primary key,
        studio_id uuid not null,
        name text not null,
        key text not null,
        subject_id uuid not null,
        payload jsonb not null default '{}',
        state text not null default 'queued' check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
        progress real not null default 0,
        note text,
        reason jsonb,
        attempts int not null default 0,
        cancel_requested boolean not null default false,
        created_at timestamptz not null default now(),
        started_at timestamptz,
        heartbeat_at timestamptz,
        finished_at timestamptz,
        unique (studio_id, key)
      );
      create index on job (studio_id, subject_id, created_at desc);
      call protect('job');

      create table outbox (
        id bigint generated always as identity primary key,
        studio_id uuid not null,
        type text not null,
        payload jsonb not null,
        at timestamptz not null default now(),
        published_at timestamptz
      );
      create index outbox_waiting_index on outbox (id) where published_at is null;
      call protect('outbox');

      create table event_handled (
        consumer text not null,
        event_id bigint not null,
        studio_id uuid not null,
        primary key (consumer, event_id)
      );
      call protect('event_handled');

      create table request_once (
        studio_id uuid not null,
        member_id uuid not null,
        key text not null check (length(key) between 8 and 200),
        answer bytea,
        at timestamptz not null default now(),
        primary key (studio_id, member_id, key)
      );
      create index on request_once (studio_id, at);
      call protect('request_once');

      -- The relay must see which studios have events; it acts on each inside that studio's scope.
      grant select on outbox to backlot_gate;
      create policy relay on outbox for select to backlot_gate using (true);
      create function outbox_waiting(batch int) returns setof outbox language sql stable security definer set search_path = public
        as $$ select * from outbox where published_at is null order by id limit batch $$;
      alter function outbox_waiting owner to backlot_gate;
      revoke all on function outbox_waiting from public;
      grant execute on function outbox_waiting to backlot_app;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop function outbox_waiting; drop table request_once, event_handled, outbox, job, sealed_key, sealed_object; drop procedure protect; drop function current_studio`);
  }
}
