// The ReplicationController controller: the ReplicaSet's core with a plain map as selector.
// upstream: pkg/controller/replication/replication_controller.go
import { nothing, selectorFromSet } from '../../../src/apimachinery/selectors.ts';
import { ReplicationControllers } from '../../../src/api/core/replication-controller.ts';
import { createReplicasController } from '../replicaset/replicas-controller.ts';

export const replicationController = createReplicasController({
  name: 'replication-controller',
  resource: ReplicationControllers,
  replicasOf: (controller) => controller.spec.replicas,
  // An empty map would select everything; a controller without one selects nothing.
  selectorOf: ({ spec: { selector } }) => (selector && Object.keys(selector).length ? selectorFromSet(selector) : nothing),
  templateOf: (controller) => controller.spec.template ?? {},
  minReadySecondsOf: (controller) => controller.spec.minReadySeconds,
  statusOf: (controller) => controller.status,
});
