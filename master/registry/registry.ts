// All resource stores of a server over one store and one watch cache.
import type { FieldSelector } from '../../src/apimachinery/selectors.ts';
import { ResourceSet } from '../../src/schema/resource-set.ts';
import type { ResourceDefinition } from '../../src/schema/resource.ts';
import type { DecideAccess } from '../../src/schema/structural/cel-authorizer.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Store } from '../storage/store.ts';
import { WatchCache } from '../storage/watch-cache.ts';
import { admissionPlugins } from './admission/index.ts';
import type { AdmissionPlugin } from './admission/admission.ts';
import { AdmissionChain } from './admission/chain.ts';
import { AdmissionPolicies } from './admission/policies/index.ts';
import { AdmissionWebhooks } from './admission/webhooks/index.ts';
import { serveCustomResources } from './custom-resources.ts';
import { ResourceStore, type RegistryBackend } from './resource-store.ts';
import { serviceAllocation, type ServiceRanges } from './service-allocation.ts';
import { prefixOf, StoredObject } from './stored-object.ts';
import { WebhookClient, type DialService } from './webhook-client.ts';

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
  /** How webhooks behind Services are reached; those that name a URL need none. */
  readonly dialService?: DialService;
}

export class Registry {
  readonly store: Store;
  readonly cache: WatchCache<StoredObject>;
  readonly clock: Clock;
  /** What is served at present: custom resources come and go. */
  readonly served: ResourceSet;
  readonly watcherLimit: number;
  readonly #log: Log;
  readonly #backend: RegistryBackend;
  readonly #stores = new Map<string, ResourceStore>();
  readonly #allocation: ReturnType<typeof serviceAllocation>;
  readonly #client: WebhookClient;
  readonly #webhooks: AdmissionWebhooks;
  readonly #policies = new AdmissionPolicies(this);
  #decideAccess: DecideAccess = () => ({ allowed: false, reason: '' });

  constructor(options: RegistryOptions) {
    this.store = options.store;
    this.clock = options.clock;
    this.served = new ResourceSet(options.resources);
    this.#log = options.log;
    this.watcherLimit = options.watcherLimit ?? defaultWatcherLimit;
    const triggerOf = triggersOf(options.resources);
    this.cache = new WatchCache(options.store, (entry) => new StoredObject(entry), options.log, (prefix) => triggerOf.get(prefix));
    const plugins: AdmissionPlugin[] = [];
    this.#backend = { store: options.store, cache: this.cache, clock: options.clock, admission: new AdmissionChain(plugins), resources: this.served };
    this.#allocation = serviceAllocation(options.ranges);
    this.#follow();
    this.served.subscribe(() => this.#follow());
    this.#client = new WebhookClient(options.dialService ?? noServices, options.clock);
    this.#webhooks = new AdmissionWebhooks(this, this.#client, options.log);
    plugins.push(...admissionPlugins(this, this.#webhooks, this.#policies));
  }

  /** Fills the cache and follows the store until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    await this.cache.start(signal);
    const services = this.find('', 'v1', 'services');
    const definitions = this.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions');
    this.#webhooks.follow(signal);
    this.#policies.follow(signal);
    if (definitions) serveCustomResources(this.cache, definitions.prefix, this.served, this.#client, this.#log, signal);
    if (services) for (const stored of this.cache.list(services.prefix)) this.#allocation.claim(stored.object);
  }

  /** Stores of what is no longer served end, with the watches on them; so do those of definitions that have changed. */
  #follow(): void {
    const present = new Set(this.served.current);
    for (const [key, store] of this.#stores) {
      if (present.has(store.resource)) continue;
      this.#stores.delete(key);
      store.end();
    }
    for (const resource of present) {
      const key = id(resource.group, resource.version, resource.plural);
      if (this.#stores.has(key)) continue;
      const hooks = resource.group === '' && resource.plural === 'services' ? this.#allocation.hooks : {};
      this.#stores.set(key, new ResourceStore(resource, this.#backend, hooks));
    }
  }

  /** Who says what somebody may do, for who asks in admission; nobody may anything before. */
  get decideAccess(): DecideAccess { return this.#decideAccess; }
  askAccessOf(decide: DecideAccess): void { this.#decideAccess = decide; }

  find(group: string, version: string, plural: string): ResourceStore | undefined { return this.#stores.get(id(group, version, plural)); }
  /** The store of a resource this server is known to serve. */
  of(resource: Pick<ResourceDefinition, 'group' | 'version' | 'plural'>): ResourceStore {
    const store = this.find(resource.group, resource.version, resource.plural);
    if (!store) throw new Error(`resource ${resource.plural}.${resource.group} is not served`);
    return store;
  }
  /** The value of the resource's trigger that a field selector asks for. */
  triggerValue({ resource }: ResourceStore, fields: FieldSelector | undefined): string | undefined {
    const field = triggers[`${resource.group}/${resource.plural}`];
    return field && fields?.requirements.find((r) => r.field === field && r.operator === '=')?.value;
  }
  stores(): Iterable<ResourceStore> { return this.#stores.values(); }
}

const noServices: DialService = () => Promise.reject(new Error('Services are not reached from here'));

const id = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`;

function triggersOf(resources: readonly ResourceDefinition[]): Map<string, (stored: StoredObject) => string> {
  return new Map(resources.flatMap((resource) => {
    const read = resource.selectable[triggers[`${resource.group}/${resource.plural}`] ?? ''];
    return read ? [[prefixOf(resource), (stored: StoredObject) => read(stored.passing)] as const] : [];
  }));
}
