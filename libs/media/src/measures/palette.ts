import type { PaletteColour } from '../types.js';
import { CODES, hexOf, okLab } from './colour.js';

const { max, round } = Math;

/** Colours nearer than this in OKLab are one to the eye at a glance. */
const ONE_COLOUR = 0.08;
const COLOURS = 5;
/** Less of the picture than this is no colour of it. */
const LEAST_SHARE = 0.02;
const ROUNDS = 12;

interface Colour {
  lab: [number, number, number];
  rgb: [number, number, number];
  weight: number;
}

/**
 * Up to five colours that stand for a picture, most of it first: k-means in OKLab over its counted colours, begun at the colour that
 * there is most of and then always at the one worst served (weight times squared distance), so that the same counts give the same palette.
 */
export function paletteOf(counts: Uint32Array, linear: Float32Array): PaletteColour[] {
  const colours: Colour[] = [];
  let total = 0;
  for (let code = 0; code < CODES; code++) {
    const weight = counts[code]!;
    if (weight === 0) continue;
    const rgb: Colour['rgb'] = [linear[3 * code]!, linear[3 * code + 1]!, linear[3 * code + 2]!];
    colours.push({ lab: okLab(...rgb), rgb, weight });
    total += weight;
  }
  if (total === 0) return [];
  let centres = begin(colours);
  for (let round = 0; round < ROUNDS; round++) centres = means(colours, centres);
  return merge(centres)
    .sort((a, b) => b.weight - a.weight)
    .filter(({ weight }) => weight >= LEAST_SHARE * total)
    .map(({ rgb, weight }) => ({ hex: hexOf(...rgb), share: round((1000 * weight) / total) / 1000 }));
}

const apart = (a: Colour, b: Colour): number => (a.lab[0] - b.lab[0]) ** 2 + (a.lab[1] - b.lab[1]) ** 2 + (a.lab[2] - b.lab[2]) ** 2;

function begin(colours: Colour[]): Colour[] {
  const centres = [colours.reduce((a, b) => (b.weight > a.weight ? b : a))];
  const badly = colours.map(() => Infinity);
  while (centres.length < COLOURS) {
    const newest = centres.at(-1)!;
    let worst = -1;
    let most = 0;
    for (const [i, colour] of colours.entries()) {
      const d = apart(colour, newest);
      if (d < badly[i]!) badly[i] = d;
      const cost = badly[i]! * colour.weight;
      if (cost > most) [worst, most] = [i, cost];
    }
    if (worst < 0) break;
    centres.push(colours[worst]!);
  }
  return centres;
}

function means(colours: Colour[], centres: Colour[]): Colour[] {
  const sums = centres.map((): Colour => ({ lab: [0, 0, 0], rgb: [0, 0, 0], weight: 0 }));
  for (const colour of colours) {
    let nearest = 0;
    let least = Infinity;
    for (let c = 0; c < centres.length; c++) {
      const d = apart(colour, centres[c]!);
      if (d < least) [nearest, least] = [c, d];
    }
    into(sums[nearest]!, colour);
  }
  return sums.filter(({ weight }) => weight > 0).map(({ lab, rgb, weight }) => ({ lab: [lab[0] / weight, lab[1] / weight, lab[2] / weight], rgb: [rgb[0] / weight, rgb[1] / weight, rgb[2] / weight], weight }));
}

function into(sum: Colour, { lab, rgb, weight }: Colour): void {
  for (let i = 0; i < 3; i++) {
    sum.lab[i]! += weight * lab[i]!;
    sum.rgb[i]! += weight * rgb[i]!;
  }
  sum.weight += weight;
}

/** Joins the two nearest as long as they look like one colour. */
function merge(centres: Colour[]): Colour[] {
  for (;;) {
    let pair: [Colour, Colour] | undefined;
    let least = ONE_COLOUR ** 2;
    for (const [i, a] of centres.entries()) {
      for (const b of centres.slice(i + 1)) {
        const d = apart(a, b);
        if (d < least) [pair, least] = [[a, b], d];
      }
    }
    if (!pair) return centres;
    const [joined] = means([pair[0], pair[1]], [{ ...pair[0], weight: max(pair[0].weight, 1) }]);
    centres = [...centres.filter((c) => !pair.includes(c)), joined!];
  }
}
