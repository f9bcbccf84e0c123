import type { Letterbox, Measures, VideoStream } from '../types.js';
import { noBars, SIDES, type Side } from './bars.js';
import { CameraMeter, speedOf } from './camera.js';
import { CODES, colourTemperature, linearOfCodes, okLab } from './colour.js';
import type { FrameFacts } from './frame.js';
import { noiseKept } from './noise.js';
import { paletteOf } from './palette.js';

const { abs, ceil, floor, max, min, round, sqrt, SQRT2 } = Math;

/** What of the film's picture the measures are told in. */
export interface Picture {
  /** As shown. */
  width: number;
  height: number;
  /** Of the frames that were looked at. */
  small: { width: number; height: number };
  /** Linear RGB of each colour code (colour.ts). */
  linear: Float32Array;
  /** How much of the master's noise a small frame keeps (noise.ts). */
  noiseKept: number;
}

export function pictureOf({ width, height, colour }: Pick<VideoStream, 'width' | 'height' | 'colour'>, small: Picture['small']): Picture {
  // Where the file does not say, small pictures are BT.601: they come from standard definition.
  const sd = ['smpte170m', 'bt470bg'].includes(colour.space ?? '') || (colour.space === undefined && height <= 576);
  return { width, height, small, linear: linearOfCodes(sd && !colour.hdr ? 'bt601' : 'bt709'), noiseKept: noiseKept({ width, height }, small) };
}

/** What a shot looks like, for comparing it with its neighbours. */
export interface ShotLook {
  /** Shares of 16 x 5 x 5 fields of OKLab, together 1; what is black is left out. */
  colours: Float32Array;
  /** Fields (Look) of the first and last frame that was looked at. */
  start: Uint8Array;
  end: Uint8Array;
}

const LOOK_BINS = 16 * 5 * 5;
/** Darker than this in OKLab says nothing of a place: titles and night would all be one. */
const DARK = 0.12;
/** With less of its picture than this brighter than dark, a shot looks like nothing. */
const LIT = 0.2;
const COLOURLESS = 0.008;
const BLACK = 16;
const RANGE = 219;
const RIPPLE_STEP = 0.05;
/** Fewer than these say nothing of a flicker: half a second. */
const RIPPLES = 12;
const NOISE_STEP = 0.1;

/** Sums over the frames of a shot; constant size whatever the length. */
export class ShotMeter {
  readonly camera = new CameraMeter();
  private frames = 0;
  private first = -1;
  private readonly sums = { area: 0, mean: 0, square: 0, clipped: 0, crushed: 0, saturation: 0, looks: 0, speed: 0, subject: 0, motions: 0 };
  private black = 0;
  private frozen = 0;
  private readonly details = new Uint32Array(100);
  private detailed = 0;
  private readonly ripples = new Uint32Array(600);
  private rippled = 0;
  private readonly noises = new Uint32Array(400);
  private noisy = 0;
  private readonly counts = new Uint32Array(CODES);
  private start: Uint8Array | undefined;
  private end: Uint8Array | undefined;
  private bars: Letterbox | undefined;
  private readonly straight = new Set<Side>();
  private film: Letterbox = noBars();

  add(f: FrameFacts): void {
    this.frames++;
    if (this.first < 0) this.first = f.frame;
    const s = this.sums;
    s.area += f.area;
    s.mean += f.mean * f.area;
    s.square += f.square * f.area;
    s.clipped += f.clipped * f.area;
    s.crushed += f.crushed * f.area;
    if (f.black) this.black++;
    if (f.frozen) this.frozen++;
    // The first of a shot still stand beside frames of the one before.
    if (f.ripple === f.ripple && f.frame - this.first + 1 >= f.rippleFrames) {
      this.ripples[min(599, floor(abs(f.ripple) / RIPPLE_STEP))]!++;
      this.rippled++;
    }
    if (f.detail !== undefined) {
      this.details[min(99, floor(f.detail * 50))]!++;
      this.detailed++;
    }
    if (f.motion && f.motion.from >= this.first && !f.black) {
      this.camera.add(f.motion);
      s.motions++;
      s.speed += speedOf(f.motion.speed, f.motion.seconds);
      s.subject += speedOf(f.motion.residual, f.motion.seconds);
    }
    // Black frames say nothing about bars; the bars of a shot are what stays black in all its other frames.
    if (f.seen && !f.black) {
      const b = f.seen.bars;
      const old = this.bars;
      this.bars = old ? { top: min(old.top, b.top), bottom: min(old.bottom, b.bottom), left: min(old.left, b.left), right: min(old.right, b.right) } : b;
      for (const side of SIDES) if (f.seen.straight[side]) this.straight.add(side);
    }
    if (f.look) {
      s.looks++;
      s.saturation += f.look.saturation;
      this.film = f.look.bars;
      this.start ??= f.look.fields;
      this.end = f.look.fields;
      for (const code of f.look.codes) this.counts[code]!++;
      if (f.look.noise !== undefined) {
        this.noises[min(399, floor(f.look.noise / NOISE_STEP))]!++;
        this.noisy++;
      }
    }
  }

