import { type Captioner, CaptionerAway, type CaptionFlag, captionFlags, type CaptionQuality, captionQuality, type Disagreement, type Labels, type Measures } from '#libs/media';
import { type Database, enqueueJob, isId, type Job, type JobContext, type JobHandler, jobsOf, newId, notFound, Refusal, row, rows, type Scope, type Vault } from '#libs/platform';
import type { Decision, FrameRange, Question, Rights } from '#libs/rights';
import { lockShots } from '../locks.js';
import type { Media } from '../media.js';
import type { Caption, Keyframe, Shot } from '../rows.js';
import { notReviewedTwice } from '../review/edits.js';
import { tellChanged } from '../review/stale.js';
import { disagreementsOf, keepWritten } from './fields.js';

/** Shots that are described beside each other: a model that batches is used well, and few keyframes are in memory. */
const AT_ONCE = 4;
/** An answer after so many that could not be used, and none that could, is not worth waiting for. */
const HOPELESS = 20;
/** The queue waits longer before each further attempt; after so many, some minutes later, it is told to a person. */
const ATTEMPTS = 6;
/** A decision that ends sooner than this is asked anew. */
const MARGIN_MS = 30_000;

interface Waiting {
  id: string;
  number: number;
  version: number;
  measures: Measures;
  labels: Labels;
  keyframes: Keyframe[];
}

/** How far a shot's caption can be trusted. */
export interface ShotCaption {
  quality: CaptionQuality & { flags: CaptionFlag[] };
  /** `by`: the model whose words they are. */
  disagreements: (Disagreement & { by: string })[];
}

/** What a run of the job has come to. */
interface Tally {
  done: number;
  unusable: number;
  usable: number;
  away: string | undefined;
}

interface Permit {
  decision: Decision;
  revision: number | undefined;
  out: readonly FrameRange[];
}

/**
 * Captions that a captioner makes of shots that were analysed. Their job goes on where it was stopped: a shot that was described is
 * marked, and what a member wrote meanwhile stays.
 */
export class Captions {
  constructor(private readonly parts: { database: Database; vault: Vault; rights: Rights; media: Media; captioner: Captioner }) {}

  /** Has the shots of a title described that no captioner was asked of, where there is one that looks at pictures. In the open transaction. */
  async start(titleId: string, key = newId()): Promise<void> {
    const waiting = this.parts.captioner.looks && (await jobsOf([titleId], 'caption')).get(titleId)?.state === 'queued';
    if (this.parts.captioner.looks && !waiting) await enqueueJob('caption', titleId, {}, `caption:${titleId}:${key}`);
  }

  /** Describes all shots of a title anew; written fields stay. Gives the job, the one that runs already if there is one. Throws Refusal NOT_FOUND, NOT_ANALYSED, REVIEWED_TWICE. */
  async again(scope: Scope, titleId: string): Promise<Job> {
    return this.parts.database.inStudio(scope, async () => {
      const title = isId(titleId) ? await row(`select from title where studio_id = $1 and id = $2`, [scope.studioId, titleId]) : undefined;
      if (!title) throw notFound('title');
      if (!(await lockShots(scope, titleId)).length) throw new Refusal('NOT_ANALYSED', 'The title has no shots yet.', 'Wait until its analysis has ended.', 409);
      // Two who review the same shots must see the same captions.
      await notReviewedTwice(scope, titleId);
      const running = (await this.jobs(scope, [titleId])).get(titleId);
      if (running?.state === 'queued' || running?.state === 'running') return running;
      await rows(`update shot set captioned_by = null where studio_id = $1 and title_id = $2`, [scope.studioId, titleId]);
      await enqueueJob('caption', titleId, {}, `caption:${titleId}:${newId()}`);
      return (await this.jobs(scope, [titleId])).get(titleId)!;
    });
  }

  /** What can be counted of a shot's sentence, and what of a model's words was not taken. */
  judge({ sentence, caption }: Pick<Shot, 'sentence' | 'caption'>): ShotCaption {
    const quality = captionQuality(sentence);
    const disagreements = disagreementsOf(caption);
    const by = caption.disagreements?.by ?? '';
    return { quality: { ...quality, flags: captionFlags(quality, disagreements.length) }, disagreements: disagreements.map((one) => ({ ...one, by })) };
  }

  /** The latest caption job of titles, by title id. */
  async jobs(scope: Scope, titleIds: string[]): Promise<Map<string, Job>> {
    return this.parts.database.inStudio(scope, () => jobsOf(titleIds.filter(isId), 'caption'));
  }

  /** Subject a title. */
  readonly job: JobHandler = {
    run: async (context) => {
      const { scope, subjectId: titleId } = context;
      const { captioner } = this.parts;
      const total = await this.inStudio(scope, async () => Number((await row<{ count: string }>(`select count(*) from shot where studio_id = $1 and title_id = $2 and captioned_by is null`, [scope.studioId, titleId]))!.count));
      const tally: Tally = { done: 0, unusable: 0, usable: 0, away: undefined };
      let permit: Permit | undefined;
      for (let after = -1; ; ) {
        context.signal.throwIfAborted();
        const shots = await this.waiting(scope, titleId, after);
        if (!shots.length) break;
        if (captioner.looks) permit = await this.permit(scope, titleId, captioner, permit);
        await this.describe(context, captioner, shots, permit, tally);
        after = shots.at(-1)!.number;
        context.progress(Math.min(0.99, tally.done / total), `describing shots, ${tally.done} of ${total}`);
      }
      await this.inStudio(scope, () => this.note(scope, titleId, captioner, permit, tally));
      // Another attempt takes the shots that are left.
      if (tally.away) throw away(tally.away, context.attempt);
    },

    mayGoOn: ({ scope, subjectId }) => this.parts.rights.holds.throwIfHeld(scope, [subjectId]),
  };

