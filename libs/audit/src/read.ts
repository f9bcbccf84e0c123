import { type Database, decodeCursor, type Page, type Paged, pageSize, row, rows, type Scope, toPage } from '#libs/platform';

/** An entry as its studio reads it. */
export interface LogEntry {
  id: string;
  /** Place in the log; null until the next checkpoint. */
  index: number | null;
  type: string;
  at: Date;
  payload: unknown;
}

/** Entries of the studio's log, newest first, of one type or of all. */
export async function entriesOf(database: Database, scope: Scope, page: Page, type?: string | null): Promise<Paged<LogEntry>> {
  const first = pageSize(page.first);
  const after = decodeCursor(page.after, 1)?.[0] ?? null;
  return database.inStudio(scope, async () => {
    const found = await rows<{ id: string; leaf_index: string | null; type: string; at: Date; payload: unknown }>(
      `select id, leaf_index, type, at, payload from audit_entry where studio_id = $1 and ($2::bigint is null or id < $2) and ($3::text is null or type = $3) order by id desc limit $4`,
      [scope.studioId, after, type ?? null, first + 1],
    );
    const entries = found.map(({ leaf_index: index, ...entry }) => ({ ...entry, index: index === null ? null : Number(index) }));
    return toPage(entries, first, (entry) => [entry.id]);
  });
}

/** How many entries the studio's log has, waiting ones among them. */
export async function countEntries(database: Database, scope: Scope, type?: string | null): Promise<number> {
  return database.inStudio(scope, async () => Number((await row<{ count: string }>(`select count(*) from audit_entry where studio_id = $1 and ($2::text is null or type = $2)`, [scope.studioId, type ?? null]))!.count));
}
