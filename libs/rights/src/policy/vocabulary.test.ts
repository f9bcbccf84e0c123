import { expect, test } from '@jest/globals';
import { isPlace, placeWithin } from './vocabulary.js';

test.each(['DE', 'DE-BY', 'US-CA', 'XK', 'UK', 'GB', 'GB-ENG', 'EU', 'EEA', 'https://example.com/place/7'])('%s is a place', (name) => {
  expect(isPlace(name)).toBe(true);
});

// Of a part of the world that is no country nobody could say in which countries it lies.
test.each(['de', 'ZZ', 'EZ', 'UN', 'QO', 'XA', 'SU', 'DD', 'FX', 'UK-ENG', 'EU-DE', 'EZ-DE', '', 'toString', 'constructor', '\u0415U', 'DE '])('"%s" is no place', (name) => {
  expect(isPlace(name)).toBe(false);
});

test.each([
  ['DE-BY', 'DE', true],
  ['DE', 'DE-BY', 'unknown'],
  ['EU', 'DE', 'unknown'],
  ['DE', 'EU', true],
  ['GB', 'UK', true],
  ['UK', 'GB', true],
  ['US-CA', 'DE', false],
  ['https://example.com/guinea', 'https://example.com/guinea', true],
  ['https://example.com/guinea-bissau', 'https://example.com/guinea', 'unknown'],
  ['https://example.com/DE/', 'https://example.com/DE', 'unknown'],
  ['https://example.com/DE', 'DE', 'unknown'],
])('that %s lies in %s is %s', (inner, outer, truth) => {
  expect(placeWithin(inner, outer)).toBe(truth);
});
