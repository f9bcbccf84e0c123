/** '1.4 GB' */
export function bytes(count: number | string): string {
  let value = Number(count);
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toLocaleString('en', { maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0 })} ${units[unit]}`;
}

const when = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' });

/** '23 Nov 2026, 01:07', in the member's own zone. */
export function date(iso: string): string {
  return when.format(new Date(iso));
}

/** '3 shots', '1 shot' */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : plural}`;
}

/** '0.1 s', '40 s', '12 min', '3 h 05 min' */
export function span(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** A value of unknown shape on one line. */
export function inWords(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'nothing';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(inWords).join(', ');
  return JSON.stringify(value);
}

/** 'fineTune' → 'fine tune', 'key.release' → 'key release', 'other-shots' → 'other shots' */
export function spaced(word: string): string {
  return word.replaceAll(/[._-]/g, ' ').replaceAll(/([a-z])([A-Z])/g, (_, left: string, right: string) => `${left} ${right.toLowerCase()}`);
}

const dayOnly = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** '23 Nov 2026', in the member's own zone. */
export function day(iso: string): string {
  return dayOnly.format(new Date(iso));
}

const DAY = 86_400_000;

/** 'in 12 days', 'in 5 hours', '3 days ago' */
export function away(iso: string, now = Date.now()): string {
  const ms = Date.parse(iso) - now;
  const size = Math.abs(ms);
  const words = size >= 2 * DAY ? count(Math.floor(size / DAY), 'day') : size >= 3_600_000 ? count(Math.floor(size / 3_600_000), 'hour') : count(Math.max(1, Math.floor(size / 60_000)), 'minute');
  return ms >= 0 ? `in ${words}` : `${words} ago`;
}

/** 'Ada', 'Ada and Ines', 'Ada, Ines and Marta' */
export function listed(words: string[], and = 'and'): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${and} ${words.at(-1)}`;
}
