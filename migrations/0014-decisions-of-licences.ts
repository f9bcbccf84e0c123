import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which licences a decision asked, so that a licence's page lists them however many there are. */
export class DecisionsOfLicences1700000000014 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table decision_licence (
        decision_id uuid not null references decision (id),
        licence_id uuid not null references licence (id),
        studio_id uuid not null,
        primary key (decision_id, licence_id)
      );
      -- The owner is bound by row security as well: which decisions there were would not be seen.
      alter table decision no force row level security;
      insert into decision_licence (decision_id, licence_id, studio_id) select distinct d.id, split_part(l, ':', 1)::uuid, d.studio_id from decision d, unnest(d.licences) l;
      alter table decision force row level security;
      create index on decision_licence (studio_id, licence_id, decision_id);
      call protect('decision_licence', 'select, insert');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table decision_licence`);
  }
}
