import { serveRanges } from '#libs/catalogue';
import { GivenShots, type KeyframeImage, type Models, type Probe, type Shot, type Transition } from '#libs/media';
import { type Database, enqueueJob, type JobContext, type JobHandler, newId, type Reason, Refusal, row, rows, type Scope, type Vault } from '#libs/platform';
import type { FrameRange, Question, Rights } from '#libs/rights';
import type { Captions } from '../captions/captions.js';
import { setTimeout } from 'node:timers/promises';
import { described } from '../describe.js';
import { printOf, rewritePrints } from '../duplicates/duplicates.js';
import { LOOK, looksOf, type Vectors } from '../search/vectors.js';
import { lockShots } from '../locks.js';
import type { Media } from '../media.js';
import type { Caption, Keyframe } from '../rows.js';
import { Sealing } from '../sealing.js';
import { askRecompute, tellChanged } from './stale.js';

interface Subject {
  masterId: string;
  titleId: string;
  objectId: string;
  sha256: string;
  probe: Probe;
  width: number;
  height: number;
  /** Every shot of the film in order: the stretches that the pass measures. */
  shots: Known[];
}

interface Known {
  id: string;
  first: number;
  last: number;
  startPts: number;
  endPts: number;
  entry: Transition;
  stale: boolean;
}

interface Found {
  /** Shots that were not asked about: a boundary near them may be another. */
  others: Shot[];
  measured: Map<Shot, Known>;
  keyframes: Map<string, Keyframe[]>;
}

const WAIT_SECONDS = 60;
const AT_ONCE = 200;
/** A job that has not told anything for so long is dead. */
const SILENT_SECONDS = 60;

/** Why what is known of a title's stale shots could not be measured anew, by title; what could be, is. For a caller that has the shots of these titles in hand next. */
export async function measureStale(database: Database, job: JobHandler, context: JobContext, titleIds: string[]): Promise<Map<string, Reason>> {
  const { scope, jobId, signal } = context;
  const refused = new Map<string, Reason>();
  const stale = await database.inStudio(scope, () => rows<{ id: string }>(`select distinct title_id as id from shot where studio_id = $1 and stale and (cardinality($2::uuid[]) = 0 or title_id = any($2)) order by 1`, [scope.studioId, titleIds]));
  for (const { id } of stale) {
    try {
      while (await database.inStudio(scope, () => another(scope, id, jobId))) await setTimeout(1000, undefined, { signal });
      await job.run({ ...context, subjectId: id, payload: {} });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Refusal)) throw error;
      refused.set(id, error.reason);
    }
  }
  return refused;
}

/**
 * Job `recompute`, subject a title: what is known of the shots that reviewers changed is measured anew, in one pass over the sealed master
 * whose boundaries are given. Decision, key, and one transaction that makes all of it real; a shot that is changed meanwhile stays stale
 * and is measured in another round. What members wrote stays. With `payload.all` every shot is measured anew: for titles that were analysed
 * before something was looked for. A run that was killed leaves nothing that anyone sees.
 */
