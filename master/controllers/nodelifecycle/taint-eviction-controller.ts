// Taint eviction: deletes Pods whose node has taints they do not tolerate, or no longer.
// upstream: pkg/controller/tainteviction/taint_eviction.go
import { setCondition } from '../../../src/apimachinery/conditions.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Nodes, type Node } from '../../../src/api/core/node.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { keyOf, splitKey, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { nodeIndex } from './node-lifecycle-controller.ts';
import { evictionTime } from './taints.ts';
import { equalJson } from '../../../src/util/json.ts';

const evicting = (node: Node | undefined): unknown[] => (node?.spec.taints ?? []).filter((t) => t.effect === 'NoExecute');

export const taintEvictionController: Controller = {
  name: 'taint-eviction-controller',
  for: Pods,
  watches: [{
    resource: Nodes,
    map: (node: Node, { cached }, old?: Node) => (equalJson(evicting(node), evicting(old)) ? [] : cached(Pods).byIndex(nodeIndex.name, node.metadata.name).map(keyOf)),
  }],
  indexes: [nodeIndex],
  reconcile,
};

async function reconcile(context: ControllerContext, key: string): Promise<ReconcileResult | void> {
  const pod = context.cached(Pods).get(key);
  if (!pod?.spec.nodeName || pod.metadata.deletionTimestamp) return undefined;
  const taints = context.cached(Nodes).get(pod.spec.nodeName)?.spec.taints ?? [];
  const now = context.clock.now();
  const at = evictionTime(taints, pod.spec.tolerations ?? [], now);
  if (at === undefined) return undefined;
  if (at > now) return { requeueAfter: at - now };
  context.events.normal(pod, 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
  const conditions = setCondition(pod.status?.conditions, { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' }, timestamp(now));
  try {
    await context.client.updateStatus(Pods, { ...pod, status: { ...pod.status, conditions } } as Draft<Pod>);
    await context.client.delete(Pods, splitKey(key), { preconditions: { uid: pod.metadata.uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return undefined;
}
