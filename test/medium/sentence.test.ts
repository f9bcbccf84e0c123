/** @jest-environment ./test/support/native-arrays.environment.cjs */
// What sentence vectors are good for: the caption that is meant is nearest to the words that are asked.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadSentenceModel, type SentenceModel } from '#libs/media';
import { repositoryRoot } from '#libs/platform';

const folder = path.join(repositoryRoot, 'models/text-vectors');
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0);

let model: SentenceModel;
beforeAll(async () => {
  model = await loadSentenceModel(folder);
});
afterAll(() => model.close());

test('a vector has 384 numbers and length 1, is the same each time, and near where the meaning is', async () => {
  expect(model).toMatchObject({ warnings: [], loaded: 'all-MiniLM-L6-v2 0.1.0' });
  const captions = ['A medium shot of a dog outdoors.', 'A close-up of a person indoors, dark lighting.', 'A long shot of a ship, bright lighting.', 'A shot, static camera, on-screen text "The End".'];
  const asked: [string, number][] = [['a puppy in a garden', 0], ['somebody’s face at night in a room', 1], ['boats on the sea', 2], ['closing credits', 3]];
  const known = (await model.vectors(captions))!;
  for (const [words, right] of asked) {
    const [vector, again] = (await model.vectors([words, words]))!;
    expect(vector).toHaveLength(384);
    expect(dot(vector!, vector!)).toBeCloseTo(1, 4);
    expect(again).toEqual(vector);
    const near = known.map((caption) => dot(caption, vector!));
    expect({ words, best: near.indexOf(Math.max(...near)) }).toEqual({ words, best: right });
  }
});

test('a text of any length and any script has a vector', async () => {
  const found = (await model.vectors(['', ' ', '日本語の字幕', 'Ünïcödé naïve 😀 \u0000 \ud800', 'word '.repeat(5000)]))!;
  for (const vector of found) expect(vector.every(Number.isFinite) && Math.abs(dot(vector, vector) - 1) < 1e-3).toBe(true);
});

test('a file that is missing or changed is named, and there are no vectors', async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'backlot-sentences-'));
  try {
    expect(await loadSentenceModel(dir)).toMatchObject({ loaded: null, warnings: [{ code: 'MODEL_MISSING' }] });
    copyFileSync(path.join(folder, 'tokenizer.json'), path.join(dir, 'tokenizer.json'));
    writeFileSync(path.join(dir, 'minilm.onnx'), 'not the model');
    const changed = await loadSentenceModel(dir);
    expect(changed).toMatchObject({ loaded: null, warnings: [{ code: 'MODEL_CHANGED' }] });
    expect(await changed.vectors(['words'])).toBeNull();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
