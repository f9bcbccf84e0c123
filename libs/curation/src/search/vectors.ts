import type { Shot } from '#libs/media';
import { type Database, enqueueJob, type JobContext, type JobHandler, newId, row, rows, type Scope } from '#libs/platform';
import { breather, Cells, codeOf } from './cells.js';
import { cosineOf, fromBytes, REDUCED, reduced, toBytes } from './reduce.js';

/** What a vector is of: 1 the sentence (384 numbers), 2 the look (1280 numbers). */
export type Kind = 1 | 2;
export const SENTENCE: Kind = 1;
export const LOOK: Kind = 2;

export interface Near {
  shotId: string;
  /** -1 to 1. */
  cosine: number;
}

/** What the nearest are looked for among. */
export interface Among {
  /** The facts that must hold, as a JSON path; empty: none. */
  factsHold: string;
  titleIds: readonly string[];
  /** All shots of which they hold, where they are few; asked where the nearest hold too few. */
  few?: () => Promise<readonly string[] | undefined>;
}

/** The looks of shots, of those that have one. */
export const looksOf = (given: readonly { shotId: string; shot: Shot }[]): { shotId: string; vector: Float32Array }[] =>
  given.flatMap(({ shotId, shot: { labels } }) => (labels?.vector ? [{ shotId, vector: labels.vector }] : []));

interface Generation {
  id: string;
  generation: number;
  size: number;
  placed: boolean;
}

/** Below this many vectors every one is looked at. */
export const FEW = 4096;
/** Cells are learnt again when there are so many times the vectors that they were learnt from. */
const GROWN = 4;
/** Vectors of a cell that it is learnt from. */
const PER_CELL = 40;
const AT_ONCE = 1000;
/**
 * Cells that are looked into, and how many of their vectors, by their codes, are looked at whole. Of a million, 32 cells and 400 whole ones
 * hold .96 of the ten nearest looks, and .72 of the ten nearest sentences: many shots are told in nearly the same words, and codes tell those
 * apart badly; 48 and 3,500 hold .92 (`npm run bench search`).
 */
const PROBES = { [SENTENCE]: 48, [LOOK]: 20 };
const WHOLE = { [SENTENCE]: 3500, [LOOK]: 400 };
/** So many are told. */
const NEAREST = 400;
/** Where facts hold of fewer of them, all shots of which they hold are asked for. */
const ENOUGH = 100;
/** Where facts must hold, so many are asked for them first. */
const ASKED = 4000;
const CELLS_IN_MEMORY = 16;

const base = (generation: number): number => generation * 65_536;

/**
 * The vectors of a studio's shots and what is near a vector: inverted lists in the studio's own rows, signs of numbers to sift by, and whole
 * vectors for the last few hundred (H. Jégou and others, "Searching in one billion vectors: re-rank with source coding", 2011). What a
 * question reads grows with the root of the number of shots; nothing is held in memory but some studios' cells.
 */
export class Vectors {
  /** Cells by the id of their row, which is read under row security before they are looked up here. They never change. */
  private readonly known = new Map<string, Cells>();
  /** Learns cells from a studio's vectors and puts each in its cell; its subject is the studio. */
  readonly learn: JobHandler = { run: (context) => this.learnAndPlace(context) };

  constructor(private readonly database: Database) {}

