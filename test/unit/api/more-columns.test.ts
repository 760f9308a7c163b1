// Tables of the kinds beside core, apps' ReplicaSets and Deployments, and discovery: what the cells show.
import { StatefulSets } from '../../../src/api/apps/stateful-set.ts';
import { DaemonSets } from '../../../src/api/apps/daemon-set.ts';
import { HorizontalPodAutoscalers } from '../../../src/api/autoscaling/horizontal-pod-autoscaler.ts';
import { APIServices } from '../../../src/api/apiregistration/api-service.ts';
import { CronJobs } from '../../../src/api/batch/cron-job.ts';
import { Jobs } from '../../../src/api/batch/job.ts';
import { CertificateSigningRequests } from '../../../src/api/certificates/certificate-signing-request.ts';
import { PersistentVolumeClaims } from '../../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../../src/api/core/persistent-volume.ts';
import { ResourceQuotas } from '../../../src/api/core/resource-quota.ts';
import { FlowSchemas } from '../../../src/api/flowcontrol/flow-schema.ts';
import { PriorityLevelConfigurations } from '../../../src/api/flowcontrol/priority-level-configuration.ts';
import { allResources } from '../../../src/api/index.ts';
import { IngressClasses } from '../../../src/api/networking/ingress-class.ts';
import { Ingresses } from '../../../src/api/networking/ingress.ts';
import { IPAddresses } from '../../../src/api/networking/ip-address.ts';
import { PodDisruptionBudgets } from '../../../src/api/policy/pod-disruption-budget.ts';
import { RoleBindings } from '../../../src/api/rbac/role-binding.ts';
import { CSIDrivers } from '../../../src/api/storage/csi-driver.ts';
import { StorageClasses } from '../../../src/api/storage/storage-class.ts';
import { VolumeAttachments } from '../../../src/api/storage/volume-attachment.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';

const now = Date.parse('2026-01-01T00:05:00Z');
const metadata = { name: 'x', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' };
const cells = (resource: ResourceDefinition, object: object): unknown[] => resource.columns!.map((column) => column.value({ metadata, ...object }, now));
const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'i:1' }], nodeSelector: { disk: 'ssd' } } };
const selector = { matchLabels: { app: 'x' } };
const condition = (type: string): object => ({ conditions: [{ type, status: 'True' }] });
const cpu = (averageUtilization?: number): object => ({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } });
const reference = { kind: 'Deployment', name: 'd' };

