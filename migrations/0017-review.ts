import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What reviewers changed of a title's shots, and what each of them says of a transition. */
export class Review1700000000017 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table shot
        -- Counts the changes by reviewers, so that one that was made on an older state is known.
        add version int not null default 0,
        add reviewed_by uuid,
        add reviewed_at timestamptz,
        -- Measures, labels and near-duplicates are of the frames that it had before a reviewer changed them.
        add stale boolean not null default false,
        -- How much it asks for a look: a transition that is not sure, or no caption at all.
        add doubt float8 not null generated always as (greatest(1 - coalesce((entry->>'confidence')::float8, 1), case when sentence = '' then 1 else 0 end)) stored;
      create index shot_unreviewed on shot (studio_id, doubt desc, id) where reviewed_at is null;
      create index shot_unreviewed_of_title on shot (studio_id, title_id, doubt desc, id) where reviewed_at is null;
      -- Renumbering passes through numbers that another shot still has.
      alter table shot drop constraint shot_master_id_number_key;
      alter table shot add constraint shot_master_id_number_key unique (master_id, number) deferrable initially immediate;
      -- What a member wrote of a shot is kept where that shot became part of another.
      alter table correction drop constraint correction_shot_id_fkey;

      -- The transitions as they were detected, written before a reviewer's first change of one.
      alter table analysis add detected jsonb;

      create table shot_edit (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        title_id uuid not null references title (id) on delete cascade,
        kind text not null check (kind in ('changed', 'split', 'merged', 'accepted')),
        member_id uuid not null references member (id),
        at timestamptz not null default now(),
        -- The shots that it is about, those that it ended and began too.
        shot_ids uuid[] not null,
        before jsonb not null,
        after jsonb not null,
        -- The verdicts of the member that it took the place of.
        verdicts jsonb not null,
        undone_by uuid references member (id),
        undone_at timestamptz
      );
      create index shot_edit_of_title on shot_edit (studio_id, title_id, id desc);
      call protect('shot_edit', 'select, insert, update');

      -- What a member says of how a shot begins; kind is null where there is no transition. It outlives the shot.
      create table verdict (
        title_id uuid not null references title (id) on delete cascade,
        shot_id uuid not null,
        member_id uuid not null references member (id),
        studio_id uuid not null references studio (id),
        frame bigint not null,
        first bigint,
        kind text,
        at timestamptz not null default now(),
        primary key (title_id, shot_id, member_id)
      );
      call protect('verdict');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      drop table verdict, shot_edit;
      alter table analysis drop detected;
      delete from correction where not exists (select from shot where id = shot_id);
      alter table correction add constraint correction_shot_id_fkey foreign key (shot_id) references shot (id) on delete cascade;
      alter table shot drop constraint shot_master_id_number_key;
      alter table shot add constraint shot_master_id_number_key unique (master_id, number);
      drop index shot_unreviewed, shot_unreviewed_of_title;
      alter table shot drop doubt, drop stale, drop reviewed_at, drop reviewed_by, drop version;
    `);
  }
}
