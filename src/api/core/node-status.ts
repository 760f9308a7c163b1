// What is known of a Node: resources, conditions, addresses, software, images and volumes.
// upstream: staging/src/k8s.io/api/core/v1/types.go, pkg/apis/core/v1/defaults.go (SetDefaults_NodeStatus)
import { roundUpToMilli } from '../../apimachinery/quantity.ts';
import { array, boolean, field, int32, int64, map, object, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { nodeConfigSource } from './node-spec.ts';

export const nodeCondition = object('NodeCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Ready, MemoryPressure, DiskPressure, PIDPressure or NetworkUnavailable.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastHeartbeatTime: time(3, { written: true, doc: 'When the node last said so.' }),
  lastTransitionTime: time(4, { written: true, doc: 'When status last changed.' }),
  reason: string(5, { doc: 'One CamelCase word for the last change.' }),
  message: string(6, { doc: 'Text for people about the last change.' }),
}, { doc: 'One observed aspect of a node.' });
export interface NodeCondition extends FieldsValue<typeof nodeCondition.fields> {}

export const nodeAddress = object('NodeAddress', {
  type: string(1, { required: true, unchecked: true, doc: 'Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.' }),
  address: string(2, { required: true, unchecked: true, doc: 'The address.' }),
}, { doc: 'An address of a node.' });
export interface NodeAddress extends FieldsValue<typeof nodeAddress.fields> {}

export const daemonEndpoint = object('DaemonEndpoint', {
  Port: int32(1, { required: true, unchecked: true, doc: 'Port number.' }),
}, { doc: 'A port a daemon listens on.' });

export const nodeDaemonEndpoints = object('NodeDaemonEndpoints', {
  kubeletEndpoint: field(1, daemonEndpoint, { written: true, doc: 'Where the kubelet listens.' }),
}, { doc: 'Ports of the daemons of a node.' });

export const nodeSwapStatus = object('NodeSwapStatus', {
  capacity: int64(1, { pointer: true, doc: 'Swap space in bytes.' }),
}, { doc: 'Swap space of a node.' });

export const nodeSystemInfo = object('NodeSystemInfo', {
  machineID: string(1, { required: true, unchecked: true, doc: 'Identity of the machine in the cluster, from /etc/machine-id.' }),
  systemUUID: string(2, { required: true, unchecked: true, doc: 'Identity of the hardware.' }),
  bootID: string(3, { required: true, unchecked: true, doc: 'Identity of the current boot.' }),
  kernelVersion: string(4, { required: true, unchecked: true, doc: 'Version of the kernel.' }),
  osImage: string(5, { required: true, unchecked: true, doc: 'Name of the operating system, from /etc/os-release.' }),
  containerRuntimeVersion: string(6, { required: true, unchecked: true, doc: 'Container runtime and its version, for example docker://20.10.24.' }),
  kubeletVersion: string(7, { required: true, unchecked: true, doc: 'Version of the kubelet.' }),
  kubeProxyVersion: string(8, { required: true, unchecked: true, doc: 'No longer kept.' }),
  operatingSystem: string(9, { required: true, unchecked: true, doc: 'Kind of operating system, for example linux.' }),
  architecture: string(10, { required: true, unchecked: true, doc: 'Architecture, for example amd64.' }),
  swap: field(11, nodeSwapStatus, { doc: 'Swap space.' }),
}, { doc: 'Identity and software of a node.' });
export interface NodeSystemInfo extends FieldsValue<typeof nodeSystemInfo.fields> {}

export const containerImage = object('ContainerImage', {
  names: array(1, types.string, { written: true, listType: 'atomic', doc: 'Names and digests of the image.' }),
  sizeBytes: int64(2, { doc: 'Size in bytes.' }),
}, { doc: 'An image a node has.' });
export interface ContainerImage extends FieldsValue<typeof containerImage.fields> {}

export const attachedVolume = object('AttachedVolume', {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the volume.' }),
  devicePath: string(2, { required: true, unchecked: true, doc: 'Device the volume is at.' }),
}, { doc: 'A volume attached to a node.' });

export const nodeConfigStatus = object('NodeConfigStatus', {
  assigned: field(1, nodeConfigSource, { doc: 'Configuration the node will try.' }),
  active: field(2, nodeConfigSource, { doc: 'Configuration the node uses.' }),
  lastKnownGood: field(3, nodeConfigSource, { doc: 'Configuration the node falls back to.' }),
  error: string(4, { doc: 'Why the assigned configuration is not used.' }),
}, { doc: 'No longer used: state of a kubelet\'s configuration.' });

export const nodeRuntimeHandlerFeatures = object('NodeRuntimeHandlerFeatures', {
  recursiveReadOnlyMounts: boolean(1, { pointer: true, doc: 'Whether mounts can be read-only all the way down.' }),
  userNamespaces: boolean(2, { pointer: true, doc: 'Whether Pods can have user namespaces.' }),
}, { doc: 'What a runtime handler can do.' });

export const nodeRuntimeHandler = object('NodeRuntimeHandler', {
  name: string(1, { written: true, doc: 'Name of the handler; empty is the default one.' }),
  features: field(2, nodeRuntimeHandlerFeatures, { doc: 'What it can do.' }),
}, { doc: 'A runtime handler of a node.' });

export const nodeFeatures = object('NodeFeatures', {
  supplementalGroupsPolicy: boolean(1, { pointer: true, doc: 'Whether the runtime knows the supplemental groups policy.' }),
}, { doc: 'What the runtime of a node can do.' });

type Resources = Record<string, string>;

/** Resources are kept in whole milli units; what can be used is all there is unless told otherwise. */
function statusDefaults(value: Record<string, any>): void {
  const status = value as { capacity?: Resources; allocatable?: Resources };
  for (const resources of [status.capacity, status.allocatable]) {
    for (const [name, quantity] of Object.entries(resources ?? {})) resources![name] = roundUpToMilli(quantity);
  }
  if (!status.allocatable && status.capacity) status.allocatable = { ...status.capacity };
}

export const nodeStatus = object('NodeStatus', {
  capacity: map(1, types.quantity, { doc: 'All resources of the node.' }),
  allocatable: map(2, types.quantity, { doc: 'Resources that Pods can have; the same as capacity when left out.' }),
  phase: string(3, { doc: 'No longer used.' }),
  conditions: array(4, nodeCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the node.' }),
  addresses: array(5, nodeAddress, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Addresses the node can be reached at.' }),
  daemonEndpoints: field(6, nodeDaemonEndpoints, { written: true, doc: 'Ports of the daemons of the node.' }),
  nodeInfo: field(7, nodeSystemInfo, { written: true, doc: 'Identity and software of the node.' }),
  images: array(8, containerImage, { listType: 'atomic', doc: 'Images the node has.' }),
  volumesInUse: array(9, types.string, { listType: 'atomic', doc: 'Attachable volumes in use.' }),
  volumesAttached: array(10, attachedVolume, { listType: 'atomic', doc: 'Volumes that are attached.' }),
  config: field(11, nodeConfigStatus, { doc: 'No longer used.' }),
  runtimeHandlers: array(12, nodeRuntimeHandler, { listType: 'atomic', doc: 'Runtime handlers the node has.' }),
  features: field(13, nodeFeatures, { doc: 'What the runtime can do.' }),
}, { doc: 'The node as it is.', defaults: statusDefaults });
export interface NodeStatus extends FieldsValue<typeof nodeStatus.fields> {}
