// Copies of a store's file: taken while a master works on it, by another process too, and made ready to go on from.
import { chmod } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { copyTables, DATA_FILE, Tables } from './tables.ts';

/** The store of `dir` as it is at one moment, for its owner alone. Waits for nobody. */
export async function copyStore(dir: string, file: string): Promise<void> {
  await copyTables(dir, file);
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
