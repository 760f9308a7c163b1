// Starts one container: back-off, image, environment, mounts, create, start, postStart. Every failure becomes a waiting reason.
// upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (startContainer), kuberuntime_manager.go (doBackOff)
import { mkdir, writeFile, chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatDuration } from '../../src/apimachinery/duration.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { NameConflict, RuntimeUnavailable, type ContainerConfig, type ContainerStatus, type Image, type Mount, type PodSandboxConfig, type Runtime } from '../runtime/runtime.ts';
import { containerConfig } from './container-config.ts';
import { nextRestartCount, oldStatus } from './container-statuses.ts';
import { ContainerConfigError, environment } from './env.ts';
import { readEnvSources, type EnvReader } from './env-sources.ts';
import { GracePeriod } from './grace-period.ts';
import { ImageError, type ContainerEvents } from './images.ts';
import type { DeviceManager } from './devices/device-manager.ts';
import type { PodKiller } from './kill-pod.ts';
import { containerFacts } from './labels.ts';
import { runHook } from './lifecycle-hooks.ts';
import { containerHash, formatPod, targetOf, type Container, type ContainerKind, type Pod } from './pod.ts';
import type { OomInputs } from './resources.ts';
import { KeyedBackoff } from './restart-backoff.ts';
import type { RuntimeCache } from './runtime-cache.ts';
import { hasEnded, latestContainer, type KnownSandbox } from './runtime-status.ts';
import type { StartLimit } from './start-limit.ts';
import type { MountedVolumes, VolumeManager } from './volumes/volume-manager.ts';

