// Gives Services their cluster IPs and node ports, and takes them back. What is taken is learnt from the stored Services at
// start, so there is no second record that could disagree. (upstream: registry/core/service/storage/alloc.go)
import { invalid, type Fault } from '../../src/apimachinery/fault.ts';
import * as errors from '../../src/apimachinery/status-error.ts';
import type { ApiObject } from '../../src/schema/resource.ts';
import type { Allocation, StorageHooks } from './resource-store.ts';

export interface ServiceRanges {
  /** `10.43.0.0/16` */
  readonly serviceCIDR: string;
  readonly nodePorts: { readonly first: number; readonly last: number };
}

interface Port { name?: string; protocol?: string; port: number; nodePort?: number }
interface Spec { type?: string; clusterIP?: string; clusterIPs?: string[]; ports?: Port[]; healthCheckNodePort?: number; externalTrafficPolicy?: string; allocateLoadBalancerNodePorts?: boolean; ipFamilies?: string[]; ipFamilyPolicy?: string }

const toNumber = (ip: string): number => ip.split('.').reduce((n, part) => n * 256 + Number(part), 0);
const toText = (n: number): string => [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join('.');

export interface ServiceAllocation {
  readonly hooks: StorageHooks;
  /** Records what a stored Service holds. */
  claim(service: ApiObject): void;
}

export function serviceAllocation(ranges: ServiceRanges): ServiceAllocation {
  const [base, bits] = ranges.serviceCIDR.split('/') as [string, string];
  const first = toNumber(base) + 1;
  const size = 2 ** (32 - Number(bits)) - 2;
  // The low part is kept for addresses people choose by hand (upstream: the static band of the range).
  const band = Math.min(256, Math.max(16, Math.floor(size / 16)));
  const addresses = new Map<string, string>();
  const nodePorts = new Map<string, string>();
  const isIPv4 = (ip: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(ip);
  const inRange = (ip: string): boolean => isIPv4(ip) && toNumber(ip) >= first && toNumber(ip) < first + size;

  /** By UID: a Service made again under its old name is another holder. */
  const ownerOf = (service: ApiObject): string => service.metadata.uid;
  const hasClusterIP = (spec: Spec): boolean => spec.type !== 'ExternalName' && spec.clusterIP !== 'None';
  const wantsNodePorts = (spec: Spec): boolean => spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);

  function refuse(service: ApiObject, faults: Fault[]): never {
    throw errors.invalid('', 'Service', service.metadata.name, faults);
  }

  function pickAddress(service: ApiObject): string {
    const span = size - band;
    const offset = Math.floor(Math.random() * span);
    for (let i = 0; i < span; i++) {
      const ip = toText(first + band + ((offset + i) % span));
      if (!addresses.has(ip)) return ip;
    }
    for (let i = 0; i < band; i++) if (!addresses.has(toText(first + i))) return toText(first + i);
    throw errors.internal(`failed to allocate IP for Service ${service.metadata.namespace}/${service.metadata.name}: range is full`);
  }
  function pickPort(protocol: string): number {
    const { first: low, last: high } = ranges.nodePorts;
    const span = high - low + 1;
    const offset = Math.floor(Math.random() * span);
    for (let i = 0; i < span; i++) {
      const port = low + ((offset + i) % span);
      if (!nodePorts.has(`${protocol}/${port}`)) return port;
    }
    throw errors.internal('failed to allocate a nodePort: range is full');
  }

  /** Claims in a map, remembered so that a failed write gives them back. */
  function ledger(owner: string): { claim(map: Map<string, string>, key: string): boolean; undo(): void } {
    const claimed: [Map<string, string>, string][] = [];
    return {
      claim(map, key) {
        const holder = map.get(key);
        if (holder === owner) return true;
        if (holder !== undefined) return false;
        map.set(key, owner);
        claimed.push([map, key]);
        return true;
      },
      undo() { for (const [map, key] of claimed) map.delete(key); },
    };
  }

  function begin(service: ApiObject, old: ApiObject | undefined): Allocation {
    const spec = service['spec'] as Spec;
    const oldSpec = old?.['spec'] as Spec | undefined;
    const owner = ownerOf(service);
    const book = ledger(owner);
    const faults: Fault[] = [];
    if (!hasClusterIP(spec)) {
      if (spec.type === 'ExternalName') { delete spec.clusterIP; delete spec.clusterIPs; delete spec.ipFamilies; delete spec.ipFamilyPolicy; }
      else { spec.clusterIPs = ['None']; spec.ipFamilies ??= ['IPv4']; spec.ipFamilyPolicy ??= 'SingleStack'; }
    } else {
      if (!spec.clusterIP && oldSpec?.clusterIP && oldSpec.clusterIP !== 'None' && oldSpec.type !== 'ExternalName') spec.clusterIP = oldSpec.clusterIP;
      if (!spec.clusterIP && spec.clusterIPs?.[0]) spec.clusterIP = spec.clusterIPs[0];
      if (spec.clusterIP) {
        if (!inRange(spec.clusterIP)) faults.push(invalid('spec.clusterIPs', [spec.clusterIP], `failed to allocate IP ${spec.clusterIP}: the provided IP (${spec.clusterIP}) is not in the valid range. The range of valid IPs is ${ranges.serviceCIDR}`));
        else if (!book.claim(addresses, spec.clusterIP)) faults.push(invalid('spec.clusterIPs', [spec.clusterIP], `failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`));
      } else {
        spec.clusterIP = pickAddress(service);
        book.claim(addresses, spec.clusterIP);
      }
      spec.clusterIPs = [spec.clusterIP];
      spec.ipFamilies ??= ['IPv4'];
      spec.ipFamilyPolicy ??= 'SingleStack';
    }
    allocateNodePorts(spec, oldSpec, book, faults);
    if (faults.length) {
      book.undo();
      refuse(service, faults);
    }
    // What the Service no longer needs is free only once the store agrees.
    return { undo: () => book.undo(), commit: () => { if (old) releaseUnused(old, service); } };
  }

  function allocateNodePorts(spec: Spec, oldSpec: Spec | undefined, book: ReturnType<typeof ledger>, faults: Fault[]): void {
    const { first: low, last: high } = ranges.nodePorts;
    const ports = spec.ports ?? [];
    const wanted = wantsNodePorts(spec);
    for (const [i, port] of ports.entries()) {
      const protocol = port.protocol ?? 'TCP';
      if (!wanted) {
        // A Service that became a ClusterIP gives up the ports it had, not ports the client just asked for.
        if (oldSpec && port.nodePort && oldSpec.ports?.some((p) => p.nodePort === port.nodePort)) delete port.nodePort;
        continue;
      }
      if (!port.nodePort) {
        const same = oldSpec?.ports?.find((p) => p.nodePort && p.port === port.port && (p.protocol ?? 'TCP') === protocol && !ports.some((q) => q.nodePort === p.nodePort && (q.protocol ?? 'TCP') === protocol));
        if (same?.nodePort) port.nodePort = same.nodePort;
      }
      if (port.nodePort) {
        if (port.nodePort < low || port.nodePort > high) faults.push(invalid(`spec.ports[${i}].nodePort`, port.nodePort, `provided port is not in the valid range. The range of valid ports is ${low}-${high}`));
        else if (!book.claim(nodePorts, `${protocol}/${port.nodePort}`)) faults.push(invalid(`spec.ports[${i}].nodePort`, port.nodePort, 'provided port is already allocated'));
      } else {
        port.nodePort = pickPort(protocol);
        book.claim(nodePorts, `${protocol}/${port.nodePort}`);
      }
    }
    if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') {
      if (!spec.healthCheckNodePort) spec.healthCheckNodePort = oldSpec?.healthCheckNodePort || pickPort('TCP');
      const { healthCheckNodePort } = spec;
      if (healthCheckNodePort < low || healthCheckNodePort > high) faults.push(invalid('spec.healthCheckNodePort', healthCheckNodePort, `provided port is not in the valid range. The range of valid ports is ${low}-${high}`));
      else if (!book.claim(nodePorts, `TCP/${healthCheckNodePort}`)) faults.push(invalid('spec.healthCheckNodePort', healthCheckNodePort, 'provided port is already allocated'));
    } else delete spec.healthCheckNodePort;
  }

  function held(service: ApiObject): { addresses: string[]; ports: string[] } {
    const spec = service['spec'] as Spec;
    return {
      addresses: hasClusterIP(spec) && spec.clusterIP ? [spec.clusterIP] : [],
      ports: [...(spec.ports ?? []).filter((p) => p.nodePort).map((p) => `${p.protocol ?? 'TCP'}/${p.nodePort}`), ...(spec.healthCheckNodePort ? [`TCP/${spec.healthCheckNodePort}`] : [])],
    };
  }
  function releaseUnused(old: ApiObject, now: ApiObject | undefined): void {
    const owner = ownerOf(old);
    const before = held(old);
    const after = now ? held(now) : { addresses: [], ports: [] };
    for (const ip of before.addresses) if (!after.addresses.includes(ip) && addresses.get(ip) === owner) addresses.delete(ip);
    for (const port of before.ports) if (!after.ports.includes(port) && nodePorts.get(port) === owner) nodePorts.delete(port);
  }

  return {
    hooks: { begin, deleted: (object) => releaseUnused(object, undefined) },
    claim(service) {
      const owner = ownerOf(service);
      const { addresses: ips, ports } = held(service);
      for (const ip of ips) addresses.set(ip, owner);
      for (const port of ports) nodePorts.set(port, owner);
    },
  };
}
