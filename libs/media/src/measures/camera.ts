import type { CameraMove } from '../types.js';
import { BLOCK_X, BLOCK_Y } from './fit.js';
import { BLOCKS, type Motion } from './motion.js';

const { abs, hypot, max, min, round, sqrt } = Math;

/** Percent of the picture's width a second, of a displacement in small pixels over so many seconds. */
export const speedOf = (pixels: number, seconds: number): number => (100 * pixels) / 256 / seconds;

/** A zoom of 1% a second moves the picture this much on the mean, in percent of its width a second. */
const OF_ZOOM = 0.25;

/**
 * What the camera does in a shot, from the motion of its picture; sums only, constant size whatever the length. Speeds are in percent of
 * the picture's width a second, growth in percent a second. Thresholds keep what is said right nine times in ten on shots that were
 * looked at by a person (test/support/camera-sheet.json); what is not plain is not said.
 */
export class CameraMeter {
  private samples = 0;
  private known = 0;
  private seconds = 0;
  private readonly sum = { x: 0, y: 0, growth: 0, paceX: 0, paceY: 0, paceGrowth: 0, pace: 0, still: 0, support: 0, blocks: 0, shake: 0, shakes: 0 };
  /** Mean displacement a second of each block. */
  private readonly flow = new Float64Array(2 * BLOCKS);
  private readonly flows = new Uint32Array(BLOCKS);
  private before: { x: number; y: number }[] = [];

  add(motion: Motion): void {
    this.samples++;
    if (motion.support === 0) {
      this.before = [];
      return;
    }
    this.known++;
    this.seconds += motion.seconds;
    const s = this.sum;
    const x = speedOf(motion.x, motion.seconds);
    const y = speedOf(motion.y, motion.seconds);
    const growth = (100 * motion.scale) / motion.seconds;
    s.x += x;
    s.y += y;
    s.growth += growth;
    s.paceX += abs(x);
    s.paceY += abs(y);
    s.paceGrowth += abs(growth);
    s.pace += hypot(x, y);
    s.still += motion.still;
    s.support += motion.support;
    s.blocks += motion.blocks;
    // Against the mean of the samples before and after: a steady move, and one that speeds up steadily, leaves nothing.
    this.before.push({ x, y });
    if (this.before.length > 3) this.before.shift();
    const [a, b, c] = this.before;
    if (a && b && c) {
      s.shake += (b.x - (a.x + c.x) / 2) ** 2 + (b.y - (a.y + c.y) / 2) ** 2;
      s.shakes++;
    }
    for (let k = 0; k < BLOCKS; k++) {
      const [u, v] = [motion.flow[2 * k]!, motion.flow[2 * k + 1]!];
      if (u !== u) continue;
      this.flow[2 * k]! += speedOf(u, motion.seconds);
      this.flow[2 * k + 1]! += speedOf(v, motion.seconds);
      this.flows[k]!++;
    }
  }

  /** The means that `move` looks at. */
  stats(): { known: number; seconds: number; x: number; y: number; growth: number; straightX: number; straightY: number; straightGrowth: number; pace: number; still: number; support: number; blocks: number; shake: number } {
    const n = max(1, this.known);
    const s = this.sum;
    return {
      ...{ known: this.samples ? this.known / this.samples : 0, seconds: this.seconds, x: s.x / n, y: s.y / n, growth: s.growth / n },
      ...{ straightX: abs(s.x) / max(1e-9, s.paceX), straightY: abs(s.y) / max(1e-9, s.paceY), straightGrowth: abs(s.growth) / max(1e-9, s.paceGrowth) },
      ...{ pace: s.pace / n, still: s.still / n, support: s.support / n, blocks: s.blocks / n, shake: s.shakes ? sqrt((2 * s.shake) / (3 * s.shakes)) : 0 },
    };
  }

