// What a directory holds on its file system, measured by a process of its own so that a large tree costs this one nothing.
// What is mounted below does not count, and a file with several names counts once. upstream: pkg/volume/util/fs (DiskUsage)
import { execFile } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface DiskUsage { readonly usedBytes: number; readonly inodesUsed: number }
export const noDiskUsage: DiskUsage = { usedBytes: 0, inodesUsed: 0 };

/** Nothing when there is no such path; what vanishes while it is counted is left out. @throws Error with du's words */
export async function diskUsage(path: string): Promise<DiskUsage> {
  if (!(await lstat(path).catch(() => undefined))) return noDiskUsage;
  const [blocks, inodesUsed] = await Promise.all([du(['-skx', '--', path]), du(['-sx', '--inodes', '--', path])]);
  return { usedBytes: blocks * 1024, inodesUsed };
}

async function du(args: readonly string[]): Promise<number> {
  const { stdout } = await run('du', args).catch((error: Error & { stdout?: string }) => {
    // It complains about what vanished, and still tells the sum.
    if (/^\d+\s/.test(error.stdout ?? '')) return { stdout: error.stdout! };
    throw error;
  });
  return Number(/^(\d+)/.exec(stdout)?.[1] ?? 0);
}
