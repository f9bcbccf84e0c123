import type { Letterbox, Measures, MotionKind, SmallFrame } from './types.js';

// Taken out of Math once: inside jest's sandbox each look at a global costs a microsecond, and these run per pixel.
const { abs, ceil, floor, hypot, max, min, sqrt } = Math;

/** What one small frame (256x144) says by itself and beside the one before. */
export interface FrameFacts {
  mean: number;
  deviation: number;
  saturation: number;
  /** Mean absolute Laplacian over mean absolute gradient: sharp pictures have much fine detail for their edges. */
  detail: number;
  black: boolean;
  frozen: boolean;
  /** Picture displacement since the frame before, in pixels of the small frame; left, right, upper and lower half. */
  dxLeft: number;
  dxRight: number;
  dyUpper: number;
  dyLower: number;
  /** Mean absolute luma difference to the frame before, in levels. */
  change: number;
  /** Rows and columns at the edges that are black, in pixels of the small frame. */
  bars: Letterbox;
}

const REACH = 14;
const BLACK = 24;

/** Looks at every frame in turn; keeps only the frame before. */
export class FrameMeter {
  private before: Uint8Array | undefined;
  private profiles: { columns: Float32Array; rows: Float32Array } | undefined;

  look(frame: SmallFrame): FrameFacts {
    const { width: w, height: h, y } = frame;
    const columns = new Float32Array(w);
    const rows = new Float32Array(h);
    const rowMax = new Uint8Array(h);
    const columnMax = new Uint8Array(w);
    let sum = 0;
    let squares = 0;
    let edges = 0;
    let fine = 0;
    let change = 0;
    const old = this.before;
    for (let r = 0, i = 0; r < h; r++) {
      let total = 0;
      let brightest = 0;
      for (let c = 0; c < w; c++, i++) {
        const value = y[i]!;
        sum += value;
        squares += value * value;
        columns[c]! += value;
        total += value;
        if (value > brightest) brightest = value;
        if (value > columnMax[c]!) columnMax[c] = value;
        if (old) change += abs(value - old[i]!);
        if (c > 0 && c < w - 1) {
          edges += abs(y[i + 1]! - y[i - 1]!);
          fine += abs(2 * value - y[i - 1]! - y[i + 1]!);
        }
      }
      rows[r] = total;
      rowMax[r] = brightest;
    }
    const pixels = w * h;
    const mean = sum / pixels;
    const deviation = sqrt(max(0, squares / pixels - mean * mean));
    let colour = 0;
    for (let i = 0; i < frame.u.length; i++) colour += abs(frame.u[i]! - 128) + abs(frame.v[i]! - 128);
    const past = this.profiles;
    const facts: FrameFacts = {
      mean,
      deviation,
      saturation: colour / frame.u.length,
      detail: edges > 0 ? fine / edges : 0,
      black: mean < BLACK && deviation < 8,
      frozen: old !== undefined && change / pixels < 0.02,
      dxLeft: past ? displacement(past.columns.subarray(0, w / 2), columns.subarray(0, w / 2)) : 0,
      dxRight: past ? displacement(past.columns.subarray(w / 2), columns.subarray(w / 2)) : 0,
      dyUpper: past ? displacement(past.rows.subarray(0, h / 2), rows.subarray(0, h / 2)) : 0,
      dyLower: past ? displacement(past.rows.subarray(h / 2), rows.subarray(h / 2)) : 0,
      change: change / pixels,
      bars: { top: run(rowMax, 1), bottom: run(rowMax, -1), left: run(columnMax, 1), right: run(columnMax, -1) },
    };
    this.before = Uint8Array.prototype.slice.call(y);
    this.profiles = { columns, rows };
    return facts;
  }
}

function run(brightest: Uint8Array, direction: 1 | -1): number {
  let n = 0;
  const at = (k: number): number => brightest[direction === 1 ? k : brightest.length - 1 - k]!;
  while (n < brightest.length && at(n) <= BLACK + 6) n++;
  return n;
}

