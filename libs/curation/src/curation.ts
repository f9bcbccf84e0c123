import { appendEntry } from '#libs/audit';
import { type Captioner, MeasuredCaptioner, type Models, type SentenceModel } from '#libs/media';
import { cancelJob, type Database, decodeCursor, enqueueJob, type EventHandler, isId, type Job, type JobHandler, newId, notFound, type SealedObject, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, toPage, type Vault } from '#libs/platform';
import type { Rights } from '#libs/rights';
import { analyse } from './analyse.js';
import { Captions, sentenceOf } from './captions/captions.js';
import { settle } from './captions/fields.js';
import { Duplicates } from './duplicates/duplicates.js';
import { Preview, type PreviewInput } from './filters/preview.js';
import { bad, readRules } from './filters/rules.js';
import { FilterSets, presetNamed } from './filters/sets.js';
import { freeze } from './freeze.js';
import type { Media } from './media.js';
import { Shown } from './mask.js';
import { playlist } from './playlist.js';
import { type Analysis, analysisColumns, type AnalysisRow, type CaptionField, type Clip, type Correction, type DatasetVersion, type Drop, type Shot, shotColumns, type ShotRow, toAnalysis, toShot, toVersion, versionColumns, type VersionRow } from './rows.js';
import { type DatasetInput, datasetOf } from './query.js';
import { DoubleReview } from './review/double.js';
import { notReviewedTwice } from './review/edits.js';
import { ShotLabels } from './review/labels.js';
import { recompute } from './review/recompute.js';
import { ReviewReport } from './review/report.js';
import { Review } from './review/review.js';
import { backfill, tellChanged } from './review/stale.js';
import { ReviewState } from './review/state.js';
import { Search } from './search/search.js';
import type { Bucket } from './selection.js';
import { readTrack, type Stretch, type Track } from './track.js';

/** Caption fields that a member may write; 'sentence' is the whole of it. */
const FIELDS = ['subject', 'action', 'place', 'shotSize', 'cameraMove', 'lighting', 'style', 'onScreenText', 'sentence'];

/** A page of shots; a jump gives `from`, the number of its first shot, or `around`, a frame of one of its shots. */
export interface ShotPage extends Page {
  from?: number | null;
  around?: number | null;
}

/** Analyses, shots, captions and datasets of a studio's titles. */
export class Curation {
  private readonly database: Database;
  private readonly media: Media;
  private readonly bucket: () => Promise<Bucket>;
  /** One pass over a sealed master; its subject is the master. */
  readonly analyse: JobHandler;
  /** Cuts and seals a dataset version; its subject is the version. */
  readonly freeze: JobHandler;
  /** Makes what members are shown of a title some of whose frames are left out; its subject is the title. */
  readonly mask: JobHandler;
  /** Finds the near-duplicates of a title's shots; its subject is the title. */
  readonly findDuplicates: JobHandler;
  readonly duplicates: Duplicates;
  private readonly shown: Shown;
  /** What a captioner says of shots. */
  readonly captions: Captions;
  /** The rules by which a studio keeps and drops shots. */
  readonly filters: FilterSets;
  readonly review: Review;
  /** Review by two who do not see each other's decisions. */
  readonly doubleReview: DoubleReview;
  readonly reviewState: ReviewState;
  readonly reviewReport: ReviewReport;
  readonly labels: ShotLabels;
  /** Measures anew what reviewers changed; its subject is the title. */
  readonly recompute: JobHandler;
  /** Shots by words, example and facts. */
  readonly search: Search;
  /** What curation does when something happened in a lib to its left. */
  readonly reactions: Partial<Record<string, EventHandler>> = {
    'master.sealed': async ({ payload }) => void (await enqueueJob('analyse', String(payload.masterId))),
    'shots.detected': async ({ payload }) => this.captions.start(String(payload.titleId), String(payload.masterId)),
    'rights.changed': async ({ studioId, payload }) => {
      for (const titleId of (payload.titleIds ?? []) as string[]) await this.shown.prepare({ studioId }, titleId);
    },
    'shots.changed': (event) => this.search.prepare(event),
  };

