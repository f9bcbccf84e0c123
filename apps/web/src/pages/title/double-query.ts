import { graphql } from '../../generated/index.js';
import type { ResultOf } from '../../lib/result.js';

export const opinionFields = graphql(`
  fragment OpinionFields on Opinion {
    memberName
    at
    kind
    frame
    first
    inside
    labels
    sentence
  }
`);

export const doubleReview = graphql(`
  query DoubleReviewOfTitle($id: ID!) {
    title(id: $id) {
      id
      review {
        shots
        reviewed
        doubleReview {
          askedBy
          askedAt
          endedAt
          decided
          waiting(first: 1) {
            totalCount
          }
          disputes(first: 1) {
            totalCount
          }
          mine: disputes(first: 1, mine: true) {
            totalCount
          }
        }
      }
    }
  }
`);

export type DoubleReview = NonNullable<NonNullable<NonNullable<ResultOf<typeof doubleReview>['title']>['review']>['doubleReview']>;

export const waitingForMe = graphql(`
  query WaitingForMe($id: ID!, $first: Int!, $after: String) {
    title(id: $id) {
      id
      review {
        doubleReview {
          waiting(first: $first, after: $after) {
            nodes {
              id
              first
            }
            pageInfo {
              endCursor
              hasNextPage
            }
          }
        }
      }
    }
  }
`);

export const disputesForMe = graphql(`
  query DisputesForMe($id: ID!, $first: Int!, $after: String) {
    title(id: $id) {
      id
      review {
        doubleReview {
          disputes(first: $first, after: $after, mine: true) {
            nodes {
              shot {
                id
                first
              }
              one {
                ...OpinionFields
              }
              other {
                ...OpinionFields
              }
            }
            pageInfo {
              endCursor
              hasNextPage
            }
          }
        }
      }
    }
  }
`);

export type Dispute = NonNullable<NonNullable<NonNullable<ResultOf<typeof disputesForMe>['title']>['review']>['doubleReview']>['disputes']['nodes'][number];

/** What the member said of one shot before. */
export const ownOpinion = graphql(`
  query OwnOpinion($id: ID!, $number: Int!) {
    title(id: $id) {
      id
      shots(first: 1, from: $number) {
        nodes {
          id
          review {
            opinion {
              ...OpinionFields
            }
          }
        }
      }
    }
  }
`);

export const askDoubleReview = graphql(`
  mutation AskDoubleReview($titleId: ID!) {
    askDoubleReview(titleId: $titleId) {
      __typename
      ... on DoubleReview {
        askedAt
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

export const endDoubleReview = graphql(`
  mutation EndDoubleReview($titleId: ID!) {
    endDoubleReview(titleId: $titleId) {
      __typename
      ... on DoubleReview {
        endedAt
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

export const decideShot = graphql(`
  mutation DecideShot($id: ID!, $version: Int!, $input: OpinionInput!) {
    decision: decideShot(id: $id, version: $version, input: $input) {
      __typename
      ... on ShotDecision {
        outcome
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

export const settleShot = graphql(`
  mutation SettleShot($id: ID!, $version: Int!, $input: OpinionInput!) {
    decision: settleShot(id: $id, version: $version, input: $input) {
      __typename
      ... on ShotDecision {
        outcome
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);
