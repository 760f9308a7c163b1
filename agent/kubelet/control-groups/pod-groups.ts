// The control groups of this node's Pods: made before their sandboxes, kept at what is set aside for them, removed when they have ended.
// upstream: pkg/kubelet/cm (qos_container_manager_linux.go, pod_container_manager_linux.go)
import { podQosClass } from '../../../src/api/core/pod-qos.ts';
import type { Log } from '../../../src/util/log.ts';
import type { Pod } from '../pod.ts';
import { sharesOf } from '../resources.ts';
import type { Hierarchies } from './hierarchies.ts';
import { burstableShares, classes, groupAt, larger, podGroup, podGroupResources, podOf, sameGroupResources, type Group, type GroupResources, type GroupTree } from './plan.ts';

interface Known { readonly pod: Pod; readonly qosClass: string; readonly resources: GroupResources; /** They are what is set aside for the Pod. */ readonly settled: boolean }
export interface PodGroupsOptions {
  readonly tree: GroupTree;
  readonly hierarchies: Hierarchies;
  /** What the node's Pods weigh against all else in the engine's group. */
  readonly milliCpus: number;
  /** What the node's Pods may use together; -1 is no limit. */
  readonly memoryLimitInBytes?: number;
  readonly log: Log;
  /** Trees of before, each with who removes it. */
  readonly older?: readonly { readonly tree: GroupTree; readonly hierarchies: Hierarchies }[];
  /** Told of an older one that is gone. */
  readonly onGone?: (tree: GroupTree) => Promise<void>;
}

const classOf = (pod: Pod): string => pod.status?.qosClass ?? podQosClass(pod.spec as never);
const unlimited = { cpuQuota: -1, memoryLimitInBytes: -1 };

export class PodGroups {
  readonly #options: PodGroupsOptions;
  readonly #known = new Map<string, Known>();
  #older: NonNullable<PodGroupsOptions['older']>;
  /** Shares of the group of Burstable Pods; undefined before any was written. */
  #shares: number | undefined;
  #weighing: Promise<void> = Promise.resolve();
  #isBounded = false;

  constructor(options: PodGroupsOptions) {
    this.#options = options;
    this.#older = options.older ?? [];
  }

