import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { contradictions, factsOf, type Facts } from './contradictions.js';
import { plainWords, withAnswer } from './modelled.js';

const cases = JSON.parse(readFileSync(new URL('contradictions.cases.json', import.meta.url), 'utf8')) as { text: string; facts: Facts; about: string[] }[];

test.each(cases.map(({ text, facts, about }): [string, string, Facts, string] => [text, about.join() || 'nothing', facts, JSON.stringify(facts)]))('"%s" goes against %s', (text, about, facts) => {
  expect(contradictions(text, facts).map((conflict) => conflict.about).join() || 'nothing').toBe(about);
});

test('facts below the threshold are no facts, and a picture between grey and coloured is neither', () => {
  const measures = { saturation: 0.03, blackFraction: 0 };
  const fact = <T>(value: T, confidence: number) => ({ value, confidence, source: 'modelled' as const });
  expect(factsOf({ measures, labels: { people: fact(1 as const, 0.4), place: fact('outdoors' as const, 0.44) } })).toEqual({});
  expect(factsOf({ measures: { ...measures, saturation: 0.001, motionKind: 'pan' }, labels: { people: fact(2 as const, 0.5) } })).toEqual({ monochrome: true, camera: 'moving', people: 2 });
  expect(factsOf({ measures: { ...measures, saturation: 0.001, blackFraction: 0.9 } })).toEqual({});
});

const measured = { subject: { value: 'a person', source: 'modelled' as const, by: 'nanodet', confidence: 0.8 } };

test('what goes against a fact is not said: the measured field stays and the disagreement is kept', () => {
  expect(withAnswer(measured, { subject: 'three men in a boat', action: 'rowing' }, 'm 1', { people: 1 })).toEqual({
    ...measured,
    action: { value: 'rowing', source: 'modelled', by: 'm 1' },
    disagreements: { source: 'modelled', by: 'm 1', value: [{ field: 'subject', about: 'people', known: 'one person', said: 'three men', text: 'three men in a boat' }] },
  });
});

test('the fields are judged together: who is named in the action counts', () => {
  expect(withAnswer(measured, { subject: 'a man', action: 'talking to a woman' }, 'm 1', { people: 2 })).toMatchObject({ subject: { value: 'a man' }, action: { value: 'talking to a woman' } });
  const both = withAnswer(measured, { subject: 'two men', action: 'dancing with two women' }, 'm 1', { people: 2 });
  expect(both).toMatchObject({ subject: { value: 'two men' }, disagreements: { value: [{ field: 'action', known: 'two people', said: 'two men, two women' }] } });
  expect(both.action).toBeUndefined();
});

test('no action is said of nobody', () => {
  expect(withAnswer({}, { subject: 'a dog in a kitchen', action: 'sleeping' }, 'm 1', { place: 'outdoors' })).toMatchObject({ disagreements: { value: [{ field: 'subject', about: 'place' }] } });
  expect(withAnswer({}, { action: 'sleeping' }, 'm 1', {})).toEqual({});
});

test.each([
  ['A woman.', 'a woman'],
  ['Ada Lovelace at a desk', 'Ada Lovelace at a desk'],
  ['  a\n\twoman\u0000  at a desk  ', 'a woman at a desk'],
  ['a \u202Enamow\u202C', 'a namow'],
  ['e\u0301t\u00e9', 'été'],
  ['une fille à la fenêtre', 'une fille à la fenêtre'],
  ['', undefined],
  ['...', undefined],
  ['42', undefined],
  ['<script>alert(1)</script>', undefined],
  ['{"subject": "a man"}', undefined],
  ['see https://example.test', undefined],
  ['x'.repeat(301), undefined],
  ['\uD800a man', 'a man'],
  ['𝕒'.repeat(1_000_000), undefined],
])('plain words of %j', (text, words) => {
  expect(plainWords(text)).toBe(words);
});
