import { createHash } from 'node:crypto';
import type { Letterbox } from '#libs/media';

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
}

/** The film a shot is in: size as shown, time base in seconds. */
export interface Film {
  width: number;
  height: number;
  secondsPerTick: number;
}

export interface Candidate {
  startPts: number;
  endPts: number;
  sentence: string;
  excluded: boolean;
  measures: { blackFraction: number; frozenFraction: number; blur: number; letterbox: Letterbox };
}

/** Where clips begin, in seconds after the shot's first frame; or why there are none, with the value that settled it. */
export type Verdict = { offsets: number[] } | { code: string; message: string; value: number | string | null };

/** Above these shares a clip teaches nothing. Animation on twos repeats half of its frames, so only near-stills count as frozen. */
const BLACK = 0.5;
const FROZEN = 0.95;
/** Only what no eye could read; soft focus and fog are style. */
const BLURRED = 0.98;
/** Enlarging by more makes the model learn blur. */
const MAX_ENLARGEMENT = 1.5;

/** Decides one shot. Pure: the same shot and recipe give the same verdict anywhere. */
export function judge(shot: Candidate, { bucket, minSeconds, captionContains, clipsPerShot }: Recipe, film: Film): Verdict {
  const seconds = (shot.endPts - shot.startPts) * film.secondsPerTick;
  const clipSeconds = bucket.frames / bucket.fps;
  const needed = Math.max(clipSeconds, minSeconds);
  const { blackFraction, frozenFraction, blur, letterbox } = shot.measures;
  const drop = (code: string, message: string, value: number | string | null): Verdict => ({ code, message, value: typeof value === 'number' ? Number(value.toFixed(4)) : value });

  if (shot.excluded) return drop('EXCLUDED', 'A member left this shot out.', null);
  if (captionContains !== null && !holdsWords(shot.sentence, captionContains)) return drop('NO_MATCH', `Its caption does not hold "${captionContains}".`, captionContains);
  // Half a tick of tolerance: a shot of exactly the clip's length is long enough whatever its time base rounds to.
  if (seconds + film.secondsPerTick / 2 < needed) {
    const why = clipSeconds >= minSeconds ? `a clip of ${bucket.frames} frames at ${bucket.fps} fps takes ${clipSeconds.toFixed(2)} s` : `at least ${minSeconds.toFixed(2)} s were asked for`;
    return drop('TOO_SHORT', `It lasts ${seconds.toFixed(2)} s; ${why}.`, seconds);
  }
  if (blackFraction > BLACK) return drop('BLACK', `${percent(blackFraction)} of its frames are black.`, blackFraction);
  if (frozenFraction > FROZEN) return drop('FROZEN', `${percent(frozenFraction)} of its frames repeat the frame before.`, frozenFraction);
  if (blur > BLURRED) return drop('BLURRED', `Nothing in it is sharp (${blur.toFixed(2)} of 1).`, blur);
  const enlargement = Math.max(bucket.width / Math.max(1, film.width - letterbox.left - letterbox.right), bucket.height / Math.max(1, film.height - letterbox.top - letterbox.bottom));
  if (enlargement > MAX_ENLARGEMENT) return drop('TOO_SMALL', `Its picture would be enlarged ${enlargement.toFixed(1)} times to fill ${bucket.width}x${bucket.height}.`, enlargement);

  const count = Math.max(1, Math.min(clipsPerShot, Math.floor(seconds / clipSeconds + 1e-9)));
  const spare = Math.max(0, seconds - count * clipSeconds) / count;
  // Even gaps, so that the clips show the whole take; microseconds, so that the number reads the same everywhere.
  return { offsets: Array.from({ length: count }, (_, i) => Math.round((spare / 2 + i * (clipSeconds + spare)) * 1e6) / 1e6) };
}

function holdsWords(sentence: string, words: string): boolean {
  const text = sentence.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

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
