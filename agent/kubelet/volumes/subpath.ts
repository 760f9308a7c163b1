// The host path of a volume mount's subPath, kept inside its volume whatever links lie there.
// upstream: pkg/volume/util/subpath/subpath_linux.go
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** Creates what is missing. The answer has no symbolic link in it. @throws Error when the path leaves the volume. */
export async function resolveSubPath(volumePath: string, subPath: string): Promise<string> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) throw new Error(`subPath ${JSON.stringify(subPath)} must be a relative path without '..'`);
  const root = await realpath(volumePath);
  let current = root;
  for (const part of subPath.split('/').filter((p) => p !== '' && p !== '.')) {
    const next = join(current, part);
    const found = await lstat(next).catch(() => undefined);
    if (!found) await mkdir(next, { mode: 0o750 });
    current = await realpath(next);
    if (current !== root && !current.startsWith(`${root}/`)) throw new Error(`subPath ${JSON.stringify(subPath)} not within volume path ${volumePath}`);
  }
  return current;
}
