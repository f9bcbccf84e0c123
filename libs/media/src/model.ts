import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import type { Warning } from './types.js';

/** The bytes of a model file, if it is the one that was measured; else a warning that tells what goes on `without` it. */
export async function readModel(file: string, sha256: string, warnings: Warning[], without: string): Promise<Buffer | undefined> {
  const what = path.basename(file);
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch {
    warnings.push({ code: 'MODEL_MISSING', message: `The model ${what} is not there; ${without}.` });
    return undefined;
  }
  if (createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
  warnings.push({ code: 'MODEL_CHANGED', message: `The model ${what} is not the file that was measured; ${without}.` });
  return undefined;
}

/** A session of a model file as `readModel` reads it. A run computes on the thread that asks for it, and stops it for as long: see Thread. */
export async function loadModel(file: string, sha256: string, warnings: Warning[], without: string): Promise<InferenceSession | undefined> {
  const bytes = await readModel(file, sha256, warnings, without);
  // One thread: the decoder and a second title have the other core.
  return bytes && InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1, executionProviders: ['cpu'] });
}