  /** Makes those all Pods are below. What Burstable Pods weigh stays until the first of them is looked at. */
  async prepare(): Promise<void> {
    const { tree, hierarchies, milliCpus, memoryLimitInBytes = -1 } = this.#options;
    await hierarchies.make(groupAt(tree), { cpuShares: sharesOf(milliCpus), ...(memoryLimitInBytes === -1 ? { memoryLimitInBytes } : {}) });
    await hierarchies.make(groupAt(tree, ...classes['BestEffort']!), { cpuShares: sharesOf(0) });
    await hierarchies.make(groupAt(tree, ...classes['Burstable']!), this.#shares === undefined ? {} : { cpuShares: this.#shares });
    this.#isBounded = memoryLimitInBytes === -1;
    await this.#bound();
  }
  /** Pods that have more memory already than is left to them keep it: evictions, and the next sweep, see to it. upstream: enforceNodeAllocatableCgroups */
  async #bound(): Promise<void> {
    if (this.#isBounded) return;
    const { tree, hierarchies, memoryLimitInBytes = -1, log } = this.#options;
    await hierarchies.set(groupAt(tree), { memoryLimitInBytes }).then(() => { this.#isBounded = true; }, (error: unknown) => log.warn({ error }, 'what Pods may use of the memory could not be limited; the next sweep tries again'));
  }

  /** What the engine calls the Pod's group. */
  nameOf(pod: Pod): string { return this.#groupOf(pod).name; }

  /** Has the Pod's group there, with what is set aside for it; what the engine calls it. */
  async ensure(pod: Pod): Promise<string> {
    const { hierarchies } = this.#options;
    const group = this.#groupOf(pod);
    const resources = podGroupResources(pod);
    await hierarchies.make(group, resources).catch(async (error: NodeJS.ErrnoException) => {
      // Someone took away what is empty.
      if (error.code !== 'ENOENT') throw error;
      await this.prepare();
      await hierarchies.make(group, resources);
    });
    await this.#remember(pod, resources, true);
    return group.name;
  }
  /** Before containers of the Pod get other resources: room for both, the old and the new. */
  async raise(pod: Pod): Promise<void> {
    const wanted = podGroupResources(pod);
    const known = this.#known.get(pod.metadata.uid);
    const room = known ? larger(known.resources, wanted) : { ...wanted, ...unlimited };
    if (known && sameGroupResources(known.resources, room)) return;
    await this.#options.hierarchies.set(this.#groupOf(pod), room);
    await this.#remember(pod, room, false);
  }
  /** Gives the group what is set aside for the Pod. */
  async settle(pod: Pod): Promise<void> {
    const known = this.#known.get(pod.metadata.uid);
    if (known?.settled && known.pod.spec === pod.spec) return;
    const wanted = podGroupResources(pod);
    if (!known || !sameGroupResources(known.resources, wanted)) await this.#options.hierarchies.set(this.#groupOf(pod), wanted);
    await this.#remember(pod, wanted, true);
  }

  /** Of a Pod that has ended. What cannot go yet, a sweep removes. */
  async remove(uid: string): Promise<void> {
    const known = this.#known.get(uid);
    this.#known.delete(uid);
    for (const qosClass of known ? [known.qosClass] : Object.keys(classes)) await this.#removePodGroup(podGroup(this.#options.tree, qosClass, uid), this.#options.hierarchies);
    if (known) await this.#weigh();
  }
  /** Removes the groups of Pods that are not here any more. upstream: cleanupOrphanedPodCgroups */
  async sweep(isHere: (uid: string) => boolean): Promise<void> {
    const { onGone } = this.#options;
    await this.#bound();
    await this.#sweepTree(this.#options, isHere);
    for (const one of this.#older) {
      if (await this.#sweepTree(one, isHere) > 0 || !(await this.#removeGroup(groupAt(one.tree), one.hierarchies, () => Promise.resolve()))) continue;
      this.#older = this.#older.filter((other) => other !== one);
      await onGone?.(one.tree);
    }
  }
  /** How many Pods are in it still. */
  async #sweepTree({ tree, hierarchies }: Pick<PodGroupsOptions, 'tree' | 'hierarchies'>, isHere: (uid: string) => boolean): Promise<number> {
    let left = 0;
    for (const [qosClass, names] of Object.entries(classes)) {
      for (const directory of await hierarchies.children(groupAt(tree, ...names))) {
        const uid = podOf(tree, qosClass, directory);
        if (uid === undefined) continue;
        if (isHere(uid) || !(await this.#removePodGroup(podGroup(tree, qosClass, uid), hierarchies))) left++;
      }
    }
    return left;
  }
  /** Only here are the processes of a container found of which the engine, killed while it started it, does not know. upstream: tryKillingCgroupProcesses */
  async #removePodGroup(group: Group, hierarchies: Hierarchies): Promise<boolean> {
    return this.#removeGroup(group, hierarchies, async () => {
      const processes = await hierarchies.kill(group);
      this.#options.log.info({ group: group.path, processes }, 'processes were in the control group of a Pod that has ended: they are killed, and the next sweep removes it');
    });
  }
  async #removeGroup(group: Group, hierarchies: Hierarchies, onBusy: () => Promise<void>): Promise<boolean> {
    try {
      if (await hierarchies.remove(group)) return true;
      await onBusy();
    } catch (error) {
      this.#options.log.warn({ error, group: group.path }, 'a control group could not be removed; the next sweep tries again');
    }
    return false;
  }

  #groupOf(pod: Pod): Group { return podGroup(this.#options.tree, classOf(pod), pod.metadata.uid); }
  async #remember(pod: Pod, resources: GroupResources, settled: boolean): Promise<void> {
    this.#known.set(pod.metadata.uid, { pod, qosClass: classOf(pod), resources, settled });
    await this.#weigh();
  }
  /** Burstable Pods together weigh what they request; a failure concerns none of them. */
  #weigh(): Promise<void> {
    const { tree, hierarchies, log } = this.#options;
    this.#weighing = this.#weighing.then(async () => {
      const shares = burstableShares([...this.#known.values()].filter(({ qosClass }) => qosClass === 'Burstable').map(({ pod }) => pod));
      if (shares === this.#shares) return;
      await hierarchies.set(groupAt(tree, ...classes['Burstable']!), { cpuShares: shares });
      this.#shares = shares;
    }).catch((error: unknown) => log.warn({ error }, 'the shares of Burstable Pods could not be changed; the next change tries again'));
    return this.#weighing;
  }
}
