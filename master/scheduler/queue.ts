// The Pods that wait for a node: active ones by priority and age, those that failed after a back-off, and those that fit
// nowhere until something happens that could cure it.
// upstream: pkg/scheduler/backend/queue/scheduling_queue.go
import type { Pod } from '../../src/api/core/pod.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { ClusterEvent, Plugin } from './framework.ts';

/** How long a Pod waits after it failed: doubled from the first time on up to the most. */
export interface QueueBackoff { readonly initialBackoffMs: number; readonly maxBackoffMs: number }
/** Even without a cure in sight a Pod is tried again after this. */
const unschedulableMs = 300_000;

interface Waiting { pod: Pod; readonly since: number; attempts: number; failedAt: number; plugins: ReadonlySet<string>; /** Changed while it was being placed. */ changed: boolean; cancel?: (() => void) | undefined; state: 'gated' | 'active' | 'backoff' | 'unschedulable' | 'scheduling' }

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #pluginsOf: (pod: Pod) => readonly Plugin[];
  readonly #backoff: QueueBackoff;
  readonly #pods = new Map<string, Waiting>();
  readonly #active: Waiting[] = [];
  #taker: ((pod: Pod | undefined) => void) | undefined;
  #closed = false;
  /** Events since a Pod was taken: what came meanwhile may have cured it already. */
  #events: { readonly event: ClusterEvent; readonly at: number }[] = [];
  #sequence = 0;
  readonly #takenAt = new Map<string, number>();

  /** @param pluginsOf those of the Pod's profile */
  constructor(clock: Clock, pluginsOf: (pod: Pod) => readonly Plugin[], backoff: QueueBackoff) {
    this.#clock = clock;
    this.#pluginsOf = pluginsOf;
    this.#backoff = backoff;
  }
  get size(): number { return this.#pods.size; }

  /** A Pod without a node, new or changed. A change of what scheduling looks at brings it back at once. */
  set(pod: Pod, changed: boolean): void {
    const known = this.#pods.get(pod.metadata.uid);
    if (!known) {
      const waiting: Waiting = { pod, since: this.#clock.now(), attempts: 0, failedAt: 0, plugins: new Set(), changed: false, state: 'gated' };
      this.#pods.set(pod.metadata.uid, waiting);
      this.#activate(waiting);
      return;
    }
    known.pod = pod;
    if (known.state === 'gated') this.#activate(known);
    else if (known.state === 'scheduling') known.changed ||= changed;
    else if (known.state === 'unschedulable' && changed) this.#backOff(known);
  }
  remove(uid: string): void {
    const waiting = this.#pods.get(uid);
    if (!waiting) return;
    waiting.cancel?.();
    this.#pods.delete(uid);
    this.#takenAt.delete(uid);
    const at = this.#active.indexOf(waiting);
    if (at >= 0) this.#active.splice(at, 1);
    this.#trimEvents();
  }

  /** The next Pod to place; undefined once closed. */
  take(): Promise<Pod | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const next = this.#active.shift();
    if (next) return Promise.resolve(this.#hand(next));
    return new Promise((resolve) => { this.#taker = resolve; });
  }
  /** The Pod fits nowhere: it waits for an event that cures one of `plugins` (any event when empty). */
  unschedulable(uid: string, plugins: ReadonlySet<string>): void {
    const waiting = this.#pods.get(uid);
    if (!waiting) return;
    this.#fail(waiting, plugins);
    const taken = this.#takenAt.get(uid) ?? 0;
    this.#takenAt.delete(uid);
    if (waiting.changed || this.#events.some(({ event, at }) => at > taken && this.#cures(waiting, event))) this.#backOff(waiting);
    else {
      waiting.state = 'unschedulable';
      waiting.cancel = this.#clock.after(unschedulableMs, () => this.#backOff(waiting));
    }
    this.#trimEvents();
  }
  /** Something failed that has nothing to do with the cluster's room: tried again after the back-off. */
  retry(uid: string): void {
    const waiting = this.#pods.get(uid);
    if (!waiting) return;
    this.#fail(waiting, new Set());
    this.#takenAt.delete(uid);
    this.#backOff(waiting);
    this.#trimEvents();
  }
  /** Something happened in the cluster: Pods it may cure come back. */
  notify(event: ClusterEvent): void {
    if (this.#takenAt.size) this.#events.push({ event, at: ++this.#sequence });
    for (const waiting of this.#pods.values()) if (waiting.state === 'unschedulable' && this.#cures(waiting, event)) this.#backOff(waiting);
  }
  close(): void {
    this.#closed = true;
    for (const waiting of this.#pods.values()) waiting.cancel?.();
    this.#pods.clear();
    this.#active.length = 0;
    this.#taker?.(undefined);
  }

  #cures({ pod, plugins }: Waiting, event: ClusterEvent): boolean {
    return plugins.size === 0 || this.#pluginsOf(pod).some((plugin) => plugins.has(plugin.name) && plugin.curedBy.includes(event));
  }
  #fail(waiting: Waiting, plugins: ReadonlySet<string>): void {
    waiting.plugins = plugins;
    waiting.failedAt = this.#clock.now();
  }
  #backOff(waiting: Waiting): void {
    waiting.cancel?.();
    const end = waiting.failedAt + Math.min(this.#backoff.maxBackoffMs, this.#backoff.initialBackoffMs * 2 ** (waiting.attempts - 1));
    const left = end - this.#clock.now();
    if (left <= 0) return this.#activate(waiting);
    waiting.state = 'backoff';
    waiting.cancel = this.#clock.after(left, () => this.#activate(waiting));
  }
  #activate(waiting: Waiting): void {
    waiting.cancel?.();
    waiting.cancel = undefined;
    waiting.state = 'gated';
    if (this.#pluginsOf(waiting.pod).some((plugin) => plugin.holdsBack?.(waiting.pod))) return;
    waiting.state = 'active';
    const taker = this.#taker;
    this.#taker = undefined;
    if (taker) taker(this.#hand(waiting));
    else this.#active.splice(this.#place(waiting), 0, waiting);
  }
  /** Where it belongs: higher priority first, then who waits longer. */
  #place(waiting: Waiting): number {
    let [low, high] = [0, this.#active.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#active[middle]!;
      const before = (other.pod.spec.priority ?? 0) - (waiting.pod.spec.priority ?? 0) || waiting.since - other.since;
      if (before >= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  #hand(waiting: Waiting): Pod {
    waiting.state = 'scheduling';
    waiting.attempts++;
    waiting.changed = false;
    this.#takenAt.set(waiting.pod.metadata.uid, this.#sequence);
    return waiting.pod;
  }
  #trimEvents(): void { if (!this.#takenAt.size) this.#events = []; }
}
