import { expect, test } from '@jest/globals';
import { captionFor } from './fields.js';
import { captionIn, sentenceOf } from './sentences.js';
import type { Fact, Labels, Measures } from '../types.js';

const plain: Measures = {
  ...{ brightness: 0.45, contrast: 0.18, motion: 3, blur: 0.2, saturation: 0.1, blackFraction: 0, frozenFraction: 0 },
  letterbox: { top: 0, bottom: 0, left: 0, right: 0 },
};
const modelled = <T>(value: T, confidence = 0.8): Fact<T> => ({ value, source: 'modelled', by: 'm 1', confidence });

test('what is not known is not said', () => {
  expect(captionFor({ measures: plain })).toEqual({});
  expect(sentenceOf({})).toBe('A shot.');
});

test('a label below the threshold is left out', () => {
  const labels: Labels = { people: modelled(1 as const, 0.3), place: modelled('outdoors' as const, 0.4) };
  expect(captionFor({ measures: plain, labels })).toEqual({});
});

test('fields carry their source, and the sentence is made of them', () => {
  const labels: Labels = { people: modelled(2 as const), place: modelled('outdoors' as const), shotSize: modelled('medium shot' as const), objects: [modelled('umbrella')] };
  const caption = captionFor({ measures: { ...plain, motionKind: 'pan', brightness: 0.1 }, labels });
  expect(caption.subject).toMatchObject({ value: 'two people and an umbrella', source: 'modelled', by: 'm 1' });
  expect(caption.cameraMove).toMatchObject({ source: 'measured' });
  expect(sentenceOf(caption)).toBe('A medium shot of two people and an umbrella outdoors, camera panning, dark lighting.');
});

test('what a member wrote is said like the rest', () => {
  const caption = captionFor({ measures: { ...plain, saturation: 0 } });
  const written = { source: 'written' as const, by: 'Ada', confidence: 1 };
  expect(sentenceOf({ ...caption, subject: { value: 'a vampire', ...written }, action: { value: 'climbing stairs', ...written }, onScreenText: { value: 'Ende', ...written } })).toBe(
    'A black and white shot of a vampire climbing stairs, on-screen text "Ende".',
  );
});

test('short says who, how near and where; medium one sentence; long all that is known', () => {
  const labels: Labels = { people: modelled(1 as const), place: modelled('indoors' as const), shotSize: modelled('close-up' as const), scene: modelled('library', 0.6) };
  const shot = { measures: { ...plain, motionKind: 'static' as const, motion: 0.1, brightness: 0.1 }, labels };
  const caption = { ...captionFor(shot), onScreenText: modelled('SILENCE') };
  expect(captionIn('short', { ...shot, caption })).toBe('A close-up of a person indoors.');
  expect(captionIn('medium', { ...shot, caption })).toBe(sentenceOf(caption));
  expect(captionIn('long', { ...shot, caption })).toBe('A close-up of a person indoors. Seen with a static camera. Hardly anything moves. Dark lighting. The setting looks like a library. On-screen text reads "SILENCE".');
});

test('a sentence that a member wrote is the caption in each length, and a long one goes on', () => {
  const caption = { ...captionFor({ measures: { ...plain, motionKind: 'pan' } }), sentence: { value: 'She waits.', source: 'written' as const, confidence: 1 } };
  const shot = { measures: plain, caption };
  expect(captionIn('short', shot)).toBe('She waits.');
  expect(captionIn('medium', shot)).toBe('She waits.');
  expect(captionIn('long', shot)).toBe('She waits. Seen with the camera panning.');
});

const captions = (measures: Partial<Measures>, labels: Labels = {}) => {
  const shot = { measures: { ...plain, ...measures }, labels };
  const caption = captionFor(shot);
  return { caption, short: captionIn('short', { ...shot, caption }), medium: sentenceOf(caption), long: captionIn('long', { ...shot, caption }) };
};
const shown = (...value: string[]): NonNullable<Labels['text']> => ({ value, source: 'modelled', by: 'ocr 1', confidence: 0.9, boxes: [], area: 0.1 });

