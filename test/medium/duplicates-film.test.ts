/** @jest-environment ./test/support/native-arrays.environment.cjs */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { analyse, loadVisionModels, probe, type VisionModels } from '#libs/media';
import { HashIndex } from '#libs/curation';
import { repositoryRoot } from '#libs/platform';
import { type Hashes, hashesOf } from '../../libs/curation/src/duplicates/hashes.js';
import { areDuplicates, cosine, MOST, sketchOf } from '../../libs/curation/src/duplicates/rule.js';
import { sharedMedia } from '../../libs/media/tools/score-shots.js';

jest.setTimeout(600_000);

const films = join(sharedMedia, 'film');
const here = existsSync(films);
if (!here) console.warn(`skipped: the films with shots in common are not at ${films}`);

interface Seen {
  film: string;
  /** Seconds on the trailer's clock, which the opening is a part of. */
  from: number;
  to: number;
  hashes: Hashes;
  look: Int8Array | null;
}

/** The trailer begins this much before the opening does. */
const clock: Record<string, number | null> = { 'sintel_trailer_204p.mp4': 0, 'sintel_trailer_480p.mp4': 0, 'sintel_opening_20s_mpeg1.mpg': 19.5, 'sintel_rooftop_26s.mp4': null, 'tears_of_steel_battle_70s.webm': null, 'bbb_480p_30s.mp4': null };

async function seen(film: string, models: VisionModels): Promise<Seen[]> {
  const file = join(films, film);
  const { shots, timeBase } = await analyse(file, { probe: await probe(file), models, onKeyframe: () => undefined });
  const [num, den] = timeBase.split('/').map(Number);
  const seconds = (pts: number): number => (pts * num!) / den! + (clock[film] ?? NaN);
  return shots.map(({ startPts, endPts, keyframes, labels }) => ({ film, from: seconds(startPts), to: seconds(endPts), hashes: hashesOf(keyframes.map(({ hash }) => hash)), look: labels?.vector ? sketchOf(labels.vector) : null }));
}

/** One take: half of the shorter one is in the other. Undefined where they only touch. */
function oneTake(a: Seen, b: Seen): boolean | undefined {
  const common = Math.min(a.to, b.to) - Math.max(a.from, b.from);
  if (!(common > 0) || a.film === b.film) return false;
  return common > Math.min(a.to - a.from, b.to - b.from) / 2 || undefined;
}

(here ? describe : describe.skip)('on real footage: two encodes of a trailer, the opening it is cut from, another scene, two other films', () => {
  let shots: Seen[];
  beforeAll(async () => {
    const models = await loadVisionModels(join(repositoryRoot, 'models/vision'));
    shots = [];
    for (const film of Object.keys(clock)) shots.push(...(await seen(film, models)));
    await models.close();
  });

  test.each([
    ['hashes and looks', true, 0.6],
    ['hashes alone', false, 0.45],
  ])('%s: no pair of different takes, and of the pairs of one take, each film cut into shots by itself, what was measured', (_name, looks, recall) => {
    const index = new HashIndex(MOST);
    shots.forEach(({ hashes }, number) => index.add(number, hashes));
    const [known, other] = [{ found: 0, all: 0 }, { found: [] as string[], all: 0 }];
    shots.forEach((a, n) => {
      const near = new Set(index.near(a.hashes).filter(({ shot, most, one }) => areDuplicates({ most, one, cosine: looks ? cosine(a.look, shots[shot]!.look) : null })).map(({ shot }) => shot));
      shots.slice(0, n).forEach((b, m) => {
        const same = oneTake(a, b);
        if (same === undefined || !a.hashes.length || !b.hashes.length) return;
        if (same) {
          known.all++;
          if (near.has(m)) known.found++;
        } else {
          other.all++;
          if (near.has(m)) other.found.push(`${a.film} ${n} / ${b.film} ${m}`);
        }
      });
    });
    expect(other.found).toEqual([]);
    expect(known.all).toBeGreaterThan(25);
    expect(known.found / known.all).toBeGreaterThanOrEqual(recall);
  });
});
