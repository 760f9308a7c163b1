// InterPodAffinity: places Pods near to or away from other Pods, in a topology of their choice; both sides' terms count.
// upstream: pkg/scheduler/framework/plugins/interpodaffinity/filtering.go, scoring.go
import { Selector, selectorFromObject, type Requirement } from '../../../src/apimachinery/selectors.ts';
import type { PodAffinityTerm } from '../../../src/api/core/affinity.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { maxScore, type Plugin, type PodCheck, type Snapshot } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';

interface Term { readonly topologyKey: string; readonly matches: (pod: Pod) => boolean }
/** Counts by topology key and value. */
type Domains = Map<string, number>;
const domainOf = (node: NodeInfo, key: string): string | undefined => (node.labels[key] === undefined ? undefined : JSON.stringify([key, node.labels[key]]));
const add = (domains: Domains, domain: string | undefined, count: number): void => { if (domain !== undefined) domains.set(domain, (domains.get(domain) ?? 0) + count); };

function termOf(owner: Pod, term: PodAffinityTerm, { related }: Snapshot): Term {
  const own = selectorFromObject(term.labelSelector);
  const keys = (names: readonly string[] | undefined, operator: Requirement['operator']): Requirement[] =>
    (names ?? []).flatMap((key) => (owner.metadata.labels?.[key] === undefined ? [] : [{ key, operator, values: [owner.metadata.labels[key]] }]));
  const selector = own.requirements ? new Selector([...own.requirements, ...keys(term.matchLabelKeys, 'in'), ...keys(term.mismatchLabelKeys, 'notin')]) : own;
  const names = term.namespaces?.length || term.namespaceSelector ? term.namespaces ?? [] : [owner.metadata.namespace ?? ''];
  const byLabels = term.namespaceSelector ? selectorFromObject(term.namespaceSelector) : undefined;
  return {
    topologyKey: term.topologyKey,
    matches: ({ metadata: { namespace = '', labels } }) => (names.includes(namespace) || (byLabels?.matches(related.namespaceLabels(namespace) ?? {}) ?? false)) && selector.matches(labels),
  };
}

const required = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity', snapshot: Snapshot): Term[] =>
  (pod.spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => termOf(pod, term, snapshot));
const preferred = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity', snapshot: Snapshot): (Term & { weight: number })[] =>
  (pod.spec.affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ weight, podAffinityTerm }) => ({ ...termOf(pod, podAffinityTerm, snapshot), weight }));

function filterFor(pod: Pod, snapshot: Snapshot): PodCheck['filter'] | undefined {
  const [near, away] = [required(pod, 'podAffinity', snapshot), required(pod, 'podAntiAffinity', snapshot)];
  const repelled: Domains = new Map();
  for (const node of snapshot.nodes) {
    for (const other of node.podsWithAffinity) {
      for (const term of required(other, 'podAntiAffinity', snapshot)) if (term.matches(pod)) add(repelled, domainOf(node, term.topologyKey), 1);
    }
  }
  if (!near.length && !away.length && !repelled.size) return undefined;
  const nearby: Domains = new Map();
  const unwanted: Domains = new Map();
  if (near.length || away.length) {
    for (const node of snapshot.nodes) {
      for (const other of node.pods) {
        if (near.length && near.every((term) => term.matches(other))) for (const term of near) add(nearby, domainOf(node, term.topologyKey), 1);
        for (const term of away) if (term.matches(other)) add(unwanted, domainOf(node, term.topologyKey), 1);
      }
    }
  }
  // The first Pod of a group that wants to be together has to start somewhere.
  const first = nearby.size === 0 && near.every((term) => term.matches(pod));
  const suitsNear = (node: NodeInfo): boolean => near.every(({ topologyKey }) => {
    const domain = domainOf(node, topologyKey);
    return domain !== undefined && (first || (nearby.get(domain) ?? 0) > 0);
  });
  const hits = (node: NodeInfo, domains: Domains): boolean => Object.entries(node.labels).some(([key, value]) => domains.has(JSON.stringify([key, value])));
  return (node) => {
    if (!suitsNear(node)) return { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true };
    if (unwanted.size && hits(node, unwanted)) return { reasons: ["node(s) didn't match pod anti-affinity rules"] };
    if (repelled.size && hits(node, repelled)) return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"] };
    return undefined;
  };
}

function scoreFor(pod: Pod, snapshot: Snapshot): PodCheck {
  const [near, away] = [preferred(pod, 'podAffinity', snapshot), preferred(pod, 'podAntiAffinity', snapshot)];
  const points: Domains = new Map();
  for (const node of snapshot.nodes) {
    for (const other of near.length || away.length ? node.pods : []) {
      for (const term of near) if (term.matches(other)) add(points, domainOf(node, term.topologyKey), term.weight);
      for (const term of away) if (term.matches(other)) add(points, domainOf(node, term.topologyKey), -term.weight);
    }
    for (const other of node.podsWithAffinity) {
      // A Pod that had to be near this one still likes it near.
      for (const term of required(other, 'podAffinity', snapshot)) if (term.matches(pod)) add(points, domainOf(node, term.topologyKey), 1);
      for (const term of preferred(other, 'podAffinity', snapshot)) if (term.matches(pod)) add(points, domainOf(node, term.topologyKey), term.weight);
      for (const term of preferred(other, 'podAntiAffinity', snapshot)) if (term.matches(pod)) add(points, domainOf(node, term.topologyKey), -term.weight);
    }
  }
  if (!points.size) return {};
  return {
    score: (node) => Object.entries(node.labels).reduce((sum, [key, value]) => sum + (points.get(JSON.stringify([key, value])) ?? 0), 0),
    normalize(scores) {
      const [low, high] = [Math.min(...scores), Math.max(...scores)];
      return scores.map((score) => (high === low ? 0 : Math.floor((maxScore * (score - low)) / (high - low))));
    },
  };
}

export const interPodAffinity: Plugin = {
  name: 'InterPodAffinity',
  curedBy: ['Pod/add', 'Pod/update', 'Pod/delete', 'Node/add', 'Node/update'],
  weight: 2,
  check: (pod, snapshot) => {
    const filter = filterFor(pod, snapshot);
    return { ...(filter ? { filter } : {}), ...scoreFor(pod, snapshot) };
  },
};
