// The workers of all Pods of this node, one serial worker per Pod UID. upstream: pkg/kubelet/pod_workers.go
import { isPodTerminal } from '../../src/api/core/pod-conditions.ts';
import { keyOf } from '../../src/client/client.ts';
import { within } from '../../src/util/clock.ts';
import { type Pod } from './pod.ts';
import type { PodFailure } from './pod-status.ts';
import { PodWorker, type WorkerOptions } from './pod-worker.ts';

export class PodWorkers {
  readonly #options: Omit<WorkerOptions, 'onGone'>;
  readonly #signal: AbortSignal;
  readonly #workers = new Map<string, PodWorker>();
  /** UID that has the name `namespace/name` now. */
  readonly #byName = new Map<string, string>();
  /** By the UID of a Pod that is ending: the one that takes its place then. */
  readonly #next = new Map<string, Pod>();

  constructor(options: Omit<WorkerOptions, 'onGone'>, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  update(pod: Pod): void {
    this.#byName.set(keyOf(pod), pod.metadata.uid);
    const known = this.#workers.get(pod.metadata.uid);
    if (known) known.update(pod);
    else this.#add(pod.metadata.uid, pod).poke();
  }
  remove(pod: Pod): void {
    if (this.#byName.get(keyOf(pod)) === pod.metadata.uid) this.#byName.delete(keyOf(pod));
    this.#workers.get(pod.metadata.uid)?.remove();
  }
  /** `next` comes when nothing of `old` is left; without one the place stays free. */
  replace(old: Pod, next: Pod | undefined): void {
    const { uid } = old.metadata;
    // It may itself still wait for the one before it.
    const [ending = uid] = [...this.#next].find(([, waits]) => waits.metadata.uid === uid) ?? [];
    this.#next.delete(ending);
    if (!this.#workers.has(ending)) {
      if (next) this.update(next);
      return;
    }
    if (next) this.#next.set(ending, next);
    this.remove(old);
  }
  /** Ends what runs under a UID that the API does not know. */
  endOrphan(uid: string): void {
    if (!this.#workers.has(uid)) this.#add(uid, undefined).poke();
  }
  poke(uid: string): void { this.#workers.get(uid)?.poke(); }
  pokeAll(): void { for (const worker of this.#workers.values()) if (worker.state !== 'terminated') worker.poke(); }
  has(uid: string): boolean { return this.#workers.has(uid); }
  /** The Pods of this node as they were last told, ended ones included. */
  pods(): Pod[] { return [...this.#workers.values()].flatMap((w) => (w.pod ? [w.pod] : [])); }
  /** Those that are to run, ended ones and those that end excluded. */
  active(): Pod[] {
    return [...this.#workers.values()].flatMap(({ state, pod }) => (state === 'sync' && pod && !pod.metadata.deletionTimestamp && !isPodTerminal(pod) ? [pod] : []));
  }
  /** Those that have been taken in and are to run, with what is set aside for them; of the Pods the API lists also such as run from before and have not been looked at yet. */
  claims(listed: readonly Pod[] = []): Pod[] {
    const { cache, allocations } = this.#options;
    const unseen = listed.filter((pod) => !this.#workers.has(pod.metadata.uid) && cache.hasBegun(pod.metadata.uid) && !pod.metadata.deletionTimestamp && !isPodTerminal(pod));
    return [...[...this.#workers.values()].flatMap(({ claim }) => claim ?? []), ...unseen.map((pod) => allocations.current(pod).pod)];
  }
  /** Ends a Pod as `PodWorker.fail` does; at once when nobody knows it. Half as long again as the Pod has is waited for, and no longer. upstream: killPodNow */
  async fail(uid: string, failure: PodFailure, graceSeconds: number): Promise<void> {
    const { clock, events } = this.#options;
    const worker = this.#workers.get(uid);
    if (!worker) return;
    const limitMs = Math.max(10, graceSeconds + Math.floor(graceSeconds / 2)) * 1000;
    await within<void>(clock, limitMs, worker.fail(failure, graceSeconds), () => {
      if (worker.pod) events.warning(worker.pod, undefined, 'ExceededGracePeriod', 'Container runtime did not kill the pod within specified grace period.');
    });
  }
  podNamed(key: string): Pod | undefined {
    const uid = this.#byName.get(key);
    return uid === undefined ? undefined : this.#workers.get(uid)?.pod;
  }

  #gone(uid: string): void {
    this.#workers.delete(uid);
    const next = this.#next.get(uid);
    this.#next.delete(uid);
    if (next) this.update(next);
  }
  #add(uid: string, pod: Pod | undefined): PodWorker {
    const worker = new PodWorker(uid, pod, { ...this.#options, onGone: (gone) => this.#gone(gone) }, this.#signal);
    this.#workers.set(uid, worker);
    return worker;
  }
}
