import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Captions by a model that looks at keyframes: which shots it was asked of, where they went, and what asks for a person because it is gone against. */
export class Captions1700000000020 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table shot
        -- Name of the captioner that was asked last; null: none was, since the shot is as it is.
        add captioned_by text,
        -- A caption in which a model and a measured fact disagree asks for a look before a transition that is fairly sure.
        alter column doubt set expression as (greatest(1 - coalesce((entry->>'confidence')::float8, 1), case when sentence = '' then 1 when caption ? 'disagreements' then 0.6 else 0 end));
      -- {name, sendsTo, decisionId, at, shots, unusable}: the last captioner of a title and under which decision it saw the keyframes.
      alter table analysis add captioner jsonb;
      -- What the captions of a frozen version are like; null for versions from before.
      alter table dataset_version add captions jsonb;
      insert into release_rule (kind, action) values ('keyframe', 'caption');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      delete from release_rule where (kind, action) = ('keyframe', 'caption');
      alter table dataset_version drop captions;
      alter table analysis drop captioner;
      alter table shot alter column doubt set expression as (greatest(1 - coalesce((entry->>'confidence')::float8, 1), case when sentence = '' then 1 else 0 end)), drop captioned_by;
    `);
  }
}
