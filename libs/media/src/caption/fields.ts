import type { Fact, Labels, Measures, Shot } from '../types.js';

export type CaptionField = 'subject' | 'action' | 'place' | 'shotSize' | 'cameraMove' | 'lighting' | 'style' | 'onScreenText';

/** What a caption says in one field. A model that does not tell how sure it is has no confidence. */
export type Said = Omit<Fact<string>, 'confidence'> & { confidence?: number };

/** A model's words that were not taken, because something else is known of the shot. */
export interface Disagreement {
  field: 'subject' | 'action';
  about: 'people' | 'place' | 'time' | 'colour' | 'camera' | 'text';
  /** What is known, in words: 'one person', 'outdoors'. */
  known: string;
  /** The words of the model that it does not go with. */
  said: string;
  /** All that the model said in that field. */
  text: string;
}

/** A shot in words: each field says where it came from; a field that is not known is absent. */
export type Caption = { [field in CaptionField]?: Said } & {
  /** By which a person knows that the shot asks for a look; absent where there are none. */
  disagreements?: { value: Disagreement[]; source: 'modelled'; by: string };
};

const BY = 'backlot-measures 1';
const measured = (value: string, confidence: number): Fact<string> => ({ value, source: 'measured', by: BY, confidence });

/** Facts below this are kept as labels and not said. */
export const SAY = 0.45;

/** Structured caption of a shot from its measures and labels. Pure; says only what is known. */
export function captionFor(shot: Pick<Shot, 'measures' | 'labels'>): Caption {
  return {
    ...shown('subject', subjectOf(shot.labels)),
    ...shown('place', shot.labels?.place),
    ...shown('shotSize', shot.labels?.shotSize),
    ...shown('cameraMove', cameraMoveOf(shot.measures)),
    ...shown('lighting', lightingOf(shot.measures)),
    ...shown('style', styleOf(shot.measures)),
  };
}

const shown = (field: CaptionField, fact: Fact<string> | undefined): Caption =>
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

export const article = (noun: string): string => (/^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`);
