// The scheduler: gives every Pod without a node the node that suits it best, or says why none does.
// upstream: pkg/scheduler/scheduler.go, schedule_one.go, eventhandlers.go
import { setMaxListeners } from 'node:events';
import { isPodTerminal } from '../../src/api/core/pod-conditions.ts';
import { findCondition } from '../../src/apimachinery/conditions.ts';
import { isConflict, isNotFound } from '../../src/apimachinery/status-error.ts';
import { ReplicaSets } from '../../src/api/apps/replica-set.ts';
import { Namespaces } from '../../src/api/core/namespace.ts';
import { Nodes, type Node } from '../../src/api/core/node.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { ReplicationControllers } from '../../src/api/core/replication-controller.ts';
import { Services } from '../../src/api/core/service.ts';
import { PodDisruptionBudgets } from '../../src/api/policy/pod-disruption-budget.ts';
import { keyOf, type Client } from '../../src/client/client.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import type { Informer, InformerFactory } from '../../src/client/informer.ts';
import type { ResourceDefinition } from '../../src/schema/resource.ts';
import { timestamp, type Clock } from '../../src/util/clock.ts';
import { equalJson } from '../../src/util/json.ts';
import type { Log } from '../../src/util/log.ts';
import { SchedulerCache } from './cache.ts';
import { FitError } from './fit-error.ts';
import type { Related } from './framework.ts';
import { schedulingChanged } from './node-changes.ts';
import { Nominator } from './nominator.ts';
import { Preemptor } from './preemptor.ts';
import { defaultConfiguration, type SchedulerConfiguration } from './profiles/configuration.ts';
import { defaultSchedulerName, type Profile } from './profiles/profile.ts';
import { SchedulingQueue } from './queue.ts';
import { relatedFrom } from './related.ts';
import { schedulePod } from './schedule-pod.ts';
import { VolumeBinder } from './volume-binder.ts';
import type { NodeInfo } from './node-info.ts';

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  /** The core Events definition. */
  readonly events: ResourceDefinition;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Its profiles and how long Pods wait; absent: upstream's defaults. */
  readonly configuration?: SchedulerConfiguration;
  /** Chooses among equally good nodes; 0 up to 1. */
  readonly random?: () => number;
}

/** A loop that held the thread this long lets others run. */
const yieldAfterMs = 10;

/** A profile, and who its Events are from. */
interface Served { readonly profile: Profile; readonly events: EventRecorder }


