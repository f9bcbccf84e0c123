import { expect, test } from '@jest/globals';
import { StillStore } from './stills.js';

const SIZE = 6;

/** The still of a frame: every byte is its number. All are given in the same memory, as the pass gives them. */
function giver(store: StillStore, lag: number): (frame: number) => void {
  const data = Buffer.alloc(SIZE);
  return (frame) => store.add({ frame, pts: frame, width: 2, height: 2, data: data.fill(frame % 251) }, lag);
}

test('the stills of a shot are theirs until they are given back, however many come meanwhile', () => {
  const store = new StillStore();
  const give = giver(store, 20);
  for (let frame = 0; frame < 600; frame += 3) give(frame);
  const taken = store.take(0, 500, 3);
  for (let frame = 600; frame < 1500; frame += 3) give(frame);
  const later = store.take(501, 1200, 5);
  for (let frame = 1500; frame < 1800; frame += 3) give(frame);
  expect([taken.length, later.length]).toEqual([3, 5]);
  for (const { frame, data } of [...taken, ...later]) expect([...data]).toEqual(Array<number>(SIZE).fill(frame % 251));
  expect(taken.map(({ frame }) => Math.abs(frame - 250) < 20)).toEqual([false, true, false]);
});

test('memory is bounded by the undecided stretch, the kept stills and those that are not given back', () => {
  const store = new StillStore(4);
  const give = giver(store, 30);
  const seen = new Set<unknown>();
  for (let frame = 0; frame < 30_000; frame += 3) {
    give(frame);
    if (frame % 600 !== 597) continue;
    const taken = store.take(frame - 597, frame - 30, 3);
    for (const { data } of taken) seen.add(data.buffer);
    store.giveBack(taken);
  }
  // 10 undecided, 2 x 4 settled, one on its way.
  expect(seen.size).toBeLessThanOrEqual(19);
});
