// Vectors as captions and films have them: sentences of templates and looks of scenes, each shot a little off its own.
import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs';

/** A trial run may do with fewer. */
export const SHOTS = Number(process.env.BACKLOT_BENCH_SHOTS ?? 1_000_000);
export const TITLES = SHOTS / 500;
export const SCENES = 5_000;

/** Numbers that look random and are the same each time (xorshift32). */
export function numbers(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const pick = <T>(list: readonly T[], share: number): T => list[Math.floor(share * list.length)]!;

const SIZES = ['A close-up', 'A medium close-up', 'A medium shot', 'A long shot', 'A shot', 'An extreme close-up', 'A black and white long shot'];
const WHO = ['a person', 'two people', 'several people', 'a dog', 'a horse', 'a boat', 'a car and a person', 'a train', 'a bird', 'a cat on a chair', 'a clock', 'an old man with an umbrella', 'a child', 'a crowd', 'a ship', 'a bicycle', 'a laptop', 'a cup', 'a cow', 'a truck', 'a kite', 'a piano', 'a letter', 'a dancer', 'a soldier', 'a fisherman', 'a judge', 'a nurse', 'a queen', 'a drummer'];
const DOES = ['', ' running', ' sitting at a table', ' walking along a street', ' talking', ' sleeping', ' dancing in the rain', ' opening a door', ' reading', ' falling', ' laughing', ' waiting at a station'];
const WHERE = [' indoors', ' outdoors', ' on a beach', ' in a forest', ' in a kitchen', ' at sea', ' in a city at night', ''];
const HOW = [', static camera', ', camera panning', ', handheld camera', ', dark lighting', ', bright lighting', ', high contrast lighting, muted colours', ', vivid colours', ''];

/** A caption, another for each number. */
export function sentence(n: number): string {
  const next = numbers(n + 1);
  for (let i = 0; i < 4; i++) next();
  return `${pick(SIZES, next())} of ${pick(WHO, next())}${pick(DOES, next())}${pick(WHERE, next())}${pick(HOW, next())}.`;
}

const SYLLABLES = ['ba', 'ce', 'di', 'fo', 'gu', 'ha', 'ki', 'lo', 'mu', 'ne', 'pi', 'ra', 'so', 'tu', 've', 'wi', 'yo', 'zan', 'mar', 'lin', 'tor', 'dek', 'sil', 'bron'];
const NAMES = 40_000;
/** A name, brand or sign: one of 40,000, the nth half as common as the n/2nd (G. Zipf, 1935). */
export const name = (share: number): string => word(Math.floor(NAMES ** share));
const word = (n: number): string => (n < SYLLABLES.length ? `${SYLLABLES[n]!}lor` : word(Math.floor(n / SYLLABLES.length) - 1).slice(0, -3) + SYLLABLES[n % SYLLABLES.length]! + 'lor');

/** What else is said of a shot: up to five names in it. */
export function said(shot: number): string {
  const next = numbers(shot + 31_337);
  next();
  const names = Array.from({ length: Math.floor(next() * 6) }, () => name(next()));
  return names.length ? ` On-screen text "${names.join(' ')}".` : '';
}

export const titleName = (n: number): string => {
  const next = numbers(n + 4_242);
  next();
  return `The ${name(next())} ${pick(THINGS, next())} of ${name(next())}`;
};

/** What labels tell of, commonest first. */
const THINGS = ['person', 'chair', 'car', 'table', 'cup', 'tie', 'book', 'bottle', 'dog', 'horse', 'truck', 'boat', 'clock', 'couch', 'bed', 'plant', 'bus', 'television', 'hat', 'umbrella', 'phone', 'train', 'cat', 'bird', 'bicycle', 'cow', 'knife', 'laptop', 'vase', 'sheep', 'ball', 'kite', 'piano', 'sofa', 'lamp', 'window', 'gun', 'letter', 'flag', 'elephant'];
export const things = (next: () => number): string[] => [...new Set(Array.from({ length: 1 + Math.floor(next() * 4) }, () => THINGS[Math.floor(THINGS.length ** next()) - 1]!))];

/** The look of a scene: as of EfficientNet, no number is below zero, and most are small. */
export function scene(n: number): Float32Array {
  const next = numbers(n + 77_777);
  const kind = numbers((n % 40) + 999);
  return Float32Array.from({ length: 1280 }, () => Math.max(0, (next() + next() - 1) * 0.8 + (kind() + kind() + kind() - 1.5) * 0.8 - 0.15));
}

/** Which sentence or scene a shot has. Shots of a title share some scenes. */
export function centreOf(shot: number, centres: number, kind: 1 | 2): number {
  const title = Math.floor(shot / (SHOTS / TITLES));
  const next = numbers(shot * 2 + kind);
  next();
  next();
  return kind === 1 ? Math.floor(next() ** 2 * centres) : (title * 31 + Math.floor(next() * 25) * 7) % centres;
}

/** A long row of noise, of which each shot has a part of its own: drawn anew, a million looks would take minutes. */
const NOISE = ((): Float32Array => {
  const next = numbers(13);
  return Float32Array.from({ length: 1 << 20 }, () => next() + next() - 1);
})();

/** A shot's vector: its centre's with noise of some .39 of its length. */
export function vectorOf(shot: number, centre: Float32Array, kind: 1 | 2): Float32Array {
  const next = numbers(shot * 4 + kind + 13);
  next();
  const at = Math.floor(next() * (NOISE.length - centre.length));
  let length = 0;
  for (let i = 0; i < centre.length; i++) length += centre[i]! * centre[i]!;
  const noise = 2.4 * 0.4 * Math.sqrt(length / centre.length);
  const out = new Float32Array(centre.length);
  for (let i = 0; i < centre.length; i++) {
    const value = centre[i]! + noise * NOISE[at + i]!;
    // No number of a look is below zero.
    out[i] = kind === 2 && value < 0 ? 0 : value;
  }
  return out;
}

export const shotId = (n: number): string => `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

export const int = (value: number, size: 2 | 4): Buffer => {
  const field = Buffer.alloc(size);
  field.writeIntBE(value, 0, size);
  return field;
};

/** A file of Postgres' binary COPY format. */
export class CopyFile {
  private readonly file: number;
  private parts: Buffer[] = [Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])];

  constructor(path: string) {
    this.file = openSync(path, 'w');
    // The server reads it as another user.
    fchmodSync(this.file, 0o644);
  }

  row(fields: readonly Buffer[]): void {
    const count = Buffer.alloc(2);
    count.writeInt16BE(fields.length);
    this.parts.push(count);
    for (const field of fields) {
      const size = Buffer.alloc(4);
      size.writeInt32BE(field.length);
      this.parts.push(size, field);
    }
    if (this.parts.length > 10_000) this.flush();
  }

  close(): void {
    this.parts.push(Buffer.from([0xff, 0xff]));
    this.flush();
    closeSync(this.file);
  }

  private flush(): void {
    writeSync(this.file, Buffer.concat(this.parts));
    this.parts = [];
  }
}
