// Rules a Service must pass beyond those of single fields. Addresses and node ports it lacks are given after these passed.
// upstream: pkg/apis/core/validation/validation.go, ValidateService and ValidateServiceUpdate
import { child, duplicate, forbidden, index, invalid, key, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { cidrVersion, ipVersion, isDNS1123Subdomain, isQualifiedName, isValidCIDR, isValidIP, isValidPortNum } from '../../apimachinery/names.ts';
import { validateLabels } from '../../schema/metadata-validation.ts';
import type { ObjectHead } from '../../schema/resource.ts';
import { clusterIPFaults, clusterIPUpdateFaults } from './cluster-ip-validation.ts';
import { externallyAccessible, headless, isHeadless, needsHealthCheckNodePort, trafficPolicies, type LoadBalancerStatus, type ServiceSpec } from './service-spec.ts';
import { specialAddressFaults } from './special-addresses.ts';

interface ServiceObject extends ObjectHead { spec: ServiceSpec }

const messages = (path: string, value: unknown, texts: readonly string[]): Fault[] => texts.map((text) => invalid(path, value, text));
const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";
const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';

function typeFaults(spec: ServiceSpec): Fault[] {
  switch (spec.type) {
    case 'LoadBalancer': case 'NodePort':
      return isHeadless(spec) ? [invalid('spec.clusterIPs[0]', headless, `may not be set to 'None' for ${spec.type} services`)] : [];
    case 'ExternalName': {
      const name = (spec.externalName ?? '').replace(/\.$/, '');
      return [
        ...(['clusterIPs', 'ipFamilies'] as const).filter((field) => spec[field]?.length).map((field) => forbidden(`spec.${field}`, 'may not be set for ExternalName services')),
        ...(spec.ipFamilyPolicy === undefined ? [] : [forbidden('spec.ipFamilyPolicy', 'may not be set for ExternalName services')]),
        ...(name ? messages('spec.externalName', name, isDNS1123Subdomain(name)) : [required('spec.externalName')]),
      ];
    }
    default: return [];
  }
}

function portFaults(spec: ServiceSpec): Fault[] {
  const ports = spec.ports ?? [];
  const faults: Fault[] = [];
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') faults.push(required('spec.ports'));
  const names = new Set<string>();
  const numbers = new Set<string>();
  const nodePorts = new Set<string>();
  ports.forEach(({ name, port, protocol, nodePort }, i) => {
    const path = index('spec.ports', i);
    if (!name && ports.length > 1) faults.push(required(child(path, 'name')));
    if (name && names.has(name)) faults.push(duplicate(child(path, 'name'), name));
    names.add(name ?? '');
    if (nodePort) {
      if (spec.type === 'ClusterIP') faults.push(forbidden(child(path, 'nodePort'), "may not be used when `type` is 'ClusterIP'"));
      if (nodePorts.has(`${protocol}/${nodePort}`)) faults.push(duplicate(child(path, 'nodePort'), nodePort));
      nodePorts.add(`${protocol}/${nodePort}`);
    }
    if (numbers.has(`${protocol}/${port}`)) faults.push(duplicate(path, { protocol, port }));
    numbers.add(`${protocol}/${port}`);
  });
  return faults;
}

function affinityFaults({ sessionAffinity, sessionAffinityConfig: config }: ServiceSpec): Fault[] {
  const path = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None') return config ? [forbidden(path, 'must not be set when session affinity is None')] : [];
  if (sessionAffinity !== 'ClientIP') return [];
  const seconds = config?.clientIP?.timeoutSeconds;
  if (seconds === undefined) return [required(`${path}.clientIP.timeoutSeconds`, `when session affinity type is ${sessionAffinity}`)];
  return seconds > 0 && seconds <= 86400 ? [] : [invalid(`${path}.clientIP.timeoutSeconds`, seconds, 'must be greater than 0 and less than 86400')];
}

function loadBalancerFaults({ metadata, spec }: ServiceObject): Fault[] {
  const faults: Fault[] = [];
  const balanced = spec.type === 'LoadBalancer';
  const annotation = metadata.annotations?.[sourceRangesAnnotation];
  if (spec.loadBalancerSourceRanges?.length) {
    // The capital letter is upstream's, and clients know it.
    const path = 'spec.LoadBalancerSourceRanges';
    if (!balanced) faults.push(forbidden(path, onlyLoadBalancer));
    spec.loadBalancerSourceRanges.forEach((range, i) => faults.push(...messages(index(path, i), range.trim(), isValidCIDR(range.trim()))));
  } else if (annotation !== undefined) {
    const path = key('metadata.annotations', sourceRangesAnnotation);
    if (!balanced) faults.push(forbidden(path, onlyLoadBalancer));
    if (annotation.trim() !== '') for (const range of annotation.split(',')) if (cidrVersion(range.trim()) === 0) faults.push(...messages(path, range.trim(), isValidCIDR(range.trim())));
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balanced) faults.push(forbidden('spec.allocateLoadBalancerNodePorts', onlyLoadBalancer));
  if (spec.loadBalancerClass !== undefined) faults.push(...(balanced ? messages('spec.loadBalancerClass', spec.loadBalancerClass, isQualifiedName(spec.loadBalancerClass)) : [forbidden('spec.loadBalancerClass', onlyLoadBalancer)]));
  return faults;
}

function trafficPolicyFaults(spec: ServiceSpec): Fault[] {
  const faults: Fault[] = [];
  if (!externallyAccessible(spec)) {
    if (spec.externalTrafficPolicy) faults.push(invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'may only be set for externally-accessible services'));
  } else if (!spec.externalTrafficPolicy) faults.push(required('spec.externalTrafficPolicy'));
  else if (!trafficPolicies.includes(spec.externalTrafficPolicy)) faults.push(notSupported('spec.externalTrafficPolicy', spec.externalTrafficPolicy, trafficPolicies));
  const port = spec.healthCheckNodePort ?? 0;
  if (port === 0) return faults;
  if (needsHealthCheckNodePort(spec)) faults.push(...messages('spec.healthCheckNodePort', port, isValidPortNum(port)));
  else faults.push(invalid('spec.healthCheckNodePort', port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"));
  return faults;
}

function updateFaults(spec: ServiceSpec, old: ServiceSpec): Fault[] {
  const faults = clusterIPUpdateFaults(spec, old);
  if (spec.type === 'LoadBalancer' && old.type === 'LoadBalancer' && spec.loadBalancerClass !== old.loadBalancerClass) faults.push(invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'));
  if (needsHealthCheckNodePort(old) && needsHealthCheckNodePort(spec) && spec.healthCheckNodePort !== old.healthCheckNodePort) faults.push(forbidden('spec.healthCheckNodePort', 'field is immutable'));
  return faults;
}

const topologyMode = 'service.kubernetes.io/topology-mode';
const topologyHints = 'service.kubernetes.io/topology-aware-hints';
function topologyFaults({ metadata: { annotations = {} } }: ServiceObject): Fault[] {
  const [mode, hints] = [annotations[topologyMode], annotations[topologyHints]];
  return mode === undefined || hints === undefined || mode === hints ? []
    : [invalid(key('metadata.annotations', topologyMode), mode, `must match annotations[${topologyHints}] when both are specified`)];
}

export function serviceFaults(service: ServiceObject, old?: ServiceObject): Fault[] {
  const { spec } = service;
  return [
    ...topologyFaults(service),
    ...(old ? updateFaults(spec, old.spec) : []),
    ...typeFaults(spec),
    ...portFaults(spec),
    ...validateLabels(spec.selector, 'spec.selector'),
    ...affinityFaults(spec),
    ...clusterIPFaults(spec),
    ...(spec.externalIPs ?? []).flatMap((ip, i) => {
      const path = index('spec.externalIPs', i);
      return ipVersion(ip) === 0 ? messages(path, ip, isValidIP(ip)) : specialAddressFaults(ip, path);
    }),
    ...loadBalancerFaults(service),
    ...trafficPolicyFaults(spec),
  ];
}

/** Faults of what a load balancer's controller reports. */
export function loadBalancerStatusFaults({ ingress = [] }: LoadBalancerStatus, path: string, spec: ServiceSpec): Fault[] {
  const ingressPath = child(path, 'ingress');
  if (spec.type !== 'LoadBalancer') return ingress.length ? [forbidden(ingressPath, "may only be used when `spec.type` is 'LoadBalancer'")] : [];
  return ingress.flatMap(({ ip, ipMode, hostname }, i) => {
    const at = index(ingressPath, i);
    const modePath = child(at, 'ipMode');
    const faults = ip ? messages(child(at, 'ip'), ip, isValidIP(ip)) : [];
    if (ipMode === undefined) { if (ip) faults.push(required(modePath, 'must be specified when `ip` is set')); }
    else if (!ip) faults.push(forbidden(modePath, 'may not be specified when `ip` is not set'));
    else if (ipMode !== 'VIP' && ipMode !== 'Proxy') faults.push(notSupported(modePath, ipMode, ['Proxy', 'VIP']));
    if (hostname) {
      faults.push(...messages(child(at, 'hostname'), hostname, isDNS1123Subdomain(hostname)));
      if (ipVersion(hostname) !== 0) faults.push(invalid(child(at, 'hostname'), hostname, 'must be a DNS name, not an IP address'));
    }
    return faults;
  });
}
