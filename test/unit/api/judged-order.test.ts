// Several faults at once: which fields are judged, in which order and with which words. (upstream: pkg/apis/*/validation of 1.33)
import { DaemonSets } from '../../../src/api/apps/daemon-set.ts';
import { Deployments } from '../../../src/api/apps/deployment.ts';
import { StatefulSets } from '../../../src/api/apps/stateful-set.ts';
import { HorizontalPodAutoscalers } from '../../../src/api/autoscaling/horizontal-pod-autoscaler.ts';
import { CronJobs } from '../../../src/api/batch/cron-job.ts';
import { Jobs } from '../../../src/api/batch/job.ts';
import { PersistentVolumeClaims } from '../../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../../src/api/core/persistent-volume.ts';
import { Services } from '../../../src/api/core/service.ts';
import { Ingresses } from '../../../src/api/networking/ingress.ts';
import { NetworkPolicies } from '../../../src/api/networking/network-policy.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import { createFaults, updateFaults } from './writing.ts';

const negative = (path: string): string => `${path}: Invalid value: -1: must be greater than or equal to 0`;
const selector = { matchLabels: { app: 'x' } };
const template = (spec: object = {}, labels: object = { app: 'x' }): object => ({ metadata: { labels }, spec: { containers: [{ name: 'a', image: 'i' }], ...spec } });
const once = template({ restartPolicy: 'Never' });
const mismatch = 'spec.template.metadata.labels: Invalid value: {"app":"y"}: `selector` does not match template `labels`';
const notAlways = 'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"';
const noImage = { containers: [{ name: 'a' }] };
const imageless = 'spec.template.spec.containers[0].image: Required value';
const fixed = (path: string, value: unknown): string => `${path}: Invalid value: ${JSON.stringify(value)}: field is immutable`;
const metric = (spec: object): object => ({ spec: { scaleTargetRef: { kind: 'Deployment', name: 'a' }, maxReplicas: 1, metrics: [spec] } });
const types = 'supported values: "ContainerResource", "External", "Object", "Pods", "Resource"';
const backend = { service: { name: 's', port: { number: 80 } } };
const rules = (path: object, host = 'a.b'): object => ({ spec: { rules: [{ host, http: { paths: [path] } }] } });
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

