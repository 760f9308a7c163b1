// Gives containers the defaults of their namespace's LimitRanges and refuses Pods and claims outside the bounds.
// upstream: plugin/pkg/admission/limitranger/admission.go
import { aggregate } from '../../../src/apimachinery/aggregate.ts';
import { compareQuantities, milliValue } from '../../../src/apimachinery/quantity.ts';
import type { Quantities } from '../../../src/apimachinery/resource-list.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { LimitRange, LimitRangeItem } from '../../../src/api/core/limit-range.ts';
import { podLimits, podRequests, type PodResourcesSpec } from '../../../src/api/core/pod-resources.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

const annotation = 'kubernetes.io/limit-ranger';

interface Container { name: string; resources?: { requests?: Record<string, string>; limits?: Record<string, string> } }
interface PodSpec { containers?: Container[]; initContainers?: Container[] }

/** The list may be null: it is required, but no more. */
const itemsOf = ({ spec }: LimitRange): readonly LimitRangeItem[] => spec.limits ?? [];

/** Defaults of all items for containers; of two, the later. */
function defaultsOf(range: LimitRange): { requests: Quantities; limits: Quantities } {
  const items = itemsOf(range).filter((item) => item.type === 'Container');
  const merged = (list: 'default' | 'defaultRequest'): Quantities => Object.assign({}, ...items.map((item) => item[list] ?? {})) as Quantities;
  return { requests: merged('defaultRequest'), limits: merged('default') };
}

/** Fills what the container leaves open; tells what it filled. */
function fill(container: Container, defaults: { requests: Quantities; limits: Quantities }, what: string): string[] {
  const resources = (container.resources ??= {});
  return (['requests', 'limits'] as const).flatMap((which) => {
    const missing = Object.keys(defaults[which]).filter((name) => resources[which]?.[name] === undefined).sort();
    if (!missing.length) return [];
    resources[which] = { ...resources[which], ...Object.fromEntries(missing.map((name) => [name, defaults[which][name]!])) };
    return [`${missing.join(', ')} ${which === 'requests' ? 'request' : 'limit'} for ${what} ${container.name}`];
  });
}

/** Writes the defaults into the Pod, and what was written into an annotation. */
export function applyLimitDefaults(range: LimitRange, pod: ApiObject): void {
  const defaults = defaultsOf(range);
  const spec = pod['spec'] as PodSpec;
  const filled = [...(spec.containers ?? []).flatMap((c) => fill(c, defaults, 'container')), ...(spec.initContainers ?? []).flatMap((c) => fill(c, defaults, 'init container'))];
  if (filled.length) pod.metadata.annotations = { ...pod.metadata.annotations, [annotation]: `LimitRanger plugin set: ${filled.join('; ')}` };
}

const above = (a: string | undefined, b: string): boolean => a !== undefined && compareQuantities(a, b) > 0;
const below = (a: string | undefined, b: string): boolean => a !== undefined && compareQuantities(a, b) < 0;

function minimum(type: string, name: string, bound: string, request: string | undefined, limit: string | undefined): string[] {
  const head = `minimum ${name} usage per ${type} is ${bound}`;
  if (request === undefined) return [`${head}.  No request is specified`];
  if (below(request, bound)) return [`${head}, but request is ${request}`];
  return below(limit, bound) ? [`${head}, but limit is ${limit}`] : [];
}
function maximum(type: string, name: string, bound: string, request: string | undefined, limit: string | undefined): string[] {
  const head = `maximum ${name} usage per ${type} is ${bound}`;
  if (limit === undefined) return [`${head}.  No limit is specified`];
  if (above(limit, bound)) return [`${head}, but limit is ${limit}`];
  return above(request, bound) ? [`${head}, but request is ${request}`] : [];
}
function ratio(type: string, name: string, bound: string, request: string | undefined, limit: string | undefined): string[] {
  const head = `${name} max limit to request ratio per ${type} is ${bound}`;
  if (request === undefined || milliValue(request) === 0) return [`${head}, but no request is specified or request is 0`];
  if (limit === undefined || milliValue(limit) === 0) return [`${head}, but no limit is specified or limit is 0`];
  const observed = milliValue(limit) / milliValue(request);
  return observed * 1000 > milliValue(bound) ? [`${head}, but provided ratio is ${observed.toFixed(6)}`] : [];
}

