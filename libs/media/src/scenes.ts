import type { Scene, Shot } from './types.js';
import type { ShotLook } from './measures/shot.js';

const { abs, hypot, max, min, round, sqrt } = Math;

/** Shots ahead that may be of the same scene: a dialogue of three cuts back to the first after three. */
const AHEAD = 6;
/** Seconds between the end of one and the beginning of the other: what comes back later is another scene in the same place. */
const WITHIN = 60;
/** Two shots at least this alike are of one scene. */
const ALIKE = 0.6;
/** A fade through black, white or a colour parts scenes unless the shots at both sides are nearly the same picture. */
const ALIKE_OVER_FADE = 0.85;

/**
 * Consecutive shots of one place and time (overlapping links: Hanjalic et al. 1999). Each shot is compared with the next six; where two
 * are alike, all between belong to their scene too, which keeps the two sides of a dialogue together. A scene ends where no link leads
 * over. Looks only: two places in one light are one scene, and a place whose light changes is two. Linear in the number of shots.
 */
export function scenesOf(shots: readonly Pick<Shot, 'startPts' | 'endPts' | 'entry' | 'labels'>[], looks: readonly (ShotLook | undefined)[], tick: number): Scene[] {
  const scenes: Scene[] = [];
  let first = 0;
  let reach = 0;
  for (let i = 0; i < shots.length; i++) {
    if (i > reach) {
      scenes.push(sceneOf(shots, first, i - 1, tick));
      first = i;
      reach = i;
    }
    for (let j = min(shots.length - 1, i + AHEAD); j > max(i, reach); j--) {
      if ((shots[j]!.startPts - shots[i]!.endPts) * tick > WITHIN) continue;
      const faded = shots.slice(i + 1, j + 1).some(({ entry }) => entry.kind === 'fade');
      if (alike({ ...shots[i]!, look: looks[i] }, { ...shots[j]!, look: looks[j] }) < (faded ? ALIKE_OVER_FADE : ALIKE)) continue;
      reach = j;
      break;
    }
  }
  if (shots.length) scenes.push(sceneOf(shots, first, shots.length - 1, tick));
  return scenes;
}

function sceneOf(shots: readonly Pick<Shot, 'startPts' | 'endPts'>[], first: number, last: number, tick: number): Scene {
  const { startPts } = shots[first]!;
  const { endPts } = shots[last]!;
  return { first, last, startPts, endPts, cutRhythm: round((600 * (last - first + 1)) / max(1, (endPts - startPts) * tick)) / 10 };
}

interface Looked {
  look: ShotLook | undefined;
  labels?: Shot['labels'];
}

/**
 * 0 unlike .. 1 the same: colours in common and the same set-up seen again, whichever says more; look vectors weigh in where there are any.
 * In black and white, tinted or not, all greys are common to all shots, so only how the light is spread counts: in a film of 1922 the same
 * set-ups have .97 and more in common, other shots of the same places at most .4.
 */
export function alike(a: Looked, b: Looked): number {
  if (!a.look || !b.look) return 0;
  const [tint, other] = [tintOf(a.look), tintOf(b.look)];
  const seen = tint && other ? (hypot(tint[0] - other[0], tint[1] - other[1]) < TINTS_APART ? spreadAlike(a.look, b.look) : 0) : coloursAlike(a.look, b.look);
  const [v, w] = [a.labels?.vector, b.labels?.vector];
  // Of EfficientNet-lite0's vectors, those of other films lie at .1 to .36, of one picture at .9.
  return v && w ? 0.75 * seen + 0.25 * min(1, max(0, (cosine(v, w) - 0.2) / 0.5)) : seen;
}

function coloursAlike(a: ShotLook, b: ShotLook): number {
  let common = 0;
  for (let i = 0; i < a.colours.length; i++) common += min(a.colours[i]!, b.colours[i]!);
  return max(common, setUp(a.end, b.start), setUp(a.start, b.start));
}

const spreadAlike = (a: ShotLook, b: ShotLook): number => max(spread(a.end, b.start) ?? 0, spread(a.start, b.start) ?? 0);

/** Levels that chroma strays from its mean in black and white, and that tints of two scenes lie apart. */
const [STRAYS, TINTS_APART] = [2, 6];

/** Mean U and V of a picture of one tint, grey among them; undefined where it has colours. */
function tintOf({ start, end }: ShotLook): [number, number] | undefined {
  const mean = (at: number): number => {
    let sum = 0;
    for (let i = at; i < start.length; i += 3) sum += start[i]! + end[i]!;
    return (sum * 3) / (2 * start.length);
  };
  const [u, v] = [mean(1), mean(2)];
  let strays = 0;
  for (let i = 0; i < start.length; i += 3) for (const fields of [start, end]) strays += abs(fields[i + 1]! - u) + abs(fields[i + 2]! - v);
  return (strays * 3) / (2 * start.length) < STRAYS ? [u, v] : undefined;
}

/** 1 where the same picture is seen again: the light is spread alike over it, and each field has the colour that it had. */
function setUp(a: Uint8Array, b: Uint8Array): number {
  const light = spread(a, b);
  if (light === undefined) return 0;
  let apart = 0;
  for (let i = 0; i < a.length; i++) apart += abs(a[i]! - b[i]!);
  return (light + max(0, 1 - apart / (a.length / 3) / 48)) / 2;
}

/** How far the light is spread alike over two pictures: correlation of luma, from 0. Undefined for flat ones, which are alike without being the same. */
function spread(a: Uint8Array, b: Uint8Array): number | undefined {
  const n = a.length / 3;
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i += 3) {
    const [p, q] = [a[i]!, b[i]!];
    sa += p;
    sb += q;
    saa += p * p;
    sbb += q * q;
    sab += p * q;
  }
  const both = sqrt(max(0, saa - (sa * sa) / n) * max(0, sbb - (sb * sb) / n));
  return both < n * 16 ? undefined : max(0, (sab - (sa * sb) / n) / both);
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return ab / max(1e-9, sqrt(aa * bb));
}
