// A Pod's API status from its spec, what the runtime knows of it and what the probes found. Pure.
// upstream: pkg/kubelet/kubelet_pods.go (generateAPIPodStatus, getPhase), pkg/kubelet/status/generate.go
import { findCondition, setCondition } from '../../src/apimachinery/conditions.ts';
import { timestamp } from '../../src/util/clock.ts';
import { containerStatus, endedStatuses, type StatusInputs } from './container-statuses.ts';
import { ephemeralContainers, initContainers, isHostNetwork, isResizable, isRestartableInit, quoted, type Container, type ContainerStatus, type Pod, type PodCondition, type PodPhase, type PodStatus } from './pod.ts';
import type { PendingResize } from './allocations.ts';
import { chooseSandbox } from './pod-actions.ts';
import { resourcesThatDiffer } from './resources.ts';
import { latestContainer } from './runtime-status.ts';
import { withShortMessages } from './termination-message.ts';

/** The reason of a Pod the kubelet has evicted, or not taken in. upstream: eviction.Reason */
export const evictedReason = 'Evicted';
/** That of one it has ended for another. upstream: events.PreemptContainer */
export const preemptingReason = 'Preempting';
/** Why a Pod is ended that could have gone on. */
export interface PodFailure {
  readonly reason: string;
  readonly message: string;
  /** The node could not bear it: its controller need not count that as the Pod's own failure. */
  readonly disrupted?: true;
  /** The node has not taken it in: nothing of it has ever run here. */
  readonly rejected?: true;
}
export interface PodStatusInputs extends StatusInputs {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly hostIPs: readonly string[];
  /** Set when the Pod is ended for a reason of its own (deadline, eviction): it is Failed with these words. */
  readonly failure?: PodFailure;
  /** Why the Pod has not got the resources it wishes for, and what the engine said when it was to change some. */
  readonly resize?: { readonly pending?: PendingResize; readonly error?: string };
}

/** Conditions this kubelet owns; all others in a status belong to someone else. */
const ownedConditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled', 'PodResizePending', 'PodResizeInProgress'] as const;
/** A condition that others set too: this one's reason tells that it is the kubelet's. upstream: types.PodConditionSharedByKubelet */
const terminationByKubelet = 'TerminationByKubelet';
export const isOwned = ({ type, reason }: PodCondition): boolean =>
  (ownedConditions as readonly string[]).includes(type) || (type === 'DisruptionTarget' && reason === terminationByKubelet);

const anyRegularStarted = (statuses: readonly ContainerStatus[]): boolean =>
  statuses.some((s) => s.started === true || s.state?.running !== undefined || s.state?.terminated !== undefined || s.lastState?.terminated !== undefined);

function podPhase(pod: Pod, init: readonly ContainerStatus[], regular: readonly ContainerStatus[], terminal: boolean): PodPhase {
  let pendingInit = 0, failedInit = 0, unknown = 0, running = 0, waiting = 0, stopped = 0, succeeded = 0;
  for (const container of initContainers(pod)) {
    const status = init.find((s) => s.name === container.name);
    if (isRestartableInit(container)) {
      if (status?.state?.running) {
        if (!status.started) pendingInit++;
        running++;
      } else if (!status?.state?.terminated && !status?.lastState?.terminated) pendingInit++;
    } else if (status?.state?.terminated) {
      if (status.state.terminated.exitCode !== 0) failedInit++;
    } else if (status?.state?.waiting && status.lastState?.terminated) {
      if (status.lastState.terminated.exitCode !== 0) failedInit++;
    } else pendingInit++;
  }
  for (const container of pod.spec.containers) {
    const status = regular.find((s) => s.name === container.name);
    if (status?.state?.running) running++;
    else if (status?.state?.terminated) {
      stopped++;
      if (status.state.terminated.exitCode === 0) succeeded++;
    } else if (status?.state?.waiting) {
      if (status.lastState?.terminated) stopped++;
      else waiting++;
    } else unknown++;
  }
  // Nothing runs and nothing will: what has not succeeded has failed.
  if (terminal) return stopped === succeeded && waiting + unknown + failedInit === 0 ? 'Succeeded' : 'Failed';
  if (failedInit > 0 && pod.spec.restartPolicy === 'Never') return 'Failed';
  if (waiting > 0 || (pendingInit > 0 && !anyRegularStarted(regular))) return 'Pending';
  if (running > 0 && unknown === 0) return 'Running';
  if (stopped === 0 || unknown > 0) return 'Pending';
  if (pod.spec.restartPolicy === 'Always') return 'Running';
  if (stopped === succeeded) return 'Succeeded';
  return pod.spec.restartPolicy === 'Never' ? 'Failed' : 'Running';
}

type Judgement = Pick<PodCondition, 'status'> & { reason?: string; message?: string };
const goList = (names: readonly string[]): string => `[${names.join(' ')}]`;

