import { Thread } from '../thread.js';
import type { Warning } from '../types.js';

/** Turns sentences into vectors that are near where their meanings are. */
export interface SentenceModel {
  /** Why it cannot be used: a file that is missing or changed. */
  warnings: Warning[];
  /** Name and version, null where it cannot be used. */
  loaded: string | null;
  /** A vector of 384 numbers and length 1 for each text; null where the model is not loaded. Costs some 10 ms a text. */
  vectors(texts: string[]): Promise<Float32Array[] | null>;
  close(): Promise<void>;
}

/** What the sentence thread is asked: first whether it could load its model, then the vectors of texts. */
export type Question = 'loaded' | string[];
export interface Loaded {
  warnings: Warning[];
  loaded: string | null;
}

/**
 * The sentence model of a folder (models/text-vectors), in a thread of its own. Where a file is missing or not the one that was measured, it
 * says so and gives no vectors.
 */
export async function loadSentenceModel(dir: string): Promise<SentenceModel> {
  const thread = new Thread<Question, unknown>(new URL('./sentence-thread.js', import.meta.url), { dir });
  const { warnings, loaded } = (await thread.ask('loaded')) as Loaded;
  return { warnings, loaded, vectors: async (texts) => (loaded === null ? null : ((await thread.ask(texts)) as Float32Array[])), close: () => thread.close() };
}
