/** Of what a music meter takes: one channel. */
const RATE = 16_000;
/** Samples of a frame and from frame to frame: 128 ms tell semitones from some 130 Hz on, 16 frames a second tell notes. */
const SIZE = 2048;
const HOP = 1024;
const FRAMES_A_SECOND = RATE / HOP;
/** Bins that are looked at: 47 Hz to 4 kHz. */
const LOW = 6;
const HIGH = 512;
/** A bin is a tone where it is so many dB over the mean of the bins around it, and not near silence (dBFS of a sine). */
const AROUND = 10;
const OVER = 5;
const FLOOR = -78;
/** Frames that a second is judged by, its middle in theirs: two seconds. */
const BLOCK = 32;
/** A peak of activation stands above the lowest bin within so many to either side. */
const VALLEY = 6;
const PEAKS = 5;
const PEAK = 0.3;
const TONE = 0.6;
/** Seconds to either side in which notes must have changed. */
const REACH = 8;
/**
 * Chosen on half of the footage of test/support/music-sheet.json. Sum of the five highest peaks, each 0..1: noise and battles stay
 * below 2.9, clear speech below 1.7, music lies at 3.3 to 5. And notes that others have taken the place of: of hums, sirens and sines there are none,
 * of a monotonous voice up to three.
 */
const ACTIVATION = 3.3;
const NOTES = 4;
/** Between seconds of music it goes on over two that are less plain; shorter than three seconds nothing is called music. */
const GAP = 2;
const IN_GAP = 2.5;
const SHORTEST = 3;

const { abs, ceil, cos, floor, log10, max, min, round, sin, PI } = Math;

export interface MusicStretch {
  start: number;
  end: number;
  /** .6 (evidence just suffices) .. .95 */
  confidence: number;
}

/**
 * Music by the second from the sound alone. Continuous frequency activation (Seyerlehner, Pohle, Schedl, Widmer 2007, "Automatic music
 * detection in television productions"): notes hold their pitch, which are level lines in the spectrogram; speech glides and noise has
 * none. Hums and beeps hold theirs too, so notes must also make place for others. What is not plain is not told: drums alone
 * and music under a battle are not found.
 */
export class MusicMeter {
  private pending = new Float32Array(2 * SIZE);
  private filled = 0;
  private samples = 0;
  /** Of the newest frames: which bins are tones. */
  private frames: Uint8Array[] = [];
  private framesFrom = 0;
  private activations: number[] = [];
  private changes: number[] = [];
  /** Tones of the last seconds. */
  private notes: number[][] = [];

  push(samples: Float32Array): void {
    this.samples += samples.length;
    // Two frames in one transform, one as its real, one as its imaginary part.
    const need = SIZE + HOP;
    for (let at = 0; at < samples.length; ) {
      const some = min(need - this.filled, samples.length - at);
      this.pending.set(samples.subarray(at, at + some), this.filled);
      this.filled += some;
      at += some;
      if (this.filled < need) continue;
      this.frames.push(...tonesOfTwo(this.pending));
      this.pending.copyWithin(0, 2 * HOP, need);
      this.filled = need - 2 * HOP;
      this.judge();
    }
  }

  /** Stretches of music in seconds from the first sample, in order. */
  finish(): MusicStretch[] {
    const frames = this.framesFrom + this.frames.length;
    for (let second = this.activations.length; second < ceil(this.samples / RATE); second++) this.judgeSecond(max(this.framesFrom, min(blockOf(second), frames - BLOCK)));
    return stretchesOf(this.activations, this.changes);
  }

  private judge(): void {
    for (;;) {
      const from = blockOf(this.activations.length);
      if (from + BLOCK > this.framesFrom + this.frames.length) return;
      this.judgeSecond(from);
      // The last second may want the frames before it.
      const old = from - this.framesFrom;
      this.frames.splice(0, old);
      this.framesFrom += old;
    }
  }

  private judgeSecond(from: number): void {
    const block = this.frames.slice(from - this.framesFrom, from - this.framesFrom + BLOCK);
    const { activation, tones } = activationOf(block);
    const second = this.activations.push(activation) - 1;
    this.changes.push(0);
    for (const [back, before] of this.notes.toReversed().entries()) {
      const changed = min(without(tones, before), without(before, tones));
      for (const at of [second, second - 1 - back]) this.changes[at] = max(this.changes[at]!, changed);
    }
    this.notes.push(tones);
    if (this.notes.length > REACH) this.notes.shift();
  }
}

const blockOf = (second: number): number => max(0, round((second + 0.5) * FRAMES_A_SECOND) - BLOCK / 2);

/** How many tones of one have none beside them in the other. */
const without = (one: readonly number[], other: readonly number[]): number => one.filter((bin) => !other.some((near) => abs(near - bin) <= 1)).length;

