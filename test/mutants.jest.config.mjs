import all from '../jest.config.mjs';

/** The tests of the evaluator as Stryker runs them: as one file, in an environment that tells which test reaches which mutant. */
const unit = all.projects.find(({ displayName }) => displayName === 'unit');

export default { ...unit, roots: ['<rootDir>/libs/rights'], testMatch: ['<rootDir>/libs/rights/tools/mutants.mjs'], testEnvironment: '@stryker-mutator/jest-runner/jest-env/node', maxWorkers: 1 };
