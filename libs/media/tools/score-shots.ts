// node dist/libs/media/tools/score-shots.js [-v] : runs the shot detector over ../shared/media and prints what score.py prints there
// (precision, recall, F1 at two frames; gradual recall), whole and for both halves of each set.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '#libs/platform';
import { probe } from '../src/probe.js';
import { runPass } from '../src/pass.js';
import { JudgedDetector, JUDGED_PARTS } from '../src/shots/judged.js';
import { TransitionNetwork } from '../src/shots/network.js';
import type { Boundary, ShotDetector, Warning } from '../src/types.js';

export const sharedMedia = path.join(repositoryRoot, '../shared/media');

export interface Truth {
  cuts: number[];
  gradual: [number, number][];
  /** Of each transition in `gradual`: dissolve, fadeblack, wipe, slide …; films labelled by hand may leave it out. */
  gradual_info?: { start: number; end: number; type?: string }[];
  uncertain?: { start: number; end: number }[];
  edge_fades?: [number, number][];
}
export interface Score {
  hits: number;
  total: number;
  gradualHits: number;
  gradualTotal: number;
  falseAlarms: number;
  /** Cuts found at their very frame. */
  cutsExact: number;
  /** Transitions found whose kind the truth says, and those of them whose kind was said right. */
  kinds: number;
  kindsRight: number;
  /** What went wrong, in words, for -v. */
  wrong: string[];
}

/** A predicted boundary; a detector that tells no kinds leaves it out. */
export interface Predicted {
  frame: number;
  kind?: string;
}

/** The kind of a transition in a truth's words: `slide` is a wipe here; `fadeblack`, 'title fades out, next scene cuts in' are fades. */
const kindOf = (type: string): string => (type === 'slide' || type === 'wipe' ? 'wipe' : type.startsWith('dissolve') ? 'dissolve' : 'fade');

/** score.py's rules: a cut within `tolerance` frames; a gradual window takes any number of predictions and counts once. */
export function score(truth: Truth, predicted: Predicted[], tolerance = 2): Score {
  const ignored = [...(truth.uncertain ?? []).map((w): [number, number] => [w.start, w.end]), ...(truth.edge_fades ?? [])];
  const used = new Set<number>();
  const found = new Map<number, string | undefined>();
  const out: Score = { hits: 0, total: truth.cuts.length + truth.gradual.length, gradualHits: 0, gradualTotal: truth.gradual.length, falseAlarms: 0, cutsExact: 0, kinds: 0, kindsRight: 0, wrong: [] };
  const judgeKind = (right: string | undefined, { frame, kind }: Predicted): void => {
    if (!right || !kind) return;
    out.kinds++;
    if (right === kind) out.kindsRight++;
    else out.wrong.push(`${frame} ${kind}, not ${right}`);
  };
  for (const one of [...new Map(predicted.map((p) => [p.frame, p])).values()].sort((a, b) => a.frame - b.frame)) {
    const near = truth.cuts.filter((cut) => !used.has(cut) && Math.abs(cut - one.frame) <= tolerance);
    if (near.length) {
      const cut = near.reduce((a, b) => (Math.abs(b - one.frame) < Math.abs(a - one.frame) ? b : a));
      used.add(cut);
      if (cut === one.frame) out.cutsExact++;
      judgeKind('cut', one);
      continue;
    }
    const window = truth.gradual.findIndex(([a, b]) => a - tolerance <= one.frame && one.frame <= b + 1 + tolerance);
    if (window >= 0) {
      const type = truth.gradual_info?.[window]?.type;
      if (!found.has(window)) judgeKind(type && kindOf(type), one);
      found.set(window, type);
    } else if (!ignored.some(([a, b]) => a - tolerance <= one.frame && one.frame <= b + tolerance)) {
      out.falseAlarms++;
      out.wrong.push(`${one.frame} ${one.kind ?? ''} is none`);
    }
  }
  for (const cut of truth.cuts) if (!used.has(cut)) out.wrong.push(`${cut} cut missed`);
  truth.gradual.forEach(([a, b], i) => found.has(i) || out.wrong.push(`${a}-${b} ${truth.gradual_info?.[i]?.type ?? 'gradual'} missed`));
  return { ...out, hits: used.size + found.size, gradualHits: found.size };
}

