import type { Scope } from '#libs/platform';
import type { Duplicates } from './duplicates.js';
import { inWords } from './rule.js';

/** A shot that would give clips, and how a person and a manifest call it. */
export interface Choice {
  id: string;
  title: string;
  /** Digest of its master. */
  sha256: string;
  first: number;
  last: number;
}

/** Why a shot is left out that shows the same take as a better one. */
export interface Twin {
  code: 'NEAR_DUPLICATE';
  message: string;
  /** What is kept and how far it is, in nothing but content: the same in every database. */
  value: string;
}

/** Of shots that would give clips, by id, those whose take a better one of them shows. */
export async function oneOfEach(duplicates: Duplicates, scope: Scope, choices: readonly Choice[]): Promise<Map<string, Twin>> {
  const byId = new Map(choices.map((choice) => [choice.id, choice]));
  const twins = new Map<string, Twin>();
  for (const [id, kinship] of await duplicates.among(scope, [...byId.keys()])) {
    const { title, sha256, first, last } = byId.get(kinship.keptId)!;
    twins.set(id, {
      code: 'NEAR_DUPLICATE',
      message: `It shows the same take as frames ${first} to ${last} of "${title}", which are kept: ${inWords(kinship)}.`,
      value: `${sha256} ${first} ${kinship.most} ${kinship.one}`,
    });
  }
  return twins;
}
