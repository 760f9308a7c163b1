// How full a file system is, and where on it a container writes.
import { statfs } from 'node:fs/promises';

/** Bytes and numbers of inodes. */
export interface FileSystemUsage { readonly capacity: number; readonly available: number; readonly inodes: number; readonly inodesFree: number }

/** Undefined when there is nothing at the path. */
export async function fileSystemUsage(path: string): Promise<FileSystemUsage | undefined> {
  const found = await statfs(path).catch(() => undefined);
  return found && { capacity: found.blocks * found.bsize, available: found.bavail * found.bsize, inodes: found.files, inodesFree: found.ffree };
}

/** Directory a container writes to, from its process's mountinfo; undefined where its root is no overlay. */
export function writableLayer(mountinfo: string): string | undefined {
  const root = mountinfo.split('\n').find((line) => line.split(' ')[4] === '/');
  return root === undefined ? undefined : /[ ,]upperdir=([^, ]+)/.exec(root)?.[1];
}
