import { expect, test } from '@jest/globals';
import { FrameClock } from './frames.js';

test('every frame of a 23.976 film is found again from the middle and from the beginning of its time', () => {
  const frames = 2877;
  const clock = new FrameClock({ frames, timeBase: '1/24000', startPts: '2002', durationPts: String(frames * 1001) });
  for (let frame = 0; frame < frames; frame++) {
    expect(clock.frameAt(clock.middleOf(frame))).toBe(frame);
    // A player reports microseconds.
    expect(clock.frameAt(Math.round(clock.secondsOf(frame) * 1e6) / 1e6)).toBe(frame);
  }
});

test('a rate that does not divide its time base still gives every frame its own number', () => {
  const frames = 5000;
  const pts = (frame: number) => Math.round((frame * 90_000 * 1001) / 24_000);
  const clock = new FrameClock({ frames, timeBase: '1/90000', startPts: '0', durationPts: String(pts(frames)) });
  for (let frame = 0; frame < frames; frame++) expect(clock.frameAt(pts(frame) / 90_000)).toBe(frame);
});

test('at a variable rate the frames at known places are exact', () => {
  const film = { frames: 100, timeBase: '1/1000', startPts: '0', durationPts: '10000' };
  const clock = new FrameClock(film, [
    { frame: 50, pts: 2000 },
    { frame: 60, pts: 8000 },
  ]);
  expect(clock.frameAt(2)).toBe(50);
  expect(clock.frameAt(8)).toBe(60);
  expect(clock.secondsOf(50)).toBeCloseTo(2, 9);
  expect(clock.frameAt(1.999 - 0.02)).toBe(49);
});

test('time outside the film is its first or its last frame', () => {
  const clock = new FrameClock({ frames: 10, timeBase: '1/25', startPts: '0', durationPts: '10' });
  expect(clock.frameAt(-1)).toBe(0);
  expect(clock.frameAt(99)).toBe(9);
});
