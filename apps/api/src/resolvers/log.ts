import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Args, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import { countEntries, entriesOf, type LogEntry, verifyCheckpoint } from '#libs/audit';
import { Database, type Page } from '#libs/platform';
import { Logs } from '../../../shared/services.js';
import { Can, Me } from '../guard/permission.js';
import { type Connection, connection } from './connection.js';

interface Log {
  origin: string;
  verifierKey: string;
  size: number;
  root: string | null;
  checkpoint: string | null;
}

@Resolver('Log')
@Can('read', 'Log')
export class LogResolver {
  constructor(
    private readonly database: Database,
    private readonly logs: Logs,
  ) {}

  /** The head as it is published: what a verifier with the files finds, not what the database says. */
  @Query()
  @Can('read', 'Log')
  async log(@Me() me: Principal): Promise<Log> {
    const verifierKey = await this.logs.verifier(me.studioId);
    const checkpoint = await readFile(join(this.logs.directory(me.studioId), 'checkpoint'), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null; // nothing was published yet
      throw error;
    });
    const origin = verifierKey.split('+')[0]!;
    if (checkpoint === null) return { origin, verifierKey, size: 0, root: null, checkpoint };
    const { size, root } = verifyCheckpoint(checkpoint, verifierKey);
    return { origin, verifierKey, size, root: root.toString('base64'), checkpoint };
  }

  @ResolveField()
  entries(@Me() me: Principal, @Args() args: Page & { type?: string }): Promise<Connection<LogEntry>> {
    return connection(entriesOf(this.database, me, args, args.type), () => countEntries(this.database, me, args.type));
  }
}

@Resolver('LogEntry')
@Can('read', 'Log')
export class LogEntryResolver {
  @ResolveField()
  sentence(@Parent() { payload }: LogEntry): string | null {
    const sentence = (payload as { sentence?: unknown } | null)?.sentence;
    return typeof sentence === 'string' ? sentence : null;
  }
}
