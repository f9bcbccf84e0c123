import type { SentenceModel } from '#libs/media';
import { type Database, decodeCursor, type DomainEvent, encodeCursor, enqueueJob, isId, type JobHandler, notFound, type Page, type Paged, pageSize, row, rows, type Scope } from '#libs/platform';
import type { TitleState } from '#libs/catalogue';
import type { Measure } from '../filters/measures.js';
import { type Shot, shotColumns, type ShotRow, toShot } from '../rows.js';
import { indexing } from './indexing.js';
import { type Among, LOOK, type Near, SENTENCE, Vectors } from './vectors.js';
import { asked, bad, type Condition, textsOf, toldOf } from './words.js';

export interface ShotQuery {
  /** Words, "phrases in quotes", -words that must not be there. */
  words?: string | null;
  /** Shots that look like this one. */
  likeShotId?: string | null;
  conditions?: readonly Condition[] | null;
  /** Empty or absent: all titles. */
  titleIds?: readonly string[] | null;
  /** In titles of this state alone: ready, or withheld by their licence. */
  titleState?: TitleState | null;
}

export interface ShotHit {
  shot: Shot;
  /** Words of the shot or its title that were asked for, as they stand there. */
  words: string[];
  /** Cosine of what its sentence and the words mean, or the example's sentence; null where it is not among the nearest. */
  meaning: number | null;
  /** Cosine of its look and the example's; null where it is not among the nearest. */
  look: number | null;
  facts: { measure: Measure; value: number | string[] | null }[];
}

export interface ShotHits extends Paged<ShotHit> {
  /** Shots found; null where they are not ranked, and so not counted. */
  total: number | null;
}

interface Ranked {
  shotId: string;
  titleId: string;
  score: number;
  meaning: number | null;
  look: number | null;
}

interface WordHit {
  shot_id: string;
  title_id: string;
  rank: number;
}

const MOST_WORDS = 500;
const MOST_TITLES = 1000;
/** Shots that are read for a page of those that conditions alone find in titles of some state; else one more than the page. */
const READ_AT_ONCE = 500;
/** Shots that words find; of more, those of which they are said come first, and what is near in meaning or look is ranked whichever it is. */
const MOST_HITS = 2_000;
/** Where the facts hold of fewer shots than this, the nearest are looked for among those alone. */
const FEW_HOLD = 5_000;
/** Reciprocal rank fusion (G. Cormack and others, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods", 2009). */
const RRF = 60;
/** Sentences less alike than that to what is asked mean something else. */
const ALIKE = 0.3;

/** Shots of a studio by words, meaning, look and facts together. What another studio has neither is found nor changes what is found. */
export class Search {
  readonly vectors: Vectors;
  /** Writes what is searched of shots that are new or were changed; its subject is the studio. */
  readonly index: JobHandler;
  /** `sentences` loads the sentence model once, on first use. */
  constructor(
    private readonly database: Database,
    private readonly sentences: () => Promise<SentenceModel | undefined>,
  ) {
    this.vectors = new Vectors(database);
    this.index = indexing({ database, vectors: this.vectors, sentences });
  }

  /** Has the words written of shots that are new or were changed. */
  async prepare({ id, studioId }: DomainEvent): Promise<void> {
    // One that waits will see these shots too.
    const waiting = await row(`select id from job where studio_id = $1 and subject_id = $1 and name = 'index' and state = 'queued' limit 1`, [studioId]);
    if (!waiting) await enqueueJob('index', studioId, {}, `index:${id}`);
  }

