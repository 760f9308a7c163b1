// What an object counts for in a ResourceQuota, by kind: Pods, Services and claims more than their number, all others that.
// Shared by admission, which charges, and the controller, which counts again.
// upstream: pkg/quota/v1/evaluator/core, apiserver/pkg/quota/v1/generic/evaluator.go
import { compareQuantities, roundUpToUnit } from '../../apimachinery/quantity.ts';
import { addLists, equalLists, pick, type Quantities } from '../../apimachinery/resource-list.ts';
import type { ApiObject } from '../../schema/resource.ts';
import { podQuota } from './quota-usage-pod.ts';
import type { ResourceQuota } from './resource-quota.ts';
import { storageClassOf } from './volume-columns.ts';

export interface ScopeRequirement { readonly scopeName: string; readonly operator: string; readonly values?: readonly string[] }

export interface QuotaEvaluator {
  /** Objects count by being there: nothing of them is read. */
  readonly countsOnly?: boolean;
  /** Those of the names this kind counts toward. */
  matching(names: readonly string[]): string[];
  /** `now` in ms since the epoch: a Pod whose grace is over counts no longer. */
  usage(object: ApiObject, now: number): Quantities;
  /** Whether this write can change what is used. */
  handles(operation: 'CREATE' | 'UPDATE' | 'DELETE', subresource: string, object: ApiObject, old: ApiObject | undefined): boolean;
  /** Absent: the kind is in no scope. */
  inScope?(object: ApiObject, scope: ScopeRequirement): boolean;
  /** What the object must say and does not, in Kubernetes' words. */
  missing?(required: readonly string[], object: ApiObject): string | undefined;
}

interface Kind { readonly group: string; readonly plural: string }

/** Names of counts that are older than `count/…`. */
const aliases: Readonly<Record<string, string>> = { configmaps: 'configmaps', resourcequotas: 'resourcequotas', replicationcontrollers: 'replicationcontrollers', secrets: 'secrets' };
const countName = ({ group, plural }: Kind): string => `count/${plural}${group ? `.${group}` : ''}`;

function counted(kind: Kind): QuotaEvaluator {
  const alias = kind.group === '' ? aliases[kind.plural] : undefined;
  const names = [countName(kind), ...(alias ? [alias] : [])];
  const one = Object.fromEntries(names.map((name) => [name, '1']));
  return {
    countsOnly: true,
    matching: (given) => given.filter((name) => names.includes(name)),
    usage: () => one,
    handles: (operation, subresource) => operation === 'CREATE' && subresource === '',
  };
}

interface ServiceSpec { type?: string; ports?: readonly { nodePort?: number }[]; allocateLoadBalancerNodePorts?: boolean }
const serviceNames = ['count/services', 'services', 'services.nodeports', 'services.loadbalancers'];
const services: QuotaEvaluator = {
  matching: (names) => names.filter((name) => serviceNames.includes(name)),
  usage({ spec }) {
    const { type, ports = [], allocateLoadBalancerNodePorts } = spec as ServiceSpec;
    const balanced = type === 'LoadBalancer';
    // Ports are not given out yet: what counts is the wish.
    const nodePorts = type === 'NodePort' || (balanced && allocateLoadBalancerNodePorts !== false) ? ports.length : balanced ? ports.filter((port) => port.nodePort).length : 0;
    return { 'count/services': '1', services: '1', 'services.nodeports': String(nodePorts), 'services.loadbalancers': balanced ? '1' : '0' };
  },
  handles: (operation) => operation !== 'DELETE',
};

interface Claim { spec: { resources?: { requests?: Quantities } }; status?: { allocatedResources?: Quantities } }
const claimNames = ['persistentvolumeclaims', 'requests.storage'];
const classSuffix = '.storageclass.storage.k8s.io/';
const allocated = (object: ApiObject | undefined): Quantities => (object as Claim | undefined)?.status?.allocatedResources ?? {};
const claims: QuotaEvaluator = {
  matching: (names) => names.filter((name) => name === 'count/persistentvolumeclaims' || claimNames.includes(name) || claimNames.some((of) => name.endsWith(`${classSuffix}${of}`))),
  usage(object) {
    const { spec } = object as unknown as Claim;
    const storageClass = storageClassOf(object as never);
    const used: Record<string, string> = { persistentvolumeclaims: '1', 'count/persistentvolumeclaims': '1' };
    if (storageClass) used[`${storageClass}${classSuffix}persistentvolumeclaims`] = '1';
    const [asked, held] = [spec.resources?.requests?.['storage'], allocated(object)['storage']];
    if (asked !== undefined) {
      // A claim that is growing holds what is set aside for it already.
      const storage = roundUpToUnit(held !== undefined && compareQuantities(held, asked) > 0 ? held : asked);
      used['requests.storage'] = storage;
      if (storageClass) used[`${storageClass}${classSuffix}requests.storage`] = storage;
    }
    return used;
  },
  handles: (operation, subresource, object, old) => operation !== 'DELETE' && (subresource === ''
    || (subresource === 'status' && !equalLists(pick(allocated(object), ['storage']), pick(allocated(old), ['storage'])))),
};

const special: Readonly<Record<string, QuotaEvaluator>> = { pods: podQuota, services, persistentvolumeclaims: claims };
/** News, not objects anybody keeps. */
const ignored = new Set(['events']);

/** Undefined for kinds no quota counts. */
export function quotaEvaluatorOf(kind: Kind & { readonly namespaced: boolean }): QuotaEvaluator | undefined {
  if (!kind.namespaced || ignored.has(kind.plural)) return undefined;
  return (kind.group === '' ? special[kind.plural] : undefined) ?? counted(kind);
}

export const scopesOf = ({ spec }: Pick<ResourceQuota, 'spec'>): ScopeRequirement[] => [
  ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
  ...((spec.scopeSelector?.matchExpressions ?? []) as readonly ScopeRequirement[]),
];

/** Whether the object is in every scope of the quota; `names` are the bounds to look at. */
export function countsToward(quota: Pick<ResourceQuota, 'spec'>, evaluator: QuotaEvaluator, object: ApiObject, names: readonly string[]): boolean {
  return evaluator.matching(names).length > 0 && scopesOf(quota).every((scope) => evaluator.inScope?.(object, scope) ?? false);
}

/** What `objects` of one kind use together of the bounds of a quota. */
export function usageOf(quota: Pick<ResourceQuota, 'spec'>, evaluator: QuotaEvaluator, objects: Iterable<ApiObject>, now: number): Quantities {
  const names = evaluator.matching(Object.keys(quota.spec.hard ?? {}));
  let used: Record<string, string> = Object.fromEntries(names.map((name) => [name, '0']));
  for (const object of objects) if (countsToward(quota, evaluator, object, names)) used = addLists(used, pick(evaluator.usage(object, now), names));
  return used;
}
