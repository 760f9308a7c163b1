// One process per data directory: a kernel lock that ends with its holder, however it dies, and holds across containers.
import { spawn } from 'node:child_process';
import { open, type FileHandle } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';

/** @throws Error naming the holder when another process (or this one) has the directory open. */
export async function lockDir(dir: string): Promise<{ release(): Promise<void> }> {
  const path = join(dir, 'lock');
  const file = await open(path, 'a+', 0o600);
  try {
    if (!(await flock(file))) {
      const holder = (await file.readFile('utf8')).trim();
      throw new Error(`the data directory ${dir} is in use${holder ? ` by process ${holder}` : ''}`);
    }
    await file.truncate(0);
    await file.write(`${process.pid}\n`);
  } catch (error) {
    await file.close();
    throw error;
  }
  return { release: () => file.close() };
}

/**
 * Node has no flock. The lock belongs to the open file, not to a process, so util-linux's `flock` takes it on a
 * descriptor it inherits and leaves it to us; other children do not inherit the descriptor.
 */
async function flock(file: FileHandle): Promise<boolean> {
  const child = spawn('flock', ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', file.fd] });
  const [code] = (await once(child, 'exit').catch((error: unknown) => {
    throw new Error('the data directory cannot be locked: the flock command (util-linux) is needed', { cause: error });
  })) as [number | null];
  return code === 0;
}
