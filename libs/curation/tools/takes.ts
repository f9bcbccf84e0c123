import { analyse, probe, type VisionModels } from '#libs/media';
import { type Hashes, hashesOf } from '../src/duplicates/hashes.js';
import { HashIndex } from '../src/duplicates/index-of-hashes.js';
import { areDuplicates, cosine, MOST, sketchOf } from '../src/duplicates/rule.js';

/** A shot as the rule of near-duplicates sees it, with when it is shown. */
export interface Take {
  film: string;
  /** Seconds on the clock that films cut from one another share. */
  from: number;
  to: number;
  hashes: Hashes;
  look: Int8Array | null;
}

/** The shots of a film; `begins` is where its first frame lies on the shared clock, in seconds. */
export async function takesOf(film: string, file: string, begins: number, models: VisionModels): Promise<Take[]> {
  const { shots, timeBase } = await analyse(file, { probe: await probe(file), models, onKeyframe: () => undefined });
  const [num, den] = timeBase.split('/').map(Number);
  const seconds = (pts: number): number => (pts * num!) / den! + begins;
  return shots.map(({ startPts, endPts, keyframes, labels }) => ({ film, from: seconds(startPts), to: seconds(endPts), hashes: hashesOf(keyframes.map(({ hash }) => hash)), look: labels?.vector ? sketchOf(labels.vector) : null }));
}

/** For each shot the numbers of its near-duplicates by the product's rule, with or without what the model saw. */
export function nearDuplicates(takes: readonly Take[], looks: boolean): Set<number>[] {
  const index = new HashIndex(MOST);
  takes.forEach(({ hashes }, number) => index.add(number, hashes));
  return takes.map((take) => new Set(index.near(take.hashes).filter(({ shot, most, one }) => areDuplicates({ most, one, cosine: looks ? cosine(take.look, takes[shot]!.look) : null })).map(({ shot }) => shot)));
}
