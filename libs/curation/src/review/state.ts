import { type Database, decodeCursor, isId, type Job, type Page, type Paged, pageSize, rows, type Scope, toPage } from '#libs/platform';
import { type Shot, shotColumns, type ShotRow, toShot } from '../rows.js';
import { countOf } from './edits.js';
import { recomputing } from './stale.js';
import type { Disagreement, Reviewed, Reviewing, ShotReview, Verdict } from './types.js';

/** Where review stands: what waits, who looked at what, and where reviewers differ. */
export class ReviewState {
  constructor(private readonly database: Database) {}

  /** By shot id. */
  async ofShots(scope: Scope, shotIds: string[]): Promise<Map<string, ShotReview>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<ShotReview>(
        `select s.id as "shotId", s.version, s.doubt, m.name as "reviewedBy", s.reviewed_at as "reviewedAt", s.stale from shot s left join member m on m.id = s.reviewed_by where s.studio_id = $1 and s.id = any($2)`,
        [scope.studioId, shotIds.filter(isId)],
      );
      return new Map(found.map((review) => [review.shotId, review]));
    });
  }

  /** Shots that nobody looked at, those that ask for it most first; of one title or all of the studio's. */
  async queue(scope: Scope, page: Page, titleId?: string | null): Promise<Paged<Shot>> {
    const first = pageSize(page.first);
    const [doubt, id] = decodeCursor(page.after, 2) ?? [null, null];
    return this.database.inStudio(scope, async () => {
      const of = titleId == null ? '' : 'and title_id = $5';
      const found = await rows<ShotRow & { doubt: number }>(
        `select ${shotColumns}, doubt from shot where studio_id = $1 ${of} and reviewed_at is null and ($2::float8 is null or (-doubt, id) > (-$2::float8, $3::uuid)) order by doubt desc, id limit $4`,
        [scope.studioId, doubt, id, first + 1, ...(titleId == null ? [] : [isId(titleId) ? titleId : null])],
      );
      const { items, ...info } = toPage(found, first, (shot) => [String(shot.doubt), shot.id]);
      return { items: items.map(toShot), ...info };
    });
  }

  async countQueue(scope: Scope, titleId?: string | null): Promise<number> {
    return countOf(this.database, `shot where studio_id = $1 and reviewed_at is null ${titleId == null ? '' : 'and title_id = $2'}`, scope, ...(titleId == null ? [] : [titleId]));
  }

  /** How far review is, by title id; a title without shots is absent. */
  async progressOf(scope: Scope, titleIds: string[]): Promise<Map<string, Reviewed>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<Reviewed>(
        `select title_id as "titleId", count(*)::int as shots, count(reviewed_at)::int as reviewed, (count(*) filter (where stale))::int as stale from shot where studio_id = $1 and title_id = any($2) group by title_id`,
        [scope.studioId, titleIds.filter(isId)],
      );
      return new Map(found.map((progress) => [progress.titleId, progress]));
    });
  }

  /** The latest job that measures a title's changed shots anew. */
  async recomputing(scope: Scope, titleId: string): Promise<Job | null> {
    return this.database.inStudio(scope, async () => (await recomputing(scope, titleId)) ?? null);
  }

  /** Who reviewed a title, who did most first. */
  async reviewers(scope: Scope, titleId: string): Promise<Reviewing[]> {
    return this.database.inStudio(scope, () =>
      rows<Reviewing>(`select m.name as "memberName", count(*)::int as shots, max(v.at) as "lastAt" from verdict v join member m on m.id = v.member_id where v.studio_id = $1 and v.title_id = $2 group by m.id, m.name order by count(*) desc, m.id limit 100`, [scope.studioId, titleId]),
    );
  }

  /** Shots of which two members say another beginning. */
  async disagreements(scope: Scope, titleId: string, page: Page): Promise<Paged<Disagreement>> {
    const first = pageSize(page.first);
    const [shot, one, other] = decodeCursor(page.after, 3) ?? [null, null, null];
    return this.database.inStudio(scope, async () => {
      const said = (alias: string, name: string): string => `json_build_object('memberId', ${alias}.member_id, 'memberName', ${name}.name, 'frame', ${alias}.frame, 'first', ${alias}.first, 'kind', ${alias}.kind, 'at', ${alias}.at)`;
      const found = await rows<{ shotId: string; one: Verdict & { memberId: string }; other: Verdict & { memberId: string } }>(
        `select a.shot_id as "shotId", ${said('a', 'm')} as one, ${said('b', 'n')} as other from ${disagreeing} join member m on m.id = a.member_id join member n on n.id = b.member_id
         where ${differing} and ($3::uuid is null or (a.shot_id, a.member_id, b.member_id) > ($3, $4::uuid, $5::uuid)) order by a.shot_id, a.member_id, b.member_id limit $6`,
        [scope.studioId, titleId, shot, one, other, first + 1],
      );
      const { items, ...info } = toPage(found, first, (item) => [item.shotId, item.one.memberId, item.other.memberId]);
      return { items: items.map((item) => ({ shotId: item.shotId, one: { ...item.one, at: new Date(item.one.at) }, other: { ...item.other, at: new Date(item.other.at) } })), ...info };
    });
  }

  async countDisagreements(scope: Scope, titleId: string): Promise<number> {
    return countOf(this.database, `${disagreeing} where ${differing}`, scope, titleId);
  }
}

const disagreeing = 'verdict a join verdict b on b.title_id = a.title_id and b.shot_id = a.shot_id and b.member_id > a.member_id';
const differing = 'a.studio_id = $1 and b.studio_id = $1 and a.title_id = $2 and (a.frame, a.first, a.kind) is distinct from (b.frame, b.first, b.kind)';
