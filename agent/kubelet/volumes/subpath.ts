// A volume mount's subPath, held by an open descriptor so that no container can put a link in its place between the check and
// the bind mount: each name is opened relative to the one before, following no links, and the descriptor is what is bound.
// upstream: pkg/volume/util/subpath/subpath_linux.go (doSafeOpen, doSafeMakeDir, doBindSubPath)
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, realpath, rmdir, stat, unlink, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expand } from '../env.ts';
import { quoted } from '../pod.ts';
import { isWithin, type Mounter } from './mounts.ts';

/** Names a place without opening what is there: a pipe does not block, a device is not woken. Node has no name for it. */
const O_PATH = 0o10000000;
export const noFollow = O_PATH | constants.O_NOFOLLOW;
/** A name inside an open directory, wherever that is by now. */
const inside = ({ fd }: FileHandle, name: string): string => `/proc/self/fd/${fd}/${name}`;
const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** The path as a container's variables make it. upstream: pkg/kubelet/container/helpers.go (ExpandContainerVolumeMounts) */
export function expandSubPath(expression: string, variables: ReadonlyMap<string, string>): string {
  const missing = new Set<string>();
  const path = expand(expression, (name) => {
    const value = variables.get(name);
    if (!value) missing.add(name);
    return value;
  });
  if (missing.size) throw new Error(`missing value for ${[...missing].sort().join(', ')}`);
  return path;
}

/** @throws Error when the path itself can only mean a place outside. */
export function checkSubPath(path: string): void {
  if (path.startsWith('/')) throw new Error(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split('/').includes('..')) throw new Error(`unable to provision SubPath \`${path}\`: must not contain '..'`);
}

/**
 * Opens the place (O_PATH) and creates what is missing of it as directories with the volume's own mode. The caller closes it.
 * @throws Error when the path leaves the volume.
 */
export async function openSubPath(volumePath: string, subPath: string): Promise<FileHandle> {
  checkSubPath(subPath);
  const root = await realpath(volumePath);
  const parts = subPath.split('/').filter((p) => p !== '' && p !== '.');
  const { existing, missing } = await existingPart(root, parts);
  if (!isWithin(existing, root)) throw new Error(`subPath ${quoted(subPath)} not within volume path ${volumePath}`);
  let handle = await open(root, noFollow);
  const enter = async (name: string): Promise<void> => {
    const last = handle;
    handle = await open(inside(last, name), noFollow);
    await last.close();
    if ((await handle.stat()).isSymbolicLink()) throw new Error(`subPath ${quoted(subPath)}: unexpected symlink found at ${quoted(name)}`);
  };
  try {
    const { mode } = await handle.stat();
    for (const name of existing.slice(root.length).split('/').filter(Boolean)) await enter(name);
    for (const name of missing) {
      const made = await mkdir(inside(handle, name)).then(() => true, (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
        return false;
      });
      await enter(name);
      // The process's umask took bits away. An O_PATH descriptor takes no chmod itself; its entry in /proc leads to the very file.
      if (made) await chmod(`/proc/self/fd/${handle.fd}`, mode & 0o7777);
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** How far the path exists, with its links resolved, and what is to be made below. Only a guess: whoever can write there may change it at once. */
async function existingPart(root: string, parts: readonly string[]): Promise<{ existing: string; missing: readonly string[] }> {
  for (let length = parts.length; length > 0; length--) {
    try {
      return { existing: await realpath(join(root, ...parts.slice(0, length))), missing: parts.slice(length) };
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return { existing: root, missing: parts };
}

/** Binds the place onto `target`, a path only the agent can write to; once is enough as long as it is the same place. */
export async function bindSubPath(handle: FileHandle, target: string, mounter: Mounter): Promise<void> {
  const wanted = await handle.stat();
  // What was bound there may be broken, as a server's that has gone: then it is bound anew.
  const there = await stat(target).catch(() => undefined);
  if (there && there.dev === wanted.dev && there.ino === wanted.ino) return;
  for (const path of await mounter.below(target)) await mounter.unmount(path);
  await mkdir(dirname(target), { recursive: true, mode: 0o750 });
  const found = await lstat(target).catch(() => undefined);
  if (found && found.isDirectory() !== wanted.isDirectory()) await (found.isDirectory() ? rmdir(target) : unlink(target));
  // A file can be the mount point of anything but a directory.
  if (wanted.isDirectory()) await mkdir(target, { recursive: true, mode: 0o750 });
  else await writeFile(target, '', { mode: 0o640 });
  await mounter.bind(handle.fd, target);
}
