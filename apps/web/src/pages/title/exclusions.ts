import { useEffect, useMemo } from 'react';
import { graphql } from '../../generated/index.js';
import { usePagedList } from '../../lib/paged-list.js';
import type { ResultOf } from '../../lib/result.js';
import { rangeInWords } from '../../lib/ranges.js';
import type { Band } from './bands.js';

export const exclusionFields = graphql(`
  fragment ExclusionFields on Exclusion {
    id
    first
    end
    why
    clause
    actions
    addedBy
    addedAt
    changedBy
    changedAt
  }
`);

export type Exclusion = ResultOf<typeof exclusionFields>;

const titleExclusions = graphql(`
  query TitleExclusions($id: ID!, $first: Int!, $after: String) {
    title(id: $id) {
      id
      exclusions(first: $first, after: $after) {
        nodes {
          ...ExclusionFields
        }
        pageInfo {
          endCursor
          hasNextPage
        }
        totalCount
      }
    }
  }
`);

/** The uses that a member may bar frames from; a contract's list may name others. */
export const barredUses: Record<string, string> = { train: 'Training, of every kind', curate: 'Watching and curation', caption: 'Captioning', index: 'Search indexing' };

/** 'Frames 120 to 239 are left out: nudity, clause 4.2' */
export function exclusionInWords(exclusion: Exclusion): string {
  const range = rangeInWords(exclusion);
  return `${range[0]?.toUpperCase()}${range.slice(1)} left out: ${exclusion.why}${exclusion.clause ? `, clause ${exclusion.clause}` : ''}`;
}

/** Whether the frame may not even be watched. */
export function isUnseen({ first, end, actions }: Exclusion, frame: number): boolean {
  return first <= frame && frame < end && (actions.length === 0 || actions.includes('curate'));
}

/** Every exclusion of a title: the timeline shows the whole film, so every page is fetched, one after the other. */
export function useExclusions(titleId: string) {
  const list = usePagedList(titleExclusions, { id: titleId }, (data) => data.title?.exclusions, 100);
  const { nodes, more, loadingMore, error, loadMore } = list;
  useEffect(() => {
    if (more && !loadingMore && !error) loadMore();
  }, [more, loadingMore, error, loadMore, nodes]);
  const bands = useMemo((): Band[] => nodes.map((exclusion) => ({ id: exclusion.id, first: exclusion.first, end: exclusion.end, says: exclusionInWords(exclusion) })), [nodes]);
  return { list, bands };
}
