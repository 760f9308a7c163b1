// Packages that were installed after the set-up, when they were first needed: written down beside the other data, so that `down --purge` can
// name them with those the set-up installed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileSync } from './replace-file.ts';

const fileIn = (dataDir: string): string => join(dataDir, 'installed-packages.json');

/** Their names, in the order they came. @throws SyntaxError for a file that somebody else has changed */
export function installedPackages(dataDir: string): string[] {
  const file = fileIn(dataDir);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as string[]) : [];
}

export function noteInstalledPackages(dataDir: string, packages: readonly string[]): void {
  replaceFileSync(fileIn(dataDir), `${JSON.stringify([...new Set([...installedPackages(dataDir), ...packages])])}\n`);
}
