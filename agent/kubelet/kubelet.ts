// The kubelet: one loop over what can happen (Pods of the API, the engine's events, probe results, objects Pods refer to, time),
// each of which only wakes the worker of the Pod it concerns. upstream: pkg/kubelet/kubelet.go (syncLoopIteration)
import { setMaxListeners } from 'node:events';
import { Pods } from '../../src/api/core/pod.ts';
import { keyOf } from '../../src/client/client.ts';
import { Informer } from '../../src/client/informer.ts';
import { AsyncQueue } from '../../src/util/async-queue.ts';
import type { RuntimeEvent } from '../runtime/runtime.ts';
import type { PressureType } from './eviction/pressure.ts';
import { kubeletParts, type KubeletOptions, type KubeletParts } from './kubelet-parts.ts';
import { isMirror, type Pod } from './pod.ts';
import type { PodFailure } from './pod-status.ts';
import { Relister } from './relister.ts';
import { RuntimeCache } from './runtime-cache.ts';
import { StaticPodSource } from './static-pods.ts';
import { withTerminationMessage } from './termination-message.ts';
import type { ProbeCount } from './stats/kubelet-metrics.ts';
import type { MountedVolumes } from './volumes/volume-manager.ts';

type Signal =
  | { readonly kind: 'pod'; readonly pod: Pod }
  | { readonly kind: 'podGone'; readonly pod: Pod }
  /** All Pods the node has by itself. */
  | { readonly kind: 'static'; readonly pods: readonly Pod[] }
  | { readonly kind: 'runtime'; readonly event: RuntimeEvent }
  | { readonly kind: 'changed'; readonly uid: string }
  /** A container of a Pod nobody here knows has started. */
  | { readonly kind: 'stranger'; readonly uid: string }
  | { readonly kind: 'repair' }
  /** What runs has been listed anew. */
  | { readonly kind: 'listed' };

/** How often everything is looked at anew although nothing told of a change. */
const repairMs = 60_000;
const engineRetryMs = 1000;

