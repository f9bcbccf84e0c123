import type { ReasonLike } from '../ui/states.js';

/** Why an address gives nothing to see or hear, in the product's own words: who loads pictures and films is told a number at most. `broken`: what is said of an address that does answer. */
export async function refusalOf(url: string, broken: ReasonLike): Promise<ReasonLike> {
  try {
    const answer = await fetch(url, { headers: { range: 'bytes=0-0' } });
    return answer.ok ? broken : ((await answer.json()) as ReasonLike);
  } catch {
    return { ...broken, message: 'Backlot did not answer.', wayOut: 'Look whether the product is running, then load the page again.' };
  }
}
