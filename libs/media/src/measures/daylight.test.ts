import { expect, test } from '@jest/globals';
import type { Labels } from '../types.js';
import { timeOfDay } from './daylight.js';
import type { ShotLook } from './shot.js';

type Yuv = readonly [number, number, number];
/** A picture whose upper third has one colour and the rest another. */
function look(upper: Yuv, lower: Yuv): ShotLook {
  const fields = Uint8Array.from({ length: 144 * 3 }, (_, i) => (i < 48 * 3 ? upper : lower)[i % 3]!);
  return { colours: new Float32Array(400), start: fields, end: fields };
}
const place = (value: 'indoors' | 'outdoors', confidence = 0.75): Labels['place'] => ({ value, source: 'modelled', by: 'm 1', confidence });
const [BLUE, WHITE, GRASS, BLACK]: Yuv[] = [[150, 140, 120], [200, 128, 128], [90, 118, 124], [24, 128, 128]] as Yuv[];
const lit = { brightness: 0.4, blackFraction: 0 };
const dark = { brightness: 0.08, blackFraction: 0 };

test('a blue sky over ground is day without any model, a white ceiling is not', () => {
  expect(timeOfDay(lit, look(BLUE!, GRASS!), undefined)).toEqual({ timeOfDay: 'day', timeOfDayConfidence: 0.9 });
  expect(timeOfDay(lit, look(WHITE!, GRASS!), undefined)).toEqual({});
});

test('what the models know for indoors is neither, whatever colour its walls have', () => {
  expect(timeOfDay(lit, look(BLUE!, GRASS!), place('indoors'))).toEqual({});
  expect(timeOfDay(dark, look(BLACK!, BLACK!), place('indoors'))).toEqual({});
});

test('outdoors a lit picture is day and a dark one night, with what they know of the place', () => {
  expect(timeOfDay(lit, look(WHITE!, GRASS!), place('outdoors'))).toEqual({ timeOfDay: 'day', timeOfDayConfidence: 0.75 });
  expect(timeOfDay(dark, undefined, place('outdoors'))).toEqual({ timeOfDay: 'night', timeOfDayConfidence: 0.6 });
  expect(timeOfDay(lit, undefined, place('outdoors', 0.5))).toEqual({});
});

test('dusk, dark rooms, black and a dark ground under a brighter sky are not told', () => {
  expect(timeOfDay({ brightness: 0.16, blackFraction: 0 }, look(GRASS!, BLACK!), place('outdoors'))).toEqual({});
  expect(timeOfDay(dark, undefined, undefined)).toEqual({});
  expect(timeOfDay({ brightness: 0.01, blackFraction: 0.9 }, undefined, place('outdoors'))).toEqual({});
  expect(timeOfDay(dark, look(GRASS!, BLACK!), place('outdoors'))).toEqual({});
});
