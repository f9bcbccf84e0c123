import { describe, expect, it } from '@jest/globals';
import { Joiner } from './join.js';
import type { Found } from './propose.js';

/** The first frames of the shots that are told of what was found in 200 frames. */
function told(...found: Found[]): number[] {
  const joiner = new Joiner();
  for (let frame = 0; frame < 200; frame++) joiner.frame(false);
  for (const one of found) joiner.add(one);
  return joiner.end().map(({ frame }) => frame);
}

const cut = (to: number): Found => ({ from: to - 1, to, kind: 'cut', confidence: 0.9, margin: 0.3 });
const dissolve = (from: number, to: number, margin: number): Found => ({ from, to, kind: 'dissolve', confidence: 0.9, margin });

describe('a gradual transition beside a cut', () => {
  it('is the motion of the shot where no frame, or a few, part them', () => {
    expect(told(dissolve(60, 70, 0.2), cut(74))).toEqual([74]);
    expect(told(cut(60), dissolve(62, 72, 0.2))).toEqual([60]);
  });

  it('stands if it is plain, but never without a shot between them', () => {
    expect(told(dissolve(60, 70, 0.35), cut(74))).toEqual([70, 74]);
    expect(told(dissolve(60, 70, 0.35), cut(71))).toEqual([71]);
    expect(told(cut(60), dissolve(61, 71, 0.35))).toEqual([60]);
  });

  it('stands where they are farther apart', () => {
    expect(told(dissolve(60, 70, 0.1), cut(79))).toEqual([70, 79]);
  });
});

it('of two cuts within eight frames the surer one is told', () => {
  expect(told({ ...cut(60), confidence: 0.95 }, cut(65))).toEqual([60]);
  expect(told(cut(60), cut(90))).toEqual([60, 90]);
});
