import { captionQuality, type FieldOrder, type Labels, type Letterbox, type Measures, type MotionDirection, type MotionKind, type ShotSize, type SoundMeasures, type Transition, type TransitionKind } from '#libs/media';

/** What rules look at: a shot, or the part of it that may be used, in its film, for clips of one size. */
export interface Footage {
  startPts: number;
  endPts: number;
  /** How many; undefined where nobody counted. */
  frames?: number;
  sentence: string;
  /** Words of a model that were not taken because something else is known. */
  contradicted?: number;
  entry?: Transition;
  measures: Partial<Measures>;
  labels?: Partial<Labels>;
  film: { width: number; height: number; secondsPerTick: number };
  bucket: { width: number; height: number };
}

interface Named {
  name: string;
  /** Read as "Its … is 3". */
  words: string;
}

/** A number of a shot; `unit` 'share' is 0..1 and told in percent. */
export interface NumberMeasure extends Named {
  kind: 'number';
  unit: string;
  /** Between these lie the bins of a histogram; what lies outside is in the first and the last. */
  low: number;
  high: number;
  /** Undefined: not known of this footage. */
  read(footage: Footage): number | undefined;
  /** By how much a value may miss a threshold: what the time base rounds away. */
  slack?(footage: Footage): number;
  /** The same number in SQL, of a row `s` of the sample. */
  sql: string;
}

/** Words that hold for a shot, none where nothing is known. */
export interface WordMeasure extends Named {
  kind: 'words';
  unit: null;
  /** All there are; null where the models may say others. */
  values: readonly string[] | null;
  read(footage: Footage): string[];
  /** Where they lie: a column of the sample's row `s` and a JSON path. */
  sql: { column: string; path: string };
}

export type Measure = NumberMeasure | WordMeasure;

type Plain = { [K in keyof Measures]-?: NonNullable<Measures[K]> extends number ? K : never }[keyof Measures];

const finite = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
const numberAt = (column: string, key: string): string => `case when jsonb_typeof(${column}->'${key}') = 'number' then (${column}->>'${key}')::float8 end`;

const measured = (name: Plain, words: string, unit: string, high = 1, low = 0): NumberMeasure => ({
  kind: 'number', name, words, unit, low, high,
  read: ({ measures }) => finite(measures[name]),
  sql: numberAt('s.measures', name),
});

const heard = (name: keyof SoundMeasures, words: string, unit: string, low: number, high: number): NumberMeasure => ({
  kind: 'number', name, words, unit, low, high,
  read: ({ measures }) => finite(measures.sound?.[name]),
  sql: numberAt(`(s.measures->'sound')`, name),
});

const length = ({ startPts, endPts, film }: Footage): number => (endPts - startPts) * film.secondsPerTick;
const LENGTH = `((s.end_pts - s.start_pts)::float8 * (split_part(s.time_base, '/', 1)::float8 / coalesce(nullif(split_part(s.time_base, '/', 2), ''), '1')::float8))`;
const FRAMES = `(s.last_frame - s.first_frame + 1)::float8`;
const bar = (side: keyof Letterbox): string => numberAt(`(s.measures->'letterbox')`, side);
const WIDE = `greatest(1, s.width - (${bar('left')}) - (${bar('right')}))`;
const HIGH = `greatest(1, s.height - (${bar('top')}) - (${bar('bottom')}))`;
const BARS_KNOWN = `jsonb_typeof(s.measures->'letterbox') = 'object'`;

/** The picture inside its bars. */
function picture({ film, measures: { letterbox } }: Footage): { width: number; height: number } | undefined {
  if (!letterbox) return undefined;
  return { width: Math.max(1, film.width - letterbox.left - letterbox.right), height: Math.max(1, film.height - letterbox.top - letterbox.bottom) };
}

/** Words of a sentence in order, as captionQuality has them: without ASCII punctuation and capitals. */
const CAPTION_WORDS = `(select word, n from (select lower(translate(x.word, '.,;:!?"()', '') collate "C") as word, x.n from regexp_split_to_table(s.sentence, '[ \\t\\n\\r\\f\\v]+') with ordinality as x(word, n)) y where word <> '') w`;
/** How many disagreements a shot's caption keeps. */
export const CONTRADICTED = `coalesce(jsonb_array_length(s.caption->'disagreements'->'value'), 0)::float8`;

