import { describe, expect, test } from '@jest/globals';
import { STANDARD } from './filters/rules.js';
import { type Candidate, judge, type Recipe, Split, splitPlace } from './selection.js';

const recipe: Recipe = { bucket: { width: 96, height: 64, frames: 17, fps: 16 }, minSeconds: 0, captionContains: null, clipsPerShot: 4, rules: STANDARD };
const film = { width: 848, height: 480, secondsPerTick: 1 / 12800 };
const shot = (seconds: number, more: Partial<Candidate> = {}, measures: Partial<Candidate['measures']> = {}): Candidate => ({
  startPts: 512,
  endPts: 512 + Math.round(seconds * 12800),
  sentence: 'A woman walks through snow.',
  excluded: false,
  measures: { blackFraction: 0, frozenFraction: 0, blur: 0.2, letterbox: { top: 0, bottom: 0, left: 0, right: 0 }, ...measures },
  ...more,
});
const offsets = (candidate: Candidate, with_: Partial<Recipe> = {}): number[] => {
  const verdict = judge(candidate, { ...recipe, ...with_ }, film);
  if (!('offsets' in verdict)) throw new Error(verdict.message);
  return verdict.offsets;
};

describe('every clip lies inside its shot, beside the others', () => {
  test.each([1.0625, 1.5, 2.125, 3, 4.25, 30])('%d s', (seconds) => {
    const begins = offsets(shot(seconds));
    expect(begins.length).toBe(Math.min(4, Math.floor(seconds / 1.0625)));
    begins.forEach((begin, i) => expect(begin).toBeGreaterThanOrEqual(i === 0 ? 0 : begins[i - 1]! + 1.0625 - 1e-5));
    expect(begins.at(-1)! + 1.0625).toBeLessThanOrEqual(seconds + 1e-5);
  });
  test('not more than are asked for', () => expect(offsets(shot(30), { clipsPerShot: 2 })).toHaveLength(2));
});

describe('what is left out says which value settled it', () => {
  test.each([
    ['TOO_SHORT', shot(1.06), {}, 1.06],
    ['TOO_SHORT', shot(2), { minSeconds: 3 }, 2],
    ['BLACK', shot(2, {}, { blackFraction: 0.75 }), {}, 0.75],
    ['FROZEN', shot(2, {}, { frozenFraction: 0.99 }), {}, 0.99],
    ['BLURRED', shot(2, {}, { blur: 0.99 }), {}, 0.99],
    ['EXCLUDED', shot(2, { excluded: true }), {}, null],
    ['NO_MATCH', shot(2), { captionContains: 'walks sand' }, 'walks sand'],
    ['TOO_SMALL', shot(2, {}, { letterbox: { top: 220, bottom: 220, left: 0, right: 0 } }), {}, 1.6],
  ])('%s', (code, candidate, with_, value) => {
    expect(judge(candidate, { ...recipe, ...with_ }, film)).toMatchObject({ code, value });
  });
  test('half of an animation on twos is not frozen, and words match in any order and case', () => {
    expect(offsets(shot(2, {}, { frozenFraction: 0.5 }), { captionContains: 'SNOW woman' })).toHaveLength(1);
  });
});

describe('some shots are held out and some are not, whatever their number', () => {
  const sides = (count: number, film: string): string[] => {
    const places = Array.from({ length: count }, (_, i) => splitPlace(film, i * 100));
    const split = new Split();
    for (const place of places) split.add(place, 1);
    return places.map((place) => split.of(place, 0, 1));
  };
  test.each([2, 3, 4, 8, 20])('of %i shots', (count) => {
    for (let film = 0; film < 200; film++) expect(new Set(sides(count, `film ${film}`))).toEqual(new Set(['train', 'heldout']));
  });
  test('about 18% of many', () => {
    const heldOut = sides(5000, 'long film').filter((side) => side === 'heldout').length;
    expect(heldOut / 5000).toBeGreaterThan(0.16);
    expect(heldOut / 5000).toBeLessThan(0.2);
  });
  test('a single shot gives its last clip, unless it has but one', () => {
    const split = new Split();
    split.add(0.9, 4);
    expect([0, 1, 2, 3].map((i) => split.of(0.9, i, 4))).toEqual(['train', 'train', 'train', 'heldout']);
    expect(split.of(0.9, 0, 1)).toBe('train');
  });
});
