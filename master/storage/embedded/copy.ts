// Copies of a store's file: taken while a master works on it, by another process too, and made ready to go on from.
import { chmod } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { open } from 'lmdb';
import { DATA_FILE, Tables } from './tables.ts';

/** Writes the store of `dir` as it is at one moment to `file`, without the room that is free in it. Waits for nobody. */
export async function copyStore(dir: string, file: string): Promise<void> {
  const root = open({ path: join(dir, DATA_FILE), noSubdir: true, readOnly: true, maxDbs: 4, encoding: 'binary', keyEncoding: 'binary', mapSize: 16 * 1024 ** 3 });
  try {
    await root.backup(file, true);
  } finally {
    await root.close();
  }
  await chmod(file, 0o600);
}

/**
 * Makes the copy one from which a store goes on: its next revision is larger than any that was given out since it was taken, and
 * whoever watches from one of those is told to list again. Resolves with the revision it was taken at. `file` has to be called as a
 * store's is. @throws Error when it is no store, or one of another version
 */
export async function goOnFrom(file: string): Promise<number> {
  if (basename(file) !== DATA_FILE) throw new Error(`${file} is not called ${DATA_FILE}`);
  const tables = await Tables.open(dirname(file));
  try {
    const revision = Math.max(tables.lastRevision(), tables.compacted);
    await tables.commit({ compacted: revision + unseenRevisions });
    return revision;
  } finally {
    await tables.close();
  }
}
/** More than a cluster writes between a backup and its return. upstream: etcdutl's --bump-revision with --mark-compacted */
const unseenRevisions = 1_000_000_000;
