// Which nodes a Pod (or a volume) wants or avoids: node selectors, node affinity, pod affinity and anti-affinity.
// upstream: pkg/apis/core/validation/validation.go, ValidateNodeSelector and validateAffinity
import { child, forbidden, index, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { array, field, int32, object, required as requiredField, string, types, type FieldsValue } from '../../schema/schema.ts';

const each = (path: string, value: unknown, problems: readonly string[]): Fault[] => problems.map((problem) => invalid(path, value, problem));

/** Faults of a label key. */
export const labelNameFaults = (name: string, path: string): Fault[] => each(path, name, isQualifiedName(name));

export const nodeSelectorRequirement = object('NodeSelectorRequirement', {
  key: string(1, { required: true, unchecked: true, doc: 'Label key, or metadata.name in matchFields.' }),
  operator: string(2, { required: true, unchecked: true, doc: 'In, NotIn, Exists, DoesNotExist, Gt or Lt.' }),
  values: array(3, types.string, { listType: 'atomic', doc: 'Values for In and NotIn; one integer for Gt and Lt.' }),
}, { doc: 'One condition on a node label or field.' });
export interface NodeSelectorRequirement extends FieldsValue<typeof nodeSelectorRequirement.fields> {}

function expressionFaults({ key, operator, values = [] }: NodeSelectorRequirement, path: string): Fault[] {
  const faults: Fault[] = [];
  const valuesPath = child(path, 'values');
  switch (operator) {
    case 'In': case 'NotIn':
      if (values.length === 0) faults.push(required(valuesPath, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists': case 'DoesNotExist':
      if (values.length > 0) faults.push(forbidden(valuesPath, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt': case 'Lt':
      if (values.length !== 1) faults.push(required(valuesPath, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      faults.push(invalid(child(path, 'operator'), operator, 'not a valid selector operator'));
  }
  faults.push(...labelNameFaults(key, child(path, 'key')));
  return faults;
}

function fieldFaults({ key, operator, values = [] }: NodeSelectorRequirement, path: string): Fault[] {
  const faults: Fault[] = [];
  if (operator !== 'In' && operator !== 'NotIn') faults.push(invalid(child(path, 'operator'), operator, 'not a valid selector operator'));
  else if (values.length !== 1) {
    faults.push(required(child(path, 'values'), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  }
  if (key !== 'metadata.name') faults.push(invalid(child(path, 'key'), key, 'not a valid field selector key'));
  else values.forEach((value, i) => faults.push(...each(index(child(path, 'values'), i), value, isDNS1123Subdomain(value))));
  return faults;
}

export const nodeSelectorTerm = object('NodeSelectorTerm', {
  matchExpressions: array(1, nodeSelectorRequirement, { listType: 'atomic', doc: 'Conditions on node labels; all must hold.' }),
  matchFields: array(2, nodeSelectorRequirement, { listType: 'atomic', doc: 'Conditions on node fields; all must hold.' }),
}, {
  atomic: true, doc: 'A group of conditions that must all hold; an empty term matches no node.',
  validate: (term, path) => [
    ...(term.matchExpressions ?? []).flatMap((requirement, i) => expressionFaults(requirement, index(child(path, 'matchExpressions'), i))),
    ...(term.matchFields ?? []).flatMap((requirement, i) => fieldFaults(requirement, index(child(path, 'matchFields'), i))),
  ],
});
export interface NodeSelectorTerm extends FieldsValue<typeof nodeSelectorTerm.fields> {}

/** Labels cannot have other values, so a term that must hold may not ask for one. */
const valueFaults = ({ matchExpressions }: NodeSelectorTerm, path: string): Fault[] => (matchExpressions ?? []).flatMap(({ values = [] }, i) =>
  values.flatMap((value, j) => each(index(child(index(child(path, 'matchExpressions'), i), 'values'), j), value, isValidLabelValue(value))));

export const nodeSelector = object('NodeSelector', {
  nodeSelectorTerms: array(1, nodeSelectorTerm, { required: true, unchecked: true, listType: 'atomic', doc: 'Terms; a node must satisfy one of them.' }),
}, {
  atomic: true, doc: 'A union of node selector terms.',
  validate: ({ nodeSelectorTerms }, path) =>
    nodeSelectorTerms?.length ? nodeSelectorTerms.flatMap((term, i) => valueFaults(term, index(child(path, 'nodeSelectorTerms'), i)))
      : [required(child(path, 'nodeSelectorTerms'), 'must have at least one node selector term')],
});
export interface NodeSelector extends FieldsValue<typeof nodeSelector.fields> {}

const weightFaults = ({ weight }: { weight: number }, path: string): Fault[] =>
  weight >= 1 && weight <= 100 ? [] : [invalid(child(path, 'weight'), weight, 'must be in the range 1-100')];

export const preferredSchedulingTerm = object('PreferredSchedulingTerm', {
  weight: int32(1, { required: true, unchecked: true, doc: 'How much a match counts, 1 to 100.' }),
  preference: requiredField(2, nodeSelectorTerm, { doc: 'The term to match.' }),
}, { doc: 'A node term that is preferred, with a weight.', validate: weightFaults });

export const nodeAffinity = object('NodeAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: field(1, nodeSelector, { doc: 'Nodes the Pod may be placed on; not checked again later.' }),
  preferredDuringSchedulingIgnoredDuringExecution: array(2, preferredSchedulingTerm, { listType: 'atomic', doc: 'Nodes the Pod is better placed on; weights add up.' }),
}, { doc: 'Rules on the node itself.' });
export interface NodeAffinity extends FieldsValue<typeof nodeAffinity.fields> {}

interface LabelKeyLists { readonly labelSelector?: object; readonly matchLabelKeys?: readonly string[]; readonly mismatchLabelKeys?: readonly string[] }
/** Faults of lists of label keys that are to be merged into a selector. */
function labelKeyFaults(lists: LabelKeyLists, path: string): Fault[] {
  const faults: Fault[] = [];
  for (const name of ['matchLabelKeys', 'mismatchLabelKeys'] as const) {
    const keys = lists[name] ?? [];
    if (keys.length === 0) continue;
    const listPath = child(path, name);
    if (!lists.labelSelector) faults.push(forbidden(listPath, 'must not be specified when labelSelector is not set'));
    else keys.forEach((key, i) => faults.push(...labelNameFaults(key, index(listPath, i))));
  }
  lists.matchLabelKeys?.forEach((key, i) => {
    if (lists.mismatchLabelKeys?.includes(key)) faults.push(invalid(index(child(path, 'matchLabelKeys'), i), key, 'exists in both matchLabelKeys and mismatchLabelKeys'));
  });
  return faults;
}

const topologyKeyFaults = (topologyKey: string, path: string): Fault[] =>
  [...(topologyKey ? [] : [required(path, 'can not be empty')]), ...labelNameFaults(topologyKey, path)];

export const podAffinityTerm = object('PodAffinityTerm', {
  labelSelector: field(1, labelSelector, { doc: 'Pods that are meant; absent means none.' }),
  namespaces: array(2, types.string, { listType: 'atomic', doc: 'Namespaces of those Pods; empty, without a namespaceSelector, is the own one.' }),
  topologyKey: string(3, { required: true, unchecked: true, doc: 'Node label whose value says which nodes are together.' }),
  namespaceSelector: field(4, labelSelector, { doc: 'Further namespaces by label; {} means all.' }),
  matchLabelKeys: array(5, types.string, { listType: 'atomic', doc: 'Keys whose value in the new Pod the others must share.' }),
  mismatchLabelKeys: array(6, types.string, { listType: 'atomic', doc: 'Keys whose value in the new Pod the others must not share.' }),
}, {
  doc: 'A set of Pods, and the topology in which to be near or far from them.',
  validate: (term, path) => [
    ...(term.namespaces ?? []).flatMap((namespace) => each(child(path, 'namespace'), namespace, isDNS1123Label(namespace))),
    ...labelKeyFaults(term, path),
    ...topologyKeyFaults(term.topologyKey, child(path, 'topologyKey')),
  ],
});
export interface PodAffinityTerm extends FieldsValue<typeof podAffinityTerm.fields> {}

export const weightedPodAffinityTerm = object('WeightedPodAffinityTerm', {
  weight: int32(1, { required: true, unchecked: true, doc: 'How much a match counts, 1 to 100.' }),
  podAffinityTerm: requiredField(2, podAffinityTerm, { doc: 'The term to match.' }),
}, { doc: 'A pod affinity term with a weight.', validate: weightFaults });

export const podAffinity = object('PodAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: array(1, podAffinityTerm, { listType: 'atomic', doc: 'Terms that must all hold when the Pod is placed.' }),
  preferredDuringSchedulingIgnoredDuringExecution: array(2, weightedPodAffinityTerm, { listType: 'atomic', doc: 'Terms that make a place better; weights add up.' }),
}, { doc: 'Rules to be placed near other Pods.' });
export interface PodAffinity extends FieldsValue<typeof podAffinity.fields> {}

export const podAntiAffinity = object('PodAntiAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: array(1, podAffinityTerm, { listType: 'atomic', doc: 'Terms none of which may hold when the Pod is placed.' }),
  preferredDuringSchedulingIgnoredDuringExecution: array(2, weightedPodAffinityTerm, { listType: 'atomic', doc: 'Terms that make a place worse; weights add up.' }),
}, { doc: 'Rules to be placed away from other Pods.' });
export interface PodAntiAffinity extends FieldsValue<typeof podAntiAffinity.fields> {}

export const affinity = object('Affinity', {
  nodeAffinity: field(1, nodeAffinity, { doc: 'Rules on the node itself.' }),
  podAffinity: field(2, podAffinity, { doc: 'Rules to be placed near other Pods.' }),
  podAntiAffinity: field(3, podAntiAffinity, { doc: 'Rules to be placed away from other Pods.' }),
}, { doc: 'Scheduling rules of a Pod.' });
export interface Affinity extends FieldsValue<typeof affinity.fields> {}
