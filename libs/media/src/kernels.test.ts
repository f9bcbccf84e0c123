// The kernels against the same written plainly: vectors have edges, signs and lanes to get wrong.
import { describe, expect, it, test } from '@jest/globals';
import { kernels } from './kernels.js';
import { Frames } from './shots/frames.js';
import { SMALL_H, SMALL_W } from './small.js';
import type { SmallFrame } from './types.js';

const { abs, floor, imul, max, min, sqrt } = Math;
const LUMA = SMALL_W * SMALL_H;

/** Numbers from 0 to 1, the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed * 2654435761;
  return () => (state = (imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function noisy(seed: number): Uint8Array {
  const random = numbers(seed);
  return Uint8Array.from({ length: LUMA * 1.5 }, () => floor(256 * random()));
}

/** A place: patches of 16 x 16 pixels, their luma between two levels. */
function patches(seed: number, darkest: number, brightest: number): Uint8Array {
  const random = numbers(seed);
  const field = Array.from({ length: 144 * 3 }, () => random());
  const at = (plane: number, x: number, y: number): number => field[144 * plane + 16 * floor(y / 16) + floor(x / 16)]!;
  return Uint8Array.from({ length: LUMA * 1.5 }, (_, i) => {
    if (i < LUMA) return darkest + (brightest - darkest) * at(0, i % SMALL_W, floor(i / SMALL_W));
    const j = (i - LUMA) % (LUMA / 4);
    return 80 + 96 * at(i < LUMA * 1.25 ? 1 : 2, 2 * (j % (SMALL_W / 2)), 2 * floor(j / (SMALL_W / 2)));
  });
}

const frameOf = (data: Uint8Array): SmallFrame => ({ frame: 0, pts: 0, width: SMALL_W, height: SMALL_H, y: data.subarray(0, LUMA), u: data.subarray(LUMA, LUMA * 1.25), v: data.subarray(LUMA * 1.25) });

/** Means of squares of pixels of one plane. */
function means(plane: Uint8Array, width: number, square: number): number[] {
  const [w, h] = [width / square, plane.length / width / square];
  return Array.from({ length: w * h }, (_, i) => {
    let sum = 0;
    for (let y = 0; y < square; y++) for (let x = 0; x < square; x++) sum += plane[(floor(i / w) * square + y) * width + (i % w) * square + x]!;
    return sum / square ** 2;
  });
}

const meanApart = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + abs(value - b[i]!), 0) / a.length;

describe('frames, reduced', () => {
  const [one, two] = [frameOf(noisy(1)), frameOf(noisy(2))];
  const planes = ({ y, u, v }: SmallFrame, square: number): number[][] => [means(y, SMALL_W, square), means(u, SMALL_W / 2, square), means(v, SMALL_W / 2, square)];

  it('are the means of 4x4 pixels of each plane, with deviation and change', () => {
    const frames = new Frames();
    const first = frames.push(one);
    const second = frames.push(two);
    expect([...first.planes]).toEqual(planes(one, 4).flat());
    const luma = planes(two, 4)[0]!;
    const mean = luma.reduce((a, b) => a + b) / luma.length;
    expect(second.deviation).toBeCloseTo(sqrt(luma.reduce((sum, value) => sum + (value - mean) ** 2, 0) / luma.length), 3);
    expect(first.change).toBe(0);
    expect(second.change).toBeCloseTo(planes(two, 4).reduce((sum, plane, p) => sum + meanApart(plane, planes(one, 4)[p]!), 0), 3);
  });

  it('are as far apart as their cells of 16x16 luma pixels', () => {
    const frames = new Frames();
    frames.push(one);
    frames.push(two);
    const cells = (frame: SmallFrame): number[][] => [means(frame.y, SMALL_W, 16), means(frame.u, SMALL_W / 2, 8), means(frame.v, SMALL_W / 2, 8)];
    expect(frames.distance(0, 1)).toBeCloseTo(cells(one).reduce((sum, plane, p) => sum + meanApart(plane, cells(two)[p]!), 0), 3);
  });

  it('are kept for 512 frames and refused in another size', () => {
    const frames = new Frames();
    for (let f = 0; f < 514; f++) frames.push(f % 2 ? one : two);
    expect([frames.at(1), frames.at(2)?.frame, frames.at(513)?.frame, frames.at(514)]).toEqual([undefined, 2, 513, undefined]);
    expect(() => frames.push({ ...one, width: 128 })).toThrow('128x144');
  });
});