export function recompute({ database, vault, rights, media, models, vectors, captions }: { database: Database; vault: Vault; rights: Rights; media: Media; models: () => Promise<Models | undefined>; vectors: Vectors; captions: Captions }): JobHandler {
  return {
    async run(context) {
      const { scope, subjectId: titleId, progress, jobId } = context;
      if (await database.inStudio(scope, () => another(scope, titleId, jobId))) {
        // Two at once would decode the same film twice.
        await database.inStudio(scope, () => askRecompute(scope, titleId, WAIT_SECONDS, context.payload.all === true));
        return;
      }
      for (let all = context.payload.all === true; ; all = false) {
        const subject = await database.inStudio(scope, () => find(titleId));
        if (!subject || !(all || subject.shots.some(({ stale }) => stale))) return;
        progress(0, 'asking the licence');
        const revision = await rights.exclusions.revision(scope, titleId);
        const decision = await rights.permitFor(scope, { ...question(titleId), frames: 'permitted' });
        const leftOut = decision.reason.frames?.find((told) => told.titleId === titleId)?.leftOut ?? [];
        const wanted = subject.shots.filter((shot) => (all || shot.stale) && !touches(shot, leftOut));
        const blocked = subject.shots.find((shot) => shot.stale && touches(shot, leftOut));
        if (wanted.length) await measure(context, subject, { decisionId: decision.id, revision, wanted, all });
        if (blocked) throw untouchable(blocked);
        const [missing] = await database.inStudio(scope, () => stillStale(subject));
        if (missing) throw differs(missing);
      }
    },

    mayGoOn: ({ scope, subjectId }) => rights.holds.throwIfHeld(scope, [subjectId]),
  };

  async function measure(context: JobContext, subject: Subject, { decisionId, revision, wanted, all }: { decisionId: string; revision: number | undefined; wanted: Known[]; all: boolean }): Promise<void> {
    const { scope, progress } = context;
    const sealing = new Sealing(database, vault, scope, subject.titleId);
    await removeLeftovers(scope, subject.titleId);
    let unused: string[];
    try {
      const found = await pass(context, subject, decisionId, sealing, wanted);
      progress(0.97, 'writing what was found');
      unused = await database.inStudio(scope, () => becomeReal(context, subject, found, revision, all));
    } catch (error) {
      await sealing.undo();
      throw error;
    }
    for (const id of unused) await database.inStudio(scope, () => vault.destroy(id));
  }

  async function pass({ scope, signal, progress }: JobContext, subject: Subject, decisionId: string, sealing: Sealing, wanted: readonly Known[]): Promise<Found> {
    const loaded = await models();
    const released = await vault.release(scope, decisionId, subject.objectId);
    await using server = await serveRanges({ bytes: released.object.plainBytes, open: (start, end) => vault.open(released, start, end) });
    const byFrames = new Map(wanted.map((shot) => [`${shot.first} ${shot.last} ${shot.startPts} ${shot.endPts}`, shot]));
    const byIndex = new Map<number, Known>();
    const keyframes = new Map<string, Keyframe[]>();
    const isWanted = ({ index, first, last, startPts, endPts }: Shot): boolean => {
      const known = byFrames.get(`${first} ${last} ${startPts} ${endPts}`);
      if (known) byIndex.set(index, known);
      return known !== undefined;
    };
    const onKeyframe = async ({ shot, jpeg, frame, width, height }: KeyframeImage): Promise<void> => {
      const known = byIndex.get(shot);
      // A shot that kept its frames keeps its pictures.
      if (!known?.stale) return;
      await sealing.queue({ kind: 'keyframe', contentType: 'image/jpeg' }, jpeg, (object) => {
        keyframes.set(known.id, [...(keyframes.get(known.id) ?? []), { objectId: object.id, frame, width, height }].sort((a, b) => a.frame - b.frame));
      });
    };
    try {
      const analysis = await media.analyse(server.url, {
        probe: subject.probe,
        signal,
        detector: new GivenShots(subject.shots),
        wanted: isWanted,
        onKeyframe,
        onProgress: (fraction, frames) => progress(fraction * 0.95, `measuring ${wanted.length} shots anew, frame ${frames}`),
        ...loaded,
      });
      await sealing.idle();
      const measured = new Map(analysis.shots.flatMap((shot) => (byIndex.has(shot.index) ? [[shot, byIndex.get(shot.index)!] as const] : [])));
      return { measured, keyframes, others: analysis.shots.filter(({ index }) => !byIndex.has(index)) };
    } catch (error) {
      throw sealing.failure() ?? server.failure() ?? error;
    } finally {
      released.key.fill(0);
    }
  }

  /** Writes what was measured of shots that still have the frames they had; gives the pictures of the others, which nobody needs. */
  async function becomeReal({ scope }: JobContext, subject: Subject, { measured, keyframes, others }: Found, revision: number | undefined, all: boolean): Promise<string[]> {
    const { masterId, titleId, sha256, width, height } = subject;
    await lockShots(scope, titleId);
    await rights.holds.throwIfHeld(scope, [titleId]);
    if ((await rights.exclusions.revision(scope, titleId)) !== revision) throw new Error(`what is left out of title ${titleId} changed while its shots were measured anew`);
    const objectIds = [...keyframes.values()].flat().map(({ objectId }) => objectId);
    const [alive] = await rows<{ count: string }>(`select count(*) from sealed_object where id = any($1) and destroyed_at is null`, [objectIds]);
    if (Number(alive!.count) !== objectIds.length) throw new Error(`what was sealed of title ${titleId} was removed by another worker`);
    // In the order in which vectors are locked.
    const shots = [...measured].map(([shot, known]) => ({ shot, known })).sort((a, b) => (a.known.id < b.known.id ? -1 : 1));
    const unused = new Set(objectIds);
    for (let at = 0; at < shots.length; at += AT_ONCE) {
      const some = shots.slice(at, at + AT_ONCE);
      const current = await rows<{ id: string; labels: object; caption: Caption; keyframes: Keyframe[] }>(
        `select s.id, s.labels, s.caption, s.keyframes from shot s join jsonb_to_recordset($2) as m(id uuid, first bigint, last bigint) on m.id = s.id and m.first = s.first_frame and m.last = s.last_frame
         where s.studio_id = $1 order by s.id for update of s`,
        [scope.studioId, JSON.stringify(some.map(({ known: { id, first, last } }) => ({ id, first, last })))],
      );
      const now = new Map(current.map((one) => [one.id, one]));
      const written = some.flatMap(({ shot, known }) => {
        const written = now.get(known.id);
        if (!written) return [];
        const own = known.stale ? (keyframes.get(known.id) ?? []) : written.keyframes;
        for (const { objectId } of own) unused.delete(objectId);
        return [{ shot, row: { id: known.id, ...described(media, shot, own, written) } }];
      });
      await rows(
        `update shot s set measures = m.measures, labels = m.labels, caption = m.caption, sentence = m.sentence, keyframes = m.keyframes, stale = false, measured_at = now(), captioned_by = null
         from jsonb_to_recordset($2) as m(id uuid, measures jsonb, labels jsonb, caption jsonb, sentence text, keyframes jsonb) where s.studio_id = $1 and s.id = m.id`,
        [scope.studioId, JSON.stringify(written.map((one) => one.row))],
      );
      await vectors.write(scope, LOOK, looksOf(written.map((one) => ({ shotId: one.row.id, shot: one.shot }))));
      await rewritePrints(scope, titleId, written.map((one) => printOf(one.row.id, one.shot, { sha256, width, height })));
      await tellChanged(titleId, written.map((one) => one.row.id));
    }
    // The rhythm of the cutting around a shot follows its neighbours' boundaries.
    await rows(
      `update shot s set measures = jsonb_set(s.measures, '{cutRhythm}', to_jsonb(m.rhythm)) from jsonb_to_recordset($2) as m(first bigint, last bigint, rhythm numeric)
       where s.master_id = $1 and s.first_frame = m.first and s.last_frame = m.last and s.measures->'cutRhythm' is distinct from to_jsonb(m.rhythm)`,
      [masterId, JSON.stringify(others.flatMap(({ first, last, measures: { cutRhythm: rhythm } }) => (rhythm === undefined ? [] : [{ first, last, rhythm }])))],
    );
    if (all) await rows(`update analysis set printed = true where master_id = $1`, [masterId]);
    await enqueueJob('duplicates', titleId, {}, `duplicates:${masterId}:${newId()}`);
    await captions.start(titleId);
    return [...unused];
  }

  /** Destroys pictures that neither a shot, an edit that may be undone, nor the title itself shows: a job was killed. */
  async function removeLeftovers(scope: Scope, titleId: string): Promise<void> {
    const left = await database.inStudio(scope, () =>
      rows<{ id: string }>(
        `select o.id from sealed_object o where o.studio_id = $1 and o.scope_id = $2 and o.kind = 'keyframe' and o.destroyed_at is null
         except select poster_object_id from title where studio_id = $1 and id = $2
         except select (k->>'objectId')::uuid from shot s cross join lateral jsonb_array_elements(s.keyframes) k where s.studio_id = $1 and s.title_id = $2
         except select (k->>'objectId')::uuid from shot_edit e cross join lateral jsonb_array_elements(e.before || e.after) b cross join lateral jsonb_array_elements(coalesce(b->'keyframes', '[]')) k where e.studio_id = $1 and e.title_id = $2`,
        [scope.studioId, titleId],
      ),
    );
    for (const { id } of left) await database.inStudio(scope, () => vault.destroy(id));
  }
}

