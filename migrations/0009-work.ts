import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What background work keeps: a dataset version's decision about each title, and which logs wait to be published. */
export class Work1700000000009 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- One decision a title and version: a freeze that was killed goes on with the one it has.
      create table dataset_title (
        version_id uuid not null references dataset_version (id) on delete cascade,
        title_id uuid not null,
        studio_id uuid not null,
        decision_id uuid not null references decision (id),
        primary key (version_id, title_id)
      );
      call protect('dataset_title');

      -- The publisher must see which logs have entries without a place, or a head that is not in their files yet; ids only.
      grant select (studio_id, leaf_index) on audit_entry to backlot_gate;
      grant select (studio_id, size, published_size) on audit_log to backlot_gate;
      create policy waiting on audit_entry for select to backlot_gate using (leaf_index is null);
      create policy waiting on audit_log for select to backlot_gate using (true);
      create function logs_waiting(batch int) returns setof uuid language sql stable security definer set search_path = public
        as $$ select distinct studio_id from audit_entry where leaf_index is null union select studio_id from audit_log where published_size < size limit batch $$;
      alter function logs_waiting owner to backlot_gate;
      revoke all on function logs_waiting from public;
      grant execute on function logs_waiting to backlot_app;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop function logs_waiting; drop policy waiting on audit_entry; drop policy waiting on audit_log; drop table dataset_title`);
  }
}
