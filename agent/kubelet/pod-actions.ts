// Decides what has to be done so that the runtime holds what a Pod's spec asks for. Pure: nothing is read, nothing is done.
// upstream: pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions), kuberuntime_container.go (computeInitContainerActions)
import type { LinuxResources } from '../runtime/runtime.ts';
import { containerFacts } from './labels.ts';
import { containerHash, ephemeralContainers, initContainers, isHostNetwork, isRestartableInit, type Container, type Pod } from './pod.ts';
import { computeResources, resourcesThatDiffer } from './resources.ts';
import { hasEnded, isLive, latestContainer, type KnownSandbox, type PodRuntimeStatus, type ProbeResults } from './runtime-status.ts';

export interface ContainerToKill {
  readonly id: string;
  readonly name: string;
  /** Text of the Killing event. */
  readonly message: string;
  readonly reason: 'Unknown' | 'StartupProbe' | 'LivenessProbe' | 'SpecChanged' | 'Resize';
}
/** A running container whose resources are to be changed in place. */
export interface ContainerToUpdate { readonly id: string; readonly name: string; readonly resources: LinuxResources }
export interface PodActions {
  /** End every container and sandbox the Pod has (before a new sandbox, or because nothing is left to run). */
  readonly killPod: boolean;
  readonly createSandbox: boolean;
  /** The sandbox to use; undefined when one has to be made, with `attempt`. */
  readonly sandbox: KnownSandbox | undefined;
  readonly attempt: number;
  readonly initContainersToStart: readonly Container[];
  readonly containersToStart: readonly Container[];
  readonly ephemeralContainersToStart: readonly Container[];
  readonly containersToKill: readonly ContainerToKill[];
  readonly containersToUpdate: readonly ContainerToUpdate[];
}
type Draft = { -readonly [K in keyof PodActions]: PodActions[K] extends readonly (infer T)[] ? T[] : PodActions[K] };

/** Which sandbox serves the Pod, or why a new one is needed (`change`), and the attempt it gets. */
export function chooseSandbox(pod: Pod, status: PodRuntimeStatus): { sandbox: KnownSandbox | undefined; change: boolean; attempt: number } {
  const [latest] = status.sandboxes;
  // Containers tell that there was one: it is not the Pod's first.
  if (!latest) return { sandbox: undefined, change: true, attempt: status.containers.length > 0 ? 1 : 0 };
  const next = latest.metadata.attempt + 1;
  const ready = status.sandboxes.filter((s) => s.state === 'ready');
  if (ready.length > 1 || latest.state !== 'ready' || latest.hostNetwork !== isHostNetwork(pod)) return { sandbox: undefined, change: true, attempt: next };
  if (!isHostNetwork(pod) && latest.ip === '') return { sandbox: undefined, change: true, attempt: next };
  return { sandbox: latest, change: false, attempt: latest.metadata.attempt };
}

/** Whether a container that does not run is to run (again). */
export function shouldBeRestarted(pod: Pod, container: Container, status: PodRuntimeStatus): boolean {
  if (pod.metadata.deletionTimestamp) return false;
  const last = latestContainer(status, container.name);
  if (!last) return true;
  if (last.state === 'running') return false;
  if (!hasEnded(last)) return true;
  if (isRestartableInit(container)) return true;
  if (pod.spec.restartPolicy === 'Never') return false;
  return pod.spec.restartPolicy !== 'OnFailure' || last.exitCode !== 0;
}

export function computePodActions(pod: Pod, status: PodRuntimeStatus, probes: ProbeResults): PodActions {
  const { sandbox, change, attempt } = chooseSandbox(pod, status);
  const actions: Draft = {
    // A sandbox that was removed may have left containers behind, in a network that leads nowhere.
    killPod: change && (status.sandboxes.length > 0 || status.containers.some(isLive)), createSandbox: change, sandbox, attempt,
    initContainersToStart: [], containersToStart: [], ephemeralContainersToStart: [], containersToKill: [], containersToUpdate: [],
  };
  if (change) return inNewSandbox(pod, status, actions);

  for (const container of ephemeralContainers(pod)) if (!latestContainer(status, container.name)) actions.ephemeralContainersToStart.push(container);
  const initialized = initContainerActions(pod, status, probes, actions);
  if (actions.killPod || !initialized) return actions;

  let kept = 0;
  for (const container of pod.spec.containers) {
    const last = latestContainer(status, container.name);
    if (last?.state !== 'running') {
      if (!shouldBeRestarted(pod, container, status)) continue;
      actions.containersToStart.push(container);
      if (last?.state === 'unknown') actions.containersToKill.push({ id: last.id, name: container.name, message: `Container is in "unknown" state, try killing it before restart`, reason: 'Unknown' });
      continue;
    }
    const why = whyReplace(container, last, probes);
    if (!why) {
      kept++;
      update(container, last, actions);
      continue;
    }
    const restart = why.reason === 'SpecChanged' || why.reason === 'Resize' || pod.spec.restartPolicy !== 'Never';
    if (restart) actions.containersToStart.push(container);
    actions.containersToKill.push({ id: last.id, name: container.name, reason: why.reason, message: restart && why.reason !== 'Resize' ? `${why.message}, will be restarted` : why.message });
  }
  if (kept === 0 && actions.containersToStart.length === 0) {
    actions.killPod = true;
    actions.initContainersToStart = [];
  }
  return actions;
}

