// The Node's status from facts of the host and the engine, and the patch that brings it to the API. Pure.
// upstream: pkg/kubelet/nodestatus/setters.go
import { isDeepStrictEqual } from 'node:util';
import { kubeletLabels } from '../../src/api/core/kubelet-labels.ts';
import type { Node, NodeCondition, NodeStatus } from '../../src/api/core/node.ts';
import { isExtended } from '../../src/api/core/resources.ts';
import { findCondition } from '../../src/apimachinery/conditions.ts';
import { timestamp } from '../../src/util/clock.ts';
import { equalJson } from '../../src/util/json.ts';
import type { Image, RuntimeInfo } from '../runtime/runtime.ts';
import type { DeviceCounts } from '../kubelet/devices/device-manager.ts';
import type { PressureType } from '../kubelet/eviction/pressure.ts';
import { allocatable, capacity, type HostFacts, type Reserve } from './capacity.ts';

type Resources = Readonly<Record<string, string>>;

/** Whoever advertises a resource on a node writes its capacity; that it can be had is the node's own word. upstream: nodestatus.MachineInfo */
export const extendedResources = (list: object | undefined): Resources => Object.fromEntries(Object.entries((list ?? {}) as Resources).filter(([name]) => isExtended(name)));

export interface NodeStatusInputs {
  readonly nodeName: string;
  readonly internalIP: string;
  readonly facts: HostFacts;
  readonly info: RuntimeInfo;
  readonly images: readonly Image[];
  readonly kubeletVersion: string;
  /** Why the node cannot run Pods; empty when it can. */
  readonly problems: readonly string[];
  /** What the node is short of. */
  readonly pressure: ReadonlySet<PressureType>;
  readonly reserve: Reserve;
  /** Resources others have advertised on the node (extendedResources). */
  readonly extended: Resources;
  /** Those that device plugins offer. */
  readonly devices: DeviceCounts;
  readonly now: number;
}

const amounts = (devices: DeviceCounts, of: 'capacity' | 'allocatable'): Resources => Object.fromEntries(Object.entries(devices).map(([name, counts]) => [name, String(counts[of])]));

/** upstream: the kubelet's --node-status-max-images */
const maxImages = 50;
/** Of one image. upstream: nodestatus/setters.go (MaxNamesPerImageInNodeStatus) */
const maxNames = 5;

interface Judgement { readonly type: string; readonly status: 'True' | 'False'; readonly reason: string; readonly message: string }

/** By condition: its reason and words while it holds, and otherwise. Events have the same reasons of the node. */
const pressures: readonly (readonly [PressureType, readonly [string, string], readonly [string, string]])[] = [
  ['MemoryPressure', ['HasInsufficientMemory', 'kubelet has insufficient memory available'], ['HasSufficientMemory', 'kubelet has sufficient memory available']],
  ['DiskPressure', ['HasDiskPressure', 'kubelet has disk pressure'], ['HasNoDiskPressure', 'kubelet has no disk pressure']],
  ['PIDPressure', ['HasInsufficientPID', 'kubelet has insufficient PID available'], ['HasSufficientPID', 'kubelet has sufficient PID available']],
];

function judgements({ pressure, problems }: NodeStatusInputs): Judgement[] {
  return [
    ...pressures.map(([type, held, free]): Judgement => {
      const [reason, message] = pressure.has(type) ? held : free;
      return { type, status: pressure.has(type) ? 'True' : 'False', reason: `Kubelet${reason}`, message };
    }),
    problems.length ? { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]` }
      : { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
  ];
}

export function imageList(images: readonly Image[]): { names: string[]; sizeBytes: number }[] {
  return images.map((i) => ({ names: [...i.repoDigests, ...i.repoTags].filter((n) => !n.includes('<none>')).slice(0, maxNames), sizeBytes: i.size }))
    .filter((i) => i.names.length > 0).sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, maxImages);
}

/** The whole status; `old` gives the transition times of conditions that have not changed. */
export function nodeStatus(inputs: NodeStatusInputs, old: NodeStatus | undefined): NodeStatus {
  const { facts, info, internalIP, nodeName, now } = inputs;
  const time = timestamp(now);
  const conditions = judgements(inputs).map((j): NodeCondition => {
    const before = findCondition(old?.conditions as readonly NodeCondition[] | undefined, j.type);
    return { ...j, lastHeartbeatTime: time, lastTransitionTime: before?.status === j.status && before.lastTransitionTime ? before.lastTransitionTime : time };
  });
  return {
    capacity: { ...capacity(facts), ...amounts(inputs.devices, 'capacity') }, allocatable: { ...allocatable(facts, inputs.reserve), ...inputs.extended, ...amounts(inputs.devices, 'allocatable') }, conditions,
    addresses: [{ type: 'InternalIP', address: internalIP }, { type: 'Hostname', address: nodeName }],
    // Nothing listens here: the API server comes through the agent's own connection.
    daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
    nodeInfo: {
      machineID: facts.machineID, systemUUID: facts.systemUUID, bootID: facts.bootID, kernelVersion: info.kernelVersion, osImage: facts.osImage,
      containerRuntimeVersion: `${info.name}://${info.version}`, kubeletVersion: inputs.kubeletVersion, kubeProxyVersion: '', operatingSystem: 'linux', architecture: info.architecture,
    },
    images: imageList(inputs.images),
  } as unknown as NodeStatus;
}

