// Pod: containers that share a network, volumes and a life on one node.
// upstream: pkg/registry/core/pod/strategy.go
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field } from '../../schema/schema.ts';
import { podColumns, podRowConditions } from './pod-columns.ts';
import { podDefaults, podDeletionGrace, preparePod } from './pod-defaults.ts';
import { podSpec } from './pod-spec.ts';
import { podStatus } from './pod-status.ts';
import { podUpdateFaults } from './pod-update.ts';
import { podCreateFaults, podOnlyFaults, podStatusFaults } from './pod-validation.ts';
import { podWarnings } from './pod-warnings.ts';

export type { Container, EphemeralContainer } from './container.ts';
export type { ContainerState, ContainerStatus } from './container-status.ts';
export type { PodSpec } from './pod-spec.ts';
export type { PodCondition, PodStatus } from './pod-status.ts';
export type { Volume } from './volume.ts';

export const Pods = defineResource({
  group: '', version: 'v1', kind: 'Pod', plural: 'pods', shortNames: ['po'], categories: ['all'], scope: 'Namespaced',
  doc: 'Containers that run together on one node.',
  fields: {
    spec: field(2, podSpec, { written: true, doc: 'What the Pod runs and how.' }),
    status: field(3, podStatus, { written: true, doc: 'What is known of the Pod.' }),
  },
  generation: true,
  subresources: {
    status: true,
    others: [
      { name: 'attach', verbs: ['create', 'get'], kind: 'PodAttachOptions' },
      { name: 'binding', verbs: ['create'], kind: 'Binding' },
      { name: 'ephemeralcontainers', verbs: ['get', 'patch', 'update'], kind: 'Pod' },
      { name: 'eviction', verbs: ['create'], kind: 'Eviction', group: 'policy', version: 'v1' },
      { name: 'exec', verbs: ['create', 'get'], kind: 'PodExecOptions' },
      { name: 'log', verbs: ['get'], kind: 'Pod' },
      { name: 'portforward', verbs: ['create', 'get'], kind: 'PodPortForwardOptions' },
      { name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'PodProxyOptions' },
      { name: 'resize', verbs: ['get', 'patch', 'update'], kind: 'Pod' },
    ],
  },
  selectable: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    // What very old clients call it.
    'spec.host': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy,
    'spec.schedulerName': ({ spec }) => spec.schedulerName,
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status.phase ?? '',
    'status.podIP': ({ status }) => status.podIP ?? '',
    'status.podIPs': ({ status }) => (status.podIPs ?? []).map(({ ip }) => ip).join(','),
    'status.nominatedNodeName': ({ status }) => status.nominatedNodeName ?? '',
  },
  defaults: podDefaults,
  prepareCreate: preparePod,
  validate: (pod, old) => (old ? [...podOnlyFaults(pod, old), ...podUpdateFaults(pod, old)] : podCreateFaults(pod)),
  validateStatus: podStatusFaults,
  warnings: (pod, old) => (old ? [] : podWarnings(pod)),
  statusKeeps: ['ownerReferences'],
  deletionGrace: podDeletionGrace,
  columns: podColumns,
  rowConditions: podRowConditions,
});
export interface Pod extends ObjectOf<typeof Pods> {}
