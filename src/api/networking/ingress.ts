// Ingress: which Service answers for which host and path of requests from outside.
// upstream: pkg/apis/networking/validation/validation.go (ValidateIngressCreate), pkg/registry/networking/ingress
import { child, index, invalid, notSupported, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { ipVersion, isDNS1035Label, isDNS1123Subdomain, isValidIP, isValidPortName, isValidPortNum, isWildcardDNS1123Subdomain } from '../../apimachinery/names.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { validateValue } from '../../schema/validation.ts';
import { array, embed, field, int32, object, required, string, types, type FieldsValue } from '../../schema/schema.ts';
import { typedLocalObjectReference } from '../core/references.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { messages } from '../value-faults.ts';
import { typedReferenceFaults } from './references.ts';

const networking = 'io.k8s.api.networking.v1';
const classAnnotation = 'kubernetes.io/ingress.class';
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];

export const serviceBackendPort = object('ServiceBackendPort', {
  name: string(1, { doc: 'Name of the port.' }),
  number: int32(2, { doc: 'Number of the port, instead of name.' }),
}, { package: networking, atomic: true, doc: 'A port of a Service.' });

export const ingressServiceBackend = object('IngressServiceBackend', {
  name: string(1, { required: true, unchecked: true, doc: 'Service in the same namespace.' }),
  port: field(2, serviceBackendPort, { written: true, doc: 'Port of the Service.' }),
}, { package: networking, doc: 'A Service that answers.' });

export const ingressBackend = object('IngressBackend', {
  service: field(4, ingressServiceBackend, { doc: 'Service that answers.' }),
  resource: field(3, typedLocalObjectReference, { unjudged: true, doc: 'Another object that answers, instead of service.' }),
}, {
  package: networking, doc: 'Who answers.',
  validate: ({ service, resource }, path) => {
    if (service && resource) return [invalid(path, '', 'cannot set both resource and service backends')];
    if (resource) return typedReferenceFaults(resource, child(path, 'resource'));
    if (!service) return [invalid(path, '', 'resource or service backend is required')];
    const at = child(path, 'service');
    const { name, number } = service.port ?? {};
    const faults = service.name ? messages(child(at, 'name'), service.name, isDNS1035Label(service.name)) : [requiredFault(child(at, 'name'))];
    if (name && number) faults.push(invalid(path, '', 'cannot set both port name & port number'));
    else if (name) faults.push(...messages(child(at, 'port.name'), name, isValidPortName(name)));
    else if (number) faults.push(...messages(child(at, 'port.number'), number, isValidPortNum(number)));
    else faults.push(requiredFault(path, 'port name or number is required'));
    return faults;
  },
});

function pathFaults({ path: text = '', pathType }: { path?: string; pathType: string | null }, path: string): Fault[] {
  const at = child(path, 'path');
  const absolute = text.startsWith('/');
  switch (pathType) {
    case null: return [requiredFault(child(path, 'pathType'), 'pathType must be specified')];
    case 'Exact': case 'Prefix': return [
      ...(absolute ? [] : [invalid(at, text, 'must be an absolute path')]),
      ...['//', '/./', '/../', '%2f', '%2F'].filter((part) => text.includes(part)).map((part) => invalid(at, text, `must not contain '${part}'`)),
      ...['/..', '/.'].filter((end) => text.endsWith(end)).map((end) => invalid(at, text, `cannot end with '${end}'`)),
    ];
    case 'ImplementationSpecific': return text === '' || absolute ? [] : [invalid(at, text, 'must be an absolute path')];
    default: return [notSupported(child(path, 'pathType'), pathType, pathTypes)];
  }
}

export const httpIngressPath = object('HTTPIngressPath', {
  path: string(1, { doc: 'Path that is matched.' }),
  pathType: string(3, { required: true, pointer: true, unchecked: true, doc: 'How it is matched: Exact, Prefix (by elements) or ImplementationSpecific.' }),
  backend: required(2, ingressBackend, { unjudged: true, doc: 'Who answers.' }),
}, {
  package: networking, doc: 'A path and who answers for it.',
  // What has no type is not looked into any further.
  validate: (value, path) => [...pathFaults(value, path), ...(value.pathType === null ? [] : validateValue(ingressBackend, value.backend, child(path, 'backend')))],
});

export const httpIngressRuleValue = object('HTTPIngressRuleValue', {
  paths: array(1, httpIngressPath, { required: true, listType: 'atomic', doc: 'Paths and who answers for them.' }),
}, { package: networking, doc: 'Paths of a host.' });

export const ingressRuleValue = object('IngressRuleValue', {
  http: field(1, httpIngressRuleValue, { doc: 'Paths of the host.' }),
}, { package: networking, doc: 'What a rule says of its host.' });

const hostFaults = (host: string, path: string): Fault[] => [
  ...(ipVersion(host) === 0 ? [] : [invalid(path, host, 'must be a DNS name, not an IP address')]),
  ...messages(path, host, host.includes('*') ? isWildcardDNS1123Subdomain(host) : isDNS1123Subdomain(host)),
];

export const ingressRule = object('IngressRule', {
  host: string(1, { validate: hostFaults, doc: 'Host name, possibly *.example.com; every host when empty.' }),
  ...embed(2, ingressRuleValue),
}, { package: networking, doc: 'Who answers for a host.' });

