/** @jest-environment ./test/support/native-arrays.environment.cjs */
// What the vision models see on films whose content is known.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { analyse, loadVisionModels, probe } from '#libs/media';
import { repositoryRoot } from '#libs/platform';

const shared = path.join(repositoryRoot, '../shared/media');
const here = existsSync(shared);
if (!here) console.warn(`skipped: the films are not at ${shared}`);
const folder = path.join(repositoryRoot, 'models/vision');

test('a model that is missing or changed is named and left out; the others are loaded', async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'backlot-models-'));
  try {
    for (const name of ['blazeface.onnx', 'imagenet-labels.json']) copyFileSync(path.join(folder, name), path.join(dir, name));
    writeFileSync(path.join(dir, 'nanodet.onnx'), 'not the model');
    const models = await loadVisionModels(dir);
    expect(models.warnings.map((w) => w.code).sort()).toEqual(['MODEL_CHANGED', 'MODEL_MISSING']);
    expect(models.loaded).toEqual(['blazeface-back 3.0.4', 'pp-ocr mobile 4']);
    await models.close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});

(here ? test : test.skip)('people are said to be in a shot with precision at least .95 and recall at least .8, on shots that a person labelled', async () => {
  const { films } = JSON.parse(readFileSync(path.join(repositoryRoot, 'test/support/people-sheet.json'), 'utf8')) as { films: Record<string, [number, boolean][]> };
  const models = await loadVisionModels(folder);
  expect(models.warnings).toEqual([]);
  const [hits, missed, wrong]: string[][] = [[], [], []];
  for (const [name, labelled] of Object.entries(films)) {
    const file = path.join(shared, 'film', name);
    const { shots } = await analyse(file, { probe: await probe(file), models });
    for (const [frame, present] of labelled) {
      const seen = shots.find((shot) => shot.first <= frame && frame <= shot.last)?.labels?.people !== undefined;
      if (seen || present) (seen && present ? hits : present ? missed : wrong)!.push(`${name} ${frame}`);
    }
    if (name.startsWith('dog')) expect(shots[0]!.labels!.objects?.[0]?.value).toBe('dog');
  }
  await models.close();
  expect(Object.values(films).flat().length).toBeGreaterThanOrEqual(60);
  const numbers = { missed, wrong, precision: hits!.length / (hits!.length + wrong!.length), recall: hits!.length / (hits!.length + missed!.length) };
  expect(numbers.precision >= 0.95 ? 'precise' : numbers).toBe('precise');
  expect(numbers.recall >= 0.8 ? 'complete' : numbers).toBe('complete');
}, 240_000);
