// The resolvers the host itself uses, as long as the agent runs: hosts move between networks, and their files are written anew.
import { watch, type FSWatcher } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Log } from '../../src/util/log.ts';

export interface ResolverFile { readonly path: string; readonly text: string }

/** What is to be read; a file that is not there is empty. */
export const readResolverFiles = (paths: readonly string[]): Promise<ResolverFile[]> =>
  Promise.all(paths.map(async (path) => ({ path, text: await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => { if (error.code !== 'ENOENT') throw error; return ''; }) })));

/** Calls `changed` with all files whenever one of them is written or replaced, until the signal aborts. Where the host cannot watch, what was read stays. */
export async function followResolverFiles(paths: readonly string[], options: { readonly log: Log; readonly signal: AbortSignal; readonly changed: (files: ResolverFile[]) => void }): Promise<void> {
  const { log, signal, changed } = options;
  // Where a name is a link, the file that is written is elsewhere.
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => path)));
  const watched = new Map<string, Set<string>>();
  for (const path of [...paths, ...real]) watched.set(dirname(path), (watched.get(dirname(path)) ?? new Set()).add(basename(path)));
  const failed = (error: unknown): void => log.debug({ error }, 'the host\'s resolver files are not followed');
  let reading = Promise.resolve();
  const read = (): void => { reading = reading.then(async () => { if (!signal.aborted) changed(await readResolverFiles(paths)); }).catch(failed); };
  const watchers: FSWatcher[] = [];
  for (const [directory, names] of watched) {
    try {
      watchers.push(watch(directory, { persistent: false }, (_event, name) => { if (name === null || names.has(name)) read(); }).on('error', failed));
    } catch (error) {
      failed(error);
    }
  }
  signal.addEventListener('abort', () => { for (const watcher of watchers) watcher.close(); }, { once: true });
  if (signal.aborted) for (const watcher of watchers) watcher.close();
}
