import type { Scope } from '#libs/platform';
import type { Answer, Question } from './decisions.js';
import { type Edit, type FrameRange, joined, type LeftOut, Places, type TitleFrames, without } from './edit.js';
import type { Exclusion, Exclusions, Mark } from './exclusions.js';
import type { CompiledPolicy, Evaluation, Fact, Facts, PolicyRequest, Target, WorldState } from './policy/index.js';
import { permittedRanges } from './policy/ranges.js';

/** A stretch in which the same is known of every frame. */
interface Known extends FrameRange {
  facts: Facts;
}

/** More targets than this would say nothing more to whoever reads the decision. */
const MOST_TARGETS = 500;
const MOST_NAMED = 100;
const AT_ONCE = 200;

/**
 * Turns whole titles into the frames that a question is about, where exclusions, marks or rules tell frames of a title apart. With
 * `frames: 'permitted'` those are the frames that are allowed (all of the title, and so a refusal, where none is); else the frames that
 * were asked for, or the title's every frame: where one of them is not allowed, the ones that are not, so that the refusal names them.
 */
export async function byFrames(scope: Scope, question: Question, exclusions: Exclusions, policies: readonly CompiledPolicy[], request: PolicyRequest, state: WorldState): Promise<{ request: PolicyRequest; state: WorldState; frames: TitleFrames[] }> {
  const titleIds = [...new Set(question.titleIds)];
  const [edits, leftOut] = [await exclusions.edits(scope, titleIds), await exclusions.ofTitles(titleIds)];
  const bySegment = policies.some(tellsFramesApart);
  const apart = new Map([...edits].filter(([id, edit]) => bySegment || leftOut.has(id) || edit.performersMarked || edit.cuesMarked));
  if (!apart.size) return { request, state, frames: [] };
  const marks = await exclusions.marksOfTitles([...apart.values()].filter((edit) => edit.performersMarked || edit.cuesMarked).map((edit) => edit.titleId));
  const places = new Map<string, Places>();
  for (const [id, edit] of apart) places.set(id, new Places(edit.even ? edit : (await exclusions.timed(scope, id))!));
  const all = { ...state, exclusions: [...leftOut.values()].flat().map((exclusion) => toState(exclusion, places.get(exclusion.titleId)!)) };
  const asked = typeof question.frames === 'function' ? await question.frames([...apart.keys()]) : [];
  const frames: TitleFrames[] = [];
  const targets = request.targets.flatMap((target): Target[] => {
    const edit = apart.get(target.id.replace('urn:uuid:', ''));
    if (!edit) return [target];
    const place = places.get(edit.titleId)!;
    const known = knownOf(edit, marks.get(edit.titleId) ?? []);
    const own = leftOut.get(edit.titleId) ?? [];
    const excluded = stretchesOf(edit, own).flatMap((stretch) => {
      const here = own.filter(({ first, end }) => first < stretch.end && end > stretch.first).map((exclusion) => toState(exclusion, place));
      const marked = known.filter(({ first, end }) => first < stretch.end && end > stretch.first).map(({ facts, ...range }) => ({ segment: place.segment(range), facts }));
      return permittedRanges(policies, { ...request, targets: [target] }, { ...all, exclusions: here }, { target, extent: place.segment(stretch), marks: marked }).excluded;
    });
    const left = neighbours(excluded.map((range) => ({ ...range, ...place.touched(range) }))).map(
      ({ sentence, rules, ...out }): LeftOut => ({ ...out, sentence: plainly(sentence, out, edit, own.find(({ id }) => id === rules[0])), rules }),
    );
    // What is left out of other actions only tells nothing apart here.
    if (!left.length && !known.length && !bySegment) return [target];
    const permitted = without({ first: 0, end: edit.frames }, joined(left));
    frames.push({ titleId: edit.titleId, frames: edit.frames, permitted, leftOut: left });
    const about = piecesOf(question.frames === 'permitted' ? 'permitted' : asked, edit, permitted, left);
    const pieces = apartBy(about, known);
    return (pieces.length <= MOST_TARGETS ? pieces : about.map((range) => ({ ...range, facts: togetherIn(range, known) }))).map(({ facts, ...range }) => ({ ...target, segment: place.segment(range), ...(Object.keys(facts).length ? { facts } : {}) }));
  });
  return { request: { ...request, targets }, state: all, frames };
}

const tellsFramesApart = ({ clauses, parents }: CompiledPolicy): boolean => clauses.some(({ target }) => target.segment !== undefined) || parents.some(tellsFramesApart);

function piecesOf(asked: 'permitted' | readonly (FrameRange & { titleId: string })[], { titleId, frames }: Edit, permitted: FrameRange[], left: LeftOut[]): FrameRange[] {
  const whole = [{ first: 0, end: frames }];
  if (asked === 'permitted') return permitted.length ? permitted : whole;
  const own = joined(asked.filter((range) => range.titleId === titleId));
  const wanted = own.length ? own : whole;
  const refused = wanted.flatMap((range) => left.map((out) => ({ first: Math.max(range.first, out.first), end: Math.min(range.end, out.end) })).filter(({ first, end }) => first < end));
  if (refused.length) return refused.slice(0, MOST_NAMED);
  // Many clips of one stretch are one target: every frame of it is allowed.
  return permitted.filter((range) => wanted.some(({ first, end }) => first < range.end && end > range.first));
}

/** The title in stretches of a few exclusions each: each evaluation looks at all that it is given. */
function stretchesOf({ frames }: Edit, exclusions: readonly Exclusion[]): FrameRange[] {
  const edges = [...new Set([0, ...exclusions.filter((_, at) => at > 0 && at % AT_ONCE === 0).map(({ first }) => first), frames])];
  return edges.slice(0, -1).map((first, at) => ({ first, end: edges[at + 1]! }));
}