describe('create tells', () => {
  it.each<[string, ResourceDefinition, object, string[]]>([
    ['of a deployment', Deployments, { spec: { replicas: -1, minReadySeconds: -1, revisionHistoryLimit: -1, progressDeadlineSeconds: -1, selector, strategy: { type: 'Recreate', rollingUpdate: {} }, template: template({ ...noImage, restartPolicy: 'Never' }, { app: 'y' }) } }, [
      negative('spec.replicas'), mismatch, imageless, notAlways, "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'", negative('spec.minReadySeconds'),
      negative('spec.revisionHistoryLimit'), negative('spec.progressDeadlineSeconds'), 'spec.progressDeadlineSeconds: Invalid value: -1: must be greater than minReadySeconds']],
    ['of a stateful set', StatefulSets, { spec: { replicas: -1, minReadySeconds: -1, revisionHistoryLimit: -1, ordinals: { start: -1 }, podManagementPolicy: 'All', updateStrategy: { type: 'Blue' }, persistentVolumeClaimRetentionPolicy: { whenScaled: 'Keep' }, serviceName: 's', selector, template: template({ restartPolicy: 'Never' }, { app: 'y' }) } }, [
      "spec.podManagementPolicy: Invalid value: \"All\": must be 'OrderedReady' or 'Parallel'", 'spec.updateStrategy: Invalid value: {"type":"Blue"}: must be \'RollingUpdate\' or \'OnDelete\'',
      'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": supported values: "Retain", "Delete"', negative('spec.replicas'), negative('spec.minReadySeconds'), negative('spec.revisionHistoryLimit'), negative('spec.ordinals.start'),
      mismatch, notAlways]],
    ['of a daemon set', DaemonSets, { spec: { minReadySeconds: -1, revisionHistoryLimit: -1, updateStrategy: { rollingUpdate: { maxUnavailable: '101%', maxSurge: '102%' } }, selector, template: template({ ...noImage, restartPolicy: 'Never', activeDeadlineSeconds: 5 }, { app: 'y' }) } }, [
      mismatch, imageless, notAlways, 'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported', negative('spec.minReadySeconds'),
      'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%', 'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "102%": must not be greater than 100%',
      'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "102%": may not be set when maxUnavailable is non-zero', negative('spec.revisionHistoryLimit')]],
    ['of a job', Jobs, { metadata: { uid: 'u' }, spec: { parallelism: -1, completions: -1, activeDeadlineSeconds: -1, backoffLimit: -1, ttlSecondsAfterFinished: -1, maxFailedIndexes: -1, managedBy: 'me', completionMode: 'Both', successPolicy: {}, podReplacementPolicy: 'Never', template: template({ ...noImage, restartPolicy: 'Sometimes' }) } }, [
      negative('spec.parallelism'), negative('spec.completions'), negative('spec.activeDeadlineSeconds'), negative('spec.backoffLimit'), negative('spec.ttlSecondsAfterFinished'), 'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
      negative('spec.maxFailedIndexes'), 'spec.maxFailedIndexes: Invalid value: -1: requires indexed completion mode', 'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")',
      'spec.completionMode: Unsupported value: "Both": supported values: "NonIndexed", "Indexed"', 'spec.successPolicy: Invalid value: {"rules":null}: requires indexed completion mode',
      'spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"', imageless,
      'spec.template.spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"', 'spec.template.spec.restartPolicy: Unsupported value: "Sometimes": supported values: "OnFailure", "Never"']],
    ['of a cron job', CronJobs, { spec: { schedule: '', timeZone: 'Mars/Base', startingDeadlineSeconds: -1, concurrencyPolicy: 'Some', successfulJobsHistoryLimit: -1, failedJobsHistoryLimit: -1, jobTemplate: { spec: { selector, manualSelector: true, backoffLimit: -1, template: once } } } }, [
      'spec.schedule: Required value', negative('spec.startingDeadlineSeconds'), 'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base', 'spec.concurrencyPolicy: Unsupported value: "Some": supported values: "Allow", "Forbid", "Replace"',
      negative('spec.jobTemplate.spec.backoffLimit'), 'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: `selector` will be auto-generated',
      'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"', negative('spec.successfulJobsHistoryLimit'), negative('spec.failedJobsHistoryLimit')]],
    ['of a zone that says nothing', CronJobs, { spec: { schedule: '* * * * *', timeZone: 'local', jobTemplate: { spec: { template: once } } } }, [
      'spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones', 'spec.timeZone: Invalid value: "local": unknown time zone local']],
    ['of an autoscaler', HorizontalPodAutoscalers, { spec: { scaleTargetRef: {}, minReplicas: 0, maxReplicas: -1, metrics: [{ type: 'Resource', resource: { target: { averageUtilization: 0 } } }], behavior: { scaleUp: { stabilizationWindowSeconds: -1, policies: [{ type: 'Nodes', value: 0, periodSeconds: 1801 }], selectPolicy: 'All' } } } }, [
      'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1', 'spec.maxReplicas: Invalid value: -1: must be greater than 0', 'spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`',
      'spec.scaleTargetRef.kind: Required value', 'spec.scaleTargetRef.name: Required value', 'spec.metrics[0].resource.target.type: Required value: must specify a metric target type',
      'spec.metrics[0].resource.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue', 'spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
      'spec.metrics[0].resource.name: Required value: must specify a resource name', 'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
      'spec.behavior.scaleUp.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"', 'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
      'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800', 'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero',
      'spec.behavior.scaleUp.selectPolicy: Unsupported value: "All": supported values: "Disabled", "Max", "Min"']],
    ['of a metric without a type', HorizontalPodAutoscalers, metric({}), [
      'spec.metrics[0].type: Required value: must specify a metric source type', `spec.metrics[0].type: Unsupported value: "": ${types}`, `spec.metrics[0].type: Unsupported value: "": ${types}`]],
    ['of two sources, of which the first is looked into', HorizontalPodAutoscalers, metric({ type: 'Resource', resource: {}, object: { describedObject: { kind: 'Service', name: 's' }, metric: { name: 'm' }, target: { type: 'Value' } } }), [
      'spec.metrics[0].object.target.averageValue: Required value: must set either a target value or averageValue', 'spec.metrics[0].object: Forbidden: must populate the given metric source only']],
    ['of a metric from outside', HorizontalPodAutoscalers, metric({ type: 'External', external: { metric: { name: 'm' }, target: { type: 'Value' } } }), [
      'spec.metrics[0].external.target.averageValue: Required value: must set either a target value for metric or a per-pod target']],
    ['of a metric of Pods', HorizontalPodAutoscalers, metric({ type: 'Pods', pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '0' } } }), ['spec.metrics[0].pods.target.averageValue: Invalid value: "0": must be positive']],
    ['of a metric of a container', HorizontalPodAutoscalers, metric({ type: 'ContainerResource', containerResource: { name: 'disk', container: 'A', target: { type: 'Utilization', averageUtilization: 5 } } }), [
      'spec.metrics[0].containerResource.name: Invalid value: "disk": must be a standard resource type or fully qualified', 'spec.metrics[0].containerResource.name: Invalid value: "disk": must be a standard resource for containers',
      expect.stringMatching(/^spec\.metrics\[0\]\.containerResource\.container: Invalid value: "A": a lowercase RFC 1123 label/) as unknown as string]],
    ['of an Ingress', Ingresses, { metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } }, spec: { ingressClassName: 'A', tls: [{ secretName: 'B' }], rules: [{ host: '1.2.3.4', http: {} }], defaultBackend: {} } }, [
      'spec.defaultBackend: Invalid value: "": resource or service backend is required', 'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address', 'spec.rules[0].http.paths: Required value',
      expect.stringMatching(/^spec\.tls\[0\]\.secretName: Invalid value: "B"/) as unknown as string, expect.stringMatching(/^spec\.ingressClassName: Invalid value: "A"/) as unknown as string,
      'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified']],
    ['of one class, said twice, nothing', Ingresses, { metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } }, spec: { ingressClassName: 'a', defaultBackend: backend } }, []],
    ['of a path without a type only that', Ingresses, rules({ path: 'a', backend: {} }), ['spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified']],
    ['of a path and its backend', Ingresses, rules({ path: 'a', pathType: 'Prefix', backend: {} }), [
      'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path', 'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required']],
    ['of a policy', NetworkPolicies, { spec: { podSelector: {}, ingress: [{ ports: [{ protocol: 'X', port: 0 }], from: [{}] }], policyTypes: ['In'] } }, [
      'spec.ingress[0].ports[0].protocol: Unsupported value: "X": supported values: "TCP", "UDP", "SCTP"', 'spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive', 'spec.ingress[0].from[0]: Required value: must specify a peer',
      'spec.policyTypes[0]: Unsupported value: "In": supported values: "Ingress", "Egress"']],
    ['of a claim', PersistentVolumeClaims, { spec: { volumeMode: 'Tape', storageClassName: 'A', selector: { matchExpressions: [{ key: 'a', operator: 'In' }] }, dataSource: { kind: 'PersistentVolumeClaim', name: '' } } }, [
      'spec.accessModes: Required value: at least 1 access mode is required', "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'", 'spec.resources[storage]: Required value',
      expect.stringMatching(/^spec\.storageClassName: Invalid value: "A"/) as unknown as string, 'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"', 'spec.dataSource.name: Required value', 'spec.dataSourceRef.name: Required value']],
    ['of a volume', PersistentVolumes, { spec: { persistentVolumeReclaimPolicy: 'Keep', storageClassName: 'A', volumeMode: 'Tape', nodeAffinity: {}, local: { path: '/a' } } }, [
      'spec.accessModes: Required value', 'spec.capacity: Required value', 'spec.capacity: Unsupported value: {}: supported values: "storage"', 'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"',
      'spec.nodeAffinity.required: Required value: must specify required node constraints', 'spec.nodeAffinity: Required value: Local volume requires node affinity',
      expect.stringMatching(/^spec\.storageClassName: Invalid value: "A"/) as unknown as string, 'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"']],
    ['of traffic that cannot come only that', Services, { spec: { ports: [{ port: 80 }], externalTrafficPolicy: 'Near' } }, ['spec.externalTrafficPolicy: Invalid value: "Near": may only be set for externally-accessible services']],
    ['of traffic that can', Services, { spec: { type: 'NodePort', ports: [{ port: 80 }], externalTrafficPolicy: 'Near' } }, ['spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"']],
  ])('%s', (_what, resource, object, faults) => { expect(createFaults(resource, object)).toEqual(faults); });
});