/** Why a container waits; `retryAfter` in ms when another try has its time. */
export class ContainerStartError extends Error {
  readonly reason: string;
  readonly retryAfter: number | undefined;
  constructor(reason: string, message: string, retryAfter?: number) {
    super(message);
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

export interface StartOptions {
  readonly runtime: Runtime;
  readonly cache: RuntimeCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: ContainerEvents;
  readonly volumes: VolumeManager;
  readonly devices?: Pick<DeviceManager, 'prepare'>;
  readonly env: EnvReader;
  readonly killer: PodKiller;
  readonly limit: StartLimit;
  readonly hostIPs: readonly string[];
  readonly oom: Omit<OomInputs, 'qosClass'>;
  readonly seccompRoot: string;
}
/** What all containers of one pass share. */
export interface PassContext {
  readonly pod: Pod;
  readonly sandbox: KnownSandbox;
  readonly sandboxConfig: PodSandboxConfig;
  readonly volumes: MountedVolumes;
  /** The Pod's own /etc files. */
  readonly files: readonly Mount[];
  readonly podIPs: readonly string[];
  readonly signal: AbortSignal;
}

const postStartTimeoutMs = 5 * 60_000;
/** A container that lived longer than this had no trouble: a new agent gives it no back-off. */
const healthyMs = 10 * 60_000;

export class ContainerStarter {
  readonly #options: StartOptions;
  readonly #backoff: KeyedBackoff;
  /** By container and image: the id of the last one this agent has started. */
  readonly #started = new Map<string, string>();
  constructor(options: StartOptions) {
    this.#options = options;
    this.#backoff = new KeyedBackoff(options.clock);
  }
  /** Counts anew what comes of the Pod's containers. */
  resetBackoff(uid: string): void { this.#backoff.forgetPrefix(`${uid}/`); }
  forget(uid: string): void {
    this.resetBackoff(uid);
    for (const key of this.#started.keys()) if (key.startsWith(`${uid}/`)) this.#started.delete(key);
  }

  /** `image` resolves with the image, or rejects with the reason there is none. @throws ContainerStartError */
  async start(context: PassContext, container: Container, kind: ContainerKind, image: () => Promise<Image>): Promise<void> {
    const { cache } = this.#options;
    const { pod } = context;
    // Another image has another history.
    const key = `${pod.metadata.uid}/${container.name}/${containerHash(container)}`;
    const last = latestContainer(cache.get(pod.metadata.uid), container.name);
    const ended = last && hasEnded(last) ? last : undefined;
    if (ended) this.#checkBackoff(pod, container, key, ended);
    let step = 'CreateContainerError';
    try {
      const found = await image();
      context.signal.throwIfAborted();
      const restartCount = restartCountFor(pod, container, kind, last);
      const config = await this.#config(context, container, kind, restartCount, found);
      context.signal.throwIfAborted();
      let made: string | undefined;
      await this.#options.limit.run('container', async () => {
        const { id, running } = await this.#create(context, container, config, last);
        made = id;
        this.#started.set(key, id);
        step = 'RunContainerError';
        if (!running) await this.#run(pod, container, id);
        else await cache.refreshContainer(id);
      }).catch(async (error: unknown) => {
        if (ended && await this.#isOwnFault(error, context, made)) this.#backoff.next(key);
        throw error;
      });
      // Counted only when it is really started again, not when an image is missing.
      if (ended) this.#backoff.next(key);
    } catch (error) {
      if (context.signal.aborted) throw error;
      throw this.#inWords(pod, container, step, error as Error);
    }
    await this.#postStart(context, container);
  }

  /** Not when the engine has gone, or the sandbox: the containers of one may be seen to end before it is. What was made in that is no try. */
  async #isOwnFault(error: unknown, { sandbox }: PassContext, made: string | undefined): Promise<boolean> {
    if (error instanceof RuntimeUnavailable) return false;
    if ((await this.#options.cache.refreshSandbox(sandbox.id))?.state === 'ready') return true;
    if (made !== undefined) await this.#remove(made);
    return false;
  }

  #checkBackoff(pod: Pod, container: Container, key: string, ended: ContainerStatus): void {
    const { restartCount, hash } = containerFacts(ended);
    // What an earlier agent has counted; its own count this one knows, also that it was told to forget it.
    const isOwn = this.#started.get(key) === ended.id;
    if (!isOwn && hash === containerHash(container) && ended.finishedAt - ended.startedAt < healthyMs) this.#backoff.restore(key, restartCount);
    const wait = this.#backoff.remaining(key, ended.finishedAt || undefined);
    if (wait <= 0) return;
    this.#options.events.warning(pod, container, 'BackOff', `Back-off restarting failed container ${container.name} in pod ${formatPod(pod)}`);
    throw new ContainerStartError('CrashLoopBackOff', `back-off ${formatDuration(this.#backoff.delay(key))} restarting failed container=${container.name} pod=${formatPod(pod)}`, wait);
  }

  async #config(context: PassContext, container: Container, kind: ContainerKind, restartCount: number, image: Image): Promise<ContainerConfig> {
    const { volumes, devices, env, hostIPs, oom, seccompRoot } = this.#options;
    const { pod, podIPs } = context;
    try {
      const envs = environment(pod, container, await readEnvSources(pod, container, { hostIPs, podIPs }, env));
      const own = await volumes.mountsOf(pod, container, context.volumes, new Map(envs.map((e) => [e.key, e.value])));
      const terminationFile = container.terminationMessagePath === '' ? '' : join(volumes.podDirectory(pod.metadata.uid), 'containers', container.name, String(restartCount));
      const given = await devices?.prepare(pod, container);
      // What the Pod itself says comes before what it is given.
      const mounts = [...own, ...[...context.files, ...(given?.mounts ?? [])].filter((f) => !own.some((m) => m.containerPath === f.containerPath))];
      if (terminationFile) {
        await mkdir(dirname(terminationFile), { recursive: true, mode: 0o750 });
        await writeFile(terminationFile, '');
        // Any user the container runs as may leave a message.
        await chmod(terminationFile, 0o666);
        mounts.push({ hostPath: terminationFile, containerPath: container.terminationMessagePath ?? '/dev/termination-log' });
      }
      return containerConfig({
        pod, targetId: this.#target(pod, container), container, kind, restartCount, image, mounts, terminationFile,
        envs: [...(given?.envs ?? []).filter(({ key }) => !envs.some((e) => e.key === key)), ...envs],
        devices: [...volumes.devicesOf(container, context.volumes), ...(given?.devices ?? [])], ...(given ? { cdiDevices: given.cdiDevices, annotations: given.annotations } : {}),
        oom: { ...oom, qosClass: pod.status?.qosClass ?? 'BestEffort' }, seccompRoot,
      });
    } catch (error) {
      if (error instanceof ContainerConfigError) throw error;
      throw new ContainerConfigError((error as Error).message, { cause: error });
    }
  }

  #target(pod: Pod, container: Container): string | undefined {
    const name = targetOf(container);
    const target = name === undefined ? undefined : latestContainer(this.#options.cache.get(pod.metadata.uid), name);
    if (name !== undefined && !target) throw new ContainerConfigError(`unable to find target container ${name}`);
    return target?.id;
  }

  /** A new container, or the one an earlier agent had come to. */
  async #create(context: PassContext, container: Container, config: ContainerConfig, last: ContainerStatus | undefined): Promise<{ id: string; running: boolean }> {
    const { runtime, cache, events } = this.#options;
    const { pod, sandbox, sandboxConfig } = context;
    const usable = (s: ContainerStatus): boolean => s.podSandboxId === sandbox.id && (s.state === 'running' || (s.state === 'created' && !hasEnded(s))) && containerFacts(s).hash === config.annotations?.['io.kubernetes.container.hash'];
    if (last && !hasEnded(last)) {
      if (usable(last)) return { id: last.id, running: last.state === 'running' };
      await this.#remove(last.id);
    }
    const create = async (): Promise<string> => runtime.createContainer(sandbox.id, config, sandboxConfig);
    const id = await create().catch(async (error: unknown) => {
      if (!(error instanceof NameConflict) || error.existingId === undefined) throw error;
      const existing = await cache.refreshContainer(error.existingId);
      if (existing && usable(existing)) return existing;
      await this.#remove(error.existingId);
      return create();
    });
    if (typeof id !== 'string') return { id: id.id, running: id.state === 'running' };
    events.normal(pod, container, 'Created', `Created container: ${container.name}`);
    return { id, running: false };
  }
  async #remove(id: string): Promise<void> {
    await this.#options.runtime.removeContainer(id);
    this.#options.cache.forget(id);
  }

