import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Frames of a title that are left out, marks of what its frames show, and what is shown in place of what is left out. */
export class Exclusions1700000000012 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- The frames that exclusions, marks and decisions count: those of the title's master, as they were decoded.
      create table edit (
        title_id uuid primary key references title (id) on delete cascade,
        studio_id uuid not null references studio (id),
        frames int not null check (frames > 0),
        -- Frames a second; where they are not evenly spaced, places are counted in ticks of the time base.
        rate text not null,
        even boolean not null,
        time_base text not null,
        -- Timestamp of every frame and of the end: deflated float64 differences, about a byte a thousand frames.
        times bytea not null,
        -- A person has said that every frame where a performer appears, or a cue plays, is marked.
        performers_marked boolean not null default false,
        cues_marked boolean not null default false,
        -- Counts the changes to what is left out and marked.
        revision bigint not null default 0
      );
      call protect('edit');

      create table exclusion (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        title_id uuid not null references edit (title_id) on delete cascade,
        first_frame int not null check (first_frame >= 0),
        end_frame int not null,
        why text not null,
        clause text,
        -- Empty: every action.
        actions text[] not null default '{}',
        added_by uuid,
        added_at timestamptz not null default now(),
        changed_by uuid,
        changed_at timestamptz,
        removed_by uuid,
        removed_at timestamptz,
        check (end_frame > first_frame)
      );
      create index exclusion_of_title on exclusion (studio_id, title_id, first_frame, id) where removed_at is null;
      -- The same row of a list is taken once, however often the list is sent.
      create unique index exclusion_once on exclusion (title_id, first_frame, end_frame, md5(why), coalesce(clause, ''), actions) where removed_at is null;
      call protect('exclusion', 'select, insert, update');

      create table mark (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        title_id uuid not null references edit (title_id) on delete cascade,
        kind text not null check (kind in ('performer', 'cue')),
        subject text not null,
        first_frame int not null check (first_frame >= 0),
        end_frame int not null,
        source text not null check (source in ('written', 'modelled')),
        -- The member or the model.
        by text not null,
        confidence real not null check (confidence between 0 and 1),
        added_by uuid,
        added_at timestamptz not null default now(),
        changed_by uuid,
        changed_at timestamptz,
        removed_by uuid,
        removed_at timestamptz,
        check (end_frame > first_frame)
      );
      create index mark_of_title on mark (studio_id, title_id, first_frame, id) where removed_at is null;
      create index mark_of_subject on mark (studio_id, subject, title_id) where removed_at is null;
      call protect('mark', 'select, insert, update');

      -- What the version's decision about the title had seen of its exclusions and marks.
      alter table dataset_title add revision bigint;

      call revokes('edit');
      call revokes('exclusion');
      call revokes('mark');

      -- What members are shown of a title in place of its proxy and filmstrip; hash is that of the frames left out.
      create table mask (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        title_id uuid not null references title (id) on delete cascade,
        hash text not null,
        proxy_object_id uuid not null references sealed_object (id),
        proxy jsonb not null,
        -- Object id of a filmstrip's sheet to the object id of the sheet shown in its place.
        sheets jsonb not null,
        created_at timestamptz not null default now(),
        unique (studio_id, title_id, hash)
      );
      create index on mask (proxy_object_id);
      call protect('mask');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table dataset_title drop revision; drop table mask, mark, exclusion, edit`);
  }
}
