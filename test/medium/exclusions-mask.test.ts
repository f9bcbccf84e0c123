import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, jest, test } from '@jest/globals';
import { type Analysis, analyse, maskProxy, maskSheet, probe } from '#libs/media';
import { newId } from '#libs/platform';
import sharp from 'sharp';
import { type Numbered, numberedFilm, numbersIn, soundIn, timesIn } from '../support/numbered.js';

jest.setTimeout(120_000);

async function collected(write: (to: PassThrough) => Promise<unknown>): Promise<Buffer> {
  const to = new PassThrough();
  const chunks: Buffer[] = [];
  to.on('data', (chunk: Buffer) => chunks.push(chunk));
  await write(to);
  return Buffer.concat(chunks);
}

async function proxied(film: Buffer, container = 'mp4'): Promise<{ analysis: Analysis; proxy: Buffer; file: string }> {
  const file = join(tmpdir(), `film-${newId()}.${container}`);
  writeFileSync(file, film);
  const known = await probe(file);
  let analysis!: Analysis;
  const proxy = await collected(async (writable) => void (analysis = await analyse(file, { probe: known, proxy: { writable } })));
  writeFileSync(file, proxy);
  return { analysis, proxy, file };
}

const films: [name: string, film: Numbered][] = [
  ['24', { frames: 120, cuts: [50], rate: '24', sound: true }],
  ['23.976', { frames: 120, cuts: [50], rate: '24000/1001', sound: true }],
  ['25 in Matroska', { frames: 120, cuts: [50], rate: '25', container: 'mkv' }],
  ['29.97 in MPEG-TS', { frames: 120, cuts: [50], rate: '30000/1001', container: 'mpegts', sound: true }],
  ['variable', { frames: 120, cuts: [50], rate: '24', pts: 'N*512+floor(N/7)*1100+gt(N,60)*3000', timescale: 12_288, sound: true }],
];

test.each(films)('%s: exactly the frames given are black and silent, every other is itself and at its time', async (_name, spec) => {
  const { analysis, proxy, file } = await proxied(numberedFilm(spec), spec.container);
  try {
    expect(numbersIn(proxy)).toEqual(Array.from({ length: 120 }, (_, n) => n));
    const stretches = [{ first: 0, end: 1 }, { first: 30, end: 61 }, { first: 62, end: 63 }, { first: 119, end: 120 }];
    const out = (n: number): boolean => stretches.some(({ first, end }) => n >= first && n < end);
    let made!: Awaited<ReturnType<typeof maskProxy>>;
    const masked = await collected(async (writable) => void (made = await maskProxy(file, { stretches, times: analysis.times, timeBase: analysis.timeBase, proxy: analysis.proxy!, writable })));
    expect(numbersIn(masked)).toEqual(Array.from({ length: 120 }, (_, n) => (out(n) ? null : n)));
    const [before, after] = [timesIn(proxy), timesIn(masked)];
    expect(after.map((time, n) => Math.abs(time - before[n]!) < 1e-5)).toEqual(Array(120).fill(true));
    // The playlist's ranges are the masked file's own.
    expect(made.fragments.length).toBe(analysis.proxyFragments.length);
    expect(made.fragments.at(-1)!.offset + made.fragments.at(-1)!.bytes).toBeLessThanOrEqual(masked.length);
    expect(made.fragments.map(({ startPts }) => startPts)).toEqual(analysis.proxyFragments.map(({ startPts }) => startPts));
    expect(masked.subarray(made.fragments[0]!.offset + 4, made.fragments[0]!.offset + 8).toString()).toBe('moof');
    if (!spec.sound) return;
    const sound = soundIn(masked);
    const tick = Number(analysis.timeBase.split('/')[0]) / Number(analysis.timeBase.split('/')[1]);
    const sample = (frame: number): number => Math.round((analysis.times[frame]! - analysis.times[0]!) * tick * 48_000);
    const loudest = (from: number, to: number): number => sound.subarray(from, to).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Within a window of the codec (1,024 samples) of the allowed sound beside it, that one's coding noise reaches over.
    expect(loudest(sample(30) + 1024, sample(61) - 1024)).toBeLessThan(0.0005);
    expect(loudest(sample(30) + 100, sample(61) - 100)).toBeLessThan(0.03);
    expect(loudest(sample(29), sample(30) - 200)).toBeGreaterThan(0.05);
    expect(loudest(sample(61) + 200, sample(62))).toBeGreaterThan(0.05);
  } finally {
    rmSync(file);
  }
});

test('a copy that lacks frames is no copy', async () => {
  const { analysis, proxy, file } = await proxied(numberedFilm({ frames: 60, cuts: [], rate: '24' }));
  writeFileSync(file, proxy.subarray(0, analysis.proxyFragments[0]!.offset + 400));
  const writable = new PassThrough().resume();
  await expect(maskProxy(file, { stretches: [{ first: 3, end: 4 }], times: analysis.times, timeBase: analysis.timeBase, proxy: analysis.proxy!, writable })).rejects.toThrow(/of 60 frames/);
  rmSync(file);
});

test('of a sheet the given tiles are black and the others stay', async () => {
  const white = await sharp({ create: { width: 1600, height: 180, channels: 3, background: '#fff' } }).jpeg().toBuffer();
  const masked = sharp(await maskSheet(white, [1, 12], { tileWidth: 160, tileHeight: 90, columns: 10 }));
  const { data, info } = await masked.grayscale().raw().toBuffer({ resolveWithObject: true });
  const light = (tile: number): number => data[(Math.floor(tile / 10) * 90 + 45) * info.width * info.channels + ((tile % 10) * 160 + 80) * info.channels]!;
  expect(Array.from({ length: 20 }, (_, tile) => light(tile) < 10)).toEqual(Array.from({ length: 20 }, (_, tile) => tile === 1 || tile === 12));
});
