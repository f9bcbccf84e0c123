import type { Fact, Labels, ShotSize } from '../types.js';
import type { Box } from './detect.js';

/** What the models saw on one keyframe. A model that is not loaded leaves its part out. */
export interface Sight {
  boxes?: Box[];
  faces?: Box[];
  /** ImageNet probabilities. */
  classes?: Float32Array;
  vector?: Float32Array;
  /** One colour fills most of the picture: a title card or graphic. */
  card: boolean;
}

// Thresholds of the models' measured precision (people 30 of 36 shots without a false one between .38 and .41, test/support/people-sheet.json;
// faces 8 of 12 with 1 false at .7; labels useful above .2).
export const PERSON = 0.4;
const THING = 0.5;
export const FACE = 0.7;
const SCENE = 0.2;
const INDOORS = 0.75;
const OUTDOORS = 0.2;

const INDOOR_NAMES = new Set(
  ('barbershop,bookcase,bookstore,library,restaurant,movie theater,home theater,prison,shoe store,toy store,tobacco shop,grocery store,butcher shop,bakery,candy store,' +
    'dining table,desk,studio couch,couch,four-poster bed,crib,wardrobe,filing cabinet,china cabinet,entertainment center,refrigerator,stove,microwave oven,dishwasher,' +
    'washing machine,sink,bathtub,toilet seat,shower curtain,throne,altar,stage,desktop computer,monitor,television,window shade,table lamp,bassinet,rocking chair,chiffonier,medicine chest,plate rack').split(','),
);
const OUTDOOR_NAMES = new Set(
  ('alp,valley,cliff,seashore,beach,lakeshore,promontory,sandbar,volcano,geyser,coral reef,dam,bridge,viaduct,suspension bridge,steel arch bridge,castle,palace,monastery,mosque,' +
    'stupa,church,barn,boathouse,beacon,lighthouse,breakwater,pier,dock,fountain,patio,picket fence,chain-link fence,stone wall,split-rail fence,megalith,obelisk,triumphal arch,' +
    'totem pole,flagpole,traffic light,street sign,parking meter,water tower,yurt,mountain tent,thatched roof,tile roof,greenhouse,park bench,ski,snowmobile,canoe,sailboat,tractor,hay,corn').split(','),
);

export interface Names {
  imagenet: string[];
  by: { people: string; faces: string; scene: string };
}

/**
 * What at least two of three keyframes say (or the only one, with less confidence). What fewer say is left out.
 */
export function vote(sights: Sight[], names: Names): Labels {
  const need = sights.length >= 2 ? 2 : 1;
  const labels: Labels = {};
  const people = votePeople(sights, need, names);
  if (people) labels.people = people;
  const faces = countFact(sights.filter((s) => s.faces).map((s) => s.faces!.length), need, names.by.faces);
  if (faces && faces.value !== 0) labels.faces = faces as NonNullable<Labels['faces']>;
  const cards = sights.filter((s) => s.card).length;
  if (cards < need) {
    const objects = voteObjects(sights, need, names.by.people);
    if (objects.length) labels.objects = objects;
    voteScene(sights, names, labels);
  }
  const size = voteSize(sights, need, names);
  if (size) labels.shotSize = size;
  const vectors = sights.flatMap((s) => (s.vector ? [s.vector] : []));
  if (vectors.length) labels.vector = meanVector(vectors);
  return labels;
}

/**
 * Whether one more keyframe could change nothing that is counted or named: the two highest counts are alike, and what was named twice
 * is all that was named. True of two thirds of the shots, and then the third picture need not be looked at.
 */
export function settled(sights: Sight[]): boolean {
  if (sights.length < 2) return false;
  const alike = (counts: number[]): boolean => {
    const [most, next] = counts.toSorted((a, b) => b - a);
    return most === next;
  };
  const things = sights.map(thingsOf);
  return (
    alike(sights.map(peopleOf)) &&
    alike(sights.map((s) => s.faces?.length ?? 0)) &&
    alike(sights.map((s) => Number(s.card))) &&
    things.every((here, at) => [...here.keys()].every((label) => things.some((there, other) => other !== at && there.has(label))))
  );
}

const peopleOf = (sight: Sight): number => Math.max((sight.boxes ?? []).filter((b) => b.label === 'person').length, sight.faces?.length ?? 0);

/** The best score of each thing named. */
function thingsOf(sight: Sight): Map<string, number> {
  const best = new Map<string, number>();
  for (const box of sight.boxes ?? []) {
    if (box.label !== 'person' && box.score >= THING) best.set(box.label, Math.max(box.score, best.get(box.label) ?? 0));
  }
  return best;
}

