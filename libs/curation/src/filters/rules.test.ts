import { describe, expect, test } from '@jest/globals';
import type { Fact } from '#libs/media';
import { type Footage, measureOf, MEASURES } from './measures.js';
import { PRESETS } from './presets.js';
import { firstBroken, keeps, lengthRule, readRules, type Rule, type RuleInput, rulesSha256, sentenceOf, STANDARD } from './rules.js';

const footage = (more: Partial<Footage> = {}): Footage => ({
  startPts: 0, endPts: 2 * 12800, frames: 50, sentence: 'A woman walks through snow.', entry: { kind: 'cut', confidence: 1 },
  measures: { brightness: 0.4, blackFraction: 0, frozenFraction: 0, blur: 0.2, letterbox: { top: 0, bottom: 0, left: 0, right: 0 } },
  film: { width: 848, height: 480, secondsPerTick: 1 / 12800 }, bucket: { width: 96, height: 64 }, ...more,
});
const fact = <T>(value: T): Fact<T> => ({ value, source: 'modelled', confidence: 0.9 });
const rule = (input: Partial<RuleInput>): Rule => readRules([{ id: 'RULE', measure: 'brightness', comparison: 'at_least', threshold: 0.1, ...input }])[0]!;
const words = (input: Partial<RuleInput>): Rule => rule({ measure: 'people', comparison: 'one_of', threshold: null, ...input });

describe('a rule keeps what compares as it says', () => {
  test.each([
    [rule({ threshold: 0.4 }), true],
    [rule({ threshold: 0.41 }), false],
    [rule({ comparison: 'at_most', threshold: 0.4 }), true],
    [rule({ comparison: 'at_most', threshold: 0.39 }), false],
    [rule({ measure: 'seconds', threshold: 2 }), true],
    [rule({ measure: 'frames', threshold: 51 }), false],
    [rule({ measure: 'fps', comparison: 'at_most', threshold: 25 }), true],
    [rule({ measure: 'captionWords', threshold: 5 }), true],
    [rule({ measure: 'captionWords', threshold: 6 }), false],
    [words({ values: ['1', '2'] }), true],
    [words({ values: ['several'] }), false],
    [words({ comparison: 'none_of', values: ['1'] }), false],
    [words({ measure: 'objects', comparison: 'none_of', values: ['car', 'dog'] }), false],
    [words({ measure: 'objects', values: ['horse', 'dog'] }), true],
    [words({ measure: 'entry', values: ['cut'] }), true],
  ])('%j: %s', (one, kept) => {
    expect(keeps(one, footage({ labels: { people: fact(1 as const), objects: [fact('person'), fact('dog')] } }))).toBe(kept);
  });

  test('half a tick short is long enough: time bases round', () => {
    const film = { width: 848, height: 480, secondsPerTick: 1 / 24 };
    expect([25, 26].map((ticks) => keeps(lengthRule({ frames: 17, fps: 16 }, 0), footage({ film, endPts: ticks })))).toEqual([false, true]);
    expect([25.4, 25.6].map((ticks) => keeps(rule({ measure: 'seconds', threshold: 26 / 24 }), footage({ film, endPts: ticks })))).toEqual([false, true]);
  });
});

describe('what is not known', () => {
  const unknown: Partial<RuleInput>[] = [{ measure: 'blur' }, { measure: 'pictureShare' }, { measure: 'enlargement' }, { measure: 'motionKind', comparison: 'one_of', threshold: null, values: ['pan'] }, { measure: 'people', comparison: 'none_of', threshold: null, values: ['1'] }];
  test.each(unknown)('is kept or dropped by rule: %j', (about) => {
    const nothing = footage({ measures: {}, labels: {} });
    expect([keeps(rule(about), nothing), keeps(rule({ ...about, unknown: 'keep' }), nothing), keeps(rule({ ...about, unknown: 'drop' }), nothing)]).toEqual([true, true, false]);
    const broken = firstBroken([rule({ ...about, unknown: 'drop' })], nothing)!;
    expect([broken.value, sentenceOf(broken)]).toEqual([null, expect.stringMatching(/ is not known; RULE drops what is not known\.$/)]);
  });
  test('a value that is no number is not known', () => {
    expect(keeps(rule({ measure: 'blur', unknown: 'drop' }), footage({ measures: { blur: Number.NaN } }))).toBe(false);
  });
});

