import type { Labels, Measures } from '../types.js';
import { type Disagreement, SAY } from './fields.js';
import { peopleIn } from './people.js';

/** What is known of a shot that words can go against. A fact that is not known is absent. */
export interface Facts {
  people?: 1 | 2 | 'several';
  place?: 'indoors' | 'outdoors';
  monochrome?: boolean;
  camera?: 'static' | 'moving';
  /** What was read on the screen. */
  text?: string;
}

export type Conflict = Pick<Disagreement, 'about' | 'known' | 'said'>;

/** The facts of a shot that are sure enough to be said. */
export function factsOf({ measures, labels }: { measures: Partial<Measures>; labels?: Partial<Labels> | undefined }): Facts {
  const sure = <T>(fact: { value: T; confidence: number } | undefined): T | undefined => (fact && fact.confidence >= SAY ? fact.value : undefined);
  const [people, place] = [sure(labels?.people), sure(labels?.place)];
  const { motionKind, saturation, blackFraction = 0 } = measures;
  return {
    ...(people !== undefined && { people }),
    ...(place && { place }),
    // Between the two a faded film and a grey day look alike.
    ...(saturation !== undefined && blackFraction < 0.5 && (saturation < GREY || saturation > COLOURED) && { monochrome: saturation < GREY }),
    ...(motionKind && { camera: motionKind === 'static' ? 'static' : 'moving' }),
  };
}

/** Mean chroma below which a picture is grey, and above which it is surely not. */
const [GREY, COLOURED] = [0.008, 0.05];

/**
 * What an English text says against facts. Only plain statements count: what may be read either way, speaks of a picture in the picture,
 * or says both, is no contradiction. What a fact does not tell is none either: that nobody was seen does not mean that nobody is there.
 */
export function contradictions(text: string, facts: Facts): Conflict[] {
  const plain = ` ${text.toLowerCase().replaceAll(/[’‘]/g, "'").replaceAll(/[^\p{L}\p{N}'".,;:!?-]+/gu, ' ')} `;
  return [people(text, facts), place(plain, facts), colour(plain, facts), camera(plain, facts), shownText(text, plain, facts)].filter((conflict) => conflict !== undefined);
}

const COUNTED = { 1: { least: 1, most: 1, known: 'one person' }, 2: { least: 2, most: 2, known: 'two people' }, several: { least: 3, most: Infinity, known: 'several people' } };

function people(text: string, facts: Facts): Conflict | undefined {
  const said = facts.people && peopleIn(text);
  if (!said) return undefined;
  const { least, most, known } = COUNTED[facts.people!];
  return said.most < least || said.least > most ? { about: 'people', known, said: said.said } : undefined;
}

// A room or a landscape that something is in: "in a kitchen", "across the snowy field". The words between may be no other place's.
const IN = "(?:in|inside|within|into|on|onto|at|across|along|through|over|down|up)(?: (?:a|an|the|his|her|its|their|some))?(?: (?!of\\b|in\\b|on\\b|at\\b|and\\b|with\\b)[\\p{L}-]+){0,2}";
const INDOORS = new RegExp(`\\b(?:indoors?|${IN} (?:room|kitchen|bedroom|bathroom|living room|office|hallway|corridor|classroom|library|restaurant|cafe|café|bar|hospital|church|museum|theatre|theater|gym|basement|attic|cellar|elevator|lift|warehouse|supermarket|laboratory|lab|studio))\\b`, 'gu');
const OUTDOORS = new RegExp(`\\b(?:outdoors?|${IN} (?:street|streets|field|fields|forest|woods|beach|desert|mountain|mountains|hill|hills|meadow|garden|park|sea|ocean|lake|river|valley|cliff|road|highway|pavement|sidewalk|rooftop|snow|sky|jungle|prairie|countryside|shore|coast|lawn|alley))\\b`, 'gu');

function place(plain: string, { place: known }: Facts): Conflict | undefined {
  return known && either('place', plain, known, { indoors: INDOORS, outdoors: OUTDOORS });
}

// "A black and white cat" says nothing of the picture.
const MONOCHROME = /\b(?:in (?:grainy )?black[- ]and[- ]white|black[- ]and[- ]white (?:film|footage|scene|shot|image|picture|photo|photograph|video|movie|frame|style)|monochrome|monochromatic|gr[ae]yscale)\b/gu;
const COLOURS = /\b(?:red|blue|green|yellow|purple|pink|turquoise|colou?rful|(?:vivid|bright|vibrant) colou?rs)\b/gu;

function colour(plain: string, { monochrome }: Facts): Conflict | undefined {
  return monochrome === undefined ? undefined : either('colour', plain, monochrome ? 'black and white' : 'in colour', { 'black and white': MONOCHROME, 'in colour': COLOURS });
}

const STATIC = /\b(?:(?:static|still|fixed|stationary|motionless) camera|camera (?:is|stays|remains|stands) (?:static|still|fixed|stationary|motionless))\b/gu;
const MOVING = /\bcamera (?:\p{L}+ly )?(?:is )?(?:\p{L}+ly )?(?:pan|tilt|zoom|track|doll[yi]|push|pull|sweep|orbit|circl|follow|mov|ris|glid)\p{L}*\b|\b(?:panning|tilting|tracking|dolly|crane|handheld) (?:shot|camera)\b/gu;

function camera(plain: string, { camera: known }: Facts): Conflict | undefined {
  return known && either('camera', plain, known, { static: STATIC, moving: MOVING });
}

const NO_TEXT = /\b(?:no|without(?: any)?) (?:visible |readable |legible |on-?screen )?(?:text|writing|words|letters|lettering|subtitles|titles?)\b/u;
const QUOTED = /["“”«»]([^"“”«»]{3,200})["“”«»]/gu;

function shownText(text: string, plain: string, { text: known }: Facts): Conflict | undefined {
  if (!known) return undefined;
  const none = NO_TEXT.exec(plain);
  if (none) return { about: 'text', known: `"${known}"`, said: none[0] };
  const read = wordsOf(known);
  const other = [...text.matchAll(QUOTED)].find(([, quoted]) => {
    const words = wordsOf(quoted!);
    return words.length > 0 && !words.some((word) => read.some((one) => alike(word, one)));
  });
  return other && { about: 'text', known: `"${known}"`, said: other[0] };
}

/** The side that a text says, unless it says both or says that it is not so. */
function either(about: Conflict['about'], plain: string, known: string, sides: Record<string, RegExp>): Conflict | undefined {
  const saying = Object.entries(sides).flatMap(([side, pattern]) => {
    const found = [...plain.matchAll(pattern)].find(({ index }) => !/\b(?:no|not|never|without|neither|nor|isn't|aren't|than|looking|looks|gazing|staring)(?: \S+)? $/.test(plain.slice(0, index)));
    return found ? [{ side, said: found[0].trim() }] : [];
  });
  const [one, other] = saying;
  return one && !other && one.side !== known ? { about, known, said: one.said } : undefined;
}

// Letters of a reading are often one off, and it knows no accents.
const wordsOf = (text: string): string[] => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? [];

function alike(one: string, other: string): boolean {
  if (one === other || (one.length > 4 && (other.includes(one) || one.includes(other)))) return true;
  if (one.length !== other.length) return false;
  return [...one].filter((letter, at) => letter !== other[at]).length <= one.length / 4;
}