export const ingressTLS = object('IngressTLS', {
  hosts: array(1, types.string, { listType: 'atomic', doc: 'Hosts the certificate is for.' }),
  secretName: string(2, { format: 'dns1123Subdomain', doc: 'Secret with the certificate and its key.' }),
}, {
  package: networking, doc: 'A certificate for some hosts.',
  validate: ({ hosts }, path) => (hosts ?? []).flatMap((host, i) => messages(index(child(path, 'hosts'), i), host, host.includes('*') ? isWildcardDNS1123Subdomain(host) : isDNS1123Subdomain(host))),
});

export const ingressSpec = object('IngressSpec', {
  ingressClassName: string(4, { pointer: true, format: 'dns1123Subdomain', doc: 'IngressClass whose controller takes care of it.' }),
  defaultBackend: field(1, ingressBackend, { doc: 'Who answers when no rule matches.' }),
  tls: array(2, ingressTLS, { listType: 'atomic', doc: 'Certificates by host.' }),
  rules: array(3, ingressRule, { listType: 'atomic', doc: 'Who answers for which host and path.' }),
}, { package: networking, doc: 'The Ingress as it is wanted.' });
export interface IngressSpec extends FieldsValue<typeof ingressSpec.fields> {}

export const ingressPortStatus = object('IngressPortStatus', {
  port: int32(1, { required: true, unchecked: true, doc: 'Port the entry is about.' }),
  protocol: string(2, { required: true, unchecked: true, doc: 'TCP, UDP or SCTP.' }),
  error: string(3, { pointer: true, doc: 'Why the port is not served.' }),
}, { package: networking, doc: 'State of one port.' });

export const ingressLoadBalancerIngress = object('IngressLoadBalancerIngress', {
  ip: string(1, { doc: 'Address traffic enters at.' }),
  hostname: string(2, { doc: 'DNS name traffic enters at.' }),
  ports: array(4, ingressPortStatus, { listType: 'atomic', doc: 'State of each port.' }),
}, { package: networking, doc: 'A place where traffic enters.' });

export const ingressLoadBalancerStatus = object('IngressLoadBalancerStatus', {
  ingress: array(1, ingressLoadBalancerIngress, { listType: 'atomic', doc: 'Where traffic enters.' }),
}, { package: networking, doc: 'State of the load balancer.' });

export const ingressStatus = object('IngressStatus', {
  loadBalancer: field(1, ingressLoadBalancerStatus, { written: true, doc: 'State of the load balancer.' }),
}, { package: networking, doc: 'The Ingress as it is.' });
export interface IngressStatus extends FieldsValue<typeof ingressStatus.fields> {}

const statusFaults = ({ loadBalancer }: IngressStatus): Fault[] => (loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, i) => {
  const at = index('status.loadBalancer.ingress', i);
  return [
    ...(ip ? messages(child(at, 'ip'), ip, isValidIP(ip)) : []),
    ...(hostname ? [...messages(child(at, 'hostname'), hostname, isDNS1123Subdomain(hostname)), ...(ipVersion(hostname) === 0 ? [] : [invalid(child(at, 'hostname'), hostname, 'must be a DNS name, not an IP address')])] : []),
  ];
});

/** The first three hosts; a rule behind them counts whether it names a host or not. */
function hostsText({ rules = [] }: IngressSpec): string {
  const hosts = rules.flatMap(({ host }, i) => (host ? [{ host, i }] : [])).slice(0, 3);
  if (hosts.length === 0) return '*';
  return `${hosts.map(({ host }) => host).join(',')}${hosts.length === 3 && rules.length > hosts[2]!.i + 1 ? ` + ${rules.length - 3} more...` : ''}`;
}
const addressText = (status: IngressStatus | undefined): string =>
  [...new Set((status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((text) => text !== ''))].sort().join(',');

export const Ingresses = defineResource({
  group: 'networking.k8s.io', version: 'v1', kind: 'Ingress', plural: 'ingresses', shortNames: ['ing'], scope: 'Namespaced',
  doc: 'Which Service answers for which host and path of requests from outside.',
  fields: {
    spec: field(2, ingressSpec, { written: true, doc: 'The Ingress as it is wanted.' }),
    status: field(3, ingressStatus, { written: true, doc: 'The Ingress as it is.' }),
  },
  subresources: { status: true },
  generation: true,
  validate: ({ metadata, spec }, old) => {
    const annotated = metadata.annotations?.[classAnnotation];
    return [
      ...(!old && annotated !== undefined && spec.ingressClassName !== undefined && annotated !== spec.ingressClassName ? [invalid(`annotations.${classAnnotation}`, annotated, 'must match `ingressClassName` when both are specified')] : []),
      ...(!spec.rules?.length && !spec.defaultBackend ? [invalid('spec', spec.rules ?? [], 'either `defaultBackend` or `rules` must be specified')] : []),
    ];
  },
  judged: ['spec', 'spec.defaultBackend', 'spec.rules', 'spec.tls', 'spec.ingressClassName', 'annotations'],
  validateStatus: ({ status }) => statusFaults(status),
  warnings: ({ metadata }, old) => (!old && metadata.annotations?.[classAnnotation] !== undefined ? [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`] : []),
  columns: [
    nameColumn,
    { name: 'Class', type: 'string', description: 'IngressClass of the Ingress.', value: ({ spec }) => spec.ingressClassName ?? '<none>' },
    { name: 'Hosts', type: 'string', description: 'Hosts with rules.', value: ({ spec }) => hostsText(spec) },
    { name: 'Address', type: 'string', description: 'Where traffic enters.', value: ({ status }) => addressText(status) },
    { name: 'Ports', type: 'string', description: 'Ports traffic enters at.', value: ({ spec }) => (spec.tls?.length ? '80, 443' : '80') },
    ageColumn,
  ],
});
export interface Ingress extends ObjectOf<typeof Ingresses> {}
