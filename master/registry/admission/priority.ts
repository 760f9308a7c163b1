// Resolves a Pod's priority class to its number and policy, and lets only one class be the default.
// upstream: plugin/pkg/admission/priority
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { PriorityClass } from '../../../src/api/scheduling/priority-class.ts';
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

interface Spec { priorityClassName?: string; priority?: number; preemptionPolicy?: string }

export function priority(registry: Registry): AdmissionPlugin {
  const classes = () => registry.find('scheduling.k8s.io', 'v1', 'priorityclasses');
  /** Of several, the lowest: they can only come from a race. */
  const defaultClass = (): PriorityClass | undefined => {
    const store = classes();
    const found = store ? [...registry.cache.list(store.prefix)].map((stored) => stored.object as unknown as PriorityClass).filter((c) => c.globalDefault) : [];
    return found.sort((a, b) => a.value - b.value)[0];
  };

  function resolve({ object, name }: AdmissionRequest): void {
    const spec = object!['spec'] as Spec;
    const refuse = (why: string): never => { throw errors.forbidden({ group: '', resource: 'pods' }, name, why); };
    const chosen = spec.priorityClassName ? (classes()?.find(undefined, spec.priorityClassName)?.object as unknown as PriorityClass | undefined) : defaultClass();
    if (spec.priorityClassName && !chosen) refuse(`no PriorityClass with name ${spec.priorityClassName} was found`);
    const value = chosen?.value ?? 0;
    const policy = chosen ? chosen.preemptionPolicy : 'PreemptLowerPriority';
    if (spec.priority !== undefined && spec.priority !== value) refuse(`the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`);
    if (policy !== undefined && spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      refuse(`the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`);
    }
    if (chosen) spec.priorityClassName = chosen.metadata.name;
    spec.priority = value;
    if (policy !== undefined) spec.preemptionPolicy = policy;
  }

  return {
    name: 'Priority',
    mutate(request) {
      const { operation, resource, object, old, subresource } = request;
      if (subresource !== '' || resource.group !== '' || resource.plural !== 'pods' || !object) return;
      if (operation === 'CREATE') return resolve(request);
      // Clients that were made before these fields leave them out.
      const spec = object['spec'] as Spec;
      const before = old!['spec'] as Spec;
      if (spec.priority === undefined && before.priority !== undefined) spec.priority = before.priority;
      if (spec.preemptionPolicy === undefined && before.preemptionPolicy !== undefined) spec.preemptionPolicy = before.preemptionPolicy;
    },
    validate({ operation, resource, object, name, subresource }) {
      if (subresource !== '' || resource.group !== 'scheduling.k8s.io' || resource.plural !== 'priorityclasses' || !object?.['globalDefault']) return;
      const other = defaultClass();
      if (other && (operation === 'CREATE' || other.metadata.name !== name)) throw errors.forbidden({ group: resource.group, resource: resource.plural }, name, `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`);
    },
  };
}
