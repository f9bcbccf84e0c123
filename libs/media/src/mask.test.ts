import { expect, test } from '@jest/globals';
import { fewer } from './mask.js';

test('as many stretches as a filter takes; beyond that the nearest are masked together, and nothing that was masked is shown', () => {
  const few = Array.from({ length: 1500 }, (_, n) => ({ first: n * 10, end: n * 10 + 2 }));
  expect(fewer(few)).toEqual(few);
  const many = Array.from({ length: 2000 }, (_, n) => ({ first: n * 10 + (n % 4 === 3 ? -5 : 0), end: n * 10 + 2 }));
  const left = fewer(many);
  expect(left).toHaveLength(1500);
  for (const [at, { first, end }] of left.entries()) expect(at === 0 || left[at - 1]!.end < first).toBe(first < end);
  for (const { first, end } of many) expect(left.some((range) => range.first <= first && range.end >= end)).toBe(true);
  // The gaps of three frames were closed, those of eight stayed.
  expect(left.filter(({ first, end }) => end - first > 2)).toHaveLength(500);
});
