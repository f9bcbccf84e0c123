import { expect, test } from '@jest/globals';
import { addPeriod, readInterval } from './time.js';

const day = (text: string, zone: string): string[] => {
  const { start, end } = readInterval(text, 'xsd:date', zone, '');
  return [new Date(start).toISOString(), new Date(end).toISOString()];
};

test.each([
  ['in winter', '2026-01-31', 'Europe/Berlin', ['2026-01-30T23:00:00.000Z', '2026-01-31T23:00:00.000Z']],
  ['of 23 hours', '2026-03-29', 'Europe/Berlin', ['2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z']],
  ['of 25 hours', '2026-10-25', 'Europe/Berlin', ['2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z']],
  ['without a midnight, west of Greenwich', '2026-09-06', 'America/Santiago', ['2026-09-06T04:00:00.000Z', '2026-09-07T03:00:00.000Z']],
  ['before one without a midnight', '2026-09-05', 'America/Santiago', ['2026-09-05T04:00:00.000Z', '2026-09-06T04:00:00.000Z']],
  ['without a midnight, east of Greenwich', '2026-03-29', 'Asia/Beirut', ['2026-03-28T22:00:00.000Z', '2026-03-29T21:00:00.000Z']],
  ['before a midnight that comes twice', '2026-10-31', 'America/Havana', ['2026-10-31T04:00:00.000Z', '2026-11-01T04:00:00.000Z']],
  ['with an offset of its own', '2026-01-31+05:45', 'Europe/Berlin', ['2026-01-30T18:15:00.000Z', '2026-01-31T18:15:00.000Z']],
])('a day %s lasts from its first moment to its last', (_, text, zone, moments) => {
  expect(day(text, zone)).toEqual(moments);
});

test.each([
  ['the end of a month', '2026-01-31T22:00:00Z', 'P1M', 'Europe/Berlin', '2026-02-28T22:00:00.000Z'],
  ['a leap day', '2028-02-29T12:00:00Z', 'P1Y', 'UTC', '2029-02-28T12:00:00.000Z'],
  ['a moment that the clocks leave out, east', '2026-03-28T01:30:00Z', 'P1D', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
  ['a moment that the clocks leave out, west', '2026-03-07T07:30:00Z', 'P1D', 'America/New_York', '2026-03-08T07:30:00.000Z'],
])('a period from %s', (_, from, period, zone, until) => {
  expect(addPeriod(Date.parse(from), period, zone)).toBe(until);
});
