// The ConfigMaps and Secrets the Pods of this node refer to: read when a Pod starts, watched one by one while it lives, so
// that the node sees no others; an immutable one is not watched on. upstream: pkg/kubelet/util/manager/watch_based_manager.go
import { isNotFound } from '../../src/apimachinery/status-error.ts';
import { ConfigMaps, type ConfigMap } from '../../src/api/core/config-map.ts';
import { Secrets, type Secret } from '../../src/api/core/secret.ts';
import type { Client } from '../../src/client/client.ts';
import { Informer } from '../../src/client/informer.ts';
import type { ObjectHead, ResourceDefinition } from '../../src/schema/resource.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { allContainers, type Pod } from './pod.ts';
import { pluginOf } from './volumes/volume-manager.ts';
import type { DataEntries } from './volumes/plugin.ts';

type Kind = 'ConfigMap' | 'Secret';
interface Reference { readonly kind: Kind; readonly namespace: string; readonly name: string }
interface Watched { readonly informer: Informer<ObjectHead>; readonly stop: AbortController; readonly pods: Set<string> }

const resources: Readonly<Record<Kind, ResourceDefinition>> = { ConfigMap: ConfigMaps, Secret: Secrets };
const keyOf = ({ kind, namespace, name }: Reference): string => `${kind}/${namespace}/${name}`;

/** Every ConfigMap and Secret a Pod's spec names. */
export function references(pod: Pod): Reference[] {
  const namespace = pod.metadata.namespace ?? 'default';
  const found = new Map<string, Reference>();
  const add = (kind: Kind, name: string | undefined): void => {
    if (!name) return;
    const reference = { kind, namespace, name };
    found.set(keyOf(reference), reference);
  };
  for (const { name } of pod.spec.imagePullSecrets ?? []) add('Secret', name);
  for (const volume of pod.spec.volumes ?? []) for (const used of pluginOf(volume)?.uses?.(volume) ?? []) add(used.kind, used.name);
  for (const container of allContainers(pod)) {
    for (const source of container.envFrom ?? []) {
      add('ConfigMap', source.configMapRef?.name);
      add('Secret', source.secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add('ConfigMap', valueFrom?.configMapKeyRef?.name);
      add('Secret', valueFrom?.secretKeyRef?.name);
    }
  }
  return [...found.values()];
}

export class ObjectCache {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onChange: (podUid: string) => void;
  readonly #watched = new Map<string, Watched>();
  readonly #ofPod = new Map<string, readonly Reference[]>();
  /** What was read for a Pod directly: never older than the Pod itself. */
  readonly #fetched = new Map<string, Map<string, ObjectHead | undefined>>();

  constructor(options: { client: Client; clock: Clock; log: Log; onChange: (podUid: string) => void }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onChange = options.onChange;
  }

  /** Begins (once) to watch what the Pod refers to. */
  register(pod: Pod): void {
    const { uid } = pod.metadata;
    if (this.#ofPod.has(uid)) return;
    const list = references(pod);
    this.#ofPod.set(uid, list);
    for (const reference of list) {
      const key = keyOf(reference);
      let watched = this.#watched.get(key);
      if (!watched) this.#watched.set(key, (watched = this.#watch(reference)));
      watched.pods.add(uid);
    }
  }

  unregister(uid: string): void {
    for (const reference of this.#ofPod.get(uid) ?? []) {
      const watched = this.#watched.get(keyOf(reference));
      watched?.pods.delete(uid);
      if (watched?.pods.size !== 0) continue;
      watched.stop.abort(new Error('no Pod refers to the object any more'));
      this.#watched.delete(keyOf(reference));
    }
    this.#ofPod.delete(uid);
    this.#fetched.delete(uid);
  }

  async configMap(pod: Pod, name: string): Promise<DataEntries | undefined> {
    const found = (await this.#get(pod, 'ConfigMap', name)) as ConfigMap | undefined;
    if (!found) return undefined;
    return new Map([
      ...Object.entries(found.data ?? {}).map(([k, v]) => [k, Buffer.from(v)] as const),
      ...Object.entries(found.binaryData ?? {}).map(([k, v]) => [k, Buffer.from(v, 'base64')] as const),
    ]);
  }
  async secret(pod: Pod, name: string): Promise<DataEntries | undefined> {
    const found = await this.secretObject(pod, name);
    return found && new Map(Object.entries(found.data ?? {}).map(([k, v]) => [k, Buffer.from(v, 'base64')]));
  }
  async secretObject(pod: Pod, name: string): Promise<Secret | undefined> { return (await this.#get(pod, 'Secret', name)) as Secret | undefined; }

  close(): void { for (const { stop } of this.#watched.values()) stop.abort(new Error('the kubelet stops')); }

  async #get(pod: Pod, kind: Kind, name: string): Promise<ObjectHead | undefined> {
    const namespace = pod.metadata.namespace ?? 'default';
    const key = keyOf({ kind, namespace, name });
    let fetched = this.#fetched.get(pod.metadata.uid);
    if (!fetched) this.#fetched.set(pod.metadata.uid, (fetched = new Map()));
    const informer = this.#watched.get(key)?.informer;
    if (fetched.has(key) && informer?.synced) {
      const cached = informer.get(`${namespace}/${name}`);
      const first = fetched.get(key);
      const newer = cached && first && cached.metadata.uid === first.metadata.uid && Number(first.metadata.resourceVersion) > Number(cached.metadata.resourceVersion) ? first : cached;
      return newer;
    }
    const object = await this.#client.get<ObjectHead>(resources[kind], { namespace, name }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    // What is missing now is asked for again the next time: it may be made a moment later.
    if (object) fetched.set(key, object);
    const watched = this.#watched.get(key);
    // What was immutable can have been deleted and made anew since nobody watches it.
    if (object && watched?.stop.signal.aborted && watched.informer.get(`${namespace}/${name}`)?.metadata.uid !== object.metadata.uid) this.#watched.set(key, this.#watch({ kind, namespace, name }, watched.pods));
    return object;
  }

  #watch({ kind, namespace, name }: Reference, pods = new Set<string>()): Watched {
    const stop = new AbortController();
    const informer = new Informer<ObjectHead>(this.#client, resources[kind], { selector: { namespace, fieldSelector: `metadata.name=${name}` }, clock: this.#clock, log: this.#log });
    const changed = (): void => { for (const uid of pods) this.#onChange(uid); };
    const seen = (object: ObjectHead): void => {
      if ((object as ConfigMap | Secret).immutable) stop.abort(new Error('the object is immutable'));
      changed();
    };
    informer.addHandler({ added: seen, updated: seen, deleted: changed });
    void informer.run(stop.signal);
    return { informer, stop, pods };
  }
}
