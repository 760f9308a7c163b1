// What was installed stays written down, once each.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installedPackages, noteInstalledPackages } from '../../../../src/util/installed-packages.ts';

it('is added to, and kept', () => {
  const directory = mkdtempSync(join(tmpdir(), 'dray-packages-'));
  try {
    expect(installedPackages(directory)).toEqual([]);
    noteInstalledPackages(directory, ['conntrack']);
    noteInstalledPackages(directory, ['conntrack', 'other']);
    expect(installedPackages(directory)).toEqual(['conntrack', 'other']);
    expect(readdirSync(directory)).toEqual(['installed-packages.json']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