test.each([[20, 110], [140, 230]])('of levels %d to %d, another place is unlike, the same one moved or relit is not', (darkest, brightest) => {
  const place = patches(3, darkest, brightest);
  // Rows of all planes are 128 or 256 long; chroma moves half as far.
  const moved = place.map((_, i) => {
    const [width, by] = i < LUMA ? [SMALL_W, 16] : [SMALL_W / 2, 8];
    return place[i - min(by, i % width)]!;
  });
  const relit = place.map((value, i) => (i < LUMA ? (value - darkest) * 0.6 + 70 : value));
  const frames = new Frames();
  for (const data of [place, patches(4, darkest, brightest), moved, relit]) frames.push(frameOf(data));
  expect(frames.unlike(0, 0)).toBe(0);
  expect(frames.unlike(0, 1)).toBeGreaterThan(0.5);
  expect(frames.unlike(0, 2)).toBeLessThan(0.25);
  expect(frames.unlike(0, 3)).toBeLessThan(0.25);
});

/** Every kind of mix, by its number: where the new picture comes in from, and which pictures move with the edge. */
const MIXES = ['dissolve', ...['left', 'right', 'up', 'down'].flatMap((edge) => ['stand', 'old moves', 'new moves', 'both move'].map((moves) => `${edge}, ${moves}`))];

test.each(MIXES.map((name, mix) => [name, mix] as const))('a mix is recognised: %s', (name, mix) => {
  const [a, b] = [patches(5, 20, 230), patches(6, 20, 230)];
  const length = 12;
  const edge = mix === 0 ? -1 : (mix - 1) >> 2;
  const [newMoves, oldMoves] = [((mix - 1) & 2) !== 0, ((mix - 1) & 1) !== 0];
  const shown = (progress: number): Uint8Array =>
    a.map((old, i) => {
      if (edge < 0) return old + (b[i]! - old) * progress;
      const [start, width] = i < LUMA ? [0, SMALL_W] : [LUMA + floor((i - LUMA) / (LUMA / 4)) * (LUMA / 4), SMALL_W / 2];
      const height = (width * SMALL_H) / SMALL_W;
      const [x, y] = [(i - start) % width, floor((i - start) / width)];
      const n = edge < 2 ? width : height;
      const d = edge === 0 ? width - 1 - x : edge === 1 ? x : edge === 2 ? height - 1 - y : y;
      const at = progress * n;
      const from = d < at ? (newMoves ? d + n - at : d) : oldMoves ? d - at : d;
      const place = min(n - 1, max(0, floor(from)));
      const along = edge === 0 || edge === 2 ? n - 1 - place : place;
      return (d < at ? b : a)[start + (edge < 2 ? y * width + along : along * width + x)]!;
    });
  const frames = new Frames();
  for (let f = 0; f <= length; f++) frames.push(frameOf(shown(f / length)));
  const fit = frames.fit(0, length, { distance: 10, error: 0.3, step: 2 });
  expect(MIXES[fit!.mix]).toBe(name);
  expect(fit!.error).toBeLessThan(0.1);
  expect(fit!.jumpError).toBeGreaterThan(0.2);
});

test.each([[0, 0, 256, 144], [3, 5, 241, 100], [16, 0, 7, 144]])('light of the part at %d, %d of %d x %d pixels', (left, top, w, h) => {
  const own = kernels();
  const [one, two] = [noisy(7), noisy(8)];
  new Uint8Array(own.memory.buffer, own.FRAMES.value).set(one);
  new Uint8Array(own.memory.buffer, own.FRAMES.value + one.length).set(two);
  own.light(1, left, top, w, h);
  const expected = [0, 0, 0, 0, 0];
  for (let y = top; y < top + h; y++) {
    for (let x = left; x < left + w; x++) {
      const [value, old] = [two[y * SMALL_W + x]!, one[y * SMALL_W + x]!];
      [value, value ** 2, value >= 235 ? 1 : 0, value <= 18 ? 1 : 0, abs(value - old)].forEach((part, i) => (expected[i]! += part));
    }
  }
  expect([...new Float64Array(own.memory.buffer, own.RESULT.value, 5)]).toEqual(expected);
});
