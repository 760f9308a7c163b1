// Resolves a Pod's priority class to its number. (upstream: plugin/pkg/admission/priority)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { AdmissionPlugin } from './admission.ts';

/** The classes every cluster has. */
const systemClasses: Readonly<Record<string, number>> = { 'system-cluster-critical': 2_000_000_000, 'system-node-critical': 2_000_001_000 };

export function priority(): AdmissionPlugin {
  return {
    name: 'Priority',
    mutate({ operation, resource, object, name }) {
      if (operation !== 'CREATE' || resource.group !== '' || resource.plural !== 'pods' || !object) return;
      const spec = object['spec'] as { priorityClassName?: string; priority?: number; preemptionPolicy?: string };
      const subject = { group: '', resource: 'pods' };
      let value = 0;
      if (spec.priorityClassName) {
        const known = systemClasses[spec.priorityClassName];
        if (known === undefined) throw errors.forbidden(subject, name, `no PriorityClass with name ${spec.priorityClassName} was found`);
        value = known;
      }
      if (spec.priority !== undefined && spec.priority !== value) {
        throw errors.forbidden(subject, name, `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`);
      }
      spec.priority = value;
      spec.preemptionPolicy ??= 'PreemptLowerPriority';
    },
  };
}