const of = <T>(found: T | undefined, then: (it: T) => number): number | undefined => (found === undefined ? undefined : then(found));

const numbers: NumberMeasure[] = [
  { kind: 'number', name: 'seconds', words: 'length', unit: 's', low: 0, high: 60, read: length, slack: ({ film }) => film.secondsPerTick / 2, sql: LENGTH },
  { kind: 'number', name: 'frames', words: 'length in frames', unit: 'frames', low: 0, high: 1500, read: ({ frames }) => frames, sql: FRAMES },
  { kind: 'number', name: 'fps', words: 'rate', unit: 'frames a second', low: 0, high: 60, read: (footage) => (footage.frames !== undefined && length(footage) > 0 ? footage.frames / length(footage) : undefined), sql: `${FRAMES} / nullif(${LENGTH}, 0)` },
  measured('brightness', 'brightness', 'of 1'),
  measured('contrast', 'contrast', 'of 1', 0.5),
  measured('clipped', 'share of pixels that are white', 'share', 0.5),
  measured('crushed', 'share of pixels that are black', 'share'),
  measured('saturation', 'saturation', 'of 1', 0.5),
  measured('colourTemperature', 'colour temperature', 'K', 12_500, 2000),
  measured('motion', 'motion', '% of the width a second', 100),
  measured('subjectMotion', 'motion without that of the camera', '% of the width a second', 50),
  measured('blur', 'blur', 'of 1'),
  measured('noise', 'noise', 'levels of 255', 20),
  measured('flicker', 'flicker', 'levels of 255', 10),
  measured('cutRhythm', 'shots in the minute around it', 'a minute', 60),
  measured('blackFraction', 'share of black frames', 'share'),
  measured('frozenFraction', 'share of frames that repeat the frame before', 'share'),
  measured('combing', 'share of combed frames', 'share'),
  measured('textArea', 'share of the picture under text that was read', 'share', 0.2),
  heard('loudness', 'loudness', 'LUFS', -60, 0),
  heard('peak', 'highest sample', 'dBFS', -60, 3),
  heard('silence', 'share of silence', 'share', 0, 1),
  heard('speech', 'share of speech', 'share', 0, 1),
  heard('music', 'share of plain music', 'share', 0, 1),
  { kind: 'number', name: 'frameWidth', words: 'width as shown', unit: 'px', low: 0, high: 8192, read: ({ film }) => film.width, sql: 's.width::float8' },
  { kind: 'number', name: 'pictureWidth', words: 'width inside its bars', unit: 'px', low: 0, high: 4096, read: (footage) => picture(footage)?.width, sql: `case when ${BARS_KNOWN} then ${WIDE} end` },
  { kind: 'number', name: 'pictureHeight', words: 'height inside its bars', unit: 'px', low: 0, high: 2304, read: (footage) => picture(footage)?.height, sql: `case when ${BARS_KNOWN} then ${HIGH} end` },
  {
    kind: 'number', name: 'pictureShare', words: 'share of picture inside the frame', unit: 'share', low: 0, high: 1,
    read: (footage) => of(picture(footage), ({ width, height }) => (width * height) / (footage.film.width * footage.film.height)),
    sql: `case when ${BARS_KNOWN} then ${WIDE} * ${HIGH} / (s.width::float8 * s.height) end`,
  },
  {
    kind: 'number', name: 'enlargement', words: 'enlargement to the size of a clip', unit: 'times', low: 0, high: 4,
    read: (footage) => of(picture(footage), ({ width, height }) => Math.max(footage.bucket.width / width, footage.bucket.height / height)),
    sql: `case when ${BARS_KNOWN} then greatest(s.bucket_width / ${WIDE}, s.bucket_height / ${HIGH}) end`,
  },
  {
    kind: 'number', name: 'captionWords', words: 'number of words in the caption', unit: 'words', low: 0, high: 200,
    read: ({ sentence }) => sentence.split(/\s+/).filter(Boolean).length,
    sql: `(select count(*) from regexp_split_to_table(s.sentence, '\\s+') w where w <> '')::float8`,
  },
  {
    kind: 'number', name: 'captionRepeatedTrigrams', words: 'number of runs of three words in the caption that were there before', unit: 'runs', low: 0, high: 40,
    read: ({ sentence }) => captionQuality(sentence).repeatedTrigrams,
    sql: `(select (count(*) - count(distinct t.run))::float8 from (select w.word || ' ' || lead(w.word) over o || ' ' || lead(w.word, 2) over o as run from ${CAPTION_WORDS} window o as (order by w.n)) t where t.run is not null)`,
  },
  {
    kind: 'number', name: 'captionDistinctShare', words: 'share of different words in the caption', unit: 'share', low: 0, high: 1,
    read: ({ sentence }) => captionQuality(sentence).distinctShare,
    sql: `(select coalesce(count(distinct w.word)::float8 / nullif(count(*), 0), 1) from ${CAPTION_WORDS})`,
  },
  {
    kind: 'number', name: 'captionContradictions', words: "number of a model's statements that something else is known against", unit: 'statements', low: 0, high: 10,
    read: ({ contradicted = 0 }) => contradicted,
    sql: CONTRADICTED,
  },
];