  async #run(pod: Pod, container: Container, id: string): Promise<void> {
    const { runtime, cache, events } = this.#options;
    try {
      await runtime.startContainer(id);
    } finally {
      await cache.refreshContainer(id);
    }
    events.normal(pod, container, 'Started', `Started container ${container.name}`);
  }

  async #postStart({ pod, podIPs, signal }: PassContext, container: Container): Promise<void> {
    const { runtime, cache, clock, events, killer, hostIPs } = this.#options;
    const hook = container.lifecycle?.postStart;
    const status = hook && latestContainer(cache.get(pod.metadata.uid), container.name);
    if (!hook || status?.state !== 'running') return;
    try {
      await runHook(hook, { pod, container, containerId: status.id, podIP: podIPs[0] ?? hostIPs[0] ?? '' }, { runtime, clock, timeoutMs: postStartTimeoutMs, signal });
    } catch (error) {
      if (signal.aborted) throw error;
      events.warning(pod, container, 'FailedPostStartHook', 'PostStartHook failed');
      await killer.killContainer(pod, status, new GracePeriod(clock, pod.spec.terminationGracePeriodSeconds ?? 30), { message: 'FailedPostStartHook' });
      throw new ContainerStartError('PostStartHookError', (error as Error).message);
    }
  }

  #inWords(pod: Pod, container: Container, step: string, error: Error): ContainerStartError {
    const { events, log } = this.#options;
    if (error instanceof ContainerStartError) return error;
    log.info({ error: error.message, ...causeOf(error), pod: pod.metadata.name, container: container.name }, 'container could not be started');
    if (error instanceof ImageError) {
      events.warning(pod, container, 'Failed', `Error: ${error.reason}`);
      return new ContainerStartError(error.reason, error.message, error.retryAfter);
    }
    events.warning(pod, container, 'Failed', `Error: ${error.message}`);
    return new ContainerStartError(error instanceof ContainerConfigError ? 'CreateContainerConfigError' : step, error.message);
  }
}

/** What lies behind the words that users read. */
function causeOf(error: Error): { cause?: string } {
  let root: unknown = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  return root !== error && root instanceof Error && root.message !== error.message ? { cause: root.message } : {};
}

function restartCountFor(pod: Pod, container: Container, kind: ContainerKind, last: ContainerStatus | undefined): number {
  // A container that was made but never ran is the same try.
  if (last) return containerFacts(last).restartCount + (last.state === 'created' && !hasEnded(last) ? 0 : 1);
  return nextRestartCount(oldStatus(pod, container.name, kind));
}