  /** Writes vectors, in the caller's transaction. One that was there is replaced. They are locked in the order of their shots' ids, here as in `place`. */
  async write({ studioId }: Scope, kind: Kind, given: readonly { shotId: string; vector: Float32Array }[]): Promise<void> {
    if (!given.length) return;
    // What is written into an older generation's cells is there before they are taken away.
    await rows(`select pg_advisory_xact_lock_shared(hashtextextended($1, 4211))`, [`${studioId} ${kind}`]);
    const newest = (await generations(studioId, kind)).at(-1);
    const cells = newest && (await this.cells(newest.id));
    const ordered = [...given].sort((a, b) => (a.shotId < b.shotId ? -1 : 1));
    for (let at = 0; at < ordered.length; at += AT_ONCE) {
      const some = ordered.slice(at, at + AT_ONCE).map(({ shotId, vector }) => ({ shot_id: shotId, vector: toBytes(vector).toString('base64'), ...placeOf(reduced(vector), newest, cells) }));
      await rows(
        `with given as (select * from jsonb_to_recordset($3) as g(shot_id uuid, vector text, cell int, code bit(512))),
           kept as (insert into shot_vector (shot_id, kind, studio_id, vector) select shot_id, $2, $1, decode(vector, 'base64') from given on conflict (shot_id, kind) do update set vector = excluded.vector)
         insert into shot_cell (shot_id, kind, studio_id, cell, code) select shot_id, $2, $1, cell, code from given on conflict (shot_id, kind) do update set cell = excluded.cell, code = excluded.code`,
        [studioId, kind, JSON.stringify(some)],
      );
    }
  }

  /** The vector of a shot, or undefined. */
  async of({ studioId }: Scope, kind: Kind, shotId: string): Promise<Int8Array | undefined> {
    const found = await row<{ vector: Buffer }>(`select vector from shot_vector where studio_id = $1 and kind = $2 and shot_id = $3`, [studioId, kind, shotId]);
    return found && fromBytes(found.vector);
  }

