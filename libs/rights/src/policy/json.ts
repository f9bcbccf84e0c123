import { Refusal } from '#libs/platform';

/** A policy as JSON, and the refusal of one. */

export type Json = Record<string, unknown>;

/** The refusal of a document, with the place inside it: a JSON Pointer, a line of Turtle, or both. */
export class InvalidPolicy extends Refusal {
  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super('INVALID_POLICY', `The policy is not valid at ${path || '/'}: ${problem}.`, 'Correct the document there; policies/profile/README.md shows every construct with an example.');
  }
}

export function invalid(path: string, problem: string): InvalidPolicy {
  return new InvalidPolicy(path, problem);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One value, an array of them, or a JSON-LD list or set. */
export function many(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  if (!isObject(value)) return [value];
  const inner = value['@list'] ?? value['@set'];
  return inner === undefined ? [value] : Array.isArray(inner) ? inner : [inner];
}

/** A key as a step of a JSON Pointer. */
export const pointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

// A long contract has a few hundred rules of a few hundred bytes and nests about ten deep.
export const MAX_BYTES = 4_000_000;
// Its tokens are all in memory at once.
export const MAX_TURTLE_BYTES = 1_000_000;
export const MAX_DEPTH = 64;
export const MAX_VALUES = 200_000;
// JSON-LD that has to be expanded first takes a millisecond for three values.
export const MAX_FOREIGN_VALUES = 20_000;

export const tooLarge = (most = MAX_VALUES): InvalidPolicy => invalid('', `it is larger than ${MAX_BYTES / 1_000_000} MB or ${most} values`);
export const tooDeep = (path = ''): InvalidPolicy => invalid(path, `it nests deeper than ${MAX_DEPTH} levels, or contains itself`);
