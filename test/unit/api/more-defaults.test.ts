// What the further kinds are filled with, and what their creation sets.
import { MutatingWebhookConfigurations } from '../../../src/api/admissionregistration/mutating-webhook-configuration.ts';
import { ValidatingAdmissionPolicies } from '../../../src/api/admissionregistration/validating-admission-policy.ts';
import { CustomResourceDefinitions } from '../../../src/api/apiextensions/custom-resource-definition.ts';
import { APIServices } from '../../../src/api/apiregistration/api-service.ts';
import { DaemonSets } from '../../../src/api/apps/daemon-set.ts';
import { StatefulSets } from '../../../src/api/apps/stateful-set.ts';
import { HorizontalPodAutoscalers } from '../../../src/api/autoscaling/horizontal-pod-autoscaler.ts';
import { CronJobs } from '../../../src/api/batch/cron-job.ts';
import { Jobs } from '../../../src/api/batch/job.ts';
import { LimitRanges } from '../../../src/api/core/limit-range.ts';
import { PersistentVolumeClaims } from '../../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../../src/api/core/persistent-volume.ts';
import { FlowSchemas } from '../../../src/api/flowcontrol/flow-schema.ts';
import { PriorityLevelConfigurations } from '../../../src/api/flowcontrol/priority-level-configuration.ts';
import { IngressClasses } from '../../../src/api/networking/ingress-class.ts';
import { NetworkPolicies } from '../../../src/api/networking/network-policy.ts';
import { ClusterRoleBindings } from '../../../src/api/rbac/cluster-role-binding.ts';
import { PriorityClasses } from '../../../src/api/scheduling/priority-class.ts';
import { CSIDrivers } from '../../../src/api/storage/csi-driver.ts';
import { StorageClasses } from '../../../src/api/storage/storage-class.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import { created } from './writing.ts';

const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'i' }] } };
const workload = { selector: { matchLabels: { app: 'x' } }, template };
const job = (spec: object = {}): object => ({ metadata: { uid: 'u' }, spec: { template, ...spec } });
const seconds = 15;

