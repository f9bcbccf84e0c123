import type { Shot } from '#libs/media';
import { appendEntry } from '#libs/audit';
import { type Database, decodeCursor, enqueueJob, isId, newId, notFound, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, toPage } from '#libs/platform';
import { lockPrints } from '../locks.js';
import { bands } from './bands.js';
import { compare, type Hashes, hashesOf, mirrored } from './hashes.js';
import { HashIndex } from './index-of-hashes.js';
import { areDuplicates, cosine, type Kinship, MOST, qualityOf, sketchOf } from './rule.js';

/** A shot and how near it is to another. */
export interface Duplicate extends Kinship {
  shotId: string;
  titleId: string;
}

/** Shots of a studio that show one take, told by the best of them. */
export interface DuplicateCluster {
  /** The representative's shot id. */
  id: string;
  /** Shots in it, the representative too. */
  size: number;
  /** A member chose the representative. */
  chosen: boolean;
}

/** What is written of one shot of a title. */
export interface Print {
  shot_id: string;
  quality: number;
  content: string;
  hashes: string[];
  /** Base64. */
  look: string | null;
}

interface Known {
  shot_id: string;
  title_id: string;
  quality: number;
  content: string;
  hashes: string[];
  look: Buffer | null;
  leader_id: string | null;
}

/** Shots that are placed in one transaction: others of the studio wait for no longer. */
const AT_ONCE = 50;
const PAGE = 1000;
/** What a member chose comes before every measured quality (pixels times sharpness: below 10^8), the last choice first; whole seconds times this are exact in a double. */
const CHOSEN = 1e6;
const columns = 'p.shot_id, p.title_id, p.quality, p.content, p.hashes, p.look, p.leader_id';
const BANDS = bands(Infinity, MOST);

/** What the index and the rule need of a shot. `content`: digest of its master. */
export function printOf(shotId: string, shot: Shot, master: { sha256: string; width: number; height: number }): Print {
  const hashes = hashesOf(shot.keyframes.map(({ hash }) => hash));
  const sketch = shot.labels?.vector && sketchOf(shot.labels.vector);
  return {
    shot_id: shotId,
    quality: qualityOf(shot.measures, master),
    content: `${master.sha256} ${String(shot.first).padStart(12, '0')}`,
    hashes: toBigints(hashes),
    look: sketch ? Buffer.from(sketch.buffer).toString('base64') : null,
  };
}

/** Writes the prints of a title's shots, in the caller's transaction; they are placed by `place`. A shot whose keyframes are all flat has none. */
export async function writePrints({ studioId }: Scope, titleId: string, prints: Print[]): Promise<void> {
  for (let at = 0; at < prints.length; at += PAGE) {
    const some = JSON.stringify(prints.slice(at, at + PAGE).filter(({ hashes }) => hashes.length));
    await rows(
      `insert into print (shot_id, studio_id, title_id, quality, measured_quality, content, hashes, look)
       select shot_id, $1, $2, quality, quality, content, hashes, decode(look, 'base64') from jsonb_to_recordset($3) as p(shot_id uuid, quality float8, content text, hashes bigint[], look text)`,
      [studioId, titleId, some],
    );
    await rows(
      `insert into print_hash (shot_id, position, studio_id, hash)
       select shot_id, h.position - 1, $1, h.hash from jsonb_to_recordset($2) as p(shot_id uuid, hashes bigint[]) cross join lateral unnest(hashes) with ordinality as h(hash, position)`,
      [studioId, some],
    );
  }
}

/** Prints in the place of those that the shots had; what a member chose to represent others still does. */
export async function rewritePrints(scope: Scope, titleId: string, prints: Print[]): Promise<void> {
  await lockPrints(scope);
  const chosen = await rows<{ shot_id: string; chosen_at: Date; before: number }>(`select shot_id, chosen_at, quality - measured_quality as before from print where studio_id = $1 and shot_id = any($2) and chosen_at is not null`, [scope.studioId, prints.map((print) => print.shot_id)]);
  await rows(`delete from print where studio_id = $1 and shot_id = any($2)`, [scope.studioId, prints.map((print) => print.shot_id)]);
  await writePrints(scope, titleId, prints);
  for (const { shot_id: id, chosen_at: at, before } of chosen) await rows(`update print set chosen_at = $3, quality = quality + $4 where studio_id = $1 and shot_id = $2`, [scope.studioId, id, at, before]);
}

