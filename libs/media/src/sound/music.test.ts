// Music against sounds made here, of which it is known what they are, and against film that was looked at second by second.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { layoutFor } from './loudness.js';
import { SoundMeter } from './meter.js';

jest.setTimeout(120_000);

async function heard(samples: Float32Array, channels = 1): Promise<SoundMeter> {
  const meter = new SoundMeter(layoutFor(channels), undefined);
  const piece = 4800 * channels;
  for (let at = 0; at < samples.length; at += piece) await meter.take(at / channels, samples.slice(at, at + piece));
  await meter.finish();
  return meter;
}

// Taken out of Math once: in jest's sandbox each look at a global costs a microsecond.
const { cos, exp, floor, imul, sign, sin, PI } = Math;
const SECONDS = 20;
const made = (of: (t: number, n: number) => number): Float32Array => Float32Array.from({ length: 48_000 * SECONDS }, (_, n) => of(n / 48_000, n));
const wave = (hertz: number, t: number): number => sin(2 * PI * hertz * t);
/** White noise that is the same each time. */
function noise(): () => number {
  let state = 1;
  return () => ((state = (imul(state, 1664525) + 1013904223) | 0) / 2 ** 31) * 0.5;
}
const THIRD = 2 ** (4 / 12);
const FIFTH = 2 ** (7 / 12);
const tone = (hertz: number, t: number): number => wave(hertz, t) + wave(2 * hertz, t) / 2 + wave(3 * hertz, t) / 3;
const chord = (root: number, t: number): number => tone(root, t) + tone(root * THIRD, t) + tone(root * FIFTH, t);
const ROOTS = [220, 174.6, 261.6, 196];
/** Two strokes a second, another chord each other second. */
const song = (t: number): number => 0.08 * exp(-3 * (t % 0.5)) * chord(ROOTS[floor(t / 2) % 4]!, t % 0.5);

test('chords that follow each other are music, for the whole of their time', async () => {
  const meter = await heard(made(song));
  expect(meter.between(0, SECONDS)).toMatchObject({ music: 1, musicConfidence: expect.closeTo(0.9, 0) });
  expect(meter.track(0, SECONDS).music).toEqual(Array(SECONDS).fill(1));
});

const hiss = noise();
test.each([
  ['white noise', () => hiss()],
  ['a sine', (t: number) => 0.3 * wave(1000, t)],
  ['one chord that never changes', (t: number) => 0.05 * chord(220, t)],
  ['a hum with its overtones, in noise', (t: number) => [1, 2, 3, 4, 5, 6].reduce((sum, over) => sum + (0.1 / over) * wave(100 * over, t), 0.02 * hiss())],
  ['an alarm that beeps', (t: number) => (t % 4 < 2.5 ? 0.2 * sign(wave(440, t)) : 0)],
  ['a siren', (t: number) => 0.2 * sign(sin(2 * PI * 700 * t - 300 * cos(t * 2)))],
  ['knocks', (t: number) => exp(-60 * (t % 0.5)) * hiss()],
  ['a voice that glides: pulses of changing pitch through changing formants', (t: number) => (t % 0.8 < 0.6 ? 0.2 * ((120 * t + 12 * sin(5 * t) + 5 * sin(13 * t)) % 1) : 0)],
])('%s is never called music', async (_, of) => {
  const meter = await heard(made(of));
  expect(meter.track(0, SECONDS).music.filter((share) => share !== null && share > 0)).toEqual([]);
  expect(meter.between(0, SECONDS)).not.toHaveProperty('music');
});

test('silence is no music for sure, and a part of a shot is told as a part', async () => {
  const meter = await heard(made((t) => (t < 10 ? song(t) : 0)));
  expect(meter.between(12, 20)).toMatchObject({ silence: 1, music: 0 });
  expect(meter.between(12, 20)).not.toHaveProperty('musicConfidence');
  expect(meter.between(0, 20).music).toBeCloseTo(0.5, 1);
  // Music that a shot has only the last tenth of a second of is its neighbour's.
  expect(meter.between(9.99, 20)).not.toHaveProperty('musicConfidence');
});

test('noise over music leaves it unknown, not none', async () => {
  expect((await heard(made((t) => song(t) * 0.02 + hiss()))).between(0, SECONDS)).not.toHaveProperty('music');
});

const flite = spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'flite=text=a', '-f', 'null', '-']).status === 0;
(flite ? test : test.skip).each(['slt', 'awb', 'kal16'])('the voice %s of a machine, monotonous as it is, is never called music (needs an ffmpeg with flite)', async (voice) => {
  const words = 'nobody said a word about it until the morning when all of them came down to the river and looked for the boat that was gone and could not be found';
  const meter = await heard(decoded('-f', 'lavfi', '-i', `flite=text='${words}':voice=${voice}`), 2);
  expect(meter.track(0, floor(meter.seconds)).music.filter((share) => share)).toEqual([]);
});

function decoded(...input: string[]): Float32Array {
  const pcm = execFileSync('ffmpeg', ['-v', 'error', '-nostdin', ...input, '-map', '0:a:0', '-ac', '2', '-ar', '48000', '-f', 'f32le', '-'], { maxBuffer: 2 ** 28 });
  return new Float32Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.length));
}

type Sheet = Record<'fit' | 'unseen', Record<string, Record<'music' | 'none', [from: number, to: number][]>>>;
const sheet = JSON.parse(readFileSync(path.join(repositoryRoot, 'test/support/music-sheet.json'), 'utf8')) as Sheet;
const media = path.join(repositoryRoot, '../shared/media');
(existsSync(media) ? test : test.skip).each(['fit', 'unseen'] as const)(`of the seconds of film that are %s none is called music that has none, and most music is found${existsSync(media) ? '' : ' (skipped: ../shared/media is missing)'}`, async (half) => {
  const count = { music: 0, found: 0, none: 0, wrong: [] as string[] };
  for (const [file, { music, none }] of Object.entries(sheet[half])) {
    const meter = await heard(decoded('-i', path.join(media, file)), 2);
    const lane = meter.track(0, Math.ceil(meter.seconds)).music;
    const seconds = (ranges: [number, number][]): number[] => ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, n) => from + n));
    for (const second of seconds(music)) {
      count.music++;
      if (lane[second]) count.found++;
    }
    for (const second of seconds(none)) {
      count.none++;
      if (lane[second]) count.wrong.push(`${file} ${second}`);
    }
  }
  process.stdout.write(`music, ${half}: ${count.found} of ${count.music} seconds found, ${count.wrong.length} of ${count.none} others called music\n`);
  expect(count.wrong).toEqual([]);
  expect(count.found / count.music).toBeGreaterThanOrEqual(0.8);
});
