// What counts as a file that is not there.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ifThere } from '../../../../src/util/if-there.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dray-there-'));
  writeFileSync(join(directory, 'file'), '');
  symlinkSync('loop', join(directory, 'loop'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('is what has no name there, or is below a file; what cannot be looked at is told', async () => {
  expect((await ifThere(stat(join(directory, 'file'))))?.isFile()).toBe(true);
  expect([await ifThere(stat(join(directory, 'none'))), await ifThere(stat(join(directory, 'file', 'below')))]).toEqual([undefined, undefined]);
  await expect(ifThere(stat(join(directory, 'loop')))).rejects.toMatchObject({ code: 'ELOOP' });
});