describe('defaults', () => {
  it.each<[string, ResourceDefinition, object, object]>([
    ['claim', PersistentVolumeClaims, { spec: {} }, { spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }],
    ['volume', PersistentVolumes, { spec: {} }, { spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }],
    ['volume of Ceph', PersistentVolumes, { spec: { rbd: { monitors: ['m'], image: 'i' } } }, { spec: { rbd: { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' } } }],
    ['limits of containers', LimitRanges, { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' } }] } }, { spec: { limits: [{ default: { cpu: '2' }, defaultRequest: { cpu: '2', memory: '1Mi' } }] } }],
    ['limits of Pods', LimitRanges, { spec: { limits: [{ type: 'Pod', max: { cpu: '2' } }] } }, { spec: { limits: [{ type: 'Pod', max: { cpu: '2' } }] } }],
    ['stateful set', StatefulSets, { spec: { ...workload, volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: {} }] } }, { spec: {
      replicas: 1, podManagementPolicy: 'OrderedReady', revisionHistoryLimit: 10, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' }, volumeClaimTemplates: [{ spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }] } }],
    ['daemon set', DaemonSets, { spec: workload }, { spec: { revisionHistoryLimit: 10, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } } }],
    ['job', Jobs, job(), { spec: { completions: 1, parallelism: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false, podReplacementPolicy: 'TerminatingOrFailed', selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } },
      template: { metadata: { labels: { app: 'x', 'batch.kubernetes.io/controller-uid': 'u', 'batch.kubernetes.io/job-name': 'x', 'controller-uid': 'u', 'job-name': 'x' } } } }, metadata: { labels: { app: 'x' } } }],
    ['job of many', Jobs, job({ completions: 5 }), { spec: { completions: 5, parallelism: 1 } }],
    ['job with a limit per index', Jobs, job({ completionMode: 'Indexed', completions: 2, backoffLimitPerIndex: 1 }), { spec: { backoffLimit: 2147483647 } }],
    ['job that judges failures', Jobs, job({ podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] } }), { spec: { podReplacementPolicy: 'Failed', podFailurePolicy: { rules: [{ onPodConditions: [{ status: 'True' }] }] } } }],
    ['cron job', CronJobs, { spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } } }, { spec: { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 } }],
    ['autoscaler', HorizontalPodAutoscalers, { spec: { scaleTargetRef: { kind: 'D', name: 'd' }, maxReplicas: 2, behavior: { scaleDown: {} } } }, { spec: {
      minReplicas: 1, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: seconds }, { type: 'Percent', value: 100, periodSeconds: seconds }] },
        scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: seconds }] },
      } } }],
    ['policy', NetworkPolicies, { spec: { podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] } }, { spec: { policyTypes: ['Ingress'], ingress: [{ ports: [{ protocol: 'TCP' }] }] } }],
    ['policy with egress', NetworkPolicies, { spec: { podSelector: {}, egress: [{}] } }, { spec: { policyTypes: ['Ingress', 'Egress'] } }],
    ['ingress class', IngressClasses, { spec: { controller: 'a.b/c', parameters: { kind: 'K', name: 'n' } } }, { spec: { parameters: { scope: 'Cluster' } } }],
    ['binding', ClusterRoleBindings, { roleRef: { kind: 'ClusterRole', name: 'r' }, subjects: [{ kind: 'User', name: 'u' }, { kind: 'ServiceAccount', name: 's', namespace: 'n' }] }, {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }, { kind: 'ServiceAccount' }] }],
    ['storage class', StorageClasses, { provisioner: 'a/b' }, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }],
    ['CSI driver', CSIDrivers, { spec: {} }, { spec: { attachRequired: true, podInfoOnMount: false, storageCapacity: false, requiresRepublish: false, fsGroupPolicy: 'ReadWriteOnceWithFSType', volumeLifecycleModes: ['Persistent'], seLinuxMount: false } }],
    ['priority', PriorityClasses, { value: 1 }, { preemptionPolicy: 'PreemptLowerPriority', metadata: { generation: 1 } }],
    ['webhook', MutatingWebhookConfigurations, { webhooks: [{ name: 'a.b.c', clientConfig: { service: { name: 's', namespace: 'n' } }, rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }] }] }, {
      webhooks: [{ failurePolicy: 'Fail', matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, timeoutSeconds: 10, reinvocationPolicy: 'Never', rules: [{ scope: '*' }], clientConfig: { service: { port: 443 } } }] }],
    ['admission policy', ValidatingAdmissionPolicies, { spec: { matchConstraints: {} } }, { spec: { failurePolicy: 'Fail', matchConstraints: { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} } } }],
    ['flow schema', FlowSchemas, { spec: { priorityLevelConfiguration: { name: 'p' } } }, { spec: { matchingPrecedence: 1000 } }],
    ['priority level', PriorityLevelConfigurations, { spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } } }, { spec: { limited: { nominalConcurrencyShares: 30, lendablePercent: 0, limitResponse: { queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } } } } }],
    ['exempt level', PriorityLevelConfigurations, { spec: { type: 'Exempt', exempt: {} } }, { spec: { exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } } }],
    ['definition', CustomResourceDefinitions, { metadata: { name: 'w.e.io' }, spec: { group: 'e.io', scope: 'Namespaced', names: { plural: 'w', kind: 'Wid' }, versions: [{ name: 'v1', served: true, storage: true }] } }, {
      spec: { names: { singular: 'wid', listKind: 'WidList' }, conversion: { strategy: 'None' } } }],
    ['API service', APIServices, { spec: { service: { name: 's', namespace: 'n' } } }, { spec: { service: { port: 443 } } }],
  ])('%s', (_what, resource, given, expected) => { expect(created(resource, given)).toMatchObject(expected); });
  it('leave alone what has none', () => {
    const { spec } = created(LimitRanges, { spec: { limits: [{ type: 'Pod', max: { cpu: '2' } }] } });
    expect(Object.keys((spec as { limits: object[] }).limits[0]!)).toEqual(['type', 'max']);
    expect((created(ClusterRoleBindings, { roleRef: { kind: 'ClusterRole', name: 'r' }, subjects: [{ kind: 'ServiceAccount', name: 's', namespace: 'n' }] })['subjects'] as { apiGroup?: string }[])[0]!.apiGroup ?? '').toBe('');
  });
});
