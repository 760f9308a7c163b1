// Files that are replaced whole: in both ways nothing of the old text stays, nor anything beside it, and only its owner may read it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceFile, replaceFileSync } from '../../../../src/util/replace-file.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'dray-replace-')); });
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it.each([['while others go on', replaceFile], ['at once', async (path: string, text: string) => replaceFileSync(path, text)]])('%s', async (_, replace) => {
  const path = join(directory, 'record.json');
  writeFileSync(path, 'what was there, which is longer', { mode: 0o644 });
  writeFileSync(`${path}.new`, 'what was begun before, and is longer', { mode: 0o600 });
  await replace(path, 'new');
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777, readdirSync(directory)]).toEqual(['new', 0o600, ['record.json']]);
});
