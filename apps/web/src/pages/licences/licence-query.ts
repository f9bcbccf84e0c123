import { graphql } from '../../generated/index.js';
import type { ResultOf } from '../../lib/result.js';

export const versionFields = graphql(`
  fragment VersionFields on LicenceVersion {
    licence {
      id
      name
    }
    version
    state
    kind
    sha256
    prose {
      ...ProseFields
    }
    changes {
      rule
      clause
      effect
      words
    }
    begins
    ends
    draftedBy {
      id
      name
    }
    createdAt
    signedAt
    effectiveFrom
    signatures {
      member {
        id
        name
      }
      roles
      at
    }
    awaits {
      id
      name
      roles
    }
  }
`);

export type Version = ResultOf<typeof versionFields>;

export const licenceQuery = graphql(`
  query Licence($id: ID!) {
    licence(id: $id) {
      id
      name
      licensor
      uid
      state
      decides
      version
      policy
      sha256
      prose {
        ...ProseFields
      }
      begins
      ends
      createdAt
      holds {
        ...HoldFields
      }
      draft {
        ...VersionFields
      }
      titles(first: 1) {
        totalCount
      }
      versions(first: 1) {
        totalCount
      }
    }
  }
`);

export type Licence = NonNullable<ResultOf<typeof licenceQuery>['licence']>;
