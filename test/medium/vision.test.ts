/** @jest-environment ./test/support/native-arrays.environment.cjs */
// What the vision models see on films whose content is known.
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
    expect(models.loaded).toEqual(['blazeface-back 3.0.4']);
    await models.close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});

(here ? test : test.skip)('people are seen where they are, and nobody in a shot of a dog', async () => {
  const models = await loadVisionModels(folder);
  expect(models.warnings).toEqual([]);
  const labelsOf = async (name: string) => {
    const file = path.join(shared, 'film', name);
    return (await analyse(file, { probe: await probe(file), models })).shots.map((s) => s.labels);
  };
  const [dog] = await labelsOf('dog_single_shot.mp4');
  expect(dog!.people).toBeUndefined();
  expect(dog!.objects?.[0]?.value).toBe('dog');
  const rooftop = await labelsOf('sintel_rooftop_26s.mp4');
  expect(rooftop.filter((l) => l?.people).length).toBeGreaterThanOrEqual(4);
  await models.close();
}, 240_000);
