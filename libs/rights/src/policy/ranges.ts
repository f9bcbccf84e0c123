import type { CompiledPolicy } from './compile.js';
import { evaluate } from './evaluate.js';
import { isSegment } from './load.js';
import { frameAt, touches } from './segments.js';
import type { Fact, Facts, PolicyRequest, Segment, Target, WorldState } from './types.js';

/** Frames in which something is true: a performer appears, a cue plays. */
export interface Mark {
  segment: Segment;
  facts: Facts;
}

/** Half-open frames of the extent's rate. */
export interface Range {
  first: number;
  end: number;
}

export interface ExcludedRange extends Range {
  sentence: string;
  rules: string[];
}

/**
 * Which frames of one target the request may have, and why not the others. Rules, exclusions and marks of other frame rates are exact
 * times: a frame of the extent that one of them only touches is excluded when it excludes. In each frame the facts of the marks that
 * touch it count, together with what the target and the request say of all of it.
 */
export function permittedRanges(
  policies: readonly CompiledPolicy[],
  request: PolicyRequest,
  state: WorldState,
  { target, extent, marks }: { target: Target; extent: Segment; marks: readonly Mark[] },
): { permitted: Range[]; excluded: ExcludedRange[] } {
  for (const segment of [extent, ...marks.map((mark) => mark.segment)]) if (!isSegment(segment)) throw new RangeError(`not a range of frames at a rate: ${JSON.stringify(segment)}`);
  const permitted: Range[] = [];
  const excluded: ExcludedRange[] = [];
  const waiting = marks.filter(({ segment }) => touches(segment, extent)).map((mark) => ({ ...mark, frames: outward(mark.segment, extent.rate) })).sort((a, b) => a.frames.first - b.frames.first);
  let next = 0;
  let running: typeof waiting = [];
  const cuts = cutsOf(policies, state, target, extent, marks);
  for (let at = 0; at + 1 < cuts.length; at += 1) {
    const range = { first: cuts[at]!, end: cuts[at + 1]! };
    running = running.filter(({ frames }) => frames.end > range.first);
    while (next < waiting.length && waiting[next]!.frames.first < range.end) running.push(waiting[next++]!);
    const facts = together([target.facts ?? {}, ...running.map((mark) => mark.facts)]);
    const evaluation = evaluate(policies, { ...request, targets: [{ ...target, facts, segment: { ...range, rate: extent.rate } }] }, state);
    if (evaluation.outcome === 'permit') extend(permitted, range, () => true);
    else {
      const { sentence, rules } = evaluation.reason;
      extend(excluded, { ...range, sentence, rules }, (last) => last.sentence === sentence && last.rules.join() === rules.join());
    }
  }
  return { permitted, excluded };
}

/** Every frame of the extent at which something may change, its ends among them. */
function cutsOf(policies: readonly CompiledPolicy[], state: WorldState, target: Target, extent: Segment, marks: readonly Mark[]): number[] {
  const segments = [...marks.map((mark) => mark.segment), ...(state.exclusions ?? []).map((exclusion) => exclusion.segment), ...policies.flatMap((policy) => segmentsOf(policy, target))];
  const cuts = new Set([extent.first, extent.end]);
  for (const { first, end, rate } of segments) {
    for (const frame of [first, end]) {
      // A frame that a boundary cuts in two stands alone: what touches it and what does not hold all of it are other rules.
      const { floor, ceil } = frameAt(frame, rate, extent.rate);
      // Stryker disable next-line EqualityOperator: the ends are in the set already.
      for (const cut of [floor, ceil]) if (cut > extent.first && cut < extent.end) cuts.add(cut);
    }
  }
  return [...cuts].sort((a, b) => a - b);
}

function segmentsOf(policy: CompiledPolicy, target: Target): Segment[] {
  return [...policy.index.touching(target).flatMap((clause) => clause.target.segment ?? []), ...policy.parents.flatMap((parent) => segmentsOf(parent, target))];
}

function outward({ first, end, rate }: Segment, other: string): Range {
  return { first: frameAt(first, rate, other).floor, end: frameAt(end, rate, other).ceil };
}

/** All that is true at once: values of several marks are several values. */
function together(all: readonly Facts[]): Facts {
  const merged: Record<string, Fact> = {};
  for (const facts of all) {
    for (const [name, fact] of Object.entries(facts)) {
      const known = merged[name];
      merged[name] = known === undefined || same(known, fact) ? fact : [...new Set([...listed(known), ...listed(fact)])];
    }
  }
  return merged;
}

const same = (a: Fact, b: Fact): boolean => JSON.stringify(a) === JSON.stringify(b);
/** Amounts and truths that contradict each other are no list: nothing is known then. */
const listed = (fact: Fact): readonly (string | number)[] => (typeof fact === 'string' || typeof fact === 'number' ? [fact] : Array.isArray(fact) ? (fact as readonly (string | number)[]) : [NaN]);

function extend<R extends Range>(ranges: R[], range: R, joins: (last: R) => boolean): void {
  const last = ranges.at(-1);
  if (last?.end === range.first && joins(last)) last.end = range.end;
  else ranges.push(range);
}
