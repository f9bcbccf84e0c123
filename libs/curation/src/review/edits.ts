import type { Transition, TransitionKind } from '#libs/media';
import { notFound, isId, Refusal, row, rows, type Scope, type Database } from '#libs/platform';
import { lockShots } from '../locks.js';
import type { EntryInput, Kept, Locked, Reviewer, ShotEdit } from './types.js';

const GRADUAL: readonly TransitionKind[] = ['dissolve', 'fade', 'wipe', 'other'];
export const place = `'id', id, 'first_frame', first_frame, 'last_frame', last_frame, 'start_pts', start_pts, 'end_pts', end_pts, 'entry', entry, 'version', version, 'reviewed_by', reviewed_by, 'reviewed_at', reviewed_at, 'stale', stale`;
export const whole = `${place}, 'keyframes', keyframes, 'scene', scene, 'measures', measures, 'labels', labels, 'caption', caption, 'sentence', sentence, 'master_id', master_id`;
export const recorded = `jsonb_to_recordset($1) as b(id uuid, first_frame bigint, last_frame bigint, start_pts bigint, end_pts bigint, entry jsonb, version int, reviewed_by uuid, reviewed_at timestamptz, stale boolean, keyframes jsonb, scene int, measures jsonb, labels jsonb, caption jsonb, sentence text, master_id uuid)`;
const editColumns = `e.id, e.title_id as "titleId", e.kind, e.member_id as "memberId", m.name as "memberName", e.at, e.shot_ids as "shotIds", e.before, e.after, u.name as "undoneBy", e.undone_at as "undoneAt"`;
const editTables = `shot_edit e join member m on m.id = e.member_id left join member u on u.id = e.undone_by`;

export const bad = (message: string, wayOut: string): Refusal => new Refusal('BAD_BOUNDARY', message, wayOut, 400);

/** The transition, if it leaves at least a frame on both sides of the stretch. */
export function entryAt({ kind, first, from }: EntryInput, firstOfStretch: number, lastOfStretch: number): Transition {
  const gradual = GRADUAL.includes(kind);
  if (!gradual && kind !== 'cut') throw bad(`No shot begins with a ${kind} here.`, 'Use cut, dissolve, fade, wipe or other.');
  if (gradual !== (from != null)) throw bad(gradual ? `A ${kind} has a first frame of its own.` : 'A cut has no frames between the shots.', gradual ? 'Give from, its first frame.' : 'Leave from out.');
  const begins = from ?? first;
  if (begins > first - (gradual ? 1 : 0)) throw bad('A gradual transition has at least one frame before the new shot.', 'Let it begin earlier.');
  if (begins <= firstOfStretch || first > lastOfStretch) throw bad(`Both shots need a frame: the new one begins after frame ${firstOfStretch} and at frame ${lastOfStretch} at the latest.`, 'Choose a frame between them, or merge the shots.');
  return gradual ? { kind, first: begins, last: first - 1, confidence: 1 } : { kind, confidence: 1 };
}

/**
 * One reviewer at a time changes a title's shots; what was detected is kept before the first change. Throws Refusal NOT_FOUND,
 * REVIEWED_TWICE.
 */
export async function lock(scope: Scope, titleId: string): Promise<void> {
  const locked = isId(titleId) ? await lockShots(scope, titleId) : [];
  if (!locked.length) throw notFound('title');
  await notReviewedTwice(scope, titleId);
  if (locked.every(({ kept }) => kept)) return;
  await rows(`update analysis set detected = (select coalesce(jsonb_agg(jsonb_build_object('frame', first_frame, 'entry', entry) order by number), '[]') from shot where shot.master_id = analysis.master_id) where studio_id = $1 and title_id = $2 and detected is null`, [scope.studioId, titleId]);
}

/** What one of two reviewers changed, the other would see: until both have decided nobody changes a shot of such a title. */
export async function notReviewedTwice(scope: Scope, titleId: string): Promise<void> {
  const asked = await row(`select from double_review where studio_id = $1 and title_id = $2 and ended_at is null and current_setting('app.settles', true) is distinct from title_id::text`, [scope.studioId, titleId]);
  if (asked) throw new Refusal('REVIEWED_TWICE', 'Two members review this title, neither of whom sees what the other says.', 'Give your decision on the shot, or end the double review.', 409);
}

