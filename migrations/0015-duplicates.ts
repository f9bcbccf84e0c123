import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which shots of a studio show the same take. */
export class Duplicates1700000000015 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table print (
        shot_id uuid primary key references shot (id) on delete cascade,
        studio_id uuid not null references studio (id),
        title_id uuid not null references title (id) on delete cascade,
        -- Which of several duplicates represents them: the highest quality, then the lowest content address.
        quality float8 not null,
        content text collate "C" not null,
        -- Perceptual hashes of the keyframes in order, those that have one.
        hashes bigint[] not null,
        look bytea,
        -- The shot that represents its cluster, itself where it is that; null until it is placed, and again when its representative goes.
        leader_id uuid references print (shot_id) on delete set null,
        -- How far it is from its leader.
        most smallint,
        one smallint,
        cosine real
      );
      create index print_of_title on print (title_id);
      create index print_unplaced on print (studio_id, quality desc, content, shot_id) where leader_id is null;
      create index print_of_leader on print (leader_id);
      create index print_led on print (studio_id, leader_id, shot_id) where leader_id <> shot_id;
      call protect('print');

      -- Multi-index hashing: two hashes that differ in at most 8 bits differ in at most 2 in one of the three bands.
      create table print_hash (
        shot_id uuid not null references print (shot_id) on delete cascade,
        position smallint not null,
        studio_id uuid not null,
        hash bigint not null,
        low int not null generated always as ((hash & 4194303)::int) stored,
        middle int not null generated always as (((hash >> 22) & 2097151)::int) stored,
        high int not null generated always as (((hash >> 43) & 2097151)::int) stored,
        primary key (shot_id, position)
      );
      create index print_low on print_hash (studio_id, low);
      create index print_middle on print_hash (studio_id, middle);
      create index print_high on print_hash (studio_id, high);
      call protect('print_hash');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table print_hash, print`);
  }
}
