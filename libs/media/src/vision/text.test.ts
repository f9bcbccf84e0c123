// Text on pictures made here with ffmpeg, so that what is written is known.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import type { RgbImage, Warning } from '../types.js';
import { loadVisionModels } from './models.js';
import { decode, lines, openText } from './text.js';

const WRITE = "drawtext=text='%s':fontsize=%d:fontcolor=white:borderw=2:x=(w-tw)/2:y=%s";
const canWrite = spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'color=s=64x64:d=0.1', '-vf', 'drawtext=text=a', '-f', 'null', '-']).status === 0;

function picture(graph: string): RgbImage {
  return { width: 640, height: 360, data: execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', graph, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']) };
}
const written = (text: string, size: number, y: string): string => WRITE.replace('%s', text).replace('%d', String(size)).replace('%s', y);
/** Letters alone: where words are parted and what stands between them the model says with less care. */
const bare = (text: string): string => text.replaceAll(/[^\p{L}]/gu, '').toLowerCase();

(canWrite ? test : test.skip)('subtitles and title cards are read with their places; pictures without text give none (needs an ffmpeg with drawtext)', async () => {
  const models = await loadVisionModels('models/vision');
  try {
    expect(models.warnings).toEqual([]);
    const read = async (graph: string): Promise<Awaited<ReturnType<typeof models.label>>['text']> => (await models.label([], { motion: 0, whole: picture(graph) })).text;
    const subtitle = await read(`mandelbrot=s=640x360,${written('We have to leave', 20, 'h-60')},${written('before they come back', 20, 'h-34')}`);
    expect(subtitle!.value.map(bare)).toEqual(['wehavetoleave', 'beforetheycomeback']);
    expect(subtitle).toMatchObject({ source: 'modelled', by: 'pp-ocr mobile 4' });
    expect(subtitle!.confidence).toBeGreaterThan(0.8);
    for (const [at, top] of [[0, 300], [1, 326]] as const) {
      const box = subtitle!.boxes[at]!;
      expect(box.top * 360).toBeGreaterThan(top - 12);
      expect((box.top + box.height) * 360).toBeLessThan(top + 36);
      expect(Math.abs(box.left + box.width / 2 - 0.5)).toBeLessThan(0.05);
    }
    const card = await read(`color=black:s=640x360,${written('THE LONG WINTER', 48, '(h-th)/2')}`);
    expect(card!.value.map(bare)).toEqual(['thelongwinter']);
    expect(card!.area).toBeGreaterThan(subtitle!.area);
    for (const plain of ['mandelbrot=s=640x360', 'smptebars=s=640x360', 'color=black:s=640x360', 'cellauto=s=640x360:rule=110', 'life=s=640x360:ratio=0.2:seed=7']) expect(await read(plain)).toBeUndefined();
  } finally {
    await models.close();
  }
}, 120_000);

test('the reader is left out with a warning where its files are not installed', async () => {
  const warnings: Warning[] = [];
  const nowhere = mkdtempSync(path.join(tmpdir(), 'backlot-text-'));
  expect(await openText(warnings, nowhere)).toBeUndefined();
  rmSync(nowhere, { recursive: true });
  expect(warnings).toMatchObject([{ code: 'MODEL_MISSING', message: expect.stringContaining('text in the picture is not read') }]);
});

test('what hangs together on the map is a line, grown to its letters; faint and tiny spots are none', () => {
  const map = new Float32Array(40 * 20);
  for (let y = 5; y < 9; y++) for (let x = 4; x < 24; x++) map[y * 40 + x] = 0.9;
  for (let y = 14; y < 18; y++) for (let x = 4; x < 24; x++) map[y * 40 + x] = 0.4;
  map[2 * 40 + 38] = 0.9;
  // 20 x 4: grown by 1.5 x 80 / 48 on each side.
  expect(lines(map, 40, 20)).toEqual([{ left: 1.5, top: 2.5, width: 25, height: 9 }]);
});

test('a letter that goes on is said once, after a blank again; confidence is the mean of what is said', () => {
  const classes = ['', 'a', 'b'];
  const steps = [1, 1, 0, 1, 2, 0].map((said, at) => classes.map((_, c) => (c === said ? (at === 4 ? 0.6 : 0.9) : 0.05)));
  expect(decode(Float32Array.from(steps.flat()), classes)).toEqual({ text: 'aab', confidence: expect.closeTo(0.8, 5) });
});
