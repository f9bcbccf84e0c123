import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { analyse, type AnalyseOptions, ClassicalDetector, loadVisionModels, probe } from '#libs/media';
import { repositoryRoot } from '#libs/platform';
import { boundariesOf, type Score, score, scoredFiles, sharedMedia, together } from '../../libs/media/tools/score-shots.js';
import { preparePeers, pySceneDetect, transNetV2 } from './curation/peers.js';
import { type Bench, type Figure, median } from './figure.js';

const exec = promisify(execFile);
const ROUNDS = 3;
const DETECTOR = new ClassicalDetector().name;

/** A minute of 1080p H.264 from the sample archive, made once. */
async function film(): Promise<string> {
  const file = path.join(repositoryRoot, '.cache/bench-1080p.mp4');
  if (existsSync(file)) return file;
  await mkdir(path.dirname(file), { recursive: true });
  const names = (await readdir(path.join(repositoryRoot, 'samples'))).filter((name) => name.endsWith('.mp4')).sort();
  const scaled = names.map((_, at) => `[${at}:v]scale=1920:1080:force_original_aspect_ratio=decrease,pad=1920:1080:-1:-1,setsar=1,fps=24,format=yuv420p[v${at}]`);
  const graph = `${scaled.join(';')};${names.map((_, at) => `[v${at}]`).join('')}concat=n=${names.length},loop=loop=3:size=32767,trim=end_frame=1440,setpts=N/24/TB`;
  const half = `${file}.half.mp4`;
  await exec('ffmpeg', ['-v', 'error', '-y', ...names.flatMap((name) => ['-i', path.join(repositoryRoot, 'samples', name)]), '-filter_complex', graph, '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-an', half]);
  await rename(half, file);
  return file;
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

const bareDecode = (file: string): Promise<unknown> => exec('ffmpeg', ['-v', 'error', '-nostdin', '-threads', '2', '-i', file, '-f', 'null', '-']);

async function pass(file: string, options: Partial<AnalyseOptions>): Promise<void> {
  await analyse(file, { probe: await probe(file), ...options });
}

/** Highest resident memory (MiB) of `backlot shots` with its ffmpeg, from /proc. */
async function peakMemory(file: string): Promise<number> {
  const running = exec(process.execPath, [path.join(repositoryRoot, 'dist/apps/cli/src/main.js'), 'shots', file, '--json'], { maxBuffer: 64 * 1024 * 1024 });
  const pid = running.child.pid!;
  let peak = 0;
  const look = (): void => {
    const own = `/proc/${pid}/task/${pid}/children`;
    const pids = [pid, ...(existsSync(own) ? readFileSync(own, 'utf8').split(' ').filter(Boolean).map(Number) : [])];
    const sum = pids.map(residentOf).reduce((a, b) => a + b, 0);
    peak = Math.max(peak, sum);
  };
  const watch = setInterval(look, 100);
  await running;
  clearInterval(watch);
  return peak;
}

/** MiB, 0 for a process that has ended. */
function residentOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code!)) return 0;
    throw error;
  }
}

async function speed(): Promise<Figure[]> {
  const file = await film();
  const models = await loadVisionModels(path.join(repositoryRoot, 'models/vision'));
  const runs: { name: string; peer: string; rounds: number; work: () => Promise<unknown> }[] = [
    { name: 'shots', peer: `bare decode; ${DETECTOR} detector with measures, aim at most 1.3`, rounds: ROUNDS, work: () => pass(file, {}) },
    { name: 'shots, models, captions', peer: 'bare decode; aim at most 1.6', rounds: ROUNDS, work: () => pass(file, { models }) },
    { name: 'shots, models, proxy', peer: 'bare decode; the proxy is a branch with its own budget', rounds: ROUNDS, work: () => pass(file, { models, onKeyframe: () => undefined, proxy: { writable: new PassThrough().resume() } }) },
    { name: 'PySceneDetect adaptive', peer: 'bare decode', rounds: ROUNDS, work: () => pySceneDetect(file) },
    { name: 'TransNetV2 every frame', peer: 'bare decode', rounds: 1, work: () => transNetV2(file) },
  ];
  const figures: Figure[] = [];
  for (const { name, peer, rounds, work } of runs) {
    const pairs: { own: number; bare: number }[] = [];
    // Side by side, so that what else the machine does falls on both.
    for (let round = 0; round < rounds; round++) pairs.push({ bare: await seconds(() => bareDecode(file)), own: await seconds(work) });
    const middle = pairs.find(({ own, bare }) => own / bare === median(pairs.map((pair) => pair.own / pair.bare)))!;
    figures.push({ name: `curation: ${name}`, value: middle.own, unit: 's', against: middle.bare, ratio: middle.own / middle.bare, peer });
  }
  await models.close();
  const mib = await peakMemory(file);
  figures.push({ name: 'curation: peak memory', value: mib, unit: 'MiB', against: 900, ratio: mib / 900, peer: 'the limit with all models' });
  return figures;
}

/** F1 beside the peers on the ground truth beside this repository, where it is. */
async function quality(): Promise<Figure[]> {
  if (!existsSync(sharedMedia)) {
    console.error(`curation: quality is left out, there is no ${path.relative(repositoryRoot, sharedMedia)}`);
    return [];
  }
  const own = new Map<string, Score[]>();
  const adaptive = new Map<string, Score[]>();
  const network = new Map<string, Score[]>();
  const add = (scores: Map<string, Score[]>, set: string, one: Score): unknown => scores.set(set, [...(scores.get(set) ?? []), one]);
  for (const { set, file, truth } of scoredFiles()) {
    add(own, set, score(truth, (await boundariesOf(file)).map(({ frame }) => frame)));
    add(adaptive, set, score(truth, await pySceneDetect(file)));
    add(network, set, score(truth, await transNetV2(file)));
  }
  return [...own].flatMap(([set, scores]) => {
    const { f1 } = together(scores);
    return ([['PySceneDetect adaptive', adaptive], ['TransNetV2', network]] as const).map(([peer, theirs]) => {
      const against = together(theirs.get(set)!).f1;
      return { name: `curation: F1 on ${set} beside ${peer}`, value: f1, unit: 'F1', against, ratio: f1 / against, peer };
    });
  });
}

export default {
  name: 'curation',
  run: async () => {
    await rm(path.join(repositoryRoot, '.cache/bench-1080p.mp4.half.mp4'), { force: true });
    await preparePeers();
    return [...(await speed()), ...(await quality())];
  },
} satisfies Bench;
