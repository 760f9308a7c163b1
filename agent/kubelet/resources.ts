// Requests and limits as the kernel's numbers. Pure.
// upstream: pkg/kubelet/cm/helpers_linux.go, pkg/kubelet/qos/policy.go
import { canonicalQuantity, compareQuantities, milliValue, quantityValue } from '../../src/apimachinery/quantity.ts';
import type { LinuxResources } from '../runtime/runtime.ts';
import { initContainers, isRestartableInit, type Container, type Pod } from './pod.ts';

export const cpuPeriod = 100_000;
const minimumQuota = 1_000;
const minimumShares = 2;
const maximumShares = 262_144;

/** 1024 shares a core; a container that asks for nothing gets the least. */
export const sharesOf = (milliCpu: number): number =>
  milliCpu === 0 ? minimumShares : Math.min(maximumShares, Math.max(minimumShares, Math.floor((milliCpu * 1024) / 1000)));
export const quotaOf = (milliCpu: number): number => Math.max(minimumQuota, Math.floor((milliCpu * cpuPeriod) / 1000));

export interface OomInputs { readonly qosClass: string; readonly memoryCapacity: number }

const systemNodeCritical = 2_000_001_000;
const requestedMemory = ({ resources }: Container): number => (resources?.requests?.['memory'] ? quantityValue(resources.requests['memory']) : 0);

/** Who dies first when the node runs out of memory: the more a container asked for, the later; a sidecar no sooner than the others. */
export function oomScoreAdj(pod: Pod, container: Container, { qosClass, memoryCapacity }: OomInputs): number {
  if (qosClass === 'Guaranteed' || (pod.spec.priority ?? 0) >= systemNodeCritical) return -997;
  if (qosClass !== 'Burstable') return 1000;
  const isSidecar = isRestartableInit(container) && initContainers(pod).some((c) => c.name === container.name);
  const request = isSidecar ? Math.max(requestedMemory(container), Math.min(...pod.spec.containers.map(requestedMemory))) : requestedMemory(container);
  const score = 1000 - Math.floor((1000 * request) / Math.max(1, memoryCapacity));
  return score < 3 ? 3 : Math.min(999, score);
}

export type Resources = NonNullable<Container['resources']>;
type Quantities = Readonly<Record<string, string>>;

const sameQuantities = (a: Quantities = {}, b: Quantities = {}): boolean =>
  Object.keys({ ...a, ...b }).every((name) => a[name] !== undefined && b[name] !== undefined && compareQuantities(a[name], b[name]) === 0);
/** Whether two say the same, in whatever units. */
export const sameResources = (a: Resources | undefined, b: Resources | undefined): boolean => sameQuantities(a?.requests, b?.requests) && sameQuantities(a?.limits, b?.limits);

/** Which of a container's resources the kernel holds otherwise than the Pod has them. What the engine does not tell is taken for right. */
export function resourcesThatDiffer(container: Container, actual: LinuxResources): ('cpu' | 'memory')[] {
  if (actual.cpuShares === undefined) return [];
  const wanted = computeResources(container);
  const cpu = wanted.cpuShares !== actual.cpuShares || wanted.cpuQuota !== actual.cpuQuota;
  return [...(cpu ? ['cpu' as const] : []), ...(wanted.memoryLimitInBytes !== actual.memoryLimitInBytes ? ['memory' as const] : [])];
}

/** What the status says a running container has: as the Pod writes it where the kernel agrees, else the kernel's numbers. */
export function resourcesInForce(container: Container, actual: LinuxResources | undefined): Resources {
  const { requests, limits } = container.resources ?? {};
  const wanted = computeResources(container);
  const next = { ...(limits ? { limits: { ...limits } as Record<string, string> } : {}), ...(requests ? { requests: { ...requests } as Record<string, string> } : {}) };
  if (!actual || actual.cpuShares === undefined) return next as Resources;
  const put = (list: Record<string, string> | undefined, name: string, differs: boolean, value: string | undefined): void => {
    if (!list || !differs) return;
    if (value === undefined) delete list[name];
    else list[name] = canonicalQuantity(value);
  };
  const { cpuShares, cpuQuota, cpuPeriod: period = cpuPeriod, memoryLimitInBytes } = actual;
  put(next.requests, 'cpu', wanted.cpuShares !== cpuShares && next.requests?.['cpu'] !== undefined, `${Math.ceil((cpuShares * 1000) / 1024)}m`);
  put(next.limits, 'cpu', wanted.cpuQuota !== cpuQuota, cpuQuota === undefined ? undefined : `${Math.floor((cpuQuota * 1000) / period)}m`);
  put(next.limits, 'memory', wanted.memoryLimitInBytes !== memoryLimitInBytes, memoryLimitInBytes === undefined ? undefined : inBinary(memoryLimitInBytes));
  return next as Resources;
}
const inBinary = (bytes: number): string => (bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}Mi` : bytes % 1024 === 0 ? `${bytes / 1024}Ki` : String(bytes));

/** cpu and memory, which can change while a container runs. */
export function computeResources(container: Container): LinuxResources {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const request = requests['cpu'] ?? limits['cpu'];
  const { cpu: cpuLimit, memory } = limits as { cpu?: string; memory?: string };
  return {
    cpuShares: sharesOf(request ? milliValue(request) : 0),
    ...(cpuLimit && milliValue(cpuLimit) > 0 ? { cpuPeriod, cpuQuota: quotaOf(milliValue(cpuLimit)) } : {}),
    ...(memory && quantityValue(memory) > 0 ? { memoryLimitInBytes: quantityValue(memory) } : {}),
  };
}

export const linuxResources = (pod: Pod, container: Container, oom: OomInputs): LinuxResources => ({ ...computeResources(container), oomScoreAdj: oomScoreAdj(pod, container, oom) });

/** Bytes the containers of a Pod may hold at any one time; undefined when one of them has no limit. upstream: cm.ResourceConfigForPod */
export function podMemoryLimit(pod: Pod): number | undefined {
  const limitOf = (container: Container): number => {
    const limit = container.resources?.limits?.['memory'];
    return limit ? quantityValue(limit) : 0;
  };
  if ([...initContainers(pod), ...pod.spec.containers].some((c) => limitOf(c) === 0)) return undefined;
  let sidecars = 0;
  let most = 0;
  for (const container of initContainers(pod)) {
    if (isRestartableInit(container)) sidecars += limitOf(container);
    most = Math.max(most, isRestartableInit(container) ? sidecars : sidecars + limitOf(container));
  }
  return Math.max(most, pod.spec.containers.reduce((sum, c) => sum + limitOf(c), sidecars));
}
