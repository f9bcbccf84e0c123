// Loudness as ITU-R BS.1770-4 defines it: K-weighting (Annex 1, coefficients for 48 kHz), channel weights, gated blocks of 400 ms.

export const RATE = 48_000;
/** Samples of one step: blocks of 400 ms overlap by three quarters, so everything is counted in tenths of a second. */
export const STEP = RATE / 10;

/** Channel layouts that sound is brought into, as ffmpeg names and orders them. Surrounds at the side weigh 1.41, LFE does not count. */
const SIDE = 1.41;
const LAYOUTS = [
  { name: 'mono', weights: [1], mix: [1] },
  { name: 'stereo', weights: [1, 1], mix: [0.5, 0.5] },
  { name: '5.1', weights: [1, 1, 1, 0, SIDE, SIDE], mix: [0.35, 0.35, 0.5, 0, 0.25, 0.25] },
  { name: '7.1', weights: [1, 1, 1, 0, 1, 1, SIDE, SIDE], mix: [0.35, 0.35, 0.5, 0, 0.15, 0.15, 0.15, 0.15] },
] as const;

export interface Layout {
  name: string;
  /** Of each channel in the sum of energies. */
  weights: readonly number[];
  /** Of each channel in the one channel that speech is looked for in: dialogue sits in the centre. */
  mix: readonly number[];
}

/** The smallest layout that holds so many channels; a stream of more than eight is mixed down to 7.1 by ffmpeg. */
export const layoutFor = (channels: number): Layout => LAYOUTS.find(({ weights }) => weights.length >= channels) ?? LAYOUTS[3];

/** Mean square energy (of K-weighted samples, channels weighed and added) in LUFS. */
export const toLufs = (energy: number): number => -0.691 + 10 * Math.log10(energy);
const toEnergy = (lufs: number): number => 10 ** ((lufs + 0.691) / 10);

const ABSOLUTE_GATE = toEnergy(-70);
/** 10 LU below the mean of what passed the absolute gate. */
const RELATIVE_GATE = 0.1;

/**
 * Integrated loudness in LUFS of steps [from, to): blocks are four steps each, both gates as in BS.1770-4. Undefined below 400 ms and
 * where every block is under -70 LUFS.
 */
export function integrated(energies: ArrayLike<number>, from: number, to: number): number | undefined {
  const mean = (over: number): number | undefined => {
    let sum = 0;
    let blocks = 0;
    for (let at = from; at + 4 <= to; at++) {
      const block = (energies[at]! + energies[at + 1]! + energies[at + 2]! + energies[at + 3]!) / 4;
      if (block <= over) continue;
      sum += block;
      blocks++;
    }
    return blocks ? sum / blocks : undefined;
  };
  const loud = mean(ABSOLUTE_GATE);
  const gated = loud === undefined ? undefined : mean(Math.max(ABSOLUTE_GATE, loud * RELATIVE_GATE));
  return gated === undefined ? undefined : toLufs(gated);
}

/** K-weighting of one channel: a high shelf for the head, then a high-pass (RLB), both biquads. */
export class KWeighting {
  private a1 = 0;
  private a2 = 0;
  private b1 = 0;
  private b2 = 0;

  /** Sum of squares of the weighted samples `first, first + stride, …`, `count` of them. */
  energy(samples: Float32Array, first: number, stride: number, count: number): number {
    let { a1, a2, b1, b2 } = this;
    let sum = 0;
    for (let i = first, end = first + count * stride; i < end; i += stride) {
      const x = samples[i]!;
      const y = 1.53512485958697 * x + a1;
      a1 = -2.69169618940638 * x + 1.69065929318241 * y + a2;
      a2 = 1.19839281085285 * x - 0.73248077421585 * y;
      const z = y + b1;
      b1 = -2 * y + 1.99004745483398 * z + b2;
      b2 = y - 0.99007225036621 * z;
      sum += z * z;
    }
    // What rings on in silence would sink into denormal numbers, which are ten times slower.
    const quiet = Math.abs(a1) + Math.abs(a2) + Math.abs(b1) + Math.abs(b2) < 1e-20;
    [this.a1, this.a2, this.b1, this.b2] = quiet ? [0, 0, 0, 0] : [a1, a2, b1, b2];
    return sum;
  }

  reset(): void {
    this.a1 = this.a2 = this.b1 = this.b2 = 0;
  }
}
