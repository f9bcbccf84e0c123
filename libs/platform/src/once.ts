import { deserialize, serialize } from 'node:v8';
import { type Database, row, rows, type Scope } from './database.js';

/**
 * Runs a member's request once per key: the work, what it wrote and its answer commit together, so a client that lost the answer asks
 * again with the same key and gets it, and nothing is done twice. Without a key, or when the work throws, nothing is remembered.
 * Answers must be plain data (v8 structured clone).
 */
export async function once<T>(database: Database, scope: Scope, key: string | undefined, work: () => Promise<T>): Promise<T> {
  if (key === undefined) return work();
  const who = [scope.studioId, scope.memberId, key];
  return database.inStudio(scope, async () => {
    // A second request waits here until the first commits or rolls back.
    const first = await row(`insert into request_once (studio_id, member_id, key) values ($1, $2, $3) on conflict do nothing returning key`, who);
    if (!first) {
      const done = await row<{ answer: Buffer }>(`select answer from request_once where studio_id = $1 and member_id = $2 and key = $3`, who);
      return deserialize(done!.answer) as T;
    }
    const answer = await work();
    await rows(`update request_once set answer = $4 where studio_id = $1 and member_id = $2 and key = $3`, [...who, serialize(answer)]);
    return answer;
  });
}

/** Forgets answers of yesterday; a client that waits longer asks anew. */
export async function forgetRequests(): Promise<void> {
  await rows(`delete from request_once where at < now() - interval '1 day'`);
}