/** Lets the open transaction write what two agreed on, or a third settled. */
export async function settles(titleId: string): Promise<void> {
  await rows(`select set_config('app.settles', $1, true)`, [titleId]);
}

export async function changedMeanwhile(scope: Scope, titleId: string, shotIds: string[]): Promise<Refusal> {
  const [last] = await editsWhere(scope, 'e.title_id = $2 and e.shot_ids && $3', [titleId, shotIds], 'order by coalesce(e.undone_at, e.at) desc limit 1');
  const what = last ? `${last.undoneAt ? `${last.undoneBy} undid that ${last.memberName}` : last.memberName} ${WORDS[last.kind]}: ${inFrames(last.undoneAt ? last.after : last.before)} became ${inFrames(last.undoneAt ? last.before : last.after)}.` : '';
  return new Refusal('CHANGED_MEANWHILE', `The shot is another by now. ${what}`.trim(), 'Look at how it is now, then change it if it is still wrong.', 409);
}

const WORDS = { changed: 'changed a transition', split: 'split a shot', merged: 'merged two shots', accepted: 'accepted a shot' };
const inFrames = (shots: Kept[]): string =>
  shots.slice(0, 2).map(({ first_frame, last_frame, entry }) => `frames ${first_frame} to ${last_frame} (${entry.kind})`).join(' and ') || 'nothing';

export async function editsWhere(scope: Scope, where: string, values: unknown[], order = ''): Promise<ShotEdit[]> {
  return rows<ShotEdit>(`select ${editColumns} from ${editTables} where e.studio_id = $1 and ${where} ${order}`, [scope.studioId, ...values]);
}

/** New edges of a shot: its pictures outside of them are no longer its own, and what was measured was measured on other frames. */
export async function reshape(shot: Locked, { first = Number(shot.first_frame), last = Number(shot.last_frame), entry = shot.entry }: { first?: number; last?: number; entry?: Transition }, times: Float64Array): Promise<void> {
  await rows(
    `update shot set first_frame = $2, last_frame = $3, start_pts = $4, end_pts = $5, entry = $6, keyframes = $7, version = version + 1, stale = stale or first_frame <> $2 or last_frame <> $3 where id = $1`,
    [shot.id, first, last, times[first], times[last + 1], entry, JSON.stringify(shot.keyframes.filter(({ frame }) => frame >= first && frame <= last))],
  );
}

export async function renumber(masterId: string, after: number, by: 1 | -1): Promise<void> {
  await rows(`update shot set number = number + $3 where master_id = $1 and number > $2`, [masterId, after, by]);
}

export async function reviewed(scope: Reviewer, ids: string[], alone = false): Promise<void> {
  await rows(`update shot set reviewed_by = $2, reviewed_at = now()${alone ? ', version = version + 1' : ''} where studio_id = $3 and id = any($1)`, [ids, scope.memberId, scope.studioId]);
}

export async function takeBackVerdicts(edit: ShotEdit): Promise<void> {
  await rows(`delete from verdict where title_id = $1 and member_id = $2 and shot_id = any($3) and at = (select at from shot_edit where id = $4)`, [edit.titleId, edit.memberId, edit.shotIds, edit.id]);
  await rows(
    `insert into verdict (title_id, shot_id, member_id, studio_id, frame, first, kind, at) select $1, v.shot_id, $2, current_studio(), v.frame, v.first, v.kind, v.at from shot_edit e cross join lateral jsonb_to_recordset(e.verdicts) as v(shot_id uuid, frame bigint, first bigint, kind text, at timestamptz) where e.id = $3 on conflict do nothing`,
    [edit.titleId, edit.memberId, edit.id],
  );
}

export async function countOf(database: Database, from: string, scope: Scope, ...values: string[]): Promise<number> {
  return database.inStudio(scope, async () => (await row<{ count: number }>(`select count(*)::int from ${from}`, [scope.studioId, ...values.map((value) => (isId(value) ? value : null))]))!.count);
}
