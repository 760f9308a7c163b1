// PodTopologySpread: keeps the numbers of matching Pods in the domains of a topology close together, as a demand or as a wish.
// upstream: pkg/scheduler/framework/plugins/podtopologyspread/filtering.go, scoring.go
import { Selector, selectorFromObject } from '../../../src/apimachinery/selectors.ts';
import { findUntolerated } from '../../../src/apimachinery/tolerations.ts';
import { zoneLabel } from '../../../src/api/core/node.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import type { TopologySpreadConstraint } from '../../../src/api/core/topology-spread.ts';
import { maxScore, type Plugin, type PodCheck, type Snapshot } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { kindOf, perKind, type PodKind } from '../pod-kinds.ts';
import { requiredNodes } from '../../../src/api/core/node-selector.ts';

const hostname = 'kubernetes.io/hostname';

interface Constraint { readonly maxSkew: number; readonly topologyKey: string; readonly selector: Selector; readonly minDomains: number; readonly counts: (node: NodeInfo) => boolean }

export interface PodTopologySpreadArgs {
  /** For Pods that bring none; their selectors follow from each Pod. `System` stands for nodes and zones, softly. */
  readonly defaultConstraints: readonly DefaultConstraint[];
  readonly defaultingType: 'System' | 'List';
}
export type DefaultConstraint = Omit<TopologySpreadConstraint, 'labelSelector' | 'matchLabelKeys'>;

