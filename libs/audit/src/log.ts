import { row, rows, scoped, type Database } from '#libs/platform';
import { makeEntry, type EntryType, type StoredEntry } from './entry.js';
import { CompactRange, leafHash } from './merkle.js';
import { keyName, type Checkpoint } from './note.js';
import { publish } from './publish.js';

/** The platform's own log, which holds the heads of the studios' logs: it belongs to no studio. */
export const PLATFORM_LOG = '00000000-0000-0000-0000-000000000000';

/** Rows taken at a time, so that a large backlog fits in memory. */
const BATCH = 4096;

/**
 * Adds an entry to the log of the studio whose transaction is open: it is there exactly when what it tells of is. It gets its place,
 * and a proof, with the next checkpoint. `payload` is any JSON.
 */
export async function appendEntry(type: EntryType, payload: unknown, at: Date = new Date()): Promise<void> {
  // What a person typed may hold what neither canonical JSON nor jsonb can; a refusal of it must be logged all the same.
  const kept: unknown = JSON.parse(JSON.stringify(payload), (_, value: unknown) => (typeof value === 'string' ? value.replaceAll('\0', '\uFFFD').toWellFormed() : value));
  const entry = makeEntry(type, at, kept);
  await rows(`insert into audit_entry (studio_id, at, type, leaf, salt, payload) values ($1, $2, $3, $4, $5, $6)`, [
    scoped().studioId,
    at,
    type,
    entry.leaf,
    entry.salt,
    JSON.stringify(kept),
  ]);
}

interface HeadRow {
  size: string;
  hashes: Buffer;
  root: Buffer | null;
  published_size: string;
}

/**
 * Gives every waiting entry of a log its place, signs the new head and brings the log's files to it. Returns the head, or undefined
 * for a log without entries. Safe to call from several processes and after a kill at any point: a place is given once, and the
 * row of the log is locked while files are written.
 */
export async function publishLog(database: Database, studioId: string, directory: string, signer: string): Promise<(Checkpoint & { note: string }) | undefined> {
  const scope = { studioId };
  await database.inStudio(scope, () => rows(`insert into audit_log (studio_id, origin) values ($1, $2) on conflict do nothing`, [studioId, keyName(signer)]));
  while ((await database.inStudio(scope, () => givePlaces(studioId))) === BATCH);
  return database.inStudio(scope, async () => {
    const head = await lockHead(studioId);
    if (head.size === '0') return undefined;
    const size = Number(head.size);
    const checkpoint = await publish({ directory, signer, size, root: head.root!, read: (from, to) => entries(studioId, from, to) });
    if (Number(head.published_size) !== size) await rows(`update audit_log set published_size = $2 where studio_id = $1`, [studioId, size]);
    return checkpoint;
  });
}

/**
 * Tells the platform's log the head of a studio's log, once a head. Whoever holds the platform's log can then show that a studio's log
 * was changed or shortened.
 */
export async function recordHead(database: Database, head: Checkpoint): Promise<void> {
  await database.inStudio({ studioId: PLATFORM_LOG }, async () => {
    // One recorder at a time, so that the comparison with the newest head holds until the insert.
    await rows(`select pg_advisory_xact_lock(hashtextextended($1, 4208))`, [head.origin]);
    const newest = await row<{ size: string }>(
      `select payload->>'size' as size from audit_entry where studio_id = $1 and type = 'checkpoint' and payload->>'origin' = $2 order by id desc limit 1`,
      [PLATFORM_LOG, head.origin],
    );
    if (Number(newest?.size ?? 0) >= head.size) return;
    await appendEntry('checkpoint', { origin: head.origin, size: head.size, root: head.root.toString('base64') });
  });
}

/** Orders one batch of waiting entries by id and returns how many. A later commit of a smaller id simply comes later in the log. */
async function givePlaces(studioId: string): Promise<number> {
  const head = await lockHead(studioId);
  const waiting = await rows<{ id: string; leaf: Buffer }>(
    `select id, leaf from audit_entry where studio_id = $1 and leaf_index is null order by id limit $2`,
    [studioId, BATCH],
  );
  if (waiting.length === 0) return 0;
  const size = Number(head.size);
  const range = CompactRange.of(size, head.hashes);
  for (const entry of waiting) range.append(leafHash(entry.leaf));
  await rows(
    `update audit_entry e set leaf_index = w.place from unnest($2::bigint[], $3::bigint[]) as w(id, place) where e.studio_id = $1 and e.id = w.id`,
    [studioId, waiting.map((entry) => entry.id), waiting.map((_, at) => size + at)],
  );
  await rows(`update audit_log set size = $2, hashes = $3, root = $4 where studio_id = $1`, [studioId, range.size, range.hashes, range.root()]);
  return waiting.length;
}

async function lockHead(studioId: string): Promise<HeadRow> {
  return (await row<HeadRow>(`select size, hashes, root, published_size from audit_log where studio_id = $1 for update`, [studioId]))!;
}

async function* entries(studioId: string, from: number, to: number): AsyncGenerator<StoredEntry> {
  for (let start = from; start < to; start += BATCH) {
    yield* await rows<StoredEntry>(
      `select leaf, salt, payload from audit_entry where studio_id = $1 and leaf_index >= $2 and leaf_index < $3 order by leaf_index`,
      [studioId, start, Math.min(to, start + BATCH)],
    );
  }
}
