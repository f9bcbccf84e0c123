import { graphql } from '../generated/index.js';

export const decisionFields = graphql(`
  fragment DecisionFields on Decision {
    id
    action
    permitted
    sentence
    reason
    trace
    policies
    actor
    memberName
    scopeKind
    scopeId
    at
  }
`);
