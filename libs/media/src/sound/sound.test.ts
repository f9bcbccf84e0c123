// Sound against the figures of EBU Tech 3341, and through the pass on films made here, so that what is heard when is known.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { analyse } from '../analyse.js';
import { probe } from '../probe.js';
import type { Analysis, SoundMeasures, SpeechModel } from '../types.js';
import { layoutFor } from './loudness.js';
import { SoundMeter } from './meter.js';
import { loadSpeechModel } from './speech.js';

jest.setTimeout(120_000);
const dir = mkdtempSync(path.join(tmpdir(), 'backlot-sound-'));
const at = (name: string): string => path.join(dir, name);
const ffmpeg = (...args: string[]): void => void execFileSync('ffmpeg', ['-v', 'error', '-y', ...args]);
const lavfi = (graph: string): string[] => ['-f', 'lavfi', '-i', graph];
let speech: SpeechModel;
beforeAll(async () => void (speech = await loadSpeechModel('models/sound')));
afterAll(async () => {
  await speech.close();
  rmSync(dir, { recursive: true });
});

const wave = Array.from({ length: 48 }, (_, i) => Math.sin((2 * Math.PI * i) / 48));

/** A 1 kHz sine in dBFS for each channel, for so many seconds. */
async function heard(channels: number, parts: readonly (readonly [seconds: number, dbfs: readonly number[]])[]): Promise<SoundMeasures> {
  const layout = layoutFor(channels);
  const meter = new SoundMeter(layout, undefined);
  let n = 0;
  for (const [seconds, dbfs] of parts) {
    // A tenth of a second holds a hundred whole waves.
    const levels = dbfs.map((level) => 10 ** (level / 20));
    const piece = Float32Array.from({ length: 4800 * levels.length }, (_, i) => levels[i % levels.length]! * wave[Math.trunc(i / levels.length) % 48]!);
    for (let pieces = seconds * 10; pieces > 0; pieces--, n += 4800) await meter.take(n, piece);
  }
  await meter.finish();
  return meter.between(0, n / 48000);
}
const both = (dbfs: number): number[] => [dbfs, dbfs];

test.each([
  ['1: -23 dBFS', 2, [[4, both(-23)]], -23],
  ['2: -33 dBFS', 2, [[4, both(-33)]], -33],
  ['3: the relative gate', 2, [[10, both(-36)], [60, both(-23)], [10, both(-36)]], -23],
  ['4: the absolute gate', 2, [[10, both(-72)], [10, both(-36)], [60, both(-23)], [10, both(-36)], [10, both(-72)]], -23],
  ['6: surround', 6, [[4, [-28, -28, -24, -Infinity, -30, -30]]], -23],
] as const)('EBU Tech 3341 case %s is met to 0.1 LU', async (_, channels, parts, lufs) => {
  expect(Math.abs((await heard(channels, parts)).loudness! - lufs)).toBeLessThanOrEqual(0.1);
});

test('the low-frequency channel does not count for loudness, and does for the peak', async () => {
  const none = -Infinity;
  expect(await heard(6, [[2, [none, none, none, -6, none, none]]])).toEqual({ peak: -6, silence: 0 });
});

test('numbers that are none do no harm to what follows', async () => {
  const meter = new SoundMeter(layoutFor(1), undefined);
  await meter.take(0, new Float32Array(4800).fill(NaN));
  await meter.take(4800, Float32Array.from({ length: 48000 }, (_, i) => 0.1 * Math.sin(i / 7)));
  await meter.finish();
  expect(meter.between(0, 1.1).loudness).toBeGreaterThan(-30);
});

test('a clock that leaps an hour ahead costs none', async () => {
  const meter = new SoundMeter(layoutFor(2), speech.listen());
  await meter.take(0, new Float32Array(9600).fill(0.1));
  const begun = process.cpuUsage();
  await meter.take(48_000 * 3600 + 17, new Float32Array(96_000).fill(0.1));
  await meter.finish();
  expect(process.cpuUsage(begun).user).toBeLessThan(10_000_000);
  expect(meter.seconds).toBeCloseTo(3_601, 0);
  expect(meter.between(3_600.1, 3_600.9).silence).toBe(0);
  expect(meter.between(10, 3_600).silence).toBe(1);
});

