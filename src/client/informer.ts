// Reflector and informer in one: keeps a local copy of a resource by list and watch, and tells handlers what changed.
// (upstream: client-go tools/cache/reflector.go, shared_informer.go)
import { setMaxListeners } from 'node:events';
import { isExpired } from '../apimachinery/status-error.ts';
import type { ObjectHead, ResourceDefinition } from '../schema/resource.ts';
import { Backoff } from '../util/backoff.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { keyOf, type Client, type ListOptions } from './client.ts';

export interface InformerHandler<T> {
  added?(object: T): void;
  /** Also called for unchanged objects after a re-list only when the resourceVersion differs. */
  updated?(object: T, old: T): void;
  /** The last known state. */
  deleted?(object: T): void;
}

/** Read-only view of an informer's copy. Objects are frozen: copy before changing. */
export interface Lister<T> {
  /** `namespace/name` or `name`. */
  get(key: string): T | undefined;
  list(namespace?: string): T[];
  byIndex(index: string, value: string): T[];
}

export type IndexFunction = (object: any) => readonly string[];

export interface InformerOptions { readonly selector?: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>; readonly indexes?: Record<string, IndexFunction>; /** Of the objects is kept what names and dates them, and what they are tied to: owners, finalizers. */ readonly metadataOnly?: boolean; readonly clock: Clock; readonly log: Log }

/** A watch that ends this soon without an event was refused rather than served. */
const shortWatchMs = 1_000;

export class Informer<T extends ObjectHead = any> implements Lister<T> {
  readonly resource: ResourceDefinition<T>;
  readonly #client: Client;
  readonly #options: InformerOptions;
  /** By namespace ('' for what has none), then by key. */
  readonly #namespaces = new Map<string, Map<string, T>>();
  #size = 0;
  #second: string | null | undefined;
  readonly #indexes = new Map<string, { of: IndexFunction; values: Map<string, Map<string, T>> }>();
  readonly #handlers = new Set<InformerHandler<T>>();
  #revision = 0;
  #waiters: { revision: number; resolve: () => void }[] = [];
  #synced = false;
  #running: Promise<void> | undefined;
  #metadataOnly: boolean;

  constructor(client: Client, resource: ResourceDefinition<T>, options: InformerOptions) {
    this.resource = resource;
    this.#client = client;
    this.#options = options;
    this.#metadataOnly = options.metadataOnly ?? false;
    for (const [name, of] of Object.entries(options.indexes ?? {})) this.addIndex(name, of);
  }

