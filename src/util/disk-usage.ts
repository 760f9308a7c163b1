// What a directory holds on its file system, measured by a process of its own so that a large tree costs this one nothing.
// What is mounted below does not count, and a file with several names counts once. upstream: pkg/volume/util/fs (DiskUsage)
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface DiskUsage { readonly usedBytes: number; readonly inodesUsed: number }
export const noDiskUsage: DiskUsage = { usedBytes: 0, inodesUsed: 0 };

/** Nothing when there is no such path; what vanishes while it is counted is left out. @throws Error when it cannot be measured */
export const diskUsage = async (path: string): Promise<DiskUsage> => (await diskUsages([path])).get(path) ?? noDiskUsage;

/** Several at once; a path that is not there is absent. @throws Error when they cannot be measured */
export async function diskUsages(paths: readonly string[]): Promise<Map<string, DiskUsage>> {
  if (paths.length === 0) return new Map();
  const [blocks, inodes] = await Promise.all([du(['-skx', '--', ...paths]), du(['-sx', '--inodes', '--', ...paths])]);
  return new Map([...blocks].map(([path, kibibytes]) => [path, { usedBytes: kibibytes * 1024, inodesUsed: inodes.get(path) ?? 0 }]));
}

/** `<number>\t<path>` lines. */
const parseDu = (text: string): Map<string, number> =>
  new Map(text.split('\n').flatMap((line) => { const [, value, path] = /^(\d+)\t(.*)$/.exec(line) ?? []; return path === undefined ? [] : [[path, Number(value)] as const]; }));

async function du(args: readonly string[]): Promise<Map<string, number>> {
  const { stdout } = await run('du', args, { maxBuffer: 16 * 2 ** 20 }).catch((error: Error & { stdout?: string; code?: unknown }) => {
    // It complains about what is not there, or vanished, and still tells the sums.
    if (error.code === 1 && error.stdout !== undefined) return { stdout: error.stdout };
    throw error;
  });
  return parseDu(stdout);
}
