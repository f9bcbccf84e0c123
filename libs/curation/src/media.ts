import type { Analysis, AnalyseOptions, ClipSpec, Shot } from '#libs/media';
import type { Caption } from './rows.js';

/** What curation takes from libs/media; tests give it parts that fail on purpose. */
export interface Media {
  analyse(address: string, options: AnalyseOptions): Promise<Analysis>;
  /** One clip as mp4. Throws Refusal CLIP_… when the shot does not give it. */
  cutClip(address: string, spec: ClipSpec): Promise<Buffer>;
  /** Structured fields of a shot from what was measured and modelled. */
  captionFor(shot: Shot): Caption;
  /** One sentence of the fields that are known. */
  sentenceOf(caption: Caption): string;
}
