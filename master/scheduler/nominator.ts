// Pods for which room is made on a node: until they are there, or have given it up, others are to leave it to them.
// upstream: pkg/scheduler/backend/queue/nominator.go
import type { Pod } from '../../src/api/core/pod.ts';

const none: readonly Pod[] = [];

export class Nominator {
  readonly #nodes = new Map<string, string>();
  readonly #pods = new Map<string, Pod[]>();

  /** Without a node the Pod is promised nothing. */
  set(pod: Pod, node: string | undefined): void {
    this.remove(pod.metadata.uid);
    if (!node) return;
    this.#nodes.set(pod.metadata.uid, node);
    this.#pods.set(node, [...(this.#pods.get(node) ?? []), pod]);
  }
  /** Whether it was promised anything. */
  remove(uid: string): boolean {
    const node = this.#nodes.get(uid);
    if (node === undefined) return false;
    this.#nodes.delete(uid);
    const left = this.#pods.get(node)!.filter((pod) => pod.metadata.uid !== uid);
    if (left.length) this.#pods.set(node, left);
    else this.#pods.delete(node);
    return true;
  }
  on(node: string): readonly Pod[] { return this.#pods.get(node) ?? none; }
}
