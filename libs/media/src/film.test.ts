// Probe, pass and clips on small films made here with ffmpeg, so that every frame's number and time is known.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Refusal } from '#libs/platform';
import { analyse } from './analyse.js';
import { cutClip } from './clip.js';
import { probe } from './probe.js';
import type { AnalyseOptions, Analysis, KeyframeImage } from './types.js';

jest.setTimeout(90_000);
const dir = mkdtempSync(path.join(tmpdir(), 'backlot-media-'));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (name: string): string => path.join(dir, name);
const ffmpeg = (...args: string[]): void => void execFileSync('ffmpeg', ['-v', 'error', '-y', ...args]);
const lavfi = (graph: string): string[] => ['-f', 'lavfi', '-i', graph];

/** Three scenes of 30 frames at 24000/1001, cuts at 30 and 60, with sound. */
const film = at('film.mp4');
/** 60 frames whose luma is 20 + 3 x frame number, at 24 a second, key frames far apart. */
const ramp = at('ramp.mp4');
beforeAll(() => {
  const scenes = ['testsrc=s=320x180:r=24000/1001:d=1.2513', 'mandelbrot=s=320x180:r=24000/1001:start_scale=0.4', 'testsrc2=s=320x180:r=24000/1001:d=1.2513'];
  ffmpeg(
    ...scenes.flatMap(lavfi),
    ...lavfi('sine=f=440:r=48000:d=3.75'),
    ...['-filter_complex', '[0:v]trim=end_frame=30[a];[1:v]trim=end_frame=30[b];[2:v]trim=end_frame=30[c];[a][b][c]concat=n=3,format=yuv420p[v]'],
    ...['-map', '[v]', '-map', '3:a', '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-movflags', '+faststart', film],
  );
  ffmpeg(...lavfi("color=black:s=64x64:r=24:d=2.5,format=yuv420p,geq=lum='20+3*N':cb=128:cr=128"), '-c:v', 'libx264', '-qp', '1', '-g', '48', ramp);
});

async function analysed(file: string, options: Partial<AnalyseOptions> = {}): Promise<{ analysis: Analysis; proxy: Buffer; keyframes: KeyframeImage[] }> {
  const sink = new PassThrough();
  const chunks: Buffer[] = [];
  sink.on('data', (chunk: Buffer) => chunks.push(chunk));
  const keyframes: KeyframeImage[] = [];
  const analysis = await analyse(file, { probe: await probe(file), proxy: { writable: sink }, onKeyframe: (k) => void keyframes.push(k), ...options });
  return { analysis, proxy: Buffer.concat(chunks), keyframes };
}

test.each([
  ['text', 'NOT_A_FILM', () => writeFileSync(at('text'), 'this is no film')],
  ['nothing', 'NOT_A_FILM', () => writeFileSync(at('nothing'), '')],
  ['noise', 'NOT_A_FILM', () => writeFileSync(at('noise'), Buffer.alloc(65536, 'dC8$'))],
  ['playlist', 'NOT_A_FILM', () => writeFileSync(at('playlist'), `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n${film}\n#EXT-X-ENDLIST\n`)],
  ['concat', 'NOT_A_FILM', () => writeFileSync(at('concat'), `ffconcat version 1.0\nfile ${film}\n`)],
  ['sound', 'NO_VIDEO', () => ffmpeg('-i', film, '-vn', '-c', 'copy', '-f', 'mp4', at('sound'))],
])('%s is refused as %s with a way out', async (name, code, make) => {
  make();
  await expect(probe(at(name))).rejects.toMatchObject({ code, wayOut: expect.stringMatching(/\w/) });
});

const long = (): string => {
  ffmpeg(...lavfi('testsrc2=s=160x90:r=25:d=12'), '-c:v', 'libx264', '-preset', 'ultrafast', '-movflags', '+faststart', at('long.mp4'));
  return at('long.mp4');
};

test('a truncated film is refused with the number of frames that decode', async () => {
  writeFileSync(at('cut.mp4'), readFileSync(long()).subarray(0, readFileSync(at('long.mp4')).length * 0.6));
  const refusal = (await probe(at('cut.mp4')).catch((error: unknown) => error)) as Refusal;
  expect(refusal.code).toBe('TRUNCATED');
  const [, decoded, claimed] = /(\d+) of (\d+) frames/.exec(refusal.message)!.map(Number);
  expect(claimed).toBe(300);
  expect(decoded).toBeGreaterThan(100);
  expect(decoded).toBeLessThan(250);
});

