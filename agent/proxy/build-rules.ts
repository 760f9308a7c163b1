// From Services and EndpointSlices to the proxy's rules: which ports are opened where, and which endpoints stand behind them.
// Pure. (upstream: pkg/proxy/topology.go, pkg/proxy/serviceport.go)
import type { Service, ServicePort } from '../../src/api/core/service.ts';
import { serviceNameLabel, type EndpointPort, type EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import { containsRange, formatCIDR, parseCIDR } from '../../src/util/cidr.ts';
import type { DnsTable } from '../dns/table.ts';
import type { Backend, ProxyRules, ServicePortRule } from './rules.ts';

export type ProxyMode = 'auto' | 'http' | 'relay' | 'nftables';

export interface RulesInput {
  readonly services: Iterable<Service>;
  readonly endpointSlices: Iterable<EndpointSlice>;
  /** The node the rules are for: Local traffic policies keep only its endpoints. */
  readonly nodeName: string;
  /** The zone the node is in (`topology.kubernetes.io/zone`): endpoints with hints for it are preferred. */
  readonly zone?: string | undefined;
  readonly mode: ProxyMode;
  /** Whether the kernel can carry what `auto` gives it; else the relay does. */
  readonly kernel?: boolean;
  /** What the rules are known to include; by default the newest resourceVersion among the objects. */
  readonly revision?: number;
  readonly dns?: DnsTable;
}

/** Another program carries the Service, or nobody does: its clients go to the Pods themselves. (upstream: cmd/kube-proxy/app/server.go, the selectors of its informers) */
const othersLabels = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'];
/** Whether Service or slice is for the proxy of the nodes. */
export const isProxied = ({ metadata: { labels } }: Service | EndpointSlice): boolean => !othersLabels.some((label) => labels?.[label] !== undefined);

interface Endpoint extends Backend { readonly ready: boolean; readonly servingTerminating: boolean; readonly forZones: readonly string[] }

export function buildRules(input: RulesInput): ProxyRules {
  let revision = input.revision ?? 0;
  const slices = new Map<string, EndpointSlice[]>();
  for (const slice of input.endpointSlices) {
    if (input.revision === undefined) revision = Math.max(revision, Number(slice.metadata.resourceVersion ?? 0));
    const service = slice.metadata.labels?.[serviceNameLabel];
    if (!service || slice.addressType !== 'IPv4' || !isProxied(slice)) continue;
    const key = `${slice.metadata.namespace}/${service}`;
    const known = slices.get(key);
    if (known) known.push(slice);
    else slices.set(key, [slice]);
  }
  const ports: ServicePortRule[] = [];
  for (const service of input.services) {
    if (input.revision === undefined) revision = Math.max(revision, Number(service.metadata.resourceVersion ?? 0));
    if (!isProxied(service)) continue;
    const key = `${service.metadata.namespace}/${service.metadata.name}`;
    for (const port of service.spec?.ports ?? []) {
      const rule = portRule(input, key, service, port, slices.get(key) ?? []);
      if (rule) ports.push(rule);
    }
  }
  ports.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { revision, ports, ...(input.dns ? { dns: input.dns } : {}) };
}

function portRule(input: RulesInput, key: string, service: Service, port: ServicePort, slices: EndpointSlice[]): ServicePortRule | undefined {
  const spec = service.spec!;
  const protocol = port.protocol ?? 'TCP';
  const clusterIPs = (spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? '']).filter(isIPv4);
  // Headless and ExternalName Services have no address to serve; SCTP has no worker.
  if (spec.type === 'ExternalName' || clusterIPs.length === 0 || (protocol !== 'TCP' && protocol !== 'UDP')) return undefined;
  const endpoints = endpointsOf(slices, spec, port);
  const local = endpoints.filter((endpoint) => endpoint.nodeName === input.nodeName);
  const anywhere = near(endpoints, input.zone);
  const ranges = sourceRanges(spec);
  return {
    id: `${key}:${port.name ?? ''}`,
    protocol,
    mode: modeOf(input, protocol, port),
    clusterIPs,
    externalIPs: (spec.externalIPs ?? []).filter(isIPv4),
    port: port.port,
    nodePort: port.nodePort ?? 0,
    loadBalancer: spec.type === 'LoadBalancer',
    ...(ranges.length > 0 ? { sourceRanges: ranges } : {}),
    affinitySeconds: spec.sessionAffinity === 'ClientIP' ? spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800 : 0,
    internal: usable(spec.internalTrafficPolicy === 'Local' ? local : anywhere),
    external: usable(spec.externalTrafficPolicy === 'Local' ? local : anywhere),
  };
}

