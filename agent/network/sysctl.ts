// Kernel settings, read and written through programs, so that they are those of the network namespace `run` works in.
import type { Run } from '../../src/util/run.ts';

const path = (name: string): string => `/proc/sys/${name}`;

/** `name` has slashes: net/ipv4/ip_forward. */
export const readSysctl = async (run: Run, name: string): Promise<string> => (await run('cat', [path(name)])).trim();

export const writeSysctl = async (run: Run, name: string, value: string): Promise<void> => {
  await run('tee', [path(name)], { input: `${value}\n` });
};
