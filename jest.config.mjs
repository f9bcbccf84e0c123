const transform = {
  '\\.tsx?$': [
    '@swc/jest',
    {
      swcrc: false,
      jsc: {
        target: 'es2024',
        keepClassNames: true,
        experimental: { keepImportAttributes: true },
        parser: { syntax: 'typescript', tsx: false, decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
      module: { type: 'es6' },
      sourceMaps: 'inline',
    },
  ],
};

const project = (displayName, roots, more = {}) => ({
  displayName,
  rootDir: import.meta.dirname,
  // jest refuses a root that is not there, and a new clone has no empty folders.
  roots,
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/data/', '/.venv/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/data/'],
  extensionsToTreatAsEsm: ['.ts'],
  resolver: '<rootDir>/jest.resolver.cjs',
  testEnvironment: 'node',
  transform,
  ...more,
});

export default {
  // Two cores are what CI has; a worker more only makes the timings of the others worse.
  maxWorkers: 2,
  projects: [
    project('unit', ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/scripts', '<rootDir>/k8s']),
    project('medium', ['<rootDir>/test'], {
      testMatch: ['<rootDir>/test/{medium,contract}/**/*.test.ts'],
      globalSetup: '<rootDir>/test/postgres.setup.mjs',
      globalTeardown: '<rootDir>/test/postgres.teardown.mjs',
    }),
    project('suites', ['<rootDir>/test'], { testMatch: ['<rootDir>/test/suites/**/*.test.ts'] }),
    project('e2e', ['<rootDir>/test'], { testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] }),
    project('kill', ['<rootDir>/test'], { testMatch: ['<rootDir>/test/kill/**/*.test.ts'] }),
  ],
};
