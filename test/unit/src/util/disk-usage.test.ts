// What a directory holds, as the file system counts it.
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskUsage, diskUsages } from '../../../../src/util/disk-usage.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'dray-usage-')); });
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('counts every file once, and what a link points to not at all', async () => {
  const empty = await diskUsage(directory);
  mkdirSync(join(directory, 'sub'));
  writeFileSync(join(directory, 'sub', 'file'), Buffer.alloc(1_000_000, 1));
  linkSync(join(directory, 'sub', 'file'), join(directory, 'same'));
  symlinkSync('/usr', join(directory, 'far'));
  const { usedBytes, inodesUsed } = await diskUsage(directory);
  expect(inodesUsed - empty.inodesUsed).toBe(3);
  expect(usedBytes - empty.usedBytes).toBeGreaterThanOrEqual(1_000_000);
  expect(usedBytes - empty.usedBytes).toBeLessThan(1_100_000);
});

it('finds nothing where there is nothing, also by a name that looks like an option', async () => {
  expect(await diskUsage(join(directory, 'none'))).toEqual({ usedBytes: 0, inodesUsed: 0 });
  expect(await diskUsage('--help')).toEqual({ usedBytes: 0, inodesUsed: 0 });
});

it('counts several at once, those that are there', async () => {
  for (const name of ['a b', 'c']) mkdirSync(join(directory, name));
  const found = await diskUsages([join(directory, 'a b'), join(directory, 'none'), join(directory, 'c')]);
  expect([...found.keys()]).toEqual([join(directory, 'a b'), join(directory, 'c')]);
  expect(found.get(join(directory, 'c'))).toEqual(await diskUsage(join(directory, 'c')));
  expect((await diskUsages([])).size).toBe(0);
});
