import { appendEntry } from '#libs/audit';
import type { Labels, Measures, Transition, TransitionKind } from '#libs/media';
import { type Database, decodeCursor, isId, newId, notFound, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, toPage } from '#libs/platform';
import type { Rights } from '#libs/rights';
import type { Caption, Keyframe, Shot } from '../rows.js';
import { shotColumns, type ShotRow, toShot } from '../rows.js';
import { type Begin, type KindQuality, qualityOf } from './quality.js';

type Reviewer = Scope & { memberId: string };

/** Where review stands with a shot. */
export interface ShotReview {
  shotId: string;
  version: number;
  doubt: number;
  reviewedBy: string | null;
  reviewedAt: Date | null;
  stale: boolean;
}

/** How a shot begins: at `first`; where it is no cut, the transition is the frames from `from` to the one before `first`. */
export interface EntryInput {
  kind: TransitionKind;
  first: number;
  from?: number | null;
}

export interface ShotEdit {
  id: string;
  titleId: string;
  kind: 'changed' | 'split' | 'merged' | 'accepted';
  memberId: string;
  memberName: string;
  at: Date;
  shotIds: string[];
  before: Kept[];
  after: Kept[];
  undoneBy: string | null;
  undoneAt: Date | null;
}

export interface Reviewed {
  titleId: string;
  shots: number;
  reviewed: number;
  stale: number;
}

export interface Reviewing {
  memberName: string;
  shots: number;
  lastAt: Date;
}

export interface Verdict {
  memberName: string;
  frame: number;
  /** First frame of a gradual transition. */
  first: number | null;
  /** Null: there is no transition. */
  kind: TransitionKind | null;
  at: Date;
}

export interface Disagreement {
  shotId: string;
  one: Verdict;
  other: Verdict;
}

/** A shot as an edit keeps it; what describes it only where the edit ended or began a shot. */
interface Kept {
  id: string;
  first_frame: number;
  last_frame: number;
  start_pts: number;
  end_pts: number;
  entry: Transition;
  version: number;
  reviewed_by: string | null;
  reviewed_at: string | null;
  stale: boolean;
  keyframes?: Keyframe[];
  measures?: Measures;
  labels?: Labels;
  caption?: Caption;
  sentence?: string;
  master_id?: string;
}

interface Locked extends ShotRow {
  master_id: string;
  version: number;
}

const GRADUAL: readonly TransitionKind[] = ['dissolve', 'fade', 'wipe', 'other'];
const place = `'id', id, 'first_frame', first_frame, 'last_frame', last_frame, 'start_pts', start_pts, 'end_pts', end_pts, 'entry', entry, 'version', version, 'reviewed_by', reviewed_by, 'reviewed_at', reviewed_at, 'stale', stale`;
const whole = `${place}, 'keyframes', keyframes, 'measures', measures, 'labels', labels, 'caption', caption, 'sentence', sentence, 'master_id', master_id`;
const recorded = `jsonb_to_recordset($1) as b(id uuid, first_frame bigint, last_frame bigint, start_pts bigint, end_pts bigint, entry jsonb, version int, reviewed_by uuid, reviewed_at timestamptz, stale boolean, keyframes jsonb, measures jsonb, labels jsonb, caption jsonb, sentence text, master_id uuid)`;
const editColumns = `e.id, e.title_id as "titleId", e.kind, e.member_id as "memberId", m.name as "memberName", e.at, e.shot_ids as "shotIds", e.before, e.after, u.name as "undoneBy", e.undone_at as "undoneAt"`;
const editTables = `shot_edit e join member m on m.id = e.member_id left join member u on u.id = e.undone_by`;

/**
 * People put a title's shots right: each change is kept with what was and what is, can be undone, and says what the detector should have
 * found. Datasets that were frozen keep the frames that they were cut from.
 */
