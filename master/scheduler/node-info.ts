// One node as the scheduler sees it: what it offers, the Pods on it, and the sums over them kept up to date.
// upstream: pkg/scheduler/framework/types.go (NodeInfo)
import { hostPortsOf, type HostPort } from '../../src/api/core/host-ports.ts';
import type { Node } from '../../src/api/core/node.ts';
import type { Pod } from '../../src/api/core/pod.ts';
import { kindOf, type PodKind } from './pod-kinds.ts';
import { addTo, amounts, requestsOf, type ResourceList } from './resources.ts';

const hasAffinity = ({ spec: { affinity } }: Pod): boolean => Boolean(affinity?.podAffinity || affinity?.podAntiAffinity);

export class NodeInfo {
  readonly name: string;
  #node: Node | undefined;
  #allocatable: ResourceList = {};
  readonly #pods = new Map<string, Pod>();
  readonly #requested: Record<string, number> = {};
  readonly #assumed: Record<string, number> = {};
  #ports: Map<string, HostPort[]> = new Map();
  #images: Map<string, number> | undefined;
  readonly #kinds = new Map<PodKind, number>();
  readonly #affine = new Map<PodKind, number>();

  constructor(name: string) { this.name = name; }

  /** Present on every node plugins see. */
  get node(): Node { return this.#node!; }
  get known(): boolean { return this.#node !== undefined; }
  get labels(): Readonly<Record<string, string>> { return this.#node?.metadata.labels ?? {}; }
  get allocatable(): ResourceList { return this.#allocatable; }
  get pods(): Iterable<Pod> { return this.#pods.values(); }
  get podCount(): number { return this.#pods.size; }
  get requested(): ResourceList { return this.#requested; }
  /** Requests with the assumed minimum of containers that ask for nothing. */
  get assumedRequests(): ResourceList { return this.#assumed; }
  /** How many Pods of each kind are here. */
  get kinds(): ReadonlyMap<PodKind, number> { return this.#kinds; }
  /** Those of them that have wishes about other Pods. */
  get kindsWithAffinity(): ReadonlyMap<PodKind, number> { return this.#affine; }
  get hostPorts(): readonly HostPort[] { return [...this.#ports.values()].flat(); }
  /** Bytes by image name. */
  get images(): ReadonlyMap<string, number> {
    return (this.#images ??= new Map((this.#node?.status?.images ?? []).flatMap((image) => (image.names ?? []).map((name) => [name, image.sizeBytes ?? 0] as const))));
  }

  setNode(node: Node | undefined): void {
    this.#node = node;
    this.#allocatable = amounts(node?.status?.allocatable);
    this.#images = undefined;
  }
  /** The same node, to try something out on. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.name);
    copy.setNode(this.#node);
    for (const pod of this.#pods.values()) copy.add(pod);
    return copy;
  }
  add(pod: Pod): void {
    const { uid } = pod.metadata;
    this.remove(uid);
    this.#pods.set(uid, pod);
    this.#count(pod, 1);
    const requests = requestsOf(pod);
    addTo(this.#requested, requests.exact);
    addTo(this.#assumed, requests.assumed);
    const ports = hostPortsOf(pod);
    if (ports.length) this.#ports.set(uid, ports);
  }
  remove(uid: string): void {
    const pod = this.#pods.get(uid);
    if (!pod) return;
    this.#pods.delete(uid);
    const requests = requestsOf(pod);
    addTo(this.#requested, requests.exact, -1);
    addTo(this.#assumed, requests.assumed, -1);
    this.#ports.delete(uid);
    this.#count(pod, -1);
  }
  #count(pod: Pod, by: 1 | -1): void {
    const kind = kindOf(pod);
    for (const counts of hasAffinity(pod) ? [this.#kinds, this.#affine] : [this.#kinds]) {
      const count = (counts.get(kind) ?? 0) + by;
      if (count) counts.set(kind, count);
      else counts.delete(kind);
    }
  }
}
