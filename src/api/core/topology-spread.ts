// How Pods are spread over zones, hosts and other node groups.
// upstream: pkg/apis/core/validation/validation.go, validateTopologySpreadConstraints
import { child, duplicate, forbidden, index, invalid, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { labelSelector, type LabelSelector } from '../../schema/object-meta.ts';
import { array, field, int32, object, string, types, type FieldsValue } from '../../schema/schema.ts';
import { labelNameFaults } from './affinity.ts';

const actions = ['DoNotSchedule', 'ScheduleAnyway'];

interface SpreadValue { maxSkew: number; topologyKey: string; whenUnsatisfiable: string; minDomains?: number; labelSelector?: LabelSelector; matchLabelKeys?: string[] }
function spreadFaults({ maxSkew, topologyKey, whenUnsatisfiable, minDomains, labelSelector: selector, matchLabelKeys = [] }: SpreadValue, path: string): Fault[] {
  const faults: Fault[] = [];
  if (maxSkew <= 0) faults.push(invalid(child(path, 'maxSkew'), maxSkew, 'must be greater than zero'));
  if (!topologyKey) faults.push(required(child(path, 'topologyKey'), 'can not be empty'));
  if (whenUnsatisfiable === '') faults.push(notSupported(child(path, 'whenUnsatisfiable'), whenUnsatisfiable, actions));
  if (minDomains !== undefined) {
    const minPath = child(path, 'minDomains');
    if (minDomains <= 0) faults.push(invalid(minPath, minDomains, 'must be greater than zero'));
    if (whenUnsatisfiable !== 'DoNotSchedule') {
      faults.push(invalid(minPath, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`));
    }
  }
  const keysPath = child(path, 'matchLabelKeys');
  if (matchLabelKeys.length > 0 && !selector) faults.push(forbidden(keysPath, 'must not be specified when labelSelector is not set'));
  matchLabelKeys.forEach((key, i) => {
    faults.push(...labelNameFaults(key, index(keysPath, i)));
    if (selector?.matchLabels?.[key] !== undefined || selector?.matchExpressions?.some((expression) => expression.key === key)) {
      faults.push(invalid(index(keysPath, i), key, 'exists in both matchLabelKeys and labelSelector'));
    }
  });
  return faults;
}

export const topologySpreadConstraint = object('TopologySpreadConstraint', {
  maxSkew: int32(1, { required: true, unchecked: true, doc: 'Largest allowed difference in matching Pods between two domains.' }),
  topologyKey: string(2, { required: true, unchecked: true, doc: 'Node label whose values are the domains.' }),
  whenUnsatisfiable: string(3, { required: true, unchecked: true, enum: actions, doc: 'DoNotSchedule, or ScheduleAnyway with a preference for less skew.' }),
  labelSelector: field(4, labelSelector, { doc: 'Pods that are counted.' }),
  minDomains: int32(5, { pointer: true, doc: 'With fewer domains than this the smallest count is taken as zero; 1 when absent.' }),
  nodeAffinityPolicy: string(6, { pointer: true, enum: ['Honor', 'Ignore'], doc: 'Whether nodes outside nodeSelector and affinity count: Honor leaves them out (the default), Ignore counts them.' }),
  nodeTaintsPolicy: string(7, { pointer: true, enum: ['Honor', 'Ignore'], doc: 'Whether nodes with untolerated taints count: Honor leaves them out, Ignore (the default) counts them.' }),
  matchLabelKeys: array(8, types.string, { listType: 'atomic', doc: 'Keys whose value in the new Pod counted Pods must share.' }),
}, { doc: 'Spreads matching Pods over the domains of a topology.', validate: spreadFaults });
export interface TopologySpreadConstraint extends FieldsValue<typeof topologySpreadConstraint.fields> {}

/** The pair (topologyKey, whenUnsatisfiable) names a constraint: one that comes again later is a fault of the earlier one. */
export function duplicateSpreadFaults(constraints: readonly { topologyKey: string; whenUnsatisfiable: string }[], path: string): Fault[] {
  const pairs = constraints.map(({ topologyKey, whenUnsatisfiable }) => `{${topologyKey}, ${whenUnsatisfiable}}`);
  return pairs.flatMap((pair, i) => (pairs.includes(pair, i + 1) ? [duplicate(child(index(path, i), '{topologyKey, whenUnsatisfiable}'), pair)] : []));
}
