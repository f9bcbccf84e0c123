// The sentence thread: started by loadSentenceModel, ended with it.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { workerData } from 'node:worker_threads';
import * as tokenizers from '@huggingface/tokenizers';
import { Tensor } from 'onnxruntime-node';
import { loadModel } from '../model.js';
import { answerAll } from '../thread.js';
import type { Warning } from '../types.js';
import type { Loaded, Question } from './sentence.js';

const MODEL = { file: 'minilm.onnx', title: 'all-MiniLM-L6-v2 0.1.0', sha256: '19efe3cac7ddc933d723489bd34841f9e2596024de3ebab2449f6e01f7b4a864' };
const PIECES = { file: 'tokenizer.json', sha256: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037' };
/** Word pieces that the model was trained on, its two marks at the ends among them; what follows is not read. */
const MOST_PIECES = 128;
const END = 102;

/** The package's own types name files without their extension, which Node's resolution does not find. */
const { Tokenizer } = tokenizers as unknown as { Tokenizer: new (pieces: object, settings: object) => { encode(text: string): { ids: number[] } } };

const { dir } = workerData as { dir: string };
const warnings: Warning[] = [];
const loading = (async () => {
  const piecesOf = await readPieces();
  const session = piecesOf && (await loadModel(path.join(dir, MODEL.file), MODEL.sha256, warnings, 'search goes by words alone'));
  return session && { session, piecesOf };
})();

answerAll(async (question: Question): Promise<Loaded | Float32Array[]> => {
  const model = await loading;
  if (question === 'loaded') return { warnings, loaded: model ? MODEL.title : null };
  if (!model) throw new Error('the sentence model is not loaded');
  // Captions are much alike: each sentence is read once.
  const known = new Map<string, Float32Array>();
  for (const text of new Set(question)) {
    const pieces = model.piecesOf(text);
    const out = await model.session.run({ input_ids: new Tensor('int64', BigInt64Array.from(pieces, BigInt), [1, pieces.length]) });
    known.set(text, Float32Array.from(out['embedding']!.data as Float32Array));
  }
  return question.map((text) => known.get(text)!);
});

async function readPieces(): Promise<((text: string) => number[]) | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path.join(dir, PIECES.file));
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
