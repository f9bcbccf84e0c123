import type { Fact, Labels, Measures, Shot } from '../types.js';

export type CaptionField = 'subject' | 'action' | 'place' | 'shotSize' | 'cameraMove' | 'lighting' | 'style' | 'onScreenText';

/** What a caption says in one field. A model that does not tell how sure it is has no confidence. */
export type Said = Omit<Fact<string>, 'confidence'> & { confidence?: number };

/** A model's words that were not taken, because something else is known of the shot. */
export interface Disagreement {
  field: 'subject' | 'action';
  about: 'people' | 'place' | 'colour' | 'camera' | 'text';
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

/** Name and version of what measures become words by. */
export const BY = 'backlot-measures 3';
const measured = (value: string, confidence: number): Fact<string> => ({ value, source: 'measured', by: BY, confidence });

/** Facts below this are kept as labels and not said. */
export const SAY = 0.45;

/** Structured caption of a shot from its measures and labels. Pure; says only what is known. */
export function captionFor(shot: Pick<Shot, 'measures' | 'labels'>): Caption {
  return {
    ...shown('subject', subjectOf(shot.labels ?? {}, shot.measures)),
    ...shown('place', shot.labels?.place),
    ...shown('shotSize', shot.labels?.shotSize),
    ...shown('cameraMove', cameraMoveOf(shot.measures)),
    ...shown('lighting', lightingOf(shot.measures)),
    ...shown('style', styleOf(shot.measures)),
    ...shown('onScreenText', onScreenTextOf(shot.labels?.text)),
  };
}

const shown = (field: CaptionField, fact: Fact<string> | undefined): Caption =>
  fact && fact.confidence >= SAY ? { [field]: fact } : {};

function subjectOf({ people, objects, text }: Labels, { palette, blackFraction }: Measures): Fact<string> | undefined {
  const thing = objects?.find((o) => o.confidence >= SAY);
  if (people) {
    const who = people.value === 1 ? 'a person' : people.value === 2 ? 'two people' : 'several people';
    const value = thing ? `${who} and ${article(thing.value)}` : who;
    const { source, by } = people;
    return { value, source, ...(by && { by }), confidence: Math.min(people.confidence, thing?.confidence ?? 1) };
  }
  if (thing) return { ...thing, value: article(thing.value) };
  // Text on one colour, which may be black with letters too small to count; a sign in the street has a street around it.
  const card = text && (blackFraction > BLACK || (palette?.[0]?.share ?? 0) >= CARD);
  return card ? { value: 'a title card', source: 'modelled', ...(text.by && { by: text.by }), confidence: Math.min(text.confidence, 0.7) } : undefined;
}

/** Lines as they were read, in one line; what does not fit in is left out by the line. */
function onScreenTextOf(text: Labels['text']): Fact<string> | undefined {
  if (!text) return undefined;
  const lines: string[] = [];
  for (const line of text.value.map((read) => read.replaceAll('"', "'").replaceAll(/\s+/g, ' ').trim())) if (line && lines.join(' / ').length + line.length <= MOST_TEXT) lines.push(line);
  return lines.length ? { value: lines.join(' / '), source: text.source, ...(text.by && { by: text.by }), confidence: text.confidence } : undefined;
}

/** Share of the picture that has one colour on a title card; share of black frames of a shot that is black; letters of text that is said. */
const [CARD, BLACK, MOST_TEXT] = [0.6, 0.8, 300];

function cameraMoveOf({ motionKind, motionDirection, motionConfidence = 0.6 }: Measures): Fact<string> | undefined {
  const to = motionDirection ? ` ${motionDirection}` : '';
  switch (motionKind) {
    case 'static':
      return measured('static camera', motionConfidence);
    case 'pan':
      return measured(`camera panning${to}`, motionConfidence);
    case 'tilt':
      return measured(`camera tilting${to}`, motionConfidence);
    case 'zoom':
      return measured(`camera zooming${to}`, motionConfidence);
    case 'dolly':
      return measured(`camera moving${motionDirection === 'in' ? ' forward' : motionDirection === 'out' ? ' backward' : to}`, motionConfidence);
    case 'handheld':
      return measured('handheld camera', motionConfidence);
    case undefined:
      return undefined;
  }
}

function lightingOf(m: Measures): Fact<string> | undefined {
  if (m.blackFraction > BLACK) return measured('black', 0.95);
  const words = [
    ...(m.brightness < 0.2 ? ['dark'] : m.brightness > 0.65 ? ['bright'] : []),
    ...(m.contrast > 0.25 ? ['high contrast'] : m.contrast < 0.1 ? ['low contrast'] : []),
  ];
  const sure = (m.timeOfDayConfidence ?? 0) >= SAY;
  if (m.timeOfDay === 'day' && sure) return measured([words.join(', '), 'daylight'].filter(Boolean).join(' '), Math.min(0.8, m.timeOfDayConfidence!));
  if (m.timeOfDay === 'night' && sure) return measured([words.join(', '), 'light at night'].filter(Boolean).join(' '), Math.min(0.8, m.timeOfDayConfidence!));
  return words.length ? measured(`${words.join(', ')} lighting`, 0.8) : undefined;
}

function styleOf(m: Measures): Fact<string> | undefined {
  if (m.blackFraction >= 0.5) return undefined;
  if (m.saturation < 0.008) return measured('black and white', 0.9);
  const words = [
    ...(m.saturation > 0.17 ? ['vivid'] : m.saturation < 0.035 ? ['muted'] : []),
    // Of the picture, whatever the light was: a red wall is warm too.
    ...(m.colourTemperature === undefined ? [] : m.colourTemperature < WARM ? ['warm'] : m.colourTemperature > COOL ? ['cool'] : []),
  ];
  return words.length ? measured(`${words.join(', ')} colours`, 0.65) : undefined;
}

/** Kelvin of the mean colour: below that of an hour after sunrise, above that of an overcast sky. */
const [WARM, COOL] = [4000, 7500];

export const article = (noun: string): string => (/^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`);
