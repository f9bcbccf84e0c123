import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which shot holds a frame: whoever jumps into a film of 50,000 shots gets the page around it, not every page before. */
export class ShotsByFrame1700000000025 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`create index shot_by_frame on shot (studio_id, title_id, first_frame)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index shot_by_frame`);
  }
}
