import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';
import { Refusal } from '#libs/platform';
import { type Footage, type Measure, measureOf, type NumberMeasure, type WordMeasure } from './measures.js';

interface Stated {
  /** Capitals; a shot that is dropped has it as its code. */
  id: string;
  measure: string;
  /** The measure's, said again so that nobody reads 50 % as 50. Null where it is words. */
  unit: string | null;
  /** What becomes of a shot of which the measure is not known. */
  unknown: 'keep' | 'drop';
  /** Why it is there, in one sentence. */
  words: string;
  /** Where the threshold was published. */
  source: string | null;
}

export interface NumberRule extends Stated {
  comparison: 'at_least' | 'at_most';
  threshold: number;
  values: null;
}

export interface WordRule extends Stated {
  comparison: 'one_of' | 'none_of';
  threshold: null;
  values: string[];
}

/** Keeps a shot whose measure compares as it says, and drops the others. */
export type Rule = NumberRule | WordRule;

/** A rule as a member writes it. */
export interface RuleInput {
  id: string;
  measure: string;
  comparison: string;
  threshold?: number | null;
  values?: string[] | null;
  unit?: string | null;
  unknown?: string | null;
  words?: string | null;
  source?: string | null;
}

/** A rule that drops a shot, with what was measured; null where that is not known. */
export interface Broken {
  rule: Rule;
  value: number | string[] | null;
}

const keepsAtMost = (id: string, measure: string, threshold: number, unit: string, words: string): NumberRule => ({ id, measure, comparison: 'at_most', threshold, values: null, unit, unknown: 'keep', words, source: null });

/** What is asked of a shot where a studio asks for nothing else. */
export const STANDARD: readonly Rule[] = [
  keepsAtMost('BLACK', 'blackFraction', 0.5, 'share', 'A shot that is mostly black teaches nothing.'),
  // Animation on twos repeats half of its frames, so only near-stills count as frozen.
  keepsAtMost('FROZEN', 'frozenFraction', 0.95, 'share', 'A still teaches no motion.'),
  // Soft focus and fog are style.
  keepsAtMost('BLURRED', 'blur', 0.98, 'of 1', 'Only what no eye could read is left out.'),
  keepsAtMost('TOO_SMALL', 'enlargement', 1.5, 'times', 'Enlarging by more makes the model learn blur.'),
];

/** The one rule that no studio can change: a clip has to fit. */
export function lengthRule(bucket: { frames: number; fps: number }, minSeconds: number): NumberRule {
  const clipSeconds = bucket.frames / bucket.fps;
  const words = clipSeconds >= minSeconds ? `A clip of ${bucket.frames} frames at ${bucket.fps} a second takes that long.` : 'That much was asked for.';
  return { id: 'TOO_SHORT', measure: 'seconds', comparison: 'at_least', threshold: Math.max(clipSeconds, minSeconds), values: null, unit: 's', unknown: 'drop', words, source: null };
}

/** Codes that the build itself gives to what it leaves out. */
const TAKEN = new Set(['TOO_SHORT', 'EXCLUDED', 'NO_MATCH', 'LICENCE_REFUSED', 'FRAMES_LEFT_OUT', 'NOT_ANALYSED', 'NEAR_DUPLICATE']);
const MOST_RULES = 50;
const MOST_VALUES = 100;

/** What a member wrote, whole and checked. Throws Refusal BAD_FILTER that names the first thing wrong. */
export function readRules(input: readonly RuleInput[]): Rule[] {
  if (input.length > MOST_RULES) throw bad(`A filter set has at most ${MOST_RULES} rules.`);
  const rules = input.map(readRule);
  const twice = rules.find(({ id }, at) => rules.findIndex((other) => other.id === id) !== at);
  if (twice) throw bad(`Two rules are called ${twice.id}.`);
  return rules;
}

