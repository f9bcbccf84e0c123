import { expect, test } from '@jest/globals';
import { areDuplicates, cosine, inWords, qualityOf, sketchOf } from './rule.js';

const measures = { brightness: 0.4, contrast: 0.2, motion: 1, blur: 0.2, saturation: 0.2, blackFraction: 0, frozenFraction: 0, letterbox: { top: 0, bottom: 0, left: 0, right: 0 } };

test.each([
  ['most pictures alike', { most: 8, one: 3, cosine: null }, true],
  ['most pictures alike, looks too', { most: 8, one: 3, cosine: 0.71 }, true],
  ['most pictures alike by their hashes, looks are not', { most: 5, one: 3, cosine: 0.4 }, false],
  ['one picture alike, looks too', { most: 25, one: 6, cosine: 0.85 }, true],
  ['one picture alike, looks less', { most: 25, one: 6, cosine: 0.65 }, false],
  ['one picture alike, looks not known', { most: 25, one: 0, cosine: null }, false],
  ['no picture alike, looks are', { most: 25, one: 9, cosine: 0.99 }, false],
])('%s', (_name, kinship, duplicates) => {
  expect(areDuplicates(kinship)).toBe(duplicates);
});

test('the words name what was found and the limit', () => {
  expect(inWords({ most: 3, one: 1, cosine: null })).toBe('most of its pictures differ in at most 3 of 64 bits (limit 8)');
  expect(inWords({ most: 20, one: 5, cosine: 0.913 })).toBe('one of its pictures differs in 5 of 64 bits (limit 6), and their looks are 0.91 alike (at least 0.70)');
});

test('more sharp picture represents: bars do not count as picture, blur and black as less', () => {
  const film = { width: 848, height: 480 };
  const whole = qualityOf(measures, film);
  for (const worse of [{ letterbox: { top: 60, bottom: 60, left: 0, right: 0 } }, { blur: 0.6 }, { blackFraction: 0.3 }]) expect(qualityOf({ ...measures, ...worse }, film)).toBeLessThan(whole);
  expect(qualityOf(measures, { width: 424, height: 240 })).toBeLessThan(whole);
});

test('a sketch keeps the cosines of looks', () => {
  const wave = (phase: number, own: number): Float32Array => Float32Array.from({ length: 1280 }, (_, i) => Math.sin(i * 0.7) + own * Math.sin(i * phase));
  const exact = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0) / Math.sqrt(a.reduce((sum, x) => sum + x * x, 0) * b.reduce((sum, x) => sum + x * x, 0));
  for (const own of [0.1, 0.3, 0.5, 0.8]) {
    const [a, b] = [wave(1.3, own), wave(2.1, own)];
    expect(Math.abs(cosine(sketchOf(a), sketchOf(b))! - exact(a, b))).toBeLessThan(0.1);
  }
  expect(cosine(sketchOf(wave(1, 1)), null)).toBeNull();
});
