// CSIDriver: what a CSI driver needs and can do. (upstream: pkg/apis/storage/validation/validation.go, ValidateCSIDriver; pkg/apis/storage/v1/defaults.go)
import { child, duplicate, index, notSupported, type Fault } from '../../apimachinery/fault.ts';
import { dropNew } from '../../schema/off-fields.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, boolean, int64, object, required, string, types, type FieldsValue } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { immutableFaults, tokenExpirationFaults } from '../value-faults.ts';

const storage = 'io.k8s.api.storage.v1';
const lifecycleModes = ['Persistent', 'Ephemeral'];

export const tokenRequest = object('TokenRequest', {
  audience: string(1, { required: true, unchecked: true, doc: 'Who the token is for; the API server when empty.' }),
  expirationSeconds: int64(2, { pointer: true, validate: tokenExpirationFaults, doc: 'How long the token is valid.' }),
}, { package: storage, doc: 'A token of the Pod\'s service account that the driver wants.' });

export const csiDriverSpec = object('CSIDriverSpec', {
  attachRequired: boolean(1, { pointer: true, default: true, doc: 'Whether volumes are attached before they are mounted.' }),
  podInfoOnMount: boolean(2, { pointer: true, default: false, doc: 'Whether the driver wants to know the Pod at the mount.' }),
  volumeLifecycleModes: array(3, types.string, {
    listType: 'set', doc: 'Kinds of volumes: Persistent, Ephemeral.',
    validate: (modes, path) => modes.filter((mode) => !lifecycleModes.includes(mode)).map((mode) => notSupported(path, mode, lifecycleModes, 'given')),
  }),
  storageCapacity: boolean(4, { pointer: true, default: false, doc: 'Whether the scheduler looks at CSIStorageCapacity objects.' }),
  fsGroupPolicy: string(5, { pointer: true, default: 'ReadWriteOnceWithFSType', enum: ['File', 'None', 'ReadWriteOnceWithFSType'], doc: 'Whether the owner of files is changed at the mount: ReadWriteOnceWithFSType, File or None.' }),
  tokenRequests: array(6, tokenRequest, { listType: 'atomic', doc: 'Tokens the driver wants at the mount.' }),
  requiresRepublish: boolean(7, { pointer: true, default: false, doc: 'Whether the mount is repeated to bring changes.' }),
  seLinuxMount: boolean(8, { pointer: true, default: false, doc: 'Whether the driver can mount with an SELinux context.' }),
  nodeAllocatableUpdatePeriodSeconds: int64(9, { pointer: true, doc: 'How often the number of volumes a node can take is asked again; not in use.' }),
}, { package: storage, doc: 'What the driver needs and can do.', dropOff: dropNew('nodeAllocatableUpdatePeriodSeconds'), defaults: (spec) => { if (!spec['volumeLifecycleModes']?.length) spec['volumeLifecycleModes'] = ['Persistent']; } });
type Spec = FieldsValue<typeof csiDriverSpec.fields>;

function audienceFaults({ tokenRequests = [] }: Spec): Fault[] {
  const audiences = tokenRequests.map(({ audience }) => audience);
  return audiences.flatMap((audience, i) => (audiences.indexOf(audience) < i ? [duplicate(child(index('spec.tokenRequests', i), 'audience'), audience)] : []));
}

export const CSIDrivers = defineResource({
  group: 'storage.k8s.io', version: 'v1', kind: 'CSIDriver', plural: 'csidrivers', scope: 'Cluster',
  doc: 'What a CSI driver needs and can do; its name is the driver\'s.',
  fields: { spec: required(2, csiDriverSpec, { doc: 'What the driver needs and can do.' }) },
  validate: ({ spec }, old) => [
    ...audienceFaults(spec),
    // Upstream's own spelling of the path.
    ...(old ? [...immutableFaults(spec.attachRequired, old.spec.attachRequired, 'spec.attachedRequired'), ...immutableFaults(spec.volumeLifecycleModes, old.spec.volumeLifecycleModes, 'spec.volumeLifecycleModes')] : []),
  ],
  generation: true,
  requiresRevision: true,
  columns: [
    nameColumn,
    { name: 'AttachRequired', type: 'boolean', description: 'Whether volumes are attached.', value: ({ spec }) => spec.attachRequired ?? true },
    { name: 'PodInfoOnMount', type: 'boolean', description: 'Whether the driver wants to know the Pod.', value: ({ spec }) => spec.podInfoOnMount ?? false },
    { name: 'StorageCapacity', type: 'boolean', description: 'Whether capacity is looked at.', value: ({ spec }) => spec.storageCapacity ?? false },
    { name: 'TokenRequests', type: 'string', description: 'Audiences of the tokens it wants.', value: ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>' },
    { name: 'RequiresRepublish', type: 'boolean', description: 'Whether the mount is repeated.', value: ({ spec }) => spec.requiresRepublish ?? false },
    { name: 'Modes', type: 'string', description: 'Kinds of volumes.', value: ({ spec }) => spec.volumeLifecycleModes?.join(',') || '<none>' },
    ageColumn,
  ],
});
export interface CSIDriver extends ObjectOf<typeof CSIDrivers> {}
