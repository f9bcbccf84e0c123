import { describe, expect, test } from '@jest/globals';
import { rangeInWords } from '../../lib/ranges.js';
import { inPixels, type Band } from './bands.js';

const band = (first: number, end: number): Band => ({ id: `${first}`, first, end, says: `${first}` });

describe('frames that are left out, on the strip', () => {
  test('lie at their frames, to the pixel', () => {
    expect(inPixels([band(10, 20)], 4, 0, 100)).toMatchObject([{ left: 40, width: 40, says: '10' }]);
  });

  test('are drawn only where they are in sight: the first frame after the sight is not', () => {
    const bands = [band(0, 10), band(10, 20), band(30, 40), band(40, 50)];
    expect(inPixels(bands, 30, 10, 40).map(({ first }) => first)).toEqual([10, 30]);
  });

  test('a frame is seen however far away the film is', () => {
    expect(inPixels([band(500, 501)], 0.01, 0, 100_000)[0]!.width).toBe(2);
  });

  test('10,000 of them are at most as many as the strip has pixels, and say how many they are', () => {
    const bands = Array.from({ length: 10_000 }, (_, n) => band(n * 10, n * 10 + 5));
    const drawn = inPixels(bands, 1000 / 100_000, 0, 100_000);
    expect(drawn.length).toBeLessThan(1000);
    expect(drawn[0]).toMatchObject({ first: 0, end: 99_995, says: '10000 exclusions, frames 0 to 99994' });
  });

  test('a strip that is not measured yet draws none', () => {
    expect(inPixels([band(0, 10)], 0, 0, 100)).toEqual([]);
    expect(inPixels([band(0, 10)], Number.NaN, 0, 100)).toEqual([]);
  });

  test('a range is named by the frames that are in it', () => {
    expect(rangeInWords({ first: 5, end: 6 })).toBe('frame 5');
    expect(rangeInWords({ first: 120, end: 240 })).toBe('frames 120 to 239');
  });
});
