import { serveRanges } from '#libs/catalogue';
import type { Analysis, KeyframeImage, Models, Probe, Shot } from '#libs/media';
import { type Database, emit, enqueueJob, type JobContext, type JobHandler, newId, Refusal, row, rows, type SealedObject, type Vault } from '#libs/platform';
import type { Question, Rights } from '#libs/rights';
import { PassThrough } from 'node:stream';
import { described } from './describe.js';
import { printOf, writePrints } from './duplicates/duplicates.js';
import type { Media } from './media.js';
import type { Filmstrip, Keyframe } from './rows.js';
import { LOOK, looksOf, type Vectors } from './search/vectors.js';
import { Sealing } from './sealing.js';
import { writeTrack } from './track.js';

interface Subject {
  masterId: string;
  titleId: string;
  objectId: string;
  sha256: string;
  probe: Probe;
}

/** What a pass left behind, sealed. */
interface Found {
  analysis: Analysis;
  decisionId: string;
  proxy: SealedObject;
  keyframes: Map<number, Keyframe[]>;
  sheets: SealedObject[];
}

const PROXY_HEIGHT = 360;
const SHOTS_AT_ONCE = 500;

/**
 * Job `analyse`, subject a master: decision, key, one pass over the sealed bytes, and one transaction that makes all of it real.
 * A run that was killed leaves nothing that anyone sees; the next one starts over and removes its sealed leftovers.
 */
export function analyse({ database, vault, rights, media, models, vectors }: { database: Database; vault: Vault; rights: Rights; media: Media; models: () => Promise<Models | undefined>; vectors: Vectors }): JobHandler {
  return {
    async run(context) {
      const { scope, subjectId, progress } = context;
      const subject = await database.inStudio(scope, () => find(subjectId));
      if (!subject) return;
      progress(0, 'asking the licence');
      const decision = await rights.permitFor(scope, question('curate', subject));
      const sealing = new Sealing(database, vault, scope, subject.titleId);
      await sealing.removeLeftovers();
      try {
        const found = await pass(context, subject, decision.id, sealing);
        progress(0.97, 'writing what was found');
        await database.inStudio(scope, () => becomeReal(context, subject, found));
      } catch (error) {
        await sealing.undo();
        throw error;
      }
    },

    async mayGoOn({ scope, subjectId }) {
      const subject = await find(subjectId);
      if (subject) await rights.holds.throwIfHeld(scope, [subject.titleId]);
    },

    async failed({ subjectId }, reason) {
      await rows(`update title set state = $2, reason = $3 from master where master.id = $1 and title.id = master.title_id and title.state = 'analysing'`, [subjectId, ['LICENCE_REFUSED', 'HELD'].includes(reason.code) ? 'withheld' : 'refused', reason]);
    },
  };

  async function pass({ scope, signal, progress }: JobContext, subject: Subject, decisionId: string, sealing: Sealing): Promise<Found> {
    const released = await vault.release(scope, decisionId, subject.objectId);
    await using server = await serveRanges({ bytes: released.object.plainBytes, open: (start, end) => vault.open(released, start, end) });
    const writable = new PassThrough({ highWaterMark: 1_048_576 });
    const proxy = sealing.start({ kind: 'proxy', contentType: 'video/mp4' }, writable);
    const keyframes = new Map<number, Keyframe[]>();
    const sheets: SealedObject[] = [];
    const onKeyframe = async ({ shot, jpeg, frame, width, height }: KeyframeImage): Promise<void> => {
      await sealing.queue({ kind: 'keyframe', contentType: 'image/jpeg' }, jpeg, (object) => {
        const ofShot = keyframes.get(shot) ?? [];
        keyframes.set(shot, [...ofShot, { objectId: object.id, frame, width, height }].sort((a, b) => a.frame - b.frame));
      });
    };
    try {
      const loaded = await models();
      const analysis = await media.analyse(server.url, {
        probe: subject.probe,
        signal,
        onProgress: (fraction, frames) => progress(fraction * 0.95, `analysing, frame ${frames}`),
        proxy: { height: PROXY_HEIGHT, writable },
        onKeyframe,
        filmstrip: { onSheet: async ({ sheet, jpeg }) => sealing.queue({ kind: 'filmstrip', contentType: 'image/jpeg' }, jpeg, (object) => void (sheets[sheet] = object)) },
        ...loaded,
      });
      if (!writable.writableEnded) writable.end();
      await sealing.idle();
      return { analysis, decisionId, proxy: await proxy, keyframes, sheets };
    } catch (error) {
      // The reader only knows of an input or output error; what broke the source or the sink is the cause.
      const cause = sealing.failure() ?? server.failure();
      writable.destroy();
      if (!cause && error instanceof Refusal && error.status < 500 && !signal.aborted) await refuse(scope, subject, error);
      throw cause ?? error;
    } finally {
      released.key.fill(0);
    }
  }

  /** The film does not decode: its sealed bytes go, the title says why and takes another file. */
  async function refuse(scope: JobContext['scope'], { masterId, titleId, objectId }: Subject, refusal: Refusal): Promise<void> {
    await database.inStudio(scope, async () => {
      await rows(`update master set state = 'refused', reason = $2, object_id = null where id = $1`, [masterId, refusal.reason]);
      await rows(`update title set state = 'refused', reason = $2 where id = $1`, [titleId, refusal.reason]);
      await vault.destroy(objectId);
    });
  }

  async function becomeReal({ scope }: JobContext, subject: Subject, { analysis, decisionId, proxy, keyframes, sheets }: Found): Promise<void> {
    const { masterId, titleId } = subject;
    await rows(`select from master where id = $1 for update`, [masterId]);
    if (!(await find(masterId))) throw new Error(`master ${masterId} was analysed by another worker`);
    await rights.holds.throwIfHeld(scope, [titleId]);
    const objectIds = [proxy, ...sheets].map((object) => object.id).concat([...keyframes.values()].flat().map((keyframe) => keyframe.objectId));
    const [alive] = await rows<{ count: string }>(`select count(*) from sealed_object where id = any($1) and destroyed_at is null`, [objectIds]);
    if (Number(alive!.count) !== objectIds.length) throw new Error(`what was sealed of master ${masterId} was removed by another worker`);

    await rows(
      `insert into analysis (master_id, studio_id, title_id, frames, time_base, start_pts, duration_pts, width, height, detector, proxy_object_id, proxy, filmstrip_object_id, filmstrip, warnings, decision_id, printed)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, true)`,
      [masterId, scope.studioId, titleId, analysis.frames, analysis.timeBase, analysis.startPts, analysis.durationPts, analysis.width, analysis.height, analysis.detector, proxy.id, { ...analysis.proxy, fragments: analysis.proxyFragments }, sheets[0]?.id ?? null, filmstripOf(analysis, sheets), JSON.stringify(analysis.warnings), decisionId],
    );
    await rights.exclusions.register(scope, { titleId, rate: analysis.rate ?? subject.probe.video.frameRate, even: analysis.rate !== undefined, timeBase: analysis.timeBase, times: analysis.times });
    const written = analysis.shots.map((shot) => ({ id: newId(), ...described(media, shot, keyframes.get(shot.index) ?? []) }));
    for (let at = 0; at < written.length; at += SHOTS_AT_ONCE) {
      await rows(
        `insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, scene, measures, labels, caption, sentence, keyframes)
         select id, $1, $2, $3, number, first_frame, last_frame, start_pts, end_pts, entry, scene, measures, labels, caption, sentence, keyframes
         from jsonb_to_recordset($4) as s(id uuid, number int, first_frame bigint, last_frame bigint, start_pts bigint, end_pts bigint, entry jsonb, scene int, measures jsonb, labels jsonb, caption jsonb, sentence text, keyframes jsonb)`,
        [scope.studioId, titleId, masterId, JSON.stringify(written.slice(at, at + SHOTS_AT_ONCE))],
      );
    }
    await writeTrack(scope, titleId, masterId, analysis.track);
    const { sha256 } = subject;
    await writePrints(scope, titleId, analysis.shots.map((shot, index) => printOf(written[index]!.id, shot, { sha256, width: analysis.width, height: analysis.height })));
    await vectors.write(scope, LOOK, looksOf(analysis.shots.map((shot, index) => ({ shotId: written[index]!.id, shot }))));
    await enqueueJob('duplicates', titleId, {}, `duplicates:${masterId}`);
    const training = await rights.decide(scope, { ...question('fineTune', subject), use: null, frames: 'permitted' });
    const reason = training.permitted ? null : { code: 'LICENCE_REFUSED', message: training.sentence, wayOut: training.reason.whatWouldChangeIt };
    await rows(`update title set state = $2, reason = $3, poster_object_id = $4 where id = $1`, [titleId, reason ? 'withheld' : 'ready', reason, poster(analysis.shots, keyframes)]);
    await emit('shots.detected', { titleId, masterId, shots: written.length });
  }
}

