import { expect, test } from '@jest/globals';
import { disagreement } from '../../tools/agreement.js';

// The bench goes through 100,000 of them; a hunt for mutants, which runs this for each, has to do with fewer.
const count = Number(process.env.BACKLOT_AGREEMENTS ?? 1500);

test('the evaluator and the naive reading of the prose agree on whatever policies, requests and states, and on every rule that counts', () => {
  expect(disagreement(count)).toBeUndefined();
});
