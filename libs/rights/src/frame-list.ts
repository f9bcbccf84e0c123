import { Refusal } from '#libs/platform';
import { type CsvError, parse } from 'csv-parse/sync';

/** A list of frames that a person keeps elsewhere, row by row: what reads, and what does not with its reason. */

export interface FrameRow {
  /** Line of the text, from 1. */
  line: number;
  /** The line as it was given. */
  text: string;
  first: number;
  end: number;
  why: string;
  clause: string | null;
  actions: string[];
}

export interface RefusedRow {
  line: number;
  text: string;
  code: string;
  message: string;
}

export interface FrameList {
  rows: FrameRow[];
  refused: RefusedRow[];
}

export interface Clock {
  /** Frames a second: "24000/1001"; null where frames are not evenly spaced, so that no timecode names one. */
  rate: string | null;
  /** The frame that is numbered 0. */
  start?: string | null;
  /** Said of rows that give no reason. */
  why?: string | null;
}

const MOST_BYTES = 1_000_000;
const EVENT = /^(\d{1,6})\s+(\S+)\s+(\S+)\s+(\S+)(?:\s+\d+)?\s+(\d{2}:\d{2}:\d{2}[:;]\d{2})\s+(\d{2}:\d{2}:\d{2}[:;]\d{2})\s+(\d{2}:\d{2}:\d{2}[:;]\d{2})\s+(\d{2}:\d{2}:\d{2}[:;]\d{2})\s*$/;

class BadRow extends Error {}

/**
 * Reads CSV with a heading (first, end, why; clause and actions if wanted), or the events of a CMX 3600 EDL by their record times. Places
 * are frame numbers or timecodes; the end is the first frame that is no longer meant. Throws Refusal BAD_LIST where it is neither.
 */
export function readFrameList(text: string, clock: Clock): FrameList {
  if (Buffer.byteLength(text) > MOST_BYTES) throw badList(`The list is longer than ${MOST_BYTES} bytes.`, 'Send it in parts.');
  const start = clock.start ? startFrame(clock.start, clock.rate) : 0;
  const frameOf = (place: string): number => (/^\d+$/.test(place) ? Number(place) : frameAt(place, clock.rate) - start);
  // Lists are pasted together: one may end its lines in two ways.
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n?|\n/);
  return lines.some((line) => EVENT.test(line.trim())) ? readEdl(lines, frameOf, clock) : readCsv(lines, frameOf, clock);
}

function startFrame(start: string, rate: string | null): number {
  try {
    return frameAt(start, rate);
  } catch (error) {
    if (error instanceof BadRow) throw badList(`The start ${error.message}.`, 'Give the timecode of the first frame as HH:MM:SS:FF.');
    throw error;
  }
}

/** The frame that a SMPTE timecode names; with a semicolon it is drop-frame (ST 12-1), which only 29.97 and 59.94 have. */
export function frameAt(timecode: string, rate: string | null): number {
  const parts = /^(\d{2}):(\d{2}):(\d{2})([:;])(\d{2,3})$/.exec(timecode.trim());
  if (!parts) throw new BadRow(`"${timecode}" is neither a frame number nor a timecode`);
  if (rate === null) throw new BadRow("the master's frames are not evenly spaced, so a timecode names none of them; give frame numbers");
  const [hours, minutes, seconds, frames] = [parts[1], parts[2], parts[3], parts[5]].map(Number) as [number, number, number, number];
  const [over = 0, under = 1] = rate.split('/').map(Number);
  const nominal = Math.max(1, Math.round(over / under));
  if (minutes > 59 || seconds > 59 || frames >= nominal) throw new BadRow(`"${timecode}" is no timecode at ${nominal} frames a second`);
  const label = ((hours * 60 + minutes) * 60 + seconds) * nominal + frames;
  if (parts[4] === ':') return label;
  if (under !== 1001 || nominal % 30 !== 0) throw new BadRow(`"${timecode}" is drop-frame, which ${rate} frames a second do not have`);
  const dropped = nominal / 15;
  if (minutes % 10 !== 0 && seconds === 0 && frames < dropped) throw new BadRow(`"${timecode}" is left out of drop-frame timecode`);
  const passed = hours * 60 + minutes;
  return label - dropped * (passed - Math.floor(passed / 10));
}

