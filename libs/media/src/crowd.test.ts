import { expect, test } from '@jest/globals';
import { Crowd } from './crowd.js';

const passed = (crowd: Crowd, seconds: number, step: number): number => {
  let count = 0;
  for (let at = step; at < seconds; at += step) if (crowd.passes(at)) count++;
  return count;
};

test('a fast cut film keeps every transition and nothing is said', () => {
  const crowd = new Crowd();
  expect(passed(crowd, 3600, 0.625)).toBe(5759);
  expect(crowd.warnings()).toEqual([]);
});

test('an hour of strobe has at most 120 transitions in any minute, and says how many were left out and from where', () => {
  const crowd = new Crowd();
  const kept = passed(crowd, 3600, 1 / 3);
  expect(kept).toBeLessThanOrEqual(60 * 120);
  expect(crowd.warnings()).toMatchObject([{ code: 'TOO_MANY_SHOTS', message: expect.stringMatching(new RegExp(`^${10_799 - kept} transitions .* 00:00:40`)) }]);
});

test('however long the film is, there are 50,000 transitions at most', () => {
  const crowd = new Crowd();
  expect(passed(crowd, 100_000, 0.625)).toBe(50_000);
  expect(crowd.warnings()).toHaveLength(1);
});