test('sound that nothing here decodes costs the film its sound and not its picture', async () => {
  // The sample entry says Selectable Mode Vocoder, for which ffmpeg has a name and no decoder.
  ffmpeg('-i', film, '-c:v', 'copy', '-c:a', 'pcm_alaw', at('alaw.mov'));
  const bytes = readFileSync(at('alaw.mov'));
  bytes.write('ssmv', bytes.lastIndexOf('alaw'), 'latin1');
  writeFileSync(at('smv.mov'), bytes);
  const probed = await probe(at('smv.mov'));
  expect(probed.audio).toMatchObject([{ codec: 'smv', undecodable: true }]);
  expect(probed.warnings.map(({ code }) => code)).toEqual(['SOUND_NOT_DECODED']);
  const { analysis } = await analysed(at('smv.mov'));
  expect(analysis.frames).toBe(90);
  expect(analysis.proxy).toMatchObject({ hasAudio: false });
});

test('a rotated film with oblong pixels has the size and frames it is shown with', async () => {
  ffmpeg('-i', film, '-vf', 'setsar=2/1', '-c:v', 'libx264', '-preset', 'ultrafast', '-an', at('wide.mp4'));
  ffmpeg('-i', at('wide.mp4'), '-c', 'copy', '-metadata:s:v', 'rotate=90', at('turned.mp4'));
  const { video } = await probe(at('turned.mp4'));
  expect(video).toMatchObject({ storedWidth: 320, storedHeight: 180, width: 180, height: 640, frameRate: '24000/1001' });
  // ffmpeg releases do not agree on which way `rotate=90` turns.
  expect([90, 270]).toContain(video.rotation);
  const { keyframes } = await analysed(at('turned.mp4'));
  expect(keyframes[0]!.height).toBeGreaterThan(keyframes[0]!.width);
});

