// What a whole Pod requests and may use at most, as lists of quantities. Init containers run one after another, sidecars
// beside everything that starts after them. (upstream: component-helpers/resource/helpers.go, PodRequests and PodLimits)
import { addLists, largerOf, pick, type Quantities } from '../../apimachinery/resource-list.ts';

interface Container { readonly restartPolicy?: string; readonly resources?: { readonly requests?: Quantities; readonly limits?: Quantities } }
export interface PodResourcesSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly resources?: { readonly requests?: Quantities; readonly limits?: Quantities };
  readonly overhead?: Quantities;
}

function total(spec: PodResourcesSpec, which: 'requests' | 'limits'): Record<string, string> {
  const of = (container: Container): Quantities => container.resources?.[which] ?? {};
  let sum = spec.containers.reduce<Record<string, string>>((all, container) => addLists(all, of(container)), {});
  let sidecars: Record<string, string> = {};
  let initPeak: Record<string, string> = {};
  for (const container of spec.initContainers ?? []) {
    const peak = addLists(sidecars, of(container));
    initPeak = largerOf(initPeak, peak);
    if (container.restartPolicy !== 'Always') continue;
    sum = addLists(sum, of(container));
    sidecars = peak;
  }
  return { ...largerOf(sum, initPeak), ...spec.resources?.[which] };
}

export const podRequests = (spec: PodResourcesSpec): Record<string, string> => addLists(total(spec, 'requests'), spec.overhead);
/** Overhead counts only toward what is limited at all. */
export function podLimits(spec: PodResourcesSpec): Record<string, string> {
  const limits = total(spec, 'limits');
  return addLists(limits, pick(spec.overhead ?? {}, Object.keys(limits)));
}