export interface Total extends Omit<Score, 'wrong'> {
  precision: number;
  recall: number;
  f1: number;
  gradualRecall: number;
  /** Share of the cuts found that are exact; share of the kinds told that are right. */
  exact: number;
  kindShare: number;
}

/** All scores as one. Shares of nothing are 1. */
export function together(scores: Score[]): Total {
  const sum = (key: Exclude<keyof Score, 'wrong'>): number => scores.reduce((n, s) => n + s[key], 0);
  const share = (a: number, b: number): number => (b ? a / b : 1);
  const [hits, total, gradualHits, gradualTotal, falseAlarms, cutsExact, kinds, kindsRight] = [sum('hits'), sum('total'), sum('gradualHits'), sum('gradualTotal'), sum('falseAlarms'), sum('cutsExact'), sum('kinds'), sum('kindsRight')];
  const [precision, recall] = [share(hits, hits + falseAlarms), share(hits, total)];
  return {
    ...{ hits, total, gradualHits, gradualTotal, falseAlarms, cutsExact, kinds, kindsRight, precision, recall },
    f1: (2 * precision * recall) / Math.max(1e-9, precision + recall),
    gradualRecall: share(gradualHits, gradualTotal),
    exact: share(cutsExact, hits - gradualHits),
    kindShare: share(kindsRight, kinds),
  };
}

/** One line of a table. */
export const lineOf = (name: string, t: Total): string =>
  `${name.padEnd(26)} F1 ${t.f1.toFixed(3)}  precision ${t.precision.toFixed(3)}  recall ${t.recall.toFixed(3)}  gradual recall ${t.gradualRecall.toFixed(3)}  cuts exact ${t.exact.toFixed(3)}  kinds right ${t.kinds ? t.kindShare.toFixed(3) : '-'}  (${t.total})`;

export const asPredicted = (boundaries: Boundary[]): Predicted[] => boundaries.map(({ frame, entry }) => ({ frame, kind: entry.kind }));

/** Boundaries of a file by each detector, from one pass's frames. */
export async function boundariesBy(file: string, detectors: readonly ShotDetector[]): Promise<Boundary[][]> {
  const found: Boundary[][] = detectors.map(() => []);
  const plan = { probe: await probe(file), threads: 2, stallSeconds: 120, busy: () => undefined };
  await runPass(file, {
    ...plan,
    onFrame: async (frame) => {
      for (const [i, detector] of detectors.entries()) found[i]!.push(...(await detector.push(frame)));
    },
  });
  for (const [i, detector] of detectors.entries()) found[i]!.push(...(await detector.end()));
  return found;
}

/** The product's default detector, with parts of it switched off. Throws where its network is not the one that was measured. */
async function ownDetector(...off: (typeof JUDGED_PARTS)[number][]): Promise<ShotDetector> {
  const warnings: Warning[] = [];
  const network = await TransitionNetwork.load(path.join(repositoryRoot, 'models/shots'), warnings);
  if (!network) throw new Error(warnings.map(({ message }) => message).join(' '));
  return new JudgedDetector(network, off);
}

/** Boundaries of a file by the product's default. */
export const boundariesOf = async (file: string): Promise<Boundary[]> => (await boundariesBy(file, [await ownDetector()]))[0]!;

/** The product's default, and it with each of its parts switched off. Good for one film. */
export const ablations = async (): Promise<{ without?: string; detector: ShotDetector }[]> => [
  { detector: await ownDetector() },
  ...(await Promise.all(JUDGED_PARTS.map(async (part) => ({ without: part, detector: await ownDetector(part) })))),
];

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
    const one = score(truth, asPredicted(boundaries));
    sets.set(set, [...(sets.get(set) ?? []), one]);
    if (process.argv.includes('-v')) console.log(path.basename(file), one.wrong.join('; '));
  }
  for (const [set, scores] of sets) {
    console.log(lineOf(set, together(scores)));
    for (const half of [0, 1]) console.log(lineOf(half ? '  odd half' : '  even half', together(scores.filter((_, i) => i % 2 === half))));
  }
  console.log(`wall time with probe and stills ${(ours / bare).toFixed(2)} of bare decodes, peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
}