/** Four scenes of two seconds at 25 a second. */
const PICTURE = ['testsrc=s=160x90:r=25:d=2', 'mandelbrot=s=160x90:r=25', 'testsrc2=s=160x90:r=25:d=2', 'smptebars=s=160x90:r=25:d=2'].flatMap(lavfi);
const SCENES = '[0:v]trim=end_frame=50[a];[1:v]trim=end_frame=50[b];[2:v]trim=end_frame=50[c];[3:v]trim=end_frame=50[d];[a][b][c][d]concat=n=4,format=yuv420p[v]';
const TONE = 'sine=f=1000:r=48000:d=8,volume=-3.1dB'; // lavfi's sine is at -18.06 dBFS
function film(name: string, sound: string[], ...more: string[]): string {
  ffmpeg(...PICTURE, ...sound, '-filter_complex', SCENES, '-map', '[v]', ...more, '-c:v', 'libx264', '-preset', 'ultrafast', at(name));
  return at(name);
}
async function analysed(file: string): Promise<{ analysis: Analysis; sound: (SoundMeasures | undefined)[]; codes: string[] }> {
  const analysis = await analyse(file, { probe: await probe(file), speech });
  return { analysis, sound: analysis.shots.map((shot) => shot.measures.sound), codes: analysis.warnings.map((warning) => warning.code) };
}
const silences = (sound: (SoundMeasures | undefined)[]): (number | undefined)[] => sound.map((s) => s && Math.round(s.silence * 10) / 10);

test('sound is measured in the shot that it belongs to, from the one decode', async () => {
  const { sound } = await analysed(film('tone.mov', lavfi("aevalsrc='if(between(t,2,4),0,0.0877*sin(2*PI*1000*t))':s=48000:d=8"), '-map', '4:a', '-c:a', 'pcm_s16le'));
  expect(silences(sound)).toEqual([0, 1, 0, 0]);
  // Mono at -21.1 dBFS: 3 LU below the same in both channels.
  for (const n of [0, 2, 3]) expect(sound[n]).toMatchObject({ loudness: expect.closeTo(-24.15, 1), peak: expect.closeTo(-21.2, 0), speech: 0, speechStretches: 0 });
  expect(sound[1]).toMatchObject({ silence: 1, speech: 0, speechStretches: 0 });
  expect(sound[1]).not.toHaveProperty('peak');
});

test('a film without sound has no sound measures', async () => {
  const { sound, codes } = await analysed(film('mute.mp4', []));
  expect(sound).toEqual([undefined, undefined, undefined, undefined]);
  expect(codes).toEqual([]);
});

test.each([
  ['mp4', ['-c:a', 'aac']],
  ['mkv', ['-c:a', 'pcm_s16le']],
  ['ts', ['-c:a', 'mp2']],
])('sound that begins four seconds late is late (%s)', async (format, codec) => {
  const { sound } = await analysed(film(`late.${format}`, ['-itsoffset', '4', ...lavfi(TONE)], '-map', '4:a', ...codec, '-t', '8'));
  expect(silences(sound)).toEqual([1, 1, 0, 0]);
});

test('sound that ends early is silence from there on, and a warning says so', async () => {
  const { sound, codes } = await analysed(film('short.mp4', lavfi('sine=f=1000:r=44100:d=3'), '-map', '4:a', '-c:a', 'aac'));
  expect(silences(sound)).toEqual([0, 0.5, 1, 1]);
  expect(codes).toEqual(['SOUND_ENDS_EARLY']);
});

test('a hole in the sound does not move what follows', async () => {
  const whole = film('whole.mkv', lavfi(TONE), '-map', '4:a', '-c:a', 'pcm_s16le');
  ffmpeg('-i', whole, '-c', 'copy', '-bsf:a', "noise=drop='between(pts*tb,2,4)'", at('hole.mkv'));
  const { sound } = await analysed(at('hole.mkv'));
  // Packets are dropped whole, so the hole is not cut to the sample.
  expect(sound.map((s) => Math.round(s!.silence))).toEqual([0, 1, 0, 0]);
  for (const n of [1, 2]) expect(Math.abs(sound[n]!.silence - (n === 1 ? 1 : 0))).toBeLessThanOrEqual(0.1);
});

