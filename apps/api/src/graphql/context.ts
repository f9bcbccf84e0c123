import type { Request, Response } from 'express';
import type { Principal } from '#libs/access';
import type { Loaders } from './loaders.js';

/** What one GraphQL request carries through its resolvers. */
export interface RequestContext {
  req: Request;
  res: Response;
  principal: Principal | undefined;
  /** Batched look-ups within the principal's studio; only asked for where somebody is signed in. */
  load: Loaders;
  /** Set when the database was away for one of the fields: the whole answer says 503, so that clients ask again. */
  databaseAway: boolean;
}
