import type { Track as Measured } from '#libs/media';
import { type Database, isId, notFound, Refusal, row, rows, type Scope } from '#libs/platform';
import { measureOf } from './filters/measures.js';

/** Measures of a title by the second, for one stretch. */
export interface Track {
  /** How many seconds the title has. */
  seconds: number;
  /** The stretch is [from, to). */
  from: number;
  to: number;
  /** Seconds a value. */
  every: number;
  lanes: TrackLane[];
}

export interface TrackLane {
  /** As in MEASURES, where words and unit are from. */
  name: string;
  words: string;
  unit: string;
  low: number;
  high: number;
  /** Means over `every` seconds; null where nothing is known. */
  values: (number | null)[];
}

export interface Stretch {
  from: number;
  to: number;
  every?: number | null;
}

const SECONDS_A_ROW = 600;
const MOST_VALUES = 2000;

/** Within the transaction that makes an analysis real. */
export async function writeTrack({ studioId }: Scope, titleId: string, masterId: string, { seconds, ...lanes }: Measured): Promise<void> {
  await rows(`delete from track where studio_id = $1 and title_id = $2`, [studioId, titleId]);
  for (let first = 0; first < seconds; first += SECONDS_A_ROW) {
    const stretch = Object.fromEntries(Object.entries(lanes).map(([name, values]) => [name, values.slice(first, first + SECONDS_A_ROW)]));
    await rows(`insert into track (studio_id, title_id, master_id, first, seconds, lanes) values ($1, $2, $3, $4, $5, $6)`, [studioId, titleId, masterId, first, Math.min(SECONDS_A_ROW, seconds - first), JSON.stringify(stretch)]);
  }
}

/** Null where the title was analysed before there were tracks, or never. Throws Refusal NOT_FOUND, BAD_STRETCH. */
export async function readTrack(database: Database, scope: Scope, titleId: string, { from, to, every: asked }: Stretch): Promise<Track | null> {
  if (!isId(titleId)) throw notFound('title');
  const every = asked ?? 1;
  if (!(from >= 0 && to > from && every >= 1 && (to - from) / every <= MOST_VALUES)) {
    throw new Refusal('BAD_STRETCH', `From ${from} to ${to} by ${every} is no stretch of seconds.`, `Ask for 1 to ${MOST_VALUES} values: (to - from) / every.`, 400);
  }
  return database.inStudio(scope, async () => {
    const whole = await row<{ seconds: number | null }>(`select max(first + seconds) as seconds from track where studio_id = $1 and title_id = $2`, [scope.studioId, titleId]);
    if (!whole?.seconds) return null;
    const seconds = whole.seconds;
    const end = Math.min(to, seconds);
    const found = await rows<{ first: number; seconds: number; lanes: Record<string, (number | null)[]> }>(
      `select first, seconds, lanes from track where studio_id = $1 and title_id = $2 and first > $3 and first < $4 order by first`,
      [scope.studioId, titleId, from - SECONDS_A_ROW, end],
    );
    const count = Math.max(0, Math.ceil((end - from) / every));
    const names = new Set(found.flatMap(({ lanes }) => Object.keys(lanes)));
    return { seconds, from, to: Math.max(from, end), every, lanes: [...names].map((name) => laneOf(name, meansOf(found, name, { from, end, every, count }))) };
  });
}

function meansOf(found: { first: number; lanes: Record<string, (number | null)[]> }[], name: string, { from, end, every, count }: { from: number; end: number; every: number; count: number }): (number | null)[] {
  const sums = new Float64Array(count);
  const known = new Uint32Array(count);
  for (const { first, lanes } of found) {
    for (const [n, value] of (lanes[name] ?? []).entries()) {
      const at = first + n;
      if (value === null || at < from || at >= end) continue;
      const into = Math.floor((at - from) / every);
      sums[into]! += value;
      known[into]!++;
    }
  }
  return Array.from(sums, (sum, n) => (known[n] ? Math.round((1000 * sum) / known[n]) / 1000 : null));
}

/** A lane that no rule can be about has no words of its own. */
function laneOf(name: string, values: (number | null)[]): TrackLane {
  const measure = measureOf(name);
  const number = measure?.kind === 'number' ? measure : undefined;
  return { name, words: number?.words ?? name, unit: number?.unit ?? '', low: number?.low ?? 0, high: number?.high ?? 1, values };
}
