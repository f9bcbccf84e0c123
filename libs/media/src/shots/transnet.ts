import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Refusal } from '#libs/platform';
import type { Boundary, ShotDetector, SmallFrame } from '../types.js';

const WAY_OUT = 'Write it with libs/media/tools/detector/export_transnetv2.py and give its path.';
const W = 48;
const H = 27;
const FRAME = W * H * 3;
/** Frames a window, fixed in the exported file, and those of them at each end whose outputs lack a neighbourhood. */
const WINDOW = 350;
const EDGE = 25;
const STEP = WINDOW - 2 * EDGE;
/** From the sharp head (the middle of a transition) and the wide one (all of its frames); see reference: .4 finds dissolves, spares flashes. */
const SHARP = 0.4;
const WIDE = 0.5;
/** A run longer than this is told as it is, so that the lag is bounded. */
const LONGEST = 120;
/** Luma deviation (levels) of a frame of one colour. */
const PLAIN = 8;

/**
 * TransNetV2 (Souček and Lokoč 2020, arXiv 2008.04838) on every frame, in ONNX Runtime: the reference to compare with. It tells
 * dissolves from fades by whether a frame of the transition is of one colour, and knows no wipes. It computes on the thread that
 * pushes frames, some 300 at once.
 */
export class TransNetDetector implements ShotDetector {
  readonly name = 'transnetv2';
  readonly lag = WINDOW + LONGEST;

  /** The window to run next; its first `filled` frames are there. */
  private readonly window = new Uint8Array(WINDOW * FRAME);
  private filled = 0;
  private frames = 0;
  /** Frames whose outputs were read. */
  private read = 0;
  /** Frames of one colour among the last ones, by number. */
  private readonly plain = new Uint8Array(4 * WINDOW);
  private run: { first: number; peak: number; peakAt: number } | undefined;

  /** `version` names the file by its hash: exports by other versions of the exporter differ in bytes. */
  private constructor(
    private readonly session: InferenceSession,
    readonly version: string,
  ) {}

  /** Rejects with Refusal (MODEL_MISSING, MODEL_UNFIT) where the file is not there or is not such a network. */
  static async load(file: string): Promise<TransNetDetector> {
    let bytes: Buffer;
    try {
      bytes = await readFile(file);
    } catch {
      throw new Refusal('MODEL_MISSING', `There is no TransNetV2 file ${file}.`, WAY_OUT);
    }
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1, executionProviders: ['cpu'] });
    } catch {
      throw new Refusal('MODEL_UNFIT', `${file} is no ONNX file that can be run.`, WAY_OUT);
    }
    if (!session.inputNames.includes('frames') || !['sharp', 'wide'].every((name) => session.outputNames.includes(name))) {
      throw new Refusal('MODEL_UNFIT', `${file} is not TransNetV2 as this product exports it (input frames, outputs sharp and wide).`, WAY_OUT);
    }
    return new TransNetDetector(session, createHash('sha256').update(bytes).digest('hex').slice(0, 12));
  }

  async push(frame: SmallFrame): Promise<Boundary[]> {
    // The first frame stands in for those before it.
    for (let copies = this.frames === 0 ? EDGE : 0; copies >= 0; copies--) toTiny(frame, this.window, this.filled++ * FRAME);
    this.plain[this.frames++ % this.plain.length] = isPlain(this.window, (this.filled - 1) * FRAME) ? 1 : 0;
    return this.filled < WINDOW ? [] : this.compute(WINDOW - EDGE);
  }

  async end(): Promise<Boundary[]> {
    const out: Boundary[] = [];
    // The last frame stands in for those behind it.
    while (this.read < this.frames) {
      const last = this.window.slice((this.filled - 1) * FRAME, this.filled * FRAME);
      const upTo = this.filled;
      while (this.filled < WINDOW) this.window.set(last, this.filled++ * FRAME);
      out.push(...(await this.compute(Math.min(upTo, WINDOW - EDGE))));
    }
    await this.session.release();
    // A transition that is still running is the fade-out of the last shot; and behind the last frame nothing begins.
    return out.filter((boundary) => boundary.frame < this.frames);
  }

  /** Runs the full window, reads the outputs of its frames from EDGE up to `upTo`, and moves on by a step. */
  private async compute(upTo: number): Promise<Boundary[]> {
    const { sharp, wide } = await this.session.run({ frames: new Tensor('uint8', this.window, [1, WINDOW, H, W, 3]) });
    const [peaks, runs] = [sharp!.data as Float32Array, wide!.data as Float32Array];
    const out: Boundary[] = [];
    for (let i = EDGE; i < upTo && this.read < this.frames; i++) this.take(this.read++, peaks[i]!, runs[i]!, out);
    this.window.copyWithin(0, STEP * FRAME);
    this.filled -= STEP;
    return out;
  }

  private take(frame: number, sharp: number, wide: number, out: Boundary[]): void {
    const inside = wide > WIDE || sharp > SHARP;
    if (inside && !this.run) this.run = { first: frame, peak: sharp, peakAt: frame };
    if (inside && sharp > this.run!.peak) Object.assign(this.run!, { peak: sharp, peakAt: frame });
    if (!this.run || (inside && frame - this.run.first < LONGEST)) return;
    const { first, peak, peakAt } = this.run;
    this.run = undefined;
    if (peak <= SHARP) return;
    // Both heads mark the last frame before a cut; a run of up to two frames is one.
    if (frame - first <= 2) out.push({ frame: peakAt + 1, entry: { kind: 'cut', confidence: peak } });
    else out.push({ frame, entry: { kind: this.throughColour(first, frame) ? 'fade' : 'dissolve', confidence: peak, first, last: frame - 1 } });
  }

  private throughColour(first: number, end: number): boolean {
    for (let frame = first; frame < end; frame++) if (this.plain[frame % this.plain.length]) return true;
    return false;
  }
}

const clamped = new Uint8ClampedArray(3);

/** The frame as 48x27 RGB (BT.709, limited range), each pixel the mean of what it covers. */
function toTiny({ width, height, y, u, v }: SmallFrame, out: Uint8Array, at: number): void {
  const chromaWidth = (width + 1) >> 1;
  for (let row = 0; row < H; row++) {
    const [top, bottom] = [Math.floor((row * height) / H), Math.max(Math.floor((row * height) / H) + 1, Math.floor(((row + 1) * height) / H))];
    for (let column = 0; column < W; column++) {
      const [left, right] = [Math.floor((column * width) / W), Math.max(Math.floor((column * width) / W) + 1, Math.floor(((column + 1) * width) / W))];
      let [luma, blue, red] = [0, 0, 0];
      for (let j = top; j < bottom; j++) {
        for (let i = left; i < right; i++) {
          luma += y[j * width + i]!;
          blue += u[(j >> 1) * chromaWidth + (i >> 1)]!;
          red += v[(j >> 1) * chromaWidth + (i >> 1)]!;
        }
      }
      const n = (bottom - top) * (right - left);
      const l = (luma / n - 16) * 1.1644;
      const [b, r] = [blue / n - 128, red / n - 128];
      clamped[0] = l + 1.7927 * r;
      clamped[1] = l - 0.2132 * b - 0.5329 * r;
      clamped[2] = l + 2.1124 * b;
      out.set(clamped, at);
      at += 3;
    }
  }
}

function isPlain(pixels: Uint8Array, at: number): boolean {
  let [sum, squares] = [0, 0];
  for (let i = at + 1; i < at + FRAME; i += 3) {
    sum += pixels[i]!;
    squares += pixels[i]! ** 2;
  }
  const n = FRAME / 3;
  return Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2)) < PLAIN;
}
