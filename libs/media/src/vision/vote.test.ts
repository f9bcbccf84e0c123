import { expect, test } from '@jest/globals';
import { blazefaceBoxes, nanodetBoxes, withoutOverlaps, type Box } from './detect.js';
import { settled, sizeOfFace, vote, type Sight } from './vote.js';

const names = { imagenet: Array.from({ length: 1000 }, (_, i) => (i === 7 ? 'bookstore' : i === 8 ? 'seashore' : `thing ${i}`)), by: { people: 'n', faces: 'f', scene: 'e' } };
const box = (label: string, score = 0.8, height = 0.5, left = 0): Box => ({ label, score, left, top: 0.1, width: 0.1, height });
const sight = (boxes: Box[], faces: Box[] = [], card = false): Sight => ({ boxes, faces, card });
const person = box('person');

test('what one keyframe of three shows is left out, what two show is said', () => {
  expect(vote([sight([person]), sight([]), sight([])], names).people).toBeUndefined();
  expect(vote([sight([person]), sight([person]), sight([])], names).people).toMatchObject({ value: 1, source: 'modelled', by: 'n' });
  expect(vote([sight([box('dog')]), sight([box('dog')]), sight([box('cat')])], names).objects).toMatchObject([{ value: 'dog' }]);
});

test('the last keyframe is left out only where it could change nothing that is said', () => {
  const dog = box('dog');
  const looks = [sight([]), sight([person]), sight([person, dog]), sight([dog]), sight([], [box('face')]), sight([person, { ...person, left: 0.5 }]), sight([box('clock')], [], true)];
  const said = (sights: Sight[]): unknown => {
    const { people, faces, objects } = vote(sights, names);
    return { people: people?.value, faces: faces?.value, objects: objects?.map(({ value }) => value) };
  };
  let skipped = 0;
  for (const first of looks) {
    for (const second of looks) {
      if (!settled([first, second])) continue;
      skipped++;
      for (const third of looks) expect(said([first, second, third])).toEqual(said([first, second]));
    }
  }
  expect(skipped).toBeGreaterThanOrEqual(looks.length);
  expect(settled([sight([])])).toBe(false);
});

test('above two people it is several', () => {
  const three = sight([person, { ...person, left: 0.3 }, { ...person, left: 0.6 }]);
  expect(vote([three, three, three], names).people?.value).toBe('several');
});

test('things are not named on a title card', () => {
  const card = sight([box('clock')], [], true);
  expect(vote([card, card, card], names).objects).toBeUndefined();
});

test('indoors is said of clear evidence only', () => {
  const classes = (indoors: number, outdoors: number): Sight => {
    const p = new Float32Array(1000);
    p[7] = indoors;
    p[8] = outdoors;
    return { classes: p, card: false };
  };
  expect(vote([classes(0.6, 0.1)], names).place?.value).toBe('indoors');
  expect(vote([classes(0.05, 0.6)], names).place?.value).toBe('outdoors');
  expect(vote([classes(0.3, 0.3)], names).place).toBeUndefined();
  expect(vote([classes(0.1, 0.02)], names).place).toBeUndefined();
});

test('shot size follows the height of the face', () => {
  expect([0.8, 0.5, 0.3, 0.2, 0.1, 0.05].map(sizeOfFace)).toEqual(['extreme close-up', 'close-up', 'medium close-up', 'medium shot', 'medium long shot', 'long shot']);
});

test('overlapping boxes of one label are one, of two labels two', () => {
  expect(withoutOverlaps([box('dog', 0.6), box('dog', 0.9), box('cat', 0.5)], 0.5).map((b) => [b.label, b.score])).toEqual([['dog', 0.9], ['cat', 0.5]]);
});

test('NanoDet cells and BlazeFace anchors become boxes where they are', () => {
  const layers = [8, 16, 32].map((stride) => ({ cells: (64 / stride) * (32 / stride) }));
  const outputs = layers.flatMap(({ cells }) => [
    { dims: [1, cells, 80], data: new Float32Array(cells * 80) },
    { dims: [1, cells, 44], data: new Float32Array(cells * 44) },
  ]);
  // Stride 8, column 3 of 8, row 1 of 4: centre (28, 12). Bin 1 on all sides: 8 pixels each way.
  outputs[0]!.data[(8 + 3) * 80] = 0.9;
  for (let side = 0; side < 4; side++) outputs[1]!.data[((8 + 3) * 4 + side) * 11 + 1] = 50;
  const [found] = nanodetBoxes(outputs, 64, 32, 0.45);
  expect(found).toMatchObject({ label: 'person', left: 20 / 64, top: 4 / 32, width: 16 / 64, height: 16 / 32 });

  const faces = [512, 384].flatMap((count) => [
    { dims: [1, count, 1], data: new Float32Array(count).fill(-9) },
    { dims: [1, count, 16], data: new Float32Array(count * 16) },
  ]);
  faces[0]!.data[0] = 9;
  faces[1]!.data.set([0, 0, 64, 32], 0);
  expect(blazefaceBoxes(faces, 0.7)).toMatchObject([{ label: 'face', left: 0.5 / 16 - 0.125, width: 0.25, height: 0.125 }]);
});
