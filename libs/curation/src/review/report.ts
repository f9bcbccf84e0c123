import type { Transition } from '#libs/media';
import { type Database, decodeCursor, isId, notFound, type Page, type Paged, pageSize, row, rows, type Scope, toPage } from '#libs/platform';
import { ratio } from '../rows.js';
import { type Begin, type KindQuality, type Mistake, mistakesOf, qualityOf, together } from './quality.js';

/** What people settled of a title, as training and scoring read it. */
export interface Truth {
  fps: number;
  n_frames: number;
  /** First frame of each new shot after a cut. */
  cuts: number[];
  /** First and last frame of each gradual transition. */
  gradual: [number, number][];
  /** Kinds of the gradual ones, in the same order. */
  kinds: string[];
  /** First and last frame of each stretch that nobody looked at: it says nothing. */
  uncertain: [number, number][];
}

interface Settled {
  detected: Begin[];
  real: Begin[];
}

/** Of more titles than this the figure of the studio counts those that were reviewed last. */
const MOST_TITLES = 200;

/**
 * How good the detector was on what people settled: the transitions of reviewed shots are the truth; of what was detected counts what lies in
 * a reviewed shot or begins one, and what a reviewer said is none.
 */
export class ReviewReport {
  constructor(private readonly database: Database) {}

  /** All kinds first. */
  async quality(scope: Scope, titleId: string): Promise<KindQuality[]> {
    const { detected, real } = await this.settled(scope, titleId);
    return qualityOf(detected, real);
  }

  /** The studio's titles that were reviewed last, together, and how many they are. */
  async qualityOfStudio(scope: Scope): Promise<{ titles: number; most: number; quality: KindQuality[] }> {
    const titles = await this.database.inStudio(scope, () => rows<{ id: string }>(`select title_id as id from shot_edit where studio_id = $1 group by title_id order by max(id::text) desc limit ${MOST_TITLES}`, [scope.studioId]));
    const all: KindQuality[][] = [];
    for (const { id } of titles) all.push(await this.quality(scope, id));
    const counted = all.filter(([sum]) => sum && sum.detected + sum.real > 0);
    return { titles: counted.length, most: MOST_TITLES, quality: together(counted) };
  }

  /** Titles of which somebody reviewed a shot, the one that was reviewed last first. */
  async titles(scope: Scope, page: Page): Promise<Paged<string>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ id: string; last: string }>(`select title_id as id, max(id::text) as last from shot_edit where studio_id = $1 group by title_id having $2::text is null or max(id::text) < $2 order by last desc limit $3`, [scope.studioId, after, first + 1]);
      const { items, ...info } = toPage(found, first, (title) => [title.last]);
      return { items: items.map(({ id }) => id), ...info };
    });
  }

  async countTitles(scope: Scope): Promise<number> {
    return this.database.inStudio(scope, async () => (await row<{ count: number }>(`select count(distinct title_id)::int from shot_edit where studio_id = $1`, [scope.studioId]))!.count);
  }

  /** Where the detector was wrong, in the order of the film. */
  async mistakes(scope: Scope, titleId: string, page: Page): Promise<Paged<Mistake>> {
    const first = pageSize(page.first);
    const after = Number(decodeCursor(page.after, 1)?.[0] ?? -1);
    const all = await this.allMistakes(scope, titleId);
    return toPage(all.map((mistake, number) => ({ ...mistake, number })).slice(after + 1, after + 2 + first), first, ({ number }) => [String(number)]);
  }

  async countMistakes(scope: Scope, titleId: string): Promise<number> {
    return (await this.allMistakes(scope, titleId)).length;
  }

  /** Throws Refusal NOT_FOUND: the title is not there, or was not analysed. */
  async truth(scope: Scope, titleId: string): Promise<Truth> {
    return this.database.inStudio(scope, async () => {
      const film = isId(titleId) ? await row<{ frames: string; duration: string; base: string }>(`select frames, duration_pts as duration, time_base as base from analysis where studio_id = $1 and title_id = $2`, [scope.studioId, titleId]) : undefined;
      if (!film) throw notFound('title');
      const shots = await shotsOf(scope, titleId);
      const begins = shots.filter(({ reviewed, entry }) => reviewed && entry.kind !== 'start');
      const gradual = begins.filter(({ entry }) => entry.first !== undefined);
      return {
        fps: Number(film.frames) / (Number(film.duration) * ratio(film.base)),
        n_frames: Number(film.frames),
        cuts: begins.filter(({ entry }) => entry.first === undefined).map(({ frame }) => frame),
        gradual: gradual.map(({ frame, entry }) => [entry.first!, entry.last ?? frame - 1]),
        kinds: gradual.map(({ entry }) => entry.kind),
        uncertain: shots.filter(({ reviewed }) => !reviewed).map(({ frame, end, entry }) => [entry.first ?? frame, end]),
      };
    });
  }

  private async allMistakes(scope: Scope, titleId: string): Promise<Mistake[]> {
    const { detected, real } = await this.settled(scope, titleId);
    return mistakesOf(detected, real);
  }

  private async settled(scope: Scope, titleId: string): Promise<Settled> {
    return this.database.inStudio(scope, async () => {
      const shots = await shotsOf(scope, titleId);
      const kept = await rows<{ detected: Begin[] | null }>(`select detected from analysis where studio_id = $1 and title_id = $2`, [scope.studioId, titleId]);
      const none = new Set((await rows<{ frame: string }>(`select frame from verdict where studio_id = $1 and title_id = $2 and kind is null`, [scope.studioId, titleId])).map(({ frame }) => Number(frame)));
      const stretches = shots.filter(({ reviewed }) => reviewed).map(({ frame, end, entry }) => ({ from: (entry.first ?? frame) - 2, end: end - 2, frame, entry }));
      const detected = kept.flatMap((analysis) => analysis.detected ?? shots.map(({ frame, entry }) => ({ frame, entry }))).sort((a, b) => a.frame - b.frame);
      let at = 0;
      const counted = detected.filter(({ frame, entry }) => {
        if (entry.kind === 'start') return false;
        while (at < stretches.length && stretches[at]!.end < frame) at++;
        return none.has(frame) || (at < stretches.length && stretches[at]!.from <= frame);
      });
      return { detected: counted, real: stretches.filter(({ entry }) => entry.kind !== 'start').map(({ frame, entry }) => ({ frame, entry })) };
    });
  }
}

async function shotsOf({ studioId }: Scope, titleId: string): Promise<{ frame: number; end: number; entry: Transition; reviewed: boolean }[]> {
  return rows(`select first_frame::float8 as frame, last_frame::float8 as "end", entry, reviewed_at is not null as reviewed from shot where studio_id = $1 and title_id = $2 order by number`, [studioId, titleId]);
}
