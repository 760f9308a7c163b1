// PodStatus: what is known of a Pod, by phase, conditions, addresses and containers.
import { array, int64, object, string, time, type FieldsValue } from '../../schema/schema.ts';
import { containerStatus } from './container-status.ts';

export const podCondition = object('PodCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Kind of condition: PodScheduled, Initialized, ContainersReady, Ready, or one of a controller.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  observedGeneration: int64(7, { doc: 'Generation the condition was set for.' }),
  // Written as null when absent; the type lets writers of conditions leave it out.
  lastProbeTime: time(3, { written: true as boolean, doc: 'When it was last looked at.' }),
  lastTransitionTime: time(4, { written: true, doc: 'When status last changed.' }),
  reason: string(5, { doc: 'One word for the last change.' }),
  message: string(6, { doc: 'Text for people about the last change.' }),
}, { doc: 'One observed aspect of a Pod.' });
export interface PodCondition extends FieldsValue<typeof podCondition.fields> {}

export const podIP = object('PodIP', {
  ip: string(1, { required: true, unchecked: true, doc: 'The address.' }),
}, { doc: 'An address of the Pod.' });

export const hostIP = object('HostIP', {
  ip: string(1, { required: true, unchecked: true, doc: 'The address.' }),
}, { doc: 'An address of the Pod\'s node.' });

export const podResourceClaimStatus = object('PodResourceClaimStatus', {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the entry of spec.resourceClaims.' }),
  resourceClaimName: string(2, { pointer: true, doc: 'ResourceClaim that was made for it; absent when none was needed.' }),
}, { doc: 'Which claim stands behind an entry of spec.resourceClaims.' });

const byType = { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' } as const;

interface OffStatus { resourceClaimStatuses?: unknown; containerStatuses?: { allocatedResourcesStatus?: unknown }[]; initContainerStatuses?: { allocatedResourcesStatus?: unknown }[]; ephemeralContainerStatuses?: { allocatedResourcesStatus?: unknown }[] }
/** What is known of devices nobody allocates. (upstream: pkg/api/pod/util.go, dropDisabledPodStatusFields) */
function dropOffStatus(status: OffStatus, old: OffStatus | undefined): void {
  if (old?.resourceClaimStatuses === undefined) delete status.resourceClaimStatuses;
  for (const list of [status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses]) {
    for (const container of list ?? []) if (container.allocatedResourcesStatus !== undefined) delete container.allocatedResourcesStatus;
  }
}

export const podStatus = object('PodStatus', {
  observedGeneration: int64(17, { doc: 'Generation of the spec this status was made for.' }),
  phase: string(1, { enum: ['Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'], doc: 'Where the Pod is in its life: Pending, Running, Succeeded, Failed or Unknown.' }),
  conditions: array(2, podCondition, { ...byType, doc: 'Observed aspects of the Pod.' }),
  message: string(3, { doc: 'Text for people: why it is in this state.' }),
  reason: string(4, { doc: 'One word: why it is in this state, for example Evicted.' }),
  nominatedNodeName: string(11, { doc: 'Node on which lower Pods were asked to make room for this one.' }),
  hostIP: string(5, { doc: 'Address of its node.' }),
  hostIPs: array(16, hostIP, { listType: 'atomic', patchStrategy: 'merge', patchMergeKey: 'ip', doc: 'Addresses of its node; the first equals hostIP.' }),
  podIP: string(6, { doc: 'Address of the Pod.' }),
  podIPs: array(12, podIP, { listType: 'map', keys: ['ip'], patchStrategy: 'merge', patchMergeKey: 'ip', doc: 'Addresses of the Pod, one of each IP family; the first equals podIP.' }),
  startTime: time(7, { pointer: true, doc: 'When the node took the Pod on.' }),
  initContainerStatuses: array(10, containerStatus, { listType: 'atomic', doc: 'What is known of each init container.' }),
  containerStatuses: array(8, containerStatus, { listType: 'atomic', doc: 'What is known of each container.' }),
  qosClass: string(9, { enum: ['BestEffort', 'Burstable', 'Guaranteed'], doc: 'Quality of service, from requests and limits: Guaranteed, Burstable or BestEffort.' }),
  ephemeralContainerStatuses: array(13, containerStatus, { listType: 'atomic', doc: 'What is known of each ephemeral container.' }),
  resize: string(14, { doc: 'State of a change of resources: Proposed, InProgress, Deferred or Infeasible.' }),
  resourceClaimStatuses: array(15, podResourceClaimStatus, {
    listType: 'map', keys: ['name'], patchStrategy: 'merge,retainKeys', patchMergeKey: 'name', doc: 'Which claims stand behind spec.resourceClaims.',
  }),
}, { doc: 'What is known of a Pod.', dropOff: dropOffStatus });
export interface PodStatus extends FieldsValue<typeof podStatus.fields> {}
