import { expect, test } from '@jest/globals';
import { mirroredHash, perceptualHash } from './phash.js';

/** A picture of soft shapes, drawn at any size; `shape` gives luma at 0..1, 0..1. */
function picture(width: number, height: number, shape: (x: number, y: number) => number): { width: number; height: number; y: Uint8Array } {
  const y = new Uint8Array(width * height);
  for (let r = 0; r < height; r++) for (let c = 0; c < width; c++) y[r * width + c] = Math.max(16, Math.min(235, Math.round(shape((c + 0.5) / width, (r + 0.5) / height))));
  return { width, height, y };
}
const scene = (x: number, y: number): number => 110 + 50 * Math.sin(7 * x + 2 * y) + 35 * Math.cos(5 * y * y + 3 * x) + (x > 0.6 && y < 0.4 ? 40 : 0) - (x < 0.2 && y > 0.7 ? 50 : 0);
const other = (x: number, y: number): number => 120 + 60 * Math.sin(11 * y - 4 * x * x) + 30 * Math.cos(13 * x) - ((x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.04 ? 70 : 0);
const bits = (a: string | undefined, b: string | undefined): number => (BigInt(`0x${a!}`) ^ BigInt(`0x${b!}`)).toString(2).replaceAll('0', '').length;

const whole = perceptualHash(picture(640, 360, scene));

test.each([
  ['smaller', 0, perceptualHash(picture(320, 180, scene))],
  ['of another shape', 0, perceptualHash(picture(501, 377, scene))],
  ['brighter, with more contrast', 2, perceptualHash(picture(640, 360, (x, y) => 12 + 1.15 * scene(x, y)))],
  ['cropped by 4 %', 8, perceptualHash(picture(640, 360, (x, y) => scene(0.02 + 0.96 * x, 0.02 + 0.96 * y)))],
  ['noisy', 3, perceptualHash(picture(640, 360, (x, y) => scene(x, y) + 20 * Math.sin(1e5 * (x + 31 * y))))],
])('the same picture %s: at most %d bits', (_name, limit, hash) => {
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  expect(bits(whole, hash)).toBeLessThanOrEqual(limit);
});

test('bars are not part of the picture', () => {
  const boxed = picture(640, 480, (x, y) => (y < 0.125 || y >= 0.875 ? 16 : scene(x, (y - 0.125) / 0.75)));
  expect(bits(whole, perceptualHash({ ...boxed, bars: { top: 60, bottom: 60, left: 0, right: 0 } }))).toBeLessThanOrEqual(1);
  expect(bits(whole, perceptualHash(boxed))).toBeGreaterThan(12);
});

test('another picture is far away, the mirrored one as far as its own mirrored hash says', () => {
  expect(bits(whole, perceptualHash(picture(640, 360, other)))).toBeGreaterThan(16);
  const turned = perceptualHash(picture(640, 360, (x, y) => scene(1 - x, y)));
  expect(bits(whole, turned)).toBeGreaterThan(16);
  expect(bits(mirroredHash(whole!), turned)).toBe(0);
  expect(mirroredHash(mirroredHash(whole!))).toBe(whole);
});

test.each([
  ['black', () => 16],
  ['white', () => 235],
  ['one colour with a slight shade', (x: number) => 120 + 8 * x],
])('a picture that is %s has none', (_name, shape) => {
  expect(perceptualHash(picture(320, 180, shape))).toBeUndefined();
});

test('a picture of few pixels has one', () => {
  expect(perceptualHash(picture(10, 6, scene))).toMatch(/^[0-9a-f]{16}$/);
});