/**
 * Near-duplicate shots of a studio, within and across its titles and encodes. Of shots in the order of their quality, each that is near no
 * representative before it represents a cluster, and any other belongs to the best representative that it is near to. So every member is
 * a near-duplicate of its representative itself, and the clusters do not depend on the order in which titles came.
 */
export class Duplicates {
  constructor(private readonly database: Database) {}

  /** Places every shot of the studio that is new, or whose representative went. May be started again at any moment. */
  async place(scope: Scope, signal?: AbortSignal): Promise<void> {
    for (let more = true; more; ) {
      signal?.throwIfAborted();
      more = await this.database.inStudio(scope, async () => {
        await alone();
        // Two that place at once would not see each other's representatives.
        await lockPrints(scope);
        for (let count = 0; count < AT_ONCE; count++) {
          const [next] = await rows<Known>(`select ${columns} from print p where studio_id = $1 and leader_id is null order by quality desc, content, shot_id limit 1`, [scope.studioId]);
          if (!next) return false;
          await placeOne(scope, next);
        }
        return true;
      });
    }
  }

  /** Shots near a given one, or near what it is in a mirror, nearest first. Throws Refusal NOT_FOUND. */
  async of(scope: Scope, shotId: string, page: Page, mirror = false): Promise<Paged<Duplicate>> {
    const first = pageSize(page.first);
    const found = await this.all(scope, shotId, mirror);
    const after = decodeCursor(page.after, 3);
    const left = after ? found.filter((duplicate) => byDistance({ most: Number(after[0]), one: Number(after[1]), shotId: after[2]! }, duplicate) < 0) : found;
    return toPage(left.slice(0, first + 1), first, ({ most, one, shotId: id }) => [String(most), String(one), id]);
  }

  async count(scope: Scope, shotId: string, mirror = false): Promise<number> {
    return (await this.all(scope, shotId, mirror)).length;
  }