/** How far `after` is shifted against `before`, by the least mean difference; 0 unless it is plainly better than no shift. */
function displacement(before: Float32Array, after: Float32Array): number {
  const n = before.length;
  let best = 0;
  let bestError = Infinity;
  let atZero = Infinity;
  for (let d = -REACH; d <= REACH; d++) {
    let error = 0;
    const from = max(0, d);
    const to = min(n, n + d);
    for (let i = from; i < to; i++) error += abs(after[i]! - before[i - d]!);
    error /= to - from;
    if (d === 0) atZero = error;
    if (error < bestError) {
      bestError = error;
      best = d;
    }
  }
  return bestError < 0.75 * atZero ? best : 0;
}

/** Sums over the frames of a shot; constant size whatever the length. */
export class ShotMeter {
  private frames = 0;
  private readonly sums = { mean: 0, deviation: 0, saturation: 0, change: 0, speed: 0, dx: 0, dy: 0, zoom: 0, shake: 0 };
  private black = 0;
  private frozen = 0;
  private readonly details = new Uint32Array(100);
  private bars: Letterbox | undefined;

  add(f: FrameFacts): void {
    this.frames++;
    const s = this.sums;
    s.mean += f.mean;
    s.deviation += f.deviation;
    s.saturation += f.saturation;
    s.change += f.change;
    const dx = (f.dxLeft + f.dxRight) / 2;
    const dy = (f.dyUpper + f.dyLower) / 2;
    s.speed += hypot(dx, dy);
    s.dx += dx;
    s.dy += dy;
    s.zoom += (f.dxRight - f.dxLeft) / 2 + (f.dyLower - f.dyUpper) / 2;
    s.shake += abs(dx) + abs(dy);
    if (f.black) this.black++;
    if (f.frozen) this.frozen++;
    this.details[min(99, floor(f.detail * 50))]!++;
    // Black frames say nothing about bars; the bars of a shot are what stays black in all its other frames.
    if (!f.black) {
      const b = this.bars;
      this.bars = b
        ? { top: min(b.top, f.bars.top), bottom: min(b.bottom, f.bars.bottom), left: min(b.left, f.bars.left), right: min(b.right, f.bars.right) }
        : f.bars;
    }
  }

  /** `size` is the display size, `small` the size of the frames that were looked at, `fps` their mean rate. */
  result(size: { width: number; height: number }, small: { width: number; height: number }, fps: number): Measures {
    const n = max(1, this.frames);
    const s = this.sums;
    const motionKind = this.motionKind(n);
    const kx = size.width / small.width;
    const ky = size.height / small.height;
    // One row more on each side that has a bar: its edge pixels are a mix of bar and picture.
    const bar = (rows: number, scale: number, limit: number): number => (rows < 2 || rows > limit / 3 ? 0 : ceil((rows + 1) * scale));
    const b = this.bars ?? { top: 0, bottom: 0, left: 0, right: 0 };
    return {
      brightness: s.mean / n / 255,
      contrast: s.deviation / n / 255,
      motion: (100 * fps * s.speed) / n / small.width,
      ...(motionKind && { motionKind }),
      blur: this.blur(),
      saturation: s.saturation / n / 255,
      blackFraction: this.black / n,
      frozenFraction: this.frozen / n,
      letterbox: {
        top: bar(b.top, ky, small.height),
        bottom: bar(b.bottom, ky, small.height),
        left: bar(b.left, kx, small.width),
        right: bar(b.right, kx, small.width),
      },
    };
  }

  /** From the sharpest tenth of the frames: a blurred camera move does not make a shot soft. */
  private blur(): number {
    let seen = 0;
    for (let i = 99; i >= 0; i--) {
      seen += this.details[i]!;
      if (seen >= this.frames / 10) return min(1, max(0, 1 - i / 50));
    }
    return 1;
  }

  private motionKind(n: number): MotionKind | undefined {
    const s = this.sums;
    const speed = s.speed / n;
    if (n < 4) return undefined;
    if (speed < 0.06 && s.change / n < 1.2) return 'static';
    const steadyX = abs(s.dx) / n;
    const steadyY = abs(s.dy) / n;
    const steadyZoom = abs(s.zoom) / n;
    const steady = max(steadyX, steadyY, steadyZoom);
    if (steady > 0.3 && steady > 0.6 * (s.shake / n)) return steady === steadyX ? 'pan' : steady === steadyY ? 'tilt' : 'zoom';
    if (s.shake / n > 0.8 && steady < 0.35 * (s.shake / n)) return 'handheld';
    return s.change / n > 9 ? 'action' : undefined;
  }
}
