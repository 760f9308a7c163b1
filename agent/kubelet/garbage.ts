// Clears away what nobody needs any more: dead containers but the last of each name, empty dead sandboxes, directories and control
// groups of Pods that are gone. upstream: pkg/kubelet/kuberuntime/kuberuntime_gc.go
import type { Log } from '../../src/util/log.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { RuntimeCache } from './runtime-cache.ts';
import type { PodGroups } from './control-groups/pod-groups.ts';
import { hasEnded, isLive, type PodRuntimeStatus } from './runtime-status.ts';
import type { VolumeManager } from './volumes/volume-manager.ts';

/** Ids of the containers and sandboxes of a living Pod that can go. Pure. */
export function collectable(status: PodRuntimeStatus): { containers: string[]; sandboxes: string[] } {
  const kept = new Set<string>();
  const containers: string[] = [];
  const newest = new Set<string>();
  for (const container of status.containers) {
    const { name } = container.metadata;
    // The newest of a name is the present, the newest dead one before it is what `--previous` shows.
    const isNewest = !newest.has(name);
    newest.add(name);
    if (isNewest || isLive(container)) continue;
    if (!hasEnded(container) || kept.has(name)) containers.push(container.id);
    else kept.add(name);
  }
  const gone = new Set(containers);
  const [, ...older] = status.sandboxes;
  const sandboxes = older.filter((s) => s.state !== 'ready' && !status.containers.some((c) => c.podSandboxId === s.id && !gone.has(c.id))).map((s) => s.id);
  return { containers, sandboxes };
}

export interface GarbageOptions { readonly runtime: Runtime; readonly cache: RuntimeCache; readonly volumes: VolumeManager; readonly groups?: PodGroups; readonly log: Log }

export class Garbage {
  readonly #options: GarbageOptions;
  constructor(options: GarbageOptions) { this.#options = options; }

  /** `known` tells which UIDs have a worker: what belongs to others is theirs to end, but their directories and groups can go. */
  async collect(known: (uid: string) => boolean): Promise<void> {
    const { runtime, cache, volumes, groups, log } = this.#options;
    const isHere = (uid: string): boolean => known(uid) || cache.get(uid).containers.length > 0 || cache.get(uid).sandboxes.length > 0;
    for (const uid of cache.uids()) {
      if (!known(uid)) continue;
      const { containers, sandboxes } = collectable(cache.get(uid));
      for (const id of containers) await runtime.removeContainer(id).then(() => cache.forget(id));
      for (const id of sandboxes) await runtime.removePodSandbox(id).then(() => cache.forget(id));
    }
    for (const uid of await volumes.podsOnDisk()) {
      if (isHere(uid)) continue;
      log.info({ uid }, 'the directory of a Pod that is gone is removed');
      await volumes.tearDown(uid);
    }
    await groups?.sweep(isHere);
  }
}
