import { appendEntry } from '#libs/audit';
import { type Database, decodeCursor, isId, newId, notFound, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, toPage } from '#libs/platform';
import { type Shot, shotColumns, type ShotRow, toShot } from '../rows.js';
import { type Agreement, agreementOf, countAgreement } from './agreement.js';
import { changedMeanwhile, countOf, lock, settles } from './edits.js';
import type { ShotLabels } from './labels.js';
import { isSame, labelsSaid, type Opinion, type OpinionInput, opinionOf, type Said } from './opinion.js';
import type { Review } from './review.js';
import type { Locked, Reviewer } from './types.js';

export interface DoublyReviewed {
  titleId: string;
  askedBy: string;
  askedAt: Date;
  endedAt: Date | null;
}

/** `waiting`: the other has not decided yet; `agreed` and `settled` are written into the shot. */
export interface ShotDecision {
  outcome: 'waiting' | 'agreed' | 'disputed' | 'settled';
  opinion: Opinion;
}

/** A shot of which two members said something else. */
export interface Dispute {
  shot: Shot;
  one: Opinion;
  other: Opinion;
}

const columns = `r.title_id as "titleId", m.name as "askedBy", r.asked_at as "askedAt", r.ended_at as "endedAt"`;
const said = (o: string, m: string): string =>
  `json_build_object('memberId', ${o}.member_id, 'memberName', ${m}.name, 'at', ${o}.at, 'kind', ${o}.kind, 'frame', ${o}.frame, 'first', ${o}.first, 'inside', ${o}.inside, 'labels', ${o}.labels, 'sentence', ${o}.sentence)`;
/** Shots of title $2 that nobody settled and that fewer than two members have decided on, none of whom is $3. */
const waiting = `shot s where s.studio_id = $1 and s.title_id = $2 and s.reviewed_at is null
  and not exists (select from opinion o where o.title_id = $2 and o.shot_id = s.id and (o.member_id = $3 or o.seat = 2))
  and exists (select from double_review r where r.title_id = $2 and r.ended_at is null)`;
/** Shots of title $2 on which two differ; with $3, those that $3 is none of the two of. */
const disputed = `opinion b join opinion a on a.title_id = b.title_id and a.shot_id = b.shot_id and a.seat = 1 join shot s on s.id = b.shot_id and s.reviewed_at is null
  where b.studio_id = $1 and b.title_id = $2 and b.outcome = 'disputed' and ($3::uuid is null or (a.member_id <> $3 and b.member_id <> $3))
  and exists (select from double_review r where r.title_id = $2 and r.ended_at is null)`;

/**
 * Review by two: each says of a shot what is right, and sees nothing of what the other says until both have. What both say is written into
 * the shot; where they differ a third member, who sees both, settles it. Meanwhile a title's shots are changed in no other way.
 */
export class DoubleReview {
  private readonly database: Database;
  private readonly review: Review;
  private readonly labels: ShotLabels;
  private readonly write: (scope: Reviewer, shotId: string, sentence: string) => Promise<unknown>;

  constructor({ database, review, labels, write }: { database: Database; review: Review; labels: ShotLabels; write: (scope: Reviewer, shotId: string, sentence: string) => Promise<unknown> }) {
    this.database = database;
    this.review = review;
    this.labels = labels;
    this.write = write;
  }

  /** Has the shots that nobody reviewed yet reviewed by two. Throws Refusal NOT_FOUND, REVIEWED_TWICE, NOTHING_TO_REVIEW. */
  async ask(scope: Reviewer, titleId: string): Promise<DoublyReviewed> {
    return this.database.inStudio(scope, async () => {
      await lock(scope, titleId);
      if (!(await unreviewed(scope, titleId))) throw new Refusal('NOTHING_TO_REVIEW', 'Every shot of the title is reviewed.', 'Undo a review of its shots, or choose another title.', 409);
      await rows(
        `insert into double_review (title_id, id, studio_id, asked_by) values ($1, $2, $3, $4) on conflict (title_id) do update set id = excluded.id, asked_by = excluded.asked_by, asked_at = now(), ended_at = null`,
        [titleId, newId(), scope.studioId, scope.memberId],
      );
      await appendEntry('correction', { title: titleId, what: 'double review asked' });
      return (await this.find(scope, titleId))!;
    });
  }

