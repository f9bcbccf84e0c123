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