it.each<[string, ResourceDefinition, object, unknown[]]>([
  ['stateful set', StatefulSets, { spec: { replicas: 3, template }, status: { replicas: 3, readyReplicas: 2 } }, ['x', '2/3', '5m', 'a', 'i:1']],
  ['daemon set', DaemonSets, { spec: { selector, template }, status: { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1 } }, ['x', 3, 2, 1, 0, 0, 'disk=ssd', '5m', 'a', 'i:1', 'app=x']],
  ['job, running', Jobs, { spec: { completions: 3, parallelism: 1, selector, template }, status: { startTime: '2026-01-01T00:03:00Z', succeeded: 1 } }, ['x', 'Running', '1/3', '2m', '5m', 'a', 'i:1', 'app=x']],
  ['job, done', Jobs, { spec: { parallelism: 4, selector, template }, status: { ...condition('Complete'), startTime: '2026-01-01T00:03:00Z', completionTime: '2026-01-01T00:03:09Z', succeeded: 1 } }, ['x', 'Complete', '1/1 of 4', '9s', '5m', 'a', 'i:1', 'app=x']],
  ['job, new', Jobs, { spec: { parallelism: 1, selector, template }, status: condition('Suspended') }, ['x', 'Suspended', '0/1', '', '5m', 'a', 'i:1', 'app=x']],
  ['cron job', CronJobs, { spec: { schedule: '* * * * *', suspend: false, jobTemplate: { spec: { template } } }, status: { active: [{}], lastScheduleTime: '2026-01-01T00:04:00Z' } }, ['x', '* * * * *', '<none>', 'False', 1, '60s', '5m', 'a', 'i:1', '<none>']],
  ['autoscaler', HorizontalPodAutoscalers, { spec: { scaleTargetRef: reference, minReplicas: 1, maxReplicas: 3, metrics: [cpu(80)] }, status: { currentReplicas: 2, currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 41 } } }] } }, ['x', 'Deployment/d', 'cpu: 41%/80%', '1', 3, 2, '5m']],
  ['autoscaler, many metrics', HorizontalPodAutoscalers, {
    spec: { scaleTargetRef: reference, maxReplicas: 3, metrics: [{ type: 'Pods', pods: { metric: { name: 'm' }, target: { averageValue: '10' } } }, { type: 'External', external: { metric: { name: 'm' }, target: { averageValue: '3' } } }, cpu(80)] },
    status: { desiredReplicas: 0, currentMetrics: null },
  }, ['x', 'Deployment/d', '<unknown>/10, <unknown>/3 (avg) + 1 more...', '<unset>', 3, 0, '5m']],
  ['budget', PodDisruptionBudgets, { spec: { maxUnavailable: '10%' }, status: { disruptionsAllowed: 1 } }, ['x', 'N/A', '10%', 1, '5m']],
  ['volume', PersistentVolumes, { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Retain', claimRef: { namespace: 'default', name: 'c' }, storageClassName: 's', volumeMode: 'Block' }, status: { phase: 'Bound' } },
    ['x', '1Gi', 'RWO,RWX', 'Retain', 'Bound', 'default/c', 's', '<unset>', '', '5m', 'Block']],
  ['claim, pending', PersistentVolumeClaims, { spec: { storageClassName: 's', volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }, ['x', 'Pending', '', '', '', 's', '<unset>', '5m', 'Filesystem']],
  ['claim, ending', PersistentVolumeClaims, { metadata: { ...metadata, deletionTimestamp: metadata.creationTimestamp }, spec: { volumeName: 'v' }, status: { phase: 'Bound', accessModes: ['ReadWriteOncePod'], capacity: { storage: '2Gi' } } }, ['x', 'Terminating', 'v', '2Gi', 'RWOP', '', '<unset>', '5m', '<unset>']],
  ['quota', ResourceQuotas, { status: { hard: { pods: '5', 'limits.cpu': '2', 'count/jobs.batch': '1' }, used: { pods: '1', 'limits.cpu': '500m' } } }, ['x', 'count/jobs.batch: 0/1, pods: 1/5', 'limits.cpu: 500m/2', '5m']],
  ['ingress', Ingresses, { spec: { rules: [{ host: 'a' }, { host: 'b' }, {}, { host: 'c' }], tls: [{}] }, status: { loadBalancer: { ingress: [{ ip: '1.1.1.1' }, { hostname: 'h' }] } } }, ['x', '<none>', 'a,b,c', '1.1.1.1,h', '80, 443', '5m']],
  ['ingress, many hosts', Ingresses, { spec: { rules: [{ host: 'a' }, {}, { host: 'b' }, { host: 'c' }, {}, { host: 'd' }] }, status: {} }, ['x', '<none>', 'a,b,c + 3 more...', '', '80', '5m']],
  ['ingress, bare', Ingresses, { spec: { ingressClassName: 'n' }, status: {} }, ['x', 'n', '*', '', '80', '5m']],
  ['ingress class', IngressClasses, { spec: { controller: 'a.b/c', parameters: { apiGroup: 'g.io', kind: 'P', name: 'p' } } }, ['x', 'a.b/c', 'P.g.io/p', '5m']],
  ['address', IPAddresses, { spec: { parentRef: { resource: 'services', namespace: 'default', name: 's' } } }, ['x', 'services/default/s']],
  ['binding', RoleBindings, { roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', name: 'u' }, { kind: 'User', name: 'v' }, { kind: 'ServiceAccount', namespace: 'n', name: 's' }] }, ['x', 'Role/r', '5m', 'u, v', '', 'n/s']],
  ['class', StorageClasses, { metadata: { ...metadata, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'p', reclaimPolicy: 'Retain' }, ['x (default)', 'p', 'Retain', 'Immediate', false, '5m']],
  ['attachment', VolumeAttachments, { spec: { attacher: 'a', source: { persistentVolumeName: 'v' }, nodeName: 'n' }, status: { attached: true } }, ['x', 'a', 'v', 'n', true, '5m']],
  ['driver', CSIDrivers, { spec: { tokenRequests: [{ audience: 'a' }, { audience: 'b' }], volumeLifecycleModes: ['Persistent', 'Ephemeral'] } }, ['x', true, false, false, 'a,b', false, 'Persistent,Ephemeral', '5m']],
  ['signing request', CertificateSigningRequests, { spec: { signerName: 'a.b/c', username: 'u', expirationSeconds: 86400 }, status: { conditions: [{ type: 'Approved' }], certificate: 'eA==' } }, ['x', '5m', 'a.b/c', 'u', '24h', 'Approved,Issued']],
  ['api service', APIServices, { spec: { service: { namespace: 'n', name: 's' } }, status: { conditions: [{ type: 'Available', status: 'False', reason: 'R' }] } }, ['x', 'n/s', 'False (R)', '5m']],
  ['flow schema', FlowSchemas, { spec: { priorityLevelConfiguration: { name: 'p' }, matchingPrecedence: 5 }, status: {} }, ['x', 'p', 5, '<none>', '5m', '?']],
  ['priority level', PriorityLevelConfigurations, { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 30, limitResponse: { type: 'Queue', queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } } } } }, ['x', 'Limited', 30, 64, 8, 50, '5m']],
])('cells of %s', (_name, resource, object, expected) => {
  expect(cells(resource, object)).toEqual(expected);
});

const facts = (names: (string | [string, string])[]): string => names.map((name) => (Array.isArray(name) ? `${name[0]}/${name[1]}` : name)).join(' | ');
it.each<[string, string, (string | [string, string])[]]>([
  ['storage.k8s.io', 'CSIStorageCapacity', ['Name', 'StorageClassName', 'Capacity']],
  ['admissionregistration.k8s.io', 'ValidatingAdmissionPolicyBinding', ['Name', 'PolicyName', 'ParamRef', 'Age']],
  ['admissionregistration.k8s.io', 'MutatingWebhookConfiguration', ['Name', ['Webhooks', 'integer'], 'Age']],
  ['apiextensions.k8s.io', 'CustomResourceDefinition', ['Name', ['Created At', 'date']]],
  ['scheduling.k8s.io', 'PriorityClass', ['Name', ['Value', 'integer'], ['Global-Default', 'boolean'], 'Age', 'PreemptionPolicy']],
  ['networking.k8s.io', 'NetworkPolicy', ['Name', 'Pod-Selector', 'Age']],
])('columns of %s %s', (group, kind, expected) => {
  const resource = allResources.find((candidate) => candidate.group === group && candidate.kind === kind)!;
  expect(facts(resource.columns!.map(({ name, type }) => (type === 'string' ? name : [name, type])))).toBe(facts(expected));
});