function inNewSandbox(pod: Pod, status: PodRuntimeStatus, actions: Draft): PodActions {
  const none = (): PodActions => ({ ...actions, createSandbox: false });
  if (pod.metadata.deletionTimestamp) return none();
  if (pod.spec.restartPolicy === 'Never' && actions.attempt !== 0 && status.containers.length > 0) return none();
  const toStart = pod.spec.containers.filter((c) => {
    const last = latestContainer(status, c.name);
    return !(pod.spec.restartPolicy === 'OnFailure' && last && last.state === 'exited' && last.exitCode === 0);
  });
  if (toStart.length === 0) return none();
  const [first] = initContainers(pod);
  if (first) actions.initContainersToStart = [first];
  else actions.containersToStart = toStart;
  return actions;
}

type Running = NonNullable<ReturnType<typeof latestContainer>>;

function whyReplace(container: Container, last: Running, probes: ProbeResults): { message: string; reason: ContainerToKill['reason'] } | undefined {
  const { hash } = containerFacts(last);
  if (hash !== '' && hash !== containerHash(container)) return { message: `Container ${container.name} definition changed`, reason: 'SpecChanged' };
  if (probes.get('liveness', last.id) === 'failure') return { message: `Container ${container.name} failed liveness probe`, reason: 'LivenessProbe' };
  if (probes.get('startup', last.id) === 'failure') return { message: `Container ${container.name} failed startup probe`, reason: 'StartupProbe' };
  const restarts = resourcesThatDiffer(container, last.resources).some((name) => container.resizePolicy?.some((p) => p.resourceName === name && p.restartPolicy === 'RestartContainer'));
  return restarts ? { message: `Container ${container.name} resize requires restart`, reason: 'Resize' } : undefined;
}

/** A container that goes on gets in place what is set aside for it. */
function update(container: Container, last: Running, actions: Draft): void {
  if (resourcesThatDiffer(container, last.resources).length > 0) actions.containersToUpdate.push({ id: last.id, name: container.name, resources: computeResources(container) });
}

/**
 * Adds the init containers to start or kill; true once all have done their part. Read from the last to the first, because
 * finished ones may have been removed: the last one found tells how far the Pod had come.
 */
function initContainerActions(pod: Pod, status: PodRuntimeStatus, probes: ProbeResults, actions: Draft): boolean {
  const list = initContainers(pod);
  if (list.length === 0) return true;
  const sandboxId = actions.sandbox?.id;
  let initialized = pod.spec.containers.some((c) => {
    const last = latestContainer(status, c.name, sandboxId);
    return last !== undefined && !(last.state === 'created' && last.exitCode !== 0);
  });
  let previouslyInitialized = initialized;
  const restartOnFailure = pod.spec.restartPolicy !== 'Never';
  const toStart: Container[] = [];

  for (let i = list.length - 1; i >= 0; i--) {
    const container = list[i]!;
    const sidecar = isRestartableInit(container);
    const last = latestContainer(status, container.name, sandboxId);
    if (!last) {
      if (previouslyInitialized && sidecar) toStart.push(container);
      continue;
    }
    if (previouslyInitialized && !sidecar) continue;
    const next = (): void => {
      if (i === list.length - 1) initialized = true;
      else if (!previouslyInitialized) toStart.push(list[i + 1]!);
    };
    if (last.state === 'running') {
      if (sidecar) {
        const started = !container.startupProbe || probes.get('startup', last.id) === 'success';
        if (started) next();
        const why = whyReplace(container, last, probes);
        if (why) {
          actions.containersToKill.push({ id: last.id, name: container.name, reason: why.reason, message: why.reason === 'Resize' ? why.message : `Init c${why.message.slice(1)}` });
          toStart.push(container);
        } else update(container, last, actions);
      }
    } else if (hasEnded(last)) {
      if (sidecar) toStart.push(container);
      else if (last.exitCode === 0) next();
      else if (restartOnFailure) toStart.push(container);
      else {
        actions.killPod = true;
        return false;
      }
    } else {
      if (last.state === 'unknown') {
        if (!sidecar && !restartOnFailure) {
          actions.killPod = true;
          return false;
        }
        actions.containersToKill.push({ id: last.id, name: container.name, reason: 'Unknown', message: `Init container is in "unknown" state, try killing it before restart` });
      }
      toStart.push(container);
    }
    previouslyInitialized = true;
  }
  if (!previouslyInitialized) toStart.push(list[0]!);
  actions.initContainersToStart = toStart.reverse();
  return initialized;
}
