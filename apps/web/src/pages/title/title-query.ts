import { graphql } from '../../generated/index.js';
import type { TitleQuery } from '../../generated/graphql.js';

export const titleQuery = graphql(`
  query Title($id: ID!) {
    title(id: $id) {
      id
      name
      year
      eidr
      attribution
      state
      posterUrl
      createdAt
      reason {
        code
        message
        wayOut
      }
      master {
        id
        fileName
        bytes
        sha256
        state
        probe
      }
      job {
        id
        name
        state
        progress
        note
        attempts
        reason {
          code
          message
          wayOut
        }
      }
      holds {
        ...HoldFields
      }
      licences {
        id
        name
        licensor
        state
        version
        summary
      }
      analysis {
        frames
        timeBase
        startPts
        durationPts
        width
        height
        detector
        warnings
        playlistUrl
        filmstripUrl
        filmstrip
      }
    }
  }
`);

export type Title = NonNullable<TitleQuery['title']>;
