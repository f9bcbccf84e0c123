/**
 * `npm run mutants [-- --mutate FILE,…]`: changes the evaluator in every small way and counts the changes that no test notices.
 * Not part of `npm test`: it takes about half an hour.
 */
const policy = 'libs/rights/src/policy';

export default {
  mutate: ['compile', 'conditions', 'duties', 'evaluate', 'meet', 'ranges', 'segments'].map((name) => `${policy}/${name}.ts`),
  testRunner: 'jest',
  jest: { projectType: 'custom', configFile: 'test/mutants.jest.config.mjs', enableFindRelatedTests: false },
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  coverageAnalysis: 'perTest',
  plugins: ['@stryker-mutator/jest-runner'],
  // A copy of what the tests read; everything else stays out of it.
  ignorePatterns: ['**', '!libs/**', '!policies/**', '!test/mutants.jest.config.mjs', '!package.json', '!jest.config.mjs', '!jest.resolver.cjs', '!tsconfig.json'],
  tempDirName: '.cache/stryker',
  // What words a message or a bug's exception has is read by people, not by tests.
  mutator: { excludedMutations: ['StringLiteral'] },
  concurrency: 1,
  timeoutMS: 20_000,
  timeoutFactor: 3,
  disableTypeChecks: false,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  jsonReporter: { fileName: '.cache/mutants.json' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 90, break: 90 },
};
