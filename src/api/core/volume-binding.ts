// How claims and volumes find each other: the marks of a binding, and which volume suits a claim best.
// upstream: component-helpers/storage/volume/{pv_helpers,helpers}.go, pkg/controller/volume/persistentvolume/index.go
import { compareQuantities } from '../../apimachinery/quantity.ts';
import { selectorFromObject } from '../../apimachinery/selectors.ts';
import type { PersistentVolumeClaim } from './persistent-volume-claim.ts';
import type { PersistentVolume } from './persistent-volume.ts';
import { storageClassOf } from './volume-columns.ts';

/** On a claim: both sides of its binding are written. */
export const bindCompleted = 'pv.kubernetes.io/bind-completed';
/** On either side: the binder chose the partner, not a person. */
export const boundByController = 'pv.kubernetes.io/bound-by-controller';
export const provisionedBy = 'pv.kubernetes.io/provisioned-by';
/** On a claim whose class waits for a Pod: where that Pod is to run. */
export const selectedNode = 'volume.kubernetes.io/selected-node';
export const storageProvisioner = 'volume.kubernetes.io/storage-provisioner';
export const oldStorageProvisioner = 'volume.beta.kubernetes.io/storage-provisioner';

const sizeOf = (claim: PersistentVolumeClaim): string => claim.spec.resources?.requests?.['storage'] ?? '0';
const capacityOf = (volume: PersistentVolume): string => volume.spec.capacity?.['storage'] ?? '0';
const modeOf = (mode: string | undefined): string => mode ?? 'Filesystem';

/** The volume names this claim: by a person before (no uid), or as the binder wrote it. */
export function isBoundTo({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  return claimRef !== undefined && claimRef.name === metadata.name && claimRef.namespace === metadata.namespace && (!claimRef.uid || claimRef.uid === metadata.uid);
}

/** Why a volume the claim names cannot be its volume; undefined when it can. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (compareQuantities(capacityOf(volume), sizeOf(claim)) < 0) return 'requested PV is too small';
  if (storageClassOf(volume as never) !== storageClassOf(claim as never)) return 'storageClassName does not match';
  if (modeOf(volume.spec.volumeMode) !== modeOf(claim.spec.volumeMode)) return 'incompatible volumeMode';
  return allows(volume, claim) ? undefined : 'incompatible accessMode';
}
const allows = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean => (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode));

export interface MatchOptions {
  /** Takes only volumes that name the claim already: the rest waits for a Pod. */
  readonly delayed?: boolean;
  /** Whether the node in question reaches the volume. */
  readonly reachable?: (volume: PersistentVolume) => boolean;
}

/** The volume that names the claim, else the smallest available one that is large enough. */
export function bestVolume(claim: PersistentVolumeClaim, volumes: readonly PersistentVolume[], { delayed = false, reachable = () => true }: MatchOptions = {}): PersistentVolume | undefined {
  const large = volumes.filter((volume) => !volume.metadata.deletionTimestamp && modeOf(volume.spec.volumeMode) === modeOf(claim.spec.volumeMode)
    && compareQuantities(capacityOf(volume), sizeOf(claim)) >= 0 && allows(volume, claim) && reachable(volume));
  const named = large.find((volume) => isBoundTo(volume, claim));
  if (named || delayed) return named;
  const selector = claim.spec.selector ? selectorFromObject(claim.spec.selector as never) : undefined;
  const [smallest] = large.filter((volume) => volume.status.phase === 'Available' && !volume.spec.claimRef
    && storageClassOf(volume as never) === storageClassOf(claim as never) && (selector?.matches(volume.metadata.labels) ?? true))
    .sort((a, b) => compareQuantities(capacityOf(a), capacityOf(b)) || (a.metadata.name < b.metadata.name ? -1 : 1));
  return smallest;
}
