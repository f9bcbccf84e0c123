import { CAPTION_LENGTHS, type CaptionLength } from '#libs/media';
import { isId, Refusal } from '#libs/platform';
import type { FilterChoice } from './filters/sets.js';
import type { DatasetQuery } from './rows.js';
import type { Bucket } from './selection.js';

export interface DatasetInput {
  name: string;
  /** Empty: every title that was analysed. */
  titleIds: string[];
  minSeconds?: number | null;
  captionContains?: string | null;
  excludeShotIds?: string[] | null;
  bucket?: { width: number; height: number; frames: number } | null;
  clipsPerShot?: number | null;
  /** How much the captions say; absent: medium, one sentence. */
  captionLength?: CaptionLength | null;
  /** Captions of all three lengths beside each clip. */
  allCaptions?: boolean | null;
  /** Of shots that show one take only the best is kept. */
  oneOfDuplicates?: boolean | null;
  /** Absent: the standard rules. */
  filter?: FilterChoice | null;
}

/** Every trainer's rate that we feed takes 16 fps; the starter is made for it. */
const FPS = 16;
const CLIPS_PER_SHOT = 4;

/** What a member asked for, whole and within limits. Throws Refusal BAD_DATASET that names the first thing wrong. */
export function datasetOf(input: DatasetInput, starter: Bucket): { name: string; query: DatasetQuery; bucket: Bucket } {
  const name = input.name.trim();
  if (!name || name.length > 200) throw bad('A dataset has a name of 1 to 200 characters.');
  const titleIds = [...new Set(input.titleIds)].sort();
  const excludeShotIds = [...new Set(input.excludeShotIds ?? [])].sort();
  if (titleIds.length > 10_000 || excludeShotIds.length > 100_000) throw bad('A query names at most 10,000 titles and 100,000 shots.');
  if (![...titleIds, ...excludeShotIds].every(isId)) throw bad('One of the ids is not an id.');
  const minSeconds = input.minSeconds ?? 0;
  if (!(minSeconds >= 0 && minSeconds <= 3600)) throw bad('minSeconds is 0 to 3600.');
  const clipsPerShot = input.clipsPerShot ?? CLIPS_PER_SHOT;
  if (!Number.isInteger(clipsPerShot) || clipsPerShot < 1 || clipsPerShot > 64) throw bad('clipsPerShot is 1 to 64.');
  const captionContains = input.captionContains?.trim() || null;
  if ((captionContains?.length ?? 0) > 200) throw bad('captionContains has at most 200 characters.');
  const captionLength = input.captionLength ?? 'medium';
  if (!CAPTION_LENGTHS.includes(captionLength)) throw bad(`A caption is ${CAPTION_LENGTHS.join(', ')}.`);
  const bucket = input.bucket ? { width: input.bucket.width, height: input.bucket.height, frames: input.bucket.frames, fps: FPS } : starter;
  const side = (pixels: number): boolean => Number.isInteger(pixels) && pixels >= 32 && pixels <= 1920 && pixels % 32 === 0;
  if (!side(bucket.width) || !side(bucket.height)) throw bad(`The sides of a clip are divisible by 32, 32 to 1920; ${bucket.width}x${bucket.height} are not.`);
  if (!Number.isInteger(bucket.frames) || bucket.frames < 9 || bucket.frames > 257 || bucket.frames % 8 !== 1) throw bad(`A clip has 8k+1 frames, 9 to 257; ${bucket.frames} is none of them.`);
  return { name, query: { titleIds, minSeconds, captionContains, excludeShotIds, clipsPerShot, ...(input.oneOfDuplicates && { oneOfDuplicates: true }), ...(captionLength !== 'medium' && { captionLength }), ...(input.allCaptions && { allCaptions: true }) }, bucket };
}

function bad(message: string): Refusal {
  return new Refusal('BAD_DATASET', message, 'Correct it and send it again.', 400);
}
