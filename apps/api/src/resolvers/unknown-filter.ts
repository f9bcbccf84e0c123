import { Injectable } from '@nestjs/common';
import { Access, type Principal } from '#libs/access';
import { Refusal } from '#libs/platform';
import type { Connection } from './connection.js';

/** A list asked for by something that is not there, or not theirs, is empty either way, and the asker's log says so. */
@Injectable()
export class UnknownFilter {
  constructor(private readonly access: Access) {}

  async orNothing<T>(me: Principal, what: string, id: string | null | undefined, find: (id: string) => Promise<unknown>, list: () => Promise<Connection<T>>): Promise<Connection<T>> {
    if (id == null) return list();
    try {
      await find(id);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'NOT_FOUND') throw error;
      await this.access.noteRefusal(me, { what, through: 'graphql', id });
      return { nodes: [], pageInfo: { endCursor: null, hasNextPage: false }, totalCount: async () => 0 };
    }
    return list();
  }
}
