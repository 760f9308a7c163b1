// Runs controllers: owns their informers, work queues, workers, expectations and log fields, so that no controller has to.
import { setMaxListeners } from 'node:events';
import { controllerOf } from '../apimachinery/owners.ts';
import { isConflict, StatusError } from '../apimachinery/status-error.ts';
import { Client, keyOf, splitKey } from '../client/client.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import type { Informer, InformerFactory } from '../client/informer.ts';
import { TransportError, type ApiRequest, type Transport, type WatchEvent } from '../client/transport.ts';
import type { ObjectHead, ResourceDefinition } from '../schema/resource.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { TerminalError, type Controller, type ControllerContext, type WatchRule } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

export interface RunnerOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly events: ResourceDefinition;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long a key waits for the caches to show its own writes before it is worked anyway. */
const expectationTimeoutMs = 5_000;
const namespaceSubresources = new Set(['status', 'finalize']);
/** A loop that held the thread this long lets others run. */
const yieldAfterMs = 10;

/** One controller with its queue; `run` ends when the signal aborts. */
export class ControllerRunner {
  readonly controller: Controller;
  readonly queue: WorkQueue;
  readonly #options: RunnerOptions;
  readonly #caches = new Map<ResourceDefinition, Informer>();
  /** Watches of `watchesServed` by resource, each with what ends it. */
  readonly #served = new Map<ResourceDefinition, { readonly rule: WatchRule; off: () => void }>();
  #lastYield = 0;

