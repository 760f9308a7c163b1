// The fields of a Service, with the defaults that need no cluster: addresses and node ports are given by the registry.
// upstream: staging/src/k8s.io/api/core/v1/types.go, pkg/apis/core/v1/defaults.go (SetDefaults_Service)
import { child, invalid } from '../../apimachinery/fault.ts';
import { isValidPort } from '../../apimachinery/names.ts';
import { condition } from '../../schema/object-meta.ts';
import { array, boolean, field, int32, intOrString, map, object, string, types, type FieldsValue } from '../../schema/schema.ts';

export const serviceTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'] as const;
export const portProtocols = ['SCTP', 'TCP', 'UDP'] as const;
export const trafficPolicies: readonly string[] = ['Cluster', 'Local'];
/** The `clusterIP` of a headless Service. */
export const headless = 'None';

export const servicePort = object('ServicePort', {
  name: string(1, { format: 'dns1123Label', doc: 'Name of the port, unique in the Service; needed when there are several.' }),
  protocol: string(2, { default: 'TCP', tellsDefault: true, enum: portProtocols, doc: 'TCP, UDP or SCTP.' }),
  appProtocol: string(6, { pointer: true, format: 'qualifiedName', doc: 'What is spoken on the port, for example http; a hint for what carries the traffic.' }),
  port: int32(3, { required: true, minimum: 1, maximum: 65535, doc: 'Port the Service listens on.' }),
  targetPort: intOrString(4, { written: true, doc: 'Port of the Pods, by number or by name; the same as port when left out.' }),
  nodePort: int32(5, { doc: 'Port on every node, for type NodePort and LoadBalancer; chosen when left out.' }),
}, {
  doc: 'One port of a Service.',
  defaults: (port) => { if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port; },
  validate: ({ targetPort }, path) => isValidPort(targetPort).map((message) => invalid(child(path, 'targetPort'), targetPort, message)),
});
export interface ServicePort extends FieldsValue<typeof servicePort.fields> {}

export const clientIPConfig = object('ClientIPConfig', {
  timeoutSeconds: int32(1, { pointer: true, doc: 'Seconds a client stays with its Pod, at most 86400.' }),
}, { doc: 'How long a client address is remembered.' });

export const sessionAffinityConfig = object('SessionAffinityConfig', {
  clientIP: field(1, clientIPConfig, { doc: 'For affinity ClientIP.' }),
}, { doc: 'Details of session affinity.' });

const defaultAffinitySeconds = 10800;
interface SpecDefaults { type: string; sessionAffinity: string; externalIPs?: string[]; externalTrafficPolicy?: string; internalTrafficPolicy?: string; allocateLoadBalancerNodePorts?: boolean; sessionAffinityConfig?: { clientIP?: { timeoutSeconds?: number } } }

/** Whether traffic may come from outside: by node port, load balancer or external address. */
export const externallyAccessible = (spec: { type: string; externalIPs?: readonly string[] }): boolean =>
  spec.type === 'LoadBalancer' || spec.type === 'NodePort' || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);

