// Service: a stable name and address for a set of Pods.
// upstream: pkg/registry/core/service, pkg/printers/internalversion/printers.go (printService)
import { labelsText } from '../../apimachinery/selectors.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { serviceSpec, serviceStatus, type ServicePort, type ServiceSpec, type ServiceStatus } from './service-spec.ts';
import { completeClusterIPs, completeUpdate } from './service-update.ts';
import { serviceWarnings } from './service-warnings.ts';
import { loadBalancerStatusFaults, serviceFaults } from './service-validation.ts';

export { externallyAccessible, headless, isHeadless, needsClusterIP, needsHealthCheckNodePort, needsNodePort } from './service-spec.ts';
export type { LoadBalancerIngress, LoadBalancerStatus, ServicePort, ServiceSpec, ServiceStatus } from './service-spec.ts';

function externalIPText({ type, externalIPs = [], externalName }: ServiceSpec, status: ServiceStatus | undefined): string {
  switch (type) {
    case 'ClusterIP': case 'NodePort': return externalIPs.join(',') || '<none>';
    case 'LoadBalancer': {
      const ingress = new Set((status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((text) => text !== ''));
      return [...[...ingress].sort(), ...externalIPs].join(',') || '<pending>';
    }
    case 'ExternalName': return externalName ?? '';
    default: return '<unknown>';
  }
}

const portText = ({ port, nodePort, protocol }: ServicePort): string => (nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`);

export const Services = defineResource({
  group: '', version: 'v1', kind: 'Service', plural: 'services', shortNames: ['svc'], categories: ['all'], scope: 'Namespaced', nameFormat: 'dns1035Label',
  doc: 'A stable name and address for a set of Pods, with a port to listen on and a selector that says which Pods answer.',
  fields: {
    spec: field(2, serviceSpec, { written: true, doc: 'The Service as it is wanted.' }),
    status: field(3, serviceStatus, { written: true, doc: 'The Service as it is.' }),
  },
  subresources: { status: true, others: [{ name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'ServiceProxyOptions' }] },
  selectable: { 'spec.clusterIP': (service) => service.spec.clusterIP ?? '', 'spec.type': (service) => service.spec.type },
  defaults: ({ spec, status }) => {
    if (spec.type !== 'LoadBalancer') return;
    for (const ingress of status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
  },
  prepareCreate: (service) => completeClusterIPs(service.spec),
  prepareUpdate: (service, old) => completeUpdate(service.spec, old.spec),
  validate: serviceFaults,
  validateStatus: (service) => loadBalancerStatusFaults(service.status.loadBalancer, 'status.loadBalancer', service.spec),
  warnings: serviceWarnings,
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'How far the Service can be reached.', value: ({ spec }) => spec.type },
    { name: 'Cluster-IP', type: 'string', description: 'Address inside the cluster.', value: ({ spec }) => spec.clusterIPs?.[0] ?? '<none>' },
    { name: 'External-IP', type: 'string', description: 'Addresses and names outside the cluster.', value: ({ spec, status }) => externalIPText(spec, status) },
    { name: 'Port(s)', type: 'string', description: 'Ports and node ports.', value: ({ spec }) => (spec.ports ?? []).map(portText).join(',') || '<none>' },
    ageColumn,
    { name: 'Selector', type: 'string', priority: 1, description: 'Labels of the Pods that answer.', value: ({ spec }) => labelsText(spec.selector) },
  ],
});
export interface Service extends ObjectOf<typeof Services> {}
