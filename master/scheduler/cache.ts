// The scheduler's view of the cluster: nodes and the Pods on them as the informers tell, and Pods placed but not yet seen there.
// upstream: pkg/scheduler/backend/cache/cache.go
import type { Node } from '../../src/api/core/node.ts';
import type { Pod } from '../../src/api/core/pod.ts';
import { NodeInfo } from './node-info.ts';

export class SchedulerCache {
  readonly #infos = new Map<string, NodeInfo>();
  /** Node name by Pod UID, placed ones included. */
  readonly #placedOn = new Map<string, string>();
  readonly #assumed = new Set<string>();
  #nodes: NodeInfo[] | undefined;

  /** Nodes that exist, in the order they appeared. */
  get nodes(): readonly NodeInfo[] { return (this.#nodes ??= [...this.#infos.values()].filter((info) => info.known)); }

  setNode(node: Node): void {
    const info = this.#info(node.metadata.name);
    if (!info.known) this.#nodes = undefined;
    info.setNode(node);
  }
  removeNode(name: string): void {
    const info = this.#infos.get(name);
    if (!info) return;
    info.setNode(undefined);
    if (info.podCount === 0) this.#infos.delete(name);
    this.#nodes = undefined;
  }

  /** A Pod on a node, as the API has it. */
  setPod(pod: Pod): void {
    this.#assumed.delete(pod.metadata.uid);
    this.#place(pod, pod.spec.nodeName!);
  }
  removePod(uid: string): void {
    this.#assumed.delete(uid);
    const name = this.#placedOn.get(uid);
    if (name === undefined) return;
    this.#placedOn.delete(uid);
    const info = this.#infos.get(name);
    info?.remove(uid);
    if (info && !info.known && info.podCount === 0) this.#infos.delete(name);
  }

  /** Counts a Pod on a node before the API says so, so that the next Pod does not take the same room. */
  assume(pod: Pod, nodeName: string): void {
    this.#assumed.add(pod.metadata.uid);
    this.#place(pod, nodeName);
  }
  /** The binding failed: gives the room back. */
  forget(uid: string): void { if (this.#assumed.has(uid)) this.removePod(uid); }
  isAssumed(uid: string): boolean { return this.#assumed.has(uid); }

  #place(pod: Pod, nodeName: string): void {
    const { uid } = pod.metadata;
    const before = this.#placedOn.get(uid);
    if (before !== undefined && before !== nodeName) this.#infos.get(before)?.remove(uid);
    this.#placedOn.set(uid, nodeName);
    this.#info(nodeName).add(pod);
  }
  #info(name: string): NodeInfo {
    let info = this.#infos.get(name);
    if (!info) this.#infos.set(name, (info = new NodeInfo(name)));
    return info;
  }
}
