import type { Labels, Measures, Transition } from '#libs/media';
import { createHash } from 'node:crypto';
import { Refusal } from '#libs/platform';
import { type Footage, type Measure, MEASURES, measureOf, type NumberMeasure } from '../filters/measures.js';
import type { Caption } from '../rows.js';

/** What is asked of a measure, as a filter's rule asks it. */
export interface Condition {
  measure: string;
  comparison: 'at_least' | 'at_most' | 'one_of' | 'none_of';
  threshold?: number | null;
  values?: readonly string[] | null;
  /** Whether a shot of which it is not known is found too; absent: it is not. */
  unknown?: 'keep' | 'drop' | null;
}

/** Conditions as the database asks them. */
export interface Asked {
  /** Words of facts, as a tsquery: what an index finds. */
  factWords: string;
  /** A JSON path predicate over the facts: what exactly must hold. */
  factsHold: string;
}

export interface Described {
  startPts: number;
  endPts: number;
  frames: number;
  sentence: string;
  caption: Caption;
  entry: Transition;
  measures: Measures;
  labels: Labels;
  film: Footage['film'];
}

/** How many shots a dataset's clips must be enlarged is no fact of the shot. */
const OF_CLIPS = new Set(['enlargement']);
const SEARCHED = MEASURES.filter(({ name }) => !OF_CLIPS.has(name));
/** Bins that a number is looked up by between its measure's low and high. */
const BINS = 32;
/** More bins than that an index is not asked for: it would read lists of most shots, which takes longer than to look at the facts of those found. */
const MOST_BINS = 8;
const MOST_CONDITIONS = 20;
const MOST_VALUES = 100;
/** Of each text, what is searched. */
const MOST_TEXT = 4000;

type Facts = Record<string, number | string[]>;

/** What was measured and seen of a shot, by the names of the measures; what is not known is absent. */
export function factsOf(shot: Described): Facts {
  const facts: Facts = {};
  for (const measure of SEARCHED) {
    const footage = { ...shot, bucket: { width: 1, height: 1 } };
    if (measure.kind === 'number') {
      const value = measure.read(footage);
      if (value !== undefined && Number.isFinite(value)) facts[measure.name] = rounded(value);
    } else {
      const values = measure.read(footage);
      if (values.length) facts[measure.name] = [...new Set(values)].slice(0, MOST_VALUES);
    }
  }
  return facts;
}

/** A word for each fact, which an index finds it by: a number by its bin. */
export function wordsOfFacts(facts: Facts): string[] {
  return Object.entries(facts).flatMap(([name, fact]) => {
    const measure = measureOf(name)!;
    return typeof fact === 'number' ? [factWord(name, binOf(measure as NumberMeasure, fact))] : fact.map((value) => factWord(name, value));
  });
}

/** Texts of a shot that words are looked for in, the weightiest first: what is said of it, and what is seen in it. */
export function textsOf({ sentence, caption, labels }: Pick<Described, 'sentence' | 'caption' | 'labels'>): { said: string; seen: string } {
  const said = [sentence, ...Object.entries(caption).flatMap(([field, known]) => (field === 'sentence' ? [] : stringsIn(known.value)))];
  const seen = Object.entries(labels).flatMap(([name, fact]) => (name === 'vector' ? [] : valuesIn(fact)));
  return { said: joined(said), seen: joined(seen) };
}

/** Facts and what they are compared with are rounded alike. */
const rounded = (value: number): number => Number(value.toPrecision(7));

const joined = (texts: string[]): string => [...new Set(texts)].join('\n').replaceAll('\u0000', ' ').slice(0, MOST_TEXT);

/** The values of facts, in whatever lists they lie. */
function valuesIn(fact: unknown): string[] {
  if (Array.isArray(fact)) return fact.flatMap(valuesIn);
  if (typeof fact !== 'object' || fact === null) return [];
  return 'value' in fact ? stringsIn(fact.value) : [];
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** Conditions as the database asks them. Throws Refusal BAD_SEARCH that names the first thing wrong. */
export function asked(conditions: readonly Condition[]): Asked {
  if (conditions.length > MOST_CONDITIONS) throw bad(`A search has at most ${MOST_CONDITIONS} conditions.`);
  const each = conditions.map(one);
  return { factWords: each.flatMap(({ words }) => (words ? [`(${words})`] : [])).join(' & '), factsHold: each.map(({ holds }) => `(${holds})`).join(' && ') };
}

function one(condition: Condition): { words: string; holds: string } {
  const { measure: name, comparison, threshold, values, unknown } = condition;
  const measure = measureOf(name);
  if (!measure || OF_CLIPS.has(name)) throw bad(`Shots are not searched by ${name.slice(0, 60)}.`);
  const known = `$.${JSON.stringify(name)}`;
  const orUnknown = (holds: string): string => (unknown === 'keep' ? `!exists(${known}) || (${holds})` : holds);
  if (measure.kind === 'number') {
    if ((comparison !== 'at_least' && comparison !== 'at_most') || typeof threshold !== 'number' || !Number.isFinite(threshold) || values?.length) throw bad(`${name} is a number, at least or at most something.`);
    const limit = rounded(threshold);
    const bins = Array.from({ length: BINS + 2 }, (_, bin) => bin).filter((bin) => (comparison === 'at_least' ? bin >= binOf(measure, limit) : bin <= binOf(measure, limit)));
    return { words: unknown === 'keep' || bins.length > MOST_BINS ? '' : anyOf(name, bins), holds: orUnknown(`${known} ${comparison === 'at_least' ? '>=' : '<='} ${limit}`) };
  }
  if ((comparison !== 'one_of' && comparison !== 'none_of') || !values?.length || values.length > MOST_VALUES || threshold != null) throw bad(`${name} is words, one of some or none of them.`);
  const strange = values.find((value) => !value.trim() || value.length > 100 || (measure.values && !measure.values.includes(value)));
  if (strange !== undefined) throw bad(`${name} is never "${strange.slice(0, 60)}"${measure.values ? `; it is ${measure.values.join(', ')}` : ''}.`);
  const is = values.map((value) => `${known}[*] == ${JSON.stringify(value)}`).join(' || ');
  if (comparison === 'one_of') return { words: unknown === 'keep' ? '' : anyOf(name, values), holds: orUnknown(is) };
  return { words: '', holds: unknown === 'keep' ? `!(${is})` : `exists(${known}) && !(${is})` };
}

const anyOf = (name: string, values: readonly (string | number)[]): string => values.map((value) => `'${factWord(name, value)}'`).join(' | ');

/** A short word for a fact; which facts share one is sorted out by what must hold exactly. */
const factWord = (name: string, value: string | number): string => `=${createHash('sha256').update(`${name}=${value}`).digest('base64url').slice(0, 7)}`;

/** 0: below low; 1 to 32; 33: from high on. */
function binOf({ low, high }: NumberMeasure, value: number): number {
  return value < low ? 0 : value >= high ? BINS + 1 : 1 + Math.floor(((value - low) / (high - low)) * BINS);
}

/** What a hit says of a condition: the fact that fulfils it. */
export const toldOf = (conditions: readonly Condition[], facts: Facts): { measure: Measure; value: number | string[] | null }[] =>
  [...new Set(conditions.map(({ measure }) => measure))].map((name) => ({ measure: measureOf(name)!, value: facts[name] ?? null }));

export function bad(message: string): Refusal {
  return new Refusal('BAD_SEARCH', message, 'Correct it and search again.', 400);
}
