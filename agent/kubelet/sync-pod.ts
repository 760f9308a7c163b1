// One pass over a Pod that is to run: sets up volumes, computes what differs and does it. upstream: kuberuntime_manager.go (SyncPod)
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { RuntimeError, type Image, type RegistryAuth, type Runtime } from '../runtime/runtime.ts';
import type { WaitingReasons } from './container-statuses.ts';
import type { PodGroups } from './control-groups/pod-groups.ts';
import { GracePeriod } from './grace-period.ts';
import { credentialsFor, type PullSecret } from './image-credentials.ts';
import type { ContainerEvents, ImageManager } from './images.ts';
import type { PodKiller } from './kill-pod.ts';
import { cgroupParentKey } from './labels.ts';
import type { ObjectCache } from './object-cache.ts';
import { computePodActions, type ContainerToKill, type ContainerToUpdate, type PodActions } from './pod-actions.ts';
import { findContainer, formatPod, isHostNetwork, isRestartableInit, type Container, type ContainerKind, type Pod } from './pod.ts';
import type { PodSandboxes } from './pod-sandbox.ts';
import type { ProberManager } from './probes/prober-manager.ts';
import type { RuntimeCache } from './runtime-cache.ts';
import { containersNamed, hasEnded, type KnownSandbox } from './runtime-status.ts';
import { ContainerStartError, type ContainerStarter, type PassContext } from './start-container.ts';
import type { StartLimit } from './start-limit.ts';
import { MountError, type MountedVolumes, type VolumeManager } from './volumes/volume-manager.ts';

export interface SyncOptions {
  readonly runtime: Runtime;
  readonly cache: RuntimeCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: ContainerEvents;
  readonly volumes: VolumeManager;
  readonly objects: ObjectCache;
  readonly images: ImageManager;
  readonly probes: ProberManager;
  readonly killer: PodKiller;
  readonly sandboxes: PodSandboxes;
  readonly starter: ContainerStarter;
  readonly limit: StartLimit;
  /** Where they can be had. */
  readonly groups?: PodGroups;
  readonly hostIPs: readonly string[];
  /** What the node itself has for registries. */
  readonly nodeCredentials: () => Promise<PullSecret | undefined>;
}
/** Milliseconds after which something can be tried again; undefined when only a change brings the next pass. */
export interface SyncResult { readonly retryAfter: number | undefined }

/** A container that failed for a reason time alone may cure is tried again after this. */
const retryMs = 10_000;