  /** Shots near a vector, nearest first, at most 400 of them. In the caller's transaction. */
  async near({ studioId }: Scope, kind: Kind, vector: ArrayLike<number>, { factsHold, titleIds, few }: Among): Promise<Near[]> {
    const asked = reduced(vector);
    const probes = [{ generation: 0, cells: [0], code: codeOf(asked) }];
    for (const { id, generation } of await generations(studioId, kind)) {
      const cells = await this.cells(id);
      probes.push({ generation, cells: cells.near(asked, PROBES[kind]).map((cell) => base(generation) + cell), code: cells.codeOf(asked) });
    }
    const parameters: unknown[] = [studioId, kind];
    const given = (value: unknown): string => `$${parameters.push(value)}`;
    // One list a generation, told to the planner as it is: of a list in JSON it knows no length, and reads the whole table.
    const lists = (where: (probe: (typeof probes)[number]) => string, most: number): string =>
      `select shot_id, apart from (${probes.map((probe) => `select c.shot_id, bit_count(c.code # ${given(probe.code)}::text::bit(512)) as apart from shot_cell c where c.studio_id = $1 and c.kind = $2 and ${where(probe)}`).join(' union all ')}) c order by apart, shot_id limit ${most}`;
    const inCells = ({ cells }: { cells: number[] }): string => `c.cell = any(${given(cells)}::int[])`;

    const narrowed = factsHold !== '' || titleIds.length > 0;
    let found = await rows<{ shot_id: string }>(
      narrowed
        ? `select shot_id from (${lists(inCells, ASKED)}) c where exists (select from shot_words w where w.shot_id = c.shot_id and w.studio_id = $1 ${factsHold ? `and w.facts @@ ${given(factsHold)}::text::jsonpath` : ''} ${titleIds.length ? `and w.title_id = any(${given(titleIds)}::uuid[])` : ''} offset 0) order by apart, shot_id limit ${NEAREST}`
        : lists(inCells, WHOLE[kind]),
      parameters,
    );
    if (narrowed && found.length < ENOUGH) {
      const all = await few?.();
      if (all) {
        parameters.length = 2;
        const ids = given(all);
        found = await rows(lists(({ generation }) => `c.shot_id = any(${ids}::uuid[]) and c.cell / 65536 = ${generation}`, WHOLE[kind]), parameters);
      }
    }
    const whole = await rows<{ shot_id: string; vector: Buffer }>(`select shot_id, vector from shot_vector where studio_id = $1 and kind = $2 and shot_id = any($3)`, [studioId, kind, found.map(({ shot_id }) => shot_id)]);
    return whole.map(({ shot_id, vector: bytes }) => ({ shotId: shot_id, cosine: cosineOf(vector, fromBytes(bytes)) })).sort((a, b) => b.cosine - a.cosine || (a.shotId < b.shotId ? -1 : 1)).slice(0, NEAREST);
  }

  /** Starts learning for those kinds that have outgrown their cells, or whose learning was broken off. In the caller's transaction. */
  async learnWhereGrown({ studioId }: Scope): Promise<void> {
    for (const kind of [SENTENCE, LOOK]) {
      const newest = (await generations(studioId, kind)).at(-1);
      if (newest && !newest.placed) await enqueueJob('cells', studioId, { kind }, keyOf(kind, newest.generation));
      else if (await this.hasGrown(studioId, kind, newest)) await enqueueJob('cells', studioId, { kind }, keyOf(kind, (newest?.generation ?? 0) + 1));
    }
  }

  private async hasGrown(studioId: string, kind: Kind, newest: Generation | undefined): Promise<boolean> {
    const least = newest ? newest.size * GROWN : FEW;
    const found = await row<{ grown: boolean }>(`select exists (select from shot_cell where studio_id = $1 and kind = $2 offset $3) as grown`, [studioId, kind, least]);
    return found!.grown;
  }

  private async cells(id: string): Promise<Cells> {
    let cells = this.known.get(id);
    if (!cells) {
      const found = await row<{ cells: Buffer }>(`select cells from search_cells where id = $1`, [id]);
      cells = Cells.from(found!.cells);
      if (this.known.size >= CELLS_IN_MEMORY) this.known.delete(this.known.keys().next().value!);
    } else this.known.delete(id);
    // Those that were asked for last stay longest.
    this.known.set(id, cells);
    return cells;
  }

  /** Killed or cancelled at any moment, every vector lies in one cell, and cells are there until none lies in them; the next run goes on. */
  private async learnAndPlace({ scope, payload, signal, progress }: JobContext): Promise<void> {
    const kind = payload.kind as Kind;
    const { studioId } = scope;
    const begun = await this.database.inStudio(scope, async () => {
      const newest = (await generations(studioId, kind)).at(-1);
      return { newest, due: !newest || (newest.placed && (await this.hasGrown(studioId, kind, newest))) };
    });
    let generation = begun.newest;
    if (begun.due) {
      progress(0, 'learning where shots lie');
      const size = Number((await this.database.inStudio(scope, () => row<{ count: string }>(`select count(*) from shot_cell where studio_id = $1 and kind = $2`, [studioId, kind])))!.count);
      const side = Cells.sideFor(size);
      const cells = await Cells.learn(await this.sample(scope, kind, side * side * PER_CELL, size, signal), side, signal);
      await this.database.inStudio(scope, () =>
        rows(`insert into search_cells (id, studio_id, kind, generation, size, cells) values ($1, $2, $3, $4, $5, $6) on conflict (studio_id, kind, generation) do nothing`, [newId(), studioId, kind, (generation?.generation ?? 0) + 1, size, cells.toBytes()]),
      );
      generation = (await this.database.inStudio(scope, () => generations(studioId, kind))).at(-1);
    }
    if (generation && !generation.placed) await this.place(scope, kind, generation, signal, progress);
  }

  /** Reduced vectors of about so many shots, chosen by their ids, whose ends are random. */
  private async sample(scope: Scope, kind: Kind, many: number, size: number, signal: AbortSignal): Promise<Float32Array> {
    const share = Math.min(65_536, Math.ceil((many / size) * 65_536));
    const found: Float32Array[] = [];
    const breathe = breather(signal);
    for (let after: string | null = null; ; ) {
      const some: { shot_id: string; vector: Buffer }[] = await this.database.inStudio(scope, () =>
        rows(`select shot_id, vector from shot_vector where studio_id = $1 and kind = $2 and ($3::uuid is null or shot_id > $3) and ('x' || right(shot_id::text, 4))::bit(16)::int < $4 order by shot_id limit ${AT_ONCE}`, [scope.studioId, kind, after, share]),
      );
      for (const { vector } of some) {
        found.push(reduced(fromBytes(vector)));
        const pause = breathe();
        if (pause) await pause;
      }
      after = some.at(-1)?.shot_id ?? null;
      if (some.length < AT_ONCE) break;
    }
    const sample = new Float32Array(found.length * REDUCED);
    for (const [at, vector] of found.entries()) sample.set(vector, at * REDUCED);
    return sample;
  }

  /** Puts every vector that lies in an older generation's cells into this one's, and takes those away. */
  private async place(scope: Scope, kind: Kind, generation: Generation, signal: AbortSignal, progress: JobContext['progress']): Promise<void> {
    const { studioId } = scope;
    const cells = await this.database.inStudio(scope, () => this.cells(generation.id));
    const breathe = breather(signal);
    for (let placed = 0; ; ) {
      signal.throwIfAborted();
      if (await this.database.inStudio(scope, () => end(studioId, kind, generation))) return;
      const some = await this.database.inStudio(scope, () =>
        rows<{ shot_id: string; vector: Buffer }>(
          `select v.shot_id, v.vector from (select shot_id from shot_cell where studio_id = $1 and kind = $2 and cell < $3 order by cell limit ${AT_ONCE}) c join shot_vector v on v.shot_id = c.shot_id and v.kind = $2 and v.studio_id = $1`,
          [studioId, kind, base(generation.generation)],
        ),
      );
      const moved: object[] = [];
      for (const { shot_id, vector } of some) {
        moved.push({ shot_id, ...placeOf(reduced(fromBytes(vector)), generation, cells) });
        const pause = breathe();
        if (pause) await pause;
      }
      await this.database.inStudio(scope, async () => {
        await rows(`select from shot_cell where studio_id = $1 and kind = $2 and shot_id = any($3) order by shot_id for update`, [studioId, kind, some.map(({ shot_id }) => shot_id)]);
        await rows(
          // Not those that were written anew since they were read: they lie where they should.
          `update shot_cell c set cell = m.cell, code = m.code from jsonb_to_recordset($3) as m(shot_id uuid, cell int, code bit(512)) where c.studio_id = $1 and c.kind = $2 and c.shot_id = m.shot_id and c.cell < $4`,
          [studioId, kind, JSON.stringify(moved), base(generation.generation)],
        );
      });
      placed += some.length;
      progress(Math.min(0.99, placed / generation.size), `placing shots, ${placed} of about ${generation.size}`);
    }
  }
}

/** Where nothing lies in older cells any more, they go. */
async function end(studioId: string, kind: Kind, { id, generation }: Generation): Promise<boolean> {
  const left = (): Promise<object | undefined> => row(`select shot_id from shot_cell where studio_id = $1 and kind = $2 and cell < $3 limit 1`, [studioId, kind, base(generation)]);
  if (await left()) return false;
  await rows(`select pg_advisory_xact_lock(hashtextextended($1, 4211))`, [`${studioId} ${kind}`]);
  if (await left()) return false;
  await rows(`update search_cells set placed = true where id = $1`, [id]);
  await rows(`delete from search_cells where studio_id = $1 and kind = $2 and generation < $3`, [studioId, kind, generation]);
  return true;
}

const keyOf = (kind: Kind, generation: number): string => `cells:${kind}:${generation}`;

async function generations(studioId: string, kind: Kind): Promise<Generation[]> {
  return rows<Generation>(`select id, generation, size, placed from search_cells where studio_id = $1 and kind = $2 order by generation`, [studioId, kind]);
}

function placeOf(vector: Float32Array, generation: Generation | undefined, cells: Cells | undefined): { cell: number; code: string } {
  return generation && cells ? { cell: base(generation.generation) + cells.cellOf(vector), code: cells.codeOf(vector) } : { cell: 0, code: codeOf(vector) };
}