/** Ranges that touch and are left out for the same reason, as one. */
function neighbours(ranges: readonly LeftOut[]): LeftOut[] {
  const all: LeftOut[] = [];
  for (const range of ranges) {
    const last = all.at(-1);
    if (last && range.first <= last.end && last.sentence === range.sentence && last.rules.join() === range.rules.join()) last.end = Math.max(last.end, range.end);
    else all.push({ ...range });
  }
  return all;
}

/** Of the title that it stands beside; an exclusion by its frames, because the places of uneven frames are ticks. */
function plainly(sentence: string, { first, end }: FrameRange, { titleId }: Edit, exclusion: Exclusion | undefined): string {
  if (exclusion) return `${exclusion.clause === null ? 'An exclusion' : `Clause ${exclusion.clause}`} leaves out ${end - first === 1 ? `frame ${first}` : `frames ${first} to ${end - 1}`} of the title (${exclusion.why}).`;
  const said = sentence.replace(/^Refused: /, '').replaceAll(`urn:uuid:${titleId}`, 'the title');
  return said.charAt(0).toUpperCase() + said.slice(1);
}

function toState(exclusion: Exclusion, place: Places): NonNullable<WorldState['exclusions']>[number] {
  const { id, titleId, why, clause, actions } = exclusion;
  return { id, target: `urn:uuid:${titleId}`, segment: place.segment(exclusion), why, ...(clause === null ? {} : { clause }), ...(actions.length ? { actions } : {}) };
}

/** What is known of each frame. Only marks that a person called complete say anything: else a frame without one may be unseen. */
function knownOf(edit: Edit, marks: readonly Mark[]): Known[] {
  const kinds = [...(edit.performersMarked ? ['performer'] : []), ...(edit.cuesMarked ? ['cue'] : [])];
  if (!kinds.length) return [];
  const counted = marks.filter((mark) => kinds.includes(mark.kind));
  const edges = [...new Set([0, edit.frames, ...counted.flatMap((mark) => [mark.first, mark.end])])].sort((a, b) => a - b);
  const begins = Map.groupBy(counted, (mark) => mark.first);
  let open: Mark[] = [];
  const known: Known[] = [];
  for (const [at, first] of edges.slice(0, -1).entries()) {
    open = [...open.filter((mark) => mark.end > first), ...(begins.get(first) ?? [])];
    const facts = factsOf(edit, open);
    const last = known.at(-1);
    if (last && JSON.stringify(last.facts) === JSON.stringify(facts)) last.end = edges[at + 1]!;
    else known.push({ first, end: edges[at + 1]!, facts });
  }
  return known;
}

function factsOf(edit: Edit, marks: readonly Pick<Mark, 'kind' | 'subject'>[]): Facts {
  const of = (kind: Mark['kind']): string[] => [...new Set(marks.filter((mark) => mark.kind === kind).map((mark) => mark.subject))].sort();
  const facts: Record<string, Fact> = {};
  if (edit.performersMarked) {
    facts.appearsPerformer = of('performer');
    // Where nobody appears there is nobody to clear.
    if (!of('performer').length) facts.performerClearance = [];
  }
  if (edit.cuesMarked) facts.playsCue = of('cue');
  return facts;
}

/** The ranges cut where what is known changes. */
function apartBy(ranges: readonly FrameRange[], known: readonly Known[]): Known[] {
  if (!known.length) return ranges.map((range) => ({ first: range.first, end: range.end, facts: {} }));
  return ranges.flatMap((range) => known.map(({ first, end, facts }) => ({ first: Math.max(first, range.first), end: Math.min(end, range.end), facts })).filter(({ first, end }) => first < end));
}

/** What is known of all of its frames, taken together. What is known of some of them only is not known of the range. */
function togetherIn(range: FrameRange, known: readonly Known[]): Facts {
  const pieces = apartBy([range], known).map(({ facts }) => facts);
  const names = Object.keys(pieces[0] ?? {}).filter((name) => pieces.every((facts) => name in facts));
  return Object.fromEntries(names.map((name) => [name, [...new Set(pieces.flatMap((facts) => facts[name] as string[]))].sort()]));
}

/** The evaluation, saying of which titles it allows some frames only; a permit says so in its sentence. */
export function withFrames(evaluation: Evaluation, frames: TitleFrames[]): Answer {
  const plain = evaluation.toJSON();
  if (!frames.length) return plain;
  const refusing = plain.outcome === 'permit' ? undefined : frames.flatMap(({ leftOut }) => leftOut).find(({ rules, sentence }) => rules[0] === plain.reason.rules[0] && / leaves out frames? /.test(sentence));
  const sentence = plain.outcome === 'permit' ? `${plain.reason.sentence}${leftOutSentence(frames)}` : refusing ? `Refused: ${refusing.sentence.charAt(0).toLowerCase()}${refusing.sentence.slice(1)}` : plain.reason.sentence;
  return { ...plain, reason: { ...plain.reason, sentence, frames } };
}

function leftOutSentence(frames: readonly TitleFrames[]): string {
  const [first] = frames.flatMap(({ leftOut }) => leftOut);
  if (!first) return '';
  const count = frames.reduce((sum, { leftOut }) => sum + joined(leftOut).reduce((all, range) => all + range.end - range.first, 0), 0);
  return ` ${count === 1 ? '1 frame is' : `${count} frames are`} left out; from frame ${first.first} on: ${first.sentence}`;
}