const label = (name: 'people' | 'faces' | 'scene' | 'place' | 'shotSize', words: string, values: readonly string[] | null): WordMeasure => ({
  kind: 'words', name, words, unit: null, values,
  read: ({ labels }) => (labels?.[name]?.value === undefined ? [] : [String(labels[name].value)]),
  sql: { column: 's.labels', path: `$.${name}.value` },
});
const COUNTS = ['1', '2', 'several'];

const words: WordMeasure[] = [
  {
    kind: 'words', name: 'motionKind', words: 'camera move', unit: null, values: ['static', 'pan', 'tilt', 'zoom', 'dolly', 'handheld'] satisfies MotionKind[],
    read: ({ measures }) => (measures.motionKind === undefined ? [] : [measures.motionKind]),
    sql: { column: 's.measures', path: '$.motionKind' },
  },
  {
    kind: 'words', name: 'motionDirection', words: 'direction of the camera move', unit: null, values: ['left', 'right', 'up', 'down', 'in', 'out'] satisfies MotionDirection[],
    read: ({ measures }) => (measures.motionDirection === undefined ? [] : [measures.motionDirection]),
    sql: { column: 's.measures', path: '$.motionDirection' },
  },
  {
    kind: 'words', name: 'timeOfDay', words: 'time of day', unit: null, values: ['day', 'night'],
    read: ({ measures }) => (measures.timeOfDay === undefined ? [] : [measures.timeOfDay]),
    sql: { column: 's.measures', path: '$.timeOfDay' },
  },
  {
    kind: 'words', name: 'fields', words: 'kind of fields', unit: null, values: ['progressive', 'telecined', 'interlaced'] satisfies FieldOrder[],
    read: ({ measures }) => (measures.fields === undefined ? [] : [measures.fields]),
    sql: { column: 's.measures', path: '$.fields' },
  },
  {
    kind: 'words', name: 'entry', words: 'first transition', unit: null, values: ['start', 'cut', 'dissolve', 'fade', 'wipe', 'other'] satisfies TransitionKind[],
    read: ({ entry }) => (entry?.kind === undefined ? [] : [entry.kind]),
    sql: { column: 's.entry', path: '$.kind' },
  },
  label('people', 'number of people', COUNTS),
  label('faces', 'number of faces', COUNTS),
  label('place', 'place', ['indoors', 'outdoors']),
  label('shotSize', 'shot size', ['extreme close-up', 'close-up', 'medium close-up', 'medium shot', 'medium long shot', 'long shot'] satisfies ShotSize[]),
  label('scene', 'scene', null),
  {
    kind: 'words', name: 'objects', words: 'list of things seen', unit: null, values: null,
    read: ({ labels }) => (labels?.objects ?? []).map(({ value }) => value),
    sql: { column: 's.labels', path: '$.objects[*].value' },
  },
];

/** Everything that a rule can be about. */
export const MEASURES: readonly Measure[] = [...numbers, ...words];

const byName = new Map(MEASURES.map((measure) => [measure.name, measure]));

export const measureOf = (name: string): Measure | undefined => byName.get(name);
