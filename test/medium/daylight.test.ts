/** @jest-environment ./test/support/native-arrays.environment.cjs */
// Day and night on films that a person looked at, and on outdoor film made dark as for a night shot by day.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { analyse, loadVisionModels, probe, type Shot, type VisionModels } from '#libs/media';
import { repositoryRoot } from '#libs/platform';

jest.setTimeout(600_000);
const shared = path.join(repositoryRoot, '../shared/media');
const withMedia = existsSync(shared) ? test : test.skip;
const skipped = existsSync(shared) ? '' : ' (skipped: ../shared/media is missing)';
const dir = mkdtempSync(path.join(tmpdir(), 'backlot-daylight-'));
let models: VisionModels;
beforeAll(async () => void (models = await loadVisionModels(path.join(repositoryRoot, 'models/vision'))));
afterAll(async () => {
  await models.close();
  rmSync(dir, { recursive: true });
});
const shotsOf = async (file: string): Promise<Shot[]> => (await analyse(file, { probe: await probe(file), models })).shots;

withMedia(`day is said rightly nine times in ten, and night never of films that have none${skipped}`, async () => {
  const { films } = JSON.parse(readFileSync(path.join(repositoryRoot, 'test/support/daylight-sheet.json'), 'utf8')) as { films: Record<string, [frame: number, right: 'day' | null][]> };
  const wrong: string[] = [];
  let [looked, days, said, found, nights] = [0, 0, 0, 0, 0];
  for (const [film, sheet] of Object.entries(films)) {
    const shots = await shotsOf(path.join(shared, film));
    nights += shots.filter(({ measures }) => measures.timeOfDay === 'night').length;
    for (const [frame, right] of sheet) {
      const shot = shots.find(({ first, last }) => first <= frame && frame <= last);
      if (!shot) continue;
      looked++;
      if (right) days++;
      const { timeOfDay } = shot.measures;
      if (!timeOfDay) continue;
      said++;
      if (timeOfDay === right) found++;
      else wrong.push(`${film} frame ${frame}: ${timeOfDay}`);
    }
  }
  process.stdout.write(`daylight: ${looked} shots, ${days} by day, ${said} said, ${found} right, ${nights} called night; wrong: ${wrong.join('; ') || 'none'}\n`);
  expect(looked).toBeGreaterThanOrEqual(80);
  expect(nights).toBe(0);
  expect(found / said).toBeGreaterThanOrEqual(0.9);
  // What is never said is never wrong.
  expect(found / days).toBeGreaterThanOrEqual(0.3);
});

withMedia(`outdoor film made dark and blue is night or nothing, never day${skipped}`, async () => {
  let [night, day, all] = [0, 0, 0];
  for (const film of ['odd/vp9_10bit_roadtrip.webm', 'odd/hdr10_av1_mdcv_clli.mp4', 'film/nosferatu_47s_bw.mp4', 'film/sintel_rooftop_26s.mp4']) {
    const dark = path.join(dir, `${all}.mp4`);
    execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-i', path.join(shared, film), '-an', '-vf', "format=yuv420p,lutyuv=y='16+(val-16)*0.2',eq=saturation=0.5", '-colorspace', 'bt709', '-color_trc', 'bt709', '-color_primaries', 'bt709', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '16', dark]);
    for (const { measures } of await shotsOf(dark)) {
      all++;
      if (measures.timeOfDay === 'night') night++;
      if (measures.timeOfDay === 'day') day++;
    }
  }
  process.stdout.write(`made night: ${all} shots, ${night} told, ${day} called day\n`);
  expect(day).toBe(0);
  expect(night).toBeGreaterThan(0);
});