function forTerminal(phase: PodPhase): Judgement {
  return { status: 'False', reason: phase === 'Failed' ? 'PodFailed' : 'PodCompleted' };
}

function containersReady(pod: Pod, statuses: readonly ContainerStatus[], phase: PodPhase): Judgement {
  const watched = [...initContainers(pod).filter(isRestartableInit), ...pod.spec.containers];
  const unknown = watched.filter((c) => !statuses.some((s) => s.name === c.name)).map((c) => c.name);
  const unready = watched.filter((c) => statuses.some((s) => s.name === c.name && !s.ready)).map((c) => c.name);
  if ((phase === 'Succeeded' && unknown.length === 0) || phase === 'Failed') return forTerminal(phase);
  const messages = [
    ...(unknown.length ? [`containers with unknown status: ${goList(unknown)}`] : []),
    ...(unready.length ? [`containers with unready status: ${goList(unready)}`] : []),
  ];
  return messages.length ? { status: 'False', reason: 'ContainersNotReady', message: messages.join(', ') } : { status: 'True' };
}

function podReady(pod: Pod, containers: Judgement, conditions: readonly PodCondition[]): Judgement {
  if (containers.status !== 'True') return containers;
  const messages = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = findCondition(conditions, conditionType);
    if (!found) return [`corresponding condition of pod readiness gate ${quoted(conditionType)} does not exist.`];
    return found.status === 'True' ? [] : [`the status of pod readiness gate ${quoted(conditionType)} is not "True", but ${found.status}`];
  });
  return messages.length ? { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') } : { status: 'True' };
}

