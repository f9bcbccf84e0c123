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
  return { warnings, loaded, label: async (keyframes, { whole }) => (await thread.ask({ keyframes, whole })) as Labels, close: () => thread.close() };
}
