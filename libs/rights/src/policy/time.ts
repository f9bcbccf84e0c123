import { invalid } from './document.js';

/** Dates of contracts as intervals of Unix milliseconds, computed when the policy is compiled: a day is as long as its time zone makes it. */
export interface Interval {
  start: number;
  /** First millisecond after it. */
  end: number;
  /** "31 Jan 2026", "31 Jan 2026, 12:00 UTC" */
  words: string;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const ZONE = String.raw`(Z|[+-]\d{2}:\d{2})`;
const INSTANT = new RegExp(String.raw`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?${ZONE}$`);

/** An instant with its zone, as Unix milliseconds, or undefined. */
export function readInstant(text: unknown): number | undefined {
  if (typeof text !== 'string' || !INSTANT.test(text) || !isDay(text.slice(0, 10))) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** xsd:dateTime with a zone, or xsd:date with a zone of its own or the policy's. */
export function readInterval(value: unknown, type: string | undefined, zone: string | undefined, path: string): Interval {
  if (type === 'xsd:dateTime' || type === 'xsd:dateTimeStamp') {
    const start = readInstant(value);
    if (start === undefined) throw invalid(path, 'a dateTime such as "2029-01-01T00:00:00Z" is expected, with its zone');
    return { start, end: start + 1, words: instantWords(start) };
  }
  const [, day, own] = (typeof value === 'string' && new RegExp(`^(\\d{4}-\\d{2}-\\d{2})${ZONE}?$`).exec(value)) || [];
  if (type !== 'xsd:date' || day === undefined || !isDay(day)) throw invalid(path, 'a date is compared with {"@value", "@type": "xsd:dateTime"} or "xsd:date"');
  const used = own === 'Z' ? 'UTC' : own === undefined ? zone : readZone(own, path);
  if (used === undefined) throw invalid(path, 'a date needs a zone: write it behind the date, or give the policy a backlot:timeZone');
  const noon = Date.parse(`${day}T00:00:00Z`);
  return { start: clock(noon, used), end: clock(noon + 86_400_000, used), words: dayWords(noon) };
}

/** An IANA zone name or offset. */
export function readZone(value: unknown, path: string): string {
  try {
    if (typeof value === 'string') {
      new Intl.DateTimeFormat('en', { timeZone: value });
      return value;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw invalid(path, 'a time zone such as "Europe/Berlin" is expected');
}

const PERIOD = /^P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?=.)(?:(\d{1,5})H)?(?:(\d{1,6})M)?)?$/;

/** An ISO 8601 duration, checked. */
export function readPeriod(value: unknown, path: string): string {
  if (typeof value !== 'string' || !PERIOD.test(value)) throw invalid(path, 'a period such as "P30D" is expected');
  return value;
}

const DURATION = /^(-)?P(?=.)(?:(\d{1,6})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,10}(?:\.\d{1,6})?)S)?)?$/;

/** An xsd:duration in milliseconds. Years and months are of no fixed length, so they cannot be compared. */
export function readDuration(value: unknown, type: string | undefined, path: string): number {
  const ms = type === undefined || type === 'xsd:duration' || type === 'xsd:dayTimeDuration' ? durationMs(value) : undefined;
  if (ms === undefined) throw invalid(path, 'a duration (xsd:duration) of days, hours, minutes and seconds such as "PT90M" is expected');
  return ms;
}

/** A duration of days and less in milliseconds, or undefined. */
export function durationMs(value: unknown): number | undefined {
  const found = typeof value === 'string' ? DURATION.exec(value) : null;
  if (!found) return undefined;
  const [, minus, days = 0, hours = 0, minutes = 0, seconds = 0] = found;
  const ms = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Math.round(Number(seconds) * 1000);
  return minus ? -ms : ms;
}

/** The ISO instant `times` periods after another, by the calendar and the clocks of a zone: a month after 31 January, 23:00 in Berlin is 28 February, 23:00 there. */
export function addPeriod(at: number, period: string, zone = 'UTC', times = 1): string {
  const [years = 0, monthCount = 0, weeks = 0, days = 0, hours = 0, minutes = 0] = PERIOD.exec(period)!.slice(1).map((part) => Number(part ?? 0) * times);
  const date = new Date(at + offsetOf(zone)(at));
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + monthCount + years * 12);
  // A month after 31 January is the last day of February.
  date.setUTCDate(Math.min(day, new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()));
  date.setUTCDate(date.getUTCDate() + weeks * 7 + days);
  const shown = date.getTime();
  // Hours and minutes are counted as they pass, whatever the clocks do meanwhile.
  return new Date((weeks + days + monthCount + years === 0 ? at : clock(shown, zone)) + (hours * 60 + minutes) * 60_000).toISOString();
}

/** "3 Feb 2026" */
export function dayWords(at: number): string {
  const date = new Date(at);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]!} ${date.getUTCFullYear()}`;
}

/** Midnights as days, other instants with their time. */
export function instantWords(at: number): string {
  return at % 86_400_000 === 0 ? dayWords(at) : `${dayWords(at)}, ${new Date(at).toISOString().slice(11, 16)} UTC`;
}

function isDay(text: string): boolean {
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8))];
  const days = month === 2 ? ((year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return month >= 1 && month <= 12 && day >= 1 && day <= days;
}

/** The instant at which the clocks of a zone show the same date and time as UTC does at `utc`. */
function clock(utc: number, zone: string): number {
  const offsetAt = offsetOf(zone);
  // Twice, for the days on which the offset changes between.
  const guess = utc - offsetAt(utc);
  const at = utc - offsetAt(guess);
  // What the clocks leave out is when they have gone on: a day without a midnight does not begin on the day before.
  return at + offsetAt(at) === utc ? at : Math.max(at, guess);
}

const offsets = new Map<string, (at: number) => number>();

/** How far the clocks of a zone are ahead of UTC, in milliseconds. */
function offsetOf(zone: string): (at: number) => number {
  const known = offsets.get(zone);
  if (known) return known;
  const shown = new Intl.DateTimeFormat('en-GB', { timeZone: zone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
  const offsetAt = (at: number): number => {
    const part = Object.fromEntries(shown.formatToParts(at).map(({ type, value }) => [type, Number(value)])) as Record<string, number>;
    return Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!) - Math.floor(at / 1000) * 1000;
  };
  offsets.set(zone, offsetAt);
  return offsetAt;
}
