// Which objects lead to which node: node ← Pod ← Secret, ConfigMap, ServiceAccount, claim ← volume ← Secret. Kept by the changes of
// Pods and volumes as the cache takes them in, so that it is never behind the watch that told an agent of a Pod.
// upstream: plugin/pkg/auth/authorizer/node/graph.go, graph_populator.go
import type { ApiObject } from '../../../src/schema/resource.ts';
import { mirrorAnnotation, podReferences, volumeSecrets } from '../../registry/pod-references.ts';
import type { Registry } from '../../registry/registry.ts';
import type { StoredObject } from '../../registry/stored-object.ts';
import type { CacheEvent } from '../../storage/bucket.ts';

export type Vertex = 'pod' | 'secret' | 'configmap' | 'serviceAccount' | 'pvc' | 'pv' | 'volumeattachment';

interface Volume { readonly claim: string | undefined; readonly secrets: readonly string[] }

const vertex = (kind: Vertex, namespace: string, name: string): string => `${kind}/${namespace}/${name}`;

/** What a Pod makes reachable, and for which node; a Pod without a node reaches none. */
function edgesOf(pod: ApiObject): { node: string; vertices: string[] } | undefined {
  const { name, namespace = '', annotations } = pod.metadata;
  const node = (pod['spec'] as { nodeName?: string }).nodeName;
  if (!node) return undefined;
  const own = vertex('pod', namespace, name);
  // A node makes mirror Pods itself: they must not open anything to it.
  if (annotations?.[mirrorAnnotation] !== undefined) return { node, vertices: [own] };
  const { secrets, configMaps, claims, serviceAccount } = podReferences(pod);
  const all = (kind: Vertex, names: Iterable<string>): string[] => [...names].map((n) => vertex(kind, namespace, n));
  return { node, vertices: [own, ...all('secret', secrets), ...all('configmap', configMaps), ...all('pvc', claims), ...(serviceAccount ? [vertex('serviceAccount', namespace, serviceAccount)] : [])] };
}

export class NodeGraph {
  readonly #registry: Registry;
  /** Node → vertex → how many Pods of the node lead to it. */
  readonly #nodes = new Map<string, Map<string, number>>();
  readonly #pods = new Map<string, { node: string; vertices: string[] }>();
  readonly #volumes = new Map<string, Volume>();
  /** Secret → volumes that need it. */
  readonly #volumesOfSecret = new Map<string, Set<string>>();

  /** The registry has been started: what it holds is taken in at once. */
  constructor(registry: Registry) {
    this.#registry = registry;
    this.#follow('pods', (key, pod) => this.#setPod(key, pod));
    this.#follow('persistentvolumes', (_, volume, name) => this.#setVolume(name, volume));
  }

  #follow(plural: string, set: (key: string, object: ApiObject | undefined, name: string) => void): void {
    const store = this.#registry.find('', 'v1', plural);
    if (!store) return;
    const nameOf = (key: string): string => key.slice(store.prefix.length);
    for (const { key, object } of this.#registry.cache.list(store.prefix)) set(key, object, nameOf(key));
    this.#registry.cache.observe(store.prefix, ({ current, previous }: CacheEvent<StoredObject>) => {
      const { key } = (current ?? previous)!;
      set(key, current?.object, nameOf(key));
    });
  }

  #setPod(key: string, pod: ApiObject | undefined): void {
    const before = this.#pods.get(key);
    const after = pod && edgesOf(pod);
    if (after) {
      this.#pods.set(key, after);
      this.#count(after, 1);
    } else this.#pods.delete(key);
    if (before) this.#count(before, -1);
  }
  #count({ node, vertices }: { node: string; vertices: readonly string[] }, by: number): void {
    let counts = this.#nodes.get(node);
    if (!counts) this.#nodes.set(node, (counts = new Map()));
    for (const v of vertices) {
      const count = (counts.get(v) ?? 0) + by;
      if (count > 0) counts.set(v, count);
      else counts.delete(v);
    }
    if (counts.size === 0) this.#nodes.delete(node);
  }

  #setVolume(name: string, volume: ApiObject | undefined): void {
    for (const secret of this.#volumes.get(name)?.secrets ?? []) {
      const users = this.#volumesOfSecret.get(secret);
      users?.delete(name);
      if (users?.size === 0) this.#volumesOfSecret.delete(secret);
    }
    if (!volume) {
      this.#volumes.delete(name);
      return;
    }
    const { claimRef } = volume['spec'] as { claimRef?: { namespace?: string; name?: string } };
    const secrets = volumeSecrets(volume);
    this.#volumes.set(name, { claim: claimRef?.name ? vertex('pvc', claimRef.namespace ?? '', claimRef.name) : undefined, secrets });
    for (const secret of secrets) {
      const users = this.#volumesOfSecret.get(secret);
      if (users) users.add(name);
      else this.#volumesOfSecret.set(secret, new Set([name]));
    }
  }

  /** Whether a path leads from the object to the node. `namespace` is '' for objects of the cluster. */
  reaches(node: string, kind: Vertex, namespace: string, name: string): boolean {
    if (kind === 'volumeattachment') {
      const attachment = this.#registry.find('storage.k8s.io', 'v1', 'volumeattachments')?.find(undefined, name);
      return (attachment?.object['spec'] as { nodeName?: string } | undefined)?.nodeName === node;
    }
    const counts = this.#nodes.get(node);
    if (!counts) return false;
    const claimed = (volume: string): boolean => counts.has(this.#volumes.get(volume)?.claim ?? '');
    if (kind === 'pv') return claimed(name);
    if (counts.has(vertex(kind, namespace, name))) return true;
    return kind === 'secret' && [...(this.#volumesOfSecret.get(`${namespace}/${name}`) ?? [])].some(claimed);
  }
}