  private inStudio<T>(scope: Scope, work: () => Promise<T>): Promise<T> {
    return this.parts.database.inStudio(scope, work);
  }

  private async waiting(scope: Scope, titleId: string, after: number): Promise<Waiting[]> {
    return this.inStudio(scope, () =>
      rows<Waiting>(`select id, number, version, measures, labels, keyframes from shot where studio_id = $1 and title_id = $2 and number > $3 and captioned_by is null order by number limit ${AT_ONCE}`, [scope.studioId, titleId, after]),
    );
  }

  /** Some shots, in one transaction each time: what is written is whole, and what is not is described by the next attempt. */
  private async describe({ scope, subjectId, signal, attempt }: JobContext, captioner: Captioner, shots: Waiting[], permit: Permit | undefined, tally: Tally): Promise<void> {
    const described = await Promise.all(
      shots.map(async (shot) => {
        const keyframes = permit ? await this.open(scope, permit, shot) : [];
        try {
          const caption = await captioner.caption({ measures: shot.measures, labels: shot.labels, keyframes }, signal);
          if (keyframes.length || !captioner.looks) tally.usable++;
          return { shot, caption: caption as Caption };
        } catch (error) {
          if (error instanceof CaptionerAway) tally.away = error.message;
          else if (error instanceof Refusal && error.code === 'CAPTION_UNUSABLE') {
            if (++tally.unusable >= HOPELESS && !tally.usable) throw new Refusal('CAPTIONER_REFUSES', `None of ${HOPELESS} answers could be used. ${error.message}`, 'Let the operator look at the captioner and its log, then start it again.', 409);
            return { shot, caption: undefined };
          } else throw error;
          return undefined;
        }
      }),
    );
    const found = described.filter((one) => one !== undefined);
    if (!found.length) throw away(tally.away!, attempt);
    await this.inStudio(scope, async () => {
      await lockShots(scope, subjectId);
      await this.parts.rights.holds.throwIfHeld(scope, [subjectId]);
      for (const { shot, caption } of found) {
        // A shot whose frames a reviewer changed meanwhile is another one.
        const now = await row<{ caption: Caption }>(`select caption from shot where studio_id = $1 and id = $2 and version = $3 for update`, [scope.studioId, shot.id, shot.version]);
        if (!now) continue;
        // Without an answer that can be used the caption stays as it is.
        const kept = caption ? keepWritten(caption, now.caption) : now.caption;
        await rows(`update shot set caption = $2, sentence = $3, captioned_by = $4 where id = $1`, [shot.id, kept, sentenceOf(kept, this.parts.media), captioner.name]);
      }
      await tellChanged(subjectId, found.map(({ shot }) => shot.id));
    });
    tally.done += found.length;
  }

  /** The pictures of a shot that may be looked at, each opened under the decision. */
  private async open(scope: Scope, { decision, out }: Permit, shot: Waiting): Promise<Buffer[]> {
    const pictures: Buffer[] = [];
    for (const { objectId, frame } of shot.keyframes) {
      if (out.some(({ first, end }) => frame >= first && frame < end)) continue;
      const released = await this.parts.vault.release(scope, decision.id, objectId);
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of this.parts.vault.open(released)) chunks.push(chunk);
        pictures.push(Buffer.concat(chunks));
      } finally {
        released.key.fill(0);
      }
    }
    return pictures;
  }

  /** The decision that opens keyframes, of this captioner: it says where they go. The last one while nothing changed that it was asked of. */
  private async permit(scope: Scope, titleId: string, captioner: Captioner, last: Permit | undefined): Promise<Permit> {
    const { rights } = this.parts;
    const revision = await rights.exclusions.revision(scope, titleId);
    const lasts = last && last.revision === revision && last.decision.validUntil.getTime() > Date.now() + MARGIN_MS && (await rights.licences.stand(scope, last.decision.id));
    if (lasts) return last;
    const decision = await rights.requirePermit(scope, question(titleId, captioner));
    return { decision, revision, out: decision.reason.frames?.find((told) => told.titleId === titleId)?.leftOut ?? [] };
  }

  private async note(scope: Scope, titleId: string, { name, sendsTo }: Captioner, permit: Permit | undefined, { done, unusable }: Tally): Promise<void> {
    const captioner = { name, sendsTo: sendsTo ?? null, decisionId: permit?.decision.id ?? null, at: new Date().toISOString(), shots: done, unusable };
    if (done) await rows(`update analysis set captioner = $3 where studio_id = $1 and title_id = $2`, [scope.studioId, titleId, captioner]);
  }
}

/** A member's sentence, or that of the fields. */
export const sentenceOf = (caption: Caption, media: Pick<Media, 'sentenceOf'>): string => (caption.sentence ? String(caption.sentence.value) : media.sentenceOf(caption));

const away = (why: string, attempt: number): Error => (attempt < ATTEMPTS ? new Error(why) : new Refusal('CAPTIONER_AWAY', why, 'Start the captions again when the captioner runs; shots that were described stay.', 503));

const question = (titleId: string, { name, sendsTo }: Captioner): Question => ({
  action: 'caption',
  scopeKind: 'title',
  scopeId: titleId,
  titleIds: [titleId],
  frames: 'permitted',
  actor: sendsTo ? `worker: captions by ${name}, keyframes sent to ${sendsTo}` : `worker: captions by ${name}, on this machine`,
});