  result(picture: Picture): Measures {
    const n = max(1, this.frames);
    const s = this.sums;
    const inBars = this.barsOfShot(picture.small);
    const area = ((picture.small.width - inBars.left - inBars.right) * (picture.small.height - inBars.top - inBars.bottom)) / (picture.small.width * picture.small.height);
    // Frames that were looked at before the bars were known hold them too: they are black.
    const barred = max(0, s.area - n * area);
    const inside = (sum: number, ofBars: number): number => (sum - ofBars * barred) / (s.area - barred);
    const mean = inside(s.mean, BLACK);
    const looks = max(1, s.looks);
    const kx = picture.width / picture.small.width;
    const ky = picture.height / picture.small.height;
    const bar = (lines: number, scale: number): number => (lines < 2 ? 0 : ceil((lines + 1) * scale));
    const move = this.camera.move();
    const light = this.light(picture.linear);
    const saturation = s.saturation / looks / 255;
    // Black and white has the white of its screen, which says nothing of a light.
    const kelvin = light && saturation >= COLOURLESS ? colourTemperature(...light) : undefined;
    return {
      brightness: rounded(min(1, max(0, (mean - BLACK) / RANGE))),
      contrast: rounded(sqrt(max(0, inside(s.square, BLACK * BLACK) - mean * mean)) / RANGE),
      clipped: rounded(max(0, inside(s.clipped, 0))),
      crushed: rounded(max(0, inside(s.crushed, 1))),
      motion: rounded(s.motions ? s.speed / s.motions : 0),
      ...(s.motions && { subjectMotion: rounded(s.subject / s.motions) }),
      ...(move && { motionKind: move.kind, motionConfidence: move.confidence }),
      ...(move?.direction && { motionDirection: move.direction }),
      blur: rounded(this.blur()),
      ...(this.noisy && { noise: rounded((NOISE_STEP * median(this.noises, this.noisy)) / picture.noiseKept) }),
      ...(this.rippled >= RIPPLES && { flicker: rounded(SQRT2 * RIPPLE_STEP * median(this.ripples, this.rippled)) }),
      saturation: rounded(saturation),
      ...(kelvin !== undefined && { colourTemperature: 50 * round(kelvin / 50) }),
      ...(s.looks && { palette: paletteOf(this.counts, picture.linear) }),
      blackFraction: this.black / n,
      frozenFraction: this.frozen / n,
      letterbox: { top: bar(inBars.top, ky), bottom: bar(inBars.bottom, ky), left: bar(inBars.left, kx), right: bar(inBars.right, kx) },
    };
  }

  /** What scenes are found by; undefined where no frame was looked at (black, or a few frames). */
  look(linear: Float32Array): ShotLook | undefined {
    if (!this.start || !this.end) return undefined;
    const colours = new Float32Array(LOOK_BINS);
    let all = 0;
    let lit = 0;
    for (let code = 0; code < CODES; code++) {
      const n = this.counts[code]!;
      if (n === 0) continue;
      all += n;
      const [l, a, b] = okLab(linear[3 * code]!, linear[3 * code + 1]!, linear[3 * code + 2]!);
      const bin = (value: number): number => min(4, max(0, floor((value + 0.125) / 0.05)));
      if (l < DARK) continue;
      lit += n;
      colours[(min(15, floor(16 * l)) * 5 + bin(a)) * 5 + bin(b)]! += n;
    }
    if (lit < LIT * all) return undefined;
    for (let i = 0; i < LOOK_BINS; i++) colours[i]! /= lit;
    return { colours, start: this.start, end: this.end };
  }

  /** Mean linear RGB. */
  private light(linear: Float32Array): [number, number, number] | undefined {
    let r = 0;
    let g = 0;
    let b = 0;
    let all = 0;
    for (let code = 0; code < CODES; code++) {
      const n = this.counts[code]!;
      r += n * linear[3 * code]!;
      g += n * linear[3 * code + 1]!;
      b += n * linear[3 * code + 2]!;
      all += n;
    }
    return all ? [r / all, g / all, b / all] : undefined;
  }

  /** In pixels of the small frame. */
  private barsOfShot(small: { width: number; height: number }): Letterbox {
    const b = this.bars ?? noBars();
    const one = (side: Side, lines: number): number => {
      if (b[side] > lines / 3) return min(b[side], this.film[side]);
      return this.straight.has(side) ? b[side] : min(b[side], this.film[side]);
    };
    return { top: one('top', small.height), bottom: one('bottom', small.height), left: one('left', small.width), right: one('right', small.width) };
  }

  /** From the sharpest tenth of the frames: a blurred camera move does not make a shot soft. */
  private blur(): number {
    let seen = 0;
    for (let i = 99; i >= 0; i--) {
      seen += this.details[i]!;
      if (seen >= this.detailed / 10) return min(1, max(0, 1 - i / 50));
    }
    return 1;
  }
}

const rounded = (value: number): number => round(10000 * value) / 10000;

/** The middle of what was counted, in steps. */
function median(counts: Uint32Array, total: number): number {
  let seen = 0;
  for (let i = 0; i < counts.length; i++) {
    seen += counts[i]!;
    if (2 * seen >= total) return i + 0.5;
  }
  return counts.length;
}
