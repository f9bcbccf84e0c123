import type { Probe, Measures } from '#libs/media';
import { type Database, rows, type Scope } from '#libs/platform';
import type { Decision, TitleFrames } from '#libs/rights';
import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';
import { CaptionCount } from './captions/of-dataset.js';
import { filterName, standard } from './filters/applied.js';
import { type Captions, ManifestHash, type ShardFile } from './manifest.js';
import { type DatasetVersion, ratio } from './rows.js';
import type { Dropped, Recipe, Verdict } from './selection.js';

/** A title of the version, in the order of its master's digest: an order that every database agrees on. */
export interface Source {
  titleId: string;
  name: string;
  sha256: string;
  objectId: string;
  probe: Probe;
  timeBase: string;
  width: number;
  height: number;
  decision: Decision;
  /** Timestamp of every frame and of the end; undefined where the analysis did not keep them. */
  times: Float64Array | undefined;
  /** What the decision says of its frames; undefined where it is about all of them. */
  frames: TitleFrames | undefined;
  /** Digests of the terms that the decision went by, sorted. */
  terms: string[];
}

export interface ShotOf {
  id: string;
  first: number;
  last: number;
  startPts: number;
  endPts: number;
  /** Of the version's length, and of each where it holds all. */
  caption: string;
  captions: Captions | undefined;
  contradicted: number;
  measures: Measures;
  /** In order, together the whole shot. */
  takes: Take[];
}

/** Frames of a shot that may be used together, or not at all. */
export interface Take {
  first: number;
  last: number;
  startPts: number;
  endPts: number;
  verdict: Verdict;
}

/** Rows that are written at once. */
const PAGE = 200;

/** What of a version is written so far: rows in batches, the manifest's hash, and the running numbers. */
export class Making {
  clips = 0;
  dropped = 0;
  readonly manifest: ManifestHash;
  readonly captions = new CaptionCount();
  private clipRows: object[] = [];
  private dropRows: object[] = [];

  constructor(
    private readonly database: Database,
    private readonly scope: Scope,
    private readonly version: DatasetVersion,
  ) {
    this.manifest = new ManifestHash(recipeOf(version));
  }

  async *keep(source: Source, shot: ShotOf, take: Take, offsetSeconds: number, split: 'train' | 'heldout', mp4: Buffer): AsyncGenerator<ShardFile> {
    const { width, height, frames, fps } = this.version.bucket;
    const place = framesAt(take, source, offsetSeconds, (frames - 1) / fps);
    const sha256 = createHash('sha256').update(mp4).digest('hex');
    const { caption, captions, contradicted } = shot;
    this.captions.add(caption, contradicted);
    this.manifest.clip({ master: source.sha256, ...place, caption, ...(captions && { captions }), split, sha256, terms: source.terms });
    const name = String(this.clips).padStart(8, '0');
    const about = { split, frames, width, height, fps, caption, ...(captions && { captions }), title: source.name, master: source.sha256, shot: shot.first, ...place, timeBase: source.timeBase };
    this.clipRows.push({ number: this.clips, title_id: source.titleId, shot_id: shot.id, decision_id: source.decision.id, first_frame: place.first, last_frame: place.last, start_pts: place.startPts, caption, split, sha256, bytes: mp4.length });
    this.clips++;
    if (this.clipRows.length >= PAGE) await this.flush();
    yield { name: `${name}.mp4`, bytes: mp4 };
    yield { name: `${name}.txt`, bytes: Buffer.from(caption) };
    yield { name: `${name}.json`, bytes: Buffer.from(canonicalize(about)!) };
  }

  async drop(source: { titleId: string; sha256: string | null; decision: Decision | null }, shot: { id: string; first: number; last: number } | null, { code, message, value, broken }: Dropped): Promise<void> {
    const { first, last } = shot ?? { first: 0, last: 0 };
    // The length of a clip is asked whatever the set.
    const by = broken && code !== 'TOO_SHORT' ? ` Filter set: ${filterName(this.version.filter ?? standard)}.` : '';
    const rule = broken && { measure: broken.rule.measure, unit: broken.rule.unit, comparison: broken.rule.comparison, threshold: broken.rule.threshold ?? broken.rule.values, value: broken.value };
    this.manifest.drop({ master: source.sha256, first, last, code, value });
    this.dropRows.push({ number: this.dropped, title_id: source.titleId, shot_id: shot?.id ?? null, first_frame: first, last_frame: last, code, message: message + by, decision_id: source.decision?.id ?? null, rule: rule ?? null });
    this.dropped++;
    if (this.dropRows.length >= PAGE) await this.flush();
  }

  async flush(): Promise<void> {
    await this.database.inStudio(this.scope, async () => {
      const about = [this.version.id, this.scope.studioId];
      if (this.clipRows.length) {
        await rows(
          `insert into dataset_clip (version_id, studio_id, number, title_id, shot_id, decision_id, first_frame, last_frame, start_pts, caption, split, sha256, bytes)
           select $1, $2, c.* from jsonb_to_recordset($3) as c(number int, title_id uuid, shot_id uuid, decision_id uuid, first_frame bigint, last_frame bigint, start_pts bigint, caption text, split text, sha256 text, bytes bigint)`,
          [...about, JSON.stringify(this.clipRows)],
        );
      }
      if (this.dropRows.length) {
        await rows(
          `insert into dataset_drop (version_id, studio_id, number, title_id, shot_id, first_frame, last_frame, code, message, decision_id, rule)
           select $1, $2, d.* from jsonb_to_recordset($3) as d(number int, title_id uuid, shot_id uuid, first_frame bigint, last_frame bigint, code text, message text, decision_id uuid, rule jsonb)`,
          [...about, JSON.stringify(this.dropRows)],
        );
      }
    });
    this.clipRows = [];
    this.dropRows = [];
  }
}

/** What of a version its hash and its verdicts go by. */
export function recipeOf({ bucket, filter, query: { minSeconds, captionContains, clipsPerShot, oneOfDuplicates, captionLength, allCaptions } }: DatasetVersion): Recipe {
  return { bucket, minSeconds, captionContains, clipsPerShot, ...(oneOfDuplicates && { oneOfDuplicates }), ...(captionLength && { captionLength }), ...(allCaptions && { allCaptions }), rules: (filter ?? standard).rules };
}

/** The frames that a clip's first and last picture show, `spanSeconds` apart, and the timestamp it begins at. */
function framesAt(take: Take, { times, timeBase }: Source, offsetSeconds: number, spanSeconds: number): { first: number; last: number; startPts: number } {
  const tick = ratio(timeBase);
  const startPts = take.startPts + Math.round(offsetSeconds / tick);
  const frameAt = (pts: number): number => {
    if (!times) return Math.min(take.last, take.first + Math.floor(((take.last - take.first + 1) * (pts - take.startPts)) / (take.endPts - take.startPts) + 1e-6));
    let frame = take.first;
    while (frame < take.last && times[frame + 1]! <= pts + 1e-6) frame++;
    return frame;
  };
  return { first: frameAt(startPts), last: frameAt(startPts + spanSeconds / tick), startPts };
}
