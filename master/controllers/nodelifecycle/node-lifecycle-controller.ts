// The node lifecycle controller: marks silent nodes unknown, taints them, and marks their Pods not ready.
// upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go
import { isPodReady } from '../../../src/api/core/pod-conditions.ts';
import { findCondition } from '../../../src/apimachinery/conditions.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Leases, type Lease } from '../../../src/api/coordination/lease.ts';
import { Nodes, type Node } from '../../../src/api/core/node.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { AwakeTime, graceLeft, monitorPeriodMs, observe, silentConditions, type NodeHealth } from './health.ts';
import { isEvicting, isLost, planTaints } from './taints.ts';
import { defaultEvictionRates, disruptionOf, Evictions, type EvictionRates } from './zones.ts';

const leaseNamespace = 'kube-node-lease';
/** Pods by the node they are bound to. */
export const nodeIndex = { resource: Pods, name: 'node', of: (pod: Pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []) };
const readyStatus = (node: Node | undefined): string | undefined => findCondition(node?.status?.conditions, 'Ready')?.status;

export function createNodeLifecycleController(rates: EvictionRates = defaultEvictionRates): Controller {
  const memory: Memory = { seen: new Map(), marked: new Set(), awake: new AwakeTime(), rates, evictions: new Evictions(rates) };
  return {
    name: 'node-controller',
    for: Nodes,
    watches: [
      { resource: Leases, map: (lease: Lease) => (lease.metadata.namespace === leaseNamespace ? [lease.metadata.name] : []) },
      // Whether a lost node evicts, and how soon, depends on how many others are ready.
      { resource: Nodes, map: (node: Node, { cached }, old?: Node) => (readyStatus(node) === readyStatus(old) ? [] : cached(Nodes).list().map(keyOf)) },
    ],
    reads: [Pods],
    indexes: [nodeIndex],
    reconcile: (context, key) => reconcile(memory, context, key),
  };
}

/** What only this process knows: when each node was last heard, the unready nodes whose Pods are marked already, and whose turn it is to be evicted. */
interface Memory { readonly seen: Map<string, NodeHealth>; readonly marked: Set<string>; readonly awake: AwakeTime; readonly rates: EvictionRates; readonly evictions: Evictions }

/** upstream: pkg/controller/util/node/controller_utils.go (RecordNodeEvent) */
function tell(context: ControllerContext, { name, uid }: { name: string; uid: string }, reason: string, event: string): void {
  context.events.normal({ apiVersion: 'v1', kind: 'Node', metadata: { name, uid } }, reason, `Node ${name} event: ${event}`);
}

async function reconcile({ seen, marked, awake, rates, evictions }: Memory, context: ControllerContext, name: string): Promise<ReconcileResult | void> {
  const node = context.cached(Nodes).get(name);
  const known = seen.get(name);
  if (known && known.uid !== node?.metadata.uid) {
    tell(context, { name, uid: known.uid }, 'RemovingNode', `Removing Node ${name} from Controller`);
    seen.delete(name);
    marked.delete(name);
    evictions.leave(name);
  }
  if (!node) return undefined;
  if (!seen.has(name)) tell(context, node.metadata, 'RegisteredNode', `Registered Node ${name} in Controller`);
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
  let turnIn = Infinity;
  if (isLost(node)) {
    const disruption = disruptionOf(context.cached(Nodes).list(), rates);
    turnIn = isEvicting(node) && !disruption.everywhere ? 0 : evictions.ask(node, disruption, awakeAt);
  } else evictions.leave(name);
  const taints = planTaints(node, turnIn === 0, now);
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
  return { requeueAfter: Math.min(left > 0 ? left : monitorPeriodMs, turnIn || monitorPeriodMs, monitorPeriodMs) };
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
