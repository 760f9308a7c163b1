// One small valid object of each kind that is stored: what a test about every resource starts from.
import type { ResourceDefinition } from '../../src/schema/resource.ts';

const podSpec = { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] };
const template = { metadata: { labels: { app: 'a' } }, spec: podSpec };
const workload = { selector: { matchLabels: { app: 'a' } }, template };
const subject = { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'u' }] };
const schema = { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } };

/** `plural.group` → the object without its kind and metadata. */
const bodies: Readonly<Record<string, object>> = {
  'apiservices.apiregistration.k8s.io': { spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100, service: { namespace: 'default', name: 's' } } },
  'configmaps.': { data: { a: '1', ['__proto__']: 'p' } }, 'endpoints.': { subsets: [{ addresses: [{ ip: '10.0.0.9' }], ports: [{ port: 80 }] }] }, 'limitranges.': { spec: { limits: [] } }, 'namespaces.': {}, 'nodes.': {},
  'persistentvolumeclaims.': { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  'persistentvolumes.': { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } } },
  'pods.': { spec: podSpec }, 'podtemplates.': { template }, 'replicationcontrollers.': { spec: { selector: { app: 'a' }, template } }, 'resourcequotas.': { spec: { hard: { persistentvolumeclaims: '9' } } },
  'secrets.': { data: { a: 'YQ==' } }, 'serviceaccounts.': {}, 'services.': { spec: { selector: { app: 'a' }, ports: [{ port: 80 }] } },
  'controllerrevisions.apps': { revision: 1, data: { a: 1 } }, 'daemonsets.apps': { spec: workload }, 'deployments.apps': { spec: workload }, 'replicasets.apps': { spec: workload }, 'statefulsets.apps': { spec: { ...workload, serviceName: 's' } },
  'horizontalpodautoscalers.autoscaling': { spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } } },
  'cronjobs.batch': { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } } } }, 'jobs.batch': { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
  'ingressclasses.networking.k8s.io': { spec: { controller: 'example.com/c' } }, 'ingresses.networking.k8s.io': { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } }, 'networkpolicies.networking.k8s.io': { spec: { podSelector: {} } },
  'servicecidrs.networking.k8s.io': { spec: { cidrs: ['10.9.0.0/24'] } }, 'poddisruptionbudgets.policy': { spec: { minAvailable: 1, selector: { matchLabels: { app: 'a' } } } },
  'clusterrolebindings.rbac.authorization.k8s.io': subject, 'rolebindings.rbac.authorization.k8s.io': subject,
  'clusterroles.rbac.authorization.k8s.io': { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }, 'roles.rbac.authorization.k8s.io': { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  'csidrivers.storage.k8s.io': { spec: {} }, 'csinodes.storage.k8s.io': { spec: { drivers: [] } }, 'csistoragecapacities.storage.k8s.io': { storageClassName: 's' }, 'storageclasses.storage.k8s.io': { provisioner: 'p' },
  'volumeattachments.storage.k8s.io': { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } } },
  'customresourcedefinitions.apiextensions.k8s.io': { spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'seeds', kind: 'Seed' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }] } },
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': { webhooks: [] }, 'validatingwebhookconfigurations.admissionregistration.k8s.io': { webhooks: [] },
  'priorityclasses.scheduling.k8s.io': { value: 5 }, 'leases.coordination.k8s.io': { spec: { holderIdentity: 'h' } }, 'runtimeclasses.node.k8s.io': { handler: 'h' },
  'endpointslices.discovery.k8s.io': { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.9'] }], ports: [{ port: 80 }] },
  'flowschemas.flowcontrol.apiserver.k8s.io': { spec: { priorityLevelConfiguration: { name: 'exempt' } } }, 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
};

/** Undefined for kinds whose valid objects take more than a test about all of them needs. */
export function seedObject(resource: ResourceDefinition, metadata: { readonly name: string; readonly namespace?: string }): object | undefined {
  const body = bodies[`${resource.plural}.${resource.group}`];
  if (!body) return undefined;
  const name = resource.kind === 'CustomResourceDefinition' ? 'seeds.example.com' : resource.kind === 'APIService' ? 'v1.example.com' : metadata.name;
  return { apiVersion: resource.apiVersion, kind: resource.kind, metadata: { ...metadata, name }, ...body };
}

const at = { lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'x', message: 'x' };
const names = { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' };
/** A definition with much of what schemas can say, and the status with which it is served. */
export const thingDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'things.fuzz.example.com' },
  spec: {
    group: 'fuzz.example.com', scope: 'Namespaced', names,
    versions: [{
      name: 'v1', served: true, storage: true, subresources: { status: {}, scale: { specReplicasPath: '.spec.count', statusReplicasPath: '.status.replicas' } },
      additionalPrinterColumns: [{ name: 'Count', type: 'integer', jsonPath: '.spec.count' }, { name: 'Open', type: 'string', jsonPath: '.spec.open.a[0]' }],
      schema: { openAPIV3Schema: { type: 'object', properties: {
        spec: { 'type': 'object', 'x-kubernetes-validations': [{ rule: '!has(self.count) || self.count >= 0' }], 'properties': {
          count: { type: 'integer', minimum: 0, default: 3 }, open: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true, 'nullable': true },
          names: { 'type': 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], 'maxItems': 5, 'items': { type: 'object', required: ['name'], properties: { name: { type: 'string', maxLength: 3 }, size: { 'x-kubernetes-int-or-string': true } } } },
        } },
        status: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true },
      } } },
    }],
  },
};
export const thingStatus = { status: { acceptedNames: names, storedVersions: ['v1'], conditions: [{ type: 'NamesAccepted', status: 'True', ...at }, { type: 'Established', status: 'True', ...at }] } };