export class Kubelet {
  readonly cache: RuntimeCache;
  readonly #options: KubeletOptions;
  readonly #queue = new AsyncQueue<Signal>();
  readonly #relister: Relister;
  /** Housekeeping that is under way: an engine that hangs must hold up nothing else. */
  readonly #busy = new Set<'list' | 'garbage'>();
  /** Since it runs. */
  #parts: KubeletParts | undefined;
  #informer: Informer<Pod> | undefined;
  /** By name. */
  readonly #static = new Map<string, Pod>();

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.cache = new RuntimeCache(options.runtime, (status) => withTerminationMessage(options.runtime, status), (ip) => options.addresses.release(ip), options.logLinks);
    this.#relister = new Relister(this.cache, options.clock);
  }

  /** What the node is short of. */
  get pressure(): ReadonlySet<PressureType> { return this.#parts?.evictions.conditions ?? new Set(); }
  /** Why the node cannot run Pods, of what shows here. */
  get problems(): readonly string[] { return [...(this.#relister.fault === undefined ? [] : [this.#relister.fault]), ...(this.#parts?.shutdown.underWay ? ['node is shutting down'] : [])]; }
  /** Ends the Pods because the machine goes down. */
  async shutDown(): Promise<void> { await this.#parts?.shutdown.run(); }

  pods(): Pod[] { return this.#parts?.workers.pods() ?? []; }
  podNamed(namespace: string, name: string): Pod | undefined { return this.#parts?.workers.podNamed(`${namespace}/${name}`); }

  volumes(uid: string): MountedVolumes { return this.#parts?.volumes.mounted(uid) ?? new Map(); }
  probeCounts(): ProbeCount[] { return this.#parts?.probes.counts() ?? []; }

  /** Learns what runs, then works until the signal aborts. Containers go on when it ends. */
  async run(signal: AbortSignal): Promise<void> {
    const { runtime, client, clock, log, nodeName, podManifestPath } = this.#options;
    // Each part of a kubelet listens, and each Pod.
    setMaxListeners(0, signal);
    const end = (): void => this.#queue.end();
    signal.addEventListener('abort', end, { once: true });
    const parts = this.#parts = kubeletParts(this.#options, {
      cache: this.cache, changed: (uid) => this.#queue.push({ kind: 'changed', uid }), listed: () => this.#informer?.list() ?? [],
      fail: (pod, failure) => this.#fail(pod, failure), clearAway: () => this.#clearAway(),
    }, signal);
    // Events are subscribed to before the first list, so that nothing falls between.
    const events = runtime.events(signal);
    const paused = await this.#relister.relist();
    this.#options.logLinks?.sweep();
    for (const uid of this.cache.uids()) for (const { ip } of this.cache.get(uid).sandboxes) if (ip) this.#options.addresses.reserve(ip);
    this.#resume(paused);
    void this.#follow(events, signal);

    // What the node is short of decides which Pods it takes in.
    await new Promise<void>((resolve) => { void parts.evictions.run(signal, resolve); });
    void parts.imageGarbage.run(signal);
    if (podManifestPath !== undefined) {
      const source = new StaticPodSource({ directory: podManifestPath, nodeName, clock, log, changed: (pods) => this.#queue.push({ kind: 'static', pods }) });
      // Known before anything that runs can be taken for a leftover.
      await source.read().catch((error: unknown) => log.warn({ error }, 'the manifests cannot be read; trying again'));
      void source.follow(signal);
    }
    this.#informer = new Informer<Pod>(client, Pods, { selector: { fieldSelector: `spec.nodeName=${nodeName}` }, clock, log });
    this.#informer.addHandler({
      added: (pod) => this.#queue.push({ kind: 'pod', pod }), updated: (pod) => this.#queue.push({ kind: 'pod', pod }), deleted: (pod) => this.#queue.push({ kind: 'podGone', pod }),
    });
    void this.#informer.run(signal);
    // Only a server that has answered can say that a Pod is no longer wanted.
    void this.#informer.waitFor(0, signal).then(() => this.#queue.push({ kind: 'repair' }), () => undefined);
    const tick = (): void => {
      this.#queue.push({ kind: 'repair' });
      if (!signal.aborted) clock.after(repairMs, tick);
    };
    clock.after(repairMs, tick);

    for await (const next of this.#queue) this.#dispatch(next);
  }

  #dispatch(next: Signal): void {
    const { workers, mirrors } = this.#parts!;
    switch (next.kind) {
      case 'pod': if (isMirror(next.pod)) mirrors.observe(next.pod); else workers.update(next.pod); break;
      case 'podGone': if (isMirror(next.pod)) mirrors.gone(next.pod); else workers.remove(next.pod); break;
      case 'static': this.#setStatic(next.pods); break;
      case 'changed': workers.poke(next.uid); break;
      case 'runtime': {
        // Inspections of different containers overlap; the cache keeps their order.
        void this.#heed(next.event).catch((error: unknown) => this.#options.log.debug({ error }, 'an engine event could not be followed up; the next list repairs'));
        break;
      }
      case 'stranger': if (this.#informer?.synced && !workers.has(next.uid)) workers.endOrphan(next.uid); break;
      case 'repair': void this.#once('list', () => this.#list()); break;
      case 'listed': void this.#once('garbage', () => this.#clearAway()); break;
    }
  }

  /** Ends a Pod in the time it has for that, also one that runs from before and has not been looked at yet. */
  #fail(pod: Pod, failure: PodFailure): Promise<void> {
    const { uid } = pod.metadata;
    const { workers } = this.#parts!;
    if (!workers.has(uid)) workers.update(this.#informer!.list().find((listed) => listed.metadata.uid === uid) ?? pod);
    return workers.fail(uid, failure, pod.spec.terminationGracePeriodSeconds ?? 30);
  }
  #setStatic(pods: readonly Pod[]): void {
    const { workers, mirrors } = this.#parts!;
    const wanted = new Map(pods.map((pod) => [keyOf(pod), pod]));
    for (const [key, old] of this.#static) {
      const pod = wanted.get(key);
      if (pod?.metadata.uid === old.metadata.uid) continue;
      workers.replace(old, pod);
      if (!pod) mirrors.unwant(old);
    }
    for (const [key, pod] of wanted) {
      if (!this.#static.has(key)) workers.update(pod);
      mirrors.want(pod);
    }
    this.#static.clear();
    for (const [key, pod] of wanted) this.#static.set(key, pod);
  }

  /** Something happened to what runs of a Pod. */
  async #heed(event: RuntimeEvent): Promise<void> {
    if (event.type === 'paused') this.#resume([event.containerId]);
    const uid = await this.cache.handle(event);
    if (uid !== undefined) this.#parts!.workers.poke(uid);
    if (event.type !== 'started' || this.#parts!.workers.has(event.podUid)) return;
    // The engine carries out what it was asked for even when the agent that asked has died, and the Pod may be gone by then.
    await (event.sandbox ? this.cache.refreshSandbox(event.containerId) : this.cache.refreshContainer(event.containerId));
    // In line behind the Pods the API has told of.
    this.#queue.push({ kind: 'stranger', uid: event.podUid });
  }

  async #once(work: 'list' | 'garbage', run: () => Promise<void>): Promise<void> {
    if (this.#busy.has(work)) return;
    this.#busy.add(work);
    await run().catch((error: unknown) => this.#options.log.warn({ error }, 'housekeeping failed; it comes again'));
    this.#busy.delete(work);
  }
  /** The second half comes in line behind the Pods the API has told of meanwhile. */
  async #list(): Promise<void> {
    try {
      this.#resume(await this.#relister.relist());
    } finally {
      this.#parts!.workers.pokeAll();
    }
    this.#queue.push({ kind: 'listed' });
  }
  /** No Pod wants its containers frozen. */
  #resume(ids: readonly string[]): void {
    for (const id of ids) this.#options.runtime.unpauseContainer(id).catch((error: unknown) => this.#options.log.info({ error, id }, 'a paused container could not be let go on; the next list tries again'));
  }
  async #clearAway(): Promise<void> {
    const { workers, garbage } = this.#parts!;
    if (!this.#informer?.synced) return;
    for (const uid of this.cache.uids()) if (!workers.has(uid)) workers.endOrphan(uid);
    this.#options.devices?.keepOnly((uid) => workers.has(uid));
    await garbage.collect((uid) => workers.has(uid));
  }

  /** Passes the engine's events on; when the stream breaks, everything is listed anew. */
  async #follow(first: AsyncIterable<RuntimeEvent>, signal: AbortSignal): Promise<void> {
    const { runtime, clock, log, onRuntime } = this.#options;
    let events: AsyncIterable<RuntimeEvent> | undefined = first;
    while (!signal.aborted) {
      try {
        if (!events) {
          events = runtime.events(signal);
          this.#resume(await this.#relister.relist());
          onRuntime?.(undefined);
          this.#parts!.workers.pokeAll();
        }
        for await (const event of events) this.#queue.push({ kind: 'runtime', event });
        if (!signal.aborted) throw new Error('the event stream of the engine ended');
      } catch (error) {
        if (signal.aborted) return;
        if (events) log.warn({ error: (error as Error).message }, 'the engine cannot be followed; connecting again until it answers');
        events = undefined;
        onRuntime?.(error as Error);
        await clock.sleep(engineRetryMs, signal).catch(() => undefined); // aborted: the loop ends
      }
    }
  }
}
