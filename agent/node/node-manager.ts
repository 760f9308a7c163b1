// Makes this host a Node of the cluster and keeps saying how it is: registration, status on change, Lease, events. What others
// write into the node's own part (a controller that had not heard of it, say) is taken back.
// upstream: pkg/kubelet/kubelet_node_status.go
import { Leases } from '../../src/api/coordination/lease.ts';
import type { NodeTaint } from '../../src/api/core/node-flags.ts';
import { Nodes, type Node, type NodeStatus } from '../../src/api/core/node.ts';
import { isAlreadyExists, isNotFound } from '../../src/apimachinery/status-error.ts';
import type { Client } from '../../src/client/client.ts';
import type { EventRecorder, EventTarget } from '../../src/client/event-recorder.ts';
import { microTimestamp, within, type Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Image, Runtime, RuntimeInfo } from '../runtime/runtime.ts';
import type { DeviceCounts } from '../kubelet/devices/device-manager.ts';
import type { PressureType } from '../kubelet/eviction/pressure.ts';
import { readHost, type HostFacts, type Reserve } from './capacity.ts';
import { extendedResources, hasLabels, isNow, lacksExtended, nodeStatus, ownLabels, sameStatus, statusEvents, statusPatch, wasEdited } from './node-status.ts';

export interface NodeHealth { readonly problems: readonly string[]; readonly pressure: ReadonlySet<PressureType> }
export interface NodeManagerOptions {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly info: RuntimeInfo;
  readonly clock: Clock;
  readonly log: Log;
  readonly recorder: EventRecorder;
  readonly nodeName: string;
  readonly internalIP: string;
  readonly kubeletVersion: string;
  /** What the node says of itself beside its labels. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly facts?: () => Promise<HostFacts>;
  /** What else keeps the node from running Pods, and what it is short of, asked at each report. */
  readonly health: () => NodeHealth;
  readonly reserve: Reserve;
  /** What device plugins offer now. */
  readonly devices?: () => DeviceCounts;
  /** Labels the node is made with, and taints. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly NodeTaint[];
}

const checkMs = 10_000;
/** An unchanged status is told again after this, so that its heartbeat is not too old. */
const reportMs = 300_000;
const leaseSeconds = 40;
const renewMs = 10_000;
const leaseNamespace = 'kube-node-lease';
const retryMs = 1000;
/** A report does not wait longer for the engine's images: one that hangs must not keep the node from saying so. */
const imagesMs = 5000;
/** What was taken back less than this ago waits for the next check: nobody is fought at full speed. */
const repairPaceMs = 1000;

const says = (present: Readonly<Record<string, string>> | undefined, wanted: Readonly<Record<string, string>>): boolean => Object.entries(wanted).every(([key, value]) => present?.[key] === value);

export class NodeManager {
  readonly #options: NodeManagerOptions;
  #last: NodeStatus | undefined;
  #images: readonly Image[] = [];
  #listingImages: Promise<readonly Image[] | undefined> | undefined;
  #reportedAt = 0;
  #problems = new Map<string, string>([['network', 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:the pod network is being made']]);
  /** The newest Node of the API that was seen, and the one that held what was written last. */
  #node: Node | undefined;
  #written: Node | undefined;
  #repairedAt = -Infinity;
  #reporting: Promise<void> = Promise.resolve();

