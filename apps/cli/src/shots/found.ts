import { type Analysis, type Caption, captionFor, type Probe, sentenceOf, type Shot } from '#libs/media';

/** What `backlot shots` found in one file: the analysis with a caption for each shot. */
export interface Found {
  file: string;
  frames: number;
  /** Seconds a tick of every pts here, "1/24000". */
  timeBase: string;
  /** Average frames a second, "24000/1001". */
  frameRate: string;
  startPts: number;
  durationPts: number;
  width: number;
  height: number;
  detector: string;
  shots: FoundShot[];
  scenes: Analysis['scenes'];
  /** Measures by the second. */
  track: Analysis['track'];
  warnings: Analysis['warnings'];
}

/** first and last are both inside the shot; frames of a gradual entry are in none. */
export type FoundShot = Pick<Shot, 'first' | 'last' | 'startPts' | 'endPts' | 'entry' | 'scene' | 'measures'> & {
  labels?: Omit<NonNullable<Shot['labels']>, 'vector'>;
  caption: Caption;
  sentence: string;
};

export function found(file: string, probe: Probe, analysis: Analysis): Found {
  const { frames, timeBase, startPts, durationPts, width, height, detector, warnings } = analysis;
  return { file, frames, timeBase, frameRate: probe.video.frameRate, startPts, durationPts, width, height, detector, shots: analysis.shots.map(describe), scenes: analysis.scenes, track: analysis.track, warnings };
}

function describe({ first, last, startPts, endPts, entry, scene, measures, labels }: Shot): FoundShot {
  const caption = captionFor({ measures, ...(labels && { labels }) });
  // The look vector is for search by example and would be most of the document.
  const { vector: _, ...seen } = labels ?? {};
  return { first, last, startPts, endPts, entry, ...(scene !== undefined && { scene }), measures, ...(labels && { labels: seen }), caption, sentence: sentenceOf(caption) };
}

/** Frames a second. */
export function rateOf({ frameRate }: Pick<Found, 'frameRate'>): number {
  const [frames = 0, seconds = 1] = frameRate.split('/').map(Number);
  return frames / seconds;
}

/** Frames of the transition that a shot begins with; a cut has none. */
export const entryFrames = ({ entry }: Pick<FoundShot, 'entry'>): number => (entry.first === undefined || entry.last === undefined ? 0 : entry.last - entry.first + 1);