  /** The studio's clusters of two and more, in the order in which their representatives came. */
  async clusters(scope: Scope, page: Page): Promise<Paged<DuplicateCluster>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ id: string; size: string; chosen: boolean }>(
        `select c.*, l.chosen_at is not null as chosen from (
           select leader_id as id, count(*) + 1 as size from print where studio_id = $1 and leader_id <> shot_id and ($2::uuid is null or leader_id > $2) group by leader_id order by leader_id limit $3
         ) c join print l on l.shot_id = c.id order by c.id`,
        [scope.studioId, isId(after ?? '') ? after : null, first + 1],
      );
      return toPage(found.map(({ size, ...cluster }) => ({ ...cluster, size: Number(size) })), first, ({ id }) => [id]);
    });
  }

  async countClusters(scope: Scope): Promise<number> {
    return this.database.inStudio(scope, async () => Number((await row<{ count: string }>(`select count(distinct leader_id) from print where studio_id = $1 and leader_id <> shot_id`, [scope.studioId]))!.count));
  }

  /** The other shots of a cluster, with how far they are from its representative. */
  async members(scope: Scope, clusterId: string, page: Page): Promise<Paged<Duplicate>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<Duplicate>(
        `select shot_id as "shotId", title_id as "titleId", most, one, cosine from print where studio_id = $1 and leader_id = $2 and leader_id <> shot_id and ($3::uuid is null or shot_id > $3) order by shot_id limit $4`,
        [scope.studioId, isId(clusterId) ? clusterId : null, isId(after ?? '') ? after : null, first + 1],
      );
      return toPage(found, first, ({ shotId }) => [shotId]);
    });
  }

  /**
   * Of these shots those that a better one of them is a near-duplicate of, with that one: what is to be left out so that one of each is kept.
   * Only these shots count, so that what represents a cluster is always among them, and the same shots give the same answer in every database.
   */
  async among(scope: Scope, shotIds: string[]): Promise<Map<string, Kinship & { keptId: string }>> {
    const known: { id: string; quality: number; content: string; hashes: Hashes; look: Int8Array | null }[] = [];
    for (let at = 0; at < shotIds.length; at += PAGE) {
      const found = await this.database.inStudio(scope, () => rows<Known>(`select ${columns} from print p where studio_id = $1 and shot_id = any($2)`, [scope.studioId, shotIds.slice(at, at + PAGE)]));
      for (const print of found) known.push({ id: print.shot_id, quality: print.quality, content: print.content, hashes: fromBigints(print.hashes), look: lookOf(print) });
    }
    known.sort((a, b) => b.quality - a.quality || (a.content < b.content ? -1 : a.content > b.content ? 1 : a.id < b.id ? -1 : 1));
    const kept = new HashIndex(MOST);
    const twins = new Map<string, Kinship & { keptId: string }>();
    for (const [number, { id, hashes, look }] of known.entries()) {
      // Numbers are in the order of quality: the best that it is near to is the lowest.
      const near = kept.near(hashes).sort((a, b) => a.shot - b.shot);
      const best = near.map(({ shot, most, one }) => ({ keptId: known[shot]!.id, most, one, cosine: cosine(look, known[shot]!.look) })).find(areDuplicates);
      if (best) twins.set(id, best);
      else kept.add(number, hashes);
    }
    return twins;
  }

  /**
   * Lets a shot represent its near-duplicates whatever its picture, or takes that back. The one that was chosen last comes first; those near
   * it are placed at once, others of the studio by the job. Throws Refusal NOT_FOUND, NO_DUPLICATES.
   */
  async choose(scope: Scope & { memberId: string }, shotId: string, chosen: boolean): Promise<void> {
    await this.database.inStudio(scope, async () => {
      await alone();
      await lockPrints(scope);
      const [shot] = isId(shotId) ? await rows<{ titleId: string; leader: string | null; isChosen: boolean; printed: boolean }>(`select s.title_id as "titleId", p.leader_id as leader, p.chosen_at is not null as "isChosen", p.shot_id is not null as printed from shot s left join print p on p.shot_id = s.id where s.studio_id = $1 and s.id = $2`, [scope.studioId, shotId]) : [];
      if (!shot) throw notFound('shot');
      if (!shot.printed) throw new Refusal('NO_DUPLICATES', 'Every picture of the shot is of one colour: nothing is near it.', 'Choose another shot.', 409);
      if (shot.isChosen === chosen) return;
      await rows(`update print set chosen_at = $3, quality = $4::float8 + measured_quality where studio_id = $1 and shot_id = $2`, [scope.studioId, shotId, chosen ? new Date() : null, chosen ? Math.floor(Date.now() / 1000) * CHOSEN : 0]);
      await appendEntry('duplicates', { shot: shotId, title: shot.titleId, chosen });
      const waiting = await rows<{ id: string }>(`update print set leader_id = null where studio_id = $1 and (shot_id = $2 or leader_id = any($3)) returning shot_id as id`, [scope.studioId, shotId, [shotId, shot.leader]]);
      for (let count = 0; count < AT_ONCE && waiting.length; count++) {
        const [next] = await rows<Known>(`select ${columns} from print p where studio_id = $1 and shot_id = any($2) and leader_id is null order by quality desc, content, shot_id limit 1`, [scope.studioId, waiting.map(({ id }) => id)]);
        if (!next) break;
        await placeOne(scope, next);
      }
      await enqueueJob('duplicates', shot.titleId, {}, `duplicates:${newId()}`);
    });
  }

  private async all(scope: Scope, shotId: string, mirror: boolean): Promise<Duplicate[]> {
    return this.database.inStudio(scope, async () => {
      const shot = isId(shotId) ? await row<Partial<Known>>(`select ${columns} from shot s left join print p on p.shot_id = s.id where s.studio_id = $1 and s.id = $2`, [scope.studioId, shotId]) : undefined;
      if (!shot) throw notFound('shot');
      if (!shot.shot_id) return [];
      await alone();
      const print = shot as Known;
      const asked = mirror ? { ...print, hashes: toBigints(mirrored(fromBigints(print.hashes))) } : print;
      const found = (await near(scope, asked)).map(({ of: { shot_id, title_id }, ...kinship }) => ({ shotId: shot_id, titleId: title_id, ...kinship }));
      return found.sort(byDistance);
    });
  }
}

type Placed = Pick<Duplicate, 'most' | 'one' | 'shotId'>;
const byDistance = (a: Placed, b: Placed): number => a.most - b.most || a.one - b.one || (a.shotId < b.shotId ? -1 : a.shotId > b.shotId ? 1 : 0);

