import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Shots that two members review without seeing what the other says, and how far the two agree. */
export class DoubleReview1700000000026 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- While one has not ended, no shot of its title is changed in another way.
      create table double_review (
        title_id uuid primary key references title (id) on delete cascade,
        -- Another each time that it is asked for, so that lists go by it.
        id uuid not null,
        studio_id uuid not null references studio (id),
        asked_by uuid not null references member (id),
        asked_at timestamptz not null default now(),
        ended_at timestamptz
      );
      create index double_review_open on double_review (studio_id, id) where ended_at is null;
      call protect('double_review', 'select, insert, update');

      -- What a member says of a whole shot. Seats 1 and 2: the two, who do not see each other's; 3: who settles it where they differ. It outlives the shot.
      create table opinion (
        title_id uuid not null references title (id) on delete cascade,
        shot_id uuid not null,
        seat smallint not null check (seat between 1 and 3),
        member_id uuid not null references member (id),
        studio_id uuid not null references studio (id),
        at timestamptz not null default now(),
        -- How it begins, as in verdict: kind is null where there is no transition.
        frame bigint not null,
        first bigint,
        kind text,
        -- {kind, frame, first} of transitions inside of it that were not seen.
        inside jsonb not null,
        labels jsonb not null,
        sentence text,
        -- Of the two, when both have decided.
        outcome text check (outcome in ('agreed', 'disputed', 'settled')),
        primary key (title_id, shot_id, seat),
        unique (title_id, shot_id, member_id),
        check ((seat = 2) = (outcome is not null))
      );
      create index opinion_disputed on opinion (studio_id, title_id, shot_id) where outcome = 'disputed';
      create index opinion_of_member on opinion (studio_id, title_id, member_id);
      call protect('opinion', 'select, insert, update');

      -- How often two members said what of the same shots, counted when the second decides: a report must not read every opinion again.
      create table agreement (
        title_id uuid not null references title (id) on delete cascade,
        one uuid not null references member (id),
        other uuid not null references member (id),
        about text not null,
        one_says text not null,
        other_says text not null,
        studio_id uuid not null references studio (id),
        shots int not null,
        primary key (title_id, one, other, about, one_says, other_says),
        check (one < other)
      );
      create index agreement_of_studio on agreement (studio_id);
      call protect('agreement', 'select, insert, update');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table agreement, opinion, double_review`);
  }
}
