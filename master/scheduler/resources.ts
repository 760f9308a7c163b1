// What a Pod asks of a node, as numbers: cpu in thousandths, everything else in base units.
// upstream: staging/src/k8s.io/component-helpers/resource/helpers.go, pkg/scheduler/util/pod_resources.go
import { milliValue, quantityValue, type QuantityText } from '../../src/apimachinery/quantity.ts';
import type { Pod } from '../../src/api/core/pod.ts';

export type ResourceList = Readonly<Record<string, number>>;
type Quantities = Readonly<Record<string, QuantityText>> | undefined;

/** Scoring treats containers that ask for nothing as if they asked for this, so that they spread too. */
const assumedRequests: ResourceList = { cpu: 100, memory: 200 * 1024 * 1024 };

const amount = (name: string, text: QuantityText): number => (name === 'cpu' ? milliValue(text) : quantityValue(text));
export const amounts = (quantities: Quantities): ResourceList => Object.fromEntries(Object.entries(quantities ?? {}).map(([name, text]) => [name, amount(name, text)]));

export function addTo(total: Record<string, number>, more: ResourceList, sign: 1 | -1 = 1): void {
  for (const [name, value] of Object.entries(more)) total[name] = (total[name] ?? 0) + sign * value;
}
function atLeast(total: Record<string, number>, other: ResourceList): void {
  for (const [name, value] of Object.entries(other)) total[name] = Math.max(total[name] ?? 0, value);
}

export interface PodRequests { readonly exact: ResourceList; /** cpu and memory with the assumed minimum. */ readonly assumed: ResourceList }
const known = new WeakMap<object, PodRequests>();

/**
 * Requests of the whole Pod. Init containers run one after another, sidecars beside everything that starts after them. A Pod that
 * is being resized counts with the larger of what it wishes and what it has; one whose wish cannot be, with what it has.
 */
export function requestsOf(pod: Pod): PodRequests {
  let requests = known.get(pod);
  if (!requests) known.set(pod, (requests = { exact: total(pod, false), assumed: total(pod, true) }));
  return requests;
}

interface Asking { readonly name: string; readonly resources?: { readonly requests?: Quantities } }
interface Has { readonly name: string; readonly allocatedResources?: Quantities; readonly resources?: { readonly requests?: Quantities } }

function total({ spec, status }: Pod, assume: boolean): ResourceList {
  const infeasible = status?.conditions?.some((c) => c.type === 'PodResizePending' && c.status === 'True' && c.reason === 'Infeasible');
  const had = new Map<string, Has>([...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].map((s) => [s.name, s as Has]));
  const requested = ({ name, resources }: Asking): ResourceList => {
    const has = had.get(name);
    if (!has?.resources) return amounts(resources?.requests);
    const most: Record<string, number> = infeasible ? {} : { ...amounts(resources?.requests) };
    atLeast(most, amounts(has.resources.requests));
    atLeast(most, amounts(has.allocatedResources));
    return most;
  };
  const of = (container: Asking): ResourceList => (assume ? { ...assumedRequests, ...requested(container) } : requested(container));
  const sum: Record<string, number> = {};
  for (const container of spec.containers) addTo(sum, of(container));
  const sidecars: Record<string, number> = {};
  const initPeak: Record<string, number> = {};
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      addTo(sum, of(container));
      addTo(sidecars, of(container));
      atLeast(initPeak, sidecars);
    } else {
      const now = { ...sidecars };
      addTo(now, of(container));
      atLeast(initPeak, now);
    }
  }
  atLeast(sum, initPeak);
  Object.assign(sum, amounts((spec as { resources?: { requests?: Quantities } }).resources?.requests));
  addTo(sum, amounts(spec.overhead));
  return sum;
}
