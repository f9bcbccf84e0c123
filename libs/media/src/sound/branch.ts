import type { PassOutput } from '../pass.js';
import { ratio } from '../probe.js';
import type { AudioStream, Probe, SoundMeasures, SpeechModel, Warning } from '../types.js';
import { layoutFor, RATE, STEP } from './loudness.js';
import { SoundMeter } from './meter.js';

/**
 * The sound of a pass: float samples at 48 kHz in a fixed layout on one pipe, and on ffmpeg's log the timestamp of each tenth of a
 * second of them. The timestamps, not the count of samples, say where sound belongs: streams begin late, have holes and change their
 * channels half-way. Nothing here waits for the picture, so neither pipe can stand still because of the other.
 */
export class SoundBranch implements PassOutput {
  readonly args: readonly string[];
  private readonly meter: SoundMeter;
  private readonly channels: number;
  /** In samples on the clock of the file: where the first frame is shown, and where listening ends whatever the file claims. */
  private readonly origin: number;
  private readonly limit: number;
  private readonly warnings: Warning[] = [];
  /** Frames of sound that were announced and whose samples are not read yet. */
  private announced: { pts: number; bytes: number }[] = [];
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private next = 0;
  private ended = false;
  private wake: (() => void) | undefined;

  constructor(
    probe: Probe,
    private readonly stream: AudioStream,
    speech: SpeechModel | undefined,
  ) {
    const layout = layoutFor(stream.channels);
    this.channels = layout.weights.length;
    this.meter = new SoundMeter(layout, speech?.listen());
    this.origin = Math.round(probe.video.startPts * ratio(probe.video.timeBase) * RATE);
    this.limit = RATE * (2 * Math.max(probe.durationSeconds, probe.video.durationSeconds ?? 0) + 60);
    const filters = [`aresample=${RATE}`, `aformat=sample_fmts=flt:sample_rates=${RATE}:channel_layouts=${layout.name}`, `asetnsamples=n=${STEP}:p=0`, 'ashowinfo@sound'];
    this.args = ['-map', `0:${stream.index}`, '-filter:a', filters.join(','), '-c:a', 'pcm_f32le', '-f', 'f32le'];
    if (probe.audio.length > 1) this.warnings.push({ code: 'SEVERAL_AUDIO_STREAMS', message: `The file has ${probe.audio.length} sound tracks; stream ${stream.index}${stream.language ? ` (${stream.language})` : ''} is listened to.` });
  }

  line(line: string): void {
    if (!line.includes('[ashowinfo@sound ')) return;
    const told = /\bpts:(-?\d+|NOPTS)\b.* nb_samples:(\d+)/.exec(line);
    if (!told) return;
    const samples = Number(told[2]);
    const pts = told[1] === 'NOPTS' ? this.next : Number(told[1]);
    this.next = pts + samples;
    this.announced.push({ pts, bytes: samples * this.channels * 4 });
    this.wake?.();
  }

  async take(piece: Buffer): Promise<void> {
    this.pending.push(piece);
    this.pendingBytes += piece.length;
    while (this.pendingBytes > 0) {
      // ffmpeg logs a frame before it writes it, but the log is another pipe.
      while (!this.announced.length && !this.ended) await new Promise<void>((resolve) => (this.wake = resolve));
      const frame = this.announced[0];
      if (!frame || this.pendingBytes < frame.bytes) return;
      this.announced.shift();
      await this.hear(frame.pts - this.origin, this.read(frame.bytes));
    }
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  private read(bytes: number): Float32Array {
    const samples = new Float32Array(bytes / 4);
    const into = Buffer.from(samples.buffer);
    for (let at = 0; at < bytes; ) {
      const piece = this.pending[0]!;
      const n = piece.copy(into, at, 0, bytes - at);
      at += n;
      if (n === piece.length) this.pending.shift();
      else this.pending[0] = piece.subarray(n);
    }
    this.pendingBytes -= bytes;
    return samples;
  }

  private async hear(at: number, samples: Float32Array): Promise<void> {
    const end = at + samples.length / this.channels;
    if (end <= 0 || end > this.limit) return;
    await this.meter.take(Math.max(0, at), at < 0 ? samples.subarray(-at * this.channels) : samples);
  }

  /** When all is heard; `filmSeconds` is how long the picture goes on. */
  async finish(filmSeconds: number): Promise<Heard> {
    await this.meter.finish();
    const { seconds } = this.meter;
    if (seconds === 0) this.warnings.push({ code: 'NO_SOUND_DECODED', message: `Nothing of the sound (stream ${this.stream.index}, ${this.stream.codec}) decodes beside the picture; loudness, speech and music are left out.` });
    else if (filmSeconds - seconds > Math.max(1, 0.01 * filmSeconds)) this.warnings.push({ code: 'SOUND_ENDS_EARLY', message: `The sound ends at ${seconds.toFixed(1)} s, the picture goes on to ${filmSeconds.toFixed(1)} s; what follows counts as silence.` });
    const { meter } = this;
    return {
      warnings: this.warnings,
      ...(seconds > 0 && { between: (start: number, end: number) => meter.between(start, end), track: (start: number, length: number) => meter.track(start, length) }),
    };
  }
}

/** What was heard; without `between` and `track` where nothing was. Times in seconds from the first frame. */
export interface Heard {
  warnings: Warning[];
  between?(start: number, end: number): SoundMeasures;
  track?(start: number, seconds: number): ReturnType<SoundMeter['track']>;
}