  /** `models` loads the models of a pass once, on first use, and `sentences` the model without which search goes by words alone; `bucket` is the clip size where none is asked for; without a `captioner` captions say what was measured. */
  constructor({ database, vault, rights, media, models, sentences = async () => undefined, bucket, captioner = new MeasuredCaptioner() }: { database: Database; vault: Vault; rights: Rights; media: Media; models: () => Promise<Models | undefined>; sentences?: () => Promise<SentenceModel | undefined>; bucket: () => Promise<Bucket>; captioner?: Captioner }) {
    this.database = database;
    this.media = media;
    this.bucket = bucket;
    this.search = new Search(database, sentences);
    this.analyse = analyse({ database, vault, rights, media, models, vectors: this.search.vectors });
    this.duplicates = new Duplicates(database);
    this.captions = new Captions({ database, vault, rights, media, captioner });
    this.recompute = recompute({ database, vault, rights, media, models, vectors: this.search.vectors, captions: this.captions });
    this.freeze = freeze({ database, vault, rights, media, duplicates: this.duplicates, recompute: this.recompute });
    this.filters = new FilterSets(database);
    this.review = new Review(database, rights);
    this.reviewState = new ReviewState(database);
    this.reviewReport = new ReviewReport(database);
    this.labels = new ShotLabels(database, media);
    this.doubleReview = new DoubleReview({ database, review: this.review, labels: this.labels, write: (scope, shotId, sentence) => this.correctShot(scope, shotId, 'sentence', sentence) });
    this.shown = new Shown({ database, vault, rights, media });
    this.mask = this.shown.job;
    this.findDuplicates = { run: ({ scope, signal }) => this.duplicates.place(scope, signal) };
  }

  /** Has titles computed anew that were analysed before something was looked for. */
  async catchUp(scope: Scope): Promise<void> {
    await backfill(this.database, scope);
  }