const systemConstraints: readonly DefaultConstraint[] = [
  { maxSkew: 3, topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway' }, { maxSkew: 5, topologyKey: zoneLabel, whenUnsatisfiable: 'ScheduleAnyway' },
];

function constraintOf(pod: Pod, constraint: DefaultConstraint, selector: Selector): Constraint {
  const suits = constraint.nodeAffinityPolicy === 'Ignore' ? undefined : requiredNodes(pod);
  const taints = constraint.nodeTaintsPolicy === 'Honor';
  return {
    maxSkew: constraint.maxSkew, topologyKey: constraint.topologyKey, minDomains: constraint.minDomains ?? 1, selector,
    counts: (node) => (!suits || suits(node)) && (!taints || findUntolerated(node.node.spec.taints?.filter((t) => t.effect !== 'PreferNoSchedule'), pod.spec.tolerations) === undefined),
  };
}
function selectorOf(pod: Pod, { labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint): Selector {
  const extra = matchLabelKeys.flatMap((key) => (pod.metadata.labels?.[key] === undefined ? [] : [{ key, operator: '=' as const, values: [pod.metadata.labels[key]] }]));
  const own = selectorFromObject(labelSelector);
  return own.requirements ? new Selector([...own.requirements, ...extra]) : own;
}

/** The constraints of one kind: the Pod's own, or, where it brings none at all, the default ones, about its siblings. */
function constraintsOf(pod: Pod, action: string, { related }: Snapshot, defaults: readonly DefaultConstraint[]): Constraint[] {
  const own = pod.spec.topologySpreadConstraints ?? [];
  const those = (constraint: DefaultConstraint): boolean => constraint.whenUnsatisfiable === action;
  if (own.length) return own.filter(those).map((constraint) => constraintOf(pod, constraint, selectorOf(pod, constraint)));
  const wanted = defaults.filter(those);
  const selector = wanted.length ? related.siblings(pod) : undefined;
  return !selector || selector.empty ? [] : wanted.map((constraint) => constraintOf(pod, constraint, selector));
}

/** How many of the node's Pods a constraint is about; terminating ones make room. */
type Count = (node: NodeInfo) => number;
const belongs = (pod: Pod, selector: Selector) => ({ pod: other, terminating }: PodKind): boolean => !terminating && other.metadata.namespace === pod.metadata.namespace && selector.matches(other.metadata.labels);
function counter(belonging: (kind: PodKind) => boolean): Count {
  return (node) => {
    let sum = 0;
    for (const [kind, count] of node.kinds) if (belonging(kind)) sum += count;
    return sum;
  };
}

const hasAllKeys = (node: NodeInfo, constraints: readonly Constraint[]): boolean => constraints.every(({ topologyKey }) => node.labels[topologyKey] !== undefined);

/** Matching Pods per domain, over the nodes that count. */
function domainCounts(constraint: Constraint, counted: (node: NodeInfo) => boolean, matching: Count, nodes: readonly NodeInfo[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    if (!counted(node)) continue;
    const domain = node.labels[constraint.topologyKey]!;
    counts.set(domain, (counts.get(domain) ?? 0) + matching(node));
  }
  return counts;
}

/** With maxSkew 1 and domains of 2 and 1 Pods, the next Pod may only go to the second: 2 + 1 - 1 is more than 1. */
function hardFilter(pod: Pod, constraints: readonly Constraint[], nodes: readonly NodeInfo[]): Required<Pick<PodCheck, 'filter' | 'changed'>> {
  const states = constraints.map((constraint) => {
    const belonging = perKind(belongs(pod, constraint.selector));
    const counted = (node: NodeInfo): boolean => hasAllKeys(node, constraints) && constraint.counts(node);
    const domains = domainCounts(constraint, counted, counter(belonging), nodes);
    const least = (): number => {
      if (domains.size < constraint.minDomains) return 0;
      let smallest = Infinity;
      for (const count of domains.values()) if (count < smallest) smallest = count;
      return smallest;
    };
    return { constraint, belonging, counted, domains, least, smallest: least(), self: constraint.selector.matches(pod.metadata.labels) ? 1 : 0 };
  });
  return {
    filter(node) {
      for (const { constraint, domains, smallest, self } of states) {
        const domain = node.labels[constraint.topologyKey];
        if (domain === undefined) return { reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"], unresolvable: true };
        if ((domains.get(domain) ?? 0) + self - smallest > constraint.maxSkew) return { reasons: ["node(s) didn't match pod topology spread constraints"] };
      }
      return undefined;
    },
    changed(other, node, by) {
      for (const state of states) {
        if (!state.belonging(kindOf(other)) || !state.counted(node)) continue;
        const domain = node.labels[state.constraint.topologyKey]!;
        state.domains.set(domain, (state.domains.get(domain) ?? 0) + by);
        state.smallest = state.least();
      }
    },
  };
}

function softScore(pod: Pod, constraints: readonly Constraint[], nodes: readonly NodeInfo[], requireKeys: boolean): PodCheck {
  const matching = constraints.map(({ selector }) => counter(perKind(belongs(pod, selector))));
  let ignored = new Set<NodeInfo>();
  let domains: Map<string, number>[] = [];
  let weights: number[] = [];
  return {
    beforeScore(feasible) {
      ignored = new Set(requireKeys ? feasible.filter((node) => !hasAllKeys(node, constraints)) : []);
      const scored = feasible.filter((node) => !ignored.has(node));
      // Those without the label, where there are any left, are one domain more.
      domains = constraints.map(({ topologyKey }) => new Map(topologyKey === hostname ? [] : scored.map((node) => [node.labels[topologyKey] ?? '', 0] as const)));
      // A topology with many domains weighs more, as each of its Pods means less.
      weights = constraints.map(({ topologyKey }, i) => Math.log((topologyKey === hostname ? scored.length : domains[i]!.size) + 2));
      for (const [i, constraint] of constraints.entries()) {
        if (constraint.topologyKey === hostname) continue;
        for (const node of nodes) {
          const domain = node.labels[constraint.topologyKey];
          if (domain === undefined || !domains[i]!.has(domain) || !constraint.counts(node) || (requireKeys && !hasAllKeys(node, constraints))) continue;
          domains[i]!.set(domain, domains[i]!.get(domain)! + matching[i]!(node));
        }
      }
    },
    score(node) {
      if (ignored.has(node)) return 0;
      let score = 0;
      for (const [i, { topologyKey, maxSkew }] of constraints.entries()) {
        const domain = node.labels[topologyKey];
        if (domain === undefined) continue;
        const count = topologyKey === hostname ? matching[i]!(node) : domains[i]!.get(domain) ?? 0;
        score += count * weights[i]! + (maxSkew - 1);
      }
      return Math.round(score);
    },
    normalize(scores, feasible) {
      const counted = scores.filter((_, i) => !ignored.has(feasible[i]!));
      const [low, high] = [Math.min(...counted), Math.max(...counted)];
      return scores.map((score, i) => (ignored.has(feasible[i]!) ? 0 : high === 0 ? maxScore : Math.floor((maxScore * (high + low - score)) / high)));
    },
  };
}

export function podTopologySpreadWith({ defaultConstraints, defaultingType }: PodTopologySpreadArgs): Plugin {
  const system = defaultingType === 'System';
  const defaults = system ? systemConstraints : defaultConstraints;
  return {
    name: 'PodTopologySpread',
    curedBy: ['Pod/add', 'Pod/update', 'Pod/delete', 'Node/add', 'Node/update'],
    weight: 2,
    check: (pod, snapshot) => {
      const hard = constraintsOf(pod, 'DoNotSchedule', snapshot, defaults);
      const soft = constraintsOf(pod, 'ScheduleAnyway', snapshot, defaults);
      // Only what the system chose itself forgives nodes without its labels.
      const requireKeys = !system || (pod.spec.topologySpreadConstraints ?? []).length > 0;
      return {
        ...(hard.length ? hardFilter(pod, hard, snapshot.nodes) : {}),
        ...(soft.length ? softScore(pod, soft, snapshot.nodes, requireKeys) : {}),
      };
    },
  };
}

export const podTopologySpreadDefaults: PodTopologySpreadArgs = { defaultConstraints: [], defaultingType: 'System' };