/** Says in what something failed; what is answered to by other means than words stays as it is. */
async function within(what: string, done: Promise<unknown>, ...passed: readonly ((error: unknown) => boolean)[]): Promise<void> {
  try {
    await done;
  } catch (error) {
    throw passed.some((passes) => passes(error)) ? error : new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}

/** Runs until the signal aborts. */
export const runScheduler = (options: SchedulerOptions): Promise<void> => new Scheduler(options).run();

class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #cache = new SchedulerCache();
  readonly #queue: SchedulingQueue;
  readonly #profiles: ReadonlyMap<string, Served>;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #related: Related;
  readonly #volumes: VolumeBinder;
  readonly #nominator = new Nominator();
  readonly #preemptor: Preemptor;
  readonly #informers: readonly Informer[];
  #start = 0;

  constructor(options: SchedulerOptions) {
    const { informers, client, events, clock, log, configuration = defaultConfiguration } = options;
    this.#options = options;
    this.#profiles = new Map(configuration.profiles.map((profile) => [profile.schedulerName, { profile, events: new EventRecorder(client, events, { component: profile.schedulerName }, { clock, log }) }]));
    this.#queue = new SchedulingQueue(clock, (pod) => this.#served(pod)?.profile.plugins ?? [], configuration);
    this.#pods = informers.informer(Pods);
    this.#nodes = informers.informer(Nodes);
    const services = informers.informer(Services);
    const replicaSets = informers.informer(ReplicaSets);
    const replicationControllers = informers.informer(ReplicationControllers);
    const namespaces = informers.informer(Namespaces);
    const budgets = informers.informer(PodDisruptionBudgets);
    this.#volumes = new VolumeBinder(client, informers, clock);
    this.#preemptor = new Preemptor(client, clock, this.#nominator);
    this.#related = relatedFrom({ services, replicaSets, replicationControllers, namespaces, budgets, storage: this.#volumes.storage });
    this.#informers = [this.#pods, this.#nodes, services, replicaSets, replicationControllers, namespaces, budgets, ...this.#volumes.informers];
  }

  async run(): Promise<void> {
    const { signal, clock } = this.#options;
    const unsubscribe = [
      this.#nodes.addHandler({ added: (node) => this.#setNode(node), updated: (node, old) => this.#setNode(node, old), deleted: ({ metadata }) => this.#cache.removeNode(metadata.name) }),
      this.#volumes.watch((event) => this.#queue.notify(event)),
      this.#pods.addHandler({ added: (pod) => this.#setPod(pod), updated: (pod, old) => this.#setPod(pod, old), deleted: (pod) => this.#removePod(pod) }),
    ];
    const stop = (): void => this.#queue.close();
    // One for each kind of object followed.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.all(this.#informers.map((informer) => informer.waitFor(0, signal)));
      let yielded = clock.monotonic();
      for (let pod = await this.#queue.take(); pod; pod = await this.#queue.take()) {
        await this.#schedule(pod);
        if (clock.monotonic() - yielded <= yieldAfterMs) continue;
        await new Promise<void>((resolve) => setImmediate(resolve));
        yielded = clock.monotonic();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      for (const off of unsubscribe) off();
      this.#queue.close();
    }
  }

  /** How the Pod is placed; undefined when that is somebody else's affair. */
  #served({ spec }: Pod): Served | undefined { return this.#profiles.get(spec.schedulerName || defaultSchedulerName); }

  #setNode(node: Node, old?: Node): void {
    this.#cache.setNode(node);
    if (!old) this.#queue.notify('Node/add');
    else if (schedulingChanged(node, old)) this.#queue.notify('Node/update');
  }
  #setPod(pod: Pod, old?: Pod): void {
    const { uid } = pod.metadata;
    if (!pod.spec.nodeName) return this.#setPending(pod, old);
    this.#queue.remove(uid);
    this.#nominator.remove(uid);
    if (isPodTerminal(pod)) {
      this.#cache.removePod(uid);
      if (!old || !isPodTerminal(old)) this.#queue.notify('Pod/delete');
      return;
    }
    this.#cache.setPod(pod);
    if (!old?.spec.nodeName) this.#queue.notify('Pod/add');
    else if (!equalJson(pod.metadata.labels, old.metadata.labels)) this.#queue.notify('Pod/update');
  }
  #setPending(pod: Pod, old: Pod | undefined): void {
    const { uid, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp || isPodTerminal(pod) || !this.#served(pod)) {
      if (this.#nominator.remove(uid)) this.#queue.notify('Pod/delete');
      return this.#queue.remove(uid);
    }
    if (this.#cache.isAssumed(uid)) return;
    // What was promised a moment ago may not have been written yet.
    const nominated = pod.status?.nominatedNodeName;
    if (nominated || old?.status?.nominatedNodeName) this.#nominator.set(pod, nominated);
    this.#queue.set(pod, old !== undefined && (!equalJson(pod.spec, old.spec) || !equalJson(pod.metadata.labels, old.metadata.labels)));
  }
  #removePod(pod: Pod): void {
    this.#queue.remove(pod.metadata.uid);
    const promised = this.#nominator.remove(pod.metadata.uid);
    const held = promised || Boolean(pod.spec.nodeName) || this.#cache.isAssumed(pod.metadata.uid);
    this.#cache.removePod(pod.metadata.uid);
    if (held) this.#queue.notify('Pod/delete');
  }

  /** Placing is synchronous; the binding goes on while the next Pod is placed. */
  async #schedule(pod: Pod): Promise<void> {
    const { uid } = pod.metadata;
    const { random = Math.random, log } = this.#options;
    const served = this.#served(pod)!;
    const { plugins, percentageOfNodesToScore } = served.profile;
    try {
      const snapshot = { nodes: this.#cache.nodes, related: this.#related, nominated: (name: string) => this.#nominator.on(name) };
      const { node, looked } = schedulePod(pod, snapshot, plugins, { start: this.#start, random, percentageOfNodesToScore });
      this.#start = (this.#start + looked) % this.#cache.nodes.length;
      this.#cache.assume(pod, node.name);
      this.#nominator.remove(uid);
      void this.#bind(pod, node, served);
    } catch (error) {
      if (error instanceof FitError) return this.#unschedulable(pod, error, served);
      log.error({ error, pod: keyOf(pod) }, 'pod could not be scheduled');
      this.#queue.retry(uid);
      await this.#report(pod, served, 'SchedulerError', (error as Error).message);
    }
  }
  /** Makes room if that helps, and says why the Pod waits. */
  async #unschedulable(pod: Pod, { message, plugins: rejecting, after }: FitError, served: Served): Promise<void> {
    const { uid } = pod.metadata;
    if (after.nominated) {
      try {
        await this.#preemptor.makeRoom(pod, after.nominated, served.events);
      } catch (error) {
        this.#options.log.warn({ error, pod: keyOf(pod), node: after.nominated.node }, 'preemption failed');
        this.#queue.retry(uid);
        return this.#report(pod, served, 'SchedulerError', `preemption: ${(error as Error).message}`);
      }
    } else if (after.clear) {
      this.#nominator.remove(uid);
    }
    this.#queue.unschedulable(uid, rejecting);
    await this.#report(pod, served, 'Unschedulable', message, after.nominated?.node ?? (after.clear ? '' : undefined));
  }

  async #bind(pod: Pod, info: NodeInfo, served: Served): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    const node = info.name;
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target: { apiVersion: 'v1', kind: 'Node', name: node } };
    try {
      const { bindsVolumes, bindTimeoutSeconds } = served.profile;
      if (bindsVolumes) await within('running PreBind plugin "VolumeBinding": binding volumes', this.#volumes.bind(pod, info, bindTimeoutSeconds * 1000, this.#options.signal), isConflict);
      await within('binding rejected: running Bind plugin "DefaultBinder"', this.#options.client.post(Pods, { name, namespace }, 'binding', binding), isConflict, isNotFound);
      served.events.normal(pod, 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`);
    } catch (error) {
      if (this.#options.signal.aborted) return;
      this.#cache.forget(uid);
      this.#nominator.set(pod, pod.status?.nominatedNodeName);
      this.#queue.notify('Pod/delete');
      // Gone, or placed by someone else: the watch tells the rest.
      if (isNotFound(error)) {
        this.#nominator.remove(uid);
        return this.#queue.remove(uid);
      }
      this.#queue.retry(uid);
      if (isConflict(error)) return;
      this.#options.log.warn({ error, pod: keyOf(pod), node }, 'binding was refused');
      await this.#report(pod, served, 'SchedulerError', (error as Error).message);
    }
  }

  /** Tells people, as an Event and as the Pod's condition, why it waits; `nominated` is the node it waits for, empty when it gives one up. */
  async #report(pod: Pod, { events }: Served, reason: string, message: string, nominated = pod.status?.nominatedNodeName ?? ''): Promise<void> {
    const { client, clock, log } = this.#options;
    events.warning(pod, 'FailedScheduling', message);
    const old = findCondition(pod.status?.conditions, 'PodScheduled');
    const moved = nominated !== (pod.status?.nominatedNodeName ?? '');
    if (!moved && old?.status === 'False' && old.reason === reason && old.message === message) return;
    const lastTransitionTime = old?.status === 'False' && old.lastTransitionTime ? old.lastTransitionTime : timestamp(clock.now());
    const conditions = [{ type: 'PodScheduled', status: 'False', reason, message, lastTransitionTime }];
    const { name, namespace, uid } = pod.metadata;
    await client.patch(Pods, { name, namespace }, { metadata: { uid }, status: { conditions, ...(moved ? { nominatedNodeName: nominated || null } : {}) } }, { type: 'strategic', subresource: 'status' }).catch((error: unknown) => {
      if (!isNotFound(error)) log.info({ error, pod: keyOf(pod) }, 'the condition of a pod that cannot be placed was not written');
    });
  }
}
