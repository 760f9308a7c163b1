// Whether a Pod may begin on a node under pressure. Pure. upstream: pkg/kubelet/eviction/eviction_manager.go (Admit)
import { podQosClass } from '../../../src/api/core/pod-qos.ts';
import { tolerates, type TolerationLike } from '../../../src/apimachinery/tolerations.ts';
import { isCriticalPod, type Pod } from '../pod.ts';
import { evictedReason, type PodFailure } from '../pod-status.ts';
import type { PressureType } from './pressure.ts';

const memoryTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' };

/** Why it may not; undefined when it may. */
export function refusal(pod: Pod, conditions: ReadonlySet<PressureType>): PodFailure | undefined {
  if (conditions.size === 0 || isCriticalPod(pod)) return undefined;
  if (conditions.size === 1 && conditions.has('MemoryPressure')) {
    if (podQosClass(pod.spec as Parameters<typeof podQosClass>[0]) !== 'BestEffort') return undefined;
    if ((pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration as TolerationLike, memoryTaint))) return undefined;
  }
  return { reason: evictedReason, message: `The node had condition: [${[...conditions].join(' ')}]. ` };
}
