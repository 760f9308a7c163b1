// The reason of what is skipped is in the output of the run, also where a whole file is skipped.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

it('tells why a file ran no test, each reason once', () => {
  const root = join(import.meta.dirname, '../../..');
  const jest = ['--experimental-vm-modules', join(root, 'node_modules/jest/bin/jest.js')];
  const { status, stderr } = spawnSync(process.execPath, [...jest, '--testMatch', '**/support/wholly-skipped.ts'], { cwd: root, encoding: 'utf8' });
  expect(stderr.split('\n').filter((line) => line.startsWith('skipped: '))).toEqual([
    'skipped: test/support/wholly-skipped.ts: a test: there is no such thing', 'skipped: test/support/wholly-skipped.ts: tests: there are no such things',
  ]);
  expect(stderr).toMatch(/^Test Suites: 1 skipped, 0 of 1 total$/m);
  expect(status).toBe(0);
});
