// What a Pod counts for in a ResourceQuota, and which scopes it is in.
// upstream: pkg/quota/v1/evaluator/core/pods.go
import { addLists, type Quantities } from '../../apimachinery/resource-list.ts';
import { selectorFromObject } from '../../apimachinery/selectors.ts';
import { isPodTerminal } from './pod-conditions.ts';
import { podQosClass } from './pod-qos.ts';
import { podLimits, podRequests } from './pod-resources.ts';
import type { Pod } from './pod.ts';
import type { QuotaEvaluator, ScopeRequirement } from './quota-usage.ts';

const standard = ['cpu', 'memory', 'ephemeral-storage'];
const names = ['count/pods', 'pods', ...standard, ...standard.map((name) => `requests.${name}`), ...standard.map((name) => `limits.${name}`)];
/** A quota of these wants every container to say what it needs; upstream calls it a mistake that stays. */
const mandatory = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];
const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
/** Of another vendor: `example.com/gpu`. */
const isExtended = (name: string): boolean => name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
const isExtendedBound = (name: string): boolean => name.startsWith('requests.') && name.includes('/') && !name.includes('kubernetes.io/');

function compute(requests: Quantities, limits: Quantities): Record<string, string> {
  const used: Record<string, string> = { pods: '1' };
  for (const [name, quantity] of Object.entries(requests)) {
    if (standard.includes(name) || isHugePages(name)) used[name] = quantity;
    if (standard.includes(name) || isHugePages(name) || isExtended(name)) used[`requests.${name}`] = quantity;
  }
  for (const name of standard) if (limits[name] !== undefined) used[`limits.${name}`] = limits[name];
  return used;
}

/** Pods that have ended, or should long be gone, hold nothing but their place in the store. */
function isOver(pod: Pod, now: number): boolean {
  if (isPodTerminal(pod)) return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  return Boolean(deletionTimestamp) && deletionGracePeriodSeconds !== undefined && now > Date.parse(deletionTimestamp!) + deletionGracePeriodSeconds * 1000;
}

function crossesNamespaces({ spec: { affinity } }: Pod): boolean {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].some((terms) => [
    ...(terms?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(terms?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ].some((term) => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined));
}

const isTerminating = ({ spec }: Pod): boolean => spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0;

function inScope(pod: Pod, { scopeName, operator, values = [] }: ScopeRequirement): boolean {
  const { priorityClassName } = pod.spec;
  switch (scopeName) {
    case 'Terminating': return isTerminating(pod);
    case 'NotTerminating': return !isTerminating(pod);
    case 'BestEffort': return podQosClass(pod.spec as never) === 'BestEffort';
    case 'NotBestEffort': return podQosClass(pod.spec as never) !== 'BestEffort';
    case 'CrossNamespacePodAffinity': return crossesNamespaces(pod);
    case 'PriorityClass': {
      if (operator === 'Exists') return Boolean(priorityClassName);
      const expression = { key: scopeName, operator, values: [...values] } as never;
      return selectorFromObject({ matchExpressions: [expression] }).matches(priorityClassName ? { [scopeName]: priorityClassName } : {});
    }
    default: return false;
  }
}

export const podQuota: QuotaEvaluator = {
  matching: (given) => given.filter((name) => names.includes(name) || isHugePages(name) || name.startsWith('requests.hugepages-') || isExtendedBound(name)),
  usage(object, now) {
    const pod = object as unknown as Pod;
    const count = { 'count/pods': '1' };
    return isOver(pod, now) ? count : addLists(count, compute(podRequests(pod.spec as never), podLimits(pod.spec as never)));
  },
  handles: (operation, subresource) => (subresource === '' && operation === 'CREATE') || (subresource === 'resize' && operation === 'UPDATE'),
  inScope: (object, scope) => inScope(object as unknown as Pod, scope),
  missing(required, object) {
    const { containers, initContainers = [] } = (object as unknown as Pod).spec;
    const wanted = required.filter((name) => mandatory.includes(name)).sort();
    const lacking = wanted.flatMap((name) => {
      const without = [...containers, ...initContainers].filter(({ resources }) => compute((resources?.requests ?? {}) as Quantities, (resources?.limits ?? {}) as Quantities)[name] === undefined);
      return without.length ? [`${name} for: ${[...new Set(without.map((container) => container.name))].sort().join(',')}`] : [];
    });
    return lacking.length ? `must specify ${lacking.join('; ')}` : undefined;
  },
};
