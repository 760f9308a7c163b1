// One container's entry in the Pod's status: state, lastState, counts and readiness, from what the runtime knows. Pure.
// upstream: pkg/kubelet/kubelet_pods.go (convertToAPIContainerStatuses), pkg/kubelet/prober/prober_manager.go (UpdatePodStatus)
import { timestamp } from '../../src/util/clock.ts';
import type { ContainerStatus as RuntimeStatus } from '../runtime/runtime.ts';
import { containerFacts } from './labels.ts';
import { isResizable, isRestartableInit, type Container, type ContainerKind, type ContainerState, type ContainerStatus, type Pod } from './pod.ts';
import { resourcesInForce } from './resources.ts';
import { containersNamed, hasEnded, type PodRuntimeStatus, type ProbeResults } from './runtime-status.ts';
import { shouldBeRestarted } from './pod-actions.ts';

/** Why a container could not be started the last time it was tried, by container name. */
export type WaitingReasons = ReadonlyMap<string, { readonly reason: string; readonly message: string }>;

export const containerID = (id: string): string => `docker://${id}`;
const imageID = (imageRef: string): string => (imageRef.startsWith('sha256:') ? `docker://${imageRef}` : imageRef === '' ? '' : `docker-pullable://${imageRef}`);
const time = (ms: number): string | null => (ms > 0 ? timestamp(ms) : null);

export interface StatusInputs {
  /** With the resources that are set aside for it. */
  readonly pod: Pod;
  readonly runtime: PodRuntimeStatus;
  readonly probes: ProbeResults;
  readonly waiting: WaitingReasons;
  /** Nothing of the Pod will be started any more. */
  readonly terminal: boolean;
}

function stateOf(status: RuntimeStatus): ContainerState {
  if (hasEnded(status)) {
    return {
      terminated: {
        exitCode: status.exitCode, reason: status.reason || (status.exitCode === 0 ? 'Completed' : 'Error'), ...(status.message ? { message: status.message } : {}),
        startedAt: time(status.startedAt), finishedAt: time(status.finishedAt), containerID: containerID(status.id),
      },
    } as ContainerState;
  }
  return status.state === 'running' ? { running: { startedAt: time(status.startedAt) } } : { waiting: {} };
}

const lostReason = 'ContainerStatusUnknown';
/** A container the API knew and the runtime has lost. upstream: the same function */
const lost = (how: 'deleted' | 'terminated'): ContainerState => ({
  terminated: {
    exitCode: 137, reason: lostReason, startedAt: null, finishedAt: null,
    message: `The container could not be located when the pod was ${how}${how === 'deleted' ? '.  The container used to be Running' : ''}`,
  },
}) as ContainerState;

