import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { analyse, type Analysis, type AnalyseOptions, loadVisionModels, probe } from '#libs/media';
import { repositoryRoot } from '#libs/platform';
import { type Figure, median } from '../figure.js';
import { pySceneDetect, transNetV2 } from './peers.js';

const exec = promisify(execFile);
const ROUNDS = 3;
const network = path.join(repositoryRoot, 'models/shots');
const LIMIT_MIB = 700;
const LIMIT_MODELS_MIB = 900;

/** A film that is made once, by ffmpeg. */
async function made(name: string, args: string[]): Promise<string> {
  const file = path.join(repositoryRoot, '.cache', name);
  if (existsSync(file)) return file;
  await mkdir(path.dirname(file), { recursive: true });
  const half = `${file}.half.mp4`;
  await exec('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args, half]);
  await rename(half, file);
  return file;
}

/** A minute of the sample archive at 24 frames a second, one film after the other. */
async function sampled(width: number, height: number): Promise<string[]> {
  const names = (await readdir(path.join(repositoryRoot, 'samples'))).filter((name) => name.endsWith('.mp4')).sort();
  const scaled = names.map((_, at) => `[${at}:v]scale=${width}:${height}:force_original_aspect_ratio=decrease,pad=${width}:${height}:-1:-1,setsar=1,fps=24,format=yuv420p[v${at}]`);
  const graph = `${scaled.join(';')};${names.map((_, at) => `[v${at}]`).join('')}concat=n=${names.length},loop=loop=3:size=32767,trim=end_frame=1440,setpts=N/24/TB`;
  return [...names.flatMap((name) => ['-i', path.join(repositoryRoot, 'samples', name)]), '-filter_complex', graph, '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-an'];
}

const film = async (): Promise<string> => made('bench-1080p.mp4', await sampled(1920, 1080));

/** Ten hours of cuts: the minute of samples at four frames a second, six hundred times, copied and not encoded again. */
async function tenHours(): Promise<string> {
  const minute = await made('bench-90p-minute.mp4', (await sampled(160, 90)).map((arg) => arg.replace('trim=end_frame=1440,setpts=N/24/TB', 'trim=end_frame=1440,setpts=N/24/TB,fps=4')));
  return made('bench-90p-10h.mp4', ['-stream_loop', '599', '-i', minute, '-c', 'copy']);
}

/** A day of black, two frames a second. */
async function blackDay(): Promise<string> {
  const hour = await made('bench-black-hour.mp4', ['-f', 'lavfi', '-i', 'color=black:s=64x36:r=2:d=3600', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p']);
  return made('bench-black-day.mp4', ['-stream_loop', '23', '-i', hour, '-c', 'copy']);
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

const decode = (file: string, ...more: string[]): Promise<unknown> => exec('ffmpeg', ['-v', 'error', '-nostdin', '-threads', '2', '-i', file, ...more, '-f', 'null', '-']);
const proxyAlone = (file: string): Promise<unknown> =>
  decode(file, '-vf', 'scale=640:360:flags=bilinear', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-bf', '0', '-g', '48', '-sc_threshold', '0', '-threads:v', '1');

interface Run {
  name: string;
  peer: string;
  rounds: number;
  work(): Promise<unknown>;
  /** What it is held against; the bare decode unless said. */
  against?(): Promise<number>;
}

/** The round in the middle, by ratio. Both are timed side by side, so that what else the machine does falls on both. */
async function paired({ name, peer, rounds, work, against }: Run, bare: () => Promise<number>): Promise<Figure> {
  const pairs: { own: number; other: number }[] = [];
  for (let round = 0; round < rounds; round++) pairs.push({ other: await (against ?? bare)(), own: await seconds(work) });
  const middle = median(pairs.map(({ own, other }) => own / other));
  const { own, other } = pairs.find((pair) => pair.own / pair.other === middle)!;
  return { name: `curation: ${name}`, value: own, unit: 's', against: other, ratio: own / other, peer };
}

/** How long passes take, as multiples of a bare decode on two threads. */
export async function speed(): Promise<Figure[]> {
  const file = await film();
  const models = await loadVisionModels(path.join(repositoryRoot, 'models/vision'));
  // A master is probed when it is sealed, long before it is analysed.
  const known = await probe(file);
  const pass = (options: Partial<AnalyseOptions> = {}): Promise<Analysis> => analyse(file, { probe: known, network, ...options });

  const { frames, detector } = await pass();
  const bare = (): Promise<number> => seconds(() => decode(file));
  const proxied = (): Promise<unknown> => pass({ models, onKeyframe: () => undefined, proxy: { writable: new PassThrough().resume() } });
  const labelled = (): Promise<unknown> => pass({ models });
  const runs: Run[] = [
    { name: 'shots', peer: `bare decode; ${detector} with measures; at most 1.3, aim 1.15`, rounds: ROUNDS, work: () => pass() },
    { name: 'shots, comparing alone', peer: 'bare decode; at most 1.15', rounds: ROUNDS, work: () => analyse(file, { probe: known }) },
    { name: 'shots, models, captions', peer: 'bare decode; at most 1.6', rounds: ROUNDS, work: labelled },
    {
      ...{ name: 'shots, models, proxy', peer: 'the pass without proxy and the proxy encode alone, one after the other', rounds: ROUNDS, work: proxied },
      against: async () => (await seconds(labelled)) + (await seconds(() => proxyAlone(file))) - (await bare()),
    },
    { name: 'two titles at once', peer: 'two bare decodes, one after the other', rounds: ROUNDS, work: () => Promise.all([pass(), pass()]), against: async () => (await bare()) + (await bare()) },
    { name: 'probe', peer: 'bare decode; once a master, at its sealing, and no longer for a longer film', rounds: ROUNDS, work: () => probe(file) },
    { name: 'PySceneDetect adaptive', peer: 'bare decode', rounds: ROUNDS, work: () => pySceneDetect(file) },
    { name: 'TransNetV2 every frame', peer: 'bare decode', rounds: 1, work: () => transNetV2(file) },
  ];
  const figures: Figure[] = [];
  for (const run of runs) figures.push(await paired(run, bare));
  await models.close();
  const fps = frames / figures[0]!.value;
  return [...figures, { name: 'curation: frames a second', value: fps, unit: 'fps', against: 24, ratio: fps / 24, peer: '24 frames a second: the ratio is the multiple of real time, 1080p' }];
}

/** Highest resident memory (MiB) of `backlot shots` with its ffmpeg, from /proc. */
async function peakMemory(file: string, ...options: string[]): Promise<number> {
  const running = exec(process.execPath, [path.join(repositoryRoot, 'dist/apps/cli/src/main.js'), 'shots', file, '--csv', ...options], { maxBuffer: 256 * 1024 * 1024 });
  const pid = running.child.pid!;
  let peak = 0;
  const look = (): void => {
    const own = `/proc/${pid}/task/${pid}/children`;
    const pids = [pid, ...(existsSync(own) ? readFileSync(own, 'utf8').split(' ').filter(Boolean).map(Number) : [])];
    peak = Math.max(peak, pids.map(residentOf).reduce((a, b) => a + b, 0));
  };
  const watch = setInterval(look, 100);
  try {
    await running;
  } finally {
    clearInterval(watch);
  }
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

/** What passes hold at most, and how fast the longest of them go. */
export async function memory(): Promise<Figure[]> {
  const figures: Figure[] = [];
  const peak = async (name: string, file: string, limit: number, peer: string, ...options: string[]): Promise<void> => {
    const mib = await peakMemory(file, ...options);
    figures.push({ name: `curation: memory, ${name}`, value: mib, unit: 'MiB', against: limit, ratio: mib / limit, peer });
  };
  await peak('1080p, models', await film(), LIMIT_MODELS_MIB, 'the limit with all models; tool and ffmpeg together');
  await peak('10 hours', await tenHours(), LIMIT_MIB, 'the limit, whatever the length', '--no-models');
  const day = await blackDay();
  const took = await seconds(async () => {
    const { shots } = await analyse(day, { probe: await probe(day), network });
    if (shots.length !== 1) throw new Error(`a day of black is ${shots.length} shots`);
  });
  figures.push({ name: 'curation: 24 hours of black', value: took, unit: 's', against: 86_400, ratio: took / 86_400, peer: 'its length, at two frames a second' });
  return figures;
}
