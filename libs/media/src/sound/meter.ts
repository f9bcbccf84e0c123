import type { SoundMeasures, SpeechStream } from '../types.js';
import { integrated, KWeighting, type Layout, RATE, STEP, toLufs } from './loudness.js';
import { MusicMeter, type MusicStretch } from './music.js';

/** Below -60 dBFS (RMS of the loudest channel over a tenth of a second) nothing is heard: where ffmpeg's silencedetect has it too. */
const SILENT = 1e-3 ** 2;
/** Longer gaps are not run through the filters: nothing rings that long. */
const LONG_GAP = 2 * RATE;

const { abs, max, round } = Math;

type Stretch = Awaited<ReturnType<SpeechStream['finish']>>[number];

/**
 * Sound in steps of a tenth of a second, counted from the film's first frame. Some 40 bytes a second are kept whatever comes, so that
 * shots, whose ends may be known before or after their sound, are measured when all is heard.
 */
export class SoundMeter {
  private energies = new Float32Array(4096);
  private peaks = new Float32Array(4096);
  private silent = new Uint8Array(4096);
  private steps = 0;
  /** Samples taken of the step that is open. */
  private filled = 0;
  private readonly filters: KWeighting[];
  private readonly squares: Float64Array;
  private energy = 0;
  private peak = 0;
  private readonly thirds: ThirdRate;
  private stretches: Stretch[] | undefined;
  private readonly music = new MusicMeter();
  private musical: MusicStretch[] = [];

  constructor(
    private readonly layout: Layout,
    private readonly speech: SpeechStream | undefined,
  ) {
    this.filters = layout.weights.map(() => new KWeighting());
    this.squares = new Float64Array(layout.weights.length);
    this.thirds = new ThirdRate(layout);
  }

  /** Seconds heard so far, from the first frame on. */
  get seconds(): number {
    return this.position / RATE;
  }

  private get position(): number {
    return this.steps * STEP + this.filled;
  }

  /**
   * Interleaved samples that begin `at` samples after the first frame. What was heard already is left out; what is missing in between is
   * silence.
   */
  async take(at: number, samples: Float32Array): Promise<void> {
    const channels = this.filters.length;
    const gap = at - this.position;
    if (gap > LONG_GAP) await this.skip(gap);
    else if (gap > 0) await this.hear(new Float32Array(gap * channels));
    const heard = -gap * channels;
    if (heard < samples.length) await this.hear(heard > 0 ? samples.subarray(heard) : samples);
  }

  async finish(): Promise<void> {
    if (this.filled > STEP / 2) this.closeStep(this.filled);
    this.stretches = await this.speech?.finish();
    this.musical = this.music.finish();
  }

  private async hear(samples: Float32Array): Promise<void> {
    const channels = this.filters.length;
    for (let i = 0; i < samples.length; i++) {
      // A broken packet may decode to numbers that are none; they would stay in the filters for good.
      if (!(abs(samples[i]!) < 64)) samples[i] = 0;
    }
    for (let at = 0; at < samples.length; ) {
      const count = Math.min(STEP - this.filled, (samples.length - at) / channels);
      this.measure(samples, at, count);
      at += count * channels;
    }
    await this.listen(this.thirds.next(samples));
  }

  private async listen(samples: Float32Array): Promise<void> {
    this.music.push(samples);
    await this.speech?.push(samples);
  }

  private measure(samples: Float32Array, from: number, count: number): void {
    const channels = this.filters.length;
    for (let c = 0; c < channels; c++) {
      let squares = 0;
      let { peak } = this;
      for (let i = from + c, end = from + count * channels; i < end; i += channels) {
        const x = samples[i]!;
        squares += x * x;
        if (x > peak) peak = x;
        else if (-x > peak) peak = -x;
      }
      this.peak = peak;
      this.squares[c]! += squares;
      const weight = this.layout.weights[c]!;
      if (weight) this.energy += weight * this.filters[c]!.energy(samples, from + c, channels, count);
    }
    this.filled += count;
    if (this.filled === STEP) this.closeStep(STEP);
  }

  private closeStep(samples: number): void {
    this.room(1);
    this.energies[this.steps] = this.energy / samples;
    this.peaks[this.steps] = this.peak;
    this.silent[this.steps] = max(...this.squares) / samples < SILENT ? 1 : 0;
    this.steps++;
    this.energy = this.peak = this.filled = 0;
    this.squares.fill(0);
  }

  private async skip(samples: number): Promise<void> {
    const rest = this.filled ? STEP - this.filled : 0;
    await this.hear(new Float32Array(rest * this.filters.length));
    for (const filter of this.filters) filter.reset();
    const steps = Math.floor((samples - rest) / STEP);
    this.room(steps);
    this.silent.fill(1, this.steps, this.steps + steps);
    this.steps += steps;
    // In pieces: a broken clock may leave hours out.
    for (let left = (steps * STEP) / 3; left > 0; left -= 160_000) await this.listen(new Float32Array(Math.min(left, 160_000)));
    await this.hear(new Float32Array((samples - rest - steps * STEP) * this.filters.length));
  }

  private room(steps: number): void {
    const need = this.steps + steps;
    if (need <= this.energies.length) return;
    const size = max(need, 2 * this.energies.length);
    const grown = <T extends Float32Array | Uint8Array>(old: T, into: T): T => (into.set(old), into);
    this.energies = grown(this.energies, new Float32Array(size));
    this.peaks = grown(this.peaks, new Float32Array(size));
    this.silent = grown(this.silent, new Uint8Array(size));
  }

