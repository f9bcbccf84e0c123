import type { Fact, Labels, Measures, Shot } from './types.js';

/** A shot in words: each field says where it came from; a field that is not known is absent. */
export interface Caption {
  subject?: Fact<string>;
  action?: Fact<string>;
  place?: Fact<string>;
  shotSize?: Fact<string>;
  cameraMove?: Fact<string>;
  lighting?: Fact<string>;
  style?: Fact<string>;
  onScreenText?: Fact<string>;
  /** One flowing English sentence made of the fields, for the trainers. */
  sentence: string;
}

export type CaptionField = Exclude<keyof Caption, 'sentence'>;
export const CAPTION_FIELDS: CaptionField[] = ['subject', 'action', 'place', 'shotSize', 'cameraMove', 'lighting', 'style', 'onScreenText'];

const BY = 'backlot-measures 1';
const measured = (value: string, confidence: number): Fact<string> => ({ value, source: 'measured', by: BY, confidence });

/** Facts below this are kept as labels and not said. */
const SAY = 0.45;

/**
 * Structured caption and sentence of a shot, from its measures and labels and from what a member wrote (which always wins).
 * Pure; says only what is known.
 */
export function captionFor(shot: Pick<Shot, 'measures' | 'labels'>, written: Partial<Record<CaptionField, Fact<string>>> = {}): Caption {
  const fields: Partial<Record<CaptionField, Fact<string>>> = {
    ...shown('subject', subjectOf(shot.labels)),
    ...shown('place', placeOf(shot.labels)),
    ...shown('shotSize', shot.labels?.shotSize),
    ...shown('cameraMove', cameraMoveOf(shot.measures)),
    ...shown('lighting', lightingOf(shot.measures)),
    ...shown('style', styleOf(shot.measures)),
    ...written,
  };
  return { ...fields, sentence: sentenceOf(fields) };
}

const shown = (field: CaptionField, fact: Fact<string> | undefined): Partial<Record<CaptionField, Fact<string>>> =>
  fact && fact.confidence >= SAY ? { [field]: fact } : {};

function subjectOf(labels: Labels | undefined): Fact<string> | undefined {
  const people = labels?.people;
  const thing = labels?.objects?.find((o) => o.confidence >= SAY);
  if (people) {
    const who = people.value === 1 ? 'a person' : people.value === 2 ? 'two people' : 'several people';
    const value = thing ? `${who} and ${article(thing.value)}` : who;
    const { source, by } = people;
    return { value, source, ...(by && { by }), confidence: Math.min(people.confidence, thing?.confidence ?? 1) };
  }
  return thing && { ...thing, value: article(thing.value) };
}

function placeOf(labels: Labels | undefined): Fact<string> | undefined {
  return labels?.place;
}

function cameraMoveOf(m: Measures): Fact<string> | undefined {
  switch (m.motionKind) {
    case 'static':
      return measured('static camera', 0.85);
    case 'pan':
      return measured('camera panning', 0.75);
    case 'tilt':
      return measured('camera tilting', 0.7);
    case 'zoom':
      return measured('camera zooming', 0.6);
    case 'handheld':
      return measured('handheld camera', 0.55);
    default:
      return undefined;
  }
}

function lightingOf(m: Measures): Fact<string> | undefined {
  if (m.blackFraction > 0.8) return measured('black', 0.95);
  const words = [
    ...(m.brightness < 0.2 ? ['dark'] : m.brightness > 0.65 ? ['bright'] : []),
    ...(m.contrast > 0.25 ? ['high contrast'] : m.contrast < 0.1 ? ['low contrast'] : []),
  ];
  return words.length ? measured(`${words.join(', ')} lighting`, 0.8) : undefined;
}

function styleOf(m: Measures): Fact<string> | undefined {
  if (m.saturation < 0.008 && m.blackFraction < 0.5) return measured('black and white', 0.9);
  if (m.saturation > 0.17) return measured('vivid colours', 0.7);
  return m.saturation < 0.035 && m.blackFraction < 0.5 ? measured('muted colours', 0.65) : undefined;
}

const article = (noun: string): string => (/^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`);

/** "A medium shot of a person outdoors, camera panning, dark lighting, muted colours." */
function sentenceOf(f: Partial<Record<CaptionField, Fact<string>>>): string {
  const size = f.shotSize?.value ?? 'shot';
  const opening = f.style?.value === 'black and white' ? `black and white ${size}` : size;
  const what = [f.subject?.value, f.action?.value].filter(Boolean).join(' ');
  const head = [article(opening), what && `of ${what}`, f.place?.value].filter(Boolean).join(' ');
  const rest = [f.cameraMove?.value, f.lighting?.value, f.style?.value === 'black and white' ? undefined : f.style?.value].filter(Boolean);
  const text = f.onScreenText ? [`on-screen text "${f.onScreenText.value}"`] : [];
  const sentence = [head, ...rest, ...text].join(', ');
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}
