// Jest in ESM mode: Nest 12 is ESM only (docs/adr/0001). `npm test` passes --experimental-vm-modules.
const swc = {
  sourceMaps: 'inline',
  module: { type: 'es6' },
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    keepClassNames: true,
  },
};

export default {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // js before ts: a dependency that ships its sources beside its output must not be loaded from them.
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'ts', 'json', 'node'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^nestjs-latchkey$': '<rootDir>/libs/auth/src/index.ts',
    '^nestjs-latchkey/([a-z]+)$': ['<rootDir>/libs/auth/src/$1.ts', '<rootDir>/libs/auth/src/$1/index.ts'],
  },
  // Jest leaves one core idle; with two cores that is half of the machine. Most tests wait for servers.
  maxWorkers: '100%',
  testTimeout: 20_000,
  reporters: ['default', '<rootDir>/test/support/skipped-tests-reporter.js'],
  collectCoverageFrom: ['libs/auth/src/**/*.ts'],
  coverageDirectory: 'coverage',
  coverageReporters: ['text-summary', 'lcov'],
  coverageThreshold: { './libs/auth/src/core/': { lines: 95 } },
};