const question = (action: string, { titleId }: Subject): Question => ({ action, scopeKind: 'title', scopeId: titleId, titleIds: [titleId], actor: 'worker: analyse' });

/** The sealed master, unless it was analysed already. */
async function find(masterId: string): Promise<Subject | undefined> {
  const found = await row<{ title_id: string; object_id: string; sha256: string; probe: Probe }>(
    `select title_id, object_id, sha256, probe from master where id = $1 and state = 'sealed' and not exists (select from analysis where master_id = master.id)`,
    [masterId],
  );
  return found && { masterId, titleId: found.title_id, objectId: found.object_id, sha256: found.sha256, probe: found.probe };
}

function filmstripOf({ filmstrip }: Analysis, sheets: SealedObject[]): Filmstrip | null {
  if (!filmstrip || !sheets.length) return null;
  const { tileWidth, tileHeight, columns, rows: tileRows, everySeconds, tiles } = filmstrip;
  return { tileWidth, tileHeight, columns, rows: tileRows, everySeconds, frames: tiles.map((tile) => tile.frame), sheets: sheets.map((sheet) => sheet.id) };
}

/** The middle keyframe of the shot that shows most: in focus, with contrast, neither dark nor blown out. */
function poster(shots: Shot[], keyframes: Map<number, Keyframe[]>): string | null {
  const score = ({ measures: { brightness, contrast, blur, saturation, blackFraction } }: Shot): number =>
    (contrast + saturation / 2) * (1.2 - blur) * (1 - blackFraction) * (1 - Math.abs(brightness - 0.45));
  const best = shots.filter((shot) => keyframes.get(shot.index)?.length).reduce<Shot | undefined>((top, shot) => (top && score(top) >= score(shot) ? top : shot), undefined);
  const stills = best ? keyframes.get(best.index)! : [];
  return stills[Math.floor(stills.length / 2)]?.objectId ?? null;
}
