/** @jest-environment ./test/support/native-arrays.environment.cjs */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { loadVisionModels } from '#libs/media';
import { repositoryRoot } from '#libs/platform';
import { nearDuplicates, type Take, takesOf } from '../../libs/curation/tools/takes.js';
import { sharedMedia } from '../../libs/media/tools/score-shots.js';

jest.setTimeout(600_000);

const films = join(sharedMedia, 'film');
const here = existsSync(films);
if (!here) console.warn(`skipped: the films with shots in common are not at ${films}`);

/** The trailer begins this much before the opening does. */
const clock: Record<string, number | null> = { 'sintel_trailer_204p.mp4': 0, 'sintel_trailer_480p.mp4': 0, 'sintel_opening_20s_mpeg1.mpg': 19.5, 'sintel_rooftop_26s.mp4': null, 'tears_of_steel_battle_70s.webm': null, 'bbb_480p_30s.mp4': null };

/** One take: half of the shorter one is in the other. Undefined where they only touch. */
function oneTake(a: Take, b: Take): boolean | undefined {
  const common = Math.min(a.to, b.to) - Math.max(a.from, b.from);
  if (!(common > 0) || a.film === b.film) return false;
  return common > Math.min(a.to - a.from, b.to - b.from) / 2 || undefined;
}

(here ? describe : describe.skip)('on real footage: two encodes of a trailer, the opening it is cut from, another scene, two other films', () => {
  let shots: Take[];
  beforeAll(async () => {
    const models = await loadVisionModels(join(repositoryRoot, 'models/vision'));
    shots = [];
    for (const [film, begins] of Object.entries(clock)) shots.push(...(await takesOf(film, join(films, film), begins ?? NaN, models)));
    await models.close();
  });

  test.each([
    ['hashes and looks', true, 0.6],
    ['hashes alone', false, 0.45],
  ])('%s: no pair of different takes, and of the pairs of one take, each film cut into shots by itself, what was measured', (_name, looks, recall) => {
    const near = nearDuplicates(shots, looks);
    const [known, other] = [{ found: 0, all: 0 }, { found: [] as string[], all: 0 }];
    shots.forEach((a, n) => {
      shots.slice(0, n).forEach((b, m) => {
        const same = oneTake(a, b);
        if (same === undefined || !a.hashes.length || !b.hashes.length) return;
        if (same) {
          known.all++;
          if (near[n]!.has(m)) known.found++;
        } else {
          other.all++;
          if (near[n]!.has(m)) other.found.push(`${a.film} ${n} / ${b.film} ${m}`);
        }
      });
    });
    expect(other.found).toEqual([]);
    expect(known.all).toBeGreaterThan(25);
    expect(known.found / known.all).toBeGreaterThanOrEqual(recall);
  });
});
