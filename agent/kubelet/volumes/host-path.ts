// hostPath: a file or directory of the host, checked against its type. upstream: pkg/volume/hostpath/host_path.go
import { chmod, mkdir, open, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import type { VolumePlugin } from './plugin.ts';
import { ifThere } from '../../../src/util/if-there.ts';

const checks: Readonly<Record<string, { is: (s: Stats) => boolean; what: string }>> = {
  Directory: { is: (s) => s.isDirectory(), what: 'directory' },
  DirectoryOrCreate: { is: (s) => s.isDirectory(), what: 'directory' },
  File: { is: (s) => s.isFile(), what: 'file' },
  FileOrCreate: { is: (s) => s.isFile(), what: 'file' },
  Socket: { is: (s) => s.isSocket(), what: 'socket file' },
  CharDevice: { is: (s) => s.isCharacterDevice(), what: 'character device' },
  BlockDevice: { is: (s) => s.isBlockDevice(), what: 'block device' },
};

/** `open /no/file: no such file or directory`, for users who know that from Kubernetes. */
const inWords = (error: NodeJS.ErrnoException): Error => new Error(`${error.syscall} ${error.path}: ${error.message.replace(/^\w+: /, '').replace(/, \w+ '.*'$/s, '')}`, { cause: error });

export const hostPath: VolumePlugin = {
  name: 'kubernetes.io/host-path',
  supports: (volume) => volume.hostPath !== undefined,
  async setUp({ volume }) {
    const { path, type = '' } = volume.hostPath!;
    if (path.split('/').includes('..')) throw new Error(`path ${path} must not contain '..'`);
    if (type === '') {
      // Unchecked, and made where nothing is, as container runtimes do it; the engine refuses what is not there.
      await mkdir(path, { recursive: true, mode: 0o755 }).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'EEXIST') throw inWords(error); });
      return path;
    }
    const check = checks[type];
    if (!check) throw new Error(`${type} is an invalid volume type`);
    let found = await ifThere(stat(path));
    if (!found && type === 'DirectoryOrCreate') {
      await mkdir(path, { recursive: true, mode: 0o755 }).catch((error: NodeJS.ErrnoException) => { throw inWords(error); });
      found = await stat(path);
    } else if (!found && type === 'FileOrCreate') {
      // Parent directories are not made: the type promises the file alone.
      await (await open(path, 'a', 0o644).catch((error: NodeJS.ErrnoException) => { throw inWords(error); })).close();
      await chmod(path, 0o644);
      found = await stat(path);
    }
    if (!found || !check.is(found)) throw new Error(`hostPath type check failed: ${path} is not a ${check.what}`);
    return path;
  },
};
