// Small facts read from a Pod: its conditions, whether it is ready, available or finished, and its containers' statuses.
// upstream: pkg/api/v1/pod/util.go
import { findCondition } from '../../apimachinery/conditions.ts';
import type { ContainerStatus } from './container-status.ts';
import type { PodCondition } from './pod-status.ts';

/** As much of a Pod as these readers need, so that templates, caches and tests can give less. */
interface WithStatus {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly PodCondition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
  };
}

export const getCondition = (pod: WithStatus, type: string): PodCondition | undefined => findCondition(pod.status?.conditions, type);

export const isPodReady = (pod: WithStatus): boolean => getCondition(pod, 'Ready')?.status === 'True';

/** Ready, and for at least `minReadySeconds`; `now` in ms since the epoch. */
export function isPodAvailable(pod: WithStatus, minReadySeconds: number, now: number): boolean {
  const ready = getCondition(pod, 'Ready');
  if (ready?.status !== 'True') return false;
  if (minReadySeconds === 0) return true;
  return Boolean(ready.lastTransitionTime) && Date.parse(ready.lastTransitionTime ?? '') + minReadySeconds * 1000 <= now;
}

/** All its containers have ended and none will be started again. */
export const isTerminal = (pod: WithStatus): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** The status of a container, wherever in the spec it stands. */
export function getContainerStatus(pod: WithStatus, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find((status) => status.name === name);
}
