import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A member may choose which of several near-duplicates represents them. */
export class ChosenRepresentatives1700000000024 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table print add chosen_at timestamptz;
      -- quality is what decides: this, or more than any of it where a member chose. Rows from before are taken over whoever owns the table.
      alter table print add measured_quality float8;
      alter table print no force row level security;
      update print set measured_quality = quality;
      alter table print force row level security;
      alter table print alter measured_quality set not null;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table print no force row level security;
      update print set quality = measured_quality, leader_id = null where chosen_at is not null;
      alter table print force row level security;
      alter table print drop measured_quality, drop chosen_at;
    `);
  }
}
