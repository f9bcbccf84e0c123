import type { Title } from '#libs/catalogue';
import type { RequestContext } from '../graphql/context.js';

/** Titles by id, without those that are not there. */
export async function titlesOf(ids: string[], load: RequestContext['load']): Promise<Title[]> {
  return (await Promise.all(ids.map((id) => load.title.load(id)))).filter((title) => title !== null);
}
