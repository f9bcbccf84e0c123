import type { CaptionFlag, CaptionLength, Labels, Measures, Transition } from '#libs/media';
import type { Reason } from '#libs/platform';
import type { AppliedFilter } from './filters/applied.js';
import type { Bucket } from './selection.js';

/** What one pass over a master found. */
export interface Analysis {
  masterId: string;
  titleId: string;
  frames: number;
  /** Seconds of one tick, for example 1/24000. */
  timeBase: string;
  startPts: number;
  durationPts: number;
  width: number;
  height: number;
  detector: string;
  proxyObjectId: string | null;
  filmstripObjectId: string | null;
  filmstrip: Filmstrip | null;
  warnings: unknown[];
  decisionId: string;
  /** The captioner that described its shots last; null where captions say only what was measured. */
  captioner: CaptionedBy | null;
}

export interface CaptionedBy {
  name: string;
  /** Address that keyframes were sent to; null: they did not leave the machine. */
  sendsTo: string | null;
  /** Under which it saw them. */
  decisionId: string | null;
  at: string;
  /** Described by its last run, and how many of its answers could not be used. */
  shots: number;
  unusable: number;
}

/** Where the small pictures lie: sheets of columns x rows tiles; tile n shows frames[n]. */
export interface Filmstrip {
  tileWidth: number;
  tileHeight: number;
  columns: number;
  rows: number;
  everySeconds: number;
  frames: number[];
  /** Object id of each sheet. */
  sheets: string[];
}

export interface Keyframe {
  objectId: string;
  frame: number;
  width: number;
  height: number;
}

export interface Shot {
  id: string;
  titleId: string;
  number: number;
  /** First and last frame, both inside, counted from 0 in the order shown. */
  first: number;
  last: number;
  startPts: number;
  endPts: number;
  entry: Transition;
  /** 0, 1, 2 …; null where the title was analysed before there were scenes. */
  scene: number | null;
  measures: Measures;
  labels: Labels;
  caption: Caption;
  sentence: string;
  keyframes: Keyframe[];
}

/** A caption's structured fields; `sentence` is among them only when a member wrote it. */
export type Caption = Record<string, CaptionField>;

export interface CaptionField {
  value: unknown;
  source: 'measured' | 'modelled' | 'written';
  /** What measured or modelled it, or who wrote it. */
  by?: string;
  confidence?: number;
}

export interface Correction {
  id: string;
  shotId: string;
  field: string;
  before: unknown;
  after: unknown;
  memberId: string;
  memberName: string;
  at: Date;
}

export interface DatasetVersion {
  id: string;
  name: string;
  number: number;
  state: 'building' | 'frozen' | 'failed' | 'cancelled';
  reason: Reason | null;
  /** Content address, hex, once frozen. */
  hash: string | null;
  query: DatasetQuery;
  bucket: Bucket;
  /** The rules that its shots are kept by; null where it was asked for before there were sets of them. */
  filter: AppliedFilter | null;
  /** The sealed WebDataset tar, once frozen. */
  objectId: string | null;
  /** Null until it is frozen, and for versions from before they were counted. */
  captions: DatasetCaptions | null;
  clipCount: number;
  droppedCount: number;
  createdAt: Date;
  frozenAt: Date | null;
}

/** What the captions of a frozen version are like. */
export interface DatasetCaptions {
  /** Different captions over all clips, 0..1. */
  distinctShare: number;
  leastWords: number;
  meanWords: number;
  mostWords: number;
  /** Clips whose caption asks for a look, by why. */
  flags: { flag: CaptionFlag; clips: number }[];
}

export interface DatasetQuery {
  /** Empty: every title that was analysed. */
  titleIds: string[];
  minSeconds: number;
  captionContains: string | null;
  excludeShotIds: string[];
  clipsPerShot: number;
  /** Of shots that show one take only the best is kept. */
  oneOfDuplicates?: true;
  /** Absent: medium. */
  captionLength?: CaptionLength;
  /** Captions of all lengths beside each clip. */
  allCaptions?: true;
}

