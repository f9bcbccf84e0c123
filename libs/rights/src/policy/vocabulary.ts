import profile from '../../../../policies/profile/vocabulary.json' with { type: 'json' };
import type { Truth } from './types.js';

/** The words of the profile (policies/profile/vocabulary.json). Names are short: "fineTune" is the profile's, "odrl:play" is ODRL's. */

export type OperandType = 'instant' | 'term' | 'place' | 'integer' | 'decimal' | 'duration' | 'boolean' | 'id';

export interface LeftOperand {
  type: OperandType;
  /** The request's field that holds it; absent: a fact. */
  from?: 'now' | 'purpose' | 'spatial' | 'counts' | 'modelTenant';
  /** Holds several values at once. */
  many?: boolean;
  /** The comparison must hold for each of its values. */
  each?: boolean;
  /** A value that stands for every party other than those who grant the rule. */
  others?: string;
  /** The word of today for a deprecated one. */
  means?: string;
  words: string;
}

export interface Action {
  includedIn?: string;
  /** Nobody does it as such, only kinds of it. */
  abstract?: boolean;
  /** The word of today for a deprecated one. */
  means?: string;
  words: string;
}

export interface Words {
  /** By short name or IRI. */
  actions?: Readonly<Record<string, Action>>;
  leftOperands?: Readonly<Record<string, LeftOperand>>;
  /** IRIs of the profiles that these words belong to. */
  profiles?: readonly string[];
}

export const operators = ['eq', 'neq', 'lt', 'lteq', 'gt', 'gteq', 'isAnyOf', 'isAllOf', 'isNoneOf', 'isA', 'isPartOf', 'hasPart'] as const;
export type Operator = (typeof operators)[number];

const prefixes: Record<string, string> = {
  'urn:backlot:profile:': '',
  'backlot:': '',
  'http://www.w3.org/ns/odrl/2/': 'odrl:',
  'http://creativecommons.org/ns#': 'cc:',
};

const shortened = Object.entries(prefixes);

/** The short name of a term given as IRI or with a prefix; other text stays as it is. */
export function shortName(term: string): string {
  if (!term.includes(':')) return term;
  for (const [prefix, short] of shortened) if (term.startsWith(prefix)) return short + term.slice(prefix.length);
  return term;
}

const regions = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
// Names that Unicode has besides: parts of countries, unions of them, and what is no place at all. In which countries they lie is not known here.
const others = new Set(['AC', 'CP', 'CQ', 'DG', 'EA', 'EU', 'EZ', 'IC', 'QO', 'TA', 'UN', 'XA', 'XB', 'ZZ']);
const isCountry = (code: string): boolean => regions.of(code) !== undefined && new Intl.Locale(`und-${code}`).region === code && !others.has(code);
const countries = new Set(letters.flatMap((first) => letters.map((second) => first + second)).filter(isCountry));
const places = new Map(Object.entries<string[]>(profile.places));

/** What a policy may say. A studio's own profile, or an outside suite, extends it; what is in it stays as it is. */
export class Vocabulary {
  /** Actions that are included in no other: what a rule without action is about. */
  readonly roots: readonly string[];
  private readonly paths = new Map<string, readonly string[]>();

  private constructor(
    readonly actions: ReadonlyMap<string, Action>,
    readonly leftOperands: ReadonlyMap<string, LeftOperand>,
    /** What a duty's period runs from, in words. */
    readonly triggers: ReadonlyMap<string, string>,
    readonly profiles: ReadonlySet<string>,
  ) {
    this.roots = [...actions].filter(([, action]) => action.includedIn === undefined).map(([name]) => name);
    for (const name of actions.keys()) this.paths.set(name, this.path(name));
  }

  static readonly profile = new Vocabulary(
    new Map(Object.entries<Action>(profile.actions)),
    new Map(Object.entries(profile.leftOperands as Record<string, LeftOperand>)),
    new Map(Object.entries(profile.triggers)),
    new Set(['urn:backlot:profile:']),
  );

