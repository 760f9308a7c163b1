// What PersistentVolumes, claims and the kinds of storage.k8s.io refuse, in Kubernetes' words, beyond what one field can tell.
import { DaemonSets } from '../../../src/api/apps/daemon-set.ts';
import { PersistentVolumeClaims } from '../../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../../src/api/core/persistent-volume.ts';
import { CSIDrivers } from '../../../src/api/storage/csi-driver.ts';
import { CSINodes } from '../../../src/api/storage/csi-node.ts';
import { StorageClasses } from '../../../src/api/storage/storage-class.ts';
import { VolumeAttachments } from '../../../src/api/storage/volume-attachment.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import { createFaults, statusFaults, updateFaults } from './writing.ts';

const volume = (more: object) => ({ spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], ...more } });
const claim = (more: object = {}) => ({ spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...more } });
const attachment = (more: object = {}) => ({ spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' }, ...more } });
const on = (key: string) => ({ nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: ['z'] }] }] } } });
const topologies = (...terms: object[]) => ({ provisioner: 'p', allowedTopologies: terms });
const zone = (...values: string[]) => ({ matchLabelExpressions: [{ key: 'zone', values }] });

const subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const nameWords = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

describe('create refuses', () => {
  it.each<[string, ResourceDefinition, object, string[]]>([
    ['the second source unseen', PersistentVolumes, volume({ nfs: { server: '' }, hostPath: { path: '/x' } }), ['spec.nfs: Forbidden: may not specify more than 1 volume type']],
    ['a negative size', PersistentVolumes, volume({ capacity: { storage: '-1' }, hostPath: { path: '/x' } }), ['spec.capacity[storage]: Invalid value: -1: must be a valid resource quantity', 'spec.capacity[storage]: Invalid value: "-1": must be greater than zero']],
    ['one Pod and others', PersistentVolumes, volume({ accessModes: ['ReadWriteOncePod', 'ReadOnlyMany'], hostPath: { path: '/x' } }), ['spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes']],
    ['one Pod twice not', PersistentVolumes, volume({ accessModes: ['ReadWriteOncePod', 'ReadWriteOncePod'], hostPath: { path: '/x' } }), []],
    ['secrets of no name', PersistentVolumes, volume({ csi: { driver: 'd', volumeHandle: 'h', nodePublishSecretRef: { name: 'A', namespace: 'a.b' }, nodeExpandSecretRef: {}, nodeStageSecretRef: {} } }), [
      `spec.csi.nodePublishSecretRef.name: Invalid value: "A": ${subdomain}`, 'spec.csi.nodePublishSecretRef.namespace: Invalid value: "a.b": must not contain dots', 'spec.csi.nodeExpandSecretRef.name: Required value', 'spec.csi.nodeExpandSecretRef.namespace: Required value']],
    ['other networks', PersistentVolumes, volume({ cinder: { volumeID: 'v', secretRef: {} } }), ['spec.cinder.secretRef.name: Required value', 'spec.cinder.secretRef.namespace: Required value']],
    ['names of StorageOS', PersistentVolumes, volume({ storageos: { volumeName: 'A', volumeNamespace: 'B' } }), [`spec.storageos.volumeName: Invalid value: "A": ${label}`, `spec.storageos.volumeNamespace: Invalid value: "B": ${label}`]],
    ['a namespace of Endpoints', PersistentVolumes, volume({ glusterfs: { endpoints: 'e', path: 'p', endpointsNamespace: '' } }), ['spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name']],
    ['a source of no group', PersistentVolumeClaims, claim({ dataSourceRef: { kind: 'X', name: 'x' } }), ['dataSource', 'dataSourceRef'].map((name) => `spec.${name}: Invalid value: "X": must be 'PersistentVolumeClaim' when referencing the default apiGroup`)],
    ['a source of a malformed group', PersistentVolumeClaims, claim({ dataSourceRef: { apiGroup: 'A', kind: 'X', name: 'x' } }), ['dataSource', 'dataSourceRef'].map((name) => `spec.${name}.apiGroup: Invalid value: "A": ${subdomain}`)],
    ['a provisioner', StorageClasses, { provisioner: 'A b' }, [`provisioner: Invalid value: "a b": name part ${nameWords}`]],
    ['places twice', StorageClasses, topologies(zone('a', 'a'), { matchLabelExpressions: [{ key: 'zone', values: ['b'] }, { key: 'zone', values: [] }] }), [
      'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"', 'allowedTopologies[1].matchLabelExpressions[1].key: Duplicate value: "zone"', 'allowedTopologies[1].matchLabelExpressions[1].values: Required value']],
    ['one place in two terms', StorageClasses, topologies(zone('a', 'b'), zone('b', 'a')), ['allowedTopologies[1].matchLabelExpressions: Duplicate value: ""']],
    ['no place', StorageClasses, topologies({}), ['allowedTopologies[0].matchLabelExpressions: Duplicate value: ""']],
    ['places of no key', StorageClasses, topologies({ matchLabelExpressions: [{ key: '', values: ['a'] }] }), [
      'allowedTopologies[0].matchLabelExpressions[0].key: Invalid value: "": name part must be non-empty', `allowedTopologies[0].matchLabelExpressions[0].key: Invalid value: "": name part ${nameWords}`]],
    ['a long name of a driver not', CSIDrivers, { metadata: { name: 'x'.repeat(64) }, spec: {} }, []],
    ['labels of a driver', CSINodes, { spec: { drivers: [{ name: 'd', nodeID: 'n', topologyKeys: ['a', 'a', 'b c'] }] } }, ['spec.drivers[0]: Duplicate value: "a"', `spec.drivers[0]: Invalid value: "b c": name part ${nameWords}`]],
    ['an attachment of nothing', VolumeAttachments, attachment({ attacher: '', nodeName: '', source: {} }), [
      'spec.attacher: Required value', `spec.nodeName: Invalid value: "": ${subdomain}`, 'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName', 'spec.attacher: Required value', `spec.attacher: Invalid value: "": ${subdomain}`]],
    ['an attachment of a malformed name', VolumeAttachments, attachment({ source: { persistentVolumeName: 'A' } }), [`spec.source.persistentVolumeName: Invalid value: "A": ${subdomain}`]],
  ])('%s', (_name, resource, given, faults) => expect(createFaults(resource, given)).toEqual(faults));
});

