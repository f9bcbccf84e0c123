import { createHash } from 'node:crypto';
import { isId, notFound, type Reason, Refusal, row, rows } from '#libs/platform';
import type { Agent } from './types.js';

/** Tables whose rows an agent works on; both have the columns of a lease. */
export type Leasable = 'training_run' | 'generation';

/** A row that this agent holds at this moment. */
export interface Hold {
  id: string;
  epoch: number;
}

/**
 * Gives the oldest open row to the agent: a queued one, one whose lease ran out, or one that the same agent held under another instance
 * (one that was killed, or whose answer was lost on the way, asks under a new one and goes on at once). The epoch grows, so whoever held
 * it before is refused from here on. Rows that a member cancelled meanwhile end here. Runs in the open transaction.
 */
export async function claim(table: Leasable, agent: Agent, instance: string, ttlSeconds: number): Promise<Hold | undefined> {
  const me = `${agent.agentId} ${instance}`;
  const free = `(lease_until < now() or (lease_instance <> $2 and split_part(lease_instance, ' ', 1) = split_part($2, ' ', 1)))`;
  await rows(`update ${table} set state = 'cancelled', finished_at = now() where studio_id = $1 and state = 'running' and cancel_requested and ${free}`, [agent.studioId, me]);
  return row<Hold>(
    `update ${table} set state = 'running', epoch = epoch + 1, lease_instance = $2, lease_until = now() + $3 * interval '1 second' ${table === 'training_run' ? ', started_at = coalesce(started_at, now())' : ''}
     where id = (select id from ${table} where studio_id = $1 and state in ('queued', 'running') and (state = 'queued' or ${free}) order by id limit 1 for update skip locked)
     returning id, epoch`,
    [agent.studioId, me, ttlSeconds],
  );
}

/** Lengthens a lease and tells whether a member asked to stop. Throws Refusal NOT_FOUND or STALE_EPOCH. */
export async function renew(table: Leasable, id: string, epoch: number, ttlSeconds: number): Promise<{ cancel: boolean }> {
  if (!isId(id)) throw await stale(table, undefined);
  const held = await row<{ cancel: boolean }>(
    `update ${table} set lease_until = now() + $3 * interval '1 second' where id = $1 and epoch = $2 and state = 'running' returning cancel_requested as cancel`,
    [id, epoch, ttlSeconds],
  );
  if (!held) throw await stale(table, id);
  return held;
}

/** Asks work to stop for a reason; its next heartbeat says so to the agent. */
export async function stopFor(table: Leasable, id: string, epoch: number, reason: Reason): Promise<void> {
  await rows(`update ${table} set cancel_requested = true, reason = $3 where id = $1 and epoch = $2 and state = 'running' and not cancel_requested`, [id, epoch, reason]);
}

/** Ends what is held under this epoch. Work that was asked to stop ends as cancelled, however it says so, and for that reason. Gives what it became, or undefined when it had ended. */
export async function finish(table: Leasable, { id, epoch }: Hold, state: 'failed' | 'cancelled', reason: Reason | null): Promise<{ state: string; reason: Reason | null } | undefined> {
  return row<{ state: string; reason: Reason | null }>(
    `update ${table} set state = case when cancel_requested then 'cancelled' else $3 end, reason = case when cancel_requested then coalesce(reason, $4) else $4 end, finished_at = now()
     where id = $1 and epoch = $2 and state = 'running' returning state, reason`,
    [id, epoch, state, reason],
  );
}

/** Puts what failed or was cancelled back into the queue, under the same id. Throws Refusal NOT_FOUND or NOT_ENDED. */
export async function requeue(table: Leasable, id: string, decisionId: string): Promise<void> {
  const again = await row(
    `update ${table} set state = 'queued', reason = null, cancel_requested = false, finished_at = null, decision_id = $2 where id = $1 and state in ('failed', 'cancelled') returning id`,
    [id, decisionId],
  );
  if (!again) throw new Refusal('NOT_ENDED', 'Only what failed or was cancelled is started again.', 'Wait for it, or cancel it first.', 409);
}

/** Locks a row for a write that only its holder may do. `ended`: it is already in a final state of this epoch. Throws as `renew`. */
export async function holding(table: Leasable, id: string, epoch: number): Promise<{ ended: boolean }> {
  if (!isId(id)) throw await stale(table, undefined);
  const found = await row<{ epoch: number; state: string }>(`select epoch, state from ${table} where id = $1 for update`, [id]);
  if (found?.epoch !== epoch || found.state === 'queued') throw await stale(table, id);
  return { ended: found.state !== 'running' };
}

async function stale(table: Leasable, id: string | undefined): Promise<Refusal> {
  const there = id && (await row(`select id from ${table} where id = $1`, [id]));
  const what = table === 'training_run' ? 'run' : 'generation';
  return there ? new Refusal('STALE_EPOCH', `This ${what} is no longer held under that epoch.`, 'Stop working on it and lease again.', 409) : notFound(what);
}

/** Asks again until there is an answer, the time is over or the other side hung up. Half a second is what a person who waits for a clip hardly notices. */
export async function pollUntil<T>(ask: () => Promise<T | undefined>, seconds: number, signal?: AbortSignal): Promise<T | undefined> {
  for (const until = Date.now() + seconds * 1000; !signal?.aborted; ) {
    const answer = await ask();
    if (answer !== undefined || Date.now() >= until) return answer;
    await new Promise((wait) => setTimeout(wait, 500));
  }
  return undefined;
}

/**
 * An id that follows from another one and a name: the same thing made again has the same id. The time part stays, so that lists by id
 * are still lists by time.
 */
export function derivedId(id: string, name: string): string {
  const hex = createHash('sha256').update(`${id} ${name}`).digest('hex');
  return `${id.slice(0, 13)}-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
}