describe('a dropped shot reads rule, value and threshold', () => {
  test.each([
    [rule({ measure: 'blackFraction', comparison: 'at_most', threshold: 0.5, words: 'Black teaches nothing.' }), { measures: { blackFraction: 0.75 } }, 'Its share of black frames is 75 %; RULE keeps at most 50 %. Black teaches nothing.'],
    [rule({ measure: 'blackFraction', comparison: 'at_most', threshold: 0.5 }), { measures: { blackFraction: 0.50001 } }, 'Its share of black frames is 50.001 %; RULE keeps at most 50 %.'],
    [lengthRule({ frames: 17, fps: 16 }, 0), { endPts: 12800 }, 'Its length is 1 s; TOO_SHORT keeps at least 1.06 s. A clip of 17 frames at 16 a second takes that long.'],
    [lengthRule({ frames: 17, fps: 16 }, 3), {}, 'Its length is 2 s; TOO_SHORT keeps at least 3 s. That much was asked for.'],
    [words({ measure: 'objects', comparison: 'none_of', values: ['dog', 'car'] }), { labels: { objects: [fact('person'), fact('dog')] } }, 'Its list of things seen is person, dog; RULE keeps all but car, dog.'],
    [words({ measure: 'place', values: ['outdoors'] }), { labels: { place: fact('indoors' as const) } }, 'Its place is indoors; RULE keeps only outdoors.'],
  ] satisfies [Rule, Partial<Footage>, string][])('%#', (one, about, sentence) => {
    expect(sentenceOf(firstBroken([one], footage(about))!)).toBe(sentence);
  });
  test('the first rule in order is the one that is named', () => {
    const two = [rule({ id: 'ONE', threshold: 0.9 }), rule({ id: 'TWO', threshold: 0.8 })];
    expect(firstBroken(two, footage())?.rule.id).toBe('ONE');
    expect(firstBroken(two.reverse(), footage())?.rule.id).toBe('TWO');
    expect(firstBroken([], footage())).toBeUndefined();
  });
});

describe('a rule that makes no sense is refused with the reason', () => {
  test.each([
    [{ id: 'black' }, /capitals/],
    [{ id: 'TOO_SHORT' }, /build itself/],
    [{ id: 'CLIP_UNDECODABLE' }, /build itself/],
    [{ measure: 'beauty' }, /no measure beauty/],
    [{ measure: 'constructor' }, /no measure/],
    [{ unit: 'share' }, /measured in of 1/],
    [{ measure: 'blackFraction', threshold: 50 }, /share is 0 to 1/],
    [{ threshold: Number.NaN }, /needs a number/],
    [{ threshold: null }, /needs a number/],
    [{ comparison: 'one_of' }, /at least or at most/],
    [{ measure: 'people', threshold: null, values: ['1'] }, /one of some/],
    [{ measure: 'people', comparison: 'one_of', threshold: null, values: [] }, /1 to 100 values/],
    [{ measure: 'people', comparison: 'one_of', threshold: null, values: ['3'] }, /never "3"; it is 1, 2, several/],
    [{ unknown: 'perhaps' }, /kept or dropped/],
    [{ words: 'x'.repeat(501) }, /500 characters/],
  ] satisfies [Partial<RuleInput>, RegExp][])('%j', (input, message) => {
    expect(() => rule(input)).toThrow(message);
  });
  test('two of one name, and more than fifty', () => {
    const one = { id: 'RULE', measure: 'blur', comparison: 'at_most', threshold: 1 };
    expect(() => readRules([one, one])).toThrow(/Two rules/);
    expect(() => readRules(Array.from({ length: 51 }, (_, at) => ({ ...one, id: `RULE_${at}` })))).toThrow(/at most 50/);
  });
});

test('the address of a set is what it keeps: not its words, not where it comes from', () => {
  const hash = rulesSha256(STANDARD);
  expect(rulesSha256(STANDARD.map((one) => ({ ...one, words: '', source: 'elsewhere' })))).toBe(hash);
  expect(rulesSha256(STANDARD.map((one) => ({ ...one, unknown: 'drop' as const })))).not.toBe(hash);
  expect(rulesSha256(STANDARD.slice(1))).not.toBe(hash);
  expect(rulesSha256(readRules(STANDARD.map((one) => ({ ...one }))))).toBe(hash);
});

describe('presets', () => {
  test.each(PRESETS.map((preset) => [preset.name, preset] as const))('%s: every rule is about something that is measured, and says where its threshold is from', (name, { rules, notApplied }) => {
    expect(readRules(rules.map((one) => ({ ...one })))).toEqual(rules);
    for (const one of rules) expect([one.unit, name === 'standard' || one.source !== null]).toEqual([measureOf(one.measure)!.unit, true]);
    for (const one of notApplied) expect(Object.values(one).every(Boolean)).toBe(true);
    expect(name === 'standard' || notApplied.length > 0).toBe(true);
  });
  test('hold the published thresholds', () => {
    const told = PRESETS.map(({ name, rules }) => [name, ...rules.map(({ measure, threshold }) => `${measure} ${threshold}`)]);
    expect(told).toEqual([
      ['standard', 'blackFraction 0.5', 'frozenFraction 0.95', 'blur 0.98', 'enlargement 1.5'],
      ['cosmos-curator', 'seconds 2', 'frames 48'],
      ['open-sora', 'seconds 2'],
      ['panda-70m', 'frames 15'],
      ['ultravideo', 'frameWidth 3840', 'seconds 3', 'textArea 0.02'],
    ]);
  });
  test('no measure has two names', () => expect(new Set(MEASURES.map(({ name }) => name)).size).toBe(MEASURES.length));
});
