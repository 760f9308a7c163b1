// The kubelet: one loop over what can happen (Pods of the API, the engine's events, probe results, objects Pods refer to, time),
// each of which only wakes the worker of the Pod it concerns. upstream: pkg/kubelet/kubelet.go (syncLoopIteration)
import { setMaxListeners } from 'node:events';
import { Nodes, type Node } from '../../src/api/core/node.ts';
import { Pods } from '../../src/api/core/pod.ts';
import type { Service } from '../../src/api/core/service.ts';
import { keyOf, type Client } from '../../src/client/client.ts';
import type { EventRecorder } from '../../src/client/event-recorder.ts';
import { Informer } from '../../src/client/informer.ts';
import { AsyncQueue } from '../../src/util/async-queue.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Runtime, RuntimeEvent } from '../runtime/runtime.ts';
import type { NodeAllocatable } from './downward.ts';
import { admissionFailure } from './admission.ts';
import { Allocations } from './allocations.ts';
import type { PodGroups } from './control-groups/pod-groups.ts';
import { containerEvents, nodeReference } from './events.ts';
import type { DeviceManager } from './devices/device-manager.ts';
import { EvictionManager, type EvictionSetup } from './eviction/manager.ts';
import type { PressureType } from './eviction/pressure.ts';
import { Garbage } from './garbage.ts';
import type { PullSecret } from './image-credentials.ts';
import { ImageGarbage, type ImageGCPolicy } from './image-gc.ts';
import { ImageManager } from './images.ts';
import { PodKiller, type PodAddressPool } from './kill-pod.ts';
import type { LogLinks } from './log-links.ts';
import { ObjectCache } from './object-cache.ts';
import { NodeShutdown, type ShutdownPeriod } from './node-shutdown.ts';
import { MirrorPods } from './mirror-pods.ts';
import { isMirror, type Pod } from './pod.ts';
import { PodSandboxes } from './pod-sandbox.ts';
import { persistentVolumeOf } from './persistent-volumes.ts';
import type { PodFailure } from './pod-status.ts';
import { PodWorkers } from './pod-workers.ts';
import { makeRoom } from './preemptor.ts';
import { ProberManager, type ProberOptions } from './probes/prober-manager.ts';
import { PullLimit } from './pull-limit.ts';
import { PulledImages } from './pulled-images.ts';
import { Relister } from './relister.ts';
import { RuntimeCache } from './runtime-cache.ts';
import { runtimeHandlerOf } from './runtime-classes.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { ContainerStarter } from './start-container.ts';
import { StaticPodSource } from './static-pods.ts';
import { StartLimit } from './start-limit.ts';
import { StatusManager } from './status-manager.ts';
import { StopLimit } from './stop-limit.ts';
import { allowedSysctls, type AllowedSysctls } from './sysctls.ts';
import { PodSyncer } from './sync-pod.ts';
import { withTerminationMessage } from './termination-message.ts';
import type { Mounter } from './volumes/mounts.ts';
import type { ProbeCount } from './stats/kubelet-metrics.ts';
import { VolumeManager, type MountedVolumes } from './volumes/volume-manager.ts';

