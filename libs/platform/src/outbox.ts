import type { Database, Scope } from './database.js';
import { row, rows, scoped } from './database.js';

/** A fact that happened, in order per studio. Reactions to the right of a lib hang on these. */
export interface DomainEvent {
  id: string;
  studioId: string;
  type: string;
  payload: Record<string, unknown>;
}

/** Writes an event in the caller's transaction: it exists exactly when what it tells of exists. */
export async function emit(type: string, payload: Record<string, unknown>): Promise<void> {
  await rows(`insert into outbox (studio_id, type, payload) values ($1, $2, $3)`, [scoped().studioId, type, payload]);
}

export type EventHandler = (event: DomainEvent) => Promise<void>;

/**
 * Relays events to named consumers, each once: the consumer's mark and what it writes commit together, so a kill between two events
 * repeats nothing and skips nothing. Returns how many were handed on.
 */
export async function relayEvents(database: Database, consumers: Record<string, Partial<Record<string, EventHandler>>>, batch = 100): Promise<number> {
  const waiting = await database.outside<{ id: string; studio_id: string; type: string; payload: Record<string, unknown> }>(`select * from outbox_waiting($1)`, [batch]);
  for (const { id, studio_id: studioId, type, payload } of waiting) {
    const event: DomainEvent = { id, studioId, type, payload };
    const scope: Scope = { studioId };
    for (const [consumer, handlers] of Object.entries(consumers)) {
      const handler = handlers[type];
      if (!handler) continue;
      await database.inStudio(scope, async () => {
        const first = await row(`insert into event_handled (consumer, event_id, studio_id) values ($1, $2, $3) on conflict do nothing returning event_id`, [consumer, id, studioId]);
        if (first) await handler(event);
      });
    }
    await database.inStudio(scope, () => rows(`update outbox set published_at = now() where id = $1`, [id]));
  }
  return waiting.length;
}
