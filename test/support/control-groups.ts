// Control groups in memory: what is made, changed and removed, in order.
import type { Hierarchies } from '../../agent/kubelet/control-groups/hierarchies.ts';
import type { Group, GroupResources } from '../../agent/kubelet/control-groups/plan.ts';

export class MemoryHierarchies implements Hierarchies {
  readonly groups = new Map<string, GroupResources>();
  /** `make /path`, `set /path`, `remove /path`. */
  readonly calls: string[] = [];
  /** Paths of groups that have processes. */
  readonly busy = new Set<string>();
  /** Thrown by the next `set`. */
  refusal: Error | undefined;

  make({ path }: Group, resources: GroupResources): Promise<void> {
    this.calls.push(`make ${path}`);
    const above = path.slice(0, path.lastIndexOf('/'));
    if (above.includes('/', 1) && !this.groups.has(above)) return Promise.reject(Object.assign(new Error(`no such group: ${above}`), { code: 'ENOENT' }));
    this.groups.set(path, { ...this.groups.get(path), ...resources });
    return Promise.resolve();
  }
  set({ path }: Group, resources: GroupResources): Promise<void> {
    this.calls.push(`set ${path}`);
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal) return Promise.reject(refusal);
    if (!this.groups.has(path)) return Promise.reject(new Error(`no such group: ${path}`));
    this.groups.set(path, { ...this.groups.get(path), ...resources });
    return Promise.resolve();
  }
  remove({ path }: Group): Promise<boolean> {
    if (this.#below(path).some((other) => this.busy.has(other))) return Promise.resolve(false);
    if (this.groups.has(path)) this.calls.push(`remove ${path}`);
    for (const other of this.#below(path)) this.groups.delete(other);
    return Promise.resolve(true);
  }
  /** They end at once. */
  kill({ path }: Group): Promise<number> {
    const busy = this.#below(path).filter((other) => this.busy.delete(other));
    this.calls.push(...busy.map((other) => `kill ${other}`));
    return Promise.resolve(busy.length);
  }
  children({ path }: Group): Promise<string[]> {
    return Promise.resolve([...this.groups.keys()].filter((other) => other.slice(0, other.lastIndexOf('/')) === path).map((other) => other.slice(path.length + 1)));
  }
  #below(path: string): string[] { return [...this.groups.keys()].filter((other) => other === path || other.startsWith(`${path}/`)); }
}
