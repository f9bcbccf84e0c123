import { Thread } from '../thread.js';
import type { SpeechModel, SpeechStream, Warning } from '../types.js';
import { CHUNK, LEAD, WINDOW, WINDOW_SECONDS } from './silero.js';

/** What the speech thread is asked: first what it could load, then the probabilities of minute after minute. */
export type Question = 'loaded' | { samples: Float32Array };
export interface Loaded {
  warnings: Warning[];
  loaded: string[];
}

/**
 * The model of a folder (models/sound), in a thread of its own that all passes of this process share. A file that is missing or
 * changed is left out with a warning; sound is measured without it.
 */
export async function loadSpeechModel(dir: string): Promise<SpeechModel> {
  const thread = new Thread<Question, unknown>(new URL('./thread.js', import.meta.url), { dir });
  const { warnings, loaded } = (await thread.ask('loaded')) as Loaded;
  const probabilities = async (samples: Float32Array): Promise<Float32Array> => (await thread.ask({ samples }, [samples.buffer as ArrayBuffer])) as Float32Array;
  return { warnings, loaded, listen: () => (loaded.length ? new SpeechListener(probabilities) : undefined), close: () => thread.close() };
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