describe('update tells', () => {
  const jobSpec = { manualSelector: true, selector, completionMode: 'Indexed', completions: 2, parallelism: 2, template: once };
  const volume = { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, csi: { driver: 'd.e.f', volumeHandle: 'h' } };
  it.each<[string, ResourceDefinition, object, object, string[]]>([
    ['what may not change last', Deployments, { spec: { selector, template: template() } }, { spec: { replicas: -1, minReadySeconds: -1, selector: { matchLabels: { app: 'y' } }, template: template({}, { app: 'y' }) } }, [
      negative('spec.replicas'), negative('spec.minReadySeconds'), fixed('spec.selector', { matchLabels: { app: 'y' } })]],
    ['of a daemon set', DaemonSets, { spec: { selector, template: template() } }, { spec: { minReadySeconds: -1, selector: { matchLabels: { app: 'y' } }, template: template({}, { app: 'y' }) } }, [
      negative('spec.minReadySeconds'), fixed('spec.selector', { matchLabels: { app: 'y' } })]],
    ['of completions that are gone only that they are needed', Jobs, { spec: jobSpec }, { spec: { ...jobSpec, completions: undefined } }, ['spec.completions: Required value: when completion mode is Indexed']],
    ['of completions alone', Jobs, { spec: jobSpec }, { spec: { ...jobSpec, completions: 3 } }, ['spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism']],
    ['nothing of a zone that stays', CronJobs, { spec: { schedule: '* * * * *', timeZone: 'Mars/Base', jobTemplate: { spec: { template: once } } } }, { spec: { schedule: '* * * * *', timeZone: 'Mars/Base', suspend: true, jobTemplate: { spec: { template: once } } } }, []],
    ['of another zone', CronJobs, { spec: { schedule: '* * * * *', timeZone: 'Mars/Base', jobTemplate: { spec: { template: once } } } }, { spec: { schedule: '* * * * *', timeZone: 'Mars/Port', jobTemplate: { spec: { template: once } } } }, [
      'spec.timeZone: Invalid value: "Mars/Port": unknown time zone Mars/Port']],
    ['nothing of a class that comes late', PersistentVolumeClaims, { spec: { ...claim, volumeName: 'v' } }, { spec: { ...claim, volumeName: 'v', storageClassName: 'fast' } }, []],
    ['of a mode of a claim last', PersistentVolumeClaims, { spec: claim }, { spec: { ...claim, volumeMode: 'Block', resources: {} } }, [
      'spec.resources[storage]: Required value', expect.stringMatching(/^spec: Forbidden: spec is immutable after creation except resources\.requests and volumeAttributesClassName for bound claims\n/) as unknown as string,
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity', fixed('volumeMode', 'Block')]],
    ['nothing of the secret that lets a volume grow', PersistentVolumes, { spec: volume }, { spec: { ...volume, csi: { ...volume.csi, controllerExpandSecretRef: { name: 's', namespace: 'n' } } } }, []],
    ['of the secret of its nodes', PersistentVolumes, { spec: volume }, { spec: { ...volume, csi: { ...volume.csi, nodeExpandSecretRef: { name: 's', namespace: 'n' } } } }, [
      expect.stringMatching(/^spec\.persistentvolumesource: Forbidden: spec\.persistentvolumesource is immutable after creation\n/) as unknown as string]],
  ])('%s', (_what, resource, before, after, faults) => { expect(updateFaults(resource, before, after)).toEqual(faults); });
});
