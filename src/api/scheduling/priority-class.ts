// PriorityClass: how important the Pods are that name it. (upstream: pkg/apis/scheduling/validation/validation.go, pkg/registry/scheduling/priorityclass)
import { forbidden, type Fault } from '../../apimachinery/fault.ts';
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { boolean, int32, string } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { immutableFaults } from '../value-faults.ts';

const highestOfUsers = 1_000_000_000;
const systemPrefix = 'system-';
/** Classes every cluster has, beyond what users may ask for. */
const systemClasses: Readonly<Record<string, number>> = { 'system-node-critical': 2_000_001_000, 'system-cluster-critical': 2_000_000_000 };

interface Values extends ObjectHead { value: number; globalDefault?: boolean }

function whyNotSystem({ metadata: { name }, value, globalDefault }: Values): string | undefined {
  const known = systemClasses[name];
  if (known === undefined) return `${name} is not a known system priority class`;
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function valueFaults(priorityClass: Values): Fault[] {
  if (priorityClass.metadata.name?.startsWith(systemPrefix)) {
    const why = whyNotSystem(priorityClass);
    return why === undefined ? [] : [forbidden('metadata.name', `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${why}`)];
  }
  return priorityClass.value > highestOfUsers ? [forbidden('value', `maximum allowed value of a user defined priority is ${highestOfUsers}`)] : [];
}

export const PriorityClasses = defineResource({
  group: 'scheduling.k8s.io', version: 'v1', kind: 'PriorityClass', plural: 'priorityclasses', shortNames: ['pc'], scope: 'Cluster',
  doc: 'How important the Pods are that name it.',
  fields: {
    value: int32(2, { required: true, unchecked: true, doc: 'Priority of the Pods; higher is placed first.' }),
    globalDefault: boolean(3, { doc: 'True for the class of Pods that name none.' }),
    description: string(4, { doc: 'When to use the class, for people.' }),
    preemptionPolicy: string(5, { pointer: true, default: 'PreemptLowerPriority', enum: ['PreemptLowerPriority', 'Never'], doc: 'Whether Pods of lower priority make room: PreemptLowerPriority or Never.' }),
  },
  // It never grows: nothing that may change is a wish.
  prepareCreate: ({ metadata }) => { metadata.generation = 1; },
  prepareUpdate: ({ metadata }, old) => {
    if (old.metadata.generation !== undefined) metadata.generation = old.metadata.generation;
  },
  validate: (priorityClass, old) => (old
    ? [...(priorityClass.value === old.value ? [] : [forbidden('value', 'may not be changed in an update.')]), ...immutableFaults(priorityClass.preemptionPolicy, old.preemptionPolicy, 'preemptionPolicy')]
    : valueFaults(priorityClass)),
  columns: [
    nameColumn,
    { name: 'Value', type: 'integer', description: 'Priority of the Pods.', value: ({ value }) => value },
    { name: 'Global-Default', type: 'boolean', description: 'Whether Pods that name no class are of it.', value: ({ globalDefault }) => globalDefault ?? false },
    ageColumn,
    { name: 'PreemptionPolicy', type: 'string', description: 'Whether Pods of lower priority make room.', value: ({ preemptionPolicy }) => preemptionPolicy ?? '' },
  ],
});
export interface PriorityClass extends ObjectOf<typeof PriorityClasses> {}
