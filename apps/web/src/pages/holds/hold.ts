import { graphql } from '../../generated/index.js';
import type { HoldKind } from '../../generated/graphql.js';
import type { ResultOf } from '../../lib/result.js';

export const holdFields = graphql(`
  fragment HoldFields on Hold {
    id
    kind
    subject
    why
    placedBy
    placedAt
    inForce
    liftedBy
    liftedAt
    liftedWhy
    titles {
      id
      name
    }
    licence {
      id
      name
    }
  }
`);

export type Hold = ResultOf<typeof holdFields>;

export const kindWords: Record<HoldKind, string> = { TITLE: 'Title', PERFORMER: 'Performer', LICENCE: 'Licence', STUDIO: 'Whole studio' };

/** What a hold is on, by its name. */
export function nameOfHold({ kind, subject, titles, licence }: Hold): string {
  if (kind === 'TITLE') return titles[0]?.name ?? 'A title';
  if (kind === 'LICENCE') return licence?.name ?? 'A licence';
  return kind === 'STUDIO' ? 'The whole studio' : subject;
}