  constructor(controller: Controller, options: RunnerOptions) {
    this.controller = controller;
    this.#options = options;
    this.queue = new WorkQueue(options.clock);
    const { owns = [], watches = [], reads = [], indexes = [] } = controller;
    for (const resource of [...(controller.for ? [controller.for] : []), ...owns, ...reads]) this.#caches.set(resource, options.informers.informer(resource));
    for (const watch of watches) this.#caches.set(watch.resource, this.#informerOf(watch));
    this.#followServed(false);
    for (const { resource, name, of } of indexes) this.#cache(resource).addIndex(name, of);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { controller, queue } = this;
    const unsubscribe = [...(controller.for ? [this.#watchOwn(controller.for)] : []), ...(controller.owns ?? []).map((r) => this.#watchOwned(r)), ...(controller.watches ?? []).map((w) => this.#watchMapped(w))];
    const stop = (): void => queue.close();
    // One signal ends all controllers of a process; that many listeners are no leak.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', stop, { once: true });
    for (const watch of this.#served.values()) watch.off = this.#watchMapped(watch.rule);
    const { watchesServed } = controller;
    if (watchesServed) unsubscribe.push(watchesServed.served.subscribe(() => this.#followServed(true)));
    try {
      await Promise.all([...this.#caches].map(([resource, cache]) => (resource.remote ? undefined : cache.waitFor(0, signal))));
      await Promise.all(Array.from({ length: controller.workers ?? 5 }, () => this.#work(signal)));
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      for (const off of unsubscribe) off();
      for (const { off } of this.#served.values()) off();
      queue.close();
    }
  }

  /** Caches first, then handlers: those may look at any of them. */
  #followServed(running: boolean): void {
    const { watchesServed } = this.controller;
    if (!watchesServed) return;
    const rules = new Map(watchesServed.rules(watchesServed.served.current).map((rule) => [rule.resource as ResourceDefinition, rule]));
    const added = [...rules].filter(([resource]) => !this.#served.has(resource));
    // Taken before those that go are let go, so that the cache of a resource whose definition changed goes on.
    for (const [resource, rule] of added) this.#caches.set(resource, this.#informerOf(rule));
    for (const [resource, { off }] of this.#served) {
      if (rules.has(resource)) continue;
      off();
      this.#served.delete(resource);
      const cache = this.#caches.get(resource);
      this.#caches.delete(resource);
      if (cache) this.#options.informers.release(cache);
    }
    for (const [resource, rule] of added) this.#served.set(resource, { rule, off: () => undefined });
    if (running) for (const [resource, rule] of added) this.#served.get(resource)!.off = this.#watchMapped(rule);
  }

  #informerOf({ resource, selector, metadataOnly }: WatchRule): Informer {
    const { informers } = this.#options;
    return metadataOnly ? informers.metadata(resource) : informers.informer(resource, selector);
  }
  #cache(resource: ResourceDefinition): Informer {
    const cache = this.#caches.get(resource);
    if (!cache) throw new Error(`controller ${this.controller.name} reads ${resource.plural} without declaring it`);
    return cache;
  }
  #watchOwn(own: ResourceDefinition): () => void {
    const add = (object: ObjectHead): void => this.queue.add(keyOf(object));
    return this.#cache(own).addHandler({ added: add, updated: add, deleted: add });
  }
  #watchOwned(resource: ResourceDefinition): () => void {
    const { for: own } = this.controller;
    if (!own) throw new Error(`controller ${this.controller.name} owns ${resource.plural} without having a resource of its own`);
    const add = (object: ObjectHead): void => {
      const owner = controllerOf(object);
      if (owner?.kind !== own.kind || owner.apiVersion.split('/')[0] !== own.apiVersion.split('/')[0]) return;
      this.queue.add(own.namespaced && object.metadata.namespace ? `${object.metadata.namespace}/${owner.name}` : owner.name);
    };
    return this.#cache(resource).addHandler({ added: add, updated: (object, old) => { add(object); if (controllerOf(old)?.uid !== controllerOf(object)?.uid) add(old); }, deleted: add });
  }
  #watchMapped(rule: NonNullable<Controller['watches']>[number]): () => void {
    const context = { cached: <T extends ObjectHead>(r: ResourceDefinition<T>): Informer<T> => this.#cache(r) as Informer<T> };
    const add = (object: ObjectHead, old?: ObjectHead): void => { for (const key of rule.map(object, context, old)) this.queue.add(key); };
    return this.#cache(rule.resource).addHandler({ added: (o) => add(o), updated: add, deleted: (o) => add(o) });
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      const key = await this.queue.take();
      if (key === undefined) return;
      await this.#reconcile(key, signal);
      this.queue.done(key);
      if (clock.monotonic() - this.#lastYield > yieldAfterMs) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        this.#lastYield = clock.monotonic();
      }
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { controller, queue } = this;
    // Most passes have nothing to say.
    let child: Log | undefined;
    const { log: parent } = this.#options;
    const logOf = (): Log => (child ??= parent.child({ controller: controller.name, key }));
    const expectations = new Expectations(this.#options.client.transport, (path) => this.#cacheOfPath(path));
    const client = new Client(expectations);
    const context: ControllerContext = {
      client, clock: this.#options.clock, get log() { return logOf(); }, signal,
      events: this.events,
      cached: <T extends ObjectHead>(resource: ResourceDefinition<T>) => this.#cache(resource) as Informer<T>,
    };
    try {
      const result = await controller.reconcile(context, key);
      queue.forget(key);
      if (result?.requeueAfter !== undefined) queue.addAfter(key, Math.max(1, result.requeueAfter));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof TerminalError) {
        queue.forget(key);
        const object = controller.for && this.#cache(controller.for).get(key);
        if (object) this.events.warning(object, 'FailedReconcile', error.message);
        logOf().warn({ error }, 'the object cannot be reconciled until it changes');
      } else {
        queue.retry(key);
        if (isConflict(error) || error instanceof TransportError) logOf().debug({ error }, 'reconcile is retried');
        else if (error instanceof StatusError && error.code < 500) logOf().info({ error: error.message, attempt: queue.failures(key) }, 'reconcile was refused; retrying');
        else logOf().error({ error, attempt: queue.failures(key) }, 'reconcile failed; retrying');
      }
    }
    const unseen = await expectations.settle(this.#options.clock, signal);
    if (unseen.length) logOf().warn({ writes: unseen }, 'the caches do not show what was written');
  }

  #recorder: EventRecorder | undefined;
  get events(): EventRecorder {
    const { client, events, clock, log } = this.#options;
    return (this.#recorder ??= new EventRecorder(client, events, { component: this.controller.component ?? this.controller.name }, { clock, log }));
  }

  #cacheOfPath(path: string): { cache: Informer; name: string | undefined; namespace: string | undefined } | undefined {
    for (const [resource, cache] of this.#caches) {
      const prefix = resource.group ? `/apis/${resource.group}/${resource.version}` : `/api/${resource.version}`;
      if (!path.startsWith(`${prefix}/`)) continue;
      const parts = path.slice(prefix.length + 1).split('/').map(decodeURIComponent);
      // `namespaces/x/status` is of the namespace, `namespaces/x/pods` of what is in it.
      const inside = parts[0] === 'namespaces' && parts.length > 2 && !namespaceSubresources.has(parts[2]!);
      if (inside !== (resource.namespaced && parts[0] === 'namespaces')) continue;
      const namespace = inside ? parts[1] : undefined;
      const rest = namespace === undefined ? parts : parts.slice(2);
      if (rest[0] === resource.plural) return { cache, name: rest[1], namespace };
    }
    return undefined;
  }
}

/**
 * Remembers what a pass wrote and waits until the caches show it, so that the next pass does not repeat it: the general form
 * of upstream's expectations (controller_utils.go).
 */
class Expectations implements Transport {
  readonly #transport: Transport;
  readonly #cacheOf: (path: string) => { cache: Informer; name: string | undefined; namespace: string | undefined } | undefined;
  readonly #waits: { readonly write: string; until(signal: AbortSignal): Promise<void> }[] = [];

  constructor(transport: Transport, cacheOf: (path: string) => { cache: Informer; name: string | undefined; namespace: string | undefined } | undefined) {
    this.#transport = transport;
    this.#cacheOf = cacheOf;
  }
  async request(request: ApiRequest): Promise<unknown> {
    const answer = await this.#transport.request(request);
    if (request.method === 'GET') return answer;
    const written = this.#cacheOf(request.path);
    if (!written) return answer;
    const { cache, name, namespace } = written;
    // A collection's answer carries the store's revision, which this cache need not reach soon.
    if (request.method === 'DELETE' && name === undefined) return answer;
    const revision = Number((answer as { metadata?: { resourceVersion?: string } } | undefined)?.metadata?.resourceVersion ?? 0);
    const write = `${request.method} ${request.path}`;
    if (revision > 0) this.#waits.push({ write, until: (signal) => cache.waitFor(revision, signal) });
    else if (request.method === 'DELETE' && name !== undefined) {
      // A Status carries no revision: wait until the object is seen to be gone or ending.
      const cacheKey = namespace ? `${namespace}/${name}` : name;
      const uid = cache.get(cacheKey)?.metadata.uid;
      this.#waits.push({ write, until: (signal) => untilGone(cache, cacheKey, uid, signal) });
    }
    return answer;
  }
  watch(request: ApiRequest): AsyncIterable<WatchEvent> { return this.#transport.watch(request); }
  close(): Promise<void> { return Promise.resolve(); }

  /** The writes no cache has shown in time: the next pass reads whatever the caches hold then, as upstream does after its own time-out. */
  async settle(clock: Clock, signal: AbortSignal): Promise<readonly string[]> {
    // After the abort nothing would end the waiting: its listeners come too late.
    if (!this.#waits.length || signal.aborted) return [];
    // A signal of its own that always aborts in the end: one composed with the run-long signal would be kept for ever.
    const over = new AbortController();
    const cancel = clock.after(expectationTimeoutMs, () => over.abort(new Error('expectations timed out')));
    const stop = (): void => over.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const results = await Promise.allSettled(this.#waits.map(({ until }) => until(over.signal)));
    cancel();
    signal.removeEventListener('abort', stop);
    return signal.aborted ? [] : this.#waits.filter((_, i) => results[i]!.status === 'rejected').map(({ write }) => write);
  }
}

function untilGone(cache: Informer, cacheKey: string, uid: string | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let off: (() => void) | undefined;
    const check = (): void => {
      const now = cache.get(cacheKey);
      if (now && now.metadata.uid === uid && !now.metadata.deletionTimestamp) return;
      off?.();
      signal.removeEventListener('abort', abort);
      resolve();
    };
    const abort = (): void => { off?.(); reject(signal.reason as Error); };
    signal.addEventListener('abort', abort, { once: true });
    off = cache.addHandler({ updated: check, deleted: check });
    check();
  });
}

export { splitKey };