export interface Clip {
  number: number;
  titleId: string;
  shotId: string;
  first: number;
  last: number;
  caption: string;
  split: 'train' | 'heldout';
  /** SHA-256 of the clip's mp4, hex. */
  sha256: string;
  decisionId: string;
}

export interface Drop {
  number: number;
  titleId: string;
  shotId: string | null;
  first: number;
  last: number;
  code: string;
  message: string;
  decisionId: string | null;
  /** The rule that `code` names, with what was measured; null where something else left it out. */
  rule: DroppingRule | null;
}

export interface DroppingRule {
  measure: string;
  unit: string | null;
  comparison: string;
  threshold: number | string[];
  /** Null: it is not known. */
  value: number | string[] | null;
}

export const analysisColumns = 'master_id, title_id, frames, time_base, start_pts, duration_pts, width, height, detector, proxy_object_id, filmstrip_object_id, filmstrip, warnings, decision_id, captioner';
export const shotColumns = 'id, title_id, number, first_frame, last_frame, start_pts, end_pts, entry, scene, measures, labels, caption, sentence, keyframes';
export const versionColumns = 'id, name, number, state, reason, hash, query, bucket, filter, object_id, captions, clips, dropped, created_at, frozen_at';

export interface AnalysisRow {
  master_id: string;
  title_id: string;
  frames: string;
  time_base: string;
  start_pts: string;
  duration_pts: string;
  width: number;
  height: number;
  detector: string;
  proxy_object_id: string | null;
  filmstrip_object_id: string | null;
  filmstrip: Filmstrip | null;
  warnings: unknown[];
  decision_id: string;
  captioner: CaptionedBy | null;
}

export interface ShotRow {
  id: string;
  title_id: string;
  number: number;
  first_frame: string;
  last_frame: string;
  start_pts: string;
  end_pts: string;
  entry: Transition;
  scene: number | null;
  measures: Measures;
  labels: Labels;
  caption: Caption;
  sentence: string;
  keyframes: Keyframe[];
}

export interface VersionRow {
  id: string;
  name: string;
  number: number;
  state: DatasetVersion['state'];
  reason: Reason | null;
  hash: string | null;
  query: DatasetQuery;
  bucket: Bucket;
  filter: AppliedFilter | null;
  object_id: string | null;
  captions: DatasetCaptions | null;
  clips: number;
  dropped: number;
  created_at: Date;
  frozen_at: Date | null;
}

export const toAnalysis = (found: AnalysisRow): Analysis => ({
  masterId: found.master_id,
  titleId: found.title_id,
  frames: Number(found.frames),
  timeBase: found.time_base,
  startPts: Number(found.start_pts),
  durationPts: Number(found.duration_pts),
  width: found.width,
  height: found.height,
  detector: found.detector,
  proxyObjectId: found.proxy_object_id,
  filmstripObjectId: found.filmstrip_object_id,
  filmstrip: found.filmstrip,
  warnings: found.warnings,
  decisionId: found.decision_id,
  captioner: found.captioner,
});

export const toShot = (found: ShotRow): Shot => ({
  id: found.id,
  titleId: found.title_id,
  number: found.number,
  first: Number(found.first_frame),
  last: Number(found.last_frame),
  startPts: Number(found.start_pts),
  endPts: Number(found.end_pts),
  entry: found.entry,
  scene: found.scene,
  measures: found.measures,
  labels: found.labels,
  caption: found.caption,
  sentence: found.sentence,
  keyframes: found.keyframes,
});

export const toVersion = (found: VersionRow): DatasetVersion => ({
  id: found.id,
  name: found.name,
  number: found.number,
  state: found.state,
  reason: found.reason,
  hash: found.hash,
  query: found.query,
  bucket: found.bucket,
  filter: found.filter,
  objectId: found.object_id,
  captions: found.captions,
  clipCount: found.clips,
  droppedCount: found.dropped,
  createdAt: found.created_at,
  frozenAt: found.frozen_at,
});

/** '1/24000' as a number of seconds. */
export function ratio(text: string): number {
  const [over, under = '1'] = text.split('/');
  return Number(over) / Number(under);
}
