import { expect } from 'expect';

/** As much of Jest as the evaluator's tests use: what a file declares is kept, to be run one test at a time. */
let declared = [];

export { expect };

export const test = (name, run) => void declared.push({ name, run });
test.each = (rows) => (name, run) => rows.forEach((row, at) => test(`${name} ${at}`, () => (Array.isArray(row) ? run(...row) : run(row))));
test.skip = () => undefined;

export const describe = (_, declare) => declare();
describe.each = (rows) => (_, declare) => rows.forEach((row) => (Array.isArray(row) ? declare(...row) : declare(row)));
describe.skip = () => undefined;

/** What was declared since this was last asked. */
export function taken() {
  const tests = declared;
  declared = [];
  return tests;
}
