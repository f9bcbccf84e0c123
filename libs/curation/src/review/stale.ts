import { type Database, emit, enqueueJob, type Job, newId, putOff, row, rows, type Scope } from '#libs/platform';

/** So long nobody changed a shot of the title: then what is known of the changed ones is computed anew without being asked. */
export const IDLE_SECONDS = 600;
const IDS_AN_EVENT = 1000;

/** Has a title's stale shots measured anew after so many seconds from now: one job waits at a time. Gives its id. Runs in the caller's transaction. */
export async function askRecompute({ studioId }: Scope, titleId: string, afterSeconds: number, all = false): Promise<string> {
  await rows(`select pg_advisory_xact_lock(hashtextextended($1, 4211))`, [titleId]);
  const waiting = await row<{ id: string }>(`select id from job where studio_id = $1 and subject_id = $2 and name = 'recompute' and state = 'queued' order by id limit 1`, [studioId, titleId]);
  if (!waiting) return enqueueJob('recompute', titleId, all ? { all } : {}, `recompute:${titleId}:${newId()}`, afterSeconds);
  if (all) await rows(`update job set payload = '{"all":true}' where studio_id = $1 and id = $2`, [studioId, waiting.id]);
  await putOff('recompute', waiting.id, afterSeconds);
  return waiting.id;
}

/** The title's latest job of this kind. */
export async function recomputing({ studioId }: Scope, titleId: string): Promise<Job | undefined> {
  return row<Job>(`select id, name, subject_id as "subjectId", state, progress, note, reason, attempts from job where studio_id = $1 and subject_id = $2 and name = 'recompute' order by created_at desc, id desc limit 1`, [studioId, titleId]);
}

/** What follows a change by a reviewer: its shots are measured anew when the review is finished, or nobody went on with it. */
export async function afterEdit(scope: Scope, titleId: string, shotIds: string[]): Promise<void> {
  await tellChanged(titleId, shotIds);
  const left = await row<{ stale: boolean; waiting: boolean }>(
    `select exists (select from shot where studio_id = $1 and title_id = $2 and stale) as stale, exists (select from shot where studio_id = $1 and title_id = $2 and reviewed_at is null) as waiting`,
    [scope.studioId, titleId],
  );
  if (left!.stale) await askRecompute(scope, titleId, left!.waiting ? IDLE_SECONDS : 0);
}

/** Says that frames, caption, labels or measures of shots are others now, or that they are gone. */
export async function tellChanged(titleId: string, shotIds: string[]): Promise<void> {
  for (let at = 0; at < shotIds.length; at += IDS_AN_EVENT) await emit('shot.reviewed', { titleId, shotIds: shotIds.slice(at, at + IDS_AN_EVENT) });
}

/** Asks for the job of titles that were analysed before near-duplicates were looked for, some at a time; one that failed is asked for again after a day. */
export async function backfill(database: Database, scope: Scope, most = 200): Promise<void> {
  await database.inStudio(scope, async () => {
    const found = await rows<{ title_id: string }>(
      `select a.title_id from analysis a join master m on m.id = a.master_id join title t on t.id = a.title_id
       where a.studio_id = $1 and not a.printed and m.state = 'sealed' and t.state in ('ready', 'withheld')
         and not exists (select from job j where j.studio_id = $1 and j.subject_id = a.title_id and j.name = 'recompute' and (j.state in ('queued', 'running') or j.finished_at > now() - interval '1 day'))
       order by a.master_id limit $2`,
      [scope.studioId, most],
    );
    for (const { title_id: titleId } of found) await askRecompute(scope, titleId, 0, true);
  });
}
