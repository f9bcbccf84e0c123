import { Refusal } from './errors.js';

/** A Relay page: at most 100 items after a keyset cursor. */
export interface Page {
  first: number;
  after?: string | null;
}

export interface Paged<T> {
  items: T[];
  endCursor: string | null;
  hasNextPage: boolean;
}

/** The cursor's parts, or undefined at the start of a list. Cursors are opaque base64url JSON arrays of the sort key. */
export function decodeCursor(after: string | null | undefined, parts: number): string[] | undefined {
  if (after === null || after === undefined) return undefined;
  try {
    const values: unknown = JSON.parse(Buffer.from(after, 'base64url').toString('utf8'));
    if (Array.isArray(values) && values.length === parts && values.every((value) => typeof value === 'string')) return values;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Refusal('BAD_CURSOR', 'The page cursor is not one of ours.', 'Start again from the first page.', 400);
}

export function encodeCursor(...parts: string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** `first` within 1..100, or a refusal that says so. */
export function pageSize(first: number): number {
  if (Number.isInteger(first) && first >= 1 && first <= 100) return first;
  throw new Refusal('BAD_PAGE', `A page has 1 to 100 items; ${first} were asked for.`, 'Ask for at most 100 and follow endCursor.', 400);
}

/** Cuts `first + 1` fetched items to a page; `cursorOf` gives the sort key of the last one. */
export function toPage<T>(fetched: T[], first: number, cursorOf: (item: T) => string[]): Paged<T> {
  const items = fetched.slice(0, first);
  const last = items.at(-1);
  return { items, endCursor: last ? encodeCursor(...cursorOf(last)) : null, hasNextPage: fetched.length > first };
}
