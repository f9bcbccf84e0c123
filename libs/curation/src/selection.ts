import type { CaptionLength } from '#libs/media';
import { createHash } from 'node:crypto';
import { type Broken, firstBroken, lengthRule, type Rule, sentenceOf } from './filters/rules.js';
import type { Footage } from './filters/measures.js';

/** What clips look like: sides in pixels (multiples of 32), 8k+1 frames, frames a second. */
export interface Bucket {
  width: number;
  height: number;
  frames: number;
  fps: number;
}

/** What is asked of a shot. */
export interface Recipe {
  bucket: Bucket;
  minSeconds: number;
  captionContains: string | null;
  clipsPerShot: number;
  oneOfDuplicates?: true;
  /** Absent: medium. */
  captionLength?: CaptionLength;
  allCaptions?: true;
  rules: readonly Rule[];
}

/** The film a shot is in: size as shown, time base in seconds. */
export interface Film {
  width: number;
  height: number;
  secondsPerTick: number;
}

export interface Candidate extends Omit<Footage, 'film' | 'bucket'> {
  excluded: boolean;
}

/** Why a shot is left out, with the value that settled it; `broken` where a rule did. */
export interface Dropped {
  code: string;
  message: string;
  value: number | string | null;
  broken?: Broken;
}

/** Where clips begin, in seconds after the shot's first frame; or why there are none. */
export type Verdict = { offsets: number[] } | Dropped;

/** Decides one shot. Pure: the same shot and recipe give the same verdict anywhere. */
export function judge({ excluded, ...shot }: Candidate, { bucket, minSeconds, captionContains, clipsPerShot, rules }: Recipe, film: Film): Verdict {
  const footage = { ...shot, film, bucket };
  if (excluded) return { code: 'EXCLUDED', message: 'A member left this shot out.', value: null };
  if (captionContains !== null && !holdsWords(shot.sentence, captionContains)) return { code: 'NO_MATCH', message: `Its caption does not hold "${captionContains}".`, value: captionContains };
  const broken = firstBroken([lengthRule(bucket, minSeconds), ...rules], footage);
  if (broken) return { code: broken.rule.id, message: sentenceOf(broken), value: Array.isArray(broken.value) ? broken.value.join(', ') : broken.value && Number(broken.value.toFixed(4)), broken };

  const seconds = (shot.endPts - shot.startPts) * film.secondsPerTick;
  const clipSeconds = bucket.frames / bucket.fps;
  const count = Math.max(1, Math.min(clipsPerShot, Math.floor(seconds / clipSeconds + 1e-9)));
  const spare = Math.max(0, seconds - count * clipSeconds) / count;
  // Even gaps, so that the clips show the whole take; microseconds, so that the number reads the same everywhere.
  return { offsets: Array.from({ length: count }, (_, i) => Math.round((spare / 2 + i * (clipSeconds + spare)) * 1e6) / 1e6) };
}

function holdsWords(sentence: string, words: string): boolean {
  const text = sentence.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** A shot's place in 0..1, from nothing but its content: the same shot falls on the same side in every version and database. */
export function splitPlace(masterSha256: string, firstFrame: number): number {
  return createHash('sha256').update(`split ${masterSha256} ${firstFrame}`).digest().readUInt32BE(0) / 2 ** 32;
}

const HELD_OUT_SHARE = 0.18;

/**
 * Which shots are held out of training: about 18% of them by their place, the lowest in any case, the highest never. A single shot
 * gives its later clips. Counts in constant memory: add every kept shot, then ask.
 */
export class Split {
  private lowest = Infinity;
  private highest = -Infinity;
  shots = 0;
  clips = 0;

  add(place: number, clips: number): void {
    this.shots++;
    this.clips += clips;
    this.lowest = Math.min(this.lowest, place);
    this.highest = Math.max(this.highest, place);
  }

  /** The side of clip `index` of `count` of the shot at `place`. */
  of(place: number, index: number, count: number): 'train' | 'heldout' {
    if (this.shots <= 1) return index > 0 && index >= count - Math.max(1, Math.round(count * HELD_OUT_SHARE)) ? 'heldout' : 'train';
    if (place === this.highest) return 'train';
    return place === this.lowest || place < HELD_OUT_SHARE ? 'heldout' : 'train';
  }
}
