// Small facts read from a Pod: its conditions, and whether it is ready or finished.
// upstream: pkg/api/v1/pod/util.go
import { findCondition } from '../../apimachinery/conditions.ts';
import type { PodCondition } from './pod-status.ts';

/** As much of a Pod as these readers need, so that templates, caches and tests can give less. */
interface WithStatus {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly PodCondition[];
  };
}

export const getCondition = (pod: WithStatus, type: string): PodCondition | undefined => findCondition(pod.status?.conditions, type);

export const isPodReady = (pod: WithStatus): boolean => getCondition(pod, 'Ready')?.status === 'True';

/** All its containers have ended and none will be started again. */
export const isPodTerminal = (pod: WithStatus): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