const question = (titleId: string): Question => ({ action: 'curate', scopeKind: 'title', scopeId: titleId, titleIds: [titleId], actor: 'worker: recompute' });

const touches = ({ first, last }: Known, ranges: readonly FrameRange[]): boolean => ranges.some((range) => range.first <= last && range.end > first);

/** Whether a job that began earlier is at this title's shots now. */
async function another({ studioId }: Scope, titleId: string, jobId: string): Promise<boolean> {
  const found = await row(
    `select from job where studio_id = $1 and subject_id = $2 and name = 'recompute' and state = 'running' and id <> $3 and heartbeat_at > now() - interval '${SILENT_SECONDS} seconds'
       and (started_at, id) < (select started_at, id from job where id = $3) limit 1`,
    [studioId, titleId, jobId],
  );
  return found !== undefined;
}

async function find(titleId: string): Promise<Subject | undefined> {
  const found = await row<{ masterId: string; titleId: string; objectId: string; sha256: string; probe: Probe; width: number; height: number }>(
    `select m.id as "masterId", m.title_id as "titleId", m.object_id as "objectId", m.sha256, m.probe, a.width, a.height from master m join analysis a on a.master_id = m.id where m.title_id = $1 and m.state = 'sealed' order by m.id desc limit 1`,
    [titleId],
  );
  return found && { ...found, shots: await shotsOf(found.masterId) };
}

async function shotsOf(masterId: string): Promise<Known[]> {
  return rows<Known>(`select id, first_frame::float8 as first, last_frame::float8 as last, start_pts::float8 as "startPts", end_pts::float8 as "endPts", entry, stale from shot where master_id = $1 order by number`, [masterId]);
}

/** Shots that have the frames that they had when the pass began and were not measured all the same. */
async function stillStale({ masterId, shots }: Subject): Promise<Known[]> {
  const asked = new Set(shots.filter(({ stale }) => stale).map(({ id, first, last }) => `${id} ${first} ${last}`));
  return (await shotsOf(masterId)).filter(({ id, first, last, stale }) => stale && asked.has(`${id} ${first} ${last}`));
}

const untouchable = ({ first, last }: Known): Refusal =>
  new Refusal('FRAMES_LEFT_OUT', `Some of the frames ${first} to ${last} may not be curated, so what is known of the shot stays that of its former frames.`, 'Split the shot where the frames that are left out begin and end, or change what is left out.', 409);

const differs = ({ first, last }: Known): Refusal =>
  new Refusal('FRAMES_DIFFER', `The film did not decode to the frames ${first} to ${last} as it did in its analysis.`, 'Try again; if it stays, upload the master anew as another title.', 409);
