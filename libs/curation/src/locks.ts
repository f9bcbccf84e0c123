import { rows, type Scope } from '#libs/platform';

/**
 * Transactions that lock several shots of a title, or several prints of a studio, take one of these locks before, in the order in which
 * they stand here: rows lie in no order that all of them could follow, and two that take the same ones in different orders would each wait
 * for the other. Whoever writes one shot alone needs none.
 */

/** The title's shots, for whoever changes some of them. Gives its analyses; none: it has no shots. */
export async function lockShots({ studioId }: Scope, titleId: string): Promise<{ kept: boolean }[]> {
  return rows(`select detected is not null as kept from analysis where studio_id = $1 and title_id = $2 order by master_id for update`, [studioId, titleId]);
}

/** The shots of masters, for whoever writes beside them; several may at once, but nobody who changes some of them. */
export async function shareShots({ studioId }: Scope, masterIds: string[]): Promise<void> {
  await rows(`select from analysis where studio_id = $1 and master_id = any($2) order by master_id for key share`, [studioId, masterIds]);
}

/** The studio's prints, for whoever places some, or takes some away. */
export async function lockPrints({ studioId }: Scope): Promise<void> {
  await rows(`select pg_advisory_xact_lock(hashtextextended($1, 4210))`, [studioId]);
}