  /** What is heard between two times, in seconds from the first frame. Where the sound has ended there is silence. */
  between(start: number, end: number): SoundMeasures {
    const from = round(start * 10);
    const to = max(from + 1, round(end * 10));
    const heard = Math.min(to, this.steps);
    let peak = 0;
    let silent = to - max(from, heard);
    for (let at = from; at < heard; at++) {
      peak = max(peak, this.peaks[at]!);
      silent += this.silent[at]!;
    }
    const loudness = integrated(this.energies, from, heard);
    const speech = this.stretches && within(this.stretches, start, end);
    return {
      ...(loudness !== undefined && { loudness: rounded(loudness, 2) }),
      ...(peak > 0 && { peak: rounded(20 * Math.log10(peak), 2) }),
      silence: rounded(silent / (to - from), 4),
      ...(speech && { speech: rounded(speech.share, 4), speechStretches: speech.count }),
      ...this.musicOf(from, to),
    };
  }

  /** Of steps [from, to). Music is told by the second, silence by the tenth: what is silent is no music. */
  private musicOf(from: number, to: number): Pick<SoundMeasures, 'music' | 'musicConfidence'> {
    let [music, silent, sure] = [0, 0, 0];
    let stretch = after(this.musical, from / 10);
    for (let at = from; at < to; at++) {
      while (stretch < this.musical.length && this.musical[stretch]!.end <= at / 10) stretch++;
      const playing = this.musical[stretch];
      if (at >= this.steps || this.silent[at]) silent++;
      else if (playing && playing.start <= at / 10) {
        music++;
        sure += playing.confidence;
      }
    }
    if (silent === to - from) return { music: 0 };
    return music >= max(TAIL * 10, (to - from) / 20) ? { music: rounded(music / (to - from), 4), musicConfidence: rounded(sure / music, 2) } : {};
  }

  /** Second by second from `start` on, `seconds` of them: loudness in LUFS (null below -70), shares of silence, speech and music (null where it is not plain). */
  track(start: number, seconds: number): { loudness: (number | null)[]; silence: number[]; speech?: number[]; music: (number | null)[] } {
    const each = Array.from({ length: seconds }, (_, second) => start + second);
    const stretches = this.stretches;
    const steps = (second: number): number[] => Array.from({ length: 10 }, (_, n) => round(10 * second) + n);
    return {
      loudness: each.map((second) => {
        const lufs = toLufs(steps(second).reduce((sum, at) => sum + (this.energies[at] ?? 0) / 10, 0));
        return lufs >= -70 ? rounded(lufs, 1) : null;
      }),
      silence: each.map((second) => steps(second).filter((at) => at >= this.steps || this.silent[at]).length / 10),
      ...(stretches && { speech: each.map((second) => rounded(within(stretches, second, second + 1).share, 2)) }),
      music: each.map((second) => this.musicOf(round(10 * second), round(10 * second) + 10).music ?? null),
    };
  }
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Less of a stretch than this inside a shot is the tail of the neighbour's. */
const TAIL = 0.1;

/** The first stretch that ends after a time, by halving: films have thousands of stretches and of shots. */
function after(stretches: readonly Stretch[], time: number): number {
  let low = 0;
  for (let high = stretches.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (stretches[middle]!.end <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Share of a time that stretches cover, and how many of them lie in it. */
function within(stretches: readonly Stretch[], start: number, end: number): { share: number; count: number } {
  let covered = 0;
  let count = 0;
  for (let at = after(stretches, start); at < stretches.length && stretches[at]!.start < end; at++) {
    const shared = Math.min(end, stretches[at]!.end) - max(start, stretches[at]!.start);
    covered += shared;
    if (shared >= Math.min(TAIL, (end - start) / 2)) count++;
  }
  return { share: end > start ? Math.min(1, covered / (end - start)) : 0, count };
}

const TAPS = 48;

/** 48 kHz interleaved to 16 kHz of one channel: a windowed sinc up to 7.2 kHz, of which every third value is computed. */
class ThirdRate {
  private static readonly taps = Float64Array.from({ length: TAPS }, (_, i) => {
    const t = i - (TAPS - 1) / 2;
    const cut = (2 * 7200) / RATE;
    return cut * (Math.sin(Math.PI * cut * t) / (Math.PI * cut * t)) * (0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (TAPS - 1)));
  });
  /** Mixed samples that the next value still needs. */
  private rest = new Float64Array(TAPS - 1);

  constructor(private readonly layout: Layout) {}

  next(samples: Float32Array): Float32Array {
    const { mix } = this.layout;
    const channels = mix.length;
    const count = samples.length / channels;
    const line = new Float64Array(this.rest.length + count);
    line.set(this.rest);
    for (let i = 0, o = this.rest.length; i < samples.length; i += channels, o++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += mix[c]! * samples[i + c]!;
      line[o] = sum;
    }
    const { taps } = ThirdRate;
    const values = max(0, Math.floor((line.length - TAPS) / 3) + 1);
    const out = new Float32Array(values);
    for (let n = 0; n < values; n++) {
      let sum = 0;
      for (let k = 0, at = 3 * n; k < TAPS; k++, at++) sum += taps[k]! * line[at]!;
      out[n] = sum;
    }
    this.rest = line.slice(3 * values);
    return out;
  }
}