  move(): CameraMove | undefined {
    const m = this.stats();
    if (this.known < 4 || m.known < 0.7) return undefined;
    const net = hypot(m.x, m.y);
    const along = max(abs(m.x), abs(m.y));
    const zoom = OF_ZOOM * abs(m.growth);
    if (m.still >= 0.6 && m.pace < 0.8 && zoom < 0.2) return said('static', undefined, m.still, 0.6, 0.95);
    // Film that weaves in its gate stands still on the whole.
    if (m.still >= 0.4 && m.pace < 1 && zoom < 0.2 && m.support >= 0.9 && net * m.seconds < 1.5) return said('static', undefined, m.still, 0.4, 0.95);
    const grows = this.growing(m);
    if (grows) return grows;
    if (m.still >= 0.4) return undefined;
    if (m.known >= 0.75 && m.support >= 0.6 && along >= 1.5 && along * m.seconds >= 8 && zoom <= 0.35 * along && m.shake < 0.5 * along) {
      const across = abs(m.x) >= abs(m.y);
      const [straight, aside] = across ? [m.straightX, abs(m.y)] : [m.straightY, abs(m.x)];
      const direction = across ? (m.x > 0 ? 'left' : 'right') : m.y > 0 ? 'up' : 'down';
      if (straight >= 0.8 && aside <= 0.45 * along && this.depth(m) < 0.35) return said(across ? 'pan' : 'tilt', direction, m.support, 0.6, 1);
    }
    if (m.support >= 0.38 && m.shake >= 2 && m.shake >= 0.3 * m.pace && m.still < 0.2 && net < 0.6 * m.pace) return said('handheld', undefined, m.support, 0.38, 0.9);
    return undefined;
  }

  /** How unlike the blocks move beside a pan or tilt: what is near passes faster than what is far when the camera itself travels. */
  depth(m: { x: number; y: number }): number {
    const along = hypot(m.x, m.y);
    const parts: number[] = [];
    for (let k = 0; k < BLOCKS; k++) {
      if (2 * this.flows[k]! < this.known) continue;
      const n = this.flows[k]! * along;
      parts.push(abs((this.flow[2 * k]! * m.x + this.flow[2 * k + 1]! * m.y) / (n * along) - 1));
    }
    return parts.length < 10 ? 1 : quantile(parts, 0.75);
  }

  /** Zoom or dolly in or out. */
  private growing(m: ReturnType<CameraMeter['stats']>): CameraMove | undefined {
    const zoom = OF_ZOOM * abs(m.growth);
    if (!(abs(m.growth) >= 1 && abs(m.growth) * m.seconds >= 3 && m.seconds >= 1 && m.support >= 0.5 && m.straightGrowth >= 0.8 && zoom >= 0.5 * hypot(m.x, m.y) && m.blocks >= 40 && m.shake < zoom)) return undefined;
    const direction = m.growth > 0 ? 'in' : 'out';
    const r = this.radial(m);
    if (!r) return undefined;
    if (m.support >= 0.75 && r.spread < 0.25) return said('zoom', direction, m.support, 0.7, 1);
    if (r.outward >= 0.85 && r.spread > 0.4 && r.aside < 0.3) return said('dolly', direction, r.outward, 0.85, 1);
    return undefined;
  }

  /**
   * The mean flow of the shot about its centre of growth: share of the blocks that move away from it, how much their growth differs
   * (interquartile range over median: one zoom grows all alike, a camera that travels grows the near ones more), and how far they move aside.
   */
  radial(m: { x: number; y: number; growth: number }): { outward: number; spread: number; aside: number } | undefined {
    const g = m.growth / 100;
    const [cx, cy] = [(-m.x * 2.56) / g, (-m.y * 2.56) / g];
    const growths: number[] = [];
    const asides: number[] = [];
    let outward = 0;
    for (let k = 0; k < BLOCKS; k++) {
      if (2 * this.flows[k]! < this.known) continue;
      const [dx, dy] = [BLOCK_X[k]! - cx, BLOCK_Y[k]! - cy];
      const away = hypot(dx, dy);
      // Near the centre nothing moves, and a little noise is a large growth.
      if (away < 40) continue;
      const n = this.flows[k]! / 2.56;
      const [u, v] = [this.flow[2 * k]! / n, this.flow[2 * k + 1]! / n];
      const grows = (u * dx + v * dy) / (away * away * g);
      growths.push(grows);
      if (grows > 0.15) outward++;
      asides.push(abs(u * dy - v * dx) / (away * away * abs(g)));
    }
    if (growths.length < 20) return undefined;
    return { outward: outward / growths.length, spread: (quantile(growths, 0.75) - quantile(growths, 0.25)) / max(0.1, quantile(growths, 0.5)), aside: quantile(asides, 0.75) };
  }
}

function quantile(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[min(sorted.length - 1, Math.floor(part * sorted.length))]!;
}

/** Confidence .6 where the evidence just suffices, .95 where there is no more to have. */
function said(kind: CameraMove['kind'], direction: CameraMove['direction'], evidence: number, least: number, most: number): CameraMove {
  const confidence = round(100 * (0.6 + (0.35 * (min(most, evidence) - least)) / (most - least))) / 100;
  return { kind, ...(direction && { direction }), confidence: max(0.6, confidence) };
}
