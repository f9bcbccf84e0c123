import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Titles, masters and their uploads. */
export class Catalogue1700000000005 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table title (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        name text not null,
        year int,
        eidr text,
        attribution text,
        state text not null default 'registered' check (state in ('registered', 'uploading', 'checking', 'analysing', 'ready', 'refused', 'withheld')),
        reason jsonb,
        poster_object_id uuid references sealed_object (id),
        created_by uuid,
        created_at timestamptz not null default now()
      );
      create index on title (studio_id, id desc);
      create index on title (studio_id, state, id desc);
      call protect('title');

      create table master (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        title_id uuid not null references title (id) on delete cascade,
        file_name text not null,
        bytes bigint not null,
        sha256 text,
        state text not null default 'uploading' check (state in ('uploading', 'landed', 'sealed', 'refused')),
        reason jsonb,
        probe jsonb,
        object_id uuid references sealed_object (id),
        created_at timestamptz not null default now()
      );
      create index on master (studio_id, title_id);
      -- The same bytes once per studio: a second upload of them is refused by name.
      create unique index master_content on master (studio_id, sha256) where state = 'sealed';
      call protect('master');

      create table upload (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        master_id uuid not null references master (id) on delete cascade,
        part_bytes bigint not null,
        parts int not null,
        state text not null default 'open' check (state in ('open', 'complete', 'aborted')),
        created_by uuid,
        created_at timestamptz not null default now(),
        completed_at timestamptz
      );
      create index on upload (studio_id, master_id);
      call protect('upload');

      create table upload_part (
        upload_id uuid not null references upload (id) on delete cascade,
        studio_id uuid not null,
        number int not null,
        bytes bigint not null,
        sha256 text not null,
        primary key (upload_id, number)
      );
      call protect('upload_part');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table upload_part, upload, master, title`);
  }
}
