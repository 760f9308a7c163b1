// A Deployment's ReplicaSets: which one is of the current template, which are old, and how a new one looks.
// upstream: pkg/controller/deployment/util/deployment_util.go, sync.go (getNewReplicaSet)
import { newControllerRef } from '../../../src/apimachinery/owners.ts';
import { Deployments, type Deployment } from '../../../src/api/apps/deployment.ts';
import type { ReplicaSet } from '../../../src/api/apps/replica-set.ts';
import type { Draft } from '../../../src/client/client.ts';
import { countAnnotation, currentSetAnnotations, desiredReplicasAnnotation, maxReplicasAnnotation, maxRevision, revisionOf, sizeAnnotations } from './annotations.ts';
import { boundsOf, isRollingUpdate } from './bounds.ts';
import { newSetSize } from './rolling.ts';
import type { ScaledSet } from './scaling.ts';
import { equalIgnoringHash, podTemplateHashLabel, templateHash } from './template.ts';

export interface ReplicaSetsOf { readonly all: readonly ReplicaSet[]; readonly current: ReplicaSet | undefined; readonly old: readonly ReplicaSet[] }

export const createdAt = (object: { metadata: { creationTimestamp: string | null } }): number => Date.parse(object.metadata.creationTimestamp ?? '') || 0;
const byAge = (a: ReplicaSet, b: ReplicaSet): number => createdAt(a) - createdAt(b) || (a.metadata.name < b.metadata.name ? -1 : 1);

/** Of several with the current template the oldest is the current one: the choice must not change between passes. */
export function sortReplicaSets(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSetsOf {
  const all = [...sets].sort(byAge);
  const current = all.find((set) => equalIgnoringHash(set.spec.template ?? {}, deployment.spec.template));
  return { all, current, old: all.filter((set) => set !== current) };
}

/** The revision the current set must have: one more than any old one. */
export const nextRevision = (sets: ReplicaSetsOf): bigint => maxRevision(sets.old) + 1n;

export const asSize = (set: ReplicaSet): ScaledSet => ({
  name: set.metadata.name, replicas: set.spec.replicas, available: set.status?.availableReplicas ?? 0, created: createdAt(set),
  maxReplicas: countAnnotation(set, maxReplicasAnnotation), desired: countAnnotation(set, desiredReplicasAnnotation),
});

/** Some ReplicaSet with Pods was sized for another number of replicas than is wanted now. */
export const isScalingEvent = (deployment: Deployment, sets: ReplicaSetsOf): boolean =>
  sets.all.some((set) => set.spec.replicas > 0 && (countAnnotation(set, desiredReplicasAnnotation) ?? deployment.spec.replicas) !== deployment.spec.replicas);

/** The ReplicaSet to create for the current template, sized as far as the surge allows. */
export function newReplicaSet(deployment: Deployment, sets: ReplicaSetsOf): Draft<ReplicaSet> {
  const { spec, metadata } = deployment;
  const hash = templateHash(spec.template, deployment.status?.collisionCount);
  const labels = { ...spec.template.metadata?.labels, [podTemplateHashLabel]: hash };
  const { maxSurge } = boundsOf(spec);
  const existing = sets.old.reduce((n, set) => n + set.spec.replicas, 0);
  return {
    metadata: {
      name: `${metadata.name}-${hash}`, namespace: metadata.namespace, labels,
      annotations: { ...currentSetAnnotations(deployment, undefined, nextRevision(sets)), ...sizeAnnotations(spec.replicas, maxSurge) },
      ownerReferences: [newControllerRef(deployment, Deployments)],
    },
    spec: {
      replicas: isRollingUpdate(spec) ? newSetSize(spec.replicas, maxSurge, 0, existing) : spec.replicas,
      minReadySeconds: spec.minReadySeconds,
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [podTemplateHashLabel]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  } as Draft<ReplicaSet>;
}

/** Old ReplicaSets beyond the history limit that hold no Pods, oldest revisions first. */
export function surplusHistory(limit: number | undefined, old: readonly ReplicaSet[]): ReplicaSet[] {
  if (limit === undefined) return [];
  const candidates = old.filter((set) => !set.metadata.deletionTimestamp).sort((a, b) => Number(revisionOf(a) - revisionOf(b)) || byAge(a, b));
  return candidates.slice(0, Math.max(0, candidates.length - limit))
    .filter((set) => (set.status?.replicas ?? 0) === 0 && set.spec.replicas === 0 && (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0));
}
