import { expect, test } from '@jest/globals';
import { timecode } from './timecode.js';

test('drop-frame timecode at 29.97 leaves out two labels a minute, none each tenth minute', () => {
  const rate = 30_000 / 1001;
  expect(timecode(1799, rate)).toBe('00:00:59;29');
  expect(timecode(1800, rate)).toBe('00:01:00;02');
  expect(timecode(17_981, rate)).toBe('00:09:59;29');
  expect(timecode(17_982, rate)).toBe('00:10:00;00');
  expect(timecode(107_892, rate)).toBe('01:00:00;00');
});

test('59.94 drops four labels; 23.976, 25 and 30 drop none', () => {
  expect(timecode(3600, 60_000 / 1001)).toBe('00:01:00;04');
  expect(timecode(24 * 60, 24_000 / 1001)).toBe('00:01:00:00');
  expect(timecode(25 * 61 + 7, 25)).toBe('00:01:01:07');
  expect(timecode(1800, 30)).toBe('00:01:00:00');
});
