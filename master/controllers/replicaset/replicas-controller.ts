// Keeps a number of Pods of one template running: the core of the ReplicaSet and the ReplicationController controller.
// upstream: pkg/controller/replicaset/replica_set.go
import { controllerOf, newControllerRef } from '../../../src/apimachinery/owners.ts';
import type { Selector } from '../../../src/apimachinery/selectors.ts';
import type { ReplicaSetStatus as ReplicasStatus } from '../../../src/api/apps/replica-set.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import type { ObjectHead, ResourceDefinition } from '../../../src/schema/resource.ts';
import { claim, planClaims } from '../claims.ts';
import { createPods, deletePod } from '../pod-control.ts';
import { isPodActive } from '../pod-state.ts';
import { all } from '../settled.ts';
import { nextAvailability, planReplicas, replicasStatus, statusDiffers } from './plan.ts';
import { podsToDelete } from './rank.ts';

interface PodTemplate { readonly metadata?: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string>; readonly finalizers?: readonly string[] }; readonly spec?: Pod['spec'] }

/** What the core needs to know of a kind. */
export interface ReplicasKind<T extends ObjectHead> {
  readonly name: string;
  readonly resource: ResourceDefinition<T>;
  readonly replicasOf: (object: T) => number;
  readonly selectorOf: (object: T) => Selector;
  readonly templateOf: (object: T) => PodTemplate;
  readonly minReadySecondsOf: (object: T) => number | undefined;
  readonly statusOf: (object: T) => ReplicasStatus | undefined;
}

/** Pods without a controller, by namespace: the candidates for adoption. */
export const orphanIndex = { resource: Pods, name: 'orphans', of: (pod: Pod) => (controllerOf(pod) ? [] : [pod.metadata.namespace ?? '']) };

export function createReplicasController<T extends ObjectHead>(kind: ReplicasKind<T>): Controller {
  return {
    name: kind.name,
    for: kind.resource,
    owns: [Pods],
    watches: [{ resource: Pods, map: (pod: Pod, context) => (controllerOf(pod) || pod.metadata.deletionTimestamp ? [] : selecting(kind, pod, context)) }],
    indexes: [orphanIndex],
    reconcile: (context, key) => reconcile(kind, context, key),
  };
}

const selecting = <T extends ObjectHead>(kind: ReplicasKind<T>, pod: Pod, { cached }: Pick<ControllerContext, 'cached'>): string[] =>
  cached(kind.resource).list(pod.metadata.namespace).filter((object) => kind.selectorOf(object).matches(pod.metadata.labels)).map(keyOf);

async function reconcile<T extends ObjectHead>(kind: ReplicasKind<T>, context: ControllerContext, key: string): Promise<ReconcileResult | void> {
  const object = context.cached(kind.resource).get(key);
  if (!object) return undefined;
  const cache = context.cached(Pods);
  const candidates = [...cache.byIndex('owner', object.metadata.uid), ...cache.byIndex(orphanIndex.name, object.metadata.namespace ?? '')].filter(isPodActive);
  const pods = await claim(context, object, kind.resource, Pods, planClaims(object, kind.selectorOf(object), candidates));
  const now = context.clock.now();

  const difference = object.metadata.deletionTimestamp ? 0 : planReplicas(kind.replicasOf(object), pods.length);
  let failure: Error | undefined;
  try {
    if (difference > 0) await createPods(context, object, Array.from({ length: difference }, () => podFromTemplate(kind.templateOf(object), object, kind.resource)));
    else if (difference < 0) await all(podsToDelete(pods, -difference, relatedPods(kind, context, object, pods), now).map((pod) => deletePod(context, object, pod)));
  } catch (error) {
    failure = error as Error;
  }
  const minReadySeconds = kind.minReadySecondsOf(object);
  const status = replicasStatus({
    status: kind.statusOf(object), generation: object.metadata.generation ?? 0, replicas: kind.replicasOf(object), minReadySeconds,
    templateLabels: kind.templateOf(object).metadata?.labels ?? {},
  }, pods, failure, now);
  if (statusDiffers(kind.statusOf(object), status)) await context.client.updateStatus(kind.resource, { ...object, status } as unknown as Draft<T>);
  if (failure) throw failure;
  const requeueAfter = nextAvailability(pods, minReadySeconds, now);
  return requeueAfter === undefined ? undefined : { requeueAfter };
}

/** Pods of all objects of this kind with the same controller, this one's included. */
function relatedPods<T extends ObjectHead>(kind: ReplicasKind<T>, { cached }: ControllerContext, object: T, own: readonly Pod[]): readonly Pod[] {
  const owner = controllerOf(object);
  if (!owner) return own;
  return cached(kind.resource).byIndex('owner', owner.uid).flatMap((sibling) => cached(Pods).byIndex('owner', sibling.metadata.uid));
}

export function podFromTemplate(template: PodTemplate, owner: ObjectHead, resource: ResourceDefinition): Draft<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`, namespace: owner.metadata.namespace, labels, annotations, finalizers,
      ownerReferences: [newControllerRef(owner, resource)],
    },
    spec: template.spec,
  } as Draft<Pod>;
}
