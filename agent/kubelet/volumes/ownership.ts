// What fsGroup makes of a volume that has contents already: its group owns everything, may read and write it, and hands itself on to
// what is made inside. upstream: pkg/volume/volume_linux.go (SetVolumeOwnership)
import { chmod, chown, lstat, open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../pod.ts';
import { noFollow } from './subpath.ts';

type PodSecurity = NonNullable<Pod['spec']['securityContext']>;
const setGroup = 0o2000;
const bitsOf = (isDirectory: boolean): number => (isDirectory ? 0o770 | setGroup : 0o660);

/** Nothing without fsGroup, and with `OnRootMismatch` nothing where the directory itself is as it should be. */
export async function setOwnership(directory: string, { fsGroup, fsGroupChangePolicy }: PodSecurity = {}): Promise<void> {
  if (fsGroup === undefined) return;
  if (fsGroupChangePolicy === 'OnRootMismatch') {
    const { gid, mode } = await lstat(directory);
    if (gid === fsGroup && (mode & bitsOf(true)) === bitsOf(true)) return;
  }
  await closing(directory, (handle) => give(handle, fsGroup));
}

/** By descriptors: who can write there may put a link in the place of anything. A directory comes last, and so tells that all below is done. */
async function give(handle: FileHandle, group: number): Promise<void> {
  const [found, place] = [await handle.stat(), `/proc/self/fd/${handle.fd}`];
  if (found.isSymbolicLink()) return;
  if (found.isDirectory()) for (const name of await readdir(place)) await closing(join(place, name), (inner) => give(inner, group));
  await chown(place, found.uid, group);
  await chmod(place, (found.mode & 0o7777) | bitsOf(found.isDirectory()));
}

async function closing(path: string, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, noFollow);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
