import { expect, test } from '@jest/globals';
import { evenRate } from './rate.js';

const shown = (frames: number, rate: number, ticksPerSecond: number, round = Math.round): number[] => Array.from({ length: frames + 1 }, (_, n) => 7 + round((n / rate) * ticksPerSecond));

test.each([
  ['24 at 1/12288', shown(5000, 24, 12_288), 12_288, '24/1', '24'],
  ['23.976 in Matroska, which rounds to milliseconds', shown(5000, 24_000 / 1001, 1000), 1000, '24000/1001', '24000/1001'],
  ['23.976 in Matroska, cut down', shown(5000, 24_000 / 1001, 1000, Math.floor), 1000, '24000/1001', '24000/1001'],
  ['29.97 in MPEG-TS', shown(5000, 30_000 / 1001, 90_000), 90_000, '30000/1001', '30000/1001'],
  ['25 whose container claims one frame too many', shown(5000, 25, 12_800), 12_800, '62513/2500', '25'],
  ['a rate of its own', shown(500, 17.5, 35_000), 35_000, '35/2', '35/2'],
  ['time base as coarse as the frames', shown(100, 25, 25), 25, '25', '25'],
])('%s', (_name, times, perSecond, claimed, rate) => expect(evenRate(times, 1 / perSecond, claimed)).toBe(rate));

test.each([
  ['one frame shown longer', shown(500, 24, 12_288).map((time, n) => (n > 250 ? time + 512 : time)), 12_288],
  ['24 spread over 30', shown(500, 24, 30), 30],
])('no rate: %s', (_name, times, perSecond) => expect(evenRate(times, 1 / perSecond, '24')).toBeUndefined());