test('one pass gives shots to the frame, timestamps, keyframes inside their shots, and a proxy with every frame', async () => {
  const { analysis, proxy, keyframes } = await analysed(film);
  expect(analysis.frames).toBe(90);
  expect(analysis.shots.map(({ first, last }) => [first, last])).toEqual([[0, 29], [30, 59], [60, 89]]);
  const { timeBase } = (await probe(film)).video;
  const step = (Number(timeBase.split('/')[1]) * 1001) / 24000;
  expect(analysis.shots.map((s) => [s.startPts, s.endPts])).toEqual([[0, 30 * step], [30 * step, 60 * step], [60 * step, 90 * step]]);
  for (const k of keyframes) {
    const shot = analysis.shots[k.shot]!;
    expect(k.frame).toBeGreaterThanOrEqual(shot.first);
    expect(k.frame).toBeLessThanOrEqual(shot.last);
    expect(k.pts).toBe(k.frame * step);
    expect(k.jpeg.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
  }
  expect(keyframes).toHaveLength(9);

  writeFileSync(at('proxy.mp4'), proxy);
  const ptsOf = (file: string): number[] =>
    execFileSync('ffprobe', ['-v', 'error', '-select_streams', 'v', '-show_entries', 'frame=best_effort_timestamp', '-of', 'csv=p=0', file]).toString().trim().split('\n').map((l) => parseInt(l, 10)).filter(Number.isFinite);
  expect(ptsOf(at('proxy.mp4'))).toEqual(Array.from({ length: 90 }, (_, i) => i * step));
  const fragments = analysis.proxyFragments;
  expect(analysis.proxy!.bytes).toBe(proxy.length);
  expect(fragments[0]!.offset).toBe(analysis.proxy!.initBytes);
  expect(analysis.proxy!.codecs).toMatch(/^avc1\.[0-9a-f]{6},mp4a\.40\.2$/);
  for (const [i, f] of fragments.entries()) {
    expect(proxy.toString('latin1', f.offset + 4, f.offset + 8)).toBe('moof');
    if (i > 0) expect(f.offset).toBe(fragments[i - 1]!.offset + fragments[i - 1]!.bytes);
  }
  expect(fragments.reduce((sum, f) => sum + f.durationSeconds, 0)).toBeCloseTo((90 * 1001) / 24000, 3);
});

test('a film that is read over http gives the same shots', async () => {
  const bytes = readFileSync(film);
  const server: Server = createServer((request, response) => {
    const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
    const end = to ? Number(to) : bytes.length - 1;
    response.writeHead(206, { 'content-range': `bytes ${from}-${end}/${bytes.length}`, 'content-length': end - Number(from) + 1, 'accept-ranges': 'bytes' });
    response.end(bytes.subarray(Number(from), end + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    const { analysis } = await analysed(`http://127.0.0.1:${port}/film`);
    expect(analysis.shots.map((s) => s.first)).toEqual([0, 30, 60]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('a filmstrip has its tiles on sheets, in order', async () => {
  const sheets: number[] = [];
  const { analysis } = await analysed(film, { filmstrip: { onSheet: (s) => void sheets.push(s.tiles.length) } });
  expect(sheets.reduce((a, b) => a + b)).toBe(analysis.filmstrip!.tiles.length);
  expect(analysis.filmstrip!.tiles.map((t) => t.frame)).toEqual(analysis.filmstrip!.tiles.map((t) => t.frame).sort((a, b) => a - b));
  expect(analysis.filmstrip!.tiles.length).toBeGreaterThanOrEqual(7);
});

test('an aborted pass ends at once with the reason, and a callback that throws ends it with its error', async () => {
  const control = new AbortController();
  const cancelled = analysed(long(), { signal: control.signal, onProgress: () => control.abort(new Error('cancelled by Ada')) });
  await expect(cancelled).rejects.toThrow('cancelled by Ada');
  await expect(analysed(film, { onKeyframe: () => Promise.reject(new Error('disk full')) })).rejects.toThrow('disk full');
});

test('a film whose data ends half-way keeps what decodes and names the rest', async () => {
  const known = await probe(long());
  writeFileSync(at('half.mp4'), readFileSync(at('long.mp4')).subarray(0, readFileSync(at('long.mp4')).length / 2));
  const analysis = await analyse(at('half.mp4'), { probe: known });
  expect(analysis.frames).toBeGreaterThan(60);
  expect(analysis.frames).toBeLessThan(250);
  expect(analysis.warnings).toContainEqual({ code: 'DECODER_STOPPED', message: expect.stringContaining(`${analysis.frames} frames`) });
});

test('variable frame rate keeps every frame and its own timestamp', async () => {
  ffmpeg(...lavfi('testsrc2=s=160x90:r=30:d=3'), '-vf', "select='not(mod(n,3))+lt(n,20)'", '-fps_mode', 'vfr', '-c:v', 'libx264', '-preset', 'ultrafast', at('vfr.mp4'));
  const known = await probe(at('vfr.mp4'));
  expect(known.video.variableFrameRate).toBe(true);
  const { analysis, proxy } = await analysed(at('vfr.mp4'));
  writeFileSync(at('vfr-proxy.mp4'), proxy);
  const packets = (file: string): string => execFileSync('ffprobe', ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts', '-of', 'csv=p=0', file]).toString().split('\n').map((l) => parseInt(l, 10)).sort((a, b) => a - b).join();
  expect(packets(at('vfr-proxy.mp4'))).toBe(packets(at('vfr.mp4')));
  expect(analysis.frames).toBe(43);
});

/** Luma of the first pixel of each frame of a 32x32 clip. */
function lumas(clip: Buffer): number[] {
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', 'pipe:1'], { input: clip });
  return Array.from({ length: raw.length / 1536 }, (_, i) => raw[i * 1536]!);
}

test('clip frame i is the source frame on screen i/16 s after the beginning, none of it outside the shot, and the bytes repeat', async () => {
  const known = await probe(ramp);
  const tick = Number(known.video.timeBase.split('/')[1]) / 24;
  // Frames 13..40; the first key frame after 0 is 48, so the seek has to come from before.
  const spec = { probe: known, startPts: 13 * tick, endPts: 41 * tick, fps: 16, frames: 17, width: 32, height: 32 };
  const clip = await cutClip(ramp, spec);
  const shown = Array.from({ length: 17 }, (_, i) => 13 + Math.floor((i * 24) / 16));
  expect(lumas(clip)).toHaveLength(17);
  lumas(clip).forEach((luma, i) => expect(Math.round((luma - 20) / 3)).toBe(shown[i]));
  expect(await cutClip(ramp, spec)).toEqual(clip);
});

test('a shot that is too short for a clip is refused with the numbers', async () => {
  const known = await probe(ramp);
  const tick = Number(known.video.timeBase.split('/')[1]) / 24;
  const spec = { probe: known, startPts: 0, endPts: 20 * tick, fps: 16, frames: 17, width: 32, height: 32 };
  await expect(cutClip(ramp, spec)).rejects.toMatchObject({ code: 'CLIP_TOO_SHORT', message: expect.stringMatching(/13 .* 17/) });
});

test('shots and measures are the same whoever wants pictures, proxy or neither', async () => {
  // Larger than the base size, so that pictures are scaled; fades in over changing noise, where one level of luma decides.
  ffmpeg(...lavfi('mandelbrot=s=854x480:r=24:start_scale=0.3'), '-vf', 'trim=end_frame=90,fade=in:0:20,noise=alls=8:allf=t:all_seed=3', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', at('fading.mp4'));
  const plain = await probe(at('fading.mp4'));
  const facts = ({ shots }: Analysis): unknown => shots.map(({ keyframes: _, ...shot }) => shot);
  const nothing = facts(await analyse(at('fading.mp4'), { probe: plain }));
  expect(facts(await analyse(at('fading.mp4'), { probe: plain, onKeyframe: () => undefined }))).toEqual(nothing);
  expect(facts((await analysed(at('fading.mp4'))).analysis)).toEqual(nothing);
});
