// One agent per data directory: a name in the kernel that goes with the process, whatever ends it.
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer } from 'node:net';

/** The data directory is in use by another agent. */
export class DataDirectoryInUse extends Error {
  /** Exit code of the command line. */
  readonly exitCode = 2;
}

/** Resolves with the release. @throws DataDirectoryInUse */
export function lockDataDirectory(dataDir: string): Promise<() => void> {
  const name = `\0dray-agent-${createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 32)}`;
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new DataDirectoryInUse(`another agent already uses the data directory ${dataDir}; stop it, or choose another --data-dir`) : error);
    });
    server.listen(name, () => {
      server.unref();
      resolve(() => server.close());
    });
  });
}
