import { isMarkedAsUntransferable } from 'node:worker_threads';
import { Thread } from '../thread.js';
import type { Labels, RgbImage, VisionModels, Warning } from '../types.js';

/** What the vision thread is asked: first what it could load, then the labels of shot after shot. */
export type Question = 'loaded' | { keyframes: RgbImage[]; whole: RgbImage | undefined };
export interface Loaded {
  warnings: Warning[];
  loaded: string[];
}

/**
 * The models of a folder (models/vision) and the reader of text that npm installed, in a thread of their own that all passes of this process share. A file that is missing or
 * not the one that was measured is left out with a warning; labels then hold what the others see.
 */
export async function loadVisionModels(dir: string): Promise<VisionModels> {
  const thread = new Thread<Question, unknown>(new URL('./thread.js', import.meta.url), { dir });
  const { warnings, loaded } = (await thread.ask('loaded')) as Loaded;
  return {
    warnings,
    loaded,
    async label(keyframes, { whole }): Promise<Labels> {
      return (await thread.ask({ keyframes, whole }, memoryOf(whole ? [...keyframes, whole] : keyframes))) as Labels;
    },
    close: () => thread.close(),
  };
}

/** What can be handed over instead of copied: memory that holds the picture and nothing else. libvips keeps what it has made. */
function memoryOf(images: readonly RgbImage[]): ArrayBuffer[] {
  const own = images.filter(({ data: { buffer, byteLength } }) => buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && !isMarkedAsUntransferable(buffer));
  return [...new Set(own.map(({ data }) => data.buffer as ArrayBuffer))];
}