export function containerStatus(container: Container, kind: ContainerKind, inputs: StatusInputs): ContainerStatus {
  const { pod, runtime, probes, waiting, terminal } = inputs;
  const known = containersNamed(runtime, container.name);
  const [current, previous] = known;
  const old = oldStatus(pod, container.name, kind);
  const defaultReason = kind === 'regular' && (pod.spec.initContainers ?? []).length > 0 ? 'PodInitializing' : kind === 'init' && (pod.spec.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating';

  let state: ContainerState;
  let lastState: ContainerState = {};
  let restartCount = 0;
  if (current) {
    state = stateOf(current);
    if (state.waiting) state = { waiting: { reason: defaultReason } };
    restartCount = containerFacts(current).restartCount;
    if (previous && hasEnded(previous)) lastState = stateOf(previous);
    else if (old?.lastState?.terminated && restartCount > 0) lastState = old.lastState;
  } else {
    ({ state, lastState, restartCount } = unknownToRuntime(old, defaultReason, pod.metadata.deletionTimestamp !== undefined));
  }

  const told = !current || old?.containerID === containerID(current.id) ? old?.user : undefined;
  const user = told ?? (current?.user ? { linux: current.user } : undefined);
  const reason = waiting.get(container.name);
  if (!terminal && reason && !state.running && shouldBeRestarted(pod, container, runtime)) {
    if (state.terminated) lastState = state;
    state = { waiting: { reason: reason.reason, ...(reason.message ? { message: reason.message } : {}) } };
  }
  const running = current?.state === 'running';
  const started = running && (!container.startupProbe || probes.get('startup', current.id) === 'success');
  const oneShot = kind === 'init' && !isRestartableInit(container);
  const ready = oneShot
    ? current !== undefined && hasEnded(current) && current.exitCode === 0 || (!current && state.terminated?.exitCode === 0)
    : kind !== 'ephemeral' && started && (!container.readinessProbe || probes.get('readiness', current!.id) === 'success');
  return {
    name: container.name, state, lastState, ready, restartCount,
    image: current ? current.image : old?.image || container.image || '', imageID: current ? imageID(current.imageRef || current.imageId) : old?.imageID ?? '',
    ...(current ? { containerID: containerID(current.id) } : old?.containerID ? { containerID: old.containerID } : {}),
    ...(kind === 'ephemeral' ? {} : { started: oneShot ? running : started }),
    // What was told once stays, also of one that has ended or become somebody else before another agent saw it.
    ...(user ? { user } : {}),
    ...(container.volumeMounts?.length ? { volumeMounts: container.volumeMounts.map(mountStatus) } : {}),
    // Of one that was never made nothing is told; what is set aside for one that was lost stays known to a later agent.
    ...(current || old?.resources ? {
      ...(container.resources?.requests ? { allocatedResources: container.resources.requests } : {}),
      resources: resourcesInForce(container, running && isResizable(container, kind) ? current.resources : undefined),
    } : {}),
  } as unknown as ContainerStatus;
}

const ended = (status: ContainerStatus): ContainerStatus => (status.state?.terminated ? status : { ...status, state: lost('terminated') });
const everRan = ({ state, lastState }: ContainerStatus): boolean => !state?.waiting || lastState?.terminated !== undefined;

/**
 * The statuses of a Pod of which nothing will run any more: whatever shows no end has failed, but for the containers it never came to
 * because of an init container. upstream: pkg/kubelet/status/status_manager.go (TerminatePod, hasPodInitialized)
 */
export function endedStatuses(pod: Pod, init: readonly ContainerStatus[], regular: readonly ContainerStatus[]): { init: readonly ContainerStatus[]; regular: readonly ContainerStatus[] } {
  const last = init.at(-1);
  const passed = last !== undefined && (isRestartableInit(pod.spec.initContainers!.at(-1)!) ? last.started === true : last.state?.terminated?.exitCode === 0 || last.lastState?.terminated?.exitCode === 0);
  const begun = Math.max(1, init.findLastIndex(everRan) + 1);
  return { init: init.map((status, i) => (i < begun ? ended(status) : status)), regular: !last || passed || regular.some(everRan) ? regular.map(ended) : regular };
}

const mountStatus = (mount: NonNullable<Container['volumeMounts']>[number]): object => ({
  name: mount.name, mountPath: mount.mountPath, ...(mount.readOnly ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
});

export function oldStatus(pod: Pod, name: string, kind: ContainerKind): ContainerStatus | undefined {
  const list = kind === 'init' ? pod.status?.initContainerStatuses : kind === 'ephemeral' ? pod.status?.ephemeralContainerStatuses : pod.status?.containerStatuses;
  return (list as readonly ContainerStatus[] | undefined)?.find((s) => s.name === name);
}

function unknownToRuntime(old: ContainerStatus | undefined, defaultReason: string, deleted: boolean): { state: ContainerState; lastState: ContainerState; restartCount: number } {
  const fresh: ContainerState = { waiting: { reason: defaultReason } };
  if (!old?.containerID) return { state: fresh, lastState: {}, restartCount: old?.restartCount ?? 0 };
  const { restartCount } = old;
  if (old.state?.terminated) return { state: old.state, lastState: old.lastState ?? {}, restartCount };
  // One that is to end anyway has not been restarted.
  if (old.state?.running) return { state: fresh, lastState: lost('deleted'), restartCount: restartCount + (deleted ? 0 : 1) };
  return { state: old.state?.waiting ? old.state : fresh, lastState: old.lastState ?? {}, restartCount };
}

/** The count of the next container of a name of which the runtime has none: one that was lost is counted already while the next waits. */
export function nextRestartCount(old: ContainerStatus | undefined): number {
  if (!old?.containerID) return 0;
  return old.restartCount + (old.state?.waiting && old.lastState?.terminated?.reason === lostReason ? 0 : 1);
}