type Neighbour = Kinship & { of: Known };

/** One shot gets its representative, or becomes one; what this changes for others makes them wait for a place again. */
async function placeOne(scope: Scope, shot: Known): Promise<void> {
  const neighbours = await near(scope, shot);
  const leaders = neighbours.filter(({ of }) => of.leader_id === of.shot_id && isBetter(of, shot));
  if (leaders.length) {
    const { of, most, one, cosine: alike } = leaders.reduce((best, other) => (isBetter(other.of, best.of) ? other : best));
    await rows(`update print set leader_id = $3, most = $4, one = $5, cosine = $6 where studio_id = $1 and shot_id = $2`, [scope.studioId, shot.shot_id, of.shot_id, most, one, alike]);
    return;
  }
  await rows(`update print set leader_id = shot_id, most = null, one = null, cosine = null where studio_id = $1 and shot_id = $2`, [scope.studioId, shot.shot_id]);
  const worse = neighbours.filter(({ of }) => isBetter(shot, of) && of.leader_id !== null).map(({ of }) => of.shot_id);
  if (!worse.length) return;
  await rows(
    `update print p set leader_id = null from print l
     where p.studio_id = $1 and l.shot_id = p.leader_id and (
       -- A worse representative leads no more, nor do its members belong to it.
       l.shot_id = any($2)
       -- A member of a worse representative belongs to this one.
       or (p.shot_id = any($2) and (l.quality < $3 or l.quality = $3 and (l.content, l.shot_id) > ($4, $5::uuid))))`,
    [scope.studioId, worse, shot.quality, shot.content, shot.shot_id],
  );
}

/** Quality, then content, then id. */
function isBetter(a: Known, b: Known): boolean {
  if (a.quality !== b.quality) return a.quality > b.quality;
  if (a.content !== b.content) return a.content < b.content;
  return a.shot_id < b.shot_id;
}

/** The planner thinks that hundreds of look-ups are worth parallel workers; to start them takes ten times as long as the look-ups. */
async function alone(): Promise<void> {
  await rows(`set local max_parallel_workers_per_gather = 0`);
}

/** The studio's other shots that are near-duplicates of one. */
async function near({ studioId }: Scope, shot: Known): Promise<Neighbour[]> {
  const hashes = fromBigints(shot.hashes);
  const probes = BANDS.map(({ flips, of }) => {
    const values = new Set<number>();
    for (let i = 0; i < hashes.length; i += 2) for (const flip of flips) values.add(of(hashes[i]!, hashes[i + 1]!) ^ flip);
    return [...values];
  });
  const found = await rows<Known>(
    `select ${columns} from (
       select distinct k.shot_id from (
         select shot_id, hash from print_hash where studio_id = $1 and low = any($3::int[])
         union all select shot_id, hash from print_hash where studio_id = $1 and middle = any($4::int[])
         union all select shot_id, hash from print_hash where studio_id = $1 and high = any($5::int[])
       ) k where exists (select from unnest($6::bigint[]) q(hash) where bit_count((k.hash # q.hash)::bit(64)) <= $7)
     ) n join print p on p.shot_id = n.shot_id where p.studio_id = $1 and p.shot_id <> $2`,
    [studioId, shot.shot_id, ...probes, shot.hashes, MOST],
  );
  const look = lookOf(shot);
  return found.map((of) => ({ of, ...compare(hashes, fromBigints(of.hashes)), cosine: cosine(look, lookOf(of)) })).filter(areDuplicates);
}

const lookOf = ({ look }: Known): Int8Array | null => look && new Int8Array(look.buffer, look.byteOffset, look.byteLength);

const toBigints = (hashes: Hashes): string[] => Array.from({ length: hashes.length / 2 }, (_, i) => BigInt.asIntN(64, (BigInt(hashes[2 * i]!) << 32n) | BigInt(hashes[2 * i + 1]!)).toString());

const fromBigints = (hashes: string[]): Hashes =>
  Uint32Array.from(hashes.flatMap((hash) => {
    const bits = BigInt.asUintN(64, BigInt(hash));
    return [Number(bits >> 32n), Number(bits & 0xffffffffn)];
  }));
