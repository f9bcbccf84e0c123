import { Refusal, row, rows, type Scope } from '#libs/platform';
import { deflateSync, inflateSync } from 'node:zlib';
import type { Segment } from './policy/index.js';

/** Half-open frames of a title's master, counted from 0 in the order shown. */
export interface FrameRange {
  first: number;
  end: number;
}

/** A title's frames as they were decoded. */
export interface Edit {
  titleId: string;
  frames: number;
  /** Frames a second: "24", "24000/1001". */
  rate: string;
  /** Whether its frames are evenly spaced, so that a place in time is a frame number at `rate`. */
  even: boolean;
  /** Seconds of a tick, "1/24000". */
  timeBase: string;
  performersMarked: boolean;
  cuesMarked: boolean;
}

/** An edit with the timestamp of every frame and of the end, in ticks. */
export interface TimedEdit extends Edit {
  times: Float64Array;
}

/** What a decision says about the frames of one title that is not allowed or refused as a whole. */
export interface TitleFrames {
  titleId: string;
  frames: number;
  permitted: FrameRange[];
  leftOut: LeftOut[];
}

/** Frames that may not be touched, and the rules or exclusions that say so. */
export interface LeftOut extends FrameRange {
  sentence: string;
  rules: string[];
}

interface EditRow {
  title_id: string;
  frames: number;
  rate: string;
  even: boolean;
  time_base: string;
  times: Buffer;
  performers_marked: boolean;
  cues_marked: boolean;
}

const columns = 'title_id, frames, rate, even, time_base, performers_marked, cues_marked';

const toEdit = (found: Omit<EditRow, 'times'>): Edit => ({ titleId: found.title_id, frames: found.frames, rate: found.rate, even: found.even, timeBase: found.time_base, performersMarked: found.performers_marked, cuesMarked: found.cues_marked });

/** Differences of timestamps hardly differ, so they deflate to almost nothing. */
function pack(times: ArrayLike<number>): Buffer {
  const steps = Float64Array.from(times, (time, at) => (at === 0 ? time : time - times[at - 1]!));
  return deflateSync(Buffer.from(steps.buffer));
}

function unpack(packed: Buffer): Float64Array {
  const bytes = Uint8Array.from(inflateSync(packed));
  const times = new Float64Array(bytes.buffer);
  for (let at = 1; at < times.length; at++) times[at] = times[at]! + times[at - 1]!;
  return times;
}

/** Writes what a title's frames are, in the caller's transaction; `times` has one more than there are frames: the end. */
export async function registerEdit(scope: Scope, { titleId, rate, even, timeBase, times }: { titleId: string; rate: string; even: boolean; timeBase: string; times: ArrayLike<number> }): Promise<void> {
  await rows(
    `insert into edit (title_id, studio_id, frames, rate, even, time_base, times) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (title_id) do update set frames = excluded.frames, rate = excluded.rate, even = excluded.even, time_base = excluded.time_base, times = excluded.times`,
    [titleId, scope.studioId, times.length - 1, rate, even, timeBase, pack(times)],
  );
}

/** By title id; a title that is not analysed is absent. */
export async function editsOf(scope: Scope, titleIds: string[]): Promise<Map<string, Edit>> {
  const found = await rows<EditRow>(`select ${columns} from edit where studio_id = $1 and title_id = any($2)`, [scope.studioId, titleIds]);
  return new Map(found.map((edit) => [edit.title_id, toEdit(edit)]));
}

/** With the time of every frame, or undefined where the title is not analysed. */
export async function timedEdit(scope: Scope, titleId: string): Promise<TimedEdit | undefined> {
  const found = await row<EditRow>(`select ${columns}, times from edit where studio_id = $1 and title_id = $2`, [scope.studioId, titleId]);
  return found && { ...toEdit(found), times: unpack(found.times) };
}

/** The edit, locked, so that changes to what is left out of it come one after the other. Throws Refusal NOT_ANALYSED. */
export async function lockEdit(scope: Scope, titleId: string): Promise<Edit> {
  const found = await row<EditRow>(`select ${columns} from edit where studio_id = $1 and title_id = $2 for update`, [scope.studioId, titleId]);
  if (!found) throw new Refusal('NOT_ANALYSED', "The title's frames are not known yet: its master was not analysed.", 'Wait until its analysis has ended.', 409);
  return toEdit(found);
}

/**
 * Where frames of an edit lie, for the policies. Evenly spaced frames are numbers at the edit's rate; others are counted in ticks from
 * the first frame on, because a frame number would say nothing about their time.
 */
export class Places {
  constructor(private readonly edit: Edit & { times?: Float64Array }) {}

  get extent(): Segment {
    return this.segment({ first: 0, end: this.edit.frames });
  }

  segment({ first, end }: FrameRange): Segment {
    if (this.edit.even) return { first, end, rate: this.edit.rate };
    const [over = '1', under = '1'] = this.edit.timeBase.split('/');
    return { first: this.tick(first), end: this.tick(end), rate: over === '1' ? under : `${under}/${over}` };
  }

  /** Every frame that is on screen during any of it. */
  touched({ first, end }: FrameRange): FrameRange {
    if (this.edit.even) return { first, end };
    return { first: this.firstAt((frame) => this.tick(frame + 1) > first), end: this.firstAt((frame) => this.tick(frame) >= end) };
  }

  private tick(frame: number): number {
    return this.edit.times![frame]! - this.edit.times![0]!;
  }

  /** The first frame for which it holds (it holds for all after), or the number of frames. */
  private firstAt(holds: (frame: number) => boolean): number {
    let [low, high] = [0, this.edit.frames];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** What of `whole` is in none of `parts`, which are in order and do not overlap. */
export function without(whole: FrameRange, parts: readonly FrameRange[]): FrameRange[] {
  const left: FrameRange[] = [];
  let at = whole.first;
  for (const part of parts) {
    if (part.end <= at || part.first >= whole.end) continue;
    if (part.first > at) left.push({ first: at, end: part.first });
    at = part.end;
  }
  if (at < whole.end) left.push({ first: at, end: whole.end });
  return left;
}

/** In order, overlapping and touching ones as one. */
export function joined(ranges: readonly FrameRange[]): FrameRange[] {
  const all: FrameRange[] = [];
  for (const { first, end } of ranges.toSorted((a, b) => a.first - b.first)) {
    const last = all.at(-1);
    if (last && first <= last.end) last.end = Math.max(last.end, end);
    else all.push({ first, end });
  }
  return all;
}
