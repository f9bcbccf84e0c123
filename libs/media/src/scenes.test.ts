// Scenes on looks made here, on a film made here, and on a black-and-white film whose scenes are known.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { analyse } from './analyse.js';
import type { ShotLook } from './measures/shot.js';
import { probe } from './probe.js';
import { alike, scenesOf } from './scenes.js';
import type { Scene, Transition } from './types.js';

jest.setTimeout(120_000);
const dir = mkdtempSync(path.join(tmpdir(), 'backlot-scenes-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** A set-up: light of its own in each field (from `seed`), in one colour. `level` lights the whole of it. */
function look(seed: number, [u, v]: readonly [number, number] = [128, 128], { level = 60, bin = seed, strays = 0 } = {}): ShotLook {
  let state = seed;
  const fields = Uint8Array.from({ length: 144 * 3 }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return i % 3 === 0 ? level + (state >>> 25) : (i % 3 === 1 ? u : v) + (strays && i % 2 ? strays : 0);
  });
  const colours = new Float32Array(400);
  colours[bin] = 1;
  return { colours, start: fields, end: fields };
}
const CUT: Transition = { kind: 'cut', confidence: 1 };
const FADE: Transition = { kind: 'fade', first: 0, last: 1, confidence: 1 };
/** Shots of four seconds, one tick a second. */
const shots = (entries: Transition[], gap = 0) => entries.map((entry, n) => ({ startPts: n * (4 + gap), endPts: n * (4 + gap) + 4, entry }));
const scenes = (looks: (ShotLook | undefined)[], entries = looks.map(() => CUT), gap = 0): [number, number][] => scenesOf(shots(entries, gap), looks, 1).map(({ first, last }): [number, number] => [first, last]);

const ROOM = look(1, [120, 140], { strays: 20 });
const FACE = look(2, [110, 150], { strays: 20 });
const OTHER = look(3, [112, 148], { strays: 20 });
const STREET = look(4, [140, 120], { strays: 20 });
const CAR = look(5, [145, 118], { strays: 20 });

test('both sides of a dialogue are one scene, and the next place is another', () => {
  expect(scenes([FACE, OTHER, FACE, OTHER, STREET, CAR, STREET])).toEqual([[0, 3], [4, 6]]);
});

test('a shot that comes back within six holds what lies between, one that comes back later does not', () => {
  expect(scenes([ROOM, FACE, OTHER, STREET, CAR, look(6), ROOM])).toEqual([[0, 6]]);
  expect(scenes([ROOM, FACE, OTHER, STREET, CAR, look(6), look(7), ROOM])).toEqual(Array.from({ length: 8 }, (_, n) => [n, n]));
});

test('what comes back after a minute is another scene in the same place', () => {
  expect(scenes([ROOM, FACE, ROOM], undefined, 20)).toEqual([[0, 2]]);
  expect(scenes([ROOM, FACE, ROOM], undefined, 60)).toEqual([[0, 0], [1, 1], [2, 2]]);
});

test('a fade parts scenes of like colours, but not the same picture seen again', () => {
  const warm = look(8, [110, 150], { bin: 9, strays: 20 });
  const alsoWarm = { ...look(10, [110, 150], { bin: 9, strays: 20 }), colours: Float32Array.from(warm.colours, (share, bin) => (bin === 9 ? 0.7 * share : bin === 11 ? 0.3 : 0)) };
  expect(scenes([warm, alsoWarm])).toEqual([[0, 1]]);
  expect(scenes([warm, alsoWarm], [CUT, FADE])).toEqual([[0, 0], [1, 1]]);
  expect(scenes([warm, warm], [CUT, FADE])).toEqual([[0, 1]]);
});

test('in black and white the same greys are no sign, the same set-up is', () => {
  const grey = (seed: number): ShotLook => look(seed, [128, 128], { bin: 5 });
  expect(alike({ look: grey(1) }, { look: grey(2) })).toBeLessThan(0.4);
  expect(alike({ look: grey(1) }, { look: grey(1) })).toBeCloseTo(1);
  expect(scenes([grey(1), grey(2), grey(1), grey(3), grey(4), grey(3)])).toEqual([[0, 2], [3, 5]]);
  // A lamp that flickers takes light from all of it.
  expect(alike({ look: look(1, undefined, { level: 40 }) }, { look: look(1, undefined, { level: 90 }) })).toBeGreaterThan(0.9);
});

test('tinted film is black and white too, and another tint is another time', () => {
  const [blue, amber]: [number, number][] = [[140, 120], [115, 140]];
  expect(scenes([look(1, amber, { bin: 5 }), look(2, amber, { bin: 5 })])).toEqual([[0, 0], [1, 1]]);
  expect(scenes([look(1, amber), look(1, amber)])).toEqual([[0, 1]]);
  expect(scenes([look(1, amber, { bin: 5 }), look(1, blue, { bin: 5 })])).toEqual([[0, 0], [1, 1]]);
});

test('shots that look like nothing (black) belong to no scene of others unless they lie inside it', () => {
  expect(scenes([ROOM, undefined, STREET])).toEqual([[0, 0], [1, 1], [2, 2]]);
  expect(scenes([ROOM, undefined, ROOM])).toEqual([[0, 2]]);
});

test('every shot is in one scene, in order, with its rhythm', () => {
  expect(scenesOf([], [], 1)).toEqual([]);
  const found = scenesOf(shots([CUT, CUT, CUT]), [ROOM, ROOM, STREET], 1);
  expect(found).toEqual([
    { first: 0, last: 1, startPts: 0, endPts: 8, cutRhythm: 15 },
    { first: 2, last: 2, startPts: 8, endPts: 12, cutRhythm: 15 },
  ] satisfies Scene[]);
});

test('a film of two places, each cut to and fro between two sides, has two scenes; so it has in black and white', async () => {
  const side = (source: string, n: number): string => `${source}=s=160x90:r=25,trim=end_frame=30,setsar=1,format=yuv420p[s${n}]`;
  const sides = ['mandelbrot', 'testsrc2', 'mandelbrot', 'testsrc2', 'smptebars', 'rgbtestsrc', 'smptebars', 'rgbtestsrc'];
  const graph = `${sides.map(side).join(';')};${sides.map((_, n) => `[s${n}]`).join('')}concat=n=8`;
  for (const [name, colour] of [['colour', ''], ['grey', ',hue=s=0']] as const) {
    const file = path.join(dir, `${name}.mp4`);
    execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-filter_complex', `${graph}${colour}`, '-c:v', 'libx264', '-preset', 'ultrafast', file]);
    const { scenes, shots } = await analyse(file, { probe: await probe(file) });
    expect([name, shots.map(({ scene }) => scene)]).toEqual([name, [0, 0, 0, 0, 1, 1, 1, 1]]);
    expect(scenes.map(({ first, last }) => [first, last])).toEqual([[0, 3], [4, 7]]);
  }
});

const silent = path.join(repositoryRoot, '../shared/media/film/nosferatu_47s_bw.mp4');
(existsSync(silent) ? test : test.skip)(`a black-and-white film is not one scene: room and letters, hills, gate and rider, wood${existsSync(silent) ? '' : ' (skipped: ../shared/media is missing)'}`, async () => {
  const { scenes, shots } = await analyse(silent, { probe: await probe(silent) });
  const sceneAt = (frame: number): number => shots.find(({ first, last }) => first <= frame && frame <= last)!.scene!;
  expect(scenes.length).toBeGreaterThanOrEqual(4);
  const [writes, writesAgain, hills, gate, gateAgain, rides, ridesAgain, wood] = [154, 523, 616, 735, 906, 819, 989, 1103].map(sceneAt);
  expect(writes).toBe(writesAgain);
  expect(new Set([gate, gateAgain, rides, ridesAgain]).size).toBe(1);
  expect(new Set([writes, hills, gate, wood]).size).toBe(4);
});