function activationOf(block: readonly Uint8Array[]): { activation: number; tones: number[] } {
  const share = new Float32Array(HIGH);
  for (const frame of block) for (let bin = LOW; bin < HIGH; bin++) share[bin]! += frame[bin]! / block.length;
  const lowest = (from: number, to: number): number => {
    let least = 1;
    for (let bin = from; bin <= to; bin++) least = min(least, share[bin]!);
    return least;
  };
  const peaks: number[] = [];
  const tones: number[] = [];
  for (let bin = LOW + 1; bin < HIGH - VALLEY - 1; bin++) {
    const here = share[bin]!;
    if (here < PEAK || here < share[bin - 1]! || here <= share[bin + 1]!) continue;
    const height = here - max(lowest(max(0, bin - VALLEY), bin - 1), lowest(bin + 1, bin + VALLEY));
    peaks.push(height);
    if (height >= TONE) tones.push(bin);
  }
  return { activation: peaks.sort((a, b) => b - a).slice(0, PEAKS).reduce((sum, height) => sum + height, 0), tones };
}

function stretchesOf(activations: readonly number[], changes: readonly number[]): MusicStretch[] {
  const plain = activations.flatMap((value, second) => (value >= ACTIVATION && changes[second]! >= NOTES ? [second] : []));
  const found: { first: number; last: number }[] = [];
  for (const second of plain) {
    const open = found.at(-1);
    if (open && second - open.last - 1 <= GAP && activations.slice(open.last + 1, second).every((value) => value >= IN_GAP)) open.last = second;
    else found.push({ first: second, last: second });
  }
  return found
    .filter(({ first, last }) => last - first + 1 >= SHORTEST)
    .map(({ first, last }) => {
      const mean = activations.slice(first, last + 1).reduce((sum, value) => sum + value, 0) / (last - first + 1);
      return { start: first, end: last + 1, confidence: min(0.95, max(0.6, 0.6 + (0.35 * (mean - ACTIVATION)) / 1.2)) };
    });
}

const window = Float64Array.from({ length: SIZE }, (_, i) => (0.5 - 0.5 * cos((2 * PI * i) / SIZE)) / (SIZE / 4));
const turns = Float64Array.from({ length: SIZE }, (_, i) => (i % 2 ? -sin((PI * (i - 1)) / SIZE) : cos((PI * i) / SIZE)));
const order = Uint16Array.from({ length: SIZE }, (_, i) => {
  let turned = 0;
  for (let bit = 1; bit < SIZE; bit *= 2) turned = 2 * turned + (floor(i / bit) & 1);
  return turned;
});
const re = new Float64Array(SIZE);
const im = new Float64Array(SIZE);
const levels = new Float64Array(HIGH + AROUND);

function tonesOfTwo(samples: Float32Array): [Uint8Array, Uint8Array] {
  let loudest = 0;
  for (let i = 0; i < SIZE + HOP; i++) loudest = max(loudest, abs(samples[i]!));
  if (20 * log10(loudest) < FLOOR) return [new Uint8Array(HIGH), new Uint8Array(HIGH)];
  for (let i = 0; i < SIZE; i++) {
    re[order[i]!] = window[i]! * samples[i]!;
    im[order[i]!] = window[i]! * samples[i + HOP]!;
  }
  transform();
  // The sum of a spectrum and its mirror is twice that of the real part, the difference twice that of the imaginary one.
  return [1, -1].map((sign) => {
    for (let bin = 0; bin < levels.length; bin++) {
      const mirror = (SIZE - bin) % SIZE;
      const a = re[bin]! + sign * re[mirror]!;
      const b = im[bin]! - sign * im[mirror]!;
      levels[bin] = 10 * log10((a * a + b * b) / 4 + 1e-12);
    }
    return tonesIn(levels);
  }) as [Uint8Array, Uint8Array];
}

function tonesIn(decibels: Float64Array): Uint8Array {
  const tones = new Uint8Array(HIGH);
  let sum = 0;
  let from = 0;
  let to = 0;
  for (let bin = 0; bin < HIGH; bin++) {
    for (; to < min(decibels.length, bin + AROUND + 1); to++) sum += decibels[to]!;
    for (; from < bin - AROUND; from++) sum -= decibels[from]!;
    if (bin >= LOW && decibels[bin]! > FLOOR && decibels[bin]! - sum / (to - from) > OVER) tones[bin] = 1;
  }
  return tones;
}

/** Fast Fourier transform of `re` and `im`, which are in bit-reversed order. */
function transform(): void {
  for (let half = 1; half < SIZE; half *= 2) {
    const step = SIZE / half;
    for (let block = 0; block < SIZE; block += 2 * half) {
      for (let k = 0; k < half; k++) {
        const [c, s] = [turns[k * step]!, turns[k * step + 1]!];
        const a = block + k;
        const b = a + half;
        const x = re[b]! * c - im[b]! * s;
        const y = re[b]! * s + im[b]! * c;
        re[b] = re[a]! - x;
        im[b] = im[a]! - y;
        re[a]! += x;
        im[a]! += y;
      }
    }
  }
}
