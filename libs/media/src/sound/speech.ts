import path from 'node:path';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { SpeechModel, SpeechStream, Warning } from '../types.js';
import { loadModel } from '../vision/models.js';

const SILERO = { file: 'silero-vad-v5.onnx', title: 'silero-vad 5', sha256: '2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f' };

/** The model of a folder (models/sound). A file that is missing or changed is left out with a warning; sound is measured without it. */
export async function loadSpeechModel(dir: string): Promise<SpeechModel> {
  const warnings: Warning[] = [];
  const session = await loadModel(path.join(dir, SILERO.file), SILERO.sha256, warnings, 'speech is not looked for');
  return {
    warnings,
    loaded: session ? [SILERO.title] : [],
    listen: () => session && new SpeechListener((samples) => speechProbabilities(session, samples)),
    close: async () => session?.release(),
  };
}

// Silero VAD v5 at 16 kHz: windows of 512 samples, each with the 64 before it in front, and a state that goes from window to window.
const WINDOW = 512;
const BEFORE = 64;
const STATE = 128;
const WINDOW_SECONDS = WINDOW / 16_000;
/**
 * One window at a time the network costs 0.31 ms, eight side by side 0.14 ms each. So a minute is cut into eight lanes; each lane but
 * the first second of the film starts a second early, by which its state has forgotten that it began.
 */
const LANES = 8;
const WARM_UP = 32;
const LANE = 250;
/** Windows that are looked at in one go: 64 s. */
const CHUNK = LANES * LANE;
/** Samples in front of a chunk. */
const LEAD = WARM_UP * WINDOW + BEFORE;
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

// Silero's own rule for stretches: begins above one probability, ends when below another for so long; what is shorter is no speech.
const BEGINS = 0.5;
const ENDS = 0.35;
const PAUSE = 0.1;
const SHORTEST = 0.25;

/** Joins windows to stretches. */
class Stretches {
  readonly found: { start: number; end: number }[] = [];
  private at = 0;
  private start: number | undefined;
  private quietSince: number | undefined;

  add(probabilities: Float32Array): void {
    for (const p of probabilities) {
      const time = this.at++ * WINDOW_SECONDS;
      if (p >= BEGINS) {
        this.start ??= time;
        this.quietSince = undefined;
      } else if (this.start !== undefined && p < ENDS) {
        this.quietSince ??= time;
        if (time + WINDOW_SECONDS - this.quietSince >= PAUSE) this.close(this.quietSince);
      }
    }
  }

  close(end = this.quietSince ?? this.at * WINDOW_SECONDS): void {
    if (this.start !== undefined && end - this.start >= SHORTEST) this.found.push({ start: this.start, end });
    this.start = this.quietSince = undefined;
  }
}

/** Looks for speech a minute at a time, while the next minute comes in. */
class SpeechListener implements SpeechStream {
  private chunk = new Float32Array(LEAD + CHUNK * WINDOW);
  private filled = LEAD;
  private readonly stretches = new Stretches();
  private working: Promise<void> = Promise.resolve();

  constructor(private readonly probabilities: (samples: Float32Array) => Promise<Float32Array>) {}

  async push(samples: Float32Array): Promise<void> {
    for (let at = 0; at < samples.length; ) {
      const some = samples.subarray(at, at + this.chunk.length - this.filled);
      this.chunk.set(some, this.filled);
      this.filled += some.length;
      at += some.length;
      if (this.filled === this.chunk.length) await this.send(this.chunk);
    }
  }

  async finish(): ReturnType<SpeechStream['finish']> {
    await this.send(this.chunk.subarray(0, this.filled));
    await this.working;
    this.stretches.close();
    return this.stretches.found;
  }

  /** Two chunks are held at most: one that fills and one that is looked at. */
  private async send(chunk: Float32Array): Promise<void> {
    await this.working;
    const next = new Float32Array(LEAD + CHUNK * WINDOW);
    next.set(chunk.subarray(chunk.length - LEAD));
    this.working = this.probabilities(chunk).then((found) => this.stretches.add(found));
    // Awaited at the next chunk; until then a failure must not count as one that nobody handles.
    this.working.catch(() => undefined);
    this.chunk = next;
    this.filled = LEAD;
  }
}
