import type { Analysis, AnalyseOptions, CaptionLength, ClipSpec, Described, MaskSpec, ProxyFragment, ProxyLayout, Shot } from '#libs/media';
import type { Caption } from './rows.js';

/** What curation takes from libs/media; tests give it parts that fail on purpose. */
export interface Media {
  analyse(address: string, options: AnalyseOptions): Promise<Analysis>;
  /** One clip as mp4. Throws Refusal CLIP_… when the shot does not give it. */
  cutClip(address: string, spec: ClipSpec): Promise<Buffer>;
  /** A copy of a proxy in which some frames are black and silent, written to `writable`. */
  maskProxy(address: string, spec: MaskSpec): Promise<{ proxy: ProxyLayout; fragments: ProxyFragment[] }>;
  /** A filmstrip's sheet in which the tiles at these places are black. */
  maskSheet(jpeg: Buffer, tiles: readonly number[], layout: { tileWidth: number; tileHeight: number; columns: number }): Promise<Buffer>;
  /** Structured fields of a shot from what was measured and modelled. */
  captionFor(shot: Shot): Caption;
  /** One sentence of the fields that are known. */
  sentenceOf(caption: Caption): string;
  /** What is known of a shot, in a caption of one length. */
  captionIn(length: CaptionLength, shot: Described): string;
}
