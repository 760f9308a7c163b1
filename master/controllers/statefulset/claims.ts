// The claims of a StatefulSet's Pods and who owns them, so that the retention policy comes true by garbage collection.
// upstream: pkg/controller/statefulset/stateful_set_utils.go (isClaimOwnerUpToDate, updateClaimOwnerRefForSetAndPod), stateful_pod_control.go
import { newControllerRef, type OwnerRef } from '../../../src/apimachinery/owners.ts';
import { StatefulSets, type StatefulSet } from '../../../src/api/apps/stateful-set.ts';
import type { PersistentVolumeClaim } from '../../../src/api/core/persistent-volume-claim.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { claimsOf, inOrdinalRange, ordinalOf } from './identity.ts';

/** Finds a claim by name in the set's namespace. */
export type ClaimLookup = (name: string) => PersistentVolumeClaim | undefined;

/** The owner the policy asks for: the set, the Pod that is scaled away, or none. */
function ownerOfClaims(set: StatefulSet, pod: Pod): 'set' | 'pod' | 'none' {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? { whenDeleted: 'Retain', whenScaled: 'Retain' };
  const ordinal = ordinalOf(set, pod);
  const scaledAway = ordinal !== undefined && !inOrdinalRange(set, ordinal);
  if (whenScaled === 'Delete' && scaledAway) return 'pod';
  return whenDeleted === 'Delete' ? 'set' : 'none';
}

const isOf = (reference: OwnerRef, owner: { readonly kind: string; readonly name: string }): boolean => reference.kind === owner.kind && reference.name === owner.name;

/** The owner references a claim should have; undefined when it has them. A controller that is neither set nor Pod is let be. */
function ownersFor(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): readonly OwnerRef[] | undefined {
  const references = (claim.metadata.ownerReferences ?? []) as readonly OwnerRef[];
  const setName = { kind: StatefulSets.kind, name: set.metadata.name };
  const podName = { kind: Pods.kind, name: pod.metadata.name };
  const others = references.filter((reference) => !isOf(reference, setName) && !isOf(reference, podName));
  const wanted = others.some((reference) => reference.controller) ? 'none' : ownerOfClaims(set, pod);
  const next = wanted === 'none' ? others : [...others, wanted === 'set' ? newControllerRef(set, StatefulSets) : newControllerRef(pod, Pods)];
  const same = next.length === references.length && next.every((reference) => references.some((old) => old.uid === reference.uid && old.controller === reference.controller));
  return same ? undefined : next;
}

export interface ClaimFix { readonly claim: PersistentVolumeClaim; readonly ownerReferences: readonly OwnerRef[] }

/** Claims of these Pods whose owners are not those the policy asks for. */
export function planClaimOwners(set: StatefulSet, pods: readonly Pod[], lookup: ClaimLookup): ClaimFix[] {
  return pods.flatMap((pod) => {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) return [];
    return claimsOf(set, ordinal).flatMap(({ metadata }) => {
      const claim = lookup(metadata!.name!);
      const ownerReferences = claim && !claim.metadata.deletionTimestamp ? ownersFor(claim, set, pod) : undefined;
      return ownerReferences ? [{ claim: claim!, ownerReferences }] : [];
    });
  });
}

/** A claim still belongs to a former Pod of this name: the collector is about to take it, and a new Pod must not get it. */
export function hasStaleClaim(set: StatefulSet, ordinal: number, lookup: ClaimLookup): boolean {
  if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return false;
  const podName = { kind: Pods.kind, name: `${set.metadata.name}-${ordinal}` };
  return claimsOf(set, ordinal).some(({ metadata }) => ((lookup(metadata!.name!)?.metadata.ownerReferences ?? []) as readonly OwnerRef[]).some((reference) => isOf(reference, podName)));
}
