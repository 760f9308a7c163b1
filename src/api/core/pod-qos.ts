// The quality of service class of a Pod, from the cpu and memory its containers request and limit.
// upstream: pkg/apis/core/helper/qos/qos.go
import { addQuantities, compareQuantities } from '../../apimachinery/quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

interface Resources { readonly limits?: Readonly<Record<string, string>>; readonly requests?: Readonly<Record<string, string>> }
interface Spec {
  readonly resources?: Resources;
  /** null in a Pod that is still to be judged. */
  readonly containers: readonly { readonly resources?: Resources }[] | null;
  readonly initContainers?: readonly { readonly resources?: Resources }[];
}

const computeResources = ['cpu', 'memory'] as const;
const isPositive = (quantity: string | undefined): quantity is string => quantity !== undefined && compareQuantities(quantity, '0') > 0;

function sum(lists: readonly (Readonly<Record<string, string>> | undefined)[]): Record<string, string> {
  const total: Record<string, string> = {};
  for (const list of lists) {
    for (const name of computeResources) {
      const quantity = list?.[name];
      if (isPositive(quantity)) total[name] = total[name] === undefined ? quantity : addQuantities(total[name], quantity);
    }
  }
  return total;
}

/** Guaranteed when every container limits cpu and memory and requests as much; BestEffort when nothing is said; else Burstable. */
export function podQosClass(spec: Spec): QosClass {
  const all = spec.resources ? [spec.resources] : [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ resources }) => resources ?? {});
  const requests = sum(all.map((resources) => resources.requests));
  const limits = sum(all.map((resources) => resources.limits));
  if (Object.keys(requests).length === 0 && Object.keys(limits).length === 0) return 'BestEffort';
  const limited = all.every((resources) => computeResources.every((name) => isPositive(resources.limits?.[name])));
  const equal = Object.entries(requests).every(([name, request]) => limits[name] !== undefined && compareQuantities(limits[name], request) === 0);
  return limited && equal && Object.keys(requests).length === Object.keys(limits).length ? 'Guaranteed' : 'Burstable';
}
