import type { Labels, Measures } from '../types.js';
import type { ShotLook } from './shot.js';

/** Mean luma that day and night lie above and below: a valley at dusk is at .16, the darkest of what is plainly day at .25. */
const DAY = 0.22;
const NIGHT = 0.12;
/** Share of the upper third that a clear sky must fill when no model says that it is outdoors; white rooms with blue shadows reach .38. */
const SKY = 0.5;
/** Of a field of the sky: at least so bright and so blue, and hardly another level than its neighbour, in levels. */
const [BRIGHT, BLUE, SMOOTH] = [80, 4, 10];
/** How sure the models must be of outdoors. */
const SURE = 0.6;
const ACROSS = 16;
const UPPER = 3;

/**
 * Day or night outdoors, where it is plain. Day: a lit picture of a place that the models know for outdoors, or under a blue sky. Night:
 * a dark picture of a place that they know for outdoors, without a sky that is brighter than the rest. Rooms are neither, and a dark
 * picture may be a room: without the models night is never said.
 */
export function timeOfDay({ brightness, blackFraction }: Pick<Measures, 'brightness' | 'blackFraction'>, look: ShotLook | undefined, place: Labels['place']): Pick<Measures, 'timeOfDay' | 'timeOfDayConfidence'> {
  if (blackFraction > 0.1) return {};
  const outdoors = place?.value === 'outdoors' && place.confidence >= SURE ? place.confidence : 0;
  const sky = look && place?.value !== 'indoors' ? Math.min(skyOf(look.start), skyOf(look.end)) : 0;
  const told = (value: 'day' | 'night', confidence: number) => ({ timeOfDay: value, timeOfDayConfidence: Number(confidence.toFixed(2)) });
  if (brightness >= DAY && (outdoors || sky >= SKY)) return told('day', Math.max(outdoors, sky >= SKY ? 0.6 + 0.3 * sky : 0));
  if (brightness <= NIGHT && outdoors && !(look && upperOver(look) > 8)) return told('night', 0.8 * outdoors);
  return {};
}

/** Share of the upper third that looks like a blue sky. `fields`: luma and chroma of 16 x 9 fields. */
function skyOf(fields: Uint8Array): number {
  let sky = 0;
  for (let field = 0; field < ACROSS * UPPER; field++) {
    const [y, u] = [fields[3 * field]!, fields[3 * field + 1]!];
    const beside = fields[3 * (field % ACROSS === ACROSS - 1 ? field - 1 : field + 1)]!;
    if (y > BRIGHT && u > 128 + BLUE && Math.abs(y - beside) < SMOOTH) sky++;
  }
  return sky / (ACROSS * UPPER);
}

/** How much brighter the upper third is than the rest, in levels. */
function upperOver({ start }: ShotLook): number {
  const mean = (from: number, to: number): number => {
    let sum = 0;
    for (let field = from; field < to; field++) sum += start[3 * field]!;
    return sum / (to - from);
  };
  return mean(0, ACROSS * UPPER) - mean(ACROSS * UPPER, start.length / 3);
}