export class Review {
  constructor(
    private readonly database: Database,
    private readonly rights: Rights,
  ) {}

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
    return this.count(`shot where studio_id = $1 and reviewed_at is null ${titleId == null ? '' : 'and title_id = $2'}`, scope, ...(titleId == null ? [] : [titleId]));
  }

  /** Says where and how a shot begins. Throws Refusal NOT_FOUND, CHANGED_MEANWHILE, BAD_BOUNDARY. */
  async change(scope: Reviewer, shotId: string, version: number, input: EntryInput): Promise<ShotEdit> {
    return this.edit(scope, 'changed', shotId, version, async (shot, before, times) => {
      if (!before) throw bad('A film begins with its first shot: there is no transition.', 'Choose a later shot.');
      const entry = entryAt(input, Number(before.first_frame), Number(shot.last_frame));
      const end = (entry.first ?? input.first) - 1;
      return {
        touched: [before, shot],
        verdicts: [shot.id],
        write: async () => {
          await reshape(before, { last: end }, times);
          await reshape(shot, { first: input.first, entry }, times);
          await reviewed(scope, [shot.id]);
        },
      };
    });
  }

  /** A transition inside a shot that was not seen: what follows is a shot of its own. Throws Refusal NOT_FOUND, CHANGED_MEANWHILE, BAD_BOUNDARY. */
  async split(scope: Reviewer, shotId: string, version: number, input: EntryInput): Promise<ShotEdit> {
    const id = newId();
    return this.edit(scope, 'split', shotId, version, async (shot, _before, times) => {
      const entry = entryAt(input, Number(shot.first_frame), Number(shot.last_frame));
      return {
        touched: [shot],
        began: id,
        verdicts: [id],
        write: async () => {
          await renumber(shot.master_id, shot.number, 1);
          // What is known of the whole is all that is known of a part, and marked as such.
          await rows(
            `insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures, labels, caption, sentence, keyframes, stale)
             select $2, studio_id, title_id, master_id, number + 1, first_frame, last_frame, start_pts, end_pts, entry, measures, labels, caption, sentence, keyframes, true from shot where id = $1`,
            [shot.id, id],
          );
          await reshape({ ...shot, id }, { first: input.first, entry }, times);
          await reshape(shot, { last: (entry.first ?? input.first) - 1 }, times);
          await reviewed(scope, [id]);
        },
      };
    });
  }

  /** There is no transition: the shot is a part of the one before it, which keeps what members wrote of both. Throws Refusal NOT_FOUND, CHANGED_MEANWHILE, BAD_BOUNDARY. */
  async merge(scope: Reviewer, shotId: string, version: number): Promise<ShotEdit> {
    return this.edit(scope, 'merged', shotId, version, async (shot, before, times) => {
      if (!before) throw bad('There is no shot before the first one.', 'Choose a later shot.');
      return {
        touched: [before, shot],
        ended: shot.id,
        verdicts: [shot.id],
        write: async () => {
          const caption = { ...before.caption };
          for (const [field, known] of Object.entries(shot.caption)) if (known.source === 'written' && caption[field]?.source !== 'written') caption[field] = known;
          await rows(`delete from shot where id = $1`, [shot.id]);
          await renumber(shot.master_id, shot.number, -1);
          await rows(`update shot set caption = $2, sentence = $3 where id = $1`, [before.id, caption, caption.sentence ? String(caption.sentence.value) : before.sentence]);
          await reshape({ ...before, keyframes: [...before.keyframes, ...shot.keyframes] }, { last: Number(shot.last_frame) }, times);
        },
      };
    });
  }

  /** The shot begins where and how it says. Throws Refusal NOT_FOUND, CHANGED_MEANWHILE. */
  async accept(scope: Reviewer, shotId: string, version: number): Promise<ShotEdit> {
    return this.edit(scope, 'accepted', shotId, version, async (shot) => ({ touched: [shot], verdicts: [shot.id], write: () => reviewed(scope, [shot.id], true) }));
  }

  /** Accepts every shot of a title that nobody looked at, that has a caption and whose transition is at least as sure as this. Throws Refusal NOT_FOUND, BAD_CONFIDENCE, NOTHING_TO_ACCEPT. */
  async acceptAbove(scope: Reviewer, titleId: string, confidence: number): Promise<ShotEdit> {
    if (!(confidence >= 0 && confidence <= 1)) throw new Refusal('BAD_CONFIDENCE', 'A confidence is a number from 0 to 1.', 'Give one between them.', 400);
    return this.database.inStudio(scope, async () => {
      await lock(scope, titleId);
      // Doubt is 1 less the confidence, or 1 where there is no caption; a number that is written with two digits is meant as it reads.
      const found = await rows<{ id: string }>(`select id from shot where studio_id = $1 and title_id = $2 and reviewed_at is null and doubt <= 1 - $3::float8 + 1e-9 order by number`, [scope.studioId, titleId, confidence]);
      if (!found.length) throw new Refusal('NOTHING_TO_ACCEPT', 'No shot that waits for review is that sure.', 'Lower the confidence, or look at each.', 409);
      const ids = found.map(({ id }) => id);
      return this.keep(scope, 'accepted', titleId, ids, ids, place, () => reviewed(scope, ids, true));
    });
  }

  /** Puts back what an edit changed. Throws Refusal NOT_FOUND, ALREADY_UNDONE, CHANGED_MEANWHILE. */
  async undo(scope: Reviewer, editId: string): Promise<ShotEdit> {
    return this.database.inStudio(scope, async () => {
      const found = await row<{ title_id: string }>(`select title_id from shot_edit where studio_id = $1 and id = $2`, [scope.studioId, isId(editId) ? editId : null]);
      if (!found) throw notFound('change');
      await lock(scope, found.title_id);
      const edit = (await editsWhere(scope, 'e.id = $2', [editId]))[0]!;
      if (edit.undoneAt) throw new Refusal('ALREADY_UNDONE', `${edit.undoneBy} has undone this already.`, 'There is nothing to undo.', 409);
      const [was, is] = [new Set(edit.before.map(({ id }) => id)), edit.after.map(({ id }) => id)];
      // As the edit left them, rather than of the same version: an undo of a later edit left them so again.
      const now = await rows<{ number: number; master_id: string }>(
        `select s.number, s.master_id from shot s join ${recorded.replace('$1', '$2')} on b.id = s.id where s.studio_id = $1 and (s.first_frame, s.last_frame, s.entry) = (b.first_frame, b.last_frame, b.entry) and s.reviewed_by is not distinct from b.reviewed_by order by s.number for update of s`,
        [scope.studioId, JSON.stringify(edit.after)],
      );
      if (now.length < is.length) throw await changedMeanwhile(scope, edit.titleId, edit.shotIds);
      const ended = is.find((id) => !was.has(id));
      const returning = edit.before.find(({ id }) => !is.includes(id));
      const written = ended || returning ? await row<{ name: string }>(`select m.name from correction c join member m on m.id = c.member_id where c.studio_id = $1 and c.shot_id = any($2) and c.at > (select at from shot_edit where id = $3) order by c.id desc limit 1`, [scope.studioId, edit.shotIds, edit.id]) : undefined;
      if (written) throw new Refusal('CHANGED_MEANWHILE', `${written.name} has written a caption of these shots since.`, 'Split or merge them by hand, so that what was written stays.', 409);
      const anchor = now[0]!;
      if (ended) {
        await rows(`delete from shot where id = $1`, [ended]);
        await renumber(anchor.master_id, anchor.number + 1, -1);
      }
      await rows(
        `update shot s set first_frame = b.first_frame, last_frame = b.last_frame, start_pts = b.start_pts, end_pts = b.end_pts, entry = b.entry, reviewed_by = b.reviewed_by, reviewed_at = b.reviewed_at, stale = b.stale, version = s.version + 1,
           keyframes = coalesce(b.keyframes, s.keyframes)${returning ? ', caption = b.caption, sentence = b.sentence' : ''}
         from ${recorded} where s.id = b.id`,
        [JSON.stringify(edit.before)],
      );
      if (returning) {
        await renumber(anchor.master_id, anchor.number, 1);
        // Its near-duplicates went with it.
        await rows(
          `insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures, labels, caption, sentence, keyframes, version, reviewed_by, reviewed_at, stale)
           select id, $2, $3, master_id, $4, first_frame, last_frame, start_pts, end_pts, entry, measures, labels, caption, sentence, keyframes, version + 1, reviewed_by, reviewed_at, true from ${recorded}`,
          [JSON.stringify([returning]), scope.studioId, edit.titleId, anchor.number + 1],
        );
      }
      await takeBackVerdicts(edit);
      await appendEntry('correction', { edit: edit.id, title: edit.titleId, what: 'undone', shots: edit.shotIds.length });
      await rows(`update shot_edit set undone_by = $2, undone_at = now() where id = $1`, [edit.id, scope.memberId]);
      return (await editsWhere(scope, 'e.id = $2', [editId]))[0]!;
    });
  }

  /** Newest first. */
  async edits(scope: Scope, titleId: string, page: Page): Promise<Paged<ShotEdit>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => toPage(await editsWhere(scope, 'e.title_id = $2 and ($3::uuid is null or e.id < $3)', [titleId, after], `order by e.id desc limit ${first + 1}`), first, (edit) => [edit.id]));
  }

  async countEdits(scope: Scope, titleId: string): Promise<number> {
    return this.count('shot_edit where studio_id = $1 and title_id = $2', scope, titleId);
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

  /** Who reviewed a title, who did most first. */
  async reviewers(scope: Scope, titleId: string): Promise<Reviewing[]> {
    return this.database.inStudio(scope, () =>
      rows<Reviewing>(`select m.name as "memberName", count(*)::int as shots, max(v.at) as "lastAt" from verdict v join member m on m.id = v.member_id where v.studio_id = $1 and v.title_id = $2 group by m.id, m.name order by count(*) desc, m.id limit 100`, [scope.studioId, titleId]),
    );
  }

  /**
   * How good the detector was on what people settled of a title: the transitions of reviewed shots are the truth; of what was detected
   * counts what lies in a reviewed shot or begins one, and what a reviewer said is none. All kinds first.
   */
  async quality(scope: Scope, titleId: string): Promise<KindQuality[]> {
    return this.database.inStudio(scope, async () => {
      const shots = await rows<{ frame: string; end: string; entry: Transition; reviewed: boolean }>(`select first_frame as frame, last_frame as "end", entry, reviewed_at is not null as reviewed from shot where studio_id = $1 and title_id = $2 order by number`, [scope.studioId, titleId]);
      const kept = await rows<{ detected: Begin[] | null }>(`select detected from analysis where studio_id = $1 and title_id = $2`, [scope.studioId, titleId]);
      const none = new Set((await rows<{ frame: string }>(`select frame from verdict where studio_id = $1 and title_id = $2 and kind is null`, [scope.studioId, titleId])).map(({ frame }) => Number(frame)));
      const settled = shots.filter(({ reviewed: done }) => done).map(({ frame, end, entry }) => ({ from: (entry.first ?? Number(frame)) - 2, end: Number(end) - 2, frame: Number(frame), entry }));
      const detected = kept.flatMap((analysis) => analysis.detected ?? shots.map(({ frame, entry }) => ({ frame: Number(frame), entry }))).sort((a, b) => a.frame - b.frame);
      let at = 0;
      const counted = detected.filter(({ frame, entry }) => {
        if (entry.kind === 'start') return false;
        while (at < settled.length && settled[at]!.end < frame) at++;
        return none.has(frame) || (at < settled.length && settled[at]!.from <= frame);
      });
      return qualityOf(counted, settled.filter(({ entry }) => entry.kind !== 'start'));
    });
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
    return this.count(`${disagreeing} where ${differing}`, scope, titleId);
  }

  private async count(from: string, scope: Scope, ...values: string[]): Promise<number> {
    return this.database.inStudio(scope, async () => (await row<{ count: number }>(`select count(*)::int from ${from}`, [scope.studioId, ...values.map((value) => (isId(value) ? value : null))]))!.count);
  }

  /** One change of the shot that is meant, and of no later state of it. */
  private async edit(
    scope: Reviewer,
    kind: ShotEdit['kind'],
    shotId: string,
    version: number,
    plan: (shot: Locked, before: Locked | undefined, times: Float64Array) => Promise<{ touched: Locked[]; began?: string; ended?: string; verdicts: string[]; write: () => Promise<void> }>,
  ): Promise<ShotEdit> {
    return this.database.inStudio(scope, async () => {
      const found = isId(shotId) ? await row<{ title_id: string }>(`select title_id from shot where studio_id = $1 and id = $2`, [scope.studioId, shotId]) : undefined;
      const gone = found || !isId(shotId) ? undefined : await row<{ title_id: string }>(`select title_id from verdict where studio_id = $1 and shot_id = $2 limit 1`, [scope.studioId, shotId]);
      const titleId = (found ?? gone)?.title_id;
      if (!titleId) throw notFound('shot');
      await lock(scope, titleId);
      const shot = await row<Locked>(`select ${shotColumns}, master_id, version from shot where studio_id = $1 and id = $2 for update`, [scope.studioId, shotId]);
      if (!shot || shot.version !== version) throw await changedMeanwhile(scope, titleId, [shotId]);
      const before = await row<Locked>(`select ${shotColumns}, master_id, version from shot where studio_id = $1 and master_id = $2 and number = $3 for update`, [scope.studioId, shot.master_id, shot.number - 1]);
      const times = kind === 'accepted' ? new Float64Array() : await this.times(scope, titleId);
      const { touched, began, ended, verdicts, write } = await plan(shot, before, times);
      return this.keep(scope, kind, titleId, [...touched.map(({ id }) => id), ...(began ? [began] : [])], verdicts, kind === 'accepted' ? place : whole, write, ended);
    });
  }

  private async times(scope: Scope, titleId: string): Promise<Float64Array> {
    const edit = await this.rights.exclusions.timed(scope, titleId);
    if (!edit) throw new Refusal('NOT_ANALYSED', "The title's frames are not known.", 'Wait until its analysis has ended.', 409);
    return edit.times;
  }

  private async keep(scope: Reviewer, kind: ShotEdit['kind'], titleId: string, shotIds: string[], verdictIds: string[], columns: string, write: () => Promise<void>, ended?: string): Promise<ShotEdit> {
    const id = newId();
    const snapshot = async (): Promise<Kept[]> => (await rows<{ kept: Kept }>(`select jsonb_build_object(${columns}) as kept from shot where id = any($1) order by number`, [shotIds])).map(({ kept }) => kept);
    const replaced = await rows(`select shot_id, frame, first, kind, at from verdict where title_id = $1 and member_id = $2 and shot_id = any($3)`, [titleId, scope.memberId, verdictIds]);
    const before = await snapshot();
    await write();
    const after = await snapshot();
    const says = after.concat(before.filter((shot) => shot.id === ended)).filter((shot) => verdictIds.includes(shot.id));
    await rows(
      `insert into verdict (title_id, shot_id, member_id, studio_id, frame, first, kind) select $1, v.id, $2, $3, v.frame, v.first, v.kind from jsonb_to_recordset($4) as v(id uuid, frame bigint, first bigint, kind text)
       on conflict (title_id, shot_id, member_id) do update set frame = excluded.frame, first = excluded.first, kind = excluded.kind, at = now()`,
      [titleId, scope.memberId, scope.studioId, JSON.stringify(says.map(({ id: shot, first_frame: frame, entry }) => ({ id: shot, frame, first: shot === ended ? null : (entry.first ?? null), kind: shot === ended ? null : entry.kind })))],
    );
    await rows(`insert into shot_edit (id, studio_id, title_id, kind, member_id, shot_ids, before, after, verdicts) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, [id, scope.studioId, titleId, kind, scope.memberId, shotIds, JSON.stringify(before), JSON.stringify(after), JSON.stringify(replaced)]);
    const frames = (shots: Kept[]): unknown[] => shots.slice(0, 2).map(({ id: shot, first_frame, last_frame, entry }) => ({ shot, first: first_frame, last: last_frame, entry: entry.kind }));
    await appendEntry('correction', { edit: id, title: titleId, what: kind, shots: shotIds.length, ...(kind === 'accepted' ? {} : { before: frames(before), after: frames(after) }) });
    return (await editsWhere(scope, 'e.id = $2', [id]))[0]!;
  }
}

const disagreeing = 'verdict a join verdict b on b.title_id = a.title_id and b.shot_id = a.shot_id and b.member_id > a.member_id';
const differing = 'a.studio_id = $1 and b.studio_id = $1 and a.title_id = $2 and (a.frame, a.first, a.kind) is distinct from (b.frame, b.first, b.kind)';

const bad = (message: string, wayOut: string): Refusal => new Refusal('BAD_BOUNDARY', message, wayOut, 400);

/** The transition, if it leaves at least a frame on both sides of the stretch. */
function entryAt({ kind, first, from }: EntryInput, firstOfStretch: number, lastOfStretch: number): Transition {
  const gradual = GRADUAL.includes(kind);
  if (!gradual && kind !== 'cut') throw bad(`No shot begins with a ${kind} here.`, 'Use cut, dissolve, fade, wipe or other.');
  if (gradual !== (from != null)) throw bad(gradual ? `A ${kind} has a first frame of its own.` : 'A cut has no frames between the shots.', gradual ? 'Give from, its first frame.' : 'Leave from out.');
  const begins = from ?? first;
  if (begins > first - (gradual ? 1 : 0)) throw bad('A gradual transition has at least one frame before the new shot.', 'Let it begin earlier.');
  if (begins <= firstOfStretch || first > lastOfStretch) throw bad(`Both shots need a frame: the new one begins after frame ${firstOfStretch} and at frame ${lastOfStretch} at the latest.`, 'Choose a frame between them, or merge the shots.');
  return gradual ? { kind, first: begins, last: first - 1, confidence: 1 } : { kind, confidence: 1 };
}

/** One reviewer at a time changes a title's shots; what was detected is kept before the first change. */
async function lock(scope: Scope, titleId: string): Promise<void> {
  const locked = isId(titleId) ? await rows<{ master_id: string; kept: boolean }>(`select master_id, detected is not null as kept from analysis where studio_id = $1 and title_id = $2 for update`, [scope.studioId, titleId]) : [];
  if (!locked.length) throw notFound('title');
  if (locked.every(({ kept }) => kept)) return;
  await rows(`update analysis set detected = (select coalesce(jsonb_agg(jsonb_build_object('frame', first_frame, 'entry', entry) order by number), '[]') from shot where shot.master_id = analysis.master_id) where studio_id = $1 and title_id = $2 and detected is null`, [scope.studioId, titleId]);
}

async function changedMeanwhile(scope: Scope, titleId: string, shotIds: string[]): Promise<Refusal> {
  const [last] = await editsWhere(scope, 'e.title_id = $2 and e.shot_ids && $3', [titleId, shotIds], 'order by coalesce(e.undone_at, e.at) desc limit 1');
  const what = last ? `${last.undoneAt ? `${last.undoneBy} undid that ${last.memberName}` : last.memberName} ${WORDS[last.kind]}: ${inFrames(last.undoneAt ? last.after : last.before)} became ${inFrames(last.undoneAt ? last.before : last.after)}.` : '';
  return new Refusal('CHANGED_MEANWHILE', `The shot is another by now. ${what}`.trim(), 'Look at how it is now, then change it if it is still wrong.', 409);
}

const WORDS = { changed: 'changed a transition', split: 'split a shot', merged: 'merged two shots', accepted: 'accepted a shot' };
const inFrames = (shots: Kept[]): string =>
  shots.slice(0, 2).map(({ first_frame, last_frame, entry }) => `frames ${first_frame} to ${last_frame} (${entry.kind})`).join(' and ') || 'nothing';

async function editsWhere(scope: Scope, where: string, values: unknown[], order = ''): Promise<ShotEdit[]> {
  return rows<ShotEdit>(`select ${editColumns} from ${editTables} where e.studio_id = $1 and ${where} ${order}`, [scope.studioId, ...values]);
}

/** New edges of a shot: its pictures outside of them are no longer its own, and what was measured was measured on other frames. */
async function reshape(shot: Locked, { first = Number(shot.first_frame), last = Number(shot.last_frame), entry = shot.entry }: { first?: number; last?: number; entry?: Transition }, times: Float64Array): Promise<void> {
  await rows(
    `update shot set first_frame = $2, last_frame = $3, start_pts = $4, end_pts = $5, entry = $6, keyframes = $7, version = version + 1, stale = stale or first_frame <> $2 or last_frame <> $3 where id = $1`,
    [shot.id, first, last, times[first], times[last + 1], entry, JSON.stringify(shot.keyframes.filter(({ frame }) => frame >= first && frame <= last))],
  );
}

async function renumber(masterId: string, after: number, by: 1 | -1): Promise<void> {
  await rows(`update shot set number = number + $3 where master_id = $1 and number > $2`, [masterId, after, by]);
}

async function reviewed(scope: Reviewer, ids: string[], alone = false): Promise<void> {
  await rows(`update shot set reviewed_by = $2, reviewed_at = now()${alone ? ', version = version + 1' : ''} where studio_id = $3 and id = any($1)`, [ids, scope.memberId, scope.studioId]);
}

async function takeBackVerdicts(edit: ShotEdit): Promise<void> {
  await rows(`delete from verdict where title_id = $1 and member_id = $2 and shot_id = any($3) and at = (select at from shot_edit where id = $4)`, [edit.titleId, edit.memberId, edit.shotIds, edit.id]);
  await rows(
    `insert into verdict (title_id, shot_id, member_id, studio_id, frame, first, kind, at) select $1, v.shot_id, $2, current_studio(), v.frame, v.first, v.kind, v.at from shot_edit e cross join lateral jsonb_to_recordset(e.verdicts) as v(shot_id uuid, frame bigint, first bigint, kind text, at timestamptz) where e.id = $3 on conflict do nothing`,
    [edit.titleId, edit.memberId, edit.id],
  );
}