  /**
   * The best first; where only conditions are asked, in the order of titles. The same query over the same shots gives the same order, so
   * pages follow one another. Throws Refusal BAD_SEARCH, NOT_FOUND (the example, a title), BAD_CURSOR, BAD_PAGE.
   */
  async shots(scope: Scope, query: ShotQuery, page: Page): Promise<ShotHits> {
    const first = pageSize(page.first);
    const words = query.words?.replaceAll('\u0000', ' ').trim() ?? '';
    const conditions = query.conditions ?? [];
    const titleIds = query.titleIds ?? [];
    const { factWords, factsHold } = asked(conditions);
    if (words.length > MOST_WORDS) throw bad(`Words have at most ${MOST_WORDS} characters.`);
    if (titleIds.length > MOST_TITLES || !titleIds.every(isId)) throw bad(`A search is in at most ${MOST_TITLES} titles, each told by its id.`);
    if (!words && query.likeShotId == null && !conditions.length && !titleIds.length) throw bad('Nothing is asked for: neither words, nor an example, nor a condition.');
    const among = { factsHold, titleIds };
    const inState = (found: readonly { titleId: string }[]): Promise<ReadonlySet<string>> => titlesOf(found, query.titleState ?? null);
    const meant = words ? (await (await this.sentences())?.vectors([affirmed(words)]))?.[0] : undefined;
    return this.database.inStudio(scope, async () => {
      // To compile a plan or to start workers takes longer than what is planned; bits of a million rows fit in so much memory, not in 4 MB.
      await rows(`select set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true), set_config('work_mem', '64MB', true)`);
      const [mine] = await rows<{ count: string }>(`select count(*) from title where studio_id = $1 and id = any($2)`, [scope.studioId, titleIds]);
      if (Number(mine!.count) !== new Set(titleIds).size) throw notFound('title');
      if (!words && query.likeShotId == null) return this.inOrder(scope, factWords, among, conditions, first, page.after, query.titleState ? READ_AT_ONCE : first + 1, inState);
      const all = await this.ranked(scope, words, meant, query.likeShotId ?? null, factWords, among);
      const there = await inState(all);
      const ranked = all.filter(({ titleId }) => there.has(titleId));
      const after = decodeCursor(page.after, 2);
      const from = after ? ranked.findIndex(({ score, shotId }) => score < Number(after[0]) || (score === Number(after[0]) && shotId > after[1]!)) : 0;
      const some = from < 0 ? [] : ranked.slice(from, from + first);
      const last = some.at(-1);
      return {
        items: await told(scope, some, words, conditions),
        endCursor: last ? encodeCursor(String(last.score), last.shotId) : null,
        hasNextPage: from >= 0 && from + first < ranked.length,
        total: ranked.length,
      };
    });
  }

  /** All shots of which the facts hold, a page at a time: they are alike in all that was asked, so none is before another. */
  private async inOrder(scope: Scope, factWords: string, { factsHold, titleIds }: Among, conditions: readonly Condition[], first: number, cursor: string | null | undefined, most: number, inState: (found: readonly { titleId: string }[]) => Promise<ReadonlySet<string>>): Promise<ShotHits> {
    const after = decodeCursor(cursor, 2);
    if (after && !after.every(isId)) throw bad('The page cursor is of another search.');
    const read = await rows<{ shotId: string; titleId: string }>(`select shot_id as "shotId", title_id as "titleId" from search_words('', $1, $2, $3, $4, $5, $6, true)`, [factWords, factsHold, titleIds, after?.[0] ?? null, after?.[1] ?? null, most]);
    const there = await inState(read);
    const found = read.filter(({ titleId }) => there.has(titleId));
    const items = await told(scope, found.slice(0, first).map((one) => ({ ...one, score: 0, meaning: null, look: null })), '', conditions);
    // Where few of those that were read are in such titles the page is short, and the next goes on behind what was read.
    const last = found.length > first ? found[first - 1] : read.at(-1);
    return { items, endCursor: last ? encodeCursor(last.titleId, last.shotId) : null, hasNextPage: found.length > first || read.length === most, total: null };
  }

