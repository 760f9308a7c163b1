// What plugins read beside nodes and Pods: the siblings of a Pod, and the labels of namespaces.
// upstream: pkg/scheduler/framework/plugins/helper/spread.go (DefaultSelector)
import { controllerOf } from '../../src/apimachinery/owners.ts';
import { Selector, selectorFromObject, selectorFromSet } from '../../src/apimachinery/selectors.ts';
import type { ReplicaSet } from '../../src/api/apps/replica-set.ts';
import type { Namespace } from '../../src/api/core/namespace.ts';
import type { ReplicationController } from '../../src/api/core/replication-controller.ts';
import type { Service } from '../../src/api/core/service.ts';
import type { PodDisruptionBudget } from '../../src/api/policy/pod-disruption-budget.ts';
import type { Lister } from '../../src/client/informer.ts';
import type { Related, Storage } from './framework.ts';

export interface RelatedListers {
  readonly services: Lister<Service>; readonly replicaSets: Lister<ReplicaSet>;
  readonly replicationControllers: Lister<ReplicationController>; readonly namespaces: Lister<Namespace>;
  readonly budgets: Lister<PodDisruptionBudget>; readonly storage: Storage;
}

export function relatedFrom({ services, replicaSets, replicationControllers, namespaces, budgets, storage }: RelatedListers): Related {
  return {
    siblings(pod) {
      const { namespace = '', labels } = pod.metadata;
      const set: Record<string, string> = {};
      for (const { spec: { selector } } of services.list(namespace)) if (selector && Object.keys(selector).length && selectorFromSet(selector).matches(labels)) Object.assign(set, selector);
      const owner = controllerOf(pod);
      const key = owner && `${namespace}/${owner.name}`;
      if (owner?.kind === 'ReplicationController') Object.assign(set, replicationControllers.get(key!)?.spec.selector);
      const requirements = [...selectorFromSet(set).requirements!];
      const replicaSet = owner?.kind === 'ReplicaSet' ? replicaSets.get(key!) : undefined;
      if (replicaSet) requirements.push(...(selectorFromObject(replicaSet.spec.selector).requirements ?? []));
      return requirements.length ? new Selector(requirements) : undefined;
    },
    storage,
    budgets: () => budgets.list(),
    namespaceLabels: (name) => namespaces.get(name)?.metadata.labels,
  };
}
