// One Pod over its life on this node: sync until it is to end, terminating until nothing of it runs, terminated until it is
// forgotten. One pass at a time. upstream: pkg/kubelet/pod_workers.go
import { isPodTerminal } from '../../src/api/core/pod-conditions.ts';
import { Backoff } from '../../src/util/backoff.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { nodeAffinityReason } from './admission.ts';
import type { Allocations } from './allocations.ts';
import type { PodGroups } from './control-groups/pod-groups.ts';
import { GracePeriod } from './grace-period.ts';
import type { DeviceManager } from './devices/device-manager.ts';
import type { ContainerEvents } from './images.ts';
import type { PodKiller } from './kill-pod.ts';
import { containerFacts } from './labels.ts';
import type { ObjectCache } from './object-cache.ts';
import { gracePeriodOf, type Pod, type PodStatus } from './pod.ts';
import { beforeItsEnd, evictedReason, podStatus, preemptingReason, withReadiness, type PodFailure } from './pod-status.ts';
import type { ProberManager } from './probes/prober-manager.ts';
import type { RuntimeCache } from './runtime-cache.ts';
import { hasEnded } from './runtime-status.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import type { StatusManager } from './status-manager.ts';
import type { PodSyncer } from './sync-pod.ts';
import type { VolumeManager } from './volumes/volume-manager.ts';

export interface WorkerOptions {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  readonly cache: RuntimeCache;
  readonly events: ContainerEvents;
  readonly syncer: PodSyncer;
  readonly killer: PodKiller;
  readonly probes: ProberManager;
  readonly statuses: StatusManager;
  readonly volumes: VolumeManager;
  readonly allocations: Allocations;
  readonly devices?: Pick<DeviceManager, 'admit' | 'release'>;
  readonly groups?: PodGroups;
  readonly objects: ObjectCache;
  readonly tokens: ServiceAccountTokens;
  readonly hostIPs: readonly string[];
  /** Resolves when no proxy sends new requests to the Pod any more (or never will). */
  readonly drained: (pod: Pod, signal: AbortSignal) => Promise<void>;
  /** Why a Pod may not begin on this node now. upstream: pkg/kubelet/lifecycle (PodAdmitHandler) */
  readonly refuse: (pod: Pod) => PodFailure | undefined;
  /** Ends others where a critical Pod lacks room; resolves when they have ended: why it may not begin all the same. */
  readonly makeRoom: (pod: Pod) => Promise<PodFailure | undefined>;
  /** Reads the node anew: what Pods ask of its labels is told by another watch than the Pods. */
  readonly refreshNode: () => Promise<void>;
  /** The worker is done: nothing of its Pod is left, here or in the API. */
  readonly onGone: (uid: string) => void;
}

export type WorkerState = 'sync' | 'terminating' | 'terminated' | 'gone';

export class PodWorker {
  readonly uid: string;
  readonly #options: WorkerOptions;
  readonly #signal: AbortSignal;
  #pod: Pod | undefined;
  #removed: boolean;
  #state: WorkerState = 'sync';
  #grace: GracePeriod | undefined;
  #failure: PodFailure | undefined;
  /** Seconds a Pod that is ended by the kubelet may take at most. */
  #graceLimit = Infinity;
  #tellEnded: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => { this.#tellEnded = resolve; });
  #admitted = false;
  #dirty = false;
  #running = false;
  /** Aborted when the Pod is to end: what is being started for it stops. */
  readonly #starting = new AbortController();
  readonly #mayStart: AbortSignal;
  /** The status of a Pod that had ended with all its containers before this worker began, or before what shows it was removed: it is told already, and stays. */
  #told: Pod['status'] | undefined;
  #cancelTimer: (() => void) | undefined;
  readonly #backoff = new Backoff<'pass'>(1000, 10_000);

