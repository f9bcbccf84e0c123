import profile from '../../../../policies/profile/vocabulary.json' with { type: 'json' };
import type { Truth } from './types.js';

/** The words of the profile (policies/profile/vocabulary.json). Names are short: "fineTune" is the profile's, "odrl:play" is ODRL's. */

export type OperandType = 'instant' | 'term' | 'place' | 'integer' | 'id';

export interface LeftOperand {
  type: OperandType;
  /** The request's field that holds it; absent: a fact. */
  from?: 'now' | 'purpose' | 'spatial' | 'counts' | 'modelTenant';
  /** Holds several values at once. */
  many?: boolean;
  words: string;
}

interface Action {
  includedIn?: string;
  /** Nobody does it as such, only kinds of it. */
  abstract?: boolean;
  words: string;
}

const actions = new Map(Object.entries<Action>(profile.actions));
export const leftOperands: ReadonlyMap<string, LeftOperand> = new Map(Object.entries(profile.leftOperands as Record<string, LeftOperand>));
const duties = new Map(Object.entries<{ words: string }>(profile.duties));
/** What a duty's period runs from, in words. */
export const triggers: ReadonlyMap<string, string> = new Map(Object.entries(profile.triggers));
const places = new Map(Object.entries<string[]>(profile.places));

export const operators = ['eq', 'neq', 'lt', 'lteq', 'gt', 'gteq', 'isAnyOf', 'isAllOf', 'isNoneOf', 'isA', 'isPartOf', 'hasPart'] as const;
export type Operator = (typeof operators)[number];

const prefixes: Record<string, string> = {
  'urn:backlot:profile:': '',
  'backlot:': '',
  'http://www.w3.org/ns/odrl/2/': 'odrl:',
  'http://creativecommons.org/ns#': 'cc:',
};

/** The short name of a term given as IRI or with a prefix; other text stays as it is. */
export function shortName(term: string): string {
  for (const [prefix, short] of Object.entries(prefixes)) if (term.startsWith(prefix)) return short + term.slice(prefix.length);
  return term;
}

/** Whether asking for it asks for every kind of it. */
export const isAbstract = (name: string): boolean => actions.get(name)?.abstract === true;

export const isAction = (name: string): boolean => actions.has(name);
export const isDuty = (name: string): boolean => duties.has(name);

/** Every action that doing this one is an instance of, itself first. */
export const actionPath: (name: string) => readonly string[] = memo((name) => {
  const path = [name];
  for (let next = actions.get(name)?.includedIn; next; next = actions.get(next)?.includedIn) path.push(next);
  return path;
});

/** "fine-tuning" for fineTune. */
export const wordsFor = (name: string): string => actions.get(name)?.words ?? leftOperands.get(name)?.words ?? duties.get(name)?.words ?? name;

/** ISO 3166-1 code, ISO 3166-2 subdivision, or a group of the profile. */
export const isPlace = (name: string): boolean => places.has(name) || /^[A-Z]{2}(-[A-Z0-9]{1,3})?$/.test(name);

/**
 * Whether the place `inner` lies in `outer`: unknown when only part of it does, as a use throughout the EU does for Germany.
 */
export function placeWithin(inner: string, outer: string): Truth {
  const outers = leaves(outer);
  const parts = leaves(inner).map((part) => {
    if (outers.some((place) => part === place || part.startsWith(`${place}-`))) return 'in';
    return outers.some((place) => place.startsWith(`${part}-`)) ? 'partly' : 'out';
  });
  return parts.every((part) => part === 'in') ? true : parts.every((part) => part === 'out') ? false : 'unknown';
}

const leaves = (place: string): string[] => places.get(place)?.flatMap(leaves) ?? [place];

function memo<V>(compute: (name: string) => V): (name: string) => V {
  const known = new Map([...actions.keys()].map((name) => [name, compute(name)]));
  return (name) => known.get(name) ?? compute(name);
}
