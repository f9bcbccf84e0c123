import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A hold on a performer goes by the marks. */
export class HoldsByMarks1700000000013 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- A performer is where the hold or a mark says; without titles in the hold also wherever not every performer is marked.
      create or replace function holds_upon(given_titles uuid[]) returns setof hold language sql stable set search_path = public as $$
        select h.* from hold h where h.studio_id = current_studio() and h.lifted_at is null and (
          h.kind = 'studio'
          or (h.kind = 'title' and h.subject = any (given_titles::text[]))
          or (h.kind = 'licence' and h.subject in (select split_part(s, ':', 1) from unnest(licences_standing(given_titles)) s))
          or (h.kind = 'performer' and (
            h.title_ids && given_titles
            or exists (select from mark m where m.studio_id = current_studio() and m.kind = 'performer' and m.subject = h.subject and m.removed_at is null and m.title_id = any (given_titles))
            or (h.title_ids = '{}' and exists (select from unnest(given_titles) g (id) where not exists (select from edit e where e.title_id = g.id and e.studio_id = current_studio() and e.performers_marked))))))
        order by h.id $$;
      grant select on mark, edit to backlot_gate;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      create or replace function holds_upon(given_titles uuid[]) returns setof hold language sql stable set search_path = public as $$
        select h.* from hold h where h.studio_id = current_studio() and h.lifted_at is null and (
          h.kind = 'studio'
          or (h.kind = 'title' and h.subject = any (given_titles::text[]))
          or (h.kind = 'licence' and h.subject in (select split_part(s, ':', 1) from unnest(licences_standing(given_titles)) s))
          or (h.kind = 'performer' and (h.title_ids = '{}' or h.title_ids && given_titles)))
        order by h.id $$;
      revoke select on mark, edit from backlot_gate`);
  }
}