describe('update refuses', () => {
  it.each<[string, ResourceDefinition, object, object, string[]]>([
    ['another place', PersistentVolumes, volume({ hostPath: { path: '/x' }, ...on('a') }), volume({ hostPath: { path: '/x' }, ...on('b') }), [`nodeAffinity: Invalid value: ${JSON.stringify(on('b').nodeAffinity)}: field is immutable, except for updating from beta label to GA`]],
    ['a stable label not', PersistentVolumes, volume({ hostPath: { path: '/x' }, ...on('beta.kubernetes.io/arch') }), volume({ hostPath: { path: '/x' }, ...on('kubernetes.io/arch') }), []],
    ['another class by annotation', PersistentVolumeClaims, { metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'a' } }, ...claim() }, claim(), ['metadata.annotations.volume.beta.kubernetes.io/storage-class: Invalid value: "": field is immutable']],
    ['the class in its field not', PersistentVolumeClaims, { metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'a' } }, ...claim() }, claim({ storageClassName: 'a' }), []],
    ['a malformed group that was there not', PersistentVolumeClaims, claim({ dataSource: { apiGroup: 'A', kind: 'X', name: 'x' } }), claim({ dataSource: { apiGroup: 'A', kind: 'X', name: 'x' } }), []],
    ['more room on a node', CSINodes, { spec: { drivers: [{ name: 'd', nodeID: 'n', allocatable: { count: 1 } }] } }, { spec: { drivers: [{ name: 'd', nodeID: 'n', allocatable: { count: 2 } }] } }, [
      'spec.drivers: Invalid value: {"name":"d","nodeID":"n","topologyKeys":null,"allocatable":{"count":2}}: field is immutable']],
  ])('%s', (_name, resource, before, after, faults) => expect(updateFaults(resource, before, after)).toEqual(faults));
});

const growing = '"ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizePending", "NodeResizeInProgress", "NodeResizeInfeasible"'.split(', ').sort().join(', ');
describe('a status refuses', () => {
  it.each<[string, ResourceDefinition, object, object, string[]]>([
    ['claim of less than nothing', PersistentVolumeClaims, { metadata: { resourceVersion: '1' }, ...claim() }, { capacity: { storage: '-1' }, allocatedResources: { storage: '-1', cpu: '1' }, allocatedResourceStatuses: { storage: 'X' } }, [
      'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity', `status.allocatedResourceStatus: Unsupported value: "storage": supported values: ${growing}`,
      'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"', 'status.allocatedResources[storage]: Invalid value: -1: must be a valid resource quantity']],
    ['attachment with a long error', VolumeAttachments, attachment(), { attached: false, attachError: { message: 'x'.repeat(1025), errorCode: -1 } }, ['status.attachError.message: Too long: may not be more than 262144 bytes', 'status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive']],
    ['fewer collisions', DaemonSets, { spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'i' }] } } }, status: { collisionCount: 2 } }, { collisionCount: 1 }, ['status.collisionCount: Invalid value: 1: cannot be decremented']],
  ])('%s', (_name, resource, before, status, faults) => expect(statusFaults(resource, before, status)).toEqual(faults));
});
