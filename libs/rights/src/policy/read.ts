import { openAny } from './document.js';
import type { Json } from './json.js';
import { loadTree, type LoadOptions } from './load.js';

/**
 * Any policy as the document that compilePolicy reads and whose hash counts: Turtle, JSON-LD of the profile (as it is) or any other JSON-LD.
 * Refuses with INVALID_POLICY, and the place in the source, what cannot be read without loss and what is no policy of the profile.
 */
export async function readPolicy(source: unknown, options: LoadOptions = {}): Promise<Json> {
  const tree = await openAny(source);
  loadTree(tree, options);
  return tree.document;
}
