// CSINode: which CSI drivers run on a node. (upstream: pkg/apis/storage/validation/validation.go, ValidateCSINode)
import { child, duplicate, index, invalid, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, int32, object, required, string, types, type FieldsValue } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { csiDriverNameFaults, messages } from '../value-faults.ts';

const storage = 'io.k8s.api.storage.v1';
const longestNodeID = 192;

export const volumeNodeResources = object('VolumeNodeResources', {
  count: int32(1, { pointer: true, minimum: 0, doc: 'Most volumes of the driver on the node; any number when absent.' }),
}, { package: storage, doc: 'How many volumes a node can take.' });

export const csiNodeDriver = object('CSINodeDriver', {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the driver.' }),
  nodeID: string(2, { required: true, doc: 'The driver\'s own name of the node.' }),
  topologyKeys: array(3, types.string, { written: true, listType: 'atomic', doc: 'Node labels the driver knows places by.' }),
  allocatable: field(4, volumeNodeResources, { doc: 'How many volumes the node can take.' }),
}, {
  package: storage, doc: 'A driver on the node.',
  validate: ({ name, nodeID, topologyKeys }, path) => {
    const keys = topologyKeys ?? [];
    return [
      ...csiDriverNameFaults(name, child(path, 'name')),
      ...(nodeID.length > longestNodeID ? [invalid(child(path, 'nodeID'), nodeID, `must be ${longestNodeID} characters or less`)] : []),
      ...keys.flatMap((key, i) => [
        // Upstream names the driver, not its keys.
        ...(key === '' ? [requiredFault(path)] : []), ...(keys.indexOf(key) < i ? [duplicate(path, key)] : []), ...messages(path, key, isQualifiedName(key)),
      ]),
    ];
  },
});
type Driver = FieldsValue<typeof csiNodeDriver.fields>;

export const csiNodeSpec = object('CSINodeSpec', {
  drivers: array(1, csiNodeDriver, { required: true, unchecked: true, listType: 'map', keys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name', doc: 'Drivers on the node.' }),
}, { package: storage, doc: 'Which drivers run on the node.' });

/** A driver that stays on a node stays as it is. */
function driverFaults(drivers: readonly Driver[] | null, old: readonly Driver[] | null | undefined): Fault[] {
  const given = drivers ?? [];
  return given.flatMap((driver, i) => {
    const at = child(index('spec.drivers', i), 'name');
    const faults = given.findIndex(({ name }) => name === driver.name) < i ? [duplicate(at, driver.name)] : [];
    const before = old?.find(({ name }) => name === driver.name);
    return equalJson(driver, before ?? driver) ? faults : [...faults, invalid('spec.drivers', driver, 'field is immutable')];
  });
}

export const CSINodes = defineResource({
  group: 'storage.k8s.io', version: 'v1', kind: 'CSINode', plural: 'csinodes', scope: 'Cluster',
  doc: 'Which CSI drivers run on a node; its name is the node\'s.',
  fields: { spec: required(2, csiNodeSpec, { doc: 'Which drivers run on the node.' }) },
  validate: ({ spec }, old) => driverFaults(spec.drivers, old?.spec.drivers),
  requiresRevision: true,
  columns: [nameColumn, { name: 'Drivers', type: 'integer', description: 'Number of drivers.', value: ({ spec }) => spec.drivers?.length ?? 0 }, ageColumn],
});
export interface CSINode extends ObjectOf<typeof CSINodes> {}
