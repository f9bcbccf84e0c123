import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as tokenizers from '@huggingface/tokenizers';
import { Tensor } from 'onnxruntime-node';
import { loadModel } from '../model.js';
import type { Warning } from '../types.js';

const MODEL = { file: 'minilm.onnx', title: 'all-MiniLM-L6-v2 0.1.0', sha256: '19efe3cac7ddc933d723489bd34841f9e2596024de3ebab2449f6e01f7b4a864' };
const PIECES = { file: 'tokenizer.json', sha256: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037' };
/** Word pieces that the model was trained on, its two marks at the ends among them; what follows is not read. */
const MOST_PIECES = 128;
const END = 102;

/** The package's own types name files without their extension, which Node's resolution does not find. */
const { Tokenizer } = tokenizers as unknown as { Tokenizer: new (pieces: object, settings: object) => { encode(text: string): { ids: number[] } } };

/** Turns sentences into vectors that are near where their meanings are. */
export interface SentenceModel {
  /** Why it cannot be used: a file that is missing or changed. */
  warnings: Warning[];
  /** Name and version, null where it cannot be used. */
  loaded: string | null;
  /** A vector of 384 numbers and length 1 for each text; null where the model is not loaded. Costs some 10 ms a text, off the main thread. */
  vectors(texts: string[]): Promise<Float32Array[] | null>;
  close(): Promise<void>;
}

/** The sentence model of a folder (models/text-vectors). Where a file is missing or not the one that was measured, it says so and gives no vectors. */
export async function loadSentenceModel(dir: string): Promise<SentenceModel> {
  const warnings: Warning[] = [];
  const tokenizer = await readPieces(path.join(dir, PIECES.file), warnings);
  const session = tokenizer && (await loadModel(path.join(dir, MODEL.file), MODEL.sha256, warnings, 'search goes by words alone'));
  return {
    warnings,
    loaded: session ? MODEL.title : null,
    async vectors(texts) {
      if (!session) return null;
      const known = new Map<string, Promise<Float32Array>>();
      const found: Float32Array[] = [];
      for (const text of texts) {
        let vector = known.get(text);
        if (!vector) {
          const pieces = tokenizer(text);
          vector = session.run({ input_ids: new Tensor('int64', BigInt64Array.from(pieces, BigInt), [1, pieces.length]) }).then((out) => Float32Array.from(out['embedding']!.data as Float32Array));
          known.set(text, vector);
        }
        // One after the other: the model takes one text at a time, and the other core belongs to somebody else.
        found.push(await vector);
      }
      return found;
    },
    close: async () => session?.release(),
  };
}

async function readPieces(file: string, warnings: Warning[]): Promise<((text: string) => number[]) | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch {
    warnings.push({ code: 'MODEL_MISSING', message: 'The word pieces of the sentence model are not there; search goes by words alone.' });
    return undefined;
  }
  if (createHash('sha256').update(bytes).digest('hex') !== PIECES.sha256) {
    warnings.push({ code: 'MODEL_CHANGED', message: 'The word pieces of the sentence model are not the file that was measured; search goes by words alone.' });
    return undefined;
  }
  const tokenizer = new Tokenizer(JSON.parse(bytes.toString('utf8')) as object, {});
  return (text) => {
    const { ids } = tokenizer.encode(text);
    return ids.length > MOST_PIECES ? [...ids.slice(0, MOST_PIECES - 1), END] : ids;
  };
}
