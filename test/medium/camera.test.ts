import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { analyse, probe } from '#libs/media';

jest.setTimeout(600_000);

const shared = join(import.meta.dirname, '../../../shared/media');
const { films } = JSON.parse(readFileSync(join(import.meta.dirname, '../support/camera-sheet.json'), 'utf8')) as { films: Record<string, [frame: number, right: string[]][]> };
const withMedia = existsSync(shared) ? test : test.skip;

withMedia(`what is said of the camera is right nine times in ten, on shots that were looked at by a person${existsSync(shared) ? '' : ' (skipped: ../shared/media is missing)'}`, async () => {
  const wrong: string[] = [];
  let [said, looked, plain, found] = [0, 0, 0, 0];
  for (const [film, sheet] of Object.entries(films)) {
    const file = join(shared, film);
    const { shots } = await analyse(file, { probe: await probe(file) });
    for (const [frame, right] of sheet) {
      const shot = shots.find(({ first, last }) => first <= frame && frame <= last);
      if (!shot) continue;
      looked++;
      if (right.length) plain++;
      const kind = shot.measures.motionKind;
      if (!kind) continue;
      said++;
      if (right.includes(kind)) found++;
      else wrong.push(`${film} frame ${frame}: ${kind} ${shot.measures.motionDirection ?? ''} (${shot.measures.motionConfidence}), not ${right.join(' or ') || 'plain'}`);
    }
  }
  process.stdout.write(`camera: ${looked} shots, ${said} said, ${found} right, ${plain} plain; wrong: ${wrong.join('; ') || 'none'}\n`);
  expect(looked).toBeGreaterThanOrEqual(60);
  expect(found / said).toBeGreaterThanOrEqual(0.9);
  // What is never said is never wrong.
  expect(found / plain).toBeGreaterThanOrEqual(0.4);
});
