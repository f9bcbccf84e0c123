import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Filter sets of a studio, every version of them kept; dataset versions hold the rules that they went by, drops the rule that dropped them. */
export class Filters1700000000016 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table filter_set (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        name text not null check (length(name) between 1 and 200),
        preset text,
        version int not null,
        created_by uuid,
        created_at timestamptz not null default now(),
        unique (studio_id, name)
      );
      create index on filter_set (studio_id, id desc);
      call protect('filter_set', 'select, insert, update (version)');

      create table filter_version (
        studio_id uuid not null,
        set_id uuid not null references filter_set (id),
        version int not null,
        rules jsonb not null,
        sha256 text not null,
        why text not null,
        went_back_to int,
        created_by uuid,
        created_at timestamptz not null default now(),
        primary key (studio_id, set_id, version)
      );
      call protect('filter_version', 'select, insert');

      alter table dataset_version add filter jsonb;
      alter table dataset_drop add rule jsonb;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table dataset_drop drop rule; alter table dataset_version drop filter; drop table filter_version, filter_set`);
  }
}
