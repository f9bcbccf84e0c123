/** @jest-environment ./test/support/native-arrays.environment.cjs */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import type { Boundary, SmallFrame, Warning } from '../types.js';
import { ClassicalDetector } from './classical.js';
import { Frames } from './frames.js';
import { JudgedDetector, loadDetector } from './judged.js';
import { MODEL, TransitionNetwork } from './network.js';

// Taken out of Math once: inside jest's sandbox each look at a global costs a microsecond, and these run per pixel.
const { abs, floor, imul, max, min } = Math;

const W = 256;
const H = 144;
type Picture = (x: number, y: number) => [number, number, number];

/** A scene of its own: blobs of light and colour, the same for the same seed. */
function scene(seed: number): Picture {
  let state = seed * 2654435761;
  const random = (): number => ((state = (imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32);
  const blobs = Array.from({ length: 24 }, () => ({ x: random() * 3 - 1, y: random() * 2 - 0.5, r: 0.05 + random() * 0.2, y8: random() * 220, u: random() * 120 - 60, v: random() * 120 - 60 }));
  const ground: [number, number, number] = [40 + random() * 150, 128, 128];
  return (x, y) => {
    for (const b of blobs) if ((x - b.x) ** 2 + (y - b.y) ** 2 < b.r ** 2) return [b.y8, 128 + b.u, 128 + b.v];
    return ground;
  };
}

function paint(frame: number, picture: Picture): SmallFrame {
  const out: SmallFrame = { frame, pts: frame, width: W, height: H, y: new Uint8Array(W * H), u: new Uint8Array((W * H) / 4), v: new Uint8Array((W * H) / 4) };
  for (let j = 0; j < H; j += 2) {
    for (let i = 0; i < W; i += 2) {
      const [y, u, v] = picture(i / W, j / H);
      for (const at of [j * W + i, j * W + i + 1, (j + 1) * W + i, (j + 1) * W + i + 1]) out.y[at] = max(0, min(255, y));
      out.u[(j / 2) * (W / 2) + i / 2] = u;
      out.v[(j / 2) * (W / 2) + i / 2] = v;
    }
  }
  return out;
}

/** Boundaries in a film of `length` frames, and how late the latest was told. */
function detect(length: number, picture: (frame: number) => Picture): { boundaries: Boundary[]; lag: number } {
  const detector = new ClassicalDetector();
  const boundaries: Boundary[] = [];
  let lag = 0;
  for (let f = 0; f < length; f++) {
    for (const boundary of detector.push(paint(f, picture(f)))) {
      boundaries.push(boundary);
      lag = max(lag, f - boundary.frame);
    }
  }
  boundaries.push(...detector.end());
  return { boundaries, lag };
}

const a = scene(1);
const b = scene(2);
const mix = (p: Picture, q: Picture, share: number): Picture => (x, y) => {
  const [s, t] = [p(x, y), q(x, y)];
  return [0, 1, 2].map((i) => s[i]! + (t[i]! - s[i]!) * share) as [number, number, number];
};
const lit = (p: Picture, gain: number, plus = 0): Picture => (x, y) => {
  const [l, u, v] = p(x, y);
  return [l * gain + plus, u, v];
};
const black: Picture = () => [16, 128, 128];
const frames = (boundaries: Boundary[]): number[] => boundaries.map((x) => x.frame);

test('a cut is found at the first frame of the new shot', () => {
  const { boundaries } = detect(80, (f) => (f < 37 ? a : b));
  expect(boundaries).toMatchObject([{ frame: 37, entry: { kind: 'cut' } }]);
});

test('a shot of ten frames between two others is found', () => {
  expect(frames(detect(80, (f) => (f < 30 ? a : f < 40 ? b : scene(3))).boundaries)).toEqual([30, 40]);
});

test('flashes, one dark frame and a brightness step are no cuts', () => {
  const { boundaries } = detect(150, (f) => {
    if (f === 30) return lit(a, 0.4, 150);
    if (f === 60) return lit(a, 0.1);
    return f >= 90 && f < 97 ? lit(a, 1.3, 10) : a;
  });
  expect(boundaries).toEqual([]);
});

test('a pan over a scene is one shot', () => {
  expect(detect(100, (f) => (x, y) => a(x - 0.5 + f * 0.012, y)).boundaries).toEqual([]);
});

test('a caption bar that appears is no cut', () => {
  expect(detect(80, (f) => (x, y) => (f >= 40 && y > 0.8 ? [235, 128, 128] : a(x, y))).boundaries).toEqual([]);
});

test('a dissolve is one boundary; its frames lie between the last pure and the next pure frame, to two frames', () => {
  // Frames 40..55 are mixed.
  const { boundaries } = detect(110, (f) => (f < 40 ? a : f > 55 ? b : mix(a, b, (f - 39) / 17)));
  expect(boundaries).toHaveLength(1);
  const { frame, entry } = boundaries[0]!;
  expect(entry.kind).toBe('dissolve');
  expect(abs(entry.first! - 40)).toBeLessThanOrEqual(2);
  expect(abs(entry.last! - 55)).toBeLessThanOrEqual(2);
  expect(frame).toBe(entry.last! + 1);
});

test('a fade through black is one boundary, not two', () => {
  const { boundaries } = detect(140, (f) => {
    if (f < 40) return a;
    if (f < 56) return mix(a, black, (f - 39) / 16);
    if (f < 62) return black;
    return f < 78 ? mix(black, b, (f - 61) / 16) : b;
  });
  expect(boundaries).toMatchObject([{ entry: { kind: 'fade' } }]);
  expect(boundaries[0]!.entry.first).toBeGreaterThanOrEqual(38);
  expect(boundaries[0]!.frame).toBeLessThanOrEqual(80);
});

test.each([
  ['wipe', (p: number): Picture => (x, y) => (x < p ? b(x, y) : a(x, y))],
  ['push', (p: number): Picture => (x, y) => (x < p ? b(x + 1 - p, y) : a(x - p, y))],
])('a %s is one boundary of kind wipe', (_, at) => {
  const { boundaries } = detect(110, (f) => at(max(0, min(1, (f - 39) / 17))));
  expect(boundaries).toMatchObject([{ entry: { kind: 'wipe' } }]);
  expect(abs(boundaries[0]!.frame - 56)).toBeLessThanOrEqual(3);
});

test('every boundary is told within the promised lag, and a strobe gives no flood of shots', () => {
  const { boundaries, lag } = detect(320, (f) => (f < 150 ? (f % 4 < 2 ? a : black) : floor(f / 25) % 2 ? a : b));
  expect(lag).toBeLessThanOrEqual(new ClassicalDetector().lag);
  expect(boundaries.length).toBeLessThanOrEqual(320 / 8);
  expect(frames(boundaries).filter((f) => f > 160)).toEqual([175, 200, 225, 250, 275, 300]);
});

describe('judged by a network too', () => {
  /** A network that says of each frame what `wide` says, at once. */
  const saying = (wide: (frame: number) => number): TransitionNetwork => {
    const network = { known: 0, push: () => Promise.resolve(void network.known++), end: () => Promise.resolve(), wide, sharp: wide, kind: () => 'wipe' as const };
    return network as unknown as TransitionNetwork;
  };
  const judged = async (length: number, picture: (frame: number) => Picture, wide: (frame: number) => number): Promise<Boundary[]> => {
    const detector = new JudgedDetector(saying(wide));
    const boundaries: Boundary[] = [];
    for (let f = 0; f < length; f++) boundaries.push(...(await detector.push(paint(f, picture(f)))));
    return [...boundaries, ...(await detector.end())];
  };
  const cut = (f: number): Picture => (f < 37 ? a : b);
  /** Frames that no mix of the two ends explains. */
  const scrambled = (f: number): Picture => (f < 40 ? a : f < 52 ? (x, y) => scene(f % 2 ? 4 : 5)(x * 2, y) : b);

  it('tells what comparing is sure of, whatever the network says', async () => {
    for (const wide of [0, 1]) expect((await judged(80, cut, () => wide))[0]).toMatchObject({ frame: 37, entry: { kind: 'cut' } });
  });

  it('tells what only the network sees, where both ends are different places', async () => {
    const inside = (f: number): number => (f >= 40 && f <= 52 ? 0.95 : 0);
    expect(await judged(110, scrambled, inside)).toMatchObject([{ frame: 52, entry: { kind: 'wipe', first: 40, last: 51 } }]);
    expect(await judged(110, scrambled, () => 0)).toEqual([]);
    expect(await judged(110, () => a, inside)).toEqual([]);
  });

  it('takes a network that fires without end for no transition', async () => {
    expect(await judged(300, (f) => (x, y) => a(x - 0.3 + f * 0.002, y), () => 1)).toEqual([]);
  });
});

describe('the network of a folder', () => {
  const folder = path.join(repositoryRoot, 'models/shots');

  const frames = new Frames();
  const grids = [a, b].map((picture, frame) => frames.push(paint(frame, picture)));

  it('judges every frame of a film of any length', async () => {
    for (const length of [1, 31, 33, 192, 193, 400]) {
      const network = (await TransitionNetwork.load(folder, []))!;
      for (let f = 0; f < length; f++) await network.push(grids[f < length / 2 ? 0 : 1]!);
      await network.end();
      expect(network.known).toBe(length);
    }
  });

  it('sees a cut where it is, wherever it lies among the windows', async () => {
    const network = (await TransitionNetwork.load(folder, []))!;
    const cuts = [50, 120, 160, 240, 288];
    for (let f = 0; f < 340; f++) await network.push(grids[cuts.filter((at) => at <= f).length % 2]!);
    await network.end();
    const found = Array.from({ length: 340 }, (_, f) => f).filter((f) => network.wide(f) > 0.5);
    expect(found).toEqual(expect.arrayContaining(cuts));
    for (const f of found) expect(min(...cuts.map((at) => abs(at - f)))).toBeLessThanOrEqual(2);
  });

  it('is left out with a warning where its file is missing or another', async () => {
    const empty = await mkdtemp(path.join(tmpdir(), 'backlot-network-'));
    const warnings: Warning[] = [];
    expect(await loadDetector(empty, warnings)).toBeInstanceOf(ClassicalDetector);
    await writeFile(path.join(empty, MODEL.file), 'another');
    expect(await loadDetector(empty, warnings)).toBeInstanceOf(ClassicalDetector);
    expect(warnings.map(({ code }) => code)).toEqual(['MODEL_MISSING', 'MODEL_CHANGED']);
    await rm(empty, { recursive: true });
  });
});