function votePeople(sights: Sight[], need: number, names: Names): Labels['people'] {
  const able = sights.filter((s) => s.boxes);
  const fact = countFact(able.map(peopleOf), need, names.by.people);
  if (!fact) return undefined;
  // Nobody seen is not "nobody there": a third of the people present is missed (recall .71).
  if (fact.value === 0) return undefined;
  const best = able.map((s) => Math.max(0, ...s.boxes!.filter((b) => b.label === 'person').map((b) => b.score), ...(s.faces ?? []).map((f) => f.score)));
  best.sort((a, b) => b - a);
  return { ...fact, value: fact.value, confidence: best[need - 1] ?? 0 };
}

/** The largest count that `need` frames reach; above two it is only 'several' (counts were right in 14 of 21 shots). */
function countFact(counts: number[], need: number, by: string): Fact<0 | 1 | 2 | 'several'> | undefined {
  if (counts.length < need) return undefined;
  const sorted = counts.toSorted((a, b) => b - a);
  const value = sorted[need - 1]!;
  const agree = counts.filter((c) => c === value).length / counts.length;
  return { value: value > 2 ? 'several' : (value as 0 | 1 | 2), source: 'modelled', by, confidence: 0.5 + 0.4 * agree };
}

function voteObjects(sights: Sight[], need: number, by: string): Fact<string>[] {
  const scores = new Map<string, number[]>();
  for (const sight of sights) {
    for (const [label, score] of thingsOf(sight)) scores.set(label, [...(scores.get(label) ?? []), score]);
  }
  return [...scores]
    .filter(([, seen]) => seen.length >= need)
    .map(([value, seen]): Fact<string> => ({ value, source: 'modelled', by, confidence: seen.reduce((a, b) => a + b) / seen.length }))
    .sort((a, b) => b.confidence - a.confidence);
}

function voteScene(sights: Sight[], names: Names, labels: Labels): void {
  const able = sights.flatMap((s) => (s.classes ? [s.classes] : []));
  if (able.length === 0) return;
  const mean = able[0]!.map((_, i) => able.reduce((sum, classes) => sum + classes[i]!, 0) / able.length);
  let top = 0;
  mean.forEach((p, i) => {
    if (p > mean[top]!) top = i;
  });
  if (mean[top]! >= SCENE) labels.scene = { value: names.imagenet[top]!, source: 'modelled', by: names.by.scene, confidence: mean[top]! };
  let indoor = 0;
  let outdoor = 0;
  mean.forEach((p, i) => {
    const name = names.imagenet[i]!;
    if (INDOOR_NAMES.has(name)) indoor += p;
    else if (OUTDOOR_NAMES.has(name)) outdoor += p;
  });
  // Below a fifth of the probability the listed places say nothing of this picture.
  if (indoor + outdoor < 0.2) return;
  const share = indoor / (indoor + outdoor);
  if (share > INDOORS) labels.place = { value: 'indoors', source: 'modelled', by: names.by.scene, confidence: share * 0.8 };
  else if (share < OUTDOORS) labels.place = { value: 'outdoors', source: 'modelled', by: names.by.scene, confidence: (1 - share) * 0.8 };
}

function voteSize(sights: Sight[], need: number, names: Names): Labels['shotSize'] {
  const faces = heights(sights.map((s) => s.faces ?? []));
  if (faces.length >= need) {
    return { value: sizeOfFace(median(faces)), source: 'modelled', by: names.by.faces, confidence: 0.8 };
  }
  const bodies = sights.flatMap((s) => {
    const people = (s.boxes ?? []).filter((b) => b.label === 'person');
    return people.length ? [people.reduce((a, b) => (b.height > a.height ? b : a))] : [];
  });
  if (bodies.length < need) return undefined;
  const height = median(bodies.map((b) => b.height));
  const cutOff = bodies.filter((b) => b.top + b.height > 0.97).length > bodies.length / 2;
  // A body cut off by the lower edge may be anything from a close-up to a medium long shot: only the plain cases are said.
  const value: ShotSize | undefined = cutOff ? (height > 0.6 ? 'medium shot' : undefined) : height > 0.6 ? 'medium long shot' : 'long shot';
  return value && { value, source: 'modelled', by: names.by.people, confidence: 0.55 };
}

const heights = (perFrame: Box[][]): number[] => perFrame.flatMap((boxes) => (boxes.length ? [Math.max(...boxes.map((b) => b.height))] : []));

/** Face height over frame height. */
export function sizeOfFace(share: number): ShotSize {
  if (share > 0.75) return 'extreme close-up';
  if (share > 0.42) return 'close-up';
  if (share > 0.27) return 'medium close-up';
  if (share > 0.15) return 'medium shot';
  if (share > 0.08) return 'medium long shot';
  return 'long shot';
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

function meanVector(vectors: Float32Array[]): Float32Array {
  const mean = new Float32Array(vectors[0]!.length);
  for (const vector of vectors) {
    const length = Math.hypot(...vector) || 1;
    for (let i = 0; i < mean.length; i++) mean[i]! += vector[i]! / length;
  }
  const length = Math.hypot(...mean) || 1;
  return mean.map((x) => x / length);
}
