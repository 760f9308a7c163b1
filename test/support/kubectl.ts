// kubectl of several ages for tests: those that lie beside the one on the PATH. What is missing is printed, and skipped.
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeWhere } from './test-where.ts';

/** The kubectl of a minor version (`1.27`) beside the one on the PATH. */
function beside(version: string): string | undefined {
  try {
    const path = join(dirname(realpathSync(execFileSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim())), `kubectl.${version}`);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined; // no kubectl at all
  }
}

/** `describe` for each of these versions that is there, with its number and path. */
export function describeKubectls(versions: readonly string[], tests: (version: string, path: string) => void): void {
  for (const version of versions) {
    const path = beside(version);
    describeWhere(path !== undefined, 'none of that version beside the one on the PATH', `kubectl ${version}`, () => tests(version, path ?? ''));
  }
}
