/** The evaluator's tests as one file: a hunt for mutants loads them once for each of a thousand mutants. */
import '../src/policy/agreement.test.js';
import '../src/policy/cases.test.js';
import '../src/policy/compile.test.js';
import '../src/policy/conditions.test.js';
import '../src/policy/duties.test.js';
import '../src/policy/evaluate.test.js';
import '../src/policy/explain.test.js';
import '../src/policy/meet.test.js';
import '../src/policy/ranges.test.js';