export interface KubeletOptions {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  readonly recorder: EventRecorder;
  readonly nodeName: string;
  readonly hostIPs: readonly string[];
  readonly dataDir: string;
  /** Directory of the manifests of static Pods. */
  readonly podManifestPath?: string;
  readonly network: string;
  readonly addresses: PodAddressPool;
  readonly clusterDomain: string;
  readonly clusterDNS: readonly string[];
  readonly hostFiles?: { readonly hosts: string; readonly resolvConf: string };
  readonly services: () => readonly Service[];
  readonly allocatable: NodeAllocatable;
  readonly memoryCapacity: number;
  /** This node as a watch knows it; without it Pods are not judged by what the node has. */
  readonly node?: () => Node | undefined;
  /** The safe ones when not given. */
  readonly sysctls?: AllowedSysctls;
  /** Whether the kernel enforces AppArmor profiles; it does when not given. */
  readonly appArmor?: boolean;
  /** Starts the engine works on at once. */
  readonly starts: number;
  readonly mounter: Mounter;
  /** Control groups of Pods, where this host lets them be made. */
  readonly groups?: PodGroups;
  /** Keeps links to the containers' logs where collectors look for them. */
  readonly logLinks?: LogLinks;
  readonly drained: (pod: Pod, signal: AbortSignal) => Promise<void>;
  /** Devices that plugins offer; none without it. */
  readonly devices?: DeviceManager;
  readonly eviction: EvictionSetup;
  readonly imageGC: ImageGCPolicy;
  /** Images that are pulled at once; as many as are wanted when not given. */
  readonly parallelPulls?: number;
  readonly nodeCredentials?: () => Promise<PullSecret | undefined>;
  /** What Pods get of the time when the machine goes down; none: they are left as they are. */
  readonly shutdown: readonly ShutdownPeriod[];
  /** Has the node's status written. */
  readonly report?: () => Promise<void>;
  readonly probe?: ProberOptions['probe'];
  /** Told when the engine goes away (with the error) and when it is back. */
  readonly onRuntime?: (error: Error | undefined) => void;
}

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
  #workers: PodWorkers | undefined;
  #garbage: Garbage | undefined;
  #evictions: EvictionManager | undefined;
  #shutdown: NodeShutdown | undefined;
  #imageGarbage: ImageGarbage | undefined;
  #volumes: VolumeManager | undefined;
  #probes: ProberManager | undefined;
  #informer: Informer<Pod> | undefined;
  #mirrors: MirrorPods | undefined;
  /** By name. */
  readonly #static = new Map<string, Pod>();

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.cache = new RuntimeCache(options.runtime, (status) => withTerminationMessage(options.runtime, status), (ip) => options.addresses.release(ip), options.logLinks);
    this.#relister = new Relister(this.cache, options.clock);
  }

  /** What the node is short of. */
  get pressure(): ReadonlySet<PressureType> { return this.#evictions?.conditions ?? new Set(); }
  /** Why the node cannot run Pods, of what shows here. */
  get problems(): readonly string[] { return [...(this.#relister.fault === undefined ? [] : [this.#relister.fault]), ...(this.#shutdown?.underWay ? ['node is shutting down'] : [])]; }
  /** Ends the Pods because the machine goes down. */
  async shutDown(): Promise<void> { await this.#shutdown?.run(); }

  pods(): Pod[] { return this.#workers?.pods() ?? []; }
  podNamed(namespace: string, name: string): Pod | undefined { return this.#workers?.podNamed(`${namespace}/${name}`); }

  volumes(uid: string): MountedVolumes { return this.#volumes?.mounted(uid) ?? new Map(); }
  probeCounts(): ProbeCount[] { return this.#probes?.counts() ?? []; }

  /** Learns what runs, then works until the signal aborts. Containers go on when it ends. */
  async run(signal: AbortSignal): Promise<void> {
    const { runtime, client, clock, log, nodeName, podManifestPath } = this.#options;
    // Each part of a kubelet listens, and each Pod.
    setMaxListeners(0, signal);
    const end = (): void => this.#queue.end();
    signal.addEventListener('abort', end, { once: true });
    this.#build(signal);
    // Events are subscribed to before the first list, so that nothing falls between.
    const events = runtime.events(signal);
    const paused = await this.#relister.relist();
    this.#options.logLinks?.sweep();
    for (const uid of this.cache.uids()) for (const { ip } of this.cache.get(uid).sandboxes) if (ip) this.#options.addresses.reserve(ip);
    this.#resume(paused);
    void this.#follow(events, signal);

    // What the node is short of decides which Pods it takes in.
    await new Promise<void>((resolve) => { void this.#evictions!.run(signal, resolve); });
    void this.#imageGarbage!.run(signal);
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
    const workers = this.#workers!;
    switch (next.kind) {
      case 'pod': if (isMirror(next.pod)) this.#mirrors!.observe(next.pod); else workers.update(next.pod); break;
      case 'podGone': if (isMirror(next.pod)) this.#mirrors!.gone(next.pod); else workers.remove(next.pod); break;
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
    if (!this.#workers!.has(uid)) this.#workers!.update(this.#informer!.list().find((listed) => listed.metadata.uid === uid) ?? pod);
    return this.#workers!.fail(uid, failure, pod.spec.terminationGracePeriodSeconds ?? 30);
  }
  #setStatic(pods: readonly Pod[]): void {
    const wanted = new Map(pods.map((pod) => [keyOf(pod), pod]));
    for (const [key, old] of this.#static) {
      const pod = wanted.get(key);
      if (pod?.metadata.uid === old.metadata.uid) continue;
      this.#workers!.replace(old, pod);
      if (!pod) this.#mirrors!.unwant(old);
    }
    for (const [key, pod] of wanted) {
      if (!this.#static.has(key)) this.#workers!.update(pod);
      this.#mirrors!.want(pod);
    }
    this.#static.clear();
    for (const [key, pod] of wanted) this.#static.set(key, pod);
  }

  /** Something happened to what runs of a Pod. */
  async #heed(event: RuntimeEvent): Promise<void> {
    if (event.type === 'paused') this.#resume([event.containerId]);
    const uid = await this.cache.handle(event);
    if (uid !== undefined) this.#workers!.poke(uid);
    if (event.type !== 'started' || this.#workers!.has(event.podUid)) return;
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
      this.#workers!.pokeAll();
    }
    this.#queue.push({ kind: 'listed' });
  }
  /** No Pod wants its containers frozen. */
  #resume(ids: readonly string[]): void {
    for (const id of ids) this.#options.runtime.unpauseContainer(id).catch((error: unknown) => this.#options.log.info({ error, id }, 'a paused container could not be let go on; the next list tries again'));
  }
  async #clearAway(): Promise<void> {
    const workers = this.#workers!;
    if (!this.#informer?.synced) return;
    for (const uid of this.cache.uids()) if (!workers.has(uid)) workers.endOrphan(uid);
    this.#options.devices?.keepOnly((uid) => workers.has(uid));
    await this.#garbage!.collect((uid) => workers.has(uid));
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
          this.#workers!.pokeAll();
        }
        for await (const event of events) this.#queue.push({ kind: 'runtime', event });
        if (!signal.aborted) throw new Error('the event stream of the engine ended');
      } catch (error) {
        if (signal.aborted) return;
        if (events) log.warn({ error: (error as Error).message }, 'the engine cannot be followed; connecting again until it answers');
        events = undefined;
        onRuntime?.(error as Error);
        await clock.sleep(engineRetryMs, signal).catch(() => undefined);
      }
    }
  }

  #build(signal: AbortSignal): void {
    const o = this.#options;
    const { runtime, client, clock, log, hostIPs } = o;
    const { cache } = this;
    const shared = { runtime, cache, clock, log, hostIPs, events: containerEvents(o.recorder), ...(o.groups ? { groups: o.groups } : {}), ...(o.devices ? { devices: o.devices } : {}) };
    const changed = (uid: string): void => { this.#queue.push({ kind: 'changed', uid }); };
    const objects = new ObjectCache({ client, clock, log, onChange: changed });
    signal.addEventListener('abort', () => objects.close(), { once: true });
    const tokens = new ServiceAccountTokens(client, clock);
    const volumes = this.#volumes = new VolumeManager({
      dataDir: o.dataDir, mounter: o.mounter, clock,
      sources: { configMap: (p, n) => objects.configMap(p, n), secret: (p, n) => objects.secret(p, n), token: (p, t) => tokens.get(p, t), persistentVolume: (p, n, e) => persistentVolumeOf(client, p, n, e), allocatable: o.allocatable },
    });
    const pulled = new PulledImages(o.dataDir, log);
    const images = new ImageManager({ ...shared, pulled, pulls: new PullLimit(o.parallelPulls ?? Infinity) });
    const probes = this.#probes = new ProberManager({ ...shared, hostIP: hostIPs[0] ?? '', onChange: changed, ...(o.probe ? { probe: o.probe } : {}) });
    signal.addEventListener('abort', () => probes.close(), { once: true });
    const killer = new PodKiller({ ...shared, addresses: o.addresses, hostIP: hostIPs[0] ?? '', limit: new StopLimit(o.starts, clock) });
    const limit = new StartLimit(o.starts);
    const sandboxes = new PodSandboxes({
      ...shared, addresses: o.addresses, runtimeHandler: (pod) => runtimeHandlerOf(client, pod), network: o.network, nodeName: o.nodeName, clusterDomain: o.clusterDomain, clusterDNS: o.clusterDNS,
      hostFiles: o.hostFiles ?? { hosts: '/etc/hosts', resolvConf: '/etc/resolv.conf' },
    });
    const starter = new ContainerStarter({
      ...shared, volumes, killer, limit, env: { objects, services: o.services, allocatable: o.allocatable },
      oom: { memoryCapacity: o.memoryCapacity }, seccompRoot: `${o.dataDir}/seccomp`,
    });
    const syncer = new PodSyncer({ ...shared, volumes, objects, images, probes, killer, sandboxes, starter, limit, nodeCredentials: o.nodeCredentials ?? (() => Promise.resolve(undefined)) });
    const allocations = new Allocations({ allocatable: o.allocatable, pods: () => this.#informer?.list() ?? [], onRoom: changed });
    const statuses = new StatusManager({ client, clock, log, signal });
    this.#mirrors = new MirrorPods({ client, clock, log, nodeName: o.nodeName, signal, mirrored: (uid, mirror) => statuses.mirrored(uid, mirror) });
    const warnNode = (reason: string, message: string): void => o.recorder.warning(nodeReference(o.nodeName), reason, message);
    const imageGarbage = this.#imageGarbage = new ImageGarbage({
      ...shared, policy: o.imageGC, pulled, warnNode, disk: async () => (await o.eviction.signals()).signals.get('imagefs.available'),
    });
    const evictions: EvictionManager = this.#evictions = new EvictionManager({
      ...shared, ...o.eviction, volumes, active: () => workers.active(), fail: (uid, failure, grace) => workers.fail(uid, failure, grace),
      reclaimDisk: () => this.#clearAway().then(() => imageGarbage.deleteUnused()), warnNode,
    });
    const shutdown = this.#shutdown = new NodeShutdown({
      periods: o.shutdown, dataDir: o.dataDir, clock, log, active: () => workers.active(), fail: (uid, failure, grace) => workers.fail(uid, failure, grace), told: (uid) => statuses.flush(uid),
      noteNode: (reason, message) => o.recorder.normal(nodeReference(o.nodeName), reason, message), report: o.report ?? (() => Promise.resolve()),
    });
    let read: Node | undefined;
    const node = (): Node | undefined => {
      const watched = o.node?.();
      return watched && read && Number(read.metadata.resourceVersion) > Number(watched.metadata.resourceVersion) ? read : watched;
    };
    const refreshNode = async (): Promise<void> => { read = await client.get<Node>(Nodes, { name: o.nodeName }); };
    const sysctls = o.sysctls ?? allowedSysctls();
    const claims = (): Pod[] => workers.claims(this.#informer?.list());
    const refuse = (pod: Pod): PodFailure | undefined =>
      evictions.refuse(pod) ?? admissionFailure(pod, { node: node(), others: claims(), sysctls, appArmor: o.appArmor ?? true }) ?? shutdown.refuse();
    const workers: PodWorkers = this.#workers = new PodWorkers({ ...shared, syncer, killer, probes, statuses, volumes, allocations, objects, tokens, drained: o.drained, refuse, refreshNode, makeRoom: (pod) => makeRoom(pod, { log, events: shared.events, node, claims, fail: (other, failure) => this.#fail(other, failure) }) }, signal);
    this.#garbage = new Garbage({ ...shared, volumes });
  }
}
