// Unit, contract and integration tests: no Docker, no network beyond loopback and namespaces of their own.
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testPathIgnorePatterns: ['/node_modules/', '/test/e2e/'],
  globalSetup: '<rootDir>/test/support/network-programs.ts',
  setupFiles: ['<rootDir>/test/support/property-seed.ts'],
  maxWorkers: 2,
  // Nobody waits for it but a test that hangs: on a busy machine one that watches something waits for it longer.
  testTimeout: 120_000,
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }] },
};
