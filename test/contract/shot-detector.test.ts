/** @jest-environment ./test/support/native-arrays.environment.cjs */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { analyse, type Boundary, ClassicalDetector, loadDetector, probe, type ShotDetector, TransNetDetector } from '#libs/media';
import { repositoryRoot } from '#libs/platform';

// One suite that every shot detector passes, on footage that ffmpeg makes: what a detector promises, not how well it does.
const exec = promisify(execFile);
const transnet = process.env.BACKLOT_TRANSNETV2 ?? '';
/** `flashed`: why a flash is not among what it promises. */
const adapters: { name: string; skipped?: string; flashed?: string; make: () => Promise<ShotDetector> }[] = [
  { name: 'backlot', make: () => loadDetector(path.join(repositoryRoot, 'models/shots'), []) },
  { name: 'classical', make: () => Promise.resolve(new ClassicalDetector()) },
  {
    name: 'transnetv2',
    ...(!existsSync(transnet) && { skipped: 'BACKLOT_TRANSNETV2 names no file (libs/media/tools/detector/export_transnetv2.py writes one)' }),
    flashed: 'TransNetV2 takes a strong flash for two cuts',
    make: () => TransNetDetector.load(transnet),
  },
];

let folder: string;
const SIZE = 's=320x180:r=25';
const RED = `testsrc2=${SIZE}`;
const OTHER = `smptehdbars=${SIZE}`;
/** Films by name: filter graph, frames. */
const films = {
  one: [`${RED},trim=end_frame=60,setpts=N/25/TB`, 60],
  'one frame': [`${RED},trim=end_frame=1`, 1],
  black: [`color=black:${SIZE},trim=end_frame=400,setpts=N/25/TB`, 400],
  cut: [`${RED},trim=end_frame=60,setpts=N/25/TB[a];${OTHER},trim=end_frame=60,setpts=N/25/TB[b];[a][b]concat=n=2,setpts=N/25/TB`, 120],
  dissolve: [`${RED},trim=end_frame=70,setpts=N/25/TB[a];${OTHER},trim=end_frame=70,setpts=N/25/TB[b];[a][b]xfade=transition=fade:duration=0.8:offset=2`, 120],
  fade: [`${RED},trim=end_frame=60,setpts=N/25/TB,fade=out:48:12[a];${OTHER},trim=end_frame=60,setpts=N/25/TB,fade=in:0:12[b];[a][b]concat=n=2,setpts=N/25/TB`, 120],
  flash: [`${OTHER},trim=end_frame=120,setpts=N/25/TB,eq=brightness='if(between(n,60,61),0.6,0)':eval=frame`, 120],
} as const satisfies Record<string, readonly [string, number]>;
type Film = keyof typeof films;
const fileOf = (film: Film): string => path.join(folder, `${film}.mkv`);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'backlot-detector-'));
  for (const film of Object.keys(films) as Film[]) await exec('ffmpeg', ['-v', 'error', '-filter_complex', films[film][0], '-fps_mode', 'passthrough', '-c:v', 'libx264', '-preset', 'ultrafast', '-threads', '1', fileOf(film)]);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a detector tells through the pass, and how late at most. */
async function told(make: () => Promise<ShotDetector>, film: Film): Promise<{ boundaries: Boundary[]; late: number; frames: number; lag: number }> {
  const detector = await make();
  const boundaries: Boundary[] = [];
  let late = 0;
  const watched: ShotDetector = {
    ...{ name: detector.name, version: detector.version, lag: detector.lag },
    push: async (frame) => {
      const found = await detector.push(frame);
      for (const boundary of found) late = Math.max(late, frame.frame - boundary.frame);
      boundaries.push(...found);
      return found;
    },
    end: async () => {
      const found = await detector.end();
      boundaries.push(...found);
      return found;
    },
  };
  const { frames, shots } = await analyse(fileOf(film), { probe: await probe(fileOf(film)), detector: watched });
  expect(frames).toBe(films[film][1]);
  expect(shots.at(-1)!.last).toBe(frames - 1);
  return { boundaries, late, frames, lag: detector.lag };
}

describe.each(adapters)('the $name detector', ({ name, skipped, flashed, make }) => {
  if (skipped) console.warn(`skipped: ${name}, ${skipped}`);
  const it = skipped ? test.skip : test;

  it('says what it is', async () => {
    const detector = await make();
    expect(detector.name).toContain(name);
    expect(detector.version).not.toBe('');
  }, 120_000);

  it.each<[Film]>([['one'], ['one frame'], ['black']])('finds nothing in a film of one shot: %s', async (film) => {
    expect((await told(make, film)).boundaries).toEqual([]);
  }, 120_000);

  it('finds a cut at the first frame of the new shot', async () => {
    expect((await told(make, 'cut')).boundaries).toMatchObject([{ frame: 60, entry: { kind: 'cut' } }]);
  }, 120_000);

  it.each<[Film, number, number]>([['dissolve', 50, 69], ['fade', 48, 71]])('finds a %s as one boundary over its frames', async (film, first, last) => {
    const { boundaries } = await told(make, film);
    expect(boundaries).toMatchObject([{ entry: { kind: film } }]);
    const { frame, entry } = boundaries[0]!;
    expect(frame).toBe(entry.last! + 1);
    expect(Math.abs(entry.first! - first)).toBeLessThanOrEqual(6);
    expect(Math.abs(entry.last! - last)).toBeLessThanOrEqual(6);
  }, 120_000);

  if (flashed) console.warn(`skipped: ${name} with a flash, ${flashed}`);
  (flashed ? test.skip : it)('takes a flash for no transition', async () => {
    expect((await told(make, 'flash')).boundaries).toEqual([]);
  }, 120_000);

  it('tells boundaries in order, inside the film, within its lag, sure to a share, and the same ones again', async () => {
    const { boundaries, late, frames, lag } = await told(make, 'cut');
    expect(late).toBeLessThanOrEqual(lag);
    expect(boundaries.map(({ frame }) => frame)).toEqual(boundaries.map(({ frame }) => frame).sort((a, b) => a - b));
    for (const { frame, entry } of boundaries) {
      expect(frame).toBeGreaterThan(0);
      expect(frame).toBeLessThan(frames);
      expect(entry.confidence).toBeGreaterThan(0);
      expect(entry.confidence).toBeLessThanOrEqual(1);
    }
    expect((await told(make, 'cut')).boundaries).toEqual(boundaries);
  }, 120_000);
});