  private async ranked(scope: Scope, words: string, meant: Float32Array | undefined, likeShotId: string | null, factWords: string, among: Among): Promise<Ranked[]> {
    let few: ReturnType<Search['few']> | undefined;
    const narrowed = { ...among, few: () => (few ??= this.few(factWords, among)) };
    const byMeaning = meant ? (await this.vectors.near(scope, SENTENCE, meant, narrowed)).filter(({ cosine }) => cosine >= ALIKE) : [];
    const like = likeShotId === null ? undefined : await this.like(scope, likeShotId, narrowed);
    const near = await this.known([...byMeaning, ...(like?.near ?? [])]);
    const byWords = words ? await this.byWords(words, factWords, among, [...near.keys()]) : [];

    const found = new Map<string, Ranked>();
    const hit = (shotId: string, titleId: string | undefined, score: number, known: Partial<Ranked> = {}): void => {
      const one = found.get(shotId);
      if (one) Object.assign(one, known, { score: one.score + score });
      else if (titleId !== undefined) found.set(shotId, { shotId, titleId, score, meaning: null, look: null, ...known });
    };
    for (const [at, place] of places(byWords.map(({ rank }) => rank)).entries()) hit(byWords[at]!.shot_id, byWords[at]!.title_id, 1 / (RRF + place));
    for (const [at, { shotId, cosine }] of byMeaning.entries()) hit(shotId, near.get(shotId), 1 / (RRF + at + 1), { meaning: cosine });
    for (const [at, { shotId, cosine }] of like?.near.entries() ?? []) hit(shotId, near.get(shotId), 1 / (RRF + at + 1), { [like!.by]: cosine });
    if (likeShotId !== null) found.delete(likeShotId);
    return (await this.unwanted(words, [...found.values()])).sort((a, b) => b.score - a.score || (a.shotId < b.shotId ? -1 : 1));
  }

  /** Shots that have the words, the best first: where there are more than are ranked, with those of them that are near. */
  private async byWords(words: string, factWords: string, { factsHold, titleIds }: Among, near: readonly string[]): Promise<WordHit[]> {
    const found = await rows<WordHit>(`select shot_id, title_id, rank from search_words($1, $2, $3, $4, null, null, $5, false)`, [words, factWords, factsHold, titleIds, MOST_HITS]);
    if (found.length === MOST_HITS && near.length) {
      const there = new Set(found.map(({ shot_id }) => shot_id));
      found.push(
        ...(await rows<WordHit>(
          `select w.shot_id, w.title_id, ts_rank('{0.1, 0.2, 0.4, 1}', w.words, q) as rank from shot_words w, keyed_query(current_studio(), websearch_to_tsquery('english', $2)) q where w.shot_id = any($1) and w.words @@ q`,
          [near.filter((id) => !there.has(id)), words],
        )),
      );
    }
    return found.sort((a, b) => b.rank - a.rank || (a.shot_id < b.shot_id ? -1 : 1));
  }

  /** Titles of shots, read under row security. */
  private async known(near: readonly Near[]): Promise<ReadonlyMap<string, string>> {
    if (!near.length) return new Map();
    const found = await rows<{ shot_id: string; title_id: string }>(`select shot_id, title_id from shot_words where shot_id = any($1)`, [near.map(({ shotId }) => shotId)]);
    return new Map(found.map(({ shot_id, title_id }) => [shot_id, title_id]));
  }

  /** Where the facts hold of few shots, those. */
  private async few(factWords: string, { factsHold, titleIds }: Among): Promise<string[] | undefined> {
    const found = await rows<{ shot_id: string }>(`select shot_id from search_words('', $1, $2, $3, null, null, $4, false)`, [factWords, factsHold, titleIds, FEW_HOLD + 1]);
    return found.length > FEW_HOLD ? undefined : found.map(({ shot_id }) => shot_id);
  }

  /** By look; an example from before looks were kept has none, and is gone by for what its sentence means. */
  private async like(scope: Scope, shotId: string, among: Among): Promise<{ by: 'look' | 'meaning'; near: Near[] }> {
    if (!(await row(`select id from shot where studio_id = $1 and id = $2`, [scope.studioId, isId(shotId) ? shotId : null]))) throw notFound('shot');
    const look = await this.vectors.of(scope, LOOK, shotId);
    if (look) return { by: 'look', near: await this.vectors.near(scope, LOOK, look, among) };
    const sentence = await this.vectors.of(scope, SENTENCE, shotId);
    return { by: 'meaning', near: sentence ? (await this.vectors.near(scope, SENTENCE, sentence, among)).filter(({ cosine }) => cosine >= ALIKE) : [] };
  }

