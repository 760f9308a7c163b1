// Storage, workloads, policy and the other groups: what create, update and status refuse, in the words clients match on.
import { ValidatingWebhookConfigurations } from '../../../src/api/admissionregistration/validating-webhook-configuration.ts';
import { APIServices } from '../../../src/api/apiregistration/api-service.ts';
import { DaemonSets } from '../../../src/api/apps/daemon-set.ts';
import { StatefulSets } from '../../../src/api/apps/stateful-set.ts';
import { HorizontalPodAutoscalers } from '../../../src/api/autoscaling/horizontal-pod-autoscaler.ts';
import { CronJobs } from '../../../src/api/batch/cron-job.ts';
import { Jobs } from '../../../src/api/batch/job.ts';
import { CertificateSigningRequests } from '../../../src/api/certificates/certificate-signing-request.ts';
import { LimitRanges } from '../../../src/api/core/limit-range.ts';
import { PersistentVolumeClaims } from '../../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../../src/api/core/persistent-volume.ts';
import { ResourceQuotas } from '../../../src/api/core/resource-quota.ts';
import { IngressClasses } from '../../../src/api/networking/ingress-class.ts';
import { Ingresses } from '../../../src/api/networking/ingress.ts';
import { NetworkPolicies } from '../../../src/api/networking/network-policy.ts';
import { RuntimeClasses } from '../../../src/api/node/runtime-class.ts';
import { PodDisruptionBudgets } from '../../../src/api/policy/pod-disruption-budget.ts';
import { ClusterRoleBindings } from '../../../src/api/rbac/cluster-role-binding.ts';
import { ClusterRoles } from '../../../src/api/rbac/cluster-role.ts';
import { RoleBindings } from '../../../src/api/rbac/role-binding.ts';
import { Roles } from '../../../src/api/rbac/role.ts';
import { PriorityClasses } from '../../../src/api/scheduling/priority-class.ts';
import { StorageClasses } from '../../../src/api/storage/storage-class.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import { createFaults, updateFaults } from './writing.ts';

