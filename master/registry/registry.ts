// All resource stores of a server over one store and one watch cache.
import type { ResourceDefinition } from '../../src/schema/resource.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Store } from '../storage/store.ts';
import { WatchCache } from '../storage/watch-cache.ts';
import { admissionPlugins } from './admission/index.ts';
import type { AdmissionPlugin } from './admission/admission.ts';
import { ResourceStore, type RegistryBackend } from './resource-store.ts';
import { serviceAllocation, type ServiceRanges } from './service-allocation.ts';
import { prefixOf, StoredObject } from './stored-object.ts';

const defaultWatcherLimit = 4096;
/** Each agent watches the Pods of its own node. (upstream: pkg/registry/core/pod/strategy.go, NodeNameTriggerFunc) */
const triggers: Readonly<Record<string, string>> = { '/pods': 'spec.nodeName' };

export interface RegistryOptions {
  readonly store: Store;
  readonly resources: readonly ResourceDefinition[];
  readonly clock: Clock;
  readonly log: Log;
  readonly ranges: ServiceRanges;
  /** Events a watcher may be behind before it is ended. */
  readonly watcherLimit?: number;
}

export class Registry {
  readonly store: Store;
  readonly cache: WatchCache<StoredObject>;
  readonly clock: Clock;
  readonly resources: readonly ResourceDefinition[];
  readonly watcherLimit: number;
  readonly #stores = new Map<string, ResourceStore>();
  readonly #allocation: ReturnType<typeof serviceAllocation>;

  constructor(options: RegistryOptions) {
    this.store = options.store;
    this.clock = options.clock;
    this.resources = options.resources;
    this.watcherLimit = options.watcherLimit ?? defaultWatcherLimit;
    const triggerOf = triggersOf(options.resources);
    this.cache = new WatchCache(options.store, (entry) => new StoredObject(entry), options.log, (prefix) => triggerOf.get(prefix));
    const admission: AdmissionPlugin[] = [];
    const backend: RegistryBackend = { store: options.store, cache: this.cache, clock: options.clock, admission, resources: options.resources };
    this.#allocation = serviceAllocation(options.ranges);
    for (const resource of options.resources) {
      const hooks = resource.group === '' && resource.plural === 'services' ? this.#allocation.hooks : {};
      this.#stores.set(id(resource.group, resource.version, resource.plural), new ResourceStore(resource, backend, hooks));
    }
    admission.push(...admissionPlugins(this));
  }

  /** Fills the cache and follows the store until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    await this.cache.start(signal);
    const services = this.find('', 'v1', 'services');
    if (services) for (const stored of this.cache.list(services.prefix)) this.#allocation.claim(stored.object);
  }

  find(group: string, version: string, plural: string): ResourceStore | undefined { return this.#stores.get(id(group, version, plural)); }
  /** The store of a resource this server is known to serve. */
  of(resource: Pick<ResourceDefinition, 'group' | 'version' | 'plural'>): ResourceStore {
    const store = this.find(resource.group, resource.version, resource.plural);
    if (!store) throw new Error(`resource ${resource.plural}.${resource.group} is not served`);
    return store;
  }
  /** The field selector whose watchers are told of changes by value. */
  triggerField({ resource }: ResourceStore): string | undefined { return triggers[`${resource.group}/${resource.plural}`]; }
  stores(): Iterable<ResourceStore> { return this.#stores.values(); }
}

const id = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`;

function triggersOf(resources: readonly ResourceDefinition[]): Map<string, (stored: StoredObject) => string> {
  return new Map(resources.flatMap((resource) => {
    const read = resource.selectable[triggers[`${resource.group}/${resource.plural}`] ?? ''];
    return read ? [[prefixOf(resource), (stored: StoredObject) => read(stored.object)] as const] : [];
  }));
}
