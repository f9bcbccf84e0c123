import type { ResultOf } from '../../lib/result.js';
import { graphql } from '../../generated/index.js';

export const shotFields = graphql(`
  fragment ShotFields on Shot {
    id
    number
    first
    last
    startPts
    endPts
    entry
    measures
    labels
    caption
    sentence
    captionQuality {
      flags
    }
    disagreements {
      field
      about
      known
      said
      text
      by
    }
    review {
      version
      doubt
      reviewedBy
      stale
    }
    keyframes {
      frame
      url
      width
      height
    }
    corrections {
      id
      field
      before
      after
      memberName
      at
    }
  }
`);

export const titleShots = graphql(`
  query TitleShots($id: ID!, $first: Int!, $from: Int, $around: Int) {
    title(id: $id) {
      id
      shots(first: $first, from: $from, around: $around) {
        nodes {
          ...ShotFields
        }
        totalCount
      }
    }
  }
`);

export type Shot = ResultOf<typeof shotFields>;

export interface Entry {
  kind: 'start' | 'cut' | 'dissolve' | 'fade' | 'wipe' | 'other';
  first?: number;
  last?: number;
  confidence?: number;
}

export function entryOf(shot: Shot): Entry {
  return shot.entry as Entry;
}

/** 'cut', 'dissolve, frames 118 to 131' */
export function entryInWords(shot: Shot): string {
  const { kind, first, last } = entryOf(shot);
  if (kind === 'start') return 'Start of the film';
  const word = kind === 'other' ? 'Gradual transition' : kind[0]?.toUpperCase() + kind.slice(1);
  return first !== undefined && last !== undefined ? `${word}, frames ${first} to ${last}` : word;
}

/** Place of the shot that holds `frame`, or of the last one before it. Shots are in order. */
export function placeAt(shots: Shot[], frame: number): number {
  let low = 0;
  let high = shots.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((shots[middle] as Shot).first <= frame) low = middle;
    else high = middle - 1;
  }
  return low;
}