const each = (list: Quantities | undefined, judge: (name: string, bound: string) => string[]): string[] => Object.keys(list ?? {}).sort().flatMap((name) => judge(name, list![name]!));

function bounds(item: LimitRangeItem, requests: Quantities, limits: Quantities): string[] {
  const judged = (rule: typeof minimum) => (name: string, bound: string): string[] => rule(item.type, name, bound, requests[name], limits[name]);
  return [...each(item.min, judged(minimum)), ...each(item.max, judged(maximum)), ...each(item.maxLimitRequestRatio, judged(ratio))];
}

/** What of the Pod is outside the bounds, in Kubernetes' words. */
export function podLimitFaults(range: LimitRange, pod: ApiObject): string[] {
  const spec = pod['spec'] as PodSpec & PodResourcesSpec;
  return itemsOf(range).flatMap((item) => {
    if (item.type === 'Container') return [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) => bounds(item, resources?.requests ?? {}, resources?.limits ?? {}));
    return item.type === 'Pod' ? bounds(item, podRequests({ ...spec, overhead: {} }), podLimits({ ...spec, overhead: {} })) : [];
  });
}
/** The same for a claim; all bounds are on what it requests. */
export function claimLimitFaults(range: LimitRange, claim: ApiObject): string[] {
  const requests = ((claim['spec'] as { resources?: { requests?: Quantities } }).resources?.requests ?? {});
  return itemsOf(range).filter((item) => item.type === 'PersistentVolumeClaim').flatMap(({ type, min, max }) => [
    ...each(min, (name, bound) => minimum(type, name, bound, requests[name], undefined)),
    ...each(max, (name, bound) => {
      const request = requests[name];
      const head = `maximum ${name} usage per ${type} is ${bound}`;
      return request === undefined ? [`${head}.  No request is specified`] : above(request, bound) ? [`${head}, but request is ${request}`] : [];
    }),
  ]);
}

export function limitRanger(registry: Registry): AdmissionPlugin {
  const rangesOf = (namespace: string): LimitRange[] => {
    const ranges = registry.find('', 'v1', 'limitranges');
    return ranges ? [...registry.cache.list(`${ranges.prefix}${namespace}/`)].map((stored) => stored.object as unknown as LimitRange) : [];
  };
  /** 'pods' for Pods that are made or resized, 'persistentvolumeclaims' for claims that are made or changed. */
  const concerned = ({ resource, operation, subresource, object, old, namespace }: AdmissionRequest): string | undefined => {
    // What is ending changes only to lose its finalizers.
    if (resource.group !== '' || !object || !namespace || (operation === 'UPDATE' && old?.metadata.deletionTimestamp)) return undefined;
    if (resource.plural === 'pods') return (operation === 'CREATE' && subresource === '') || (operation === 'UPDATE' && subresource === 'resize') ? 'pods' : undefined;
    if (subresource !== '') return undefined;
    return resource.plural === 'persistentvolumeclaims' ? resource.plural : undefined;
  };
  return {
    name: 'LimitRanger',
    mutate(request) {
      if (concerned(request) === 'pods') for (const range of rangesOf(request.namespace!)) applyLimitDefaults(range, request.object!);
    },
    validate(request) {
      const kind = concerned(request);
      if (!kind) return;
      for (const range of rangesOf(request.namespace!)) {
        const faults = [...new Set((kind === 'pods' ? podLimitFaults : claimLimitFaults)(range, request.object!))];
        if (faults.length) throw errors.forbidden({ group: '', resource: kind }, request.name, aggregate(faults));
      }
    },
  };
}