  /** What was not settled waits for an ordinary review; what one alone said of it stays unseen. Throws Refusal NOT_FOUND, NOT_ASKED. */
  async end(scope: Reviewer, titleId: string): Promise<DoublyReviewed> {
    return this.database.inStudio(scope, async () => {
      await this.open(scope, titleId);
      await close(scope, titleId);
      return (await this.find(scope, titleId))!;
    });
  }

  /**
   * What one of the two says of a shot; until the other has decided it may be said anew. Throws Refusal NOT_FOUND, NOT_ASKED,
   * CHANGED_MEANWHILE, ALREADY_REVIEWED, BOTH_DECIDED, and what `opinionOf` throws.
   */
  async decide(scope: Reviewer, shotId: string, version: number, input: OpinionInput): Promise<ShotDecision> {
    return this.database.inStudio(scope, async () => {
      const { shot, before, opinions } = await this.locked(scope, shotId, version);
      const other = opinions.find(({ memberId }) => memberId !== scope.memberId);
      if (opinions.length >= 2) throw new Refusal('BOTH_DECIDED', 'Two members have decided on this shot.', 'Where they differ, a third settles it.', 409);
      const opinion = opinionOf(shot, before, input);
      const outcome = other && (isSame(opinion, other) ? 'agreed' : 'disputed');
      const own = await this.keep(scope, shot, other ? 2 : 1, opinion, outcome);
      if (!other) return { outcome: 'waiting', opinion: own };
      await countAgreement(scope, shot.title_id, own, other);
      if (outcome === 'agreed') await this.settle(scope, shot, own, [other]);
      return { outcome: outcome!, opinion: own };
    });
  }

  /** What a third says, who saw what both said. Throws Refusal as `decide`, and NOT_DISPUTED, ONE_OF_THE_TWO. */
  async adjudicate(scope: Reviewer, shotId: string, version: number, input: OpinionInput): Promise<ShotDecision> {
    return this.database.inStudio(scope, async () => {
      const { shot, before, opinions } = await this.locked(scope, shotId, version);
      if (opinions.length < 2) throw new Refusal('NOT_DISPUTED', 'Two members have not both decided on this shot.', 'Give your decision as one of them.', 409);
      if (opinions.some(({ memberId }) => memberId === scope.memberId)) throw new Refusal('ONE_OF_THE_TWO', 'You are one of the two who differ.', 'Ask another member who may correct shots, or end the double review.', 403);
      const opinion = await this.keep(scope, shot, 3, opinionOf(shot, before, input), undefined);
      await rows(`update opinion set outcome = 'settled' where title_id = $1 and shot_id = $2 and seat = 2`, [shot.title_id, shot.id]);
      await this.settle(scope, shot, opinion, opinions);
      return { outcome: 'settled', opinion };
    });
  }

