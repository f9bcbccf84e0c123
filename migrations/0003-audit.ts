import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The transparency log's entries and heads. Append only: the app may add an entry and give it its place, nothing else. */
export class Audit1700000000003 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table audit_entry (
        id bigint generated always as identity primary key,
        studio_id uuid not null,
        at timestamptz not null default now(),
        type text not null,
        leaf bytea not null,
        salt bytea not null,
        payload jsonb not null,
        leaf_index bigint,
        unique (studio_id, leaf_index)
      );
      create index audit_entry_waiting on audit_entry (studio_id, id) where leaf_index is null;
      create index on audit_entry (studio_id, id desc);
      create index on audit_entry (studio_id, type, id desc);
      call protect('audit_entry', 'select, insert, update (leaf_index)');

      create table audit_log (
        studio_id uuid primary key,
        origin text not null,
        size bigint not null default 0,
        hashes bytea not null default '',
        root bytea,
        published_size bigint not null default 0
      );
      call protect('audit_log', 'select, insert, update');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table audit_log, audit_entry`);
  }
}
