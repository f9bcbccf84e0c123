import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What one pass found, what members corrected, and frozen datasets. */
export class Curation1700000000006 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table analysis (
        master_id uuid primary key references master (id) on delete cascade,
        studio_id uuid not null references studio (id),
        title_id uuid not null references title (id) on delete cascade,
        frames bigint not null,
        time_base text not null,
        start_pts bigint not null,
        duration_pts bigint not null,
        width int not null,
        height int not null,
        detector text not null,
        proxy_object_id uuid references sealed_object (id),
        proxy jsonb,
        filmstrip_object_id uuid references sealed_object (id),
        filmstrip jsonb,
        warnings jsonb not null default '[]',
        decision_id uuid not null,
        created_at timestamptz not null default now()
      );
      create index on analysis (studio_id, title_id);
      call protect('analysis');

      create table shot (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        title_id uuid not null references title (id) on delete cascade,
        master_id uuid not null references master (id) on delete cascade,
        number int not null,
        first_frame bigint not null,
        last_frame bigint not null,
        start_pts bigint not null,
        end_pts bigint not null,
        entry jsonb not null,
        measures jsonb not null,
        labels jsonb not null default '{}',
        caption jsonb not null default '{}',
        sentence text not null default '',
        keyframes jsonb not null default '[]',
        unique (master_id, number)
      );
      create index on shot (studio_id, title_id, number);
      call protect('shot');

      create table correction (
        id uuid primary key,
        studio_id uuid not null,
        shot_id uuid not null references shot (id) on delete cascade,
        member_id uuid not null,
        field text not null,
        before jsonb,
        after jsonb,
        at timestamptz not null default now()
      );
      create index on correction (studio_id, shot_id, id);
      call protect('correction', 'select, insert');

      create table dataset_version (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        name text not null,
        number int not null,
        state text not null default 'building' check (state in ('building', 'frozen', 'failed', 'cancelled')),
        reason jsonb,
        query jsonb not null,
        bucket jsonb not null,
        hash text,
        object_id uuid references sealed_object (id),
        clips int not null default 0,
        dropped int not null default 0,
        created_by uuid,
        created_at timestamptz not null default now(),
        frozen_at timestamptz,
        unique (studio_id, name, number)
      );
      create index on dataset_version (studio_id, id desc);
      call protect('dataset_version');

      create table dataset_clip (
        version_id uuid not null references dataset_version (id) on delete cascade,
        number int not null,
        studio_id uuid not null,
        title_id uuid not null,
        shot_id uuid not null,
        decision_id uuid not null references decision (id),
        first_frame bigint not null,
        last_frame bigint not null,
        start_pts bigint not null,
        caption text not null,
        split text not null check (split in ('train', 'heldout')),
        sha256 text not null,
        bytes bigint not null,
        primary key (version_id, number)
      );
      create index on dataset_clip (studio_id, title_id);
      call protect('dataset_clip');

      create table dataset_drop (
        version_id uuid not null references dataset_version (id) on delete cascade,
        number int not null,
        studio_id uuid not null,
        title_id uuid not null,
        shot_id uuid,
        first_frame bigint not null,
        last_frame bigint not null,
        code text not null,
        message text not null,
        decision_id uuid,
        primary key (version_id, number)
      );
      create index on dataset_drop (studio_id, title_id);
      call protect('dataset_drop');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table dataset_drop, dataset_clip, dataset_version, correction, shot, analysis`);
  }
}
