// The claims of a Pod, and how a node could serve them: by volumes that exist or by such as would be made there. Pure.
// upstream: pkg/scheduler/framework/plugins/volumebinding/binder.go
import { controlledBy } from '../../src/apimachinery/owners.ts';
import type { TopologySelectorTerm } from '../../src/api/core/references.ts';
import type { PersistentVolumeClaim } from '../../src/api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../src/api/core/persistent-volume.ts';
import type { Pod } from '../../src/api/core/pod.ts';
import { matchTerm } from '../../src/api/core/node-selector.ts';
import { bestVolume, bindCompleted, selectedNode } from '../../src/api/core/volume-binding.ts';
import { storageClassOf } from '../../src/api/core/volume-columns.ts';
import type { Storage } from './framework.ts';
import type { NodeInfo } from './node-info.ts';

export interface PodClaims {
  readonly bound: readonly PersistentVolumeClaim[];
  /** Of classes whose volumes are chosen when the node is. */
  readonly waiting: readonly PersistentVolumeClaim[];
}
/** Volumes to give claims that wait, and claims to have volumes made for on the node. */
export interface Served { readonly taken: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[]; readonly provision: readonly PersistentVolumeClaim[] }

interface ClaimName { readonly name: string; readonly ephemeral: boolean }
export const claimNames = ({ metadata, spec }: Pod): ClaimName[] => (spec.volumes ?? []).flatMap((volume): ClaimName[] => {
  if (volume.persistentVolumeClaim) return [{ name: volume.persistentVolumeClaim.claimName, ephemeral: false }];
  return volume.ephemeral ? [{ name: `${metadata.name}-${volume.name}`, ephemeral: true }] : [];
});

export const isBound = (claim: PersistentVolumeClaim): boolean => Boolean(claim.spec.volumeName) && claim.metadata.annotations?.[bindCompleted] !== undefined;

/** The Pod's claims, or why it can run nowhere. */
export function claimsOf(pod: Pod, storage: Storage): PodClaims | string {
  const bound: PersistentVolumeClaim[] = [];
  const waiting: PersistentVolumeClaim[] = [];
  for (const { name, ephemeral } of claimNames(pod)) {
    const claim = storage.claim(pod.metadata.namespace ?? '', name);
    if (!claim) return ephemeral ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"` : `persistentvolumeclaim "${name}" not found`;
    if (claim.status.phase === 'Lost') return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`;
    if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
    if (ephemeral && !controlledBy(claim, pod)) return `PVC ${claim.metadata.namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`;
    if (isBound(claim)) bound.push(claim);
    else if (!claim.spec.volumeName && storage.storageClass(storageClassOf(claim as never))?.volumeBindingMode === 'WaitForFirstConsumer') waiting.push(claim);
    else return 'pod has unbound immediate PersistentVolumeClaims';
  }
  return { bound, waiting };
}

export function reaches(node: NodeInfo, { spec }: PersistentVolume): boolean {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms;
  return !terms || terms.some((term) => matchTerm(term)(node));
}
const inTopology = (node: NodeInfo, terms: readonly TopologySelectorTerm[] | undefined): boolean =>
  !terms?.length || terms.some(({ matchLabelExpressions = [] }) => matchLabelExpressions.length > 0 && matchLabelExpressions.every(({ key, values }) => (values ?? []).includes(node.labels[key] ?? '')));

/** How the node serves the claims, or why it does not. */
export function serve({ bound, waiting }: PodClaims, node: NodeInfo, storage: Storage): Served | { readonly reasons: readonly string[] } {
  for (const claim of bound) {
    const volume = storage.volume(claim.spec.volumeName!);
    if (!volume) return { reasons: ['node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'] };
    if (!reaches(node, volume)) return { reasons: ['node(s) had volume node affinity conflict'] };
  }
  const taken: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
  const provision: PersistentVolumeClaim[] = [];
  for (const claim of waiting) {
    const chosen = claim.metadata.annotations?.[selectedNode];
    const free = storage.volumes().filter((volume) => !taken.some((other) => other.volume === volume));
    const volume = chosen === undefined ? bestVolume(claim, free, { reachable: (candidate) => reaches(node, candidate) }) : undefined;
    const storageClass = storage.storageClass(storageClassOf(claim as never));
    if (volume) taken.push({ claim, volume });
    else if ((chosen === undefined || chosen === node.name) && storageClass && storageClass.provisioner !== 'kubernetes.io/no-provisioner' && inTopology(node, storageClass.allowedTopologies)) provision.push(claim);
    else return { reasons: ["node(s) didn't find available persistent volumes to bind"] };
  }
  return { taken, provision };
}