  /** These words as well. Throws where one would change what a word of the profile means, or its kinds form a circle. */
  extend({ actions = {}, leftOperands = {}, profiles = [] }: Words): Vocabulary {
    const merge = <W>(known: ReadonlyMap<string, W>, more: Readonly<Record<string, W>>, plain: (word: W) => W): Map<string, W> => {
      const merged = new Map(known);
      for (const [iri, word] of Object.entries(more)) {
        const name = shortName(iri);
        if (known.has(name)) throw new RangeError(`"${name}" is a word of the profile already`);
        merged.set(name, plain(word));
      }
      return merged;
    };
    return new Vocabulary(
      merge(this.actions, actions, (action) => (action.includedIn === undefined ? action : { ...action, includedIn: shortName(action.includedIn) })),
      merge(this.leftOperands, leftOperands, (operand) => operand),
      this.triggers,
      new Set([...this.profiles, ...profiles]),
    );
  }

  /** The word that a policy uses, a deprecated one as its successor: "odrl:modify" for "odrl:write". */
  current(name: string): string {
    return this.actions.get(name)?.means ?? this.leftOperands.get(name)?.means ?? name;
  }

  isAction(name: string): boolean {
    return this.actions.has(name);
  }

  /** Whether asking for it asks for every kind of it. */
  isAbstract(name: string): boolean {
    return this.actions.get(name)?.abstract === true;
  }

  /** Every action that doing this one is an instance of, itself first. */
  actionPath(name: string): readonly string[] {
    return this.paths.get(name) ?? [name];
  }

  /** "fine-tuning" for fineTune. */
  wordsFor(name: string): string {
    return this.actions.get(name)?.words ?? this.leftOperands.get(name)?.words ?? name;
  }

  /** The name of a place in this vocabulary: "EEA" for "territory-EEA". Undefined: not a place. */
  place(name: string): string | undefined {
    const plain = name.replace(/^territory-/, '');
    return isPlace(plain) ? plain : undefined;
  }

  private path(name: string): string[] {
    const path = [name];
    for (let next = this.actions.get(name)?.includedIn; next !== undefined; next = this.actions.get(next)?.includedIn) {
      if (path.includes(next)) throw new RangeError(`the action "${name}" is included in itself`);
      if (!this.actions.has(next)) throw new RangeError(`the action "${path.at(-1)!}" is included in "${next}", which is not an action`);
      path.push(next);
    }
    return path;
  }
}

/** The profile's own words and ODRL's. */
export const vocabulary = Vocabulary.profile;

export const leftOperands = vocabulary.leftOperands;
export const triggers = vocabulary.triggers;
export const isAbstract = (name: string): boolean => vocabulary.isAbstract(name);
export const isAction = (name: string): boolean => vocabulary.isAction(name);
export const actionPath = (name: string): readonly string[] => vocabulary.actionPath(name);
export const wordsFor = (name: string): string => vocabulary.wordsFor(name);

/** ISO 3166-1 code, ISO 3166-2 subdivision, a group of the profile, or a place that somebody else names by an IRI. */
export const isPlace = (name: string): boolean => places.has(name) || (countries.has(name.slice(0, 2)) && /^[A-Z]{2}(-[A-Z0-9]{1,3})?$/.test(name)) || isForeign(name);
const isForeign = (place: string): boolean => /^(https?|urn|wd):\S+$/.test(place);

/**
 * Whether the place `inner` lies in `outer`: unknown when only part of it does, as a use throughout the EU does for Germany, and when
 * one is somebody else's IRI and the other anything else, which may mean the same.
 */
export function placeWithin(inner: string, outer: string): Truth {
  if (isForeign(inner) || isForeign(outer)) return inner === outer ? true : 'unknown';
  const outers = leaves(outer);
  const parts = leaves(inner).map((part) => {
    if (outers.some((place) => part === place || part.startsWith(`${place}-`))) return 'in';
    return outers.some((place) => place.startsWith(`${part}-`)) ? 'partly' : 'out';
  });
  return parts.every((part) => part === 'in') ? true : parts.every((part) => part === 'out') ? false : 'unknown';
}

const leaves = (place: string): string[] => places.get(place)?.flatMap(leaves) ?? [place];
