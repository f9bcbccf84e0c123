import { expect, test } from '@jest/globals';
import { captionFlags, captionQuality } from './quality.js';

test.each([
  ['', { words: 0, repeatedTrigrams: 0, distinctShare: 1 }, ['too short']],
  ['A red door opens.', { words: 4, repeatedTrigrams: 0, distinctShare: 1 }, []],
  ['A shot.', { words: 2 }, ['too short']],
  ['The man runs, the man runs. The man runs', { words: 9, repeatedTrigrams: 4, distinctShare: 1 / 3 }, ['repeats itself']],
  ['very '.repeat(12), { words: 12, repeatedTrigrams: 9 }, ['repeats itself', 'few different words']],
  [Array.from({ length: 1025 }, (_, n) => `w${n}`).join(' '), { words: 1025, repeatedTrigrams: 0, distinctShare: 1 }, ['too long']],
  ['... !', { words: 2, distinctShare: 1 }, ['too short']],
] as const)('%.30s', (text, quality, flags) => {
  expect(captionQuality(text)).toMatchObject(quality);
  expect(captionFlags(captionQuality(text), 0)).toEqual(flags);
});

test('what was gone against is a flag of its own', () => {
  expect(captionFlags(captionQuality('A red door opens.'), 1)).toEqual(['contradicted']);
});

test('the longest caption costs no more than its length', () => {
  const text = 'a b '.repeat(250_000);
  const begun = performance.now();
  captionQuality(text);
  expect(performance.now() - begun).toBeLessThan(5_000);
});
