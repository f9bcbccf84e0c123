import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Shots that a review changed are measured anew. */
export class Recompute1700000000023 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- When what is known of the shot was computed anew; null: by the title's analysis.
      alter table shot add measured_at timestamptz;
      create index shot_stale on shot (studio_id, title_id) where stale;
      -- Whether near-duplicates were looked for: titles from before there were any are computed anew once.
      alter table analysis add printed boolean not null default false;
      create index analysis_unprinted on analysis (studio_id, master_id) where not printed;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index analysis_unprinted; alter table analysis drop printed; drop index shot_stale; alter table shot drop measured_at`);
  }
}
