import { graphql } from '../../generated/index.js';
import type { ResultOf } from '../../lib/result.js';

/** What is asked of a model. The seed is text: it may have more digits than a number holds. */
export interface Wish {
  prompt: string;
  seed: string;
}

export const generationFields = graphql(`
  fragment GenerationFields on Generation {
    id
    prompt
    seed
    settings
    state
    progress
    createdAt
    reason {
      code
      message
      wayOut
    }
    model {
      id
      name
      version
    }
    decision {
      id
    }
    output {
      id
      url
      frames
      width
      height
      fps
      sha256
      review
      reviewedBy
      reviewedAt
      deliveries {
        id
        url
        expiresAt
        downloads
      }
    }
  }
`);

export type Generation = ResultOf<typeof generationFields>;
