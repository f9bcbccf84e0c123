import { graphql } from '../../generated/index.js';
import type { DutyState } from '../../generated/graphql.js';
import { spaced } from '../../lib/format.js';
import type { ResultOf } from '../../lib/result.js';

export const dutyFields = graphql(`
  fragment DutyFields on Duty {
    id
    clause
    action
    phase
    trigger
    repeats
    number
    state
    beganAt
    dueAt
    fulfilledAt
    fulfilledBy
    evidence
    evidenceSha256
    evidenceUrl
    waivedAt
    waivedBy
    waivedWhy
    licence {
      id
      name
    }
    decision {
      id
      action
    }
  }
`);

export type Duty = ResultOf<typeof dutyFields>;

export const stateWords: Record<DutyState, string> = { LATE: 'Late', DUE: 'Due', FULFILLED: 'Fulfilled', WAIVED: 'Waived' };

const owed: Record<string, string> = {
  compensate: 'Payment',
  inform: 'Report to the licensor',
  obtainConsent: 'Consent',
  notifyGuild: 'Notice to the guild',
  retireModel: 'Retirement of the model',
  cryptoShred: 'Destruction of the keys',
  embedContentCredentials: 'Content credentials in the output',
  attribute: 'Attribution',
  delete: 'Deletion of the copies',
  reviewPolicy: 'Review of the terms',
};

const triggers: Record<string, string> = { onUse: 'a use', onFirstTrain: 'the first training', onDelivery: 'a delivery', onExpiry: 'the end of the licence', onTermination: 'its termination', onWithdrawal: 'its withdrawal' };

/** What a deadline that does not run yet waits for. */
export function waitsFor({ trigger }: Duty): string {
  return triggers[trigger] ?? spaced(trigger);
}

/** 'Payment', 'Payment, time 3' */
export function nameOfDuty({ action, number, repeats }: Duty): string {
  const word = action.replace(/^.*[#/:]/, '');
  const name = owed[word] ?? spaced(word)[0]?.toUpperCase() + spaced(word).slice(1);
  return repeats ? `${name}, time ${number}` : name;
}