function initialized(pod: Pod, init: readonly ContainerStatus[], regular: readonly ContainerStatus[], phase: PodPhase): Judgement {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (anyRegularStarted(regular)) return { status: 'True' };
  const incomplete = initContainers(pod).filter((c) => {
    const status = init.find((s) => s.name === c.name);
    return !(isRestartableInit(c) ? status?.started : status?.ready);
  }).map((c) => c.name);
  return incomplete.length ? { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: ${goList(incomplete)}` } : { status: 'True' };
}

/** Conditions that are there only while they hold. */
function resizing({ pod, runtime, resize = {} }: PodStatusInputs): [string, Judgement][] {
  const underWay = ([['init', initContainers(pod)], ['regular', pod.spec.containers]] as const).some(([kind, list]) => list.some((container) => {
    const last = isResizable(container, kind) ? latestContainer(runtime, container.name) : undefined;
    return last?.state === 'running' && resourcesThatDiffer(container, last.resources).length > 0;
  }));
  return [
    ...(resize.pending ? [['PodResizePending', { status: 'True', ...resize.pending }] as [string, Judgement]] : []),
    ...(underWay ? [['PodResizeInProgress', { status: 'True', ...(resize.error ? { reason: 'Error', message: resize.error } : {}) }] as [string, Judgement]] : []),
  ];
}

/** Init containers are told of in their order, all others by name. upstream: pkg/kubelet/types (SortedContainerStatuses) */
const byName = (statuses: readonly ContainerStatus[]): ContainerStatus[] => [...statuses].sort((a, b) => (a.name < b.name ? -1 : 1));

/** There is nothing to tell of containers, addresses or the kubelet's conditions. upstream: pkg/kubelet/kubelet.go (rejectPod) */
const rejectedStatus = ({ metadata: { generation }, status }: Pod, { reason, message }: PodFailure, now: number): PodStatus => ({
  ...(generation ? { observedGeneration: generation } : {}), phase: 'Failed', reason, message, startTime: status?.startTime ?? timestamp(now),
  conditions: ((status?.conditions ?? []) as readonly PodCondition[]).filter((condition) => !isOwned(condition)),
  ...(status?.qosClass ? { qosClass: status.qosClass } : {}),
}) as unknown as PodStatus;

/** The whole status; foreign conditions and fields the kubelet does not own are carried over from `pod.status`. */
export function podStatus(inputs: PodStatusInputs): PodStatus {
  const { pod, runtime, now, hostIPs, terminal, failure } = inputs;
  if (failure?.rejected) return rejectedStatus(pod, failure, now);
  const statuses = (list: readonly Container[], kind: 'init' | 'regular'): ContainerStatus[] => withShortMessages(list.map((c) => containerStatus(c, kind, inputs)), initContainers(pod).length + pod.spec.containers.length);
  const found = { init: statuses(initContainers(pod), 'init'), regular: byName(statuses(pod.spec.containers, 'regular')) };
  const { init, regular } = terminal ? endedStatuses(pod, found.init, found.regular) : found;
  const ephemeral = byName(ephemeralContainers(pod).map((c) => containerStatus(c, 'ephemeral', inputs)));
  const old = pod.status;
  let phase = failure ? 'Failed' : podPhase(pod, init, regular, terminal);
  // A Pod that has ended stays ended, whatever is seen later.
  if (old?.phase === 'Succeeded' || old?.phase === 'Failed') phase = old.phase;

  const time = timestamp(now);
  const foreign = (old?.conditions ?? []) as readonly PodCondition[];
  const all = [...init, ...regular];
  const ready = containersReady(pod, all, phase);
  const judgements: readonly (readonly [string, Judgement])[] = [
    ['PodReadyToStartContainers', { status: chooseSandbox(pod, runtime).change ? 'False' : 'True' }],
    ['Initialized', initialized(pod, init, regular, phase)],
    ['Ready', podReady(pod, ready, foreign)],
    ['ContainersReady', ready],
    ['PodScheduled', { status: 'True' }],
    ...(failure?.disrupted ? [['DisruptionTarget', { status: 'True', reason: terminationByKubelet, message: failure.message }] as const] : []),
    ...(terminal ? [] : resizing(inputs)),
  ];
  let conditions = foreign.filter(({ type }) => !type.startsWith('PodResize') || judgements.some(([held]) => held === type));
  for (const [type, judgement] of judgements) {
    conditions = setCondition<PodCondition>(conditions, { type, lastProbeTime: null, ...judgement } as unknown as Omit<PodCondition, 'lastTransitionTime'>, time);
  }
  // The address of a sandbox that has gone is told until there is another. upstream: pkg/kubelet/pleg/generic.go (getPodIPs)
  const sandbox = runtime.sandboxes.find((s) => s.state === 'ready');
  const ips = isHostNetwork(pod) ? hostIPs : sandbox ? [sandbox.ip].filter((ip) => ip !== '') : (old?.podIPs ?? []).map((p) => p.ip);
  const generation = pod.metadata.generation;
  return {
    ...(generation ? { observedGeneration: generation } : {}),
    phase, conditions,
    ...(failure ? { reason: failure.reason, message: failure.message } : { ...(old?.reason && phase === old.phase ? { reason: old.reason } : {}), ...(old?.message && phase === old.phase ? { message: old.message } : {}) }),
    ...(hostIPs[0] ? { hostIP: hostIPs[0], hostIPs: hostIPs.map((ip) => ({ ip })) } : {}),
    ...(ips[0] ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}),
    startTime: old?.startTime ?? time,
    ...(init.length ? { initContainerStatuses: init } : {}),
    containerStatuses: regular,
    ...(ephemeral.length ? { ephemeralContainerStatuses: ephemeral } : {}),
    ...(old?.qosClass ? { qosClass: old.qosClass } : {}),
    ...(old?.nominatedNodeName ? { nominatedNodeName: old.nominatedNodeName } : {}),
  } as unknown as PodStatus;
}

/**
 * What is told of a Pod that is to end while something of it may still run: its phase, its reason and who disrupts it wait until nothing
 * does. That it is not ready shows at once. upstream: pkg/kubelet/status/status_manager.go (mergePodStatus)
 */
export function beforeItsEnd(status: PodStatus, told: PodStatus | undefined): PodStatus {
  const { reason: _reason, message: _message, ...rest } = status;
  const isTarget = ({ type }: PodCondition): boolean => type === 'DisruptionTarget';
  const conditions = [...((status.conditions ?? []) as readonly PodCondition[]).filter((c) => !isTarget(c)), ...((told?.conditions ?? []) as readonly PodCondition[]).filter(isTarget)];
  return {
    ...rest, phase: told?.phase ?? 'Pending', conditions,
    ...(told?.reason ? { reason: told.reason } : {}), ...(told?.message ? { message: told.message } : {}),
  } as unknown as PodStatus;
}

/** A status as it is, but for which containers are ready, and with them the Pod, by another. */
export function withReadiness(status: PodStatus, by: PodStatus): PodStatus {
  const lists = ['initContainerStatuses', 'containerStatuses'] as const;
  const told = (list: (typeof lists)[number]): object => {
    const statuses = status[list] as readonly ContainerStatus[] | undefined;
    if (!statuses) return {};
    return { [list]: statuses.map((own) => ({ ...own, ready: by[list]?.find(({ name, containerID }) => name === own.name && containerID === own.containerID)?.ready ?? own.ready })) };
  };
  const isReadiness = ({ type }: PodCondition): boolean => type === 'Ready' || type === 'ContainersReady';
  const judged = ((by.conditions ?? []) as readonly PodCondition[]).filter(isReadiness);
  const conditions = ((status.conditions ?? []) as readonly PodCondition[]).map((own) => judged.find(({ type }) => type === own.type) ?? own);
  return { ...status, ...told('initContainerStatuses'), ...told('containerStatuses'), conditions } as unknown as PodStatus;
}
