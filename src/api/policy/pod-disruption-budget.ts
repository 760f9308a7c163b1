// PodDisruptionBudget: how many Pods of a set may be evicted at a time.
// upstream: pkg/apis/policy/validation/validation.go (ValidatePodDisruptionBudgetSpec), pkg/registry/policy/poddisruptionbudget
import { invalid, type Fault } from '../../apimachinery/fault.ts';
import { condition, labelSelector } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, int32, int64, intOrString, map, object, string, types, type FieldsValue } from '../../schema/schema.ts';
import { conditionFaults } from '../condition-faults.ts';
import { intOrPercentFaults, overHundredFaults, type IntOrPercent } from '../int-or-percent.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { atLeastZero } from '../value-faults.ts';

const policy = 'io.k8s.api.policy.v1';
const bound = { pointer: true, validate: (value: IntOrPercent, path: string): Fault[] => [...intOrPercentFaults(value, path), ...overHundredFaults(value, path)] } as const;

export const podDisruptionBudgetSpec = object('PodDisruptionBudgetSpec', {
  minAvailable: intOrString(1, { ...bound, doc: 'Pods that must stay healthy, as a number or a percentage.' }),
  selector: field(2, labelSelector, { patchStrategy: 'replace', doc: 'Pods that are protected; {} is all of the namespace, absent none.' }),
  maxUnavailable: intOrString(3, { ...bound, doc: 'Pods that may be missing, as a number or a percentage; instead of minAvailable.' }),
  unhealthyPodEvictionPolicy: string(4, { pointer: true, enum: ['AlwaysAllow', 'IfHealthyBudget'], doc: 'Whether Pods that are not ready may always be evicted: AlwaysAllow, or IfHealthyBudget.' }),
}, { package: policy, doc: 'The budget as it is wanted.' });
export interface PodDisruptionBudgetSpec extends FieldsValue<typeof podDisruptionBudgetSpec.fields> {}

export const podDisruptionBudgetStatus = object('PodDisruptionBudgetStatus', {
  observedGeneration: int64(1, { doc: 'Generation the controller has seen.' }),
  disruptedPods: map(2, types.time, { doc: 'Pods whose eviction is granted and not seen yet, and since when.' }),
  disruptionsAllowed: int32(3, { required: true, unchecked: true, doc: 'Evictions that are allowed now.' }),
  currentHealthy: int32(4, { required: true, unchecked: true, doc: 'Healthy Pods.' }),
  desiredHealthy: int32(5, { required: true, unchecked: true, doc: 'Healthy Pods there must be.' }),
  expectedPods: int32(6, { required: true, unchecked: true, doc: 'Pods that are counted.' }),
  conditions: array(7, condition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the budget.' }),
}, { package: policy, doc: 'The budget as it is.' });
export interface PodDisruptionBudgetStatus extends FieldsValue<typeof podDisruptionBudgetStatus.fields> {}

const specFaults = (spec: PodDisruptionBudgetSpec): Fault[] =>
  (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined ? [invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set')] : []);

export const PodDisruptionBudgets = defineResource({
  group: 'policy', version: 'v1', kind: 'PodDisruptionBudget', plural: 'poddisruptionbudgets', shortNames: ['pdb'], scope: 'Namespaced',
  doc: 'How many Pods of a set may be evicted at a time.',
  fields: {
    spec: field(2, podDisruptionBudgetSpec, { written: true, doc: 'The budget as it is wanted.' }),
    status: field(3, podDisruptionBudgetStatus, { written: true, doc: 'The budget as it is.' }),
  },
  subresources: { status: true },
  generation: true,
  validate: ({ spec }) => specFaults(spec),
  validateStatus: ({ status }) => [
    ...conditionFaults(status.conditions, 'status.conditions'),
    ...(['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const).flatMap((name) => atLeastZero(status[name], `status.${name}`)),
  ],
  requiresRevision: true,
  columns: [
    nameColumn,
    { name: 'Min Available', type: 'string', description: 'Pods that must stay healthy.', value: ({ spec }) => String(spec.minAvailable ?? 'N/A') },
    { name: 'Max Unavailable', type: 'string', description: 'Pods that may be missing.', value: ({ spec }) => String(spec.maxUnavailable ?? 'N/A') },
    { name: 'Allowed Disruptions', type: 'integer', description: 'Evictions that are allowed now.', value: ({ status }) => status?.disruptionsAllowed ?? 0 },
    ageColumn,
  ],
});
export interface PodDisruptionBudget extends ObjectOf<typeof PodDisruptionBudgets> {}
