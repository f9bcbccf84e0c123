import { graphql } from '../../generated/index.js';
import type { RunQuery } from '../../generated/graphql.js';

export const runQuery = graphql(`
  query Run($id: ID!) {
    trainingRun(id: $id) {
      id
      name
      state
      phase
      step
      steps
      loss
      heldOutLossBase
      heldOutLoss
      heldOutKind
      settings
      createdAt
      startedAt
      finishedAt
      reason {
        code
        message
        wayOut
      }
      datasetVersion {
        id
        name
        number
        clipCount
      }
      baseModel {
        id
        name
        licence
      }
      model {
        id
        name
        version
        adapterSha256
      }
      decision {
        ...DecisionFields
      }
      metrics {
        step
        loss
        secondsPerStep
      }
      samples {
        step
        number
        prompt
        url
      }
    }
  }
`);

export type Run = NonNullable<RunQuery['trainingRun']>;
