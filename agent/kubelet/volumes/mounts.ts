// The host's mount table as the kubelet uses it: one shared tmpfs for file volumes, a tmpfs per Memory emptyDir, a bind per
// subPath, and the end of all.
import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { mkdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { EngineVolume } from '../../runtime/runtime.ts';

const run = promisify(execFile);

/** Everything the kubelet asks of the mount table; tests give one that only remembers. */
export interface Mounter {
  mountTmpfs(path: string, options: { sizeBytes?: number; mode?: string; group?: number }): Promise<void>;
  /** Mounts what the engine's local volume driver would, as it does: with no program of the file system's own. @throws Error with upstream's words */
  mountNetwork(path: string, volume: EngineVolume): Promise<void>;
  /** Binds what the open descriptor names, alone without what is mounted below it, onto `target`. */
  bind(fd: number, target: string): Promise<void>;
  unmount(path: string): Promise<void>;
  /** Mount points at or below `path`, deepest first. */
  below(path: string): Promise<string[]>;
  /** Makes what is mounted below `path` reach containers, and back; nothing when the mount it is on does so. */
  makeShared(path: string): Promise<void>;
}

/** mountinfo writes blanks and backslashes as octal escapes. */
const unescape = (text: string): string => text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));

export interface MountPoint { readonly path: string; readonly shared: boolean; readonly fsType: string }
export function parseMountInfo(text: string): MountPoint[] {
  return text.split('\n').filter(Boolean).map((line) => {
    const fields = line.split(' ');
    const dash = fields.indexOf('-');
    return { path: unescape(fields[4] ?? ''), shared: fields.slice(6, dash).some((f) => f.startsWith('shared:')), fsType: fields[dash + 1] ?? '' };
  });
}
export const isWithin = (path: string, root: string): boolean => path === root || path.startsWith(root === '/' ? '/' : `${root}/`);
const mountInfo = (): Promise<string> => readFile('/proc/self/mountinfo', 'utf8');
const mountTable = async (): Promise<MountPoint[]> => parseMountInfo(await mountInfo());

export const hostMounter: Mounter = {
  async mountTmpfs(path, { sizeBytes, mode = '0755', group }) {
    await mkdir(path, { recursive: true });
    if ((await mountTable()).some((m) => m.path === path && m.fsType === 'tmpfs')) return;
    const options = [`mode=${mode}`, ...(sizeBytes ? [`size=${sizeBytes}`] : []), ...(group === undefined ? [] : [`gid=${group}`])].join(',');
    await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
  },
  async mountNetwork(path, { type, device, options }) {
    if ((await mountTable()).some((m) => m.path === path)) return;
    await mkdir(path, { recursive: true, mode: 0o750 });
    const [address, ...others] = options.split(',');
    const server = address!.replace(/^addr=/, '');
    // The kernel takes numbers only.
    const found = await lookup(server).catch((error: Error) => { throw new Error(`mount failed: ${error.message}`, { cause: error }); });
    const args = ['-i', '-t', type, '-o', [`addr=${found.address}`, ...others].join(','), device, path];
    await run('mount', args).catch((error: Error & { code?: number; stderr?: string }) => {
      throw new Error(`mount failed: exit status ${error.code}\nMounting command: mount\nMounting arguments: ${args.slice(1).join(' ')}\nOutput: ${error.stderr}`, { cause: error });
    });
  },
  async bind(fd, target) {
    // The descriptor's entry in /proc is taken as it is: a path read from it could mean something else by now.
    await run('mount', ['--no-canonicalize', '--bind', `/proc/${process.pid}/fd/${fd}`, target]);
  },
  async unmount(path) {
    await run('umount', [path]).catch(() => run('umount', ['-l', path]));
  },
  async below(path) {
    const text = await mountInfo();
    // Of most Pods nothing is mounted, while each container is a line of the table.
    if (!/[\s\\]/.test(path) && !text.includes(path)) return [];
    return parseMountInfo(text).map((m) => m.path).filter((p) => isWithin(p, path)).sort((a, b) => b.length - a.length);
  },
  async makeShared(path) {
    const around = (await mountTable()).filter((m) => isWithin(path, m.path)).sort((a, b) => a.path.length - b.path.length).at(-1);
    if (around?.shared) return;
    await mkdir(path, { recursive: true });
    if (around?.path !== path) await run('mount', ['--rbind', path, path]);
    await run('mount', ['--make-rshared', path]);
  },
};
