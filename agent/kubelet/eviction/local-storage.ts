// Which Pod uses more disk than it may: an emptyDir over its sizeLimit, a Pod or a container over its limit of ephemeral storage.
// Pure. upstream: pkg/kubelet/eviction/eviction_manager.go (localStorageEviction)
import { podLimits } from '../../../src/api/core/pod-resources.ts';
import { canonicalQuantity, quantityValue } from '../../../src/apimachinery/quantity.ts';
import { quoted, type Pod } from '../pod.ts';
import { addUsage, type PodUsage } from './pod-usage.ts';

const storage = 'ephemeral-storage';
type Lists = Parameters<typeof podLimits>[0];

/** Pods that limit nothing need not be measured. A tmpfs cannot outgrow its size. */
export const hasStorageLimit = (pod: Pod): boolean => podLimits(pod.spec as Lists)[storage] !== undefined
  || (pod.spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && emptyDir.medium !== 'Memory' && quantityValue(emptyDir.sizeLimit) > 0);

/** The message of its eviction; undefined while it keeps to its limits. */
export function storageViolation(pod: Pod, usage: PodUsage): string | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = emptyDir?.sizeLimit;
    const used = usage.volumes.get(name)?.usedBytes;
    if (limit === undefined || used === undefined || quantityValue(limit) <= 0) continue;
    if (used > quantityValue(limit)) return `Usage of EmptyDir volume ${quoted(name)} exceeds the limit ${quoted(canonicalQuantity(limit))}. `;
  }
  const whole = podLimits(pod.spec as Lists)[storage];
  const all = addUsage([...usage.containers.flatMap(({ rootfs, logs }) => [rootfs, logs]), ...usage.volumes.values()]);
  if (whole !== undefined && all.usedBytes > quantityValue(whole)) return `Pod ephemeral local storage usage exceeds the total limit of containers ${canonicalQuantity(whole)}. `;
  for (const { name, rootfs, logs } of usage.containers) {
    const limit = pod.spec.containers.find((c) => c.name === name)?.resources?.limits?.[storage];
    if (limit === undefined || quantityValue(limit) === 0) continue;
    if (addUsage([rootfs, logs]).usedBytes > quantityValue(limit)) return `Container ${name} exceeded its local ephemeral storage limit ${quoted(canonicalQuantity(limit))}. `;
  }
  return undefined;
}
