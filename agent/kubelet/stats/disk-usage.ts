// How full file systems and directories are. Directories are counted by `du` in a process of its own, as a tree of any size must not
// hold up the agent. upstream: pkg/volume/metrics_du.go
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';

export interface FileSystemUsage { readonly capacity: number; readonly available: number; readonly inodes: number; readonly inodesFree: number }
/** What one task has used of its file system. */
export interface DirectoryUsage { readonly bytes: number; readonly inodes: number }

/** Undefined when there is nothing at the path. */
export async function fileSystemUsage(path: string): Promise<FileSystemUsage | undefined> {
  const found = await statfs(path).catch(() => undefined);
  return found && { capacity: found.blocks * found.bsize, available: found.bavail * found.bsize, inodes: found.files, inodesFree: found.ffree };
}

/** `<number>\t<path>` lines. */
export const parseDu = (text: string): Map<string, number> =>
  new Map(text.split('\n').flatMap((line) => { const [, value, path] = /^(\d+)\t(.*)$/.exec(line) ?? []; return path === undefined ? [] : [[path, Number(value)] as const]; }));

/** What vanishes while it is counted makes `du` complain, not wrong. */
const du = (args: readonly string[]): Promise<Map<string, number>> => new Promise((resolve) => {
  execFile('du', args, { maxBuffer: 16 * 2 ** 20 }, (_error, stdout) => resolve(parseDu(stdout)));
});

/** By path; a path that is gone is absent. Each path is counted within its own file system. */
export async function directoryUsage(paths: readonly string[]): Promise<Map<string, DirectoryUsage>> {
  if (paths.length === 0) return new Map();
  const [bytes, inodes] = await Promise.all([du(['-s', '-x', '--block-size=1', '--', ...paths]), du(['-s', '-x', '--inodes', '--', ...paths])]);
  return new Map([...bytes].map(([path, size]) => [path, { bytes: size, inodes: inodes.get(path) ?? 0 }]));
}

/** Directory a container writes to, from its process's mountinfo; undefined where its root is no overlay. */
export function writableLayer(mountinfo: string): string | undefined {
  const root = mountinfo.split('\n').find((line) => line.split(' ')[4] === '/');
  return root === undefined ? undefined : /[ ,]upperdir=([^, ]+)/.exec(root)?.[1];
}
