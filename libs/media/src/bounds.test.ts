// Films at the edges of what a pass may meet: what it gives, and that it stays small.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import { analyse } from './analyse.js';
import { probe } from './probe.js';
import type { Analysis, AnalyseOptions, Boundary, ShotDetector } from './types.js';

jest.setTimeout(120_000);
const dir = mkdtempSync(path.join(tmpdir(), 'backlot-bounds-'));
afterAll(() => rmSync(dir, { recursive: true }));

function film(name: string, graph: string): string {
  const file = path.join(dir, name);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', graph, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', file]);
  return file;
}

const analysed = async (file: string, options: Partial<AnalyseOptions> = {}): Promise<Analysis> => analyse(file, { probe: await probe(file), ...options });

test('a film of one frame is one shot with one keyframe', async () => {
  const jpegs: number[] = [];
  const { frames, shots, times } = await analysed(film('one.mp4', 'testsrc2=s=64x36:r=25,trim=end_frame=1'), { onKeyframe: ({ frame, jpeg }) => void jpegs.push(frame, jpeg[0]!) });
  expect(frames).toBe(1);
  expect(times).toHaveLength(2);
  expect(shots).toMatchObject([{ first: 0, last: 0, entry: { kind: 'start' } }]);
  expect(jpegs).toEqual([0, 0xff]);
});

test('a long black film is one black shot with pictures from all over it', async () => {
  const { shots, frames } = await analysed(film('black.mp4', 'color=black:s=32x18:r=25:d=80'), { onKeyframe: () => undefined });
  expect(frames).toBe(2000);
  expect(shots).toHaveLength(1);
  expect(shots[0]!.measures).toMatchObject({ blackFraction: 1 });
  expect(shots[0]!.keyframes).toHaveLength(5);
  expect(shots[0]!.keyframes.map(({ frame }) => Math.floor((5 * frame) / 2000))).toEqual([0, 1, 2, 3, 4]);
});

/** Sees a cut every nine frames, as a detector does that a strobe deceives. */
const deceived = (): ShotDetector => {
  const cuts = (frame: number): Boundary[] => (frame > 0 && frame % 9 === 0 ? [{ frame, entry: { kind: 'cut', confidence: 1 } }] : []);
  return { name: 'deceived', version: '1', lag: 0, push: ({ frame }) => cuts(frame), end: () => [] };
};

test('boundaries that are given are kept, however many', async () => {
  const { shots } = await analysed(film('given.mp4', 'testsrc2=s=32x18:r=25:d=70'), { detector: deceived() });
  expect(shots).toHaveLength(195);
});

test('each shot of eight frames has a keyframe that lies inside it', async () => {
  const cuts = (frame: number): Boundary[] => (frame > 0 && frame % 8 === 0 ? [{ frame, entry: { kind: 'cut', confidence: 1 } }] : []);
  const { shots } = await analysed(film('eight.mp4', 'testsrc2=s=32x18:r=25:d=4'), {
    detector: { name: 'eight', version: '1', lag: 0, push: ({ frame }) => cuts(frame), end: () => [] },
    onKeyframe: () => undefined,
  });
  expect(shots.slice(0, -1).filter(({ first, last, keyframes }) => keyframes.length === 0 || keyframes.some(({ frame }) => frame < first || frame > last))).toEqual([]);
});

test('what a decoder gave before it ended is kept, and the rest is named', async () => {
  const whole = film('whole.ts', 'testsrc2=s=320x180:r=25:d=20');
  const bytes = readFileSync(whole);
  const known = await probe(whole);
  writeFileSync(path.join(dir, 'half.ts'), bytes.subarray(0, bytes.length / 2));
  const { frames, shots, warnings } = await analyse(path.join(dir, 'half.ts'), { probe: known });
  expect(frames).toBeGreaterThan(150);
  expect(frames).toBeLessThan(350);
  expect(shots.at(-1)!.last).toBe(frames - 1);
  expect(warnings).toContainEqual({ code: 'DECODER_STOPPED', message: expect.stringContaining(`${frames} frames`) });
});

test('a pass that is cancelled ends at once and leaves no thread behind', async () => {
  const controller = new AbortController();
  const file = film('cancelled.mp4', 'testsrc2=s=320x180:r=25:d=60');
  const running = analysed(file, { signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) });
  await expect(running).rejects.toThrow('enough');
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort')).toEqual([]);
});
