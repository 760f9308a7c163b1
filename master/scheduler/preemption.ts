// Which Pods would have to go so that a more important one fits, and on which node that costs least. Pure.
// upstream: pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go, framework/preemption/preemption.go
import { selectorFromObject } from '../../src/apimachinery/selectors.ts';
import type { Pod } from '../../src/api/core/pod.ts';
import type { PodDisruptionBudget } from '../../src/api/policy/pod-disruption-budget.ts';
import type { Rejection } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { priorityOf, type Trial } from './trial.ts';

/** A node, the Pods to remove from it, most important first, and how many of them their budgets would keep. */
export interface Candidate { readonly node: string; readonly victims: readonly Pod[]; readonly violations: number }

/** Nodes tried before the best is taken: this share of them, and at least this many. */
export interface DefaultPreemptionArgs { readonly minCandidateNodesPercentage: number; readonly minCandidateNodesAbsolute: number }

/** Pods that have not started count as started now: least important among equals. */
const startOf = ({ status }: Pod): number => (status?.startTime ? Date.parse(status.startTime) : Infinity);
/** Sorts the more important first: by priority, then by who runs longer. */
export const byImportance = (a: Pod, b: Pod): number => priorityOf(b) - priorityOf(a) || (startOf(a) === startOf(b) ? 0 : startOf(a) - startOf(b));

/** Splits Pods into those whose removal a budget would not allow and the others; each one removed uses up its budgets. */
export function splitByBudget(pods: readonly Pod[], budgets: readonly PodDisruptionBudget[]): { violating: Pod[]; others: Pod[] } {
  const left = budgets.map((budget) => ({ budget, allowed: budget.status?.disruptionsAllowed ?? 0, selector: selectorFromObject(budget.spec.selector) }));
  const [violating, others]: [Pod[], Pod[]] = [[], []];
  for (const pod of pods) {
    const { namespace, labels, name } = pod.metadata;
    let violates = false;
    for (const entry of Object.keys(labels ?? {}).length ? left : []) {
      // One that was disrupted already is in the budget's own count.
      if (entry.budget.metadata.namespace !== namespace || entry.selector.empty || !entry.selector.matches(labels) || entry.budget.status?.disruptedPods?.[name!]) continue;
      if (--entry.allowed < 0) violates = true;
    }
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}

/** The fewest and least important Pods to remove from the node, or why that would not help. */
export function selectVictims(trial: Trial, node: NodeInfo, budgets: readonly PodDisruptionBudget[]): Candidate | Rejection {
  const lower = [...node.pods].filter((other) => priorityOf(other) < priorityOf(trial.pod)).sort(byImportance);
  if (!lower.length) return { reasons: ['No preemption victims found for incoming pod'], unresolvable: true };
  const clone = node.clone();
  const removed = new Set(lower);
  for (const other of lower) trial.remove(other, clone);
  try {
    const rejection = trial.reject(clone);
    if (rejection) return rejection;
    const spare = (other: Pod): boolean => {
      trial.add(other, clone);
      if (!trial.reject(clone)) return removed.delete(other);
      trial.remove(other, clone);
      return false;
    };
    const { violating, others } = splitByBudget(lower, budgets);
    const violations = violating.filter((other) => !spare(other)).length;
    for (const other of others) spare(other);
    return { node: node.name, victims: lower.filter((other) => removed.has(other)), violations };
  } finally {
    for (const other of removed) trial.add(other, clone);
  }
}

/** How many of the nodes where removing Pods may help are tried. */
export const candidatesWanted = (nodes: number, { minCandidateNodesPercentage, minCandidateNodesAbsolute }: DefaultPreemptionArgs): number =>
  Math.min(nodes, Math.max(minCandidateNodesAbsolute, Math.floor((nodes * minCandidateNodesPercentage) / 100)));

/** Tries nodes from `offset` on until enough suit; those that break no budget come first. */
export function findCandidates(trial: Trial, nodes: readonly NodeInfo[], budgets: readonly PodDisruptionBudget[], offset: number, args: DefaultPreemptionArgs): { candidates: Candidate[]; rejections: Map<string, Rejection> } {
  const wanted = candidatesWanted(nodes.length, args);
  const [kept, broken]: [Candidate[], Candidate[]] = [[], []];
  const rejections = new Map<string, Rejection>();
  for (let i = 0; i < nodes.length && !(kept.length && kept.length + broken.length >= wanted); i++) {
    const node = nodes[(offset + i) % nodes.length]!;
    const found = selectVictims(trial, node, budgets);
    if ('reasons' in found) rejections.set(node.name, found);
    else (found.violations ? broken : kept).push(found);
  }
  return { candidates: [...kept, ...broken], rejections };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
/** Of the victims of the highest priority, the start of the one that runs longest. */
function earliestStart(victims: readonly Pod[]): number {
  const highest = Math.max(...victims.map(priorityOf));
  return Math.min(...victims.filter((victim) => priorityOf(victim) === highest).map(startOf));
}
/** Smaller is better; each decides only where those before it are equal. */
const costs: readonly ((candidate: Candidate) => number)[] = [
  ({ violations }) => violations,
  ({ victims }) => Math.max(...victims.map(priorityOf)),
  // Shifted, so that several of a negative priority cost more than one.
  ({ victims }) => sum(victims.map((victim) => priorityOf(victim) + 2 ** 31)),
  ({ victims }) => victims.length,
  ({ victims }) => -earliestStart(victims),
];

/** Where removing Pods costs least; the first of equals. */
export function cheapest(candidates: readonly Candidate[]): Candidate | undefined {
  let left = candidates;
  for (const cost of costs) {
    if (left.length <= 1) break;
    const each = left.map(cost);
    const least = Math.min(...each);
    left = left.filter((_, i) => each[i] === least);
  }
  return left[0];
}

const preempted = ({ metadata, status }: Pod): boolean => metadata.deletionTimestamp !== undefined
  && (status?.conditions ?? []).some(({ type, status: is, reason }) => type === 'DisruptionTarget' && is === 'True' && reason === 'PreemptionByScheduler');

/** Why the Pod may not remove others (again); undefined when it may. `unresolvable`: the node nominated before can not take it whatever is removed. */
export function whyNotPreempt(pod: Pod, nominated: NodeInfo | undefined, unresolvable: boolean): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  if (!nominated || unresolvable) return undefined;
  for (const other of nominated.pods) if (priorityOf(other) < priorityOf(pod) && preempted(other)) return 'not eligible due to a terminating pod on the nominated node.';
  return undefined;
}