function readCsv(lines: string[], frameOf: (place: string) => number, { why: fallback }: Clock): FrameList {
  const list: FrameList = { rows: [], refused: [] };
  const skipped = (error: CsvError | undefined, raw: string | undefined): undefined => {
    const line = Math.min(lines.length, Number(error?.lines ?? 1));
    list.refused.push({ line, text: raw?.trim() ?? lines[line - 1]!, code: 'UNREADABLE', message: error?.message ?? 'the row does not read' });
  };
  const heading = lines.find((line) => line.trim() && !line.startsWith('#'))?.toLowerCase() ?? '';
  // A drop-frame timecode holds a semicolon, so a semicolon parts columns only where the heading says so.
  const delimiter = [',', '\t', ';'].find((sign) => heading.includes(sign)) ?? ',';
  const names = heading.split(delimiter).map((name) => name.replaceAll('"', '').trim());
  if (!names.includes('first') || !names.includes('end')) throw badList('The list has no heading with the columns first and end.', 'Begin a CSV with a line such as: first,end,why,clause,actions. An EDL has events in CMX 3600.');
  const read = parse(lines.join('\n'), {
    columns: (given: string[]) => given.map((name) => name.trim().toLowerCase()), delimiter, info: true, raw: true, relax_column_count: true, relax_quotes: true,
    skip_empty_lines: true, skip_records_with_error: true, trim: true, comment: '#', comment_no_infix: true, on_skip: skipped,
  }) as unknown as { record: Record<string, string>; raw: string; info: { lines: number } }[];
  for (const { record, raw, info } of read) {
    const about = { line: info.lines, text: raw.trim() };
    take(list, about, () => ({
      ...about, first: frameOf(cell(record, 'first')), end: frameOf(cell(record, 'end')), why: record.why || fallback || '', clause: record.clause || null,
      actions: (record.actions ?? '').split(/[\s|+]+/).filter(Boolean),
    }));
  }
  return list;
}

function cell(record: Record<string, string>, column: string): string {
  const value = record[column];
  if (!value) throw new BadRow(`it gives no ${column}`);
  return value;
}

/** Titles, frame code modes, comments and everything else that is no event is a heading or a remark about the event before. */
function readEdl(lines: string[], frameOf: (place: string) => number, { why: fallback }: Clock): FrameList {
  const list: FrameList = { rows: [], refused: [] };
  let event: { line: number; text: string; places: [string, string]; why: string; clause: string | null } | undefined;
  const close = (): void => {
    const done = event;
    if (done) take(list, done, () => ({ line: done.line, text: done.text, first: frameOf(done.places[0]), end: frameOf(done.places[1]), why: done.why || fallback || '', clause: done.clause, actions: [] }));
    event = undefined;
  };
  for (const [at, line] of lines.entries()) {
    const told = line.trim();
    const found = EVENT.exec(told);
    const remark = /^\*\s*(?:(CLAUSE|COMMENT|LOC|FROM CLIP NAME):)?\s*(.+)$/i.exec(told);
    if (found) {
      close();
      event = { line: at + 1, text: line, places: [found[7]!, found[8]!], why: '', clause: null };
    } else if (remark && event) {
      if (remark[1]?.toUpperCase() === 'CLAUSE') event.clause = remark[2]!.trim();
      else event.why = event.why ? `${event.why}; ${remark[2]!.trim()}` : remark[2]!.trim();
    } else if (/^\d{1,6}\s/.test(told)) {
      close();
      list.refused.push({ line: at + 1, text: line, code: 'UNREADABLE', message: 'the event does not read as CMX 3600' });
    }
  }
  close();
  return list;
}

function take(list: FrameList, about: { line: number; text: string }, read: () => FrameRow): void {
  try {
    list.rows.push(read());
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    list.refused.push({ line: about.line, text: about.text, code: 'UNREADABLE', message: error.message });
  }
}

const badList = (message: string, wayOut: string): Refusal => new Refusal('BAD_LIST', message, wayOut, 400);
