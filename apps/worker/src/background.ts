import { PLATFORM_LOG, publishLog, recordHead } from '#libs/audit';
import { forgetRequests, relayEvents } from '#libs/platform';
import type { Services } from '../../shared/services.js';

const BATCH = 100;

/** Hands waiting events to the libs that react to them; true when more wait. */
export async function relay({ database, curation }: Services): Promise<boolean> {
  return (await relayEvents(database, { curation: curation.reactions }, BATCH)) === BATCH;
}

/**
 * Publishes every log that has something new, each studio's head then also in the platform's log. One log that cannot be published
 * (its files were changed) holds up no other; its reason is thrown when the others are done.
 */
export async function publish({ database, logs }: Services): Promise<boolean> {
  const waiting = await database.outside<{ id: string }>(`select logs_waiting($1) as id`, [BATCH]);
  const failures: unknown[] = [];
  // The platform's log last: it takes in the heads of the others.
  for (const { id } of waiting.sort((a, b) => Number(a.id === PLATFORM_LOG) - Number(b.id === PLATFORM_LOG))) {
    try {
      const head = await publishLog(database, id, logs.directory(id), await logs.signer(id));
      if (head && id !== PLATFORM_LOG) await recordHead(database, head);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length) throw new AggregateError(failures, `${failures.length} of ${waiting.length} logs could not be published`);
  return waiting.length === BATCH;
}

/** Tells of duties whose deadline has passed. */
export async function late({ rights }: Services): Promise<boolean> {
  return rights.duties.tellLate();
}

/** Removes what nobody needs any more: abandoned uploads, sealed bytes without an owner, remembered answers of yesterday. Duties that waited for the end of a licence run from there; duplicates of what was removed are placed anew, and titles from before something was looked for are computed anew. */
export async function sweep({ database, catalogue, curation, rights, vault }: Services): Promise<boolean> {
  await catalogue.sweepLanding();
  await vault.sweep();
  for (let after: string | null = null; ; ) {
    const studios: { id: string }[] = await database.outside<{ id: string }>(`select studio_ids($1, $2) as id`, [after, BATCH]);
    for (const { id } of studios) {
      await database.inStudio({ studioId: id }, forgetRequests);
      await rights.duties.startEnded({ studioId: id });
      // Shots whose representative was removed with its title.
      await curation.duplicates.place({ studioId: id });
      await curation.catchUp({ studioId: id });
    }
    after = studios.at(-1)?.id ?? null;
    if (!after) return false;
  }
}