/** The endpoints hinted at for this zone, where every ready one has hints and there is one for it; else all of them. */
function near(endpoints: readonly Endpoint[], zone: string | undefined): readonly Endpoint[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  if (!zone || ready.some(({ forZones }) => forZones.length === 0)) return endpoints;
  const here = ready.filter(({ forZones }) => forZones.includes(zone));
  return here.length > 0 ? here : endpoints;
}

/** Ready endpoints; while there is none, those that still serve on their way out. */
function usable(endpoints: readonly Endpoint[]): Backend[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  return (ready.length > 0 ? ready : endpoints.filter((endpoint) => endpoint.servingTerminating))
    .map(({ address, port, pod, nodeName }) => ({ address, port, pod, nodeName }));
}

const samePort = (port: ServicePort) => (candidate: EndpointPort): boolean =>
  (candidate.name ?? '') === (port.name ?? '') && (candidate.protocol ?? 'TCP') === (port.protocol ?? 'TCP');

/**
 * A port that is renamed has its old name in the slices until their controller has rewritten them (or they are here before the
 * Service is): its number is the same, and no port of the Service has the name.
 */
const renamedPort = (spec: NonNullable<Service['spec']>, port: ServicePort) => (candidate: EndpointPort): boolean =>
  Object.keys(spec.selector ?? {}).length > 0 && candidate.port === (port.targetPort ?? port.port)
  && (candidate.protocol ?? 'TCP') === (port.protocol ?? 'TCP') && !(spec.ports ?? []).some((other) => samePort(other)(candidate));

function endpointsOf(slices: readonly EndpointSlice[], spec: NonNullable<Service['spec']>, port: ServicePort): Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    const target = slice.ports?.find(samePort(port)) ?? slice.ports?.find(renamedPort(spec, port));
    if (!target?.port) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0];
      if (!address) continue;
      const ready = endpoint.conditions?.ready ?? true;
      const serving = endpoint.conditions?.serving ?? ready;
      const terminating = endpoint.conditions?.terminating ?? false;
      const pod = endpoint.targetRef?.kind === 'Pod' ? `${endpoint.targetRef.namespace ?? slice.metadata.namespace}/${endpoint.targetRef.name}` : '';
      const key = `${address}:${target.port}`;
      // While slices are rewritten an endpoint may stand in two of them: the ready entry counts.
      if (found.get(key)?.ready) continue;
      found.set(key, { address, port: target.port, pod, nodeName: endpoint.nodeName ?? '', ready: ready || spec.publishNotReadyAddresses === true, servingTerminating: serving && terminating, forZones: endpoint.hints?.forZones?.map(({ name }) => name) ?? [] });
    }
  }
  return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port));
}

function modeOf({ mode, kernel }: RulesInput, protocol: 'TCP' | 'UDP', port: ServicePort): ServicePortRule['mode'] {
  if (mode === 'relay' || mode === 'nftables') return mode;
  if (protocol === 'TCP' && (mode === 'http' || isHttp(port))) return 'http';
  return mode === 'auto' && kernel ? 'nftables' : 'relay';
}

function isHttp(port: ServicePort): boolean {
  const declared = port.appProtocol?.toLowerCase();
  if (declared) return declared === 'http' || declared === 'kubernetes.io/ws';
  const name = port.name ?? '';
  return name === 'http' || name.startsWith('http-');
}

/** Who may come by the load balancer: the IPv4 ranges that are in no other, as those of a set must not overlap; none where anybody may. */
function sourceRanges({ type, loadBalancerSourceRanges }: NonNullable<Service['spec']>): string[] {
  if (type !== 'LoadBalancer') return [];
  const ranges = (loadBalancerSourceRanges ?? []).flatMap((text) => parseCIDR(text.trim()) ?? []);
  if (ranges.some(({ prefix }) => prefix === 0)) return [];
  const widest = ranges.filter((range) => !ranges.some((other) => other.prefix < range.prefix && containsRange(other, range)));
  return [...new Set(widest.map(formatCIDR))];
}

const isIPv4 = (address: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(address);