const claim = (spec: object = {}): object => ({ spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec } });
const volume = (spec: object = {}): object => ({ spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' }, ...spec } });
const template = (spec: object = {}): object => ({ metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'i' }], ...spec } });
const workload = (spec: object = {}): object => ({ spec: { selector: { matchLabels: { app: 'x' } }, template: template(), ...spec } });
const job = (spec: object = {}): object => ({ metadata: { uid: 'u' }, spec: { template: { spec: { containers: [{ name: 'a', image: 'i' }], restartPolicy: 'Never' } }, ...spec } });
const manual = (spec: object): object => job({ manualSelector: true, selector: { matchLabels: { app: 'x' } }, template: template({ restartPolicy: 'Never' }), ...spec });
const cron = (spec: object = {}): object => ({ spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template({ restartPolicy: 'Never' }) } }, ...spec } });
const scaler = (spec: object = {}): object => ({ spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3, ...spec } });
const rule = (http: object | undefined, host?: string): object => ({ spec: { rules: [{ ...(host ? { host } : {}), ...(http ? { http } : {}) }] } });
const backend = { service: { name: 's', port: { number: 80 } } };
const subject = (value: object): object => ({ roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' }, subjects: [value] });
const webhook = (value: object = {}): object => ({ webhooks: [{ name: 'a.b.c', clientConfig: { url: 'https://x' }, sideEffects: 'None', admissionReviewVersions: ['v1'], ...value }] });
const limits = (...items: object[]): object => ({ spec: { limits: items } });
const request = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n').toString('base64');
const signing = (spec: object): object => ({ spec: { request, signerName: 'example.com/s', usages: ['client auth'], ...spec } });
const negative = (path: string): string => `${path}: Invalid value: -1: must be greater than or equal to 0`;

describe('create refuses', () => {
  it.each<[string, ResourceDefinition, object, string[]]>([
    ['no claim', PersistentVolumeClaims, claim(), []],
    ['a claim of nothing', PersistentVolumeClaims, { spec: {} }, ['spec.accessModes: Required value: at least 1 access mode is required', 'spec.resources[storage]: Required value']],
    ['a claim of no size', PersistentVolumeClaims, claim({ resources: { requests: { storage: '0' } } }), ['spec.resources[storage]: Invalid value: "0": must be greater than zero']],
    ['a claim of another mode', PersistentVolumeClaims, claim({ accessModes: ['Once'] }), ['spec.accessModes: Unsupported value: "Once": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"']],
    ['no volume', PersistentVolumes, volume(), []],
    ['a volume of nothing', PersistentVolumes, { spec: {} }, ['spec.accessModes: Required value', 'spec.capacity: Required value', 'spec.capacity: Unsupported value: {}: supported values: "storage"', 'spec: Required value: must specify a volume type']],
    ['a volume of two kinds', PersistentVolumes, volume({ nfs: { server: 's', path: '/' } }), ['spec.nfs: Forbidden: may not specify more than 1 volume type']],
    ['a local volume anywhere', PersistentVolumes, volume({ hostPath: undefined, local: { path: '/x' } }), ['spec.nodeAffinity: Required value: Local volume requires node affinity']],
    ['a volume of another policy', PersistentVolumes, volume({ persistentVolumeReclaimPolicy: 'Keep' }), ['spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"']],
    ['a class without provisioner', StorageClasses, {}, ['provisioner: Required value']],
    ['a priority too high', PriorityClasses, { value: 1_000_000_001 }, ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000']],
    ['a priority of the system', PriorityClasses, { metadata: { name: 'system-x' }, value: 1 }, ["metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-x is not a known system priority class"]],
    ['a runtime without handler', RuntimeClasses, { handler: 'A' }, [expect.stringMatching(/^handler: Invalid value: "A": a lowercase RFC 1123 label must/) as unknown as string]],
    ['a quota of something', ResourceQuotas, { spec: { hard: { things: '1', pods: '1.5', 'example.com/gpu': '1', 'count/widgets.example.com': '1' } } }, [
      'spec.hard[pods]: Invalid value: "1500m": must be an integer', 'spec.hard[things]: Invalid value: "things": must be a standard resource type or fully qualified', 'spec.hard[things]: Invalid value: "things": must be a standard resource for quota']],
    ['scopes of other things', ResourceQuotas, { spec: { hard: { services: '1', secrets: '1' }, scopes: ['Terminating'] } }, Array.from({ length: 2 }, () => 'spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource')],
    ['a scope selector', ResourceQuotas, { spec: { hard: { pods: '1' }, scopeSelector: { matchExpressions: [{ scopeName: 'X', operator: 'In', values: [] }, { scopeName: 'BestEffort', operator: 'In', values: ['a'] }, { scopeName: 'NotBestEffort', operator: 'Exists' }] } } }, [
      'spec.scopeSelector.matchExpressions.scopeName: Invalid value: "X": unsupported scope', "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      "spec.scopeSelector.matchExpressions.operator: Invalid value: \"In\": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      'spec.scopeSelector.matchExpressions: Invalid value: []: conflicting scopes']],
    ['a quota of opposite scopes', ResourceQuotas, { spec: { hard: { pods: '1' }, scopes: ['BestEffort', 'NotBestEffort'] } }, ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes']],
    ['limits below themselves', LimitRanges, limits({ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }), [
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1', 'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1', 'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1']],
    ['defaults of Pods', LimitRanges, limits({ type: 'Pod', default: { cpu: '1' } }), ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"]],
    ['two limits of one type', LimitRanges, limits({ type: 'Pod' }, { type: 'Pod' }), ['spec.limits[1].type: Duplicate value: "Pod"']],
    ['a ratio below one', LimitRanges, limits({ type: 'Pod', maxLimitRequestRatio: { cpu: '500m' } }), ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1']],
    ['no daemon', DaemonSets, workload(), []],
    ['a daemon for a while', DaemonSets, workload({ template: template({ activeDeadlineSeconds: 5 }) }), ['spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported']],
    ['a daemon of another strategy', DaemonSets, workload({ updateStrategy: { type: 'X' } }), ['spec.updateStrategy: Unsupported value: {"type":"X"}: supported values: "RollingUpdate", "OnDelete"']],
    ['a daemon that cannot roll', DaemonSets, workload({ updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }), ['spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0']],
    ['a daemon that surges and lacks', DaemonSets, workload({ updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } }), ['spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero']],
    ['no stateful set', StatefulSets, workload(), []],
    ['a stateful set of another order', StatefulSets, workload({ podManagementPolicy: 'X', updateStrategy: { type: 'Y' } }), ["spec.podManagementPolicy: Invalid value: \"X\": must be 'OrderedReady' or 'Parallel'", "spec.updateStrategy: Invalid value: {\"type\":\"Y\"}: must be 'RollingUpdate' or 'OnDelete'"]],
    ['an empty selector', StatefulSets, workload({ selector: {} }), ['spec.selector: Invalid value: {}: empty selector is invalid for statefulset']],
    ['no job', Jobs, job(), []],
    ['a job that always restarts', Jobs, job({ template: { spec: { containers: [{ name: 'a', image: 'i' }] } } }), ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']],
    ['negative jobs', Jobs, job({ parallelism: -1, completions: -1, activeDeadlineSeconds: -1, backoffLimit: -1, ttlSecondsAfterFinished: -1 }), ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'].map((name) => negative(`spec.${name}`))],
    ['an index without end', Jobs, job({ completionMode: 'Indexed', parallelism: 1 }), ['spec.completions: Required value: when completion mode is Indexed']],
    ['a limit per index of none', Jobs, job({ backoffLimitPerIndex: 1 }), ['spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode']],
    ['an own selector', Jobs, job({ selector: { matchLabels: { a: 'b' } } }), [
      expect.stringMatching(/^spec\.selector: Invalid value: .*: `selector` not auto-generated$/) as unknown as string, expect.stringMatching(/^spec\.template\.metadata\.labels: .*: `selector` does not match template `labels`$/) as unknown as string]],
    ['no cron job', CronJobs, cron(), []],
    ['a schedule of four', CronJobs, cron({ schedule: '* * * *' }), ['spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]']],
    ['a schedule with a zone', CronJobs, cron({ schedule: 'TZ=UTC * * * * *' }), ['spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead']],
    ['an unknown zone', CronJobs, cron({ timeZone: 'Moon/Base' }), ['spec.timeZone: Invalid value: "Moon/Base": unknown time zone Moon/Base']],
    ['another policy', CronJobs, cron({ concurrencyPolicy: 'X' }), ['spec.concurrencyPolicy: Unsupported value: "X": supported values: "Allow", "Forbid", "Replace"']],
    ['a long name', CronJobs, { metadata: { name: 'x'.repeat(53) }, ...cron() }, [`metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`]],
    ['no autoscaler', HorizontalPodAutoscalers, scaler(), []],
    ['an autoscaler to nothing', HorizontalPodAutoscalers, scaler({ maxReplicas: 0 }), ['spec.maxReplicas: Invalid value: 0: must be greater than 0', 'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`']],
    ['a metric of no kind', HorizontalPodAutoscalers, scaler({ metrics: [{ type: 'Resource' }] }), ['spec.metrics[0].resource: Required value: must populate information for the given metric source']],
    ['a metric of no target', HorizontalPodAutoscalers, scaler({ metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] }), ['spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization']],
    ['a slow behaviour', HorizontalPodAutoscalers, scaler({ behavior: { scaleUp: { policies: [{ type: 'Pods', value: 0, periodSeconds: 1801 }] } } }), [
      'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero', 'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800']],
    ['a budget of both', PodDisruptionBudgets, { spec: { minAvailable: 1, maxUnavailable: 1 } }, ['spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set']],
    ['an ingress to nowhere', Ingresses, { spec: {} }, ['spec: Invalid value: []: either `defaultBackend` or `rules` must be specified']],
    ['an ingress of an address', Ingresses, rule(undefined, '1.2.3.4'), ['spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address']],
    ['a path of no type', Ingresses, rule({ paths: [{ path: '/', backend }] }), ['spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified']],
    ['a path that goes up', Ingresses, rule({ paths: [{ path: 'x', pathType: 'Prefix', backend }, { path: '/a/..', pathType: 'Exact', backend }] }), [
      'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path', "spec.rules[0].http.paths[1].path: Invalid value: \"/a/..\": cannot end with '/..'"]],
    ['a backend of neither', Ingresses, { spec: { defaultBackend: {} } }, ['spec.defaultBackend: Invalid value: "": resource or service backend is required']],
    ['a class of no domain', IngressClasses, { spec: { controller: 'x' } }, [expect.stringMatching(/^spec\.controller: Invalid value: "x": must be a domain-prefixed path/) as unknown as string]],
    ['a peer of nothing', NetworkPolicies, { spec: { podSelector: {}, ingress: [{ from: [{}] }] } }, ['spec.ingress[0].from[0]: Required value: must specify a peer']],
    ['a peer of both', NetworkPolicies, { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }] }] } }, ['spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer']],
    ['a peer of both with a fault', NetworkPolicies, { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/8'] }, podSelector: {} }] }] } }, [
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of `cidr`', 'spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer']],
    ['parts of no range', NetworkPolicies, { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 'x', except: ['y'] } }] }] } }, ['spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['another policy type', NetworkPolicies, { spec: { podSelector: {}, policyTypes: ['X'] } }, ['spec.policyTypes[0]: Unsupported value: "X": supported values: "Ingress", "Egress"']],
    ['a rule without verbs', Roles, { rules: [{ apiGroups: [''], resources: ['pods'] }] }, ['rules[0].verbs: Required value: verbs must contain at least one value']],
    ['a rule of nothing', ClusterRoles, { rules: [{ verbs: ['get'] }] }, ['rules[0].apiGroups: Required value: resource rules must supply at least one api group', 'rules[0].resources: Required value: resource rules must supply at least one resource']],
    ['a namespaced rule of URLs', Roles, { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] }, ['rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs']],
    ['a subject of another kind', RoleBindings, subject({ kind: 'Robot', name: 'r' }), ['subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"']],
    ['an account of no namespace', ClusterRoleBindings, subject({ kind: 'ServiceAccount', name: 'r' }), ['subjects[0].namespace: Required value']],
    ['a role of a cluster binding', ClusterRoleBindings, { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' } }, ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"']],
    ['a signer without domain', CertificateSigningRequests, signing({ signerName: 's' }), ["spec.signerName: Invalid value: \"s\": must be a fully qualified domain and path of the form 'example.com/signer-name'"]],
    ['a certificate for nothing', CertificateSigningRequests, signing({ usages: [] }), ['spec.usages: Required value']],
    ['a hook of no kind', ValidatingWebhookConfigurations, webhook({ clientConfig: {} }), ['webhooks[0].clientConfig: Required value: exactly one of url or service is required']],
    ['a hook without effects', ValidatingWebhookConfigurations, webhook({ sideEffects: undefined }), ['webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun']],
    ['a hook of no version', ValidatingWebhookConfigurations, webhook({ admissionReviewVersions: [] }), ['webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1']],
    ['a slow hook', ValidatingWebhookConfigurations, webhook({ timeoutSeconds: 31 }), ['webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds']],
    ['an API of another name', APIServices, { metadata: { name: 'x' }, spec: { group: 'g.io', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 } }, ['metadata.name: Invalid value: "x": must be `spec.version+"."+spec.group`: "v1.g.io"']],
  ])('%s', (_what, resource, given, expected) => { expect(createFaults(resource, given)).toEqual(expected); });
});

describe('update refuses', () => {
  it.each<[string, ResourceDefinition, object, object, string[]]>([
    ['another storage class', PersistentVolumeClaims, claim(), claim({ accessModes: ['ReadOnlyMany'] }), [
      'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n- accessModes[0]: "ReadWriteOnce"\n+ accessModes[0]: "ReadOnlyMany"']],
    ['another source', PersistentVolumes, volume(), volume({ hostPath: { path: '/y' } }), [expect.stringMatching(/^spec\.persistentvolumesource: Forbidden: spec\.persistentvolumesource is immutable after creation\n/) as unknown as string]],
    ['another provisioner', StorageClasses, { provisioner: 'a/b' }, { provisioner: 'a/c', parameters: { a: 'b' }, reclaimPolicy: 'Retain', volumeBindingMode: 'WaitForFirstConsumer' }, [
      'parameters: Forbidden: updates to parameters are forbidden.', 'provisioner: Forbidden: updates to provisioner are forbidden.', 'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.', 'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable']],
    ['another priority', PriorityClasses, { value: 1 }, { value: 2, preemptionPolicy: 'Never' }, ['value: Forbidden: may not be changed in an update.', 'preemptionPolicy: Invalid value: "Never": field is immutable']],
    ['another handler', RuntimeClasses, { handler: 'a' }, { handler: 'b' }, ['handler: Invalid value: "b": field is immutable']],
    ['other scopes', ResourceQuotas, { spec: { hard: { pods: '1' } } }, { spec: { hard: { pods: '1' }, scopes: ['BestEffort'] } }, ['spec.scopes: Invalid value: ["BestEffort"]: field is immutable']],
    ['another selector', DaemonSets, workload(), workload({ selector: { matchLabels: { app: 'x', b: 'c' } }, template: { ...template(), metadata: { labels: { app: 'x', b: 'c' } } } }), ['spec.selector: Invalid value: {"matchLabels":{"app":"x","b":"c"}}: field is immutable']],
    ['another service', StatefulSets, workload(), workload({ serviceName: 's' }), [
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"]],
    ['other completions', Jobs, manual({ completions: 1 }), manual({ completions: 2 }), ['spec.completions: Invalid value: 2: field is immutable']],
    ['another role', RoleBindings, subject({ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }), { ...subject({ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }), roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' } }, [
      expect.stringMatching(/^roleRef: Invalid value: \{.*\}: cannot change roleRef$/) as unknown as string]],
    ['another controller', IngressClasses, { spec: { controller: 'a.b/c' } }, { spec: { controller: 'a.b/d' } }, ['spec.controller: Invalid value: "a.b/d": field is immutable']],
  ])('%s', (_what, resource, before, after, expected) => { expect(updateFaults(resource, before, after)).toEqual(expected); });
});
