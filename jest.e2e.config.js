// End-to-end tests: real Docker and real kubectl, one file at a time.
import base from './jest.config.js';

export default {
  ...base,
  roots: ['<rootDir>/test/e2e'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  testTimeout: 600_000,
  // What a test left behind is its failure; it must not keep the run from ending.
  forceExit: true,
};
