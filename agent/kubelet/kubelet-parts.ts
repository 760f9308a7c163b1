// The parts a kubelet is made of, and what each is given of the others. upstream: pkg/kubelet/kubelet.go (NewMainKubelet)
import { Nodes, type Node } from '../../src/api/core/node.ts';
import type { Service } from '../../src/api/core/service.ts';
import type { Client } from '../../src/client/client.ts';
import type { EventRecorder } from '../../src/client/event-recorder.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { NodeAllocatable } from './downward.ts';
import { admissionFailure } from './admission.ts';
import { Allocations } from './allocations.ts';
import type { PodGroups } from './control-groups/pod-groups.ts';
import { containerEvents, nodeReference } from './events.ts';
import type { DeviceManager } from './devices/device-manager.ts';
import { EvictionManager, type EvictionSetup } from './eviction/manager.ts';
import { Garbage } from './garbage.ts';
import type { PullSecret } from './image-credentials.ts';
import { ImageGarbage, type ImageGCPolicy } from './image-gc.ts';
import { ImageManager } from './images.ts';
import { PodKiller, type PodAddressPool } from './kill-pod.ts';
import type { LogLinks } from './log-links.ts';
import { ObjectCache } from './object-cache.ts';
import { NodeShutdown, type ShutdownPeriod } from './node-shutdown.ts';
import { MirrorPods } from './mirror-pods.ts';
import type { Pod } from './pod.ts';
import { PodSandboxes } from './pod-sandbox.ts';
import { persistentVolumeOf } from './persistent-volumes.ts';
import type { PodFailure } from './pod-status.ts';
import { PodWorkers } from './pod-workers.ts';
import { makeRoom } from './preemptor.ts';
import { ProberManager, type ProberOptions } from './probes/prober-manager.ts';
import { PullLimit } from './pull-limit.ts';
import { PulledImages } from './pulled-images.ts';
import type { RuntimeCache } from './runtime-cache.ts';
import { runtimeHandlerOf } from './runtime-classes.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { ContainerStarter } from './start-container.ts';
import { StartLimit } from './start-limit.ts';
import { StatusManager } from './status-manager.ts';
import { StopLimit } from './stop-limit.ts';
import { allowedSysctls, type AllowedSysctls } from './sysctls.ts';
import { PodSyncer } from './sync-pod.ts';
import type { Mounter } from './volumes/mounts.ts';
import { VolumeManager } from './volumes/volume-manager.ts';

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

/** What the kubelet's loop works with. */
export interface KubeletParts {
  readonly workers: PodWorkers;
  readonly mirrors: MirrorPods;
  readonly volumes: VolumeManager;
  readonly probes: ProberManager;
  readonly evictions: EvictionManager;
  readonly shutdown: NodeShutdown;
  readonly imageGarbage: ImageGarbage;
  readonly garbage: Garbage;
}

/** What the parts ask of the loop. */
export interface KubeletLoop {
  readonly cache: RuntimeCache;
  /** Something a Pod depends on has changed. */
  readonly changed: (uid: string) => void;
  /** The Pods the API has told of. */
  readonly listed: () => readonly Pod[];
  /** Ends a Pod, known to a worker or not; resolves when nothing of it is left but its status. */
  readonly fail: (pod: Pod, failure: PodFailure) => Promise<void>;
  /** Removes what belongs to no Pod. */
  readonly clearAway: () => Promise<void>;
}

/** Builds the parts of a node; they end with the signal. */
export function kubeletParts(o: KubeletOptions, { cache, changed, listed, fail, clearAway }: KubeletLoop, signal: AbortSignal): KubeletParts {
  const { runtime, client, clock, log, hostIPs } = o;
  const shared = { runtime, cache, clock, log, hostIPs, events: containerEvents(o.recorder), ...(o.groups ? { groups: o.groups } : {}), ...(o.devices ? { devices: o.devices } : {}) };
  const objects = new ObjectCache({ client, clock, log, onChange: changed });
  signal.addEventListener('abort', () => objects.close(), { once: true });
  const tokens = new ServiceAccountTokens(client, clock);
  const volumes = new VolumeManager({
    dataDir: o.dataDir, mounter: o.mounter, clock,
    sources: { configMap: (p, n) => objects.configMap(p, n), secret: (p, n) => objects.secret(p, n), token: (p, t) => tokens.get(p, t), persistentVolume: (p, n, e) => persistentVolumeOf(client, p, n, e), allocatable: o.allocatable },
  });
  const pulled = new PulledImages(o.dataDir, log);
  const images = new ImageManager({ ...shared, pulled, pulls: new PullLimit(o.parallelPulls ?? Infinity) });
  const probes = new ProberManager({ ...shared, hostIP: hostIPs[0] ?? '', onChange: changed, ...(o.probe ? { probe: o.probe } : {}) });
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
  const allocations = new Allocations({
    allocatable: o.allocatable, pods: listed, onRoom: changed, onPending: (pod, { reason, message }) => shared.events.warning(pod, undefined, `Resize${reason}`, message),
  });
  const statuses = new StatusManager({ client, clock, log, signal });
  const mirrors = new MirrorPods({ client, clock, log, nodeName: o.nodeName, signal, mirrored: (uid, mirror) => statuses.mirrored(uid, mirror) });
  const warnNode = (reason: string, message: string): void => o.recorder.warning(nodeReference(o.nodeName), reason, message);
  const imageGarbage = new ImageGarbage({
    ...shared, policy: o.imageGC, pulled, warnNode, disk: async () => (await o.eviction.signals()).signals.get('imagefs.available'),
  });
  const evictions: EvictionManager = new EvictionManager({
    ...shared, ...o.eviction, volumes, active: () => workers.active(), fail: (uid, failure, grace) => workers.fail(uid, failure, grace),
    reclaimDisk: () => clearAway().then(() => imageGarbage.deleteUnused()), warnNode,
  });
  const shutdown = new NodeShutdown({
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
  const claims = (): Pod[] => workers.claims(listed());
  const refuse = (pod: Pod): PodFailure | undefined =>
    evictions.refuse(pod) ?? admissionFailure(pod, { node: node(), others: claims(), sysctls, appArmor: o.appArmor ?? true }) ?? shutdown.refuse();
  const workers: PodWorkers = new PodWorkers({
    ...shared, syncer, killer, probes, statuses, volumes, allocations, objects, tokens, drained: o.drained, refuse, refreshNode,
    makeRoom: (pod) => makeRoom(pod, { log, events: shared.events, node, claims, fail }),
  }, signal);
  return { workers, mirrors, volumes, probes, evictions, shutdown, imageGarbage, garbage: new Garbage({ ...shared, volumes }) };
}