  get(key: string): T | undefined { return this.#namespaces.get(namespaceOf(key))?.get(key); }
  list(namespace?: string): T[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    return [...this.#all()];
  }
  *#all(): Generator<T> { for (const objects of this.#namespaces.values()) yield* objects.values(); }
  byIndex(index: string, value: string): T[] {
    const found = this.#indexes.get(index);
    if (!found) throw new Error(`informer of ${this.resource.plural} has no index ${index}`);
    return [...(found.values.get(value)?.values() ?? [])];
  }
  addIndex(name: string, of: IndexFunction): void {
    if (this.#indexes.has(name)) return;
    const values = new Map<string, Map<string, T>>();
    this.#indexes.set(name, { of, values });
    for (const object of this.#all()) for (const value of of(object)) put(values, value, keyOf(object), object);
  }
  get size(): number { return this.#size; }
  get synced(): boolean { return this.#synced; }
  /** Revision up to which this copy is complete. */
  get revision(): number { return this.#revision; }

  /** Handlers added late are told of what is there already. */
  addHandler(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#all()) handler.added?.(object);
    return () => this.#handlers.delete(handler);
  }

  /** Resolves once the copy includes `revision` (0: the first list). */
  waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    if (this.#synced && this.#revision >= revision) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter = { revision, resolve: () => { signal?.removeEventListener('abort', stop); resolve(); } };
      const stop = (): void => { this.#waiters = this.#waiters.filter((w) => w !== waiter); reject(signal!.reason as Error); };
      this.#waiters.push(waiter);
      signal?.addEventListener('abort', stop, { once: true });
    });
  }

  /** Somebody needs more than metadata: to be called before it runs. */
  needWhole(): void { this.#metadataOnly = false; }

  /** Runs until the signal aborts; later calls return the same promise. */
  run(signal: AbortSignal): Promise<void> {
    return (this.#running ??= this.#loop(signal));
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff<'list'>(200, 30_000);
    const { clock, log } = this.#options;
    let listed = false;
    while (!signal.aborted) {
      try {
        if (!listed) await this.#list();
        listed = true;
        if (signal.aborted) return;
        // A watch runs 5 to 10 minutes, so that many watches never end together.
        const timeoutSeconds = 300 + Math.floor(Math.random() * 300);
        const began = clock.monotonic();
        let empty = true;
        const events = this.#client.watch(this.resource, { ...this.#options.selector, metadataOnly: this.#metadataOnly, resourceVersion: String(this.#revision), allowWatchBookmarks: true, timeoutSeconds, signal });
        for await (const event of events) {
          backoff.forget('list');
          empty = false;
          const revision = Number(event.object.metadata.resourceVersion);
          if (event.type === 'ADDED' || event.type === 'MODIFIED') this.#put(this.#kept(event.object));
          else if (event.type === 'DELETED') this.#delete(event.object);
          this.#advance(revision);
        }
        // A server that ends every watch at once must not be asked in a tight loop.
        if (empty && clock.monotonic() - began < shortWatchMs) await clock.sleep(backoff.next('list'), signal).catch(() => undefined); // aborted: the loop ends
      } catch (error) {
        if (signal.aborted) return;
        if (isExpired(error)) listed = false;
        else log.debug({ resource: this.resource.plural, error }, 'watch broke; resuming');
        const wait = backoff.next('list');
        await clock.sleep(isExpired(error) && wait <= 200 ? 0 : wait, signal).catch(() => undefined); // aborted: the loop ends
      }
    }
  }

  async #list(): Promise<void> {
    const items = new Map<string, T>();
    const options = { ...this.#options.selector, metadataOnly: this.#metadataOnly };
    let page = await this.#client.list(this.resource, options);
    const revision = Number(page.metadata.resourceVersion);
    for (;;) {
      for (const item of page.items) items.set(keyOf(item), this.#kept(item));
      if (!page.metadata.continue) break;
      page = await this.#client.list(this.resource, { ...options, continue: page.metadata.continue });
    }
    for (const old of this.list()) {
      const now = items.get(keyOf(old));
      if (!now || now.metadata.uid !== old.metadata.uid) this.#delete(old);
    }
    for (const object of items.values()) this.#put(object);
    this.#synced = true;
    this.#advance(revision);
  }

  /** There may be very many of them, so each has one shape, and what nobody reads goes. */
  #kept(object: T): T {
    if (!this.#metadataOnly) return object;
    const { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences } = object.metadata;
    // Those that come one after the other mostly are of one second.
    const creationTimestamp = (this.#second = object.metadata.creationTimestamp === this.#second ? this.#second : object.metadata.creationTimestamp);
    const metadata: ObjectHead['metadata'] = namespace === undefined ? { name, uid, resourceVersion, creationTimestamp } : { name, namespace, uid, resourceVersion, creationTimestamp };
    if (deletionTimestamp !== undefined) metadata.deletionTimestamp = deletionTimestamp;
    if (finalizers !== undefined) metadata.finalizers = finalizers;
    if (ownerReferences !== undefined) metadata.ownerReferences = ownerReferences;
    const { apiVersion, kind } = this.resource;
    return Object.freeze({ apiVersion, kind, metadata: Object.freeze(metadata) }) as unknown as T;
  }
  #put(object: T): void {
    const key = keyOf(object);
    const old = this.get(key);
    if (old && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    if (old) this.#unindex(key, old);
    this.#size++;
    put(this.#namespaces, object.metadata.namespace ?? '', key, object);
    for (const { of, values } of this.#indexes.values()) for (const value of of(object)) put(values, value, key, object);
    this.#tell(key, (handler) => (old ? handler.updated?.(object, old) : handler.added?.(object)));
  }
  #delete(object: T): void {
    const key = keyOf(object);
    const old = this.get(key);
    if (!old) return;
    this.#unindex(key, old);
    this.#tell(key, (handler) => handler.deleted?.(object));
  }
  /** A handler that throws must not keep the change from the others, nor end the watch. */
  #tell(key: string, call: (handler: InformerHandler<T>) => void): void {
    const handlers = [...this.#handlers];
    for (const handler of handlers) {
      try {
        call(handler);
      } catch (error) {
        this.#options.log.error({ error, resource: this.resource.plural, key }, 'a handler of a change failed');
      }
    }
  }
  #unindex(key: string, old: T): void {
    this.#size--;
    remove(this.#namespaces, old.metadata.namespace ?? '', key);
    for (const { of, values } of this.#indexes.values()) for (const value of of(old)) remove(values, value, key);
  }
  #advance(revision: number): void {
    if (revision > this.#revision) this.#revision = revision;
    if (!this.#waiters.length) return;
    const ready = this.#waiters.filter((w) => w.revision <= this.#revision);
    this.#waiters = this.#waiters.filter((w) => w.revision > this.#revision);
    for (const waiter of ready) waiter.resolve();
  }
}

const namespaceOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf('/')));

function put<T>(index: Map<string, Map<string, T>>, value: string, key: string, object: T): void {
  let bucket = index.get(value);
  if (!bucket) index.set(value, (bucket = new Map()));
  bucket.set(key, object);
}
function remove<T>(index: Map<string, Map<string, T>>, value: string, key: string): void {
  const bucket = index.get(value);
  bucket?.delete(key);
  if (bucket?.size === 0) index.delete(value);
}

const idOf = (resource: ResourceDefinition, selector: InformerOptions['selector']): string => `${resource.apiVersion}/${resource.plural}${selector ? `?${JSON.stringify(selector)}` : ''}`;
const metadataOf = (id: string): string => `${id} metadata`;

interface SharedInformer { readonly informer: Informer; readonly stop: AbortController; users: number }

/** One informer per resource, shared by everyone of a process. */
export class InformerFactory {
  readonly #informers = new Map<string, SharedInformer>();
  readonly #client: Client;
  readonly #options: { clock: Clock; log: Log };
  #signal: AbortSignal | undefined;
  constructor(client: Client, options: { clock: Clock; log: Log }) {
    this.#client = client;
    this.#options = options;
  }
  /** The shared informer of a resource; it starts with the factory, or at once when that runs already, and ends with it unless all users release it before. */
  informer<T extends ObjectHead>(resource: ResourceDefinition<T>, selector?: InformerOptions['selector']): Informer<T> {
    const id = idOf(resource, selector);
    const metadata = this.#informers.get(metadataOf(id));
    if (metadata && !this.#signal) {
      metadata.informer.needWhole();
      this.#informers.delete(metadataOf(id));
      this.#informers.set(id, metadata);
    }
    return this.#shared(id, resource, { ...(selector ? { selector } : {}) });
  }
  /** The same for who reads nothing but metadata: it holds whole objects only where somebody else, before the start, asks for them. */
  metadata<T extends ObjectHead>(resource: ResourceDefinition<T>): Informer<T> {
    const id = idOf(resource, undefined);
    return this.#informers.has(id) ? this.#shared(id, resource, {}) : this.#shared(metadataOf(id), resource, { metadataOnly: true });
  }
  #shared<T extends ObjectHead>(id: string, resource: ResourceDefinition<T>, options: Pick<InformerOptions, 'selector' | 'metadataOnly'>): Informer<T> {
    let entry = this.#informers.get(id);
    if (!entry) {
      const informer = new Informer<T>(this.#client, resource, { ...this.#options, ...options, indexes: { owner: (o: ObjectHead) => (o.metadata.ownerReferences ?? []).map((r) => r.uid) } });
      entry = { informer, stop: new AbortController(), users: 0 };
      this.#informers.set(id, entry);
      if (this.#signal) this.#run(entry, this.#signal);
    }
    entry.users++;
    return entry.informer as Informer<T>;
  }
  /** Ends the informer when this was its last user. */
  release(informer: Informer): void {
    const found = [...this.#informers].find(([, entry]) => entry.informer === informer);
    if (!found) return;
    const [id, entry] = found;
    if (--entry.users > 0) return;
    this.#informers.delete(id);
    entry.stop.abort();
  }
  #run({ informer, stop }: SharedInformer, signal: AbortSignal): void {
    const end = (): void => stop.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    stop.signal.addEventListener('abort', () => signal.removeEventListener('abort', end), { once: true });
    setMaxListeners(0, stop.signal);
    if (signal.aborted) end();
    void informer.run(stop.signal);
  }
  start(signal: AbortSignal): void {
    this.#signal = signal;
    // Every informer's watch and every loop on top listens to the same signal: many listeners are no leak here.
    setMaxListeners(0, signal);
    for (const entry of this.#informers.values()) this.#run(entry, signal);
  }
  /** Resolves when every informer has its first list. */
  async synced(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map(({ informer }) => informer.waitFor(0, signal)));
  }
}