function readRule({ id, measure: name, comparison, threshold, values, unit, unknown, words, source }: RuleInput): Rule {
  if (!/^[A-Z][A-Z0-9_]{1,39}$/.test(id)) throw bad('A rule is called by 2 to 40 capitals, digits and underscores, such as TOO_DARK.');
  if (TAKEN.has(id) || id.startsWith('CLIP_')) throw bad(`${id} is what the build itself says of shots; call the rule something else.`);
  const measure = measureOf(name);
  if (!measure) throw bad(`${id}: there is no measure ${name.slice(0, 60)}.`);
  if (unit != null && unit !== measure.unit) throw bad(`${id}: ${name} is measured in ${measure.unit ?? 'words'}.`);
  if (unknown != null && unknown !== 'keep' && unknown !== 'drop') throw bad(`${id}: what is not known is kept or dropped.`);
  const stated: Stated = { id, measure: name, unit: measure.unit, unknown: unknown ?? 'keep', words: text(id, words) ?? '', source: text(id, source) };
  if (measure.kind === 'number') {
    if (comparison !== 'at_least' && comparison !== 'at_most') throw bad(`${id}: ${name} is a number, at least or at most something.`);
    if (typeof threshold !== 'number' || !Number.isFinite(threshold) || Math.abs(threshold) > 1e12 || values != null) throw bad(`${id}: ${name} needs a number as its threshold.`);
    if (measure.unit === 'share' && (threshold < 0 || threshold > 1)) throw bad(`${id}: a share is 0 to 1; ${threshold} is not.`);
    return { ...stated, comparison, threshold, values: null };
  }
  if (comparison !== 'one_of' && comparison !== 'none_of') throw bad(`${id}: ${name} is words, one of some or none of them.`);
  if (!values?.length || values.length > MOST_VALUES || threshold != null) throw bad(`${id}: ${name} needs 1 to ${MOST_VALUES} values.`);
  const strange = values.find((value) => !value.trim() || value.length > 100 || (measure.values && !measure.values.includes(value)));
  if (strange !== undefined) throw bad(`${id}: ${name} is never "${strange.slice(0, 60)}"${measure.values ? `; it is ${measure.values.join(', ')}` : ''}.`);
  return { ...stated, comparison, threshold: null, values: [...new Set(values)].sort() };
}

function text(id: string, given: string | null | undefined): string | null {
  const trimmed = given?.trim().replaceAll(/\s+/g, ' ') || null;
  if (trimmed && trimmed.length > 500) throw bad(`${id}: words and source have at most 500 characters.`);
  return trimmed;
}

export function bad(message: string): Refusal {
  return new Refusal('BAD_FILTER', message, 'Correct the rule and send it again.', 400);
}

/** What a rule's measure is of some footage; null where it is not known. */
export function measuredBy(rule: Rule, footage: Footage): number | string[] | null {
  const measure = known(rule);
  if (measure.kind === 'number') return measure.read(footage) ?? null;
  const found = measure.read(footage);
  return found.length ? found : null;
}

/** Whether a rule by itself keeps the footage. */
export function keeps(rule: Rule, footage: Footage): boolean {
  const measure = known(rule);
  const value = measuredBy(rule, footage);
  if (value === null) return rule.unknown === 'keep';
  if (rule.threshold === null) return (value as string[]).some((word) => rule.values.includes(word)) === (rule.comparison === 'one_of');
  const slack = (measure as NumberMeasure).slack?.(footage) ?? 0;
  return rule.comparison === 'at_least' ? (value as number) + slack >= rule.threshold : (value as number) - slack <= rule.threshold;
}

/** The first of the rules that drops the footage. Pure: the same footage and rules give the same answer anywhere. */
export function firstBroken(rules: readonly Rule[], footage: Footage): Broken | undefined {
  const rule = rules.find((one) => !keeps(one, footage));
  return rule && { rule, value: measuredBy(rule, footage) };
}

/** Rule, value and threshold in words that a person can act on. */
export function sentenceOf({ rule, value }: Broken): string {
  const measure = known(rule);
  const why = rule.words ? ` ${rule.words}` : '';
  if (value === null) return `Its ${measure.words} is not known; ${rule.id} drops what is not known.${why}`;
  if (rule.threshold === null) return `Its ${measure.words} is ${(value as string[]).join(', ')}; ${rule.id} keeps ${rule.comparison === 'one_of' ? 'only' : 'all but'} ${rule.values.join(', ')}.${why}`;
  const [is, limit] = told(value as number, rule.threshold, rule.unit);
  return `Its ${measure.words} is ${is}; ${rule.id} keeps ${rule.comparison === 'at_least' ? 'at least' : 'at most'} ${limit}.${why}`;
}

/** Two numbers with as many digits as it takes to see that they differ. */
function told(value: number, threshold: number, unit: string | null): [string, string] {
  const write = (number: number, digits: number): string => {
    const shown = Number((unit === 'share' ? number * 100 : number).toPrecision(digits));
    return `${shown} ${unit === 'share' ? '%' : unit}`;
  };
  for (let digits = 3; digits < 17; digits++) {
    const pair: [string, string] = [write(value, digits), write(threshold, digits)];
    if (pair[0] !== pair[1]) return pair;
  }
  return [write(value, 17), write(threshold, 17)];
}

/** What of a rule settles which shots are kept: neither its words nor where it comes from. */
export const contentOf = ({ id, measure, comparison, threshold, values, unknown }: Rule): object => ({ id, measure, comparison, threshold: threshold ?? values, unknown });

/** Content address of a rule set, hex: the same wherever the same shots would be kept for the same reasons. */
export function rulesSha256(rules: readonly Rule[]): string {
  return createHash('sha256').update(canonicalize(rules.map(contentOf))!).digest('hex');
}

function known(rule: Rule): Measure {
  const measure: NumberMeasure | WordMeasure | undefined = measureOf(rule.measure);
  if (!measure) throw new Error(`the rule ${rule.id} is about ${rule.measure}, which nothing measures any more`);
  return measure;
}