  constructor(options: NodeManagerOptions) { this.#options = options; }

  /** Those a node that is there already gets too. */
  get #labels(): Record<string, string> { return ownLabels(this.#options.nodeName, this.#options.info.architecture, this.#options.labels); }

  get #devices(): DeviceCounts { return this.#options.devices?.() ?? {}; }

  /** How events name the node. */
  get reference(): EventTarget { return { apiVersion: 'v1', kind: 'Node', metadata: { name: this.#options.nodeName, uid: this.#options.nodeName } }; }

  /** Creates the Node, or takes over the one that is there; tries until the server answers or the signal aborts. */
  async register(signal: AbortSignal): Promise<Node> {
    const { client, nodeName, info, clock, log, recorder, annotations = {}, taints = [] } = this.#options;
    const labels = this.#labels;
    for (;;) {
      try {
        const existing = await client.get(Nodes, { name: nodeName }).catch((error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw error;
        });
        const node = existing
          ? hasLabels(existing, labels) && says(existing.metadata.annotations, annotations) ? existing : await client.patch<Node>(Nodes, { name: nodeName }, { metadata: { labels, annotations } })
          : await client.create<Node>(Nodes, { metadata: { name: nodeName, labels: { ...labels, ...this.#options.labels }, annotations }, ...(taints.length ? { spec: { taints } } : {}) });
        this.#node = this.#written = node;
        this.#last = node.status;
        recorder.normal(this.reference, 'Starting', 'Starting kubelet.');
        if (info.cgroupVersion === '1') recorder.warning(this.reference, 'CgroupV1', 'cgroup v1 support is in maintenance mode, please migrate to cgroup v2');
        return node;
      } catch (error) {
        signal.throwIfAborted();
        if (!isAlreadyExists(error)) {
          log.warn({ error: (error as Error).message }, 'the node could not be registered; trying again');
          await clock.sleep(retryMs, signal);
        }
      }
    }
  }

  /** Says what keeps the node from running Pods, or (undefined) that this no longer does. */
  problem(part: 'network' | 'runtime', message: string | undefined): void {
    if (this.#problems.get(part) === message) return;
    if (message === undefined) this.#problems.delete(part);
    else this.#problems.set(part, message);
    void this.report();
  }

  /** The API has this version of the Node now: what someone else has changed in the node's own part is written again at once. */
  observe(node: Node): void {
    if (!this.#node || node.metadata.name !== this.#options.nodeName || !isNewer(node, this.#node)) return;
    this.#see(node);
    if (this.#edited() && this.#options.clock.monotonic() - this.#repairedAt >= repairPaceMs) void this.report();
  }
  #edited(): 'labels' | 'status' | 'resources' | undefined {
    if (!this.#node || !this.#written) return undefined;
    if (!hasLabels(this.#node, this.#labels)) return 'labels';
    const devices = Object.keys(this.#devices);
    if (isNewer(this.#node, this.#written) && wasEdited(this.#written.status, this.#node.status, devices)) return 'status';
    return lacksExtended(this.#node.status, devices) ? 'resources' : undefined;
  }

  /** Status and Lease until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#repeat(() => this.report(), checkMs, signal), this.#repeat(() => this.#renew(), renewMs, signal)]);
  }

  /** Brings the status to the API when it differs from what was told last; never throws. */
  report(): Promise<void> {
    return (this.#reporting = this.#reporting.then(() => this.#report()).catch((error: unknown) => {
      this.#options.log.info({ error: (error as Error).message }, 'the node status could not be written; the next check tries again');
    }));
  }

  async #report(): Promise<void> {
    const { client, clock, log, nodeName, internalIP, info, kubeletVersion, recorder, reserve } = this.#options;
    const [facts, images] = await Promise.all([
      this.#options.facts?.() ?? readHost(info),
      this.#listImages(),
    ]);
    const health = this.#options.health();
    const problems = [...new Set([...(images ? [] : ['container runtime is down']), ...this.#problems.values(), ...health.problems])];
    if (this.#edited() === 'labels') {
      this.#repairedAt = clock.monotonic();
      this.#see(await client.patch<Node>(Nodes, { name: nodeName }, { metadata: { labels: this.#labels } }));
    }
    const edit = this.#edited();
    const edited = edit === 'status';
    const found = this.#node?.status;
    const old = edited ? found : this.#last;
    const status = nodeStatus({ nodeName, internalIP, facts, info, images: images ?? [], kubeletVersion, problems, pressure: health.pressure, reserve, extended: extendedResources(found?.capacity), devices: this.#devices, now: clock.now() }, old);
    const due = clock.monotonic() - this.#reportedAt >= reportMs;
    if (!edit && sameStatus(this.#last, status) && !due) return;
    if (edit) this.#repairedAt = clock.monotonic();
    if (edited) {
      log.info({ nodeName }, 'the status of the node was changed by someone else; it is written again');
    }
    // Addresses merge by type: both of ours are always told.
    const answer = await client.patch<Node>(Nodes, { name: nodeName }, { status: statusPatch(status, found) }, { type: 'strategic', subresource: 'status' });
    this.#see(answer);
    this.#written = answer;
    this.#last = status;
    this.#reportedAt = clock.monotonic();
    for (const { type, reason, message } of statusEvents(nodeName, old, status)) recorder[type === 'Normal' ? 'normal' : 'warning'](this.reference, reason, message);
  }

  /** Those of the last answer while the engine takes its time; undefined when it refuses. */
  async #listImages(): Promise<readonly Image[] | undefined> {
    const { runtime, clock } = this.#options;
    this.#listingImages ??= runtime.listImages().then((images) => (this.#images = images), () => undefined).finally(() => { this.#listingImages = undefined; });
    return within(clock, imagesMs, this.#listingImages, () => this.#images);
  }

  #see(node: Node): void {
    if (this.#node && !isNewer(node, this.#node)) return;
    const { recorder, nodeName } = this.#options;
    const closed = node.spec?.unschedulable ?? false;
    if (this.#node && (this.#node.spec?.unschedulable ?? false) !== closed) {
      const { reason, message } = isNow(nodeName, closed ? 'NodeNotSchedulable' : 'NodeSchedulable');
      recorder.normal(this.reference, reason, message);
    }
    this.#node = node;
  }

  async #renew(): Promise<void> {
    const { client, clock, nodeName, log } = this.#options;
    const key = { namespace: leaseNamespace, name: nodeName };
    const renewTime = microTimestamp(clock.now());
    try {
      await client.patch(Leases, key, { spec: { holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime } }).catch(async (error: unknown) => {
        if (!isNotFound(error)) throw error;
        const owner = this.#node && { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: this.#node.metadata.uid }] };
        await client.create(Leases, { metadata: { ...key, ...owner }, spec: { holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime } });
      });
    } catch (error) {
      log.info({ error: (error as Error).message }, 'the lease of the node could not be renewed; trying again');
    }
  }

  async #repeat(work: () => Promise<void>, everyMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await work();
      await this.#options.clock.sleep(everyMs, signal).catch(() => undefined); // aborted: the loop ends
    }
  }
}

const isNewer = (a: Node, b: Node): boolean => Number(a.metadata.resourceVersion) > Number(b.metadata.resourceVersion);
