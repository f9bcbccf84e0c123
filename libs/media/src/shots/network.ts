import path from 'node:path';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { loadModel } from '../model.js';
import type { Transition, Warning } from '../types.js';
import { GRID_H, GRID_W, type Grid } from './frames.js';

export const MODEL = { file: 'transitions.onnx', sha256: '4089817f989e622f75e1ef33a445e24581fedcdb56e8d0c8eaeefb66956571d5' } as const;

const FRAME = GRID_W * GRID_H * 1.5;
/** Frames a run, and how many of them at each end have too few neighbours for their outputs to count. */
const WINDOW = 192;
const EDGE = 32;
const STEP = WINDOW - 2 * EDGE;
/** Frames whose outputs are kept. */
const KEPT = 1024;
/** In the order of the network's outputs. */
const KINDS = ['cut', 'dissolve', 'fade', 'wipe'] as const satisfies readonly Transition['kind'][];
const OUTPUTS = 2 + KINDS.length;

/**
 * The network of libs/media/tools/detector on every frame of a film, a window at a time. For each frame: how sure it is that a new shot
 * or the middle of a gradual transition is there (`sharp`), that it lies in a transition (`wide`), and which kind that is.
 */
export class TransitionNetwork {
  private readonly window = new Float32Array(WINDOW * FRAME);
  private filled = 0;
  private readonly outputs = new Float32Array(KEPT * OUTPUTS);
  /** Outputs of the frames before this one are known. */
  known = 0;

  private constructor(private readonly session: InferenceSession) {}

  /** From the folder of the file; nothing, with a warning, where it is not the one that was measured. */
  static async load(dir: string, warnings: Warning[]): Promise<TransitionNetwork | undefined> {
    const session = await loadModel(path.join(dir, MODEL.file), MODEL.sha256, warnings, 'transitions are found by comparing frames alone');
    return session && new TransitionNetwork(session);
  }

  async push({ planes }: Pick<Grid, 'planes'>): Promise<void> {
    this.window.set(planes, this.filled++ * FRAME);
    if (this.filled === WINDOW) await this.compute(WINDOW - EDGE);
  }

  /** The frames that had no neighbours yet. */
  async end(): Promise<void> {
    if (this.filled > (this.known ? EDGE : 0)) await this.compute(this.filled);
    await this.session.release();
  }

  /** Runs what is there, keeps the outputs of its frames up to `upTo` and moves on by a step. */
  private async compute(upTo: number): Promise<void> {
    const frames = new Tensor('float32', this.window.subarray(0, this.filled * FRAME), [this.filled, FRAME]);
    const out = await this.session.run({ frames });
    const [sharp, wide, kinds] = [out.sharp, out.wide, out.kinds].map((tensor) => tensor!.data as Float32Array) as [Float32Array, Float32Array, Float32Array];
    for (let i = this.known ? EDGE : 0; i < upTo; i++) {
      const at = (this.known++ % KEPT) * OUTPUTS;
      this.outputs[at] = sharp[i]!;
      this.outputs[at + 1] = wide[i]!;
      this.outputs.set(kinds.subarray(i * KINDS.length, (i + 1) * KINDS.length), at + 2);
    }
    this.window.copyWithin(0, STEP * FRAME);
    this.filled -= STEP;
  }

  /** Of a frame among the last thousand known, 0 to 1. */
  sharp(frame: number): number {
    return this.outputs[(frame % KEPT) * OUTPUTS]!;
  }

  wide(frame: number): number {
    return this.outputs[(frame % KEPT) * OUTPUTS + 1]!;
  }

  /** The likeliest kind of the transition from frame `first` to `last`, of those asked about. */
  kind(first: number, last: number, among: readonly Transition['kind'][] = KINDS): Transition['kind'] {
    const sums = KINDS.map((kind, i) => {
      let sum = 0;
      for (let frame = first; frame <= last; frame++) sum += this.outputs[(frame % KEPT) * OUTPUTS + 2 + i]!;
      return among.includes(kind) ? sum : -1;
    });
    return KINDS[sums.indexOf(Math.max(...sums))]!;
  }
}
