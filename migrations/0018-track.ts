import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Measures by the second, and which scene a shot is in. */
export class Track1700000000018 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- Null: analysed before there were scenes.
      alter table shot add scene int;

      -- Ten minutes a row: {name: [a value a second, null where it is not known]}. json, not jsonb: it is only ever read whole, and takes a third of the room.
      create table track (
        studio_id uuid not null references studio (id),
        title_id uuid not null references title (id) on delete cascade,
        master_id uuid not null references master (id) on delete cascade,
        first int not null,
        seconds int not null check (seconds between 1 and 600),
        lanes json not null,
        primary key (studio_id, title_id, first)
      );
      call protect('track');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table track; alter table shot drop scene`);
  }
}
