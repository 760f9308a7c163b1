// Writes a set of files so that a reader sees the old set or the new one, never a mixture: the files live in a directory
// that the link `..data` names, and the link is swapped. upstream: pkg/volume/util/atomic_writer.go
// What is looked at again was written a while ago, and lies in memory: waiting for a thread would cost many times what reading it does.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface FileContent { readonly data: Buffer; readonly mode: number; /** Who owns the file; root unless given. */ readonly user?: number }
/** Contents by path relative to the volume. */
export type Payload = ReadonlyMap<string, FileContent>;

const dataLink = '..data';

/** Refuses what would leave the volume or hide the writer's own entries. */
function checkPath(path: string): void {
  if (path === '' || path.startsWith('/')) throw new Error(`invalid path: must be relative path: ${path}`);
  if (path.split('/').includes('..')) throw new Error(`invalid path: must not contain '..': ${path}`);
  if (path.startsWith('..')) throw new Error(`invalid path: must not start with '..': ${path}`);
}

function currentDirectory(directory: string): string | undefined {
  try {
    return readlinkSync(join(directory, dataLink));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function holds(directory: string, payload: Payload): boolean {
  const found = new Set<string>();
  try {
    for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      const path = join(entry.parentPath, entry.name).slice(directory.length + 1);
      const wanted = payload.get(path);
      if (!wanted || !wanted.data.equals(readFileSync(join(directory, path)))) return false;
      found.add(path);
    }
  } catch {
    return false; // what cannot be read is written anew
  }
  return found.size === payload.size;
}

/** The directory, when a set of files was written there. */
export const wasWritten = async (directory: string): Promise<string | undefined> => (currentDirectory(directory) === undefined ? undefined : directory);

/** True when something was written. `group` (fsGroup) owns the files. */
export async function writeAtomically(directory: string, payload: Payload, group?: number): Promise<boolean> {
  for (const path of payload.keys()) checkPath(path);
  const current = currentDirectory(directory);
  if (current === undefined) await mkdir(directory, { recursive: true, mode: 0o755 });
  if (current && holds(join(directory, current), payload)) {
    await exposeTopLevel(directory, payload);
    return false;
  }
  const fresh = `..${new Date().toISOString().replace(/[-:T.Z]/g, '_')}${randomBytes(4).toString('hex')}`;
  const target = join(directory, fresh);
  await mkdir(target, { mode: 0o755 });
  await chmod(target, 0o755);
  for (const [path, { data, mode, user }] of payload) {
    const file = join(target, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(file, data, { mode });
    // The process's umask took bits away.
    await chmod(file, group === undefined ? mode : mode | 0o440);
    if (group !== undefined || user !== undefined) await chown(file, user ?? 0, group ?? 0);
  }
  await symlink(fresh, join(directory, `${dataLink}_tmp`)).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    await rm(join(directory, `${dataLink}_tmp`));
    await symlink(fresh, join(directory, `${dataLink}_tmp`));
  });
  await rename(join(directory, `${dataLink}_tmp`), join(directory, dataLink));
  await exposeTopLevel(directory, payload);
  await removeOld(directory, fresh);
  return true;
}

/** The names a container sees: links through `..data`, so that the swap reaches them all at once. */
async function exposeTopLevel(directory: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0]!));
  const present = readdirSync(directory);
  for (const name of wanted) if (!present.includes(name)) await symlink(join(dataLink, name), join(directory, name));
  for (const name of present) if (!name.startsWith('..') && !wanted.has(name)) await rm(join(directory, name), { recursive: true, force: true });
}

async function removeOld(directory: string, keep: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith('..') && name !== dataLink && name !== keep) await rm(join(directory, name), { recursive: true, force: true });
  }
}