export class PodSyncer {
  readonly #options: SyncOptions;
  readonly #waiting = new Map<string, Map<string, { reason: string; message: string }>>();
  readonly #resizeErrors = new Map<string, string>();
  constructor(options: SyncOptions) { this.#options = options; }

  /** What the engine said the last time it refused a container other resources. */
  resizeError(uid: string): string | undefined { return this.#resizeErrors.get(uid); }
  /** Other resources are set aside for the Pod: what failed for want of them is tried at once. */
  resized(uid: string): void {
    this.#resizeErrors.delete(uid);
    this.#options.starter.resetBackoff(uid);
  }
  waitingReasons(uid: string): WaitingReasons { return this.#waiting.get(uid) ?? new Map(); }
  forget(uid: string): void {
    this.#waiting.delete(uid);
    this.#resizeErrors.delete(uid);
    this.#options.starter.forget(uid);
    this.#options.images.forget(uid);
  }

  async sync(pod: Pod, signal: AbortSignal): Promise<SyncResult> {
    const { cache, probes, killer, clock, events } = this.#options;
    const { uid } = pod.metadata;
    const volumes = await this.#setUpVolumes(pod);
    signal.throwIfAborted();
    const actions = computePodActions(pod, cache.get(uid), probes);
    if (actions.killPod) {
      if (actions.createSandbox) events.normal(pod, undefined, 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
      await killer.killPod(uid, pod, new GracePeriod(clock, pod.spec.terminationGracePeriodSeconds ?? 30));
      if (!actions.createSandbox) return { retryAfter: undefined };
    } else await Promise.all(actions.containersToKill.map((kill) => this.#kill(pod, kill)));
    signal.throwIfAborted();
    let retryAfter = await this.#resize(pod, actions.containersToUpdate, actions.sandbox);
    const toStart: readonly (readonly [ContainerKind, readonly Container[]])[] = [
      ['ephemeral', actions.ephemeralContainersToStart], ['init', actions.initContainersToStart], ['regular', actions.containersToStart],
    ];
    if (!actions.createSandbox && toStart.every(([, list]) => list.length === 0)) return { retryAfter };
    const images = this.#fetchImages(pod, toStart.flatMap(([, list]) => list), actions, signal);
    const context = await this.#context(pod, actions, volumes, signal);
    for (const [kind, list] of toStart) {
      for (const container of list) {
        const again = await this.#start(context, container, kind, images);
        if (again === undefined) continue;
        retryAfter = Math.min(retryAfter ?? Infinity, again);
        // The next init container waits for this one; nobody waits for a sidecar to come back.
        if (kind === 'init' && !isRestartableInit(container)) return { retryAfter };
      }
    }
    return { retryAfter };
  }

  async #setUpVolumes(pod: Pod): Promise<MountedVolumes> {
    const { volumes, events, objects } = this.#options;
    const tell = (error: MountError): void => { for (const { reason, message } of error.events) events.warning(pod, undefined, reason, message); };
    objects.register(pod);
    try {
      const { mounted, stale } = await volumes.setUp(pod);
      for (const error of stale) tell(error);
      return mounted;
    } catch (error) {
      tell(error instanceof MountError ? error : new MountError([{ reason: 'FailedMount', message: (error as Error).message }]));
      throw error;
    }
  }

  async #kill(pod: Pod, kill: ContainerToKill): Promise<void> {
    const { cache, killer, clock } = this.#options;
    const status = cache.get(pod.metadata.uid).containers.find((c) => c.id === kill.id);
    const container = findContainer(pod, kill.name)?.container;
    if (!status) return;
    const probe = kill.reason === 'LivenessProbe' ? container?.livenessProbe : kill.reason === 'StartupProbe' ? container?.startupProbe : undefined;
    const grace = probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    await killer.killContainer(pod, status, new GracePeriod(clock, grace), { message: kill.message });
  }

  /** Changes resources in place; milliseconds until another try where the engine refused. */
  async #resize(pod: Pod, updates: readonly ContainerToUpdate[], sandbox: KnownSandbox | undefined): Promise<number | undefined> {
    const { runtime, cache, log, groups: every } = this.#options;
    const { uid } = pod.metadata;
    const refusals: string[] = [];
    const refused = (error: Error, container?: string): void => {
      log.info({ error: error.message, pod: formatPod(pod), ...(container === undefined ? {} : { container }) }, 'the resources of a Pod could not be changed; trying again');
      refusals.push(error.message);
    };
    // A Pod that an agent without groups has started stays where it is.
    const groups = sandbox && every && sandbox.annotations[cgroupParentKey] === every.nameOf(pod) ? every : undefined;
    if (updates.length > 0) await groups?.raise(pod).catch(refused);
    for (const { id, name, resources } of updates) {
      try {
        await runtime.updateContainerResources(id, resources);
      } catch (error) {
        if (!(error instanceof RuntimeError)) throw error;
        refused(error, name);
      }
      await cache.refreshContainer(id);
    }
    await groups?.settle(pod).catch(refused);
    if (refusals.length === 0) this.#resizeErrors.delete(uid);
    else this.#resizeErrors.set(uid, refusals.join('; '));
    return refusals.length ? retryMs : undefined;
  }

  /** Images are looked up (and pulled) while the sandbox is being made. */
  #fetchImages(pod: Pod, containers: readonly Container[], actions: PodActions, signal: AbortSignal): (container: Container) => Promise<Image> {
    const { images } = this.#options;
    const secrets = containers.length ? this.#pullSecrets(pod) : Promise.resolve([]);
    const credentials = async ({ image = '' }: Container): Promise<RegistryAuth[]> => {
      const own = await this.#options.nodeCredentials();
      return [...credentialsFor(image, await secrets), ...credentialsFor(image, own ? [own] : [])];
    };
    const ensure = (container: Container): Promise<Image> => images.ensure(pod, container, () => credentials(container), signal);
    const early = new Map<string, Promise<Image>>();
    const [first] = containers;
    // Only for a first start: a restart may find itself in back-off, and then asks for no image.
    if (first && actions.createSandbox && actions.attempt === 0) {
      const fetching = ensure(first);
      fetching.catch(() => undefined); // told when the container is to start
      early.set(first.name, fetching);
    }
    return (container) => early.get(container.name) ?? ensure(container);
  }

  async #context(pod: Pod, actions: PodActions, volumes: MountedVolumes, signal: AbortSignal): Promise<PassContext> {
    const { sandboxes, events, limit, groups, hostIPs } = this.#options;
    let { sandbox } = actions as { sandbox: KnownSandbox | undefined };
    if (!sandbox) {
      const group = await groups?.ensure(pod).catch((error: Error) => {
        events.warning(pod, undefined, 'FailedCreatePodContainer', `unable to ensure pod container exists: ${error.message}`);
        throw error;
      });
      try {
        sandbox = await limit.run('sandbox', () => sandboxes.create(pod, actions.attempt, group ?? ''));
      } catch (error) {
        events.warning(pod, undefined, 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${(error as Error).message}`);
        throw error;
      }
    }
    signal.throwIfAborted();
    const podIPs = isHostNetwork(pod) ? hostIPs : [sandbox.ip];
    const { mounts: files, exceeded } = await sandboxes.files(pod, this.#options.volumes.podDirectory(pod.metadata.uid), podIPs);
    if (actions.createSandbox) for (const message of exceeded) events.warning(pod, undefined, 'DNSConfigForming', message);
    return { pod, sandbox, sandboxConfig: sandboxes.configOf(pod, sandbox), volumes, files, podIPs, signal };
  }

  /** Undefined when it was started, else the milliseconds until another try. */
  async #start(context: PassContext, container: Container, kind: ContainerKind, image: (container: Container) => Promise<Image>): Promise<number | undefined> {
    const { uid } = context.pod.metadata;
    const waiting = this.#waiting.get(uid) ?? new Map<string, { reason: string; message: string }>();
    this.#waiting.set(uid, waiting);
    try {
      await this.#options.starter.start(context, container, kind, () => image(container));
      waiting.delete(container.name);
      void this.#removeOlder(context.pod, container.name);
      return undefined;
    } catch (error) {
      if (!(error instanceof ContainerStartError)) throw error;
      waiting.set(container.name, { reason: error.reason, message: error.message });
      return error.retryAfter ?? (error.reason === 'RunContainerError' || error.reason === 'PostStartHookError' ? 0 : retryMs);
    }
  }

  /** Keeps the newest container of a name, and the last dead one before it for `kubectl logs --previous`. */
  async #removeOlder(pod: Pod, name: string): Promise<void> {
    const { cache, runtime, log } = this.#options;
    // The newest may have ended at once: it is still the present one.
    const [, ...older] = containersNamed(cache.get(pod.metadata.uid), name);
    const [, ...dead] = older.filter(hasEnded);
    for (const { id } of dead) {
      try {
        await runtime.removeContainer(id);
        cache.forget(id);
      } catch (error) {
        log.debug({ error, pod: formatPod(pod), container: name }, 'an old container could not be removed; housekeeping tries again');
      }
    }
  }
  /** Those there are; an event names the others. upstream: kubelet_pods.go (getPullSecretsForPod) */
  async #pullSecrets(pod: Pod): Promise<PullSecret[]> {
    const { objects, events, log } = this.#options;
    const names = (pod.spec.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []));
    const found = await Promise.all(names.map((name) => objects.secretObject(pod, name).catch((error: unknown) => {
      log.info({ error, pod: formatPod(pod), secret: name }, 'a pull secret cannot be read; pulling without it');
      return undefined;
    })));
    const missing = names.filter((_, i) => !found[i]);
    if (missing.length) events.warning(pod, undefined, 'FailedToRetrieveImagePullSecret', `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`);
    return found.flatMap((secret) => (secret ? [{ type: secret.type, data: secret.data }] : []));
  }
}