  /** By title id, open and ended ones; a title that was never reviewed so is absent. */
  async ofTitles(scope: Scope, titleIds: string[]): Promise<Map<string, DoublyReviewed>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<DoublyReviewed>(`select ${columns} from double_review r join member m on m.id = r.asked_by where r.studio_id = $1 and r.title_id = any($2)`, [scope.studioId, titleIds.filter(isId)]);
      return new Map(found.map((one) => [one.titleId, one]));
    });
  }

  /** Titles that are reviewed so now, that which was asked for first before the others. */
  async titles(scope: Scope, page: Page): Promise<Paged<string>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ id: string; titleId: string }>(`select id, title_id as "titleId" from double_review where studio_id = $1 and ended_at is null and ($2::uuid is null or id > $2) order by id limit $3`, [scope.studioId, after, first + 1]);
      const { items, ...info } = toPage(found, first, ({ id }) => [id]);
      return { items: items.map(({ titleId }) => titleId), ...info };
    });
  }

  async countTitles(scope: Scope): Promise<number> {
    return countOf(this.database, 'double_review where studio_id = $1 and ended_at is null', scope);
  }

  /** What the member said of these shots, by shot id. */
  async ownOf(scope: Scope, shotIds: string[]): Promise<Map<string, Opinion>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ shotId: string; opinion: Opinion }>(
        `select o.shot_id as "shotId", ${said('o', 'm')} as opinion from shot s join opinion o on o.title_id = s.title_id and o.shot_id = s.id join member m on m.id = o.member_id where s.studio_id = $1 and s.id = any($2) and o.member_id = $3`,
        [scope.studioId, shotIds.filter(isId), scope.memberId ?? null],
      );
      return new Map(found.map(({ shotId, opinion }) => [shotId, dated(opinion)]));
    });
  }

  /** Shots of the title that the member has decided on. */
  async countOwn(scope: Reviewer, titleId: string): Promise<number> {
    return countOf(this.database, 'opinion where studio_id = $1 and title_id = $2 and member_id = $3', scope, titleId, scope.memberId);
  }

  /** Shots that wait for a decision of this member, those that ask for it most first. */
  async waiting(scope: Reviewer, titleId: string, page: Page): Promise<Paged<Shot>> {
    const first = pageSize(page.first);
    const [doubt, id] = decodeCursor(page.after, 2) ?? [null, null];
    return this.database.inStudio(scope, async () => {
      const found = await rows<ShotRow & { doubt: number }>(
        `select ${shotColumns}, doubt from ${waiting} and ($4::float8 is null or (-doubt, id) > (-$4::float8, $5::uuid)) order by doubt desc, id limit $6`,
        [scope.studioId, titleId, scope.memberId, doubt, id, first + 1],
      );
      const { items, ...info } = toPage(found, first, (shot) => [String(shot.doubt), shot.id]);
      return { items: items.map(toShot), ...info };
    });
  }

  async countWaiting(scope: Reviewer, titleId: string): Promise<number> {
    return countOf(this.database, waiting, scope, titleId, scope.memberId);
  }

  /** Shots on which two differ; `mine`: those alone that this member may settle. */
  async disputes(scope: Reviewer, titleId: string, mine: boolean, page: Page): Promise<Paged<Dispute>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ shotId: string; one: Opinion; other: Opinion }>(
        `select d.*, ${said('a', 'm')} as one, ${said('b', 'n')} as other from (select b.shot_id as "shotId" from ${disputed} and ($4::uuid is null or b.shot_id > $4) order by b.shot_id limit $5) d
         join opinion a on a.title_id = $2 and a.shot_id = d."shotId" and a.seat = 1 join opinion b on b.title_id = $2 and b.shot_id = d."shotId" and b.seat = 2
         join member m on m.id = a.member_id join member n on n.id = b.member_id order by 1`,
        [scope.studioId, titleId, mine ? scope.memberId : null, after, first + 1],
      );
      const { items, ...info } = toPage(found, first, ({ shotId }) => [shotId]);
      const shots = new Map((await rows<ShotRow>(`select ${shotColumns} from shot where studio_id = $1 and id = any($2)`, [scope.studioId, items.map(({ shotId }) => shotId)])).map((shot) => [shot.id, toShot(shot)]));
      return { items: items.map(({ shotId, one, other }) => ({ shot: shots.get(shotId)!, one: dated(one), other: dated(other) })), ...info };
    });
  }

  async countDisputes(scope: Reviewer, titleId: string, mine: boolean): Promise<number> {
    return this.database.inStudio(scope, async () => (await row<{ count: number }>(`select count(*)::int from ${disputed}`, [scope.studioId, titleId, mine ? scope.memberId : null]))!.count);
  }

  /** Of one title, or of all of the studio's; null where no shot was decided on by two. */
  async agreement(scope: Scope, titleId?: string): Promise<Agreement | null> {
    return agreementOf(this.database, scope, titleId);
  }

  private async find(scope: Scope, titleId: string): Promise<DoublyReviewed | undefined> {
    return (await this.ofTitles(scope, [titleId])).get(titleId);
  }

  /** Locks the title's shots for a decision in its double review. */
  private async open(scope: Reviewer, titleId: string): Promise<void> {
    if (!isId(titleId)) throw notFound('title');
    await settles(titleId);
    await lock(scope, titleId);
    const found = await this.find(scope, titleId);
    if (!found || found.endedAt) throw new Refusal('NOT_ASKED', 'The title is not reviewed by two.', 'Review it as it is, or ask for a double review.', 409);
  }

  private async locked(scope: Reviewer, shotId: string, version: number): Promise<{ shot: Locked; before: Locked | undefined; opinions: Opinion[] }> {
    // A shot that both said is none has become part of the one before.
    const known = isId(shotId) ? await row<{ title_id: string }>(`select title_id from shot where studio_id = $1 and id = $2`, [scope.studioId, shotId]) : undefined;
    const gone = known || !isId(shotId) ? undefined : await row<{ title_id: string }>(`select title_id from verdict where studio_id = $1 and shot_id = $2 limit 1`, [scope.studioId, shotId]);
    const titleId = (known ?? gone)?.title_id;
    if (!titleId) throw notFound('shot');
    await this.open(scope, titleId);
    const shot = await row<Locked & { reviewed_at: Date | null }>(`select ${shotColumns}, master_id, version, reviewed_at from shot where studio_id = $1 and id = $2`, [scope.studioId, shotId]);
    if (!shot || shot.version !== version) throw await changedMeanwhile(scope, titleId, [shotId]);
    if (shot.reviewed_at) throw new Refusal('ALREADY_REVIEWED', 'The shot is settled.', 'Go on with the next.', 409);
    const before = await row<Locked>(`select ${shotColumns}, master_id, version from shot where studio_id = $1 and master_id = $2 and number = $3`, [scope.studioId, shot.master_id, shot.number - 1]);
    const opinions = await rows<{ opinion: Opinion }>(`select ${said('o', 'm')} as opinion from opinion o join member m on m.id = o.member_id where o.title_id = $1 and o.shot_id = $2 and o.seat < 3 order by o.seat`, [titleId, shotId]);
    return { shot, before, opinions: opinions.map(({ opinion }) => dated(opinion)) };
  }

  private async keep(scope: Reviewer, shot: Locked, seat: 1 | 2 | 3, { kind, frame, first, inside, labels, sentence }: Said, outcome: string | undefined): Promise<Opinion> {
    const kept = await row<{ opinion: Opinion }>(
      `with o as (
         insert into opinion (title_id, shot_id, seat, member_id, studio_id, frame, first, kind, inside, labels, sentence, outcome) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (title_id, shot_id, seat) do update set at = now(), frame = excluded.frame, first = excluded.first, kind = excluded.kind, inside = excluded.inside, labels = excluded.labels, sentence = excluded.sentence returning *
       ) select ${said('o', 'm')} as opinion from o join member m on m.id = o.member_id`,
      [shot.title_id, shot.id, seat, scope.memberId, scope.studioId, frame, first, kind, JSON.stringify(inside), labels, sentence, outcome ?? null],
    );
    return dated(kept!.opinion);
  }

  /** Writes into the shot what was decided, and what the others said of it beside; the last shot ends the double review. */
  private async settle(scope: Reviewer, shot: Locked, opinion: Opinion, others: Opinion[]): Promise<void> {
    const { kind, frame, first, inside } = opinion;
    const version = async (id: string): Promise<number> => (await row<{ version: number }>(`select version from shot where id = $1`, [id]))!.version;
    if (kind === null) await this.review.merge(scope, shot.id, shot.version);
    else {
      const asShown = kind === shot.entry.kind && frame === Number(shot.first_frame) && first === (shot.entry.first ?? null);
      if (asShown) await this.review.accept(scope, shot.id, shot.version);
      else await this.review.change(scope, shot.id, shot.version, { kind, first: frame, from: first });
      let part = shot.id;
      for (const one of inside) part = (await this.review.split(scope, part, await version(part), { kind: one.kind, first: one.frame, from: one.first })).shotIds[1]!;
      const shown = labelsSaid(shot.labels);
      for (const label of new Set([...Object.keys(shown), ...Object.keys(opinion.labels)])) {
        const [was, is] = [shown[label], opinion.labels[label]];
        if (String(was) !== String(is)) await this.labels.write(scope, shot.id, label, is === undefined ? [] : [is].flat());
      }
      if (opinion.sentence !== shot.sentence && opinion.sentence !== null) await this.write(scope, shot.id, opinion.sentence);
    }
    await rows(
      `insert into verdict (title_id, shot_id, member_id, studio_id, frame, first, kind) select $1, $2, o."memberId", $3, o.frame, o.first, o.kind from jsonb_to_recordset($4) as o("memberId" uuid, frame bigint, first bigint, kind text)
       on conflict (title_id, shot_id, member_id) do update set frame = excluded.frame, first = excluded.first, kind = excluded.kind, at = now()`,
      [shot.title_id, shot.id, scope.studioId, JSON.stringify(others)],
    );
    if (!(await unreviewed(scope, shot.title_id))) await close(scope, shot.title_id);
  }
}

async function unreviewed({ studioId }: Scope, titleId: string): Promise<boolean> {
  return (await row(`select from shot where studio_id = $1 and title_id = $2 and reviewed_at is null limit 1`, [studioId, titleId])) !== undefined;
}

async function close({ studioId }: Scope, titleId: string): Promise<void> {
  await rows(`update double_review set ended_at = now() where studio_id = $1 and title_id = $2`, [studioId, titleId]);
  await appendEntry('correction', { title: titleId, what: 'double review ended' });
}

const dated = (opinion: Opinion): Opinion => ({ ...opinion, at: new Date(opinion.at) });
