import { type CaptionFlag, captionFlags, type CaptionLength, captionQuality, type Described } from '#libs/media';
import { rows } from '#libs/platform';
import type { Captions } from '../manifest.js';
import type { Media } from '../media.js';
import type { Caption, DatasetCaptions, DatasetQuery } from '../rows.js';
import { disagreementsOf } from './fields.js';

/** A shot's caption as a version wants it, and in all lengths where it wants them; `contradicted` counts what a model said against known facts. */
export function inWords(media: Media, { captionLength = 'medium', allCaptions }: DatasetQuery, shot: Described & { sentence: string; caption: Caption }): { caption: string; captions: Captions | undefined; contradicted: number } {
  // The medium one is the sentence that is kept, reviewed and searched.
  const of = (length: CaptionLength): string => (length === 'medium' ? shot.sentence : media.captionIn(length, shot));
  return { caption: of(captionLength), captions: allCaptions && { short: of('short'), medium: of('medium'), long: of('long') }, contradicted: disagreementsOf(shot.caption).length };
}

/** Counts captions as they are written, whatever their number. */
export class CaptionCount {
  private readonly flags = new Map<CaptionFlag, number>();
  private clips = 0;
  private words = 0;
  private least = Infinity;
  private most = 0;

  add(caption: string, contradicted: number): void {
    const quality = captionQuality(caption);
    this.clips++;
    this.words += quality.words;
    this.least = Math.min(this.least, quality.words);
    this.most = Math.max(this.most, quality.words);
    for (const flag of captionFlags(quality, contradicted)) this.flags.set(flag, (this.flags.get(flag) ?? 0) + 1);
  }

  /** Of a version whose clips are written, in the open transaction. */
  async result(versionId: string): Promise<DatasetCaptions> {
    const [different] = await rows<{ count: string }>(`select count(distinct caption) from dataset_clip where version_id = $1`, [versionId]);
    return { distinctShare: Number(different!.count) / this.clips, leastWords: this.least, meanWords: this.words / this.clips, mostWords: this.most, flags: [...this.flags].map(([flag, clips]) => ({ flag, clips })) };
  }
}
