// CSIStorageCapacity: how much room a class has in a part of the cluster. (upstream: pkg/apis/storage/validation/validation.go, ValidateCSIStorageCapacity)
import { child, index, invalid, type Fault } from '../../apimachinery/fault.ts';
import { compareQuantities, isQuantity } from '../../apimachinery/quantity.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field, quantity, string } from '../../schema/schema.ts';
import { nodeLabelWarning, nodeLabelWarningAt } from '../core/node-labels.ts';
import { nameColumn } from '../table-columns.ts';
import { immutableFaults } from '../value-faults.ts';

const atLeastNothing = (size: string, path: string): Fault[] => (isQuantity(size) && compareQuantities(size, '0') < 0 ? [invalid(path, size, 'must be greater than or equal to 0')] : []);

export const CSIStorageCapacities = defineResource({
  group: 'storage.k8s.io', version: 'v1', kind: 'CSIStorageCapacity', plural: 'csistoragecapacities', scope: 'Namespaced',
  doc: 'How much room a StorageClass has in a part of the cluster.',
  fields: {
    nodeTopology: field(2, labelSelector, { doc: 'Nodes the storage can be reached from; none when absent.' }),
    storageClassName: string(3, { required: true, format: 'dns1123Subdomain', doc: 'The StorageClass.' }),
    capacity: quantity(4, { pointer: true, validate: atLeastNothing, doc: 'Room that is left.' }),
    maximumVolumeSize: quantity(5, { pointer: true, validate: atLeastNothing, doc: 'Largest volume that can be made.' }),
  },
  validate: (capacity, old) => (old ? [
    ...immutableFaults(capacity.nodeTopology, old.nodeTopology, 'nodeTopology'), ...immutableFaults(capacity.storageClassName, old.storageClassName, 'storageClassName'),
  ] : []),
  requiresRevision: true,
  warnings: ({ nodeTopology }) => [
    ...(nodeTopology?.matchExpressions ?? []).flatMap((expression, i) => nodeLabelWarning(child(index('nodeTopology.matchExpressions', i), 'key'), expression.key)),
    ...Object.keys(nodeTopology?.matchLabels ?? {}).flatMap((label) => nodeLabelWarningAt(child('nodeTopology.matchLabels', label), label)),
  ],
  columns: [
    nameColumn,
    { name: 'StorageClassName', type: 'string', description: 'The StorageClass.', value: ({ storageClassName }) => storageClassName },
    { name: 'Capacity', type: 'string', description: 'Room that is left.', value: ({ capacity }) => capacity ?? '<unset>' },
  ],
});
export interface CSIStorageCapacity extends ObjectOf<typeof CSIStorageCapacities> {}
