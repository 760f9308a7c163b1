// The ReplicaSet controller.
import { selectorFromObject } from '../../../src/apimachinery/selectors.ts';
import { ReplicaSets } from '../../../src/api/apps/replica-set.ts';
import { createReplicasController } from './replicas-controller.ts';

export const replicaSetController = createReplicasController({
  name: 'replicaset-controller',
  resource: ReplicaSets,
  replicasOf: (set) => set.spec.replicas,
  selectorOf: (set) => selectorFromObject(set.spec.selector),
  templateOf: (set) => set.spec.template ?? {},
  minReadySecondsOf: (set) => set.spec.minReadySeconds,
  statusOf: (set) => set.status,
});
