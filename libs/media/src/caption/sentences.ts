import type { Labels, Measures } from '../types.js';
import { colourName } from './colour-name.js';
import { article, type CaptionField, SAY } from './fields.js';

/** How much a caption says: trainers differ in what they take. */
export type CaptionLength = 'short' | 'medium' | 'long';
export const CAPTION_LENGTHS = ['short', 'medium', 'long'] as const satisfies readonly CaptionLength[];

/** Share of repeated frames of a still; displacement in percent of the width a second below which an eye sees hardly any motion, and above which much. */
const [STILL, CALM, FAST] = [0.95, 0.3, 40];
/** Shares: of the picture that a colour has to be named, of the time without sound, with speech, and with music. */
const [SEEN, SILENT, SPOKEN, PLAYED] = [0.12, 0.95, 0.3, 0.5];

type Fields = { [field in CaptionField | 'sentence']?: { value: unknown; source?: string } };

/** What a caption is written of: fields as they are kept, written ones among them, and what else is known of the shot. */
export interface Described {
  caption: Fields;
  measures: Partial<Measures>;
  labels?: Partial<Labels>;
}

/**
 * A shot's caption of one length, of nothing but what is known. Short: size, subject and place. Medium: one sentence of the structured
 * fields (`sentenceOf`). Long: several sentences of everything that is known. A sentence that a member wrote is the caption in each
 * length; a long one goes on with what was measured.
 */
export function captionIn(length: CaptionLength, { caption, measures, labels = {} }: Described): string {
  const written = caption.sentence?.source === 'written' ? text(caption.sentence) : undefined;
  if (length === 'medium') return written ?? sentenceOf(caption);
  if (length === 'short') return written ?? sentence([headOf(caption, ['subject'])]);
  const first = written ?? sentence([headOf(caption, ['subject', 'action'])]);
  if (isBlack(caption)) return [first, ...heard(measures), ...textShown(caption)].join(' ');
  return [first, ...cameraAndMotion(caption, measures), ...lightAndColour(caption, measures), ...setting(caption, labels), ...heard(measures), ...textShown(caption)].join(' ');
}

/** One flowing English sentence of the fields that are known, for the trainers: "A medium shot of a person outdoors, camera panning, dark lighting, muted colours." */
export function sentenceOf(fields: Fields): string {
  const shown = text(fields.onScreenText);
  if (isBlack(fields)) return sentence([headOf(fields, ['subject', 'action']), shown && `on-screen text "${shown}"`]);
  return sentence([headOf(fields, ['subject', 'action']), text(fields.cameraMove), text(fields.lighting), isMonochrome(fields) ? undefined : text(fields.style), shown && `on-screen text "${shown}"`]);
}

const text = (field: { value: unknown } | undefined): string | undefined => (typeof field?.value === 'string' && field.value !== '' ? field.value : undefined);
const isBlack = (fields: Fields): boolean => text(fields.lighting) === 'black';
const isMonochrome = (fields: Fields): boolean => text(fields.style) === 'black and white';

/** 'a black and white close-up of a person running outdoors' */
function headOf(fields: Fields, of: CaptionField[]): string {
  if (isBlack(fields) && !fields.subject) return 'a black frame';
  // A card is the whole of its shot.
  if (text(fields.subject) === 'a title card') return isMonochrome(fields) ? 'a black and white title card' : 'a title card';
  const size = text(fields.shotSize) ?? 'shot';
  const what = of.map((field) => text(fields[field])).filter(Boolean).join(' ');
  return [article(isMonochrome(fields) ? `black and white ${size}` : size), what && `of ${what}`, text(fields.place)].filter(Boolean).join(' ');
}

function sentence(parts: (string | undefined)[]): string {
  const said = parts.filter(Boolean).join(', ');
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}

/** Sentences that a long caption goes on with. Only fields and measures; what is not known leaves its sentence out. */
function cameraAndMotion(fields: Fields, { motion, subjectMotion = motion, frozenFraction }: Partial<Measures>): string[] {
  const move = text(fields.cameraMove);
  const known = typeof subjectMotion === 'number' && Number.isFinite(subjectMotion);
  const amount = frozenFraction !== undefined && frozenFraction > STILL ? 'The picture stands still.' : known && subjectMotion < CALM ? 'Hardly anything moves.' : known && subjectMotion > FAST ? 'There is fast motion.' : undefined;
  return [...(move ? [sentence([`seen with ${/camera$/.test(move) ? article(move) : `the ${move}`}`])] : []), ...(amount ? [amount] : [])];
}

function lightAndColour(fields: Fields, { palette }: Partial<Measures>): string[] {
  const light = text(fields.lighting);
  const style = isMonochrome(fields) ? undefined : text(fields.style);
  const colours = isMonochrome(fields) ? [] : [...new Set((palette ?? []).filter(({ share }) => share >= SEEN).map(({ hex }) => colourName(hex)))].slice(0, 3);
  return [...(light || style ? [sentence([light, style])] : []), ...(colours.length ? [sentence([`its main ${colours.length > 1 ? 'colours are' : 'colour is'} ${listed(colours)}`])] : [])];
}

const listed = (words: string[]): string => (words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : words[0]!);

function setting({ place }: Fields, { scene }: Partial<Labels>): string[] {
  // A place that a member wrote is better than the class that a model found most like it.
  return scene && scene.confidence >= SAY && place?.source !== 'written' ? [sentence([`the setting looks like ${article(scene.value)}`])] : [];
}

function heard({ sound }: Partial<Measures>): string[] {
  if (!sound) return [];
  if (sound.silence > SILENT) return ['It is silent.'];
  return [...((sound.speech ?? 0) >= SPOKEN ? ['Somebody speaks.'] : []), ...((sound.music ?? 0) >= PLAYED ? ['There is music.'] : [])];
}

function textShown(fields: Fields): string[] {
  const shown = text(fields.onScreenText);
  return shown ? [sentence([`on-screen text reads "${shown}"`])] : [];
}