test('a stream that changes its channels half-way is heard to the end, where it belongs', async () => {
  const part = (name: string, graph: string, channels: number, offset: number): string => {
    ffmpeg(...lavfi('testsrc=s=160x90:r=25:d=4'), ...lavfi(graph), '-map', '0', '-map', '1', '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'ac3', '-ac', String(channels), '-output_ts_offset', String(offset), at(name));
    return name;
  };
  const parts = [part('stereo.ts', 'sine=f=1000:d=4,volume=0:enable=gte(t\\,2)', 2, 0), part('six.ts', 'sine=f=1000:d=4,volume=0:enable=lt(t\\,2)', 6, 4)];
  writeFileSync(at('change.ts'), Buffer.concat(parts.map((name) => readFileSync(at(name)))));
  const { analysis } = await analysed(at('change.ts'));
  expect(analysis.frames).toBe(200);
  // Tone, four seconds of silence, tone.
  expect(analysis.shots).toHaveLength(1);
  expect(analysis.shots[0]!.measures.sound!.silence).toBeCloseTo(0.5, 1);
});

test('of several streams the default is heard, and the warning says which', async () => {
  const { sound, analysis } = await analysed(film('two.mp4', [...lavfi('anullsrc=r=48000'), ...lavfi(TONE)], '-map', '4:a', '-map', '5:a', '-t', '8', '-c:a', 'aac', '-disposition:a:0', '0', '-disposition:a:1', 'default'));
  expect(silences(sound)).toEqual([0, 0, 0, 0]);
  expect(analysis.warnings).toMatchObject([{ code: 'SEVERAL_AUDIO_STREAMS', message: expect.stringContaining('stream 2 ') }]);
});

test('broken sound is heard where it decodes, with a warning, and the shots stay', async () => {
  film('clean.mkv', lavfi(TONE), '-map', '4:a', '-c:a', 'aac');
  ffmpeg('-i', at('clean.mkv'), '-c', 'copy', '-bsf:a', "noise=amount='if(between(pts*tb,2,4),3,0)'", at('broken.mkv'));
  const { sound, codes, analysis } = await analysed(at('broken.mkv'));
  expect(analysis.shots).toHaveLength(4);
  expect(codes).toContain('DECODE_ERRORS');
  expect(sound[0]).toMatchObject({ silence: 0, loudness: expect.closeTo(-24.2, 0) });
  expect(sound[3]).toMatchObject({ silence: 0 });
});

const flite = spawnSync('ffmpeg', ['-v', 'error', ...lavfi('flite=text=a'), '-f', 'null', '-']).status === 0;
(flite ? test : test.skip)('spoken words are found where they are, tones and noise are none (needs an ffmpeg with flite)', async () => {
  const words = "flite=text='we only have a few minutes before they find us here':voice=slt,aresample=48000,adelay=2200,apad=whole_dur=8[s];";
  const { sound } = await analysed(film('words.mp4', [...lavfi(TONE), ...lavfi('anoisesrc=r=48000:a=0.02:d=8')], '-filter_complex', `${words}[4:a]volume=0:enable='gte(t,2)'[tone];[5:a]volume=0:enable='lt(t,6)'[noise];[s][tone][noise]amix=3:normalize=0[mix]`, '-map', '[mix]', '-t', '8', '-c:a', 'aac'));
  expect(sound[0]).toMatchObject({ speech: 0, speechStretches: 0 });
  expect(sound[1]!.speech).toBeGreaterThan(0.6);
  expect(sound[3]).toMatchObject({ speech: 0, speechStretches: 0 });
});

test('without the speech model sound is measured and a warning says what is left out', async () => {
  const changed = mkdtempSync(path.join(dir, 'models-'));
  writeFileSync(path.join(changed, 'silero-vad-v5.onnx'), 'another');
  const file = film('plain.mp4', lavfi(TONE), '-map', '4:a', '-c:a', 'aac');
  for (const [folder, code] of [[changed, 'MODEL_CHANGED'], [at('nowhere'), 'MODEL_MISSING']] as const) {
    const analysis = await analyse(file, { probe: await probe(file), speech: await loadSpeechModel(folder) });
    expect(analysis.warnings).toMatchObject([{ code }]);
    expect(analysis.shots[0]!.measures.sound).toMatchObject({ silence: 0 });
    expect(analysis.shots[0]!.measures.sound).not.toHaveProperty('speech');
  }
});

const trailer = path.join(repositoryRoot, '../shared/media/film/sintel_trailer_480p.mp4');
if (!existsSync(trailer)) console.warn(`skipped: no trailer at ${trailer}`);
(existsSync(trailer) ? test : test.skip)("a trailer's four spoken lines are found, and nothing in its music and noise", async () => {
  const { track } = (await analysed(trailer)).analysis;
  expect(track.speech).toHaveLength(track.seconds);
  const spoken = track.speech!.flatMap((share, second) => (share! > 0 ? [second] : []));
  expect(spoken).toEqual([12, 13, 14, 18, 19, 37, 38, 41, 42, 43]);
  expect(Math.max(...track.loudness!.map((lufs) => lufs ?? -70))).toBeGreaterThan(-10);
});
