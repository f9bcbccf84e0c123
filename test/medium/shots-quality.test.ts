/** @jest-environment ./test/support/native-arrays.environment.cjs */
import { existsSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { asPredicted, boundariesOf, score, scoredFiles, sharedMedia, together } from '../../libs/media/tools/score-shots.js';

const here = existsSync(sharedMedia);
if (!here) console.warn(`skipped: the films with known transitions are not at ${sharedMedia}`);

(here ? test : test.skip)('shots are found on real film and on compositions of all transitions (F1 at least .96, .99 and .97)', async () => {
  const scores = { film: [], comp_0: [], comp_5: [] } as Record<'film' | 'comp_0' | 'comp_5', ReturnType<typeof score>[]>;
  for (const { set, file, truth } of scoredFiles()) {
    scores[set].push(score(truth, asPredicted(await boundariesOf(file))));
  }
  expect(together(scores.film).f1).toBeGreaterThanOrEqual(0.96);
  expect(together(scores.comp_0).f1).toBeGreaterThanOrEqual(0.99);
  expect(together(scores.comp_5).f1).toBeGreaterThanOrEqual(0.97);
}, 600_000);
