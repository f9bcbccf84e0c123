import { AsyncLocalStorage } from 'node:async_hooks';
import { DataSource, type EntityManager } from 'typeorm';
import { config, required } from './config.js';
import { isId } from './ids.js';
import { listen, type Listening } from './listen.js';

/**
 * Who acts: set for the length of one transaction. `studioId` is what row level security compares with;
 * `memberId` is absent where the product itself acts (a job, an agent).
 */
export interface Scope {
  studioId: string;
  memberId?: string;
}

interface Open extends Scope {
  manager: EntityManager;
  kept: (() => Promise<void>)[];
}

const scopes = new AsyncLocalStorage<Open>();

/** The app role's pool: neither owner nor superuser, bound by forced row security. */
export async function connect(url = required('BACKLOT_DATABASE_URL'), poolSize = config().BACKLOT_DATABASE_POOL): Promise<Database> {
  const source = new DataSource({
    type: 'postgres',
    url,
    poolSize,
    // A killed Postgres must not take the process along: the pool drops the connection and the next query opens another.
    poolErrorHandler: (error: Error) => process.stderr.write(`database connection lost: ${error.message}\n`),
    extra: { connectionTimeoutMillis: 10_000, idleTimeoutMillis: 30_000 },
  });
  await source.initialize();
  return new Database(source);
}

/**
 * The one way to rows. Everything that has a studio is reached inside `inStudio`, in one short transaction whose first statement sets
 * `app.studio_id` for that transaction alone; a call inside another joins it when the studio is the same and throws when it is not.
 */
export class Database {
  private readonly listening: Listening[] = [];

  constructor(readonly source: DataSource) {}

  async inStudio<T>(scope: Scope, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (!isId(scope.studioId)) throw new Error('inStudio needs a studio id');
    const open = scopes.getStore();
    if (open) {
      if (open.studioId !== scope.studioId) throw new Error('a transaction of one studio cannot open another studio');
      return work(open.manager);
    }
    const kept: Open['kept'] = [];
    try {
      return await this.source.transaction(async (manager) => {
        await manager.query(`select set_config('app.studio_id', $1, true), set_config('app.member_id', $2, true)`, [scope.studioId, scope.memberId ?? '']);
        return scopes.run({ ...scope, manager, kept }, () => work(manager));
      });
    } catch (error) {
      if (kept.length) {
        await this.inStudio(scope, async () => {
          for (const write of kept) await write();
        });
      }
      throw error;
    }
  }

  /** For the few rows that have no studio and the gate functions (sign-in, session and agent look-up). */
  async outside<T extends object>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    return (await this.source.query(sql, parameters)) as T[];
  }

  /** Hears what is told on a channel, over a connection of its own, until the database is closed. */
  listen(channel: string, hearing: Parameters<typeof listen>[2]): Listening {
    const { options } = this.source;
    if (options.type !== 'postgres' || !options.url) throw new Error('listening needs the address of the database');
    const one = listen(options.url, channel, hearing);
    this.listening.push(one);
    return one;
  }

  async close(): Promise<void> {
    await Promise.all(this.listening.map((one) => one.close()));
    await this.source.destroy();
  }
}

/** The transaction's manager. Throws outside of `inStudio`: unscoped access is a bug, not an empty answer. */
export function scoped(): Open {
  const open = scopes.getStore();
  if (!open) throw new Error('no studio in scope: wrap the call in database.inStudio');
  return open;
}

/** Writes now, and again in a transaction of its own if the open one is rolled back: a refusal stays recorded though it undid everything else. */
export async function writeAnyway(write: () => Promise<void>): Promise<void> {
  scoped().kept.push(write);
  await write();
}

/** Rows of a query in the studio's open transaction. */
export async function rows<T extends object>(sql: string, parameters: unknown[] = []): Promise<T[]> {
  const result: unknown = await scoped().manager.query(sql, parameters);
  // TypeORM answers UPDATE and DELETE with [rows, count] and the rest with rows.
  if (Array.isArray(result) && result.length === 2 && Array.isArray(result[0]) && typeof result[1] === 'number') return result[0] as T[];
  return result as T[];
}

/** The first row, or undefined. */
export async function row<T extends object>(sql: string, parameters: unknown[] = []): Promise<T | undefined> {
  return (await rows<T>(sql, parameters))[0];
}
