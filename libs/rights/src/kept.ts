import type { Database, Listening, ReleasedKey } from '#libs/platform';
import { remember } from './remember.js';

/** So long a member's or agent's key is kept: a player's many range requests are one release. */
const KEEP_MS = 30_000;

interface Kept {
  studioId: string;
  titleIds: ReadonlySet<string>;
  key: ReleasedKey;
  until: number;
}

/**
 * Keys that were released to this process and may be used again for a while. Postgres tells every process what changes in a studio's
 * rights as it commits, and what it is about is dropped; while this process may have missed something, nothing kept is used.
 */
export class KeptKeys {
  private readonly keys = new Map<string, Kept>();
  private readonly changes = new Map<string, number>();
  private breaks = 0;
  private listening: Listening | undefined;

  constructor(private readonly database: Database) {}

  get(name: string): ReleasedKey | undefined {
    const kept = this.keys.get(name);
    if (!kept || !this.listen().current()) return undefined;
    if (kept.until > Date.now()) return kept.key;
    this.keys.delete(name);
    return undefined;
  }

  /** Releases a key and keeps it, unless the studio's rights changed, or news of it may have been missed, while it was released. */
  async keep(name: string, { studioId, titleIds }: { studioId: string; titleIds: readonly string[] }, release: () => Promise<{ key: ReleasedKey; validUntil: Date }>): Promise<ReleasedKey> {
    const moment = (): string => `${this.breaks} ${this.changes.get(studioId) ?? 0}`;
    const listening = this.listen();
    const before = listening.current() ? moment() : undefined;
    const { key, validUntil } = await release();
    if (before !== undefined && before === moment()) {
      this.keys.delete(name);
      remember(this.keys, name, { studioId, titleIds: new Set(titleIds), key, until: Math.min(Date.now() + KEEP_MS, validUntil.getTime()) });
    }
    return key;
  }

  private listen(): Listening {
    return (this.listening ??= this.database.listen('backlot_rights', {
      heard: (payload) => {
        const [studioId = '', titleId] = payload.split(' ');
        this.changes.set(studioId, (this.changes.get(studioId) ?? 0) + 1);
        for (const [name, kept] of this.keys) if (kept.studioId === studioId && (titleId === undefined || kept.titleIds.has(titleId))) this.keys.delete(name);
      },
      lost: () => {
        this.breaks++;
        this.keys.clear();
      },
    }));
  }
}
