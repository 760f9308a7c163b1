// Which devices there are of each resource, and which container holds which: what a later agent must know, too. Pure but for the
// record it is made from and gives. upstream: pkg/kubelet/cm/devicemanager/manager.go, pod_devices.go
import type { ContainerAllocation, Device } from './plugin-api.ts';

export interface Held { readonly devices: readonly string[]; readonly allocation: ContainerAllocation }
/** By Pod UID, container and resource. */
export type Holdings = Record<string, Record<string, Record<string, Held>>>;
export interface LedgerRecord { /** Names of all resources plugins have told of. */ readonly resources: readonly string[]; readonly holdings: Holdings }

interface Known { healthy: ReadonlySet<string>; all: ReadonlySet<string> }
/** What of a demand has to be asked the plugin for: none when the container holds its devices already. */
export interface Choice { /** Held by the Pod's init containers, which have ended by then: they come first. */ readonly reused: readonly string[]; readonly free: readonly string[]; /** How many of `free` are to be taken. */ readonly needed: number }

export class DeviceLedger {
  readonly #known = new Map<string, Known>();
  readonly #holdings: Holdings;
  /** Taken for containers whose allocation is under way. */
  readonly #promised = new Map<string, Set<string>>();

  constructor({ resources, holdings }: LedgerRecord = { resources: [], holdings: {} }) {
    this.#holdings = structuredClone(holdings);
    // Their plugins have not registered with this agent yet.
    for (const resource of resources) this.#known.set(resource, { healthy: new Set(), all: new Set() });
  }
  get record(): LedgerRecord { return { resources: [...this.#known.keys()], holdings: this.#holdings }; }

  /** All devices of a resource, as its plugin tells of them now. */
  tell(resource: string, devices: readonly Device[]): void {
    this.#known.set(resource, { healthy: new Set(devices.filter((d) => d.health === 'Healthy').map((d) => d.ID)), all: new Set(devices.map((d) => d.ID)) });
  }
  /** Nobody can say how its devices are. */
  lost(resource: string): void {
    const known = this.#known.get(resource);
    if (known) this.#known.set(resource, { ...known, healthy: new Set() });
  }
  /** What the node has of each resource: all devices, and those that are well. */
  counts(): Record<string, { readonly capacity: number; readonly allocatable: number }> {
    return Object.fromEntries([...this.#known].map(([resource, { all, healthy }]) => [resource, { capacity: all.size, allocatable: healthy.size }]));
  }
  /** Whether plugins are asked for it: somebody else may have advertised a resource. */
  manages(resource: string): boolean { return this.#known.has(resource) || this.#uids().some((uid) => Object.values(this.#holdings[uid]!).some((held) => resource in held)); }

  /** By resource. */
  heldBy(uid: string, container: string): Readonly<Record<string, Held>> { return this.#holdings[uid]?.[container] ?? {}; }
  /** UIDs of the Pods that hold any. */
  uids(): string[] { return this.#uids(); }

  /**
   * What a container that wants so many may take; undefined when it holds them. @throws Error in upstream's words when there are
   * not enough. upstream: devicesToAllocate
   */
  choose(uid: string, container: string, resource: string, required: number, reusable: readonly string[]): Choice | undefined {
    const held = this.heldBy(uid, container)[resource]?.devices;
    if (held && held.length !== required) throw new Error(`pod "${uid}" container "${container}" changed request for resource "${resource}" from ${held.length} to ${required}`);
    if (held) {
      const { healthy } = this.#known.get(resource) ?? { healthy: new Set() };
      if (healthy.size === 0) throw new Error(`no healthy devices present; cannot allocate unhealthy devices ${resource}`);
      if (held.some((id) => !healthy.has(id))) throw new Error(`previously allocated devices are no longer healthy; cannot allocate unhealthy devices ${resource}`);
      return undefined;
    }
    if (required === 0) return undefined;
    const known = this.#known.get(resource);
    if (!known) throw new Error(`cannot allocate unregistered device ${resource}`);
    if (known.healthy.size === 0) throw new Error(`no healthy devices present; cannot allocate unhealthy devices ${resource}`);
    const reused = reusable.slice(0, required);
    const needed = required - reused.length;
    const taken = this.#taken(resource);
    const free = [...known.healthy].filter((id) => !taken.has(id));
    if (free.length < needed) throw new Error(`requested number of devices unavailable for ${resource}. Requested: ${needed}, Available: ${free.length}`);
    return { reused, free, needed };
  }
  /** Nobody else gets these until they are held, or given back by the function that is returned. */
  promise(resource: string, devices: readonly string[]): () => void {
    const promised = this.#promised.get(resource) ?? new Set();
    this.#promised.set(resource, promised);
    for (const id of devices) promised.add(id);
    return () => { for (const id of devices) promised.delete(id); };
  }
  hold(uid: string, container: string, resource: string, held: Held): void {
    const pod = (this.#holdings[uid] ??= {});
    (pod[container] ??= {})[resource] = held;
  }
  /** Whether the Pod held any. */
  release(uid: string): boolean {
    const had = Object.hasOwn(this.#holdings, uid);
    delete this.#holdings[uid];
    return had;
  }

  #uids(): string[] { return Object.keys(this.#holdings); }
  #taken(resource: string): Set<string> {
    const held = Object.values(this.#holdings).flatMap((pod) => Object.values(pod).flatMap((container) => container[resource]?.devices ?? []));
    return new Set([...held, ...(this.#promised.get(resource) ?? [])]);
  }
}
