import { existsSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '#libs/platform';
import { ablations, asPredicted, boundariesBy, lineOf, type Score, score, scoredFiles, sharedMedia, together } from '../../../libs/media/tools/score-shots.js';
import type { Figure } from '../figure.js';
import { pySceneDetect, transNetV2 } from './peers.js';

const OURS = 'Backlot';
const PEERS = { 'PySceneDetect adaptive': pySceneDetect, TransNetV2: transNetV2 };

/**
 * How well transitions are found on the ground truth beside this repository, where it is: a table of every set and of both its halves,
 * beside the peers, and of what each part of the detector brings (the same with that part switched off).
 */
export async function quality(): Promise<Figure[]> {
  if (!existsSync(sharedMedia)) {
    console.error(`curation: quality is left out, there is no ${path.relative(repositoryRoot, sharedMedia)}`);
    return [];
  }
  const rows = new Map<string, Map<string, Score[]>>();
  const add = (who: string, set: string, one: Score): void => {
    const sets = rows.get(who) ?? new Map<string, Score[]>();
    rows.set(who, sets.set(set, [...(sets.get(set) ?? []), one]));
  };
  for (const { set, file, truth } of scoredFiles()) {
    const each = await ablations();
    const found = await boundariesBy(file, each.map(({ detector }) => detector));
    found.forEach((boundaries, i) => add(each[i]!.without ? `  without ${each[i]!.without}` : OURS, set, score(truth, asPredicted(boundaries))));
    for (const [who, find] of Object.entries(PEERS)) add(who, set, score(truth, (await find(file)).map((frame) => ({ frame }))));
  }
  const ours = rows.get(OURS)!;
  for (const set of ours.keys()) {
    console.log(`\nshots on ${set}`);
    for (const [who, sets] of rows) {
      const scores = sets.get(set)!;
      console.log(lineOf(who, together(scores)));
      if (who === OURS) for (const half of [0, 1]) console.log(lineOf(half ? '  odd half' : '  even half', together(scores.filter((_, i) => i % 2 === half))));
    }
  }
  return [...ours].flatMap(([set, scores]) => {
    const { f1 } = together(scores);
    return Object.keys(PEERS).map((peer) => {
      const against = together(rows.get(peer)!.get(set)!).f1;
      return { name: `curation: F1 on ${set} beside ${peer}`, value: f1, unit: 'F1', against, ratio: f1 / against, peer };
    });
  });
}
