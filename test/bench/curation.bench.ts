import { existsSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '#libs/platform';
import { boundariesOf, type Score, score, scoredFiles, sharedMedia, together } from '../../libs/media/tools/score-shots.js';
import { preparePeers, pySceneDetect, transNetV2 } from './curation/peers.js';
import { memory, speed } from './curation/speed.js';
import type { Bench, Figure } from './figure.js';

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
    await preparePeers();
    return [...(await speed()), ...(await memory()), ...(await quality())];
  },
} satisfies Bench;
