// What the node has set aside for the containers of each Pod. A Pod whose resources were changed in place gets what it wishes
// when the node has it, and goes on with what it had until then. Nothing of it is kept on disk: a later agent reads in the Pod's
// status what an earlier one had set aside. upstream: pkg/kubelet/kubelet.go (handlePodResourcesResize, canResizePod)
import { isPodTerminal } from '../../src/api/core/pod-conditions.ts';
import { milliValue, quantityValue } from '../../src/apimachinery/quantity.ts';
import { podRequests } from '../../src/api/core/pod-resources.ts';
import { equalJson } from '../../src/util/json.ts';
import { oldStatus } from './container-statuses.ts';
import type { NodeAllocatable } from './downward.ts';
import { initContainers, isResizable, type Container, type Pod } from './pod.ts';
import { sameResources, type Resources } from './resources.ts';

/** Why a resize waits (`Deferred`) or never will be (`Infeasible`). */
export interface PendingResize { readonly reason: 'Deferred' | 'Infeasible'; readonly message: string }
export interface Allocated {
  /** The Pod with the resources that are set aside for it: the one to run and to tell of. */
  readonly pod: Pod;
  readonly pending?: PendingResize;
  /** It has just got other resources than it had. */
  readonly resized?: true;
}

/** The Pod with other resources for the containers that are named; itself when nothing differs. */
function withResources(pod: Pod, of: (container: Container, kind: 'init' | 'regular') => Resources | undefined): Pod {
  let changed = false;
  const replaced = (list: readonly Container[], kind: 'init' | 'regular'): Container[] => list.map((container) => {
    const resources = isResizable(container, kind) ? of(container, kind) : undefined;
    if (!resources || sameResources(resources, container.resources)) return container;
    changed = true;
    return { ...container, resources } as Container;
  });
  const [init, containers] = [replaced(initContainers(pod), 'init'), replaced(pod.spec.containers, 'regular')];
  return changed ? { ...pod, spec: { ...pod.spec, ...(init.length ? { initContainers: init } : {}), containers } } as Pod : pod;
}

/** The Pod as its status says that an agent has set aside for it; as it wishes where nothing was said yet. */
export const recorded = (pod: Pod): Pod => withResources(pod, (container, kind) => {
  const status = oldStatus(pod, container.name, kind);
  if (!status?.resources) return undefined;
  const requests = status.allocatedResources ?? status.resources.requests;
  return { ...container.resources, ...(requests ? { requests } : {}), ...(status.resources.limits ? { limits: status.resources.limits } : {}) };
});

const requestsOf = (pod: Pod): { cpu: number; memory: number } => {
  const { cpu, memory } = podRequests(pod.spec as never);
  return { cpu: cpu ? milliValue(cpu) : 0, memory: memory ? quantityValue(memory) : 0 };
};

/** Whether a node with this to give, of which `others` hold their part, can give the Pod what it wishes. Pure. */
export function judgeResize(pod: Pod, others: readonly Pod[], allocatable: Pick<NodeAllocatable, 'cpu' | 'memory'>): PendingResize | undefined {
  const capacity = { cpu: milliValue(allocatable.cpu), memory: quantityValue(allocatable.memory) };
  const wanted = requestsOf(pod);
  for (const name of ['memory', 'cpu'] as const) {
    if (wanted[name] > capacity[name]) return { reason: 'Infeasible', message: `Node didn't have enough capacity: ${name}, requested: ${wanted[name]}, capacity: ${capacity[name]}` };
  }
  const used = { cpu: 0, memory: 0 };
  for (const other of others) {
    const { cpu, memory } = requestsOf(other);
    used.cpu += cpu;
    used.memory += memory;
  }
  for (const name of ['cpu', 'memory'] as const) {
    if (wanted[name] > 0 && wanted[name] > capacity[name] - used[name]) return { reason: 'Deferred', message: `Node didn't have enough resource: ${name}, requested: ${wanted[name]}, used: ${used[name]}, capacity: ${capacity[name]}` };
  }
  return undefined;
}

export class Allocations {
  readonly #options: { readonly allocatable: NodeAllocatable; readonly pods: () => readonly Pod[]; readonly onRoom: (uid: string) => void; readonly onPending: (pod: Pod, pending: PendingResize) => void };
  readonly #held = new Map<string, Allocated>();
  /** Pods that have ended here, whatever the API says of them yet. */
  readonly #over = new Set<string>();

  /** `pods` are all of this node as the API has them; `onRoom` is told of each Pod whose resize may fit now, `onPending` why one waits, whenever that is something else. */
  constructor(options: { allocatable: NodeAllocatable; pods: () => readonly Pod[]; onRoom: (uid: string) => void; onPending: (pod: Pod, pending: PendingResize) => void }) { this.#options = options; }

  /** Sets aside what the Pod wishes, if that can be. */
  admit(pod: Pod): Allocated {
    const { uid } = pod.metadata;
    const before = this.#held.get(uid)?.pod ?? recorded(pod);
    const kept = withResources(pod, (container, kind) => this.#resourcesIn(before, container, kind));
    const pending = kept === pod ? undefined : judgeResize(pod, this.#others(uid), this.#options.allocatable);
    if (pending && !equalJson(pending, this.#held.get(uid)?.pending)) this.#options.onPending(pod, pending);
    this.#held.set(uid, pending ? { pod: kept, pending } : { pod });
    if (kept === pod || pending) return this.#held.get(uid)!;
    this.#tellOfRoom(uid);
    return { pod, resized: true };
  }
  /** The Pod with what is set aside for it now. */
  current(pod: Pod): Allocated {
    const held = this.#held.get(pod.metadata.uid);
    if (!held) return { pod };
    return { pod: withResources(pod, (container, kind) => this.#resourcesIn(held.pod, container, kind)), ...(held.pending ? { pending: held.pending } : {}) };
  }
  /** What was set aside for the Pod is free again. */
  release(uid: string): void {
    if (!this.#held.delete(uid)) return;
    this.#over.add(uid);
    this.#tellOfRoom(uid);
  }

  #resourcesIn(pod: Pod, { name }: Container, kind: 'init' | 'regular'): Resources | undefined {
    return (kind === 'init' ? initContainers(pod) : pod.spec.containers).find((c) => c.name === name)?.resources;
  }
  #others(uid: string): Pod[] {
    const pods = this.#options.pods();
    const known = new Set(pods.map((p) => p.metadata.uid));
    for (const gone of this.#over) if (!known.has(gone)) this.#over.delete(gone);
    return pods.filter((p) => p.metadata.uid !== uid && !isPodTerminal(p) && !this.#over.has(p.metadata.uid)).map((p) => this.#held.get(p.metadata.uid)?.pod ?? recorded(p));
  }
  #tellOfRoom(by: string): void {
    for (const [uid, { pending }] of this.#held) if (pending && uid !== by) this.#options.onRoom(uid);
  }
}
