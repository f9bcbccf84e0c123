// node dist/libs/media/tools/score-shots.js [-v] : runs the shot detector over ../shared/media and prints what score.py prints there
// (precision, recall, F1 at two frames; gradual recall), whole and for both halves of each set.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '#libs/platform';
import { probe } from '../src/probe.js';
import { runPass } from '../src/pass.js';
import { ClassicalDetector } from '../src/shots/classical.js';
import type { Boundary } from '../src/types.js';

export const sharedMedia = path.join(repositoryRoot, '../shared/media');

interface Truth {
  cuts: number[];
  gradual: [number, number][];
  uncertain?: { start: number; end: number }[];
  edge_fades?: [number, number][];
}
export interface Score {
  hits: number;
  total: number;
  gradualHits: number;
  gradualTotal: number;
  falseAlarms: number;
}

/** score.py's rules: a cut within `tolerance` frames; a gradual window takes any number of predictions and counts once. */
export function score(truth: Truth, frames: number[], tolerance = 2): Score {
  const ignored = [...(truth.uncertain ?? []).map((w): [number, number] => [w.start, w.end]), ...(truth.edge_fades ?? [])];
  const used = new Set<number>();
  const found = new Set<number>();
  let falseAlarms = 0;
  for (const frame of [...new Set(frames)].sort((a, b) => a - b)) {
    const near = truth.cuts.filter((cut) => !used.has(cut) && Math.abs(cut - frame) <= tolerance);
    if (near.length) {
      used.add(near.reduce((a, b) => (Math.abs(b - frame) < Math.abs(a - frame) ? b : a)));
      continue;
    }
    const window = truth.gradual.findIndex(([a, b]) => a - tolerance <= frame && frame <= b + 1 + tolerance);
    if (window >= 0) found.add(window);
    else if (!ignored.some(([a, b]) => a - tolerance <= frame && frame <= b + tolerance)) falseAlarms++;
  }
  const total = truth.cuts.length + truth.gradual.length;
  return { hits: used.size + found.size, total, gradualHits: found.size, gradualTotal: truth.gradual.length, falseAlarms };
}

/** All scores as one. */
export function together(scores: Score[]): Score & { precision: number; recall: number; f1: number } {
  const sum = (key: keyof Score): number => scores.reduce((n, s) => n + s[key], 0);
  const [hits, total, falseAlarms] = [sum('hits'), sum('total'), sum('falseAlarms')];
  const precision = hits / Math.max(1, hits + falseAlarms);
  const recall = hits / Math.max(1, total);
  return { hits, total, falseAlarms, gradualHits: sum('gradualHits'), gradualTotal: sum('gradualTotal'), precision, recall, f1: (2 * precision * recall) / Math.max(1e-9, precision + recall) };
}

/** Boundaries of a file, from the same frames that the pass gives the detector. */
export async function boundariesOf(file: string): Promise<Boundary[]> {
  const detector = new ClassicalDetector();
  const boundaries: Boundary[] = [];
  const plan = { probe: await probe(file), threads: 2, stallSeconds: 120, busy: () => undefined };
  await runPass(file, { ...plan, onStill: () => undefined, onFrame: (frame) => void boundaries.push(...detector.push(frame)) });
  return [...boundaries, ...detector.end()];
}

/** Files with a truth, by set: film, comp_0 (cuts and traps), comp_5 (all kinds). */
export function scoredFiles(): { set: 'film' | 'comp_0' | 'comp_5'; file: string; truth: Truth }[] {
  return ['film', 'composed'].flatMap((folder) =>
    readdirSync(path.join(sharedMedia, folder)).flatMap((name) => {
      const truth = path.join(sharedMedia, 'truth', `${path.parse(name).name}.json`);
      if (!existsSync(truth)) return [];
      const set = folder === 'film' ? 'film' : name.startsWith('comp_0') ? 'comp_0' : 'comp_5';
      return [{ set, file: path.join(sharedMedia, folder, name), truth: JSON.parse(readFileSync(truth, 'utf8')) as Truth }];
    }),
  );
}

/** Seconds of a bare decode with two threads. */
function bareDecode(file: string): Promise<number> {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    spawn('ffmpeg', ['-v', 'error', '-nostdin', '-threads', '2', '-i', file, '-f', 'null', '-'], { stdio: 'ignore' })
      .on('error', reject)
      .on('close', () => resolve((performance.now() - begin) / 1000));
  });
}

if (process.argv[1] && path.parse(process.argv[1]).name === 'score-shots') {
  const sets = new Map<string, Score[]>();
  let [ours, bare] = [0, 0];
  for (const { set, file, truth } of scoredFiles()) {
    const begin = performance.now();
    const boundaries = await boundariesOf(file);
    ours += (performance.now() - begin) / 1000;
    bare += await bareDecode(file);
    const one = score(truth, boundaries.map((b) => b.frame));
    sets.set(set, [...(sets.get(set) ?? []), one]);
    if (process.argv.includes('-v')) console.log(path.basename(file), JSON.stringify(one));
  }
  const line = (name: string, scores: Score[]): void => {
    const t = together(scores);
    console.log(`${name.padEnd(14)} F1 ${t.f1.toFixed(3)}  precision ${t.precision.toFixed(3)}  recall ${t.recall.toFixed(3)}  gradual recall ${(t.gradualHits / Math.max(1, t.gradualTotal)).toFixed(3)}  (${t.total} boundaries)`);
  };
  for (const [set, scores] of sets) {
    line(set, scores);
    line('  even half', scores.filter((_, i) => i % 2 === 0));
    line('  odd half', scores.filter((_, i) => i % 2 === 1));
  }
  console.log(`wall time with probe and stills ${(ours / bare).toFixed(2)} of bare decodes, peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
}
