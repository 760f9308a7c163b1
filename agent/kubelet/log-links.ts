// /var/log as collectors of logs expect it on a node: for each container a symbolic link to the log its engine keeps, and a second link
// with everything in its name. Links cost nothing, the engine bounds and rotates what they lead to, and its lines are the JSON that
// collectors know as Docker's. upstream: pkg/kubelet/dockershim (createContainerLogSymlink), pkg/kubelet/kuberuntime/legacy.go
import { lstat, mkdir, readdir, readlink, rmdir, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log } from '../../src/util/log.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { containerFacts } from './labels.ts';

export interface LogDirectories { readonly pods: string; readonly containers: string }
export const logDirectories: LogDirectories = { pods: '/var/log/pods', containers: '/var/log/containers' };

/** Longest name of a file. */
const longestName = 255;
const suffix = '.log';

/** `<pods>/<namespace>_<name>_<uid>/<container>/<restarts>.log` and `<containers>/<name>_<namespace>_<container>-<id>.log` */
export function logLinks({ id, pod, metadata, annotations }: Pick<ContainerStatus, 'id' | 'pod' | 'metadata' | 'annotations'>, { pods, containers }: LogDirectories): { readonly ofPod: string; readonly ofContainer: string } {
  return {
    ofPod: join(pods, `${pod.namespace}_${pod.name}_${pod.uid}`, metadata.name, `${containerFacts({ annotations, metadata }).restartCount}${suffix}`),
    ofContainer: join(containers, `${pod.name}_${pod.namespace}_${metadata.name}-${id}`.slice(0, longestName - suffix.length) + suffix),
  };
}

const unless = (...codes: string[]) => (error: NodeJS.ErrnoException): undefined => {
  if (codes.includes(error.code ?? '')) return undefined;
  throw error;
};

async function link(target: string, at: string): Promise<void> {
  await mkdir(dirname(at), { recursive: true, mode: 0o755 });
  for (;;) {
    try {
      return await symlink(target, at);
    } catch (error) {
      unless('EEXIST')(error as NodeJS.ErrnoException);
      if (await readlink(at).catch(unless('ENOENT', 'EINVAL')) === target) return;
      await unlink(at).catch(unless('ENOENT'));
    }
  }
}

/** With the directories of a Pod and its container, when they hold nothing else. */
async function remove(ofPod: string): Promise<void> {
  await unlink(ofPod).catch(unless('ENOENT'));
  for (const directory of [dirname(ofPod), dirname(dirname(ofPod))]) {
    if (await rmdir(directory).then(() => false, (error: NodeJS.ErrnoException) => { unless('ENOTEMPTY', 'ENOENT', 'EEXIST')(error); return error.code !== 'ENOENT'; })) return;
  }
}

const namesIn = async (directory: string): Promise<string[]> => (await readdir(directory).catch(unless('ENOENT', 'ENOTDIR'))) ?? [];
/** Where a link leads; undefined when it is none. */
const targetOf = (path: string): Promise<string | undefined> => readlink(path).catch(unless('ENOENT', 'EINVAL'));
const exists = async (path: string): Promise<boolean> => (await lstat(path).catch(unless('ENOENT', 'ENOTDIR'))) !== undefined;

/**
 * Removes links to logs of containers that are gone, of whichever cluster; other files stay. The engine removes a container's directory
 * with the container, while the log in it may be absent for a moment when it is rotated.
 */
export async function sweepLogLinks({ pods, containers }: LogDirectories = logDirectories): Promise<void> {
  for (const pod of await namesIn(pods)) {
    for (const container of await namesIn(join(pods, pod))) {
      for (const name of await namesIn(join(pods, pod, container))) {
        const path = join(pods, pod, container, name);
        const target = await targetOf(path);
        if (target !== undefined && /\/containers\/([0-9a-f]{64})\/\1-json\.log$/.test(target) && !(await exists(dirname(target)))) await remove(path);
      }
    }
  }
  for (const name of await namesIn(containers)) {
    const target = await targetOf(join(containers, name));
    if (target !== undefined && target.startsWith(`${pods}/`) && !(await exists(target))) await unlink(join(containers, name)).catch(unless('ENOENT'));
  }
}

export class LogLinks {
  readonly #directories: LogDirectories;
  readonly #log: Log;
  readonly #known = new Map<string, ReturnType<typeof logLinks>>();
  /** One thing at a time: what is made and removed shares directories. */
  #work: Promise<void> = Promise.resolve();

  constructor(directories: LogDirectories, log: Log) {
    this.#directories = directories;
    this.#log = log;
  }

  /** A container's log is there from its first start on. */
  add(status: ContainerStatus): void {
    if (status.logPath === '' || this.#known.has(status.id)) return;
    const links = logLinks(status, this.#directories);
    this.#known.set(status.id, links);
    this.#do(async () => {
      await link(status.logPath, links.ofPod);
      await link(links.ofPod, links.ofContainer);
    });
  }
  remove(id: string): void {
    const links = this.#known.get(id);
    if (!links) return;
    this.#known.delete(id);
    this.#do(async () => {
      await unlink(links.ofContainer).catch(unless('ENOENT'));
      await remove(links.ofPod);
    });
  }
  /** Once what runs is known: what went while no agent looked leaves links behind. */
  sweep(): void { this.#do(() => sweepLogLinks(this.#directories)); }
  /** Resolves when all that was asked for is done. */
  settled(): Promise<void> { return this.#work; }

  #do(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch((error: unknown) => this.#log.warn({ error }, 'a link to a container\'s log could not be made or removed'));
  }
}
