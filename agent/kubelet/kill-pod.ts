// Ends containers and whole Pods: drain and preStop first, then the stop signal, sidecars last, the sandbox at the very end.
// upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer, killContainersWithSyncResult)
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { RuntimeNotFound, type ContainerStatus, type Runtime } from '../runtime/runtime.ts';
import type { GracePeriod } from './grace-period.ts';
import type { ContainerEvents } from './images.ts';
import { runHook } from './lifecycle-hooks.ts';
import { findContainer, isHostNetwork, isRestartableInit, quoted, type Pod } from './pod.ts';
import type { RuntimeCache } from './runtime-cache.ts';
import { isLive, type KnownSandbox } from './runtime-status.ts';
import type { StopLimit } from './stop-limit.ts';

/** Gives back what a sandbox had of the Pod network. */
export interface PodAddressPool {
  allocate(): string;
  reserve(ip: string): void;
  release(ip: string): void;
}

export interface KillOptions {
  readonly runtime: Runtime;
  readonly cache: RuntimeCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: ContainerEvents;
  readonly addresses: PodAddressPool;
  readonly hostIP: string;
  readonly limit: StopLimit;
}

/** What a Pod could not be ended for, in the words the event FailedKillPod has. upstream: pkg/kubelet/container/sync_result.go */
export class KillError extends Error {
  constructor(failures: readonly string[], options: ErrorOptions) { super(failures.length === 1 ? failures[0]! : `[${failures.join(', ')}]`, options); }
}
interface Kill { readonly action: 'KillContainer' | 'KillPodSandbox'; readonly target: string; readonly done: Promise<void> }

export class PodKiller {
  readonly #options: KillOptions;
  constructor(options: KillOptions) { this.#options = options; }

  /**
   * Ends everything; resolves when all containers have exited and the sandboxes have stopped, or are gone where the whole Pod goes: that is
   * one call of the engine in the place of two. `pod` is undefined when the API has forgotten it. @throws KillError
   */
  async killPod(uid: string, pod: Pod | undefined, grace: GracePeriod, { drained = Promise.resolve(), goes = false }: { drained?: Promise<void>; goes?: boolean } = {}): Promise<void> {
    const { runtime, cache, addresses } = this.#options;
    const live = cache.get(uid).containers.filter(isLive);
    const isSidecar = (status: ContainerStatus): boolean => {
      const found = pod && findContainer(pod, status.metadata.name);
      return found?.kind === 'init' && isRestartableInit(found.container);
    };
    const kill = (s: ContainerStatus, turn?: Promise<unknown>): Kill => ({ action: 'KillContainer', target: s.metadata.name, done: this.killContainer(pod, s, grace, { drained, ...(turn ? { turn } : {}) }) });
    const kills = live.filter((s) => !isSidecar(s)).map((s) => kill(s));
    const order = new Map((pod?.spec.initContainers ?? []).map((c, i) => [c.name, i]));
    const sidecars = live.filter(isSidecar).sort((a, b) => (order.get(b.metadata.name) ?? 0) - (order.get(a.metadata.name) ?? 0));
    // Every preStop hook begins at once; the signal of a sidecar comes when all that started after it have ended.
    for (const status of sidecars) kills.push(kill(status, Promise.allSettled(kills.map(({ done }) => done))));
    await all(kills);
    if (live.length === 0) await grace.within(drained);
    const stop = async (sandbox: KnownSandbox): Promise<void> => {
      if (goes) {
        await ignoreGone(runtime.removeContainer(sandbox.id));
        cache.forget(sandbox.id);
        return;
      }
      if (sandbox.state === 'ready') await ignoreGone(runtime.stopPodSandbox(sandbox.id));
      if (sandbox.ip !== '' && !sandbox.hostNetwork) addresses.release(sandbox.ip);
      cache.sandboxStopped(sandbox.id);
    };
    await all(cache.get(uid).sandboxes.filter((s) => s.state === 'ready' || s.ip !== '').map((sandbox) => ({ action: 'KillPodSandbox', target: uid, done: stop(sandbox) })));
  }

  async killContainer(pod: Pod | undefined, status: ContainerStatus, grace: GracePeriod, options: { message?: string; drained?: Promise<void>; turn?: Promise<unknown> } = {}): Promise<void> {
    const { runtime, cache, events, limit } = this.#options;
    const { name } = status.metadata;
    const found = pod && findContainer(pod, name);
    if (pod && found) events.normal(pod, found.container, 'Killing', options.message ?? `Stopping container ${name}`);
    const hurry = new AbortController();
    const stop = (): Promise<void> => ignoreGone(runtime.stopContainer(status.id, grace.stopSeconds()));
    const off = grace.onShorten(() => hurry.abort(new Error('the grace period was shortened')));
    try {
      await grace.within(Promise.all([options.drained, options.turn, this.#preStop(pod, status, grace, hurry.signal)]));
      const again: Promise<void>[] = [];
      // A shorter grace period reaches a container that is being stopped already.
      const offAgain = grace.onShorten(() => again.push(stop().catch(() => undefined))); // the first stop tells what is wrong
      await limit.run(stop).finally(offAgain);
      await Promise.all(again);
    } finally {
      off();
    }
    await cache.containerEnded(status.id);
  }

  async #preStop(pod: Pod | undefined, status: ContainerStatus, grace: GracePeriod, signal: AbortSignal): Promise<void> {
    const { runtime, cache, clock, events, log, hostIP } = this.#options;
    const found = pod && findContainer(pod, status.metadata.name);
    const hook = found?.container.lifecycle?.preStop;
    if (!pod || !found || !hook || status.state !== 'running') return;
    const podIP = isHostNetwork(pod) ? hostIP : cache.get(pod.metadata.uid).sandboxes.find((s) => s.state === 'ready')?.ip ?? '';
    try {
      await runHook(hook, { pod, container: found.container, containerId: status.id, podIP }, { runtime, clock, timeoutMs: grace.remainingMs(), signal });
    } catch (error) {
      if (signal.aborted) return;
      log.info({ error: (error as Error).message, pod: pod.metadata.name, container: found.container.name }, 'preStop hook failed');
      events.warning(pod, found.container, 'FailedPreStopHook', 'PreStopHook failed');
    }
  }
}

/** What is gone already needs no stopping. */
async function ignoreGone(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof RuntimeNotFound)) throw error;
  });
}
/** Waits for every one, then fails with all failures. */
async function all(kills: readonly Kill[]): Promise<void> {
  const results = await Promise.allSettled(kills.map(({ done }) => done));
  const failures = results.flatMap((result, i) => (result.status === 'rejected' ? [{ ...kills[i]!, error: result.reason as Error }] : []));
  const [first] = failures;
  if (first) throw new KillError(failures.map(({ action, target, error }) => `failed to ${quoted(action)} for ${quoted(target)} with ${action}Error: ${quoted(error.message)}`), { cause: first.error });
}