  /** `pod` is undefined for one that the API does not know: it is only ended. */
  constructor(uid: string, pod: Pod | undefined, options: WorkerOptions, signal: AbortSignal) {
    this.uid = uid;
    this.#pod = pod;
    this.#removed = pod === undefined;
    this.#told = pod && isPodTerminal(pod) && !saysRunning(pod) ? pod.status : undefined;
    this.#options = options;
    this.#signal = signal;
    this.#mayStart = AbortSignal.any([this.#starting.signal, signal]);
  }
  get state(): WorkerState { return this.#state; }
  get pod(): Pod | undefined { return this.#pod; }
  /** The Pod with what is set aside for it, from its admission until it is to end: who is told that it has ended finds its place free. */
  get claim(): Pod | undefined {
    const { statuses, allocations } = this.#options;
    const pod = this.#pod;
    if (!pod || !(this.#admitted || this.#hasBegun()) || this.#state !== 'sync' || this.#failure || this.#removed || pod.metadata.deletionTimestamp || isPodTerminal(statuses.current(pod))) return undefined;
    return allocations.current(pod).pod;
  }

  /** The API has this version of the Pod now. */
  update(pod: Pod): void {
    this.#pod = pod;
    this.#options.statuses.observe(pod);
    this.#heed();
  }
  /** The API has no such Pod any more. */
  remove(): void {
    this.#removed = true;
    this.#heed();
  }
  /** Ends the Pod with these words, within so many seconds; resolves when nothing of it is left but its status. */
  async fail(failure: PodFailure, graceSeconds: number): Promise<void> {
    if (this.#state === 'sync' && !this.#failure) {
      this.#failure = failure;
      this.#graceLimit = graceSeconds;
      this.#starting.abort(new Error('the Pod is to end'));
      this.poke();
    }
    await this.#ended;
  }
  /** Something the Pod depends on has changed: look again. */
  poke(): void {
    this.#dirty = true;
    if (this.#signal.aborted) return;
    if (!this.#running) void this.#run();
    // A pass that ends the Pod lasts as long as its containers take.
    else if (this.#state === 'terminating' && this.#pod && !this.#failure && !this.#removed) this.#tellReadiness(this.#pod);
  }

  /** A wish to end stops what is being started, and a shorter grace period reaches what is being stopped. */
  #heed(): void {
    const ends = this.#removed || this.#pod?.metadata.deletionTimestamp !== undefined;
    if (ends && this.#state === 'sync') this.#starting.abort(new Error('the Pod is to end'));
    if (this.#grace && this.#pod?.metadata.deletionTimestamp && !this.#removed) this.#grace.shorten(gracePeriodOf(this.#pod));
    this.poke();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#dirty && !this.#signal.aborted && this.#state !== 'gone') {
      this.#dirty = false;
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      try {
        const retryAfter = await this.#pass();
        this.#backoff.forget('pass');
        if (retryAfter !== undefined) this.#wakeAfter(retryAfter);
      } catch (error) {
        if (this.#signal.aborted) break;
        if (this.#state === 'sync' && this.#starting.signal.aborted) continue;
        this.#options.log.info({ error: brief(error), pod: this.#pod?.metadata.name, namespace: this.#pod?.metadata.namespace, state: this.#state }, 'Pod pass failed; trying again');
        this.#wakeAfter(this.#backoff.next('pass'));
      }
    }
    this.#running = false;
  }
  #wakeAfter(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(ms, () => this.poke());
  }

  async #pass(): Promise<number | undefined> {
    if (this.#state === 'sync') {
      const retryAfter = await this.#sync();
      if (this.#state === 'sync') return retryAfter;
    }
    if (this.#state === 'terminating') await this.#terminate();
    if (this.#state === 'terminated') await this.#finish();
    return undefined;
  }

  /** Milliseconds until the next look. */
  async #sync(): Promise<number | undefined> {
    const { syncer, probes, cache, allocations } = this.#options;
    const pod = this.#pod;
    if (this.#removed || !pod || pod.metadata.deletionTimestamp || isPodTerminal(pod) || this.#failure) return this.#end();
    if (!(await this.#admit(pod))) return this.#end();
    const deadline = this.#deadlineIn(pod);
    if (deadline !== undefined && deadline <= 0) {
      this.#failure = { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
      this.#options.events.normal(pod, undefined, 'DeadlineExceeded', this.#failure.message);
      return this.#end();
    }
    const allocated = allocations.admit(pod);
    if (allocated.resized) syncer.resized(this.uid);
    probes.sync(pod, cache.get(this.uid));
    // Of a Pod that starts at once, the first there is to tell is that it runs.
    if (this.#publish(pod, false, this.#hasBegun() ? 'now' : 'soon') !== 'running') return this.#end();
    const seen = this.#pod;
    try {
      const { retryAfter } = await syncer.sync(this.#options.statuses.current(allocated.pod), this.#mayStart);
      return soonest(retryAfter, deadline);
    } finally {
      // What came meanwhile (a deletion, say) is judged in the next pass; what was done shows at once.
      probes.sync(pod, cache.get(this.uid));
      if (this.#publish(pod, false) === 'ended' && seen === this.#pod) this.poke();
    }
  }
  /** Asked once, of a Pod nothing runs of yet. */
  async #admit(pod: Pod): Promise<boolean> {
    const { events, refuse, makeRoom, refreshNode, devices } = this.#options;
    if (this.#admitted) return true;
    const judge = (): PodFailure | undefined => (this.#hasBegun() ? undefined : refuse(pod));
    let refused = judge();
    if (refused?.reason === nodeAffinityReason) {
      await refreshNode();
      refused = judge();
    }
    // From here on its place counts as taken.
    this.#admitted = true;
    if (!refused && !this.#hasBegun()) refused = await Promise.race([makeRoom(pod), aborted(this.#mayStart)]);
    if (!refused && !this.#hasBegun() && !this.#mayStart.aborted) refused = await devices?.admit(pod);
    if (!refused) return true;
    events.warning(pod, undefined, refused.reason, refused.message);
    this.#failure = { ...refused, rejected: true, message: `Pod was rejected: ${refused.message}` };
    return false;
  }
  #hasBegun(): boolean { return this.#options.cache.hasBegun(this.uid); }
  #end(): undefined {
    this.#state = 'terminating';
    return undefined;
  }
  #deadlineIn(pod: Pod): number | undefined {
    const { activeDeadlineSeconds } = pod.spec;
    const start = this.#options.statuses.current(pod).status?.startTime;
    return activeDeadlineSeconds === undefined || !start ? undefined : Date.parse(start) + activeDeadlineSeconds * 1000 - this.#options.clock.now();
  }

  /** Hands on the Pod's status; whether it is to end, or has ended. That it has is told when nothing of it can run any more. */
  #publish(pod: Pod, terminal: boolean, when: 'now' | 'soon' = 'now'): 'running' | 'ended' {
    const { statuses } = this.#options;
    const status = this.#status(pod, terminal);
    const { status: told } = statuses.current(pod);
    const ended = isPodTerminal({ status });
    if (!ended || terminal || this.#failure?.rejected || (told && isPodTerminal({ status: told }))) statuses.set(pod, status, when);
    // Mostly its end is a moment away; Services let go at once of a Pod that fails for a reason of its own.
    else statuses.set(pod, beforeItsEnd(status, told), this.#failure ? 'now' : 'soon');
    return ended ? 'ended' : 'running';
  }
  /** Containers are ready or not also while they end; all else is told when they have, mostly a moment later. upstream: status_manager.go (SetContainerReadiness) */
  #tellReadiness(pod: Pod): void {
    const { statuses } = this.#options;
    const told = statuses.current(pod);
    if (told.status && !isPodTerminal(told)) statuses.set(pod, withReadiness(told.status, this.#status(pod, false)), 'soon');
  }
  #status(pod: Pod, terminal: boolean): PodStatus {
    const { cache, probes, statuses, syncer, clock, hostIPs, allocations } = this.#options;
    const { pod: allocated, pending } = allocations.current(pod);
    const error = syncer.resizeError(this.uid);
    return podStatus({
      pod: statuses.current(allocated), resize: { ...(pending ? { pending } : {}), ...(error ? { error } : {}) }, runtime: cache.get(this.uid), probes, waiting: syncer.waitingReasons(this.uid), terminal, now: clock.now(), hostIPs,
      ...(this.#failure ? { failure: this.#failure } : {}),
    });
  }

  async #terminate(): Promise<void> {
    const { killer, probes, drained, cache, clock, events } = this.#options;
    const pod = this.#pod;
    this.#grace ??= new GracePeriod(clock, this.#graceSeconds());
    probes.stopRestarting(this.uid);
    // A Pod that fails for a reason of its own is not ready from now on: Services let go of it while it ends.
    if (pod && this.#failure) this.#publish(pod, false);
    const waiting = new AbortController();
    try {
      const wait = pod && cache.get(this.uid).containers.some((c) => !hasEnded(c)) ? drained(pod, AbortSignal.any([waiting.signal, this.#signal])).catch(() => undefined) : Promise.resolve();
      await killer.killPod(this.uid, pod, this.#grace, { drained: wait, goes: this.#goes });
    } catch (error) {
      if (pod && !this.#signal.aborted) events.warning(pod, undefined, 'FailedKillPod', `error killing pod: ${(error as Error).message}`);
      throw error;
    } finally {
      waiting.abort(new Error('the Pod has ended'));
    }
    probes.remove(this.uid);
    this.#state = 'terminated';
    this.#dirty = true;
  }
  /** The API has no such Pod any more. */
  get #isGone(): boolean { return this.#removed || this.#pod === undefined; }
  /** Nothing of the Pod is to be read when it has ended. */
  get #goes(): boolean { return this.#isGone || Boolean(this.#pod?.metadata.deletionTimestamp); }
  #graceSeconds(): number {
    if (this.#pod && !this.#removed) return Math.min(this.#graceLimit, gracePeriodOf(this.#pod));
    if (this.#pod) return Math.min(this.#graceLimit, this.#pod.spec.terminationGracePeriodSeconds ?? 30);
    return Math.max(1, ...this.#options.cache.get(this.uid).containers.map((c) => containerFacts(c).graceSeconds));
  }

  /** What ended stays to be read until the Pod is deleted; then everything of it goes, the API's object first. */
  async #finish(): Promise<void> {
    const { statuses, volumes, objects, tokens, syncer, onGone, allocations, devices, groups } = this.#options;
    const pod = this.#pod;
    const gone = this.#isGone;
    if (pod && !gone && !this.#told) this.#publish(pod, true);
    if (pod && !gone && this.#told) statuses.set(pod, this.#told);
    allocations.release(this.uid);
    devices?.release(this.uid);
    objects.unregister(this.uid);
    tokens.forget(this.uid);
    await volumes.tearDown(this.uid);
    await groups?.remove(this.uid);
    this.#tellEnded();
    if (pod && !gone) {
      // What is left of a Pod that had to go takes up what the node has too little of. upstream: ShouldPodContentBeRemoved
      if (hadToGo(this.#failure?.reason) || (isPodTerminal(pod) && hadToGo(pod.status.reason))) {
        this.#told ??= statuses.current(pod).status;
        await this.#removeContainers();
      }
      if (!pod.metadata.deletionTimestamp) return;
      await statuses.flush(this.uid);
      await statuses.delete(pod);
    }
    await this.#removeContainers();
    this.#state = 'gone';
    syncer.forget(this.uid);
    statuses.forget(this.uid);
    onGone(this.uid);
  }
  async #removeContainers(): Promise<void> {
    const { runtime, cache } = this.#options;
    for (const container of cache.get(this.uid).containers) await this.#removing(runtime.removeContainer(container.id), container.id);
    for (const sandbox of cache.get(this.uid).sandboxes) await this.#removing(runtime.removePodSandbox(sandbox.id), sandbox.id);
  }
  async #removing(work: Promise<void>, id: string): Promise<void> {
    await work;
    this.#options.cache.forget(id);
  }
}

const hadToGo = (reason: string | undefined): boolean => reason === evictedReason || reason === preemptingReason;
const aborted = (signal: AbortSignal): Promise<undefined> => new Promise((resolve) => {
  if (signal.aborted) resolve(undefined);
  else signal.addEventListener('abort', () => resolve(undefined), { once: true });
});

/** What is expected to fail is told in its own words; a mistake in the program with its stack. */
const brief = (error: unknown): unknown => (error instanceof TypeError || error instanceof RangeError || !(error instanceof Error) ? error : error.message);

/** Who has told of the Pod's end in the place of its node did not know of that of its containers. */
const saysRunning = ({ status }: Pod): boolean => [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? []), ...(status.ephemeralContainerStatuses ?? [])].some((s) => s.state.running);

const soonest = (...times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((t) => t !== undefined);
  return known.length ? Math.min(...known) : undefined;
};
