import { appendEntry } from '#libs/audit';
import { type Database, decodeCursor, isId, type Job, newId, notFound, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, toPage } from '#libs/platform';
import type { Rights } from '#libs/rights';
import { lockPrints } from '../locks.js';
import { shotColumns } from '../rows.js';
import { bad, changedMeanwhile, countOf, editsWhere, entryAt, lock, place, recorded, renumber, reshape, reviewed, takeBackVerdicts, whole } from './edits.js';
import { afterEdit, askRecompute, recomputing } from './stale.js';
import type { EntryInput, Kept, Locked, Reviewer, ShotEdit } from './types.js';

/**
 * People put a title's shots right: each change is kept with what was and what is, can be undone, and says what the detector should have
 * found. While two review the title without seeing each other's decisions, all of it is refused: REVIEWED_TWICE. Datasets that were frozen keep the frames that they were cut from.
 */
export class Review {
  constructor(
    private readonly database: Database,
    private readonly rights: Rights,
  ) {}

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
            `insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, scene, measures, labels, caption, sentence, keyframes, stale)
             select $2, studio_id, title_id, master_id, number + 1, first_frame, last_frame, start_pts, end_pts, entry, scene, measures, labels, caption, sentence, keyframes, true from shot where id = $1`,
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
          await lockPrints(scope);
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

  /** Has what is known of a title's stale shots, or of all of them, measured anew, now. Throws Refusal NOT_FOUND, NOTHING_STALE. */
  async recompute(scope: Scope, titleId: string, all: boolean): Promise<Job> {
    return this.database.inStudio(scope, async () => {
      const found = isId(titleId) ? await row<{ stale: boolean }>(`select exists (select from shot where studio_id = $1 and title_id = $2 and stale) as stale from analysis where studio_id = $1 and title_id = $2`, [scope.studioId, titleId]) : undefined;
      if (!found) throw notFound('title');
      if (!all && !found.stale) throw new Refusal('NOTHING_STALE', 'What is known of its shots is of the frames that they have.', 'Ask for all shots if something new is to be looked for.', 409);
      await askRecompute(scope, titleId, 0, all);
      return (await recomputing(scope, titleId))!;
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
        `select s.number, s.master_id from shot s join ${recorded.replace('$1', '$2')} on b.id = s.id where s.studio_id = $1 and (s.first_frame, s.last_frame, s.entry) = (b.first_frame, b.last_frame, b.entry) and s.reviewed_by is not distinct from b.reviewed_by order by s.number for no key update of s`,
        [scope.studioId, JSON.stringify(edit.after)],
      );
      if (now.length < is.length) throw await changedMeanwhile(scope, edit.titleId, edit.shotIds);
      const ended = is.find((id) => !was.has(id));
      const returning = edit.before.find(({ id }) => !is.includes(id));
      const written = ended || returning ? await row<{ name: string }>(`select m.name from correction c join member m on m.id = c.member_id where c.studio_id = $1 and c.shot_id = any($2) and c.at > (select at from shot_edit where id = $3) order by c.id desc limit 1`, [scope.studioId, edit.shotIds, edit.id]) : undefined;
      if (written) throw new Refusal('CHANGED_MEANWHILE', `${written.name} has written a caption of these shots since.`, 'Split or merge them by hand, so that what was written stays.', 409);
      const anchor = now[0]!;
      if (ended) {
        await lockPrints(scope);
        await rows(`delete from shot where id = $1`, [ended]);
        await renumber(anchor.master_id, anchor.number + 1, -1);
      }
      await rows(
        `update shot s set first_frame = b.first_frame, last_frame = b.last_frame, start_pts = b.start_pts, end_pts = b.end_pts, entry = b.entry, reviewed_by = b.reviewed_by, reviewed_at = b.reviewed_at, version = s.version + 1,
           stale = b.stale or (coalesce(s.measured_at > $2, false) and (s.first_frame, s.last_frame) <> (b.first_frame, b.last_frame)),
           keyframes = coalesce(b.keyframes, s.keyframes)${returning ? ', caption = b.caption, sentence = b.sentence' : ''}
         from ${recorded} where s.id = b.id`,
        [JSON.stringify(edit.before), edit.at],
      );
      if (returning) {
        await renumber(anchor.master_id, anchor.number, 1);
        // Its near-duplicates went with it.
        await rows(
          `insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, scene, measures, labels, caption, sentence, keyframes, version, reviewed_by, reviewed_at, stale)
           select id, $2, $3, master_id, $4, first_frame, last_frame, start_pts, end_pts, entry, scene, measures, labels, caption, sentence, keyframes, version + 1, reviewed_by, reviewed_at, true from ${recorded}`,
          [JSON.stringify([returning]), scope.studioId, edit.titleId, anchor.number + 1],
        );
      }
      await takeBackVerdicts(edit);
      await appendEntry('correction', { edit: edit.id, title: edit.titleId, what: 'undone', shots: edit.shotIds.length });
      await rows(`update shot_edit set undone_by = $2, undone_at = now() where id = $1`, [edit.id, scope.memberId]);
      await afterEdit(scope, edit.titleId, edit.shotIds);
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
    return countOf(this.database, 'shot_edit where studio_id = $1 and title_id = $2', scope, titleId);
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
      // Not `for update`: search locks the keys of the shots that it writes of, a hundred in no order, and each would wait for the other.
      const shot = await row<Locked>(`select ${shotColumns}, master_id, version from shot where studio_id = $1 and id = $2 for no key update`, [scope.studioId, shotId]);
      if (!shot || shot.version !== version) throw await changedMeanwhile(scope, titleId, [shotId]);
      const before = await row<Locked>(`select ${shotColumns}, master_id, version from shot where studio_id = $1 and master_id = $2 and number = $3 for no key update`, [scope.studioId, shot.master_id, shot.number - 1]);
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
    await afterEdit(scope, titleId, shotIds);
    return (await editsWhere(scope, 'e.id = $2', [id]))[0]!;
  }
}