  /** What is near in meaning may still hold a word that must not be there. */
  private async unwanted(words: string, found: Ranked[]): Promise<Ranked[]> {
    const excluded = [...words.matchAll(/(?:^|\s)-("[^"]*"|\S+)/g)].map(([, word]) => word);
    const near = found.filter(({ meaning, look }) => meaning !== null || look !== null).map(({ shotId }) => shotId);
    if (!excluded.length || !near.length) return found;
    const holding = await rows<{ shot_id: string }>(
      `select shot_id from shot_words where shot_id = any($1) and words @@ keyed_query(studio_id, websearch_to_tsquery('english', $2))`,
      [near, excluded.join(' or ')],
    );
    const out = new Set(holding.map(({ shot_id }) => shot_id));
    return found.filter(({ shotId }) => !out.has(shotId));
  }
}

/** Titles of shots that are in a state, read under row security: what another studio had would not be among them. */
async function titlesOf(found: readonly { titleId: string }[], state: TitleState | null): Promise<ReadonlySet<string>> {
  const there = await rows<{ id: string }>(`select id from title where id = any($1) and ($2::text is null or state = $2)`, [[...new Set(found.map(({ titleId }) => titleId))], state]);
  return new Set(there.map(({ id }) => id));
}

/** What is wanted of what is asked, for what it means: a word that must not be there would be near it. */
const affirmed = (words: string): string => words.replaceAll(/(^|\s)-("[^"]*"|\S+)/g, ' ').replaceAll('"', ' ').trim() || words;

/** Places of ranks that fall, from 1; equal ones share the first place. */
function places(ranks: readonly number[]): number[] {
  let place = 1;
  return ranks.map((rank, at) => (at > 0 && rank === ranks[at - 1] ? place : (place = at + 1)));
}

/** Hits as they are told, read under row security; a shot that has gone since is left out. */
async function told(scope: Scope, some: readonly Omit<Ranked, 'titleId'>[], words: string, conditions: readonly Condition[]): Promise<ShotHit[]> {
  const ids = some.map(({ shotId }) => shotId);
  const found = await rows<ShotRow & { facts: Record<string, number | string[]>; name: string }>(
    `select ${shotColumns.replaceAll(/\w+/g, 's.$&')}, w.facts, t.name from shot s join title t on t.id = s.title_id join shot_words w on w.shot_id = s.id where s.studio_id = $1 and s.id = any($2)`,
    [scope.studioId, ids],
  );
  const shots = new Map(found.map((one) => [one.id, { shot: toShot(one), facts: one.facts, name: one.name }]));
  const there = some.filter(({ shotId }) => shots.has(shotId));
  const texts = there.map(({ shotId }) => {
    const { shot, name } = shots.get(shotId)!;
    const { said, seen } = textsOf(shot);
    return `${said}\n${seen}\n${name}`;
  });
  const matched = words ? await matchedWords(texts, words) : texts.map(() => []);
  return there.map(({ shotId, meaning, look }, at) => ({ shot: shots.get(shotId)!.shot, words: matched[at]!, meaning, look, facts: toldOf(conditions, shots.get(shotId)!.facts) }));
}

/** Of each text the words that were asked for, as they stand there. */
async function matchedWords(texts: readonly string[], words: string): Promise<string[][]> {
  const found = await rows<{ marked: string }>(
    `select ts_headline('english', x.text, websearch_to_tsquery('english', $2), E'HighlightAll=true, StartSel=\\uE000, StopSel=\\uE001') as marked from unnest($1::text[]) with ordinality as x(text, at) order by x.at`,
    [texts, words],
  );
  return found.map(({ marked }) => [...new Set([...marked.matchAll(/\uE000([^\uE001]*)\uE001/g)].map(([, word]) => word!.toLowerCase()))].slice(0, 20));
}
