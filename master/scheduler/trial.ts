// One Pod against nodes: its prepared checks, asked of nodes as they are, as they will be when promised room is taken, and as they
// would be without some of their Pods.
// upstream: pkg/scheduler/framework/runtime/framework.go (RunFilterPluginsWithNominatedPods)
import type { Pod } from '../../src/api/core/pod.ts';
import type { NodeRejection } from './fit-error.ts';
import type { Plugin, PodCheck, Snapshot } from './framework.ts';
import type { NodeInfo } from './node-info.ts';

export interface Prepared { readonly plugin: Plugin; readonly check: PodCheck }

export const priorityOf = ({ spec }: Pod): number => spec.priority ?? 0;

export class Trial {
  readonly pod: Pod;
  readonly checks: readonly Prepared[];
  readonly #filters: readonly Prepared[];
  readonly #counting: readonly PodCheck[];
  readonly #snapshot: Snapshot;

  constructor(pod: Pod, snapshot: Snapshot, plugins: readonly Plugin[]) {
    this.pod = pod;
    this.#snapshot = snapshot;
    this.checks = plugins.flatMap((plugin) => (plugin.check ? [{ plugin, check: plugin.check(pod, snapshot) }] : []));
    this.#filters = this.checks.filter(({ check }) => check.filter);
    this.#counting = this.checks.flatMap(({ check }) => (check.changed ? [check] : []));
  }

  /** Why the node does not suit; the first plugin that says no decides. Pods of at least this priority that are promised room there count
   *  as if they were there, and, as they may yet go elsewhere, the node has to suit without them too. */
  reject(node: NodeInfo): NodeRejection | undefined {
    const nominated = this.#snapshot.nominated(node.name);
    const promised = nominated.length === 0 ? nominated : nominated.filter((other) => other.metadata.uid !== this.pod.metadata.uid && priorityOf(other) >= priorityOf(this.pod));
    if (promised.length) {
      const filled = node.clone();
      for (const other of promised) this.add(other, filled);
      const rejection = this.#ask(filled);
      for (const other of promised) this.#count(other, filled, -1);
      if (rejection) return rejection;
    }
    return this.#ask(node);
  }
  /** Puts a Pod on a clone of a node, and takes one off it: whoever does one does the other before the next node. */
  add(other: Pod, clone: NodeInfo): void {
    clone.add(other);
    this.#count(other, clone, 1);
  }
  remove(other: Pod, clone: NodeInfo): void {
    clone.remove(other.metadata.uid);
    this.#count(other, clone, -1);
  }

  #count(other: Pod, node: NodeInfo, by: 1 | -1): void { for (const check of this.#counting) check.changed!(other, node, by); }
  #ask(node: NodeInfo): NodeRejection | undefined {
    for (const { plugin, check } of this.#filters) {
      const rejection = check.filter!(node);
      if (rejection) return { ...rejection, plugin: plugin.name };
    }
    return undefined;
  }
}
