// NodeResourcesFit: the node has room for what the Pod requests; emptier nodes score higher, unless another strategy is chosen.
// upstream: pkg/scheduler/framework/plugins/noderesources/fit.go
import type { Plugin, Rejection } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { requestsOf, type ResourceList } from '../resources.ts';
import { cpuAndMemory, nativeResources, scorerOf, type ScoringStrategy } from './node-resources-scoring.ts';

export interface NodeResourcesFitArgs {
  /** Extended resources nodes need not have, by name or by group. */
  readonly ignoredResources: readonly string[];
  readonly ignoredResourceGroups: readonly string[];
  readonly scoringStrategy: ScoringStrategy;
}

/** Asked of every node for every Pod: makes nothing unless the node is too full. */
export function insufficient(requests: ResourceList, node: NodeInfo, names: readonly string[] = wantedNames(requests)): Rejection | undefined {
  const { allocatable, requested } = node;
  let reasons: string[] | undefined;
  let unresolvable = false;
  if (node.podCount + 1 > (allocatable['pods'] ?? 0)) reasons = ['Too many pods'];
  for (const name of names) {
    const wanted = requests[name]!;
    const offered = allocatable[name] ?? 0;
    if (wanted <= offered - (requested[name] ?? 0)) continue;
    (reasons ??= []).push(`Insufficient ${name}`);
    // More than the empty node has: removing other Pods would not help.
    unresolvable ||= wanted > offered;
  }
  return reasons && { reasons, unresolvable };
}
/** What is asked for at all, in the order it is told. */
const wantedNames = (requests: ResourceList): string[] => [...nativeResources, ...Object.keys(requests).filter((name) => !nativeResources.has(name))].filter((name) => (requests[name] ?? 0) !== 0);

export function nodeResourcesFitWith({ ignoredResources, ignoredResourceGroups, scoringStrategy }: NodeResourcesFitArgs): Plugin {
  const ignored = (name: string): boolean => name.includes('/') && (ignoredResources.includes(name) || ignoredResourceGroups.includes(name.slice(0, name.indexOf('/'))));
  const scored = scorerOf(scoringStrategy);
  return {
    name: 'NodeResourcesFit',
    curedBy: ['Pod/delete', 'Node/add', 'Node/update'],
    weight: 1,
    check: (pod) => {
      const { exact, assumed } = requestsOf(pod);
      const names = wantedNames(exact).filter((name) => !ignored(name));
      return { filter: (node) => insufficient(exact, node, names), score: (node) => scored(assumed, node) };
    },
  };
}

export const nodeResourcesFitDefaults: NodeResourcesFitArgs = { ignoredResources: [], ignoredResourceGroups: [], scoringStrategy: { type: 'LeastAllocated', resources: cpuAndMemory } };