  /** By title id; a title that is not analysed is absent. */
  async analysesOf(scope: Scope, titleIds: string[]): Promise<Map<string, Analysis>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<AnalysisRow>(`select ${analysisColumns} from analysis where studio_id = $1 and title_id = any($2)`, [scope.studioId, titleIds.filter(isId)]);
      return new Map(found.map((analysis) => [analysis.title_id, toAnalysis(analysis)]));
    });
  }

  /**
   * HLS playlist of a title's proxy by byte ranges; `address` is where an object's bytes are fetched. Where frames are left out, of the
   * copy without them. Throws Refusal NOT_FOUND, MASK_PENDING.
   */
  async playlist(scope: Scope, titleId: string, address: (objectId: string) => string): Promise<string> {
    const proxy = isId(titleId) ? await this.shown.proxy(scope, titleId) : undefined;
    if (!proxy) throw notFound('title');
    return playlist(proxy.layout, address(proxy.objectId));
  }

  /**
   * Which object a member is shown where a proxy, keyframe or sheet is asked for: itself, or the copy without the frames that are left out.
   * Throws Refusal FRAMES_LEFT_OUT, MASK_PENDING.
   */
  shownFor(scope: Scope, object: SealedObject): Promise<string> {
    return this.shown.object(scope, object);
  }

  /** Measures by the second, for one stretch; null where the title has none. Throws Refusal NOT_FOUND, BAD_STRETCH. */
  track(scope: Scope, titleId: string, stretch: Stretch): Promise<Track | null> {
    return readTrack(this.database, scope, titleId, stretch);
  }

  /** In the order shown. A frame between two shots is of the one before. Throws Refusal BAD_CURSOR, BAD_PAGE. */
  async shots(scope: Scope, titleId: string, { after, from, around, ...page }: ShotPage): Promise<Paged<Shot>> {
    const first = pageSize(page.first);
    if ([after, from, around].filter((given) => given != null).length > 1) throw new Refusal('BAD_PAGE', 'A page begins after a cursor, from a number or around a frame.', 'Give one of them.', 400);
    const title = isId(titleId) ? titleId : null;
    return this.database.inStudio(scope, async () => {
      const holds = around == null ? undefined : await row<{ number: number }>(`select number from shot where studio_id = $1 and title_id = $2 and first_frame <= $3 order by first_frame desc limit 1`, [scope.studioId, title, around]);
      const begin = around == null ? (from ?? Number(decodeCursor(after, 1)?.[0] ?? -1) + 1) : Math.floor((holds?.number ?? 0) / first) * first;
      const found = await rows<ShotRow>(`select ${shotColumns} from shot where studio_id = $1 and title_id = $2 and number >= $3 order by number limit $4`, [scope.studioId, title, begin, first + 1]);
      return toPage(found.map(toShot), first, (shot) => [String(shot.number)]);
    });
  }

  /** Number of shots by title id. */
  async countShots(scope: Scope, titleIds: string[]): Promise<Map<string, number>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ title_id: string; count: string }>(`select title_id, count(*) from shot where studio_id = $1 and title_id = any($2) group by title_id`, [scope.studioId, titleIds.filter(isId)]);
      return new Map([...titleIds.map((id): [string, number] => [id, 0]), ...found.map((item): [string, number] => [item.title_id, Number(item.count)])]);
    });
  }

  /** Those of `ids` that are the studio's, in no order. */
  async shotsById(scope: Scope, ids: string[]): Promise<Shot[]> {
    return this.database.inStudio(scope, async () => (await rows<ShotRow>(`select ${shotColumns} from shot where studio_id = $1 and id = any($2)`, [scope.studioId, ids.filter(isId)])).map(toShot));
  }

  /** Newest first, at most 100 each, by shot id. */
  async correctionsOf(scope: Scope, shotIds: string[]): Promise<Map<string, Correction[]>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<Correction>(
        `select c.id, c.shot_id as "shotId", c.field, c.before, c.after, c.member_id as "memberId", m.name as "memberName", c.at
         from unnest($2::uuid[]) as s(id) cross join lateral (select * from correction where studio_id = $1 and shot_id = s.id order by id desc limit 100) c join member m on m.id = c.member_id`,
        [scope.studioId, shotIds.filter(isId)],
      );
      const byShot = new Map<string, Correction[]>(shotIds.map((id) => [id, []]));
      for (const correction of found) byShot.get(correction.shotId)!.push(correction);
      return byShot;
    });
  }

  /**
   * Replaces one caption field, or 'sentence', with what a member writes. What stood there is kept as a correction; the sentence is
   * built anew from the fields unless a member wrote it. Throws Refusal NOT_FOUND, UNKNOWN_FIELD, BAD_CAPTION, REVIEWED_TWICE.
   */
  async correctShot(scope: Scope & { memberId?: string }, shotId: string, field: string, value: string): Promise<Shot> {
    const written = value.trim().replaceAll(/\s+/g, ' ');
    if (!FIELDS.includes(field)) throw new Refusal('UNKNOWN_FIELD', `A caption has no field ${field}.`, `Use one of ${FIELDS.join(', ')}.`, 400);
    if (!written || written.length > 1000) throw new Refusal('BAD_CAPTION', 'A caption field has 1 to 1,000 characters.', 'Write it shorter.', 400);
    if (!scope.memberId) throw new Error('correctShot needs the member who writes');
    return this.database.inStudio(scope, async () => {
      const found = await row<ShotRow>(`select ${shotColumns} from shot where studio_id = $1 and id = $2 for update`, [scope.studioId, isId(shotId) ? shotId : null]);
      if (!found) throw notFound('shot');
      await notReviewedTwice(scope, found.title_id);
      const member = await row<{ name: string }>(`select name from member where id = $1`, [scope.memberId]);
      const before = found.caption[field] ?? (field === 'sentence' ? { value: found.sentence, source: 'modelled' } : null);
      const after: CaptionField = { value: written, source: 'written', by: member!.name, confidence: 1 };
      const caption = settle({ ...found.caption, [field]: after }, field);
      const sentence = sentenceOf(caption, this.media);
      const correctionId = newId();
      await rows(`insert into correction (id, studio_id, shot_id, member_id, field, before, after) values ($1, $2, $3, $4, $5, $6, $7)`, [correctionId, scope.studioId, shotId, scope.memberId, field, before, after]);
      await appendEntry('correction', { correction: correctionId, shot: shotId, title: found.title_id, field });
      const changed = await row<ShotRow>(`update shot set caption = $2, sentence = $3 where id = $1 returning ${shotColumns}`, [shotId, caption, sentence]);
      await tellChanged(found.title_id, [shotId]);
      return toShot(changed!);
    });
  }

  /** Starts the freeze of the name's next version. Throws Refusal BAD_DATASET, NOT_FOUND (a title, a filter set). Its job: `jobsOf([version.id])`. */
  async buildDataset(scope: Scope, input: DatasetInput): Promise<DatasetVersion> {
    const { name, query, bucket } = datasetOf(input, await this.bucket());
    return this.database.inStudio(scope, async () => {
      const [mine] = await rows<{ count: string }>(`select count(*) from title where studio_id = $1 and id = any($2)`, [scope.studioId, query.titleIds]);
      if (Number(mine!.count) !== query.titleIds.length) throw notFound('title');
      const filter = await this.filters.chosen(scope, input.filter);
      // Two versions of one name that are asked for at the same moment get two numbers.
      await rows(`select pg_advisory_xact_lock(hashtextextended($1, 4209))`, [`${scope.studioId} ${name}`]);
      const created = await row<VersionRow>(
        `insert into dataset_version (id, studio_id, name, number, query, bucket, created_by, filter)
         values ($1, $2, $3, (select coalesce(max(number), 0) + 1 from dataset_version where studio_id = $2 and name = $3), $4, $5, $6, $7) returning ${versionColumns}`,
        [newId(), scope.studioId, name, query, bucket, scope.memberId ?? null, filter],
      );
      await enqueueJob('freeze', created!.id);
      return toVersion(created!);
    });
  }

  /** What a filter set, a preset or rules that are only thought of would keep and drop. Throws Refusal BAD_FILTER, BAD_DATASET, NOT_FOUND. */
  async previewFilter(scope: Scope, { filter, preset, rules: written, titleIds, minSeconds, bucket }: PreviewInput): Promise<Preview> {
    const asked = datasetOf({ name: 'preview', titleIds, minSeconds: minSeconds ?? null, bucket: bucket ?? null }, await this.bucket());
    if ([filter, preset, written].filter((given) => given != null).length > 1) throw bad('A preview is of one filter set, one preset or some rules.');
    const named = preset == null ? undefined : presetNamed(preset);
    const applied = named ? { setId: null, name: named.name, version: null, rules: named.rules } : written ? { setId: null, name: 'rules', version: null, rules: readRules(written) } : await this.filters.chosen(scope, filter);
    return Preview.open(this.database, scope, applied, { titleIds: asked.query.titleIds, bucket: asked.bucket, minSeconds: asked.query.minSeconds });
  }

  /** Throws Refusal NOT_FOUND. */
  async datasetVersion(scope: Scope, id: string): Promise<DatasetVersion> {
    const [found] = await this.datasetVersionsById(scope, [id]);
    if (!found) throw notFound('dataset');
    return found;
  }

  async datasetVersionsById(scope: Scope, ids: string[]): Promise<DatasetVersion[]> {
    return this.database.inStudio(scope, async () => (await rows<VersionRow>(`select ${versionColumns} from dataset_version where studio_id = $1 and id = any($2)`, [scope.studioId, ids.filter(isId)])).map(toVersion));
  }

  /** Newest first. */
  async datasetVersions(scope: Scope, page: Page): Promise<Paged<DatasetVersion>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<VersionRow>(`select ${versionColumns} from dataset_version where studio_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3`, [scope.studioId, after, first + 1]);
      return toPage(found.map(toVersion), first, (version) => [version.id]);
    });
  }

  async countDatasetVersions(scope: Scope): Promise<number> {
    return this.database.inStudio(scope, async () => Number((await row<{ count: string }>(`select count(*) from dataset_version where studio_id = $1`, [scope.studioId]))!.count));
  }

  async clips(scope: Scope, versionId: string, page: Page): Promise<Paged<Clip>> {
    const columns = 'number, title_id as "titleId", shot_id as "shotId", first_frame::float8 as first, last_frame::float8 as last, caption, split, sha256, decision_id as "decisionId"';
    return this.numbered<Clip>(scope, `select ${columns} from dataset_clip`, versionId, page);
  }

  async drops(scope: Scope, versionId: string, page: Page): Promise<Paged<Drop>> {
    const columns = 'number, title_id as "titleId", shot_id as "shotId", first_frame::float8 as first, last_frame::float8 as last, code, message, decision_id as "decisionId", rule';
    return this.numbered<Drop>(scope, `select ${columns} from dataset_drop`, versionId, page);
  }

  private async numbered<T extends { number: number }>(scope: Scope, select: string, versionId: string, page: Page): Promise<Paged<T>> {
    const first = pageSize(page.first);
    const after = Number(decodeCursor(page.after, 1)?.[0] ?? -1);
    return this.database.inStudio(scope, async () => {
      const found = await rows<T>(`${select} where studio_id = $1 and version_id = $2 and number > $3 order by number limit $4`, [scope.studioId, isId(versionId) ? versionId : null, after, first + 1]);
      return toPage(found, first, (item) => [String(item.number)]);
    });
  }

  /** Titles that a version has clips of: whose licences stand behind what is made from it. */
  async titleIdsOfVersion(scope: Scope, versionId: string): Promise<string[]> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ title_id: string }>(
        `select title_id from dataset_title d where studio_id = $1 and version_id = $2 and exists (select from dataset_clip c where c.studio_id = $1 and c.version_id = $2 and c.title_id = d.title_id) order by title_id`,
        [scope.studioId, isId(versionId) ? versionId : null],
      );
      return found.map((item) => item.title_id);
    });
  }

  /** Stops a job. One that still waits ends here, and its title or version says so. Throws Refusal NOT_FOUND, JOB_ENDED. */
  async cancelJob(scope: Scope, jobId: string): Promise<Job> {
    const columns = 'id, name, subject_id as "subjectId", state, progress, note, reason, attempts';
    return this.database.inStudio(scope, async () => {
      const job = isId(jobId) ? await row<Job>(`select ${columns} from job where studio_id = $1 and id = $2 for update`, [scope.studioId, jobId]) : undefined;
      if (!job) throw notFound('job');
      if (job.state !== 'queued' && job.state !== 'running') throw new Refusal('JOB_ENDED', 'The job has ended already.', 'There is nothing to stop.', 409);
      await cancelJob(jobId);
      if (job.state === 'queued') {
        const reason = { code: 'CANCELLED', message: 'The job was cancelled before it began.', wayOut: 'Start it again when you want it.' };
        await rows(`update job set reason = $2, finished_at = now() where id = $1`, [jobId, reason]);
        if (job.name === 'freeze') await rows(`update dataset_version set state = 'cancelled', reason = $2 where id = $1`, [job.subjectId, reason]);
        else if (job.name === 'ingest' || job.name === 'analyse') await rows(`update title set state = 'refused', reason = $2 from master where master.id = $1 and title.id = master.title_id`, [job.subjectId, reason]);
      }
      return (await row<Job>(`select ${columns} from job where id = $1`, [jobId]))!;
    });
  }
}