export interface NodeEvent { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }
export const isNow = (nodeName: string, reason: string): NodeEvent => ({ type: 'Normal', reason, message: `Node ${nodeName} status is now: ${reason}` });

/** What is told of a status that takes the place of another: what the node has or lacks now, that it can run Pods or no longer can, and a reboot. */
export function statusEvents(nodeName: string, old: NodeStatus | undefined, status: NodeStatus): NodeEvent[] {
  const of = (told: NodeStatus | undefined, type: string): string | undefined => findCondition(told?.conditions as readonly NodeCondition[] | undefined, type)?.status;
  const changed = (type: string): boolean => of(old, type) !== of(status, type);
  const [before, boot] = [old?.nodeInfo?.bootID, status.nodeInfo?.bootID];
  return [
    ...(before && before !== boot ? [{ type: 'Warning' as const, reason: 'Rebooted', message: `Node ${nodeName} has been rebooted, boot id: ${boot}` }] : []),
    ...pressures.filter(([type]) => changed(type)).map(([type, [held], [free]]) => isNow(nodeName, `Node${of(status, type) === 'True' ? held : free}`)),
    // A node that is new has not changed.
    ...(of(old, 'Ready') !== undefined && changed('Ready') ? [isNow(nodeName, of(status, 'Ready') === 'True' ? 'NodeReady' : 'NodeNotReady')] : []),
  ];
}

/** Whether two statuses say the same but for heartbeats. */
export function sameStatus(a: NodeStatus | undefined, b: NodeStatus): boolean {
  const still = (status: NodeStatus | undefined): unknown => status && { ...status, conditions: (status.conditions ?? []).map((c) => ({ ...c, lastHeartbeatTime: null })) };
  return isDeepStrictEqual(still(a), still(b));
}

const ownConditions: readonly string[] = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'];
const ownResources = ['cpu', 'memory', 'ephemeral-storage', 'pods'];

/** Whether someone has changed what the node itself says, with its `devices`, between two statuses of the API; what others add beside it is theirs. */
export function wasEdited(written: NodeStatus | undefined, found: NodeStatus | undefined, devices: readonly string[] = []): boolean {
  const own = (status: NodeStatus | undefined): unknown => {
    const resources = (list: object | undefined): unknown => [...ownResources, ...devices].map((name) => (list as Record<string, unknown> | undefined)?.[name]);
    return [
      resources(status?.capacity), resources(status?.allocatable), status?.addresses ?? [], status?.nodeInfo, status?.daemonEndpoints, status?.images ?? [],
      ownConditions.map((type) => ({ ...findCondition(status?.conditions as readonly NodeCondition[] | undefined, type), lastHeartbeatTime: null })),
    ];
  };
  return !equalJson(own(written), own(found));
}

/** Whether the node's word is out of date for what others than its `devices`' plugins have advertised on it, or no longer do. */
export function lacksExtended(found: NodeStatus | undefined, devices: readonly string[] = []): boolean {
  const others = (list: object | undefined): object => Object.fromEntries(Object.entries(extendedResources(list)).filter(([name]) => !devices.includes(name)));
  return !equalJson(others(found?.capacity), others(found?.allocatable));
}

/** The patch that makes `found` say what the status says: lists of resources are merged. */
export function statusPatch(status: NodeStatus, found: NodeStatus | undefined): object {
  const gone = Object.keys(extendedResources(found?.allocatable)).filter((name) => !(name in (status.allocatable ?? {})));
  return { ...status, allocatable: { ...status.allocatable, ...Object.fromEntries(gone.map((name) => [name, null])) } };
}

export const hasLabels = (node: Node, labels: Readonly<Record<string, string>>): boolean => Object.entries(labels).every(([key, value]) => node.metadata.labels?.[key] === value);

/** What a node says of itself, at each start; other labels it is given are of its making only. upstream: updateDefaultLabels */
export const ownLabels = (nodeName: string, architecture: string, given: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  'beta.kubernetes.io/arch': architecture, 'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': architecture, 'kubernetes.io/hostname': nodeName, 'kubernetes.io/os': 'linux',
  ...Object.fromEntries(Object.entries(given).filter(([key]) => kubeletLabels.includes(key))),
});
