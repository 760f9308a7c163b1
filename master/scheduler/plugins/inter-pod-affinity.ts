// InterPodAffinity: places Pods near to or away from other Pods, in a topology of their choice; both sides' terms count.
// upstream: pkg/scheduler/framework/plugins/interpodaffinity/filtering.go, scoring.go
import { Selector, selectorFromObject, type Requirement } from '../../../src/apimachinery/selectors.ts';
import type { PodAffinityTerm } from '../../../src/api/core/affinity.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { maxScore, type Plugin, type PodCheck, type Related, type Snapshot } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { kindOf, perKind, type PodKind } from '../pod-kinds.ts';

interface Term { readonly topologyKey: string; readonly weight: number; readonly matches: (pod: Pod, related: Related) => boolean }
interface Terms { readonly near: readonly Term[]; readonly away: readonly Term[]; readonly likes: readonly Term[]; readonly dislikes: readonly Term[] }

/** Counts by the value of a topology key. */
class Domains {
  readonly #counts = new Map<string, Map<string, number>>();
  /** Whether nothing was counted, or all of it was taken back. */
  get empty(): boolean { return this.#counts.size === 0; }
  add(node: NodeInfo, key: string, by: number): void {
    const value = node.labels[key];
    if (value === undefined) return;
    let values = this.#counts.get(key);
    if (!values) this.#counts.set(key, (values = new Map()));
    const count = (values.get(value) ?? 0) + by;
    if (count) values.set(value, count);
    else if (values.delete(value) && !values.size) this.#counts.delete(key);
  }
  at(node: NodeInfo, key: string): number {
    const value = node.labels[key];
    return value === undefined ? 0 : (this.#counts.get(key)?.get(value) ?? 0);
  }
  /** Over all keys the node has. */
  sum(node: NodeInfo): number {
    let sum = 0;
    for (const key of this.#counts.keys()) sum += this.at(node, key);
    return sum;
  }
}

function termOf(owner: Pod, term: PodAffinityTerm, weight: number): Term {
  const own = selectorFromObject(term.labelSelector);
  const keys = (names: readonly string[] | undefined, operator: Requirement['operator']): Requirement[] =>
    (names ?? []).flatMap((key) => (owner.metadata.labels?.[key] === undefined ? [] : [{ key, operator, values: [owner.metadata.labels[key]] }]));
  const selector = own.requirements ? new Selector([...own.requirements, ...keys(term.matchLabelKeys, 'in'), ...keys(term.mismatchLabelKeys, 'notin')]) : own;
  const names = term.namespaces?.length || term.namespaceSelector ? term.namespaces ?? [] : [owner.metadata.namespace ?? ''];
  const byLabels = term.namespaceSelector ? selectorFromObject(term.namespaceSelector) : undefined;
  return {
    topologyKey: term.topologyKey, weight,
    matches: ({ metadata: { namespace = '', labels } }, related) => (names.includes(namespace) || (byLabels?.matches(related.namespaceLabels(namespace) ?? {}) ?? false)) && selector.matches(labels),
  };
}

const known = new WeakMap<PodKind, Terms>();
function termsOf(kind: PodKind): Terms {
  let terms = known.get(kind);
  if (terms) return terms;
  const { podAffinity, podAntiAffinity } = kind.pod.spec.affinity ?? {};
  const required = (of: typeof podAffinity): Term[] => (of?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => termOf(kind.pod, term, 1));
  const preferred = (of: typeof podAffinity): Term[] => (of?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ weight, podAffinityTerm }) => termOf(kind.pod, podAffinityTerm, weight));
  known.set(kind, (terms = { near: required(podAffinity), away: required(podAntiAffinity), likes: preferred(podAffinity), dislikes: preferred(podAntiAffinity) }));
  return terms;
}

function filterFor(pod: Pod, { nodes, related }: Snapshot): Required<Pick<PodCheck, 'filter' | 'changed'>> {
  const { near, away } = termsOf(kindOf(pod));
  const [repelled, nearby, unwanted] = [new Domains(), new Domains(), new Domains()];
  const repelling = perKind((kind) => termsOf(kind).away.filter((term) => term.matches(pod, related)));
  const attracting = perKind(({ pod: other }) => near.length > 0 && near.every((term) => term.matches(other, related)));
  const avoided = perKind(({ pod: other }) => away.filter((term) => term.matches(other, related)));
  const countRepelling = (kind: PodKind, node: NodeInfo, by: number): void => { for (const { topologyKey } of repelling(kind)) repelled.add(node, topologyKey, by); };
  const countWanted = (kind: PodKind, node: NodeInfo, by: number): void => {
    if (attracting(kind)) for (const { topologyKey } of near) nearby.add(node, topologyKey, by);
    for (const { topologyKey } of avoided(kind)) unwanted.add(node, topologyKey, by);
  };
  const wishes = near.length > 0 || away.length > 0;
  for (const node of nodes) {
    if (node.kindsWithAffinity.size) for (const [kind, count] of node.kindsWithAffinity) countRepelling(kind, node, count);
    if (wishes) for (const [kind, count] of node.kinds) countWanted(kind, node, count);
  }
  const own = near.every((term) => term.matches(pod, related));
  const suitsNear = (node: NodeInfo): boolean => {
    // The first Pod of a group that wants to be together has to start somewhere.
    const first = own && nearby.empty;
    return near.every(({ topologyKey }) => node.labels[topologyKey] !== undefined && (first || nearby.at(node, topologyKey) > 0));
  };
  return {
    filter(node) {
      if (near.length && !suitsNear(node)) return { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true };
      if (!unwanted.empty && unwanted.sum(node) > 0) return { reasons: ["node(s) didn't match pod anti-affinity rules"] };
      if (!repelled.empty && repelled.sum(node) > 0) return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"] };
      return undefined;
    },
    changed(other, node, by) {
      const kind = kindOf(other);
      countRepelling(kind, node, by);
      countWanted(kind, node, by);
    },
  };
}

function scoreFor(pod: Pod, { nodes, related }: Snapshot, { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods }: InterPodAffinityArgs): PodCheck {
  const { likes, dislikes } = termsOf(kindOf(pod));
  const wishes = likes.length > 0 || dislikes.length > 0;
  if (ignorePreferredTermsOfExistingPods && !wishes) return {};
  const points = new Domains();
  interface Weighted { readonly topologyKey: string; readonly weight: number }
  const weighed = (terms: readonly Term[], other: Pod, sign: 1 | -1): Weighted[] => terms.flatMap((term) => (term.matches(other, related) ? [{ topologyKey: term.topologyKey, weight: sign * term.weight }] : []));
  const ours = perKind(({ pod: other }) => [...weighed(likes, other, 1), ...weighed(dislikes, other, -1)]);
  const theirs = perKind((kind) => {
    const terms = termsOf(kind);
    // A Pod that had to be near this one still likes it near.
    const near = terms.near.map((term) => ({ ...term, weight: hardPodAffinityWeight }));
    return [...(hardPodAffinityWeight > 0 ? weighed(near, pod, 1) : []), ...weighed(terms.likes, pod, 1), ...weighed(terms.dislikes, pod, -1)];
  });
  for (const node of nodes) {
    if (wishes) for (const [kind, count] of node.kinds) for (const { topologyKey, weight } of ours(kind)) points.add(node, topologyKey, weight * count);
    if (node.kindsWithAffinity.size) for (const [kind, count] of node.kindsWithAffinity) for (const { topologyKey, weight } of theirs(kind)) points.add(node, topologyKey, weight * count);
  }
  if (points.empty) return {};
  return {
    score: (node) => points.sum(node),
    normalize(scores) {
      const [low, high] = [Math.min(...scores), Math.max(...scores)];
      return scores.map((score) => (high === low ? 0 : Math.floor((maxScore * (score - low)) / (high - low))));
    },
  };
}

export interface InterPodAffinityArgs {
  /** What the demand of a Pod that runs, to be near this one, counts in the score; from 0 to 100. */
  readonly hardPodAffinityWeight: number;
  /** Pods that wish nothing themselves are not scored by the wishes of others. */
  readonly ignorePreferredTermsOfExistingPods: boolean;
}

export const interPodAffinityWith = (args: InterPodAffinityArgs): Plugin => ({
  name: 'InterPodAffinity',
  curedBy: ['Pod/add', 'Pod/update', 'Pod/delete', 'Node/add', 'Node/update'],
  weight: 2,
  check: (pod, snapshot) => ({ ...filterFor(pod, snapshot), ...scoreFor(pod, snapshot, args) }),
});

export const interPodAffinityDefaults: InterPodAffinityArgs = { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false };
