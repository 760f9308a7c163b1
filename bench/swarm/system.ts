// What is measured of Dray and of Docker Swarm alike: the verbs each has to offer, and what their client tells.
export interface Address { readonly host: string; readonly port: number }
/** `id` is that of the Pod or task; `node` the host it is on. */
export interface Replica extends Address { readonly id: string; readonly node: string }
export interface Tally { sent: number; lost: number; causes: Record<string, number> }

export interface Workload {
  readonly name: string;
  readonly replicas: number;
  /** Asked for its health once a second, and told ready only then. */
  readonly probed?: boolean;
  /** Seconds after which Pods leave a node that has gone; Kubernetes' own 300 where it says nothing. Swarm has no such time. */
  readonly tolerationSeconds?: number;
}

export type Version = 'v1' | 'v2';

export interface System {
  readonly name: string;
  deploy(workload: Workload, version: Version): Promise<void>;
  /** A rolling update: a quarter of the replicas more at a time, new ones first. */
  update(workload: Workload, version: Version): Promise<void>;
  /** Those that are meant to run, once they have an address; of one version alone where it is named. */
  replicas(workload: Workload, version?: Version): Promise<Replica[]>;
  /** Where a client goes: one address that stays, or those of the moment. */
  entrances(workload: Workload): Promise<Address[]>;
  /** Returns when nothing of it is left. */
  remove(workload: Workload): Promise<void>;
  down(): Promise<void>;
}

/** How often both systems are asked what there is. */
export const pollMs = 100;
export const patienceMs = 120_000;
export const rest = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

export async function until(what: string, holds: () => Promise<boolean>, limitMs = patienceMs): Promise<void> {
  for (const deadline = performance.now() + limitMs; !await holds(); await rest(pollMs)) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1000} s`);
  }
}
