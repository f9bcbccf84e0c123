import type { MigrationInterface, QueryRunner } from 'typeorm';

const lease = `
  epoch int not null default 0,
  lease_instance text,
  lease_until timestamptz,
  cancel_requested boolean not null default false`;

/** Base models, training runs and the models they make; generations, outputs, deliveries. */
export class Training1700000000007 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table base_model (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        name text not null,
        path text not null,
        sha256 text not null,
        licence text not null,
        spec jsonb not null,
        created_at timestamptz not null default now(),
        unique (studio_id, sha256)
      );
      call protect('base_model');

      create table training_run (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        name text not null,
        dataset_version_id uuid not null references dataset_version (id),
        base_model_id uuid not null references base_model (id),
        decision_id uuid not null references decision (id),
        state text not null default 'queued' check (state in ('queued', 'running', 'completed', 'failed', 'cancelled')),
        phase text,
        reason jsonb,
        settings jsonb not null,
        step int not null default 0,
        steps int not null,
        loss real,
        held_out_loss_base real,
        held_out_loss real,
        held_out_kind text,
        ${lease},
        created_by uuid,
        created_at timestamptz not null default now(),
        started_at timestamptz,
        finished_at timestamptz
      );
      create index on training_run (studio_id, id desc);
      create index training_run_open on training_run (studio_id, id) where state in ('queued', 'running');
      call protect('training_run');

      -- One point a step: a resumed run writes the same steps again and changes nothing.
      create table run_metric (
        run_id uuid not null references training_run (id) on delete cascade,
        step int not null,
        studio_id uuid not null,
        loss real not null,
        seconds_per_step real,
        primary key (run_id, step)
      );
      call protect('run_metric');

      create table run_sample (
        run_id uuid not null references training_run (id) on delete cascade,
        step int not null,
        number int not null,
        studio_id uuid not null,
        prompt text not null,
        object_id uuid not null references sealed_object (id),
        primary key (run_id, step, number)
      );
      call protect('run_sample');

      create table model (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        run_id uuid not null unique references training_run (id),
        name text not null,
        version int not null,
        base_model_id uuid not null references base_model (id),
        dataset_version_id uuid not null references dataset_version (id),
        adapter_object_id uuid not null references sealed_object (id),
        adapter_sha256 text not null,
        created_at timestamptz not null default now(),
        unique (studio_id, name, version)
      );
      create index on model (studio_id, id desc);
      call protect('model');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table model, run_sample, run_metric, training_run, base_model`);
  }
}

export class Generation1700000000008 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table generation (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        model_id uuid not null references model (id),
        decision_id uuid not null references decision (id),
        prompt text not null,
        seed bigint not null,
        settings jsonb not null,
        state text not null default 'queued' check (state in ('queued', 'running', 'completed', 'failed', 'cancelled')),
        progress real not null default 0,
        reason jsonb,
        ${lease},
        created_by uuid,
        created_at timestamptz not null default now(),
        finished_at timestamptz
      );
      create index on generation (studio_id, id desc);
      create index on generation (studio_id, model_id, id desc);
      create index generation_open on generation (studio_id, id) where state in ('queued', 'running');
      call protect('generation');

      create table output (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        generation_id uuid not null unique references generation (id),
        object_id uuid not null references sealed_object (id),
        frames int not null,
        width int not null,
        height int not null,
        fps real not null,
        sha256 text not null,
        review text not null default 'waiting' check (review in ('waiting', 'approved', 'rejected')),
        reviewed_by uuid,
        reviewed_at timestamptz,
        created_at timestamptz not null default now()
      );
      call protect('output');

      create table delivery (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        output_id uuid not null references output (id),
        decision_id uuid not null references decision (id),
        created_by uuid not null,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        downloads int not null default 0
      );
      create index on delivery (studio_id, output_id, id);
      call protect('delivery');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table delivery, output, generation`);
  }
}
