import path from 'node:path';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { loadModel } from '../model.js';
import type { Warning } from '../types.js';

const SILERO = { file: 'silero-vad-v5.onnx', title: 'silero-vad 5', sha256: '2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f' };

/** What the speech thread holds. */
export interface Silero {
  warnings: Warning[];
  loaded: string[];
  probabilities(samples: Float32Array): Promise<Float32Array>;
}

export async function openSilero(dir: string): Promise<Silero> {
  const warnings: Warning[] = [];
  const session = await loadModel(path.join(dir, SILERO.file), SILERO.sha256, warnings, 'speech is not looked for');
  return { warnings, loaded: session ? [SILERO.title] : [], probabilities: (samples) => (session ? speechProbabilities(session, samples) : Promise.reject(new Error('no speech model'))) };
}

// Silero VAD v5 at 16 kHz: windows of 512 samples, each with the 64 before it in front, and a state that goes from window to window.
export const WINDOW = 512;
const BEFORE = 64;
const STATE = 128;
export const WINDOW_SECONDS = WINDOW / 16_000;
/**
 * One window at a time the network costs 0.31 ms, eight side by side 0.14 ms each. So a minute is cut into eight lanes; each lane but
 * the first second of the film starts a second early, by which its state has forgotten that it began.
 */
const LANES = 8;
const WARM_UP = 32;
const LANE = 250;
/** Windows that are looked at in one go: 64 s. */
export const CHUNK = LANES * LANE;
/** Samples in front of a chunk. */
export const LEAD = WARM_UP * WINDOW + BEFORE;
/** -60 dBFS: a lane that never gets louder holds no speech, and is not run. */
const QUIET = 1e-3;

/** Probability of speech in each whole window of `samples` after the first LEAD of them. */
async function speechProbabilities(session: InferenceSession, samples: Float32Array): Promise<Float32Array> {
  const windows = Math.floor((samples.length - LEAD) / WINDOW);
  const probabilities = new Float32Array(windows);
  const length = Math.max(Math.ceil(windows / LANES), Math.min(windows, 2 * WARM_UP));
  const lanes: number[] = [];
  for (let first = 0; first < windows; first += length) {
    if (loudest(samples, LEAD + first * WINDOW, LEAD + Math.min(windows, first + length) * WINDOW) > QUIET) lanes.push(first);
  }
  if (!lanes.length) return probabilities;
  const rate = new Tensor('int64', BigInt64Array.of(16_000n), []);
  let state = new Tensor('float32', new Float32Array(2 * lanes.length * STATE), [2, lanes.length, STATE]);
  const row = BEFORE + WINDOW;
  for (let step = -WARM_UP; step < length; step++) {
    const input = new Float32Array(lanes.length * row);
    lanes.forEach((first, lane) => {
      const at = LEAD + (first + step) * WINDOW - BEFORE;
      input.set(samples.subarray(at, at + row), lane * row);
    });
    const out = await session.run({ input: new Tensor('float32', input, [lanes.length, row]), state, sr: rate });
    state = out['stateN'] as Tensor as typeof state;
    if (step < 0) continue;
    lanes.forEach((first, lane) => {
      if (first + step < windows) probabilities[first + step] = (out['output']!.data as Float32Array)[lane]!;
    });
  }
  return probabilities;
}

function loudest(samples: Float32Array, from: number, to: number): number {
  let most = 0;
  for (let at = from; at < to; at++) {
    const x = samples[at]!;
    if (x > most) most = x;
    else if (-x > most) most = -x;
  }
  return most;
}
