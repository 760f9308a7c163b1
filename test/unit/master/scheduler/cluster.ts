// A cluster for scheduler tests: nodes with Pods on them, and one call that places a Pod or tells why not.
import { NodeInfo } from '../../../../master/scheduler/node-info.ts';
import type { Plugin, Related, Snapshot } from '../../../../master/scheduler/framework.ts';
import { plugins as allPlugins } from '../../../../master/scheduler/plugins/index.ts';
import { schedulePod } from '../../../../master/scheduler/schedule-pod.ts';
import { selectorFromSet } from '../../../../src/apimachinery/selectors.ts';
import type { Node } from '../../../../src/api/core/node.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { node, pod } from '../controllers/objects.ts';

/** A node of 4 cores and 8 GiB unless told otherwise. */
export function nodeInfo(name: string, draft: Draft<Node> = {}, pods: readonly Pod[] = []): NodeInfo {
  const info = new NodeInfo(name);
  info.setNode(node({
    metadata: { ...draft.metadata, name, labels: { 'kubernetes.io/hostname': name, ...draft.metadata?.labels } }, spec: draft.spec ?? {},
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...draft.status?.allocatable }, images: draft.status?.images ?? [] },
  } as Draft<Node>));
  for (const p of pods) info.add(p);
  return info;
}
export const asking = (name: string, requests: Record<string, string>, extra: Draft<Pod> = {}): Pod =>
  pod({ ...extra, metadata: { name, ...extra.metadata }, spec: { containers: [{ name: 'c', image: 'i', resources: { requests } }], ...extra.spec } } as Draft<Pod>);

export const noStorage: Related['storage'] = { claim: () => undefined, volume: () => undefined, volumes: () => [], storageClass: () => undefined, csiNode: () => undefined };
export const snapshotOf = (nodes: readonly NodeInfo[], related: Partial<Related> = {}): Snapshot => ({ nodes, related: { siblings: () => undefined, namespaceLabels: () => undefined, budgets: () => [], storage: noStorage, ...related }, nominated: () => [] });
export const spreadBy = (labels: Record<string, string>): Partial<Related> => ({ siblings: () => selectorFromSet(labels) });

/** The node's name, or the words of the failure. */
export function place(p: Pod, nodes: readonly NodeInfo[], related: Partial<Related> = {}, plugins: readonly Plugin[] = allPlugins): string {
  try {
    return schedulePod(p, snapshotOf(nodes, related), plugins, { start: 0, random: () => 0 }).node.name;
  } catch (error) {
    return (error as Error).message;
  }
}
/** Normalised scores of one plugin, node by node. */
export function scores(plugin: Plugin, p: Pod, nodes: readonly NodeInfo[], related: Partial<Related> = {}): number[] {
  const check = plugin.check!(p, snapshotOf(nodes, related));
  check.beforeScore?.(nodes);
  const raw = nodes.map((n) => check.score?.(n) ?? 0);
  return check.normalize ? check.normalize(raw, nodes) : raw;
}