test('a black shot is a black frame and nothing else, with what is heard', () => {
  const { short, medium, long } = captions({ blackFraction: 1, brightness: 0, saturation: 0, motionKind: 'static', sound: { silence: 0, speech: 0.8 } });
  expect([short, medium, long]).toEqual(['A black frame.', 'A black frame.', 'A black frame. Somebody speaks.']);
});

test('text on one colour is a title card, text in a scene is not', () => {
  const palette = [{ hex: '#000000', share: 0.8 }, { hex: '#ffffff', share: 0.2 }];
  expect(captions({ palette, saturation: 0 }, { text: shown('THE "END"', '1922') }).medium).toBe("A black and white title card, on-screen text \"THE 'END' / 1922\".");
  expect(captions({ blackFraction: 1, brightness: 0, saturation: 0 }, { text: shown('A film') }).medium).toBe('A title card, on-screen text "A film".');
  expect(captions({ palette: [{ hex: '#446688', share: 0.4 }] }, { text: shown('EXIT') }).caption.subject).toBeUndefined();
  expect(captions({ palette }, { text: shown('EXIT'), people: modelled(1 as const) }).caption.subject?.value).toBe('a person');
  expect(captions({}, { text: shown('a'.repeat(250), 'b'.repeat(250), 'c') }).caption.onScreenText?.value).toBe(`${'a'.repeat(250)} / c`);
});

test.each([
  ['dolly', 'in', 'camera moving forward'],
  ['dolly', 'left', 'camera moving left'],
  ['zoom', 'out', 'camera zooming out'],
  ['tilt', 'up', 'camera tilting up'],
  ['handheld', undefined, 'handheld camera'],
] as const)('%s %s: %s', (motionKind, motionDirection, words) => {
  expect(captions({ motionKind, ...(motionDirection && { motionDirection }), motionConfidence: 0.8 }).caption.cameraMove).toMatchObject({ value: words, confidence: 0.8 });
  expect(captions({ motionKind, motionConfidence: 0.4 }).caption.cameraMove).toBeUndefined();
});

test('day and night are said where they are sure', () => {
  expect(captions({ timeOfDay: 'night', timeOfDayConfidence: 0.6, brightness: 0.1 }).medium).toBe('A shot, dark light at night.');
  expect(captions({ timeOfDay: 'day', timeOfDayConfidence: 0.7, contrast: 0.3 }).medium).toBe('A shot, high contrast daylight.');
  expect(captions({ timeOfDay: 'day', timeOfDayConfidence: 0.7 }).caption.lighting).toMatchObject({ value: 'daylight', source: 'measured', confidence: 0.7 });
  expect(captions({ timeOfDay: 'night', timeOfDayConfidence: 0.4, brightness: 0.1 }).medium).toBe('A shot, dark lighting.');
});

test('a long caption tells colours, light and sound', () => {
  const palette = [{ hex: '#1a2c55', share: 0.5 }, { hex: '#1b2d56', share: 0.2 }, { hex: '#c87d2b', share: 0.2 }, { hex: '#ff0000', share: 0.05 }];
  expect(captions({ palette, colourTemperature: 9000, saturation: 0.2, sound: { silence: 1 } }).long).toBe('A shot. Vivid, cool colours. Its main colours are dark blue and orange. It is silent.');
  expect(captions({ sound: { silence: 0, speech: 0.5, music: 0.6, musicConfidence: 0.8 } }).long).toBe('A shot. Somebody speaks. There is music.');
  expect(captions({ sound: { silence: 0, music: 0.4, musicConfidence: 0.8 } }).long).toBe('A shot.');
  expect(captions({ palette, colourTemperature: 3000, saturation: 0.03 }).medium).toBe('A shot, muted, warm colours.');
});
