// Lets a claim that is being deleted go once no Pod with a node uses it. (upstream: pkg/controller/volume/pvcprotection)
import { PersistentVolumeClaims } from '../../../src/api/core/persistent-volume-claim.ts';
import { isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { claimProtection } from '../../../src/api/core/volume-protection.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { setFinalizer } from '../finalizers.ts';

/** Claims a Pod's volumes name, in its namespace. */
export function claimsOf({ metadata, spec }: Pod, ephemeral = true): string[] {
  return (spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return ephemeral && volume.ephemeral ? [`${metadata.name}-${volume.name}`] : [];
  });
}
export const keysOf = (pod: Pod): string[] => claimsOf(pod).map((name) => `${pod.metadata.namespace!}/${name}`);
/** A Pod without a node never starts with a claim that is ending. */
const holdsClaim = (pod: Pod, name: string): boolean => Boolean(pod.spec.nodeName) && claimsOf(pod, !isPodTerminal(pod)).includes(name);

export const claimIndex = { resource: Pods, name: 'persistentVolumeClaim', of: keysOf };

export const pvcProtectionController: Controller = {
  name: 'pvc-protection-controller',
  for: PersistentVolumeClaims,
  watches: [{ resource: Pods, map: (pod: Pod, _context, old?: Pod) => [...new Set([...keysOf(pod), ...(old ? keysOf(old) : [])])] }],
  indexes: [claimIndex],
  async reconcile(context: ControllerContext, key: string): Promise<void> {
    const claim = context.cached(PersistentVolumeClaims).get(key);
    if (!claim) return;
    const { name, namespace, deletionTimestamp } = claim.metadata;
    if (!deletionTimestamp) return setFinalizer(context, PersistentVolumeClaims, claim, claimProtection, true);
    if (context.cached(Pods).byIndex(claimIndex.name, key).some((pod) => holdsClaim(pod, name))) return;
    // The cache may not have heard of a Pod yet that has a node already.
    const { items } = await context.client.list(Pods, { namespace });
    if (items.some((pod) => holdsClaim(pod, name))) return;
    await setFinalizer(context, PersistentVolumeClaims, claim, claimProtection, false);
  },
};
