// The node lifecycle controller: marks silent nodes unknown, taints them, and marks their Pods not ready.
// upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go
import { findCondition, isConditionTrue } from '../../../src/apimachinery/conditions.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Leases, type Lease } from '../../../src/api/coordination/lease.ts';
import { Nodes, type Node } from '../../../src/api/core/node.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { isPodReady } from '../pod-state.ts';
import { AwakeTime, graceLeft, monitorPeriodMs, observe, silentConditions, type NodeHealth } from './health.ts';
import { planTaints } from './taints.ts';

const leaseNamespace = 'kube-node-lease';
/** Pods by the node they are bound to. */
export const nodeIndex = { resource: Pods, name: 'node', of: (pod: Pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []) };
const readyStatus = (node: Node | undefined): string | undefined => findCondition(node?.status?.conditions, 'Ready')?.status;

export function createNodeLifecycleController(): Controller {
  const memory: Memory = { seen: new Map(), marked: new Set(), awake: new AwakeTime() };
  return {
    name: 'node-controller',
    for: Nodes,
    watches: [
      { resource: Leases, map: (lease: Lease) => (lease.metadata.namespace === leaseNamespace ? [lease.metadata.name] : []) },
      // Whether a lost node evicts depends on whether any other node is ready.
      { resource: Nodes, map: (node: Node, { cached }, old?: Node) => (readyStatus(node) === readyStatus(old) ? [] : cached(Nodes).list().map(keyOf)) },
    ],
    reads: [Pods],
    indexes: [nodeIndex],
    reconcile: (context, key) => reconcile(memory, context, key),
  };
}

/** What only this process knows: when each node was last heard, and the unready nodes whose Pods are marked already. */
interface Memory { readonly seen: Map<string, NodeHealth>; readonly marked: Set<string>; readonly awake: AwakeTime }

async function reconcile({ seen, marked, awake }: Memory, context: ControllerContext, name: string): Promise<ReconcileResult | void> {
  const node = context.cached(Nodes).get(name);
  if (!node) {
    seen.delete(name);
    marked.delete(name);
    return undefined;
  }
  const now = context.clock.now();
  const awakeAt = awake.read(context.clock.monotonic());
  const health = observe(seen.get(name), node, context.cached(Leases).get(`${leaseNamespace}/${name}`), awakeAt);
  seen.set(name, health);
  const left = graceLeft(node, health, awakeAt);
  const conditions = left <= 0 ? silentConditions(node, now) : undefined;
  if (conditions) {
    await context.client.updateStatus(Nodes, { ...node, status: { ...node.status, conditions } } as Draft<Node>);
    if (readyStatus(node) === 'True') context.events.normal(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
    return undefined;
  }
  const anyReady = context.cached(Nodes).list().some((n) => isConditionTrue(n.status?.conditions, 'Ready'));
  const taints = planTaints(node, anyReady, now);
  if (taints) {
    const { resourceVersion } = node.metadata;
    await context.client.patch(Nodes, { name }, { metadata: { resourceVersion }, spec: { taints } });
    return undefined;
  }
  if (readyStatus(node) === 'True') marked.delete(name);
  // A kubelet that still speaks has the last word on its Pods: marking them again and again would be a quarrel.
  else if (readyStatus(node) === 'Unknown' || !marked.has(name)) {
    await markPodsNotReady(context, node);
    marked.add(name);
  }
  return { requeueAfter: left > 0 ? Math.min(left, monitorPeriodMs) : monitorPeriodMs };
}

/** Traffic must not wait for a node that cannot say itself that its Pods are unreachable. */
async function markPodsNotReady(context: ControllerContext, node: Node): Promise<void> {
  const now = timestamp(context.clock.now());
  const pods = context.cached(Pods).byIndex(nodeIndex.name, node.metadata.name).filter(isPodReady);
  await Promise.all(pods.map(async (pod) => {
    const conditions = pod.status!.conditions!.map((c) => (c.type === 'Ready' ? { ...c, status: 'False', lastTransitionTime: now } : c));
    await context.client.updateStatus(Pods, { ...pod, status: { ...pod.status, conditions } } as Draft<Pod>).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
    context.events.warning(pod, 'NodeNotReady', 'Node is not ready');
  }));
}
