import type { Paged } from '#libs/platform';

export interface Connection<T> {
  nodes: T[];
  pageInfo: { endCursor: string | null; hasNextPage: boolean };
  /** Asked of the database only where the client asks for it. */
  totalCount: () => Promise<number>;
}

/** A page as the schema's connections have it. */
export async function connection<T>(page: Promise<Paged<T>>, count: () => Promise<number>): Promise<Connection<T>> {
  const { items, endCursor, hasNextPage } = await page;
  return { nodes: items, pageInfo: { endCursor, hasNextPage }, totalCount: count };
}

/** Where a member's browser gets a sealed object. */
export const addressOf = (objectId: string | null): string | null => objectId && `/objects/${objectId}`;
