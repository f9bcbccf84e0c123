import { graphql } from '../../generated/index.js';
import type { ResultOf } from '../../lib/result.js';

export const simulationFields = graphql(`
  fragment SimulationFields on Simulation {
    id
    version
    sha256
    against
    from
    until
    total
    asked
    opened
    closed
    notComparable
    createdAt
    finishedAt
    job {
      id
      state
      progress
      note
      reason {
        code
        message
        wayOut
      }
    }
  }
`);

export type Simulation = ResultOf<typeof simulationFields>;

export const isAsking = ({ finishedAt, job }: Simulation): boolean => !finishedAt && (!job || job.state === 'QUEUED' || job.state === 'RUNNING');