function specDefaults(value: Record<string, any>): void {
  const spec = value as SpecDefaults;
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: defaultAffinitySeconds } };
  if (externallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

export const serviceSpec = object('ServiceSpec', {
  ports: array(1, servicePort, { listType: 'map', keys: ['port', 'protocol'], patchStrategy: 'merge', patchMergeKey: 'port', doc: 'Ports the Service offers.' }),
  selector: map(2, types.string, { mapType: 'atomic', doc: 'Labels of the Pods traffic goes to; empty when endpoints are kept by someone else.' }),
  clusterIP: string(3, { doc: 'Address of the Service inside the cluster, None for a headless one; chosen when left out.' }),
  clusterIPs: array(18, types.string, { listType: 'atomic', doc: 'All addresses inside the cluster, the first equal to clusterIP; at most one per family.' }),
  type: string(4, { default: 'ClusterIP', enum: serviceTypes, doc: 'ClusterIP, NodePort, LoadBalancer or ExternalName: how far the Service can be reached.' }),
  externalIPs: array(5, types.string, { listType: 'atomic', doc: 'Further addresses that nodes accept traffic for; somebody else routes them here.' }),
  sessionAffinity: string(7, { default: 'None', enum: ['ClientIP', 'None'], doc: 'ClientIP keeps a client with one Pod, None does not.' }),
  loadBalancerIP: string(8, { doc: 'Address wished for the load balancer; support varies.' }),
  loadBalancerSourceRanges: array(9, types.string, { listType: 'atomic', doc: 'Client ranges the load balancer lets through.' }),
  externalName: string(10, { doc: 'Name that DNS answers with, for type ExternalName.' }),
  externalTrafficPolicy: string(11, { enum: trafficPolicies, unjudged: true, doc: 'For traffic from outside: Cluster spreads over all Pods, Local stays on the node and keeps the client address.' }),
  healthCheckNodePort: int32(12, { doc: 'Port load balancers ask a node on, for type LoadBalancer with policy Local; chosen when left out.' }),
  publishNotReadyAddresses: boolean(13, { doc: 'True announces Pods that are not ready too.' }),
  sessionAffinityConfig: field(14, sessionAffinityConfig, { doc: 'Details of session affinity.' }),
  ipFamilies: array(19, types.string, { listType: 'atomic', doc: 'Address families of the Service: IPv4, IPv6 or both.' }),
  ipFamilyPolicy: string(17, { pointer: true, enum: ['PreferDualStack', 'RequireDualStack', 'SingleStack'], doc: 'Whether one or both address families are wanted.' }),
  allocateLoadBalancerNodePorts: boolean(20, { pointer: true, doc: 'False spares node ports for a load balancer that does not need them.' }),
  loadBalancerClass: string(21, { pointer: true, doc: 'Which load balancer implementation serves this; cannot change once set.' }),
  internalTrafficPolicy: string(22, { pointer: true, enum: trafficPolicies, doc: 'For traffic from inside: Cluster spreads over all Pods, Local stays on the node.' }),
  trafficDistribution: string(23, { pointer: true, enum: ['PreferClose'], doc: 'PreferClose sends traffic to near endpoints first.' }),
}, { doc: 'The Service as it is wanted.', defaults: specDefaults });
export interface ServiceSpec extends FieldsValue<typeof serviceSpec.fields> {}

export const portStatus = object('PortStatus', {
  port: int32(1, { required: true, unchecked: true, doc: 'Port the entry is about.' }),
  protocol: string(2, { required: true, unchecked: true, doc: 'TCP, UDP or SCTP.' }),
  error: string(3, { pointer: true, doc: 'Why the port is not served.' }),
}, { doc: 'State of one port of a load balancer.' });

export const loadBalancerIngress = object('LoadBalancerIngress', {
  ip: string(1, { doc: 'Address of the load balancer.' }),
  hostname: string(2, { doc: 'DNS name of the load balancer.' }),
  ipMode: string(3, { pointer: true, doc: 'VIP: packets arrive with this address; Proxy: the balancer sends to a node or a Pod.' }),
  ports: array(4, portStatus, { listType: 'atomic', doc: 'State of each port; empty when all are well.' }),
}, { doc: 'A place where traffic for the Service enters.' });
export interface LoadBalancerIngress extends FieldsValue<typeof loadBalancerIngress.fields> {}

export const loadBalancerStatus = object('LoadBalancerStatus', {
  ingress: array(1, loadBalancerIngress, { listType: 'atomic', doc: 'Where traffic for the Service enters.' }),
}, { doc: 'State of a load balancer.' });
export interface LoadBalancerStatus extends FieldsValue<typeof loadBalancerStatus.fields> {}

export const serviceStatus = object('ServiceStatus', {
  loadBalancer: field(1, loadBalancerStatus, { written: true, doc: 'State of the load balancer, when there is one.' }),
  conditions: array(2, condition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the Service.' }),
}, { doc: 'The Service as it is.' });
export interface ServiceStatus extends FieldsValue<typeof serviceStatus.fields> {}

export const isHeadless = (spec: { clusterIPs?: readonly string[] }): boolean => spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === headless;
/** All types but ExternalName have cluster addresses. */
export const needsClusterIP = (spec: { type: string }): boolean => spec.type !== 'ExternalName';
export const needsNodePort = (spec: { type: string; allocateLoadBalancerNodePorts?: boolean }): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
/** A load balancer that keeps traffic on the node asks each node whether it has Pods. */
export const needsHealthCheckNodePort = (spec: { type: string; externalTrafficPolicy?: string }): boolean => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
