import type { SentenceModel } from '#libs/media';
import { type Database, type JobHandler, rows, type Scope } from '#libs/platform';
import { shareShots } from '../locks.js';
import { ratio, type ShotRow, toShot } from '../rows.js';
import { SENTENCE, type Vectors } from './vectors.js';
import { factsOf, textsOf, wordsOfFacts } from './words.js';

interface Due extends ShotRow {
  mark: string;
  master_id: string;
  time_base: string | null;
  width: number | null;
  height: number | null;
  title_name: string;
}

/** Some sentences take about as long as a heartbeat. */
const AT_ONCE = 100;

/**
 * Job `index`, subject a studio: writes the words, facts and sentence vectors of its shots that are new or were changed. The mark of a shot
 * goes with what is written of it, unless the shot was changed meanwhile; so a run that was killed is gone on with, and nothing is missed.
 */
export function indexing({ database, vectors, sentences }: { database: Database; vectors: Vectors; sentences: () => Promise<SentenceModel | undefined> }): JobHandler {
  return {
    async run({ scope, signal, progress }) {
      const model = await sentences();
      for (const { message } of model?.warnings ?? []) process.stderr.write(`search: ${message}\n`);
      for (let written = 0; ; ) {
        signal.throwIfAborted();
        const due = await database.inStudio(scope, () => next(scope));
        if (!due.length) break;
        const found = await model?.vectors(due.map(({ sentence }) => sentence));
        await database.inStudio(scope, async () => {
          await shareShots(scope, due.map((shot) => shot.master_id));
          await write(scope, due);
          if (found) await vectors.write(scope, SENTENCE, await stillThere(scope, due.flatMap(({ id, sentence }, at) => (sentence ? [{ shotId: id, vector: found[at]! }] : []))));
          await rows(`delete from search_due d using jsonb_to_recordset($2) as w(id uuid, mark uuid) where d.studio_id = $1 and d.shot_id = w.id and d.mark = w.mark`, [scope.studioId, JSON.stringify(due.map(({ id, mark }) => ({ id, mark })))]);
        });
        written += due.length;
        progress(0.5, `${written} shots can be found`);
      }
      await database.inStudio(scope, () => vectors.learnWhereGrown(scope));
    },
  };
}

function next({ studioId }: Scope): Promise<Due[]> {
  return rows<Due>(
    `select d.mark, s.*, a.time_base, a.width, a.height, t.name as title_name
     from search_due d join shot s on s.id = d.shot_id join title t on t.id = s.title_id left join analysis a on a.master_id = s.master_id
     where d.studio_id = $1 order by d.shot_id limit ${AT_ONCE}`,
    [studioId],
  );
}

/** A shot that went since it was read has nothing written of it. */
async function stillThere<T extends { shotId: string }>({ studioId }: Scope, given: T[]): Promise<T[]> {
  const there = new Set((await rows<{ id: string }>(`select id from shot where studio_id = $1 and id = any($2) for key share`, [studioId, given.map(({ shotId }) => shotId)])).map(({ id }) => id));
  return given.filter(({ shotId }) => there.has(shotId));
}

/** In the order of ids, which two runs that write the same shots have in common. */
async function write({ studioId }: Scope, due: Due[]): Promise<void> {
  const described = due.map((row) => {
    const shot = toShot(row);
    const facts = factsOf({ ...shot, frames: shot.last - shot.first + 1, film: { width: row.width ?? 0, height: row.height ?? 0, secondsPerTick: row.time_base ? ratio(row.time_base) : NaN } });
    return { id: shot.id, ...textsOf(shot), title: row.title_name, facts, fact_words: wordsOfFacts(facts) };
  });
  await rows(
    `insert into shot_words (shot_id, studio_id, title_id, words, facts)
     select s.id, $1, s.title_id, words_of_shot($1, w.said, w.seen, w.title, w.fact_words), w.facts
     from jsonb_to_recordset($2) as w(id uuid, said text, seen text, title text, facts jsonb, fact_words text[]) join shot s on s.id = w.id and s.studio_id = $1
     order by s.id for key share of s
     on conflict (shot_id) do update set title_id = excluded.title_id, words = excluded.words, facts = excluded.facts`,
    [studioId, JSON.stringify(described)],
  );
}
