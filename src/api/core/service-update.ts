// What a Service keeps when it is written again: addresses and ports the client left out, and fields a new type makes void.
// Runs before validation, and before the registry gives what is still missing.
// upstream: pkg/registry/core/service/strategy.go (dropTypeDependentFields), storage/storage.go (normalizeClusterIPs, patchAllocatedValues)
import { needsClusterIP, needsHealthCheckNodePort, needsNodePort, type ServiceSpec, externallyAccessible } from './service-spec.ts';
import { equalJson } from '../../util/json.ts';

/** A client may name only `clusterIP`: the list follows it. */
export function completeClusterIPs(spec: ServiceSpec): void {
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
}

const same = (spec: ServiceSpec, old: ServiceSpec, field: keyof ServiceSpec): boolean => equalJson(spec[field], old[field]);

/** Clients that know only one of `clusterIP` and `clusterIPs` change that one: the other follows. */
function followClusterIP(spec: ServiceSpec, old: ServiceSpec): void {
  if (old.clusterIPs?.length && !spec.clusterIPs?.length && old.clusterIP === spec.clusterIP) spec.clusterIPs = [...old.clusterIPs];
  if ((old.clusterIP ?? '') === (spec.clusterIP ?? '') || !same(spec, old, 'clusterIPs')) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

const nodePorts = (spec: ServiceSpec): number[] => (spec.ports ?? []).map((port) => port.nodePort ?? 0);

/** Fields that the old type needed, the new one does not have, and the client did not touch. */
function dropVoidFields(spec: ServiceSpec, old: ServiceSpec): void {
  const drop = (applies: (spec: ServiceSpec) => boolean, fields: readonly (keyof ServiceSpec)[]): void => {
    if (applies(old) && !applies(spec)) for (const field of fields) if (same(spec, old, field)) delete spec[field];
  };
  drop(needsClusterIP, ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']);
  if (needsNodePort(old) && !needsNodePort(spec) && equalJson(nodePorts(spec), nodePorts(old))) for (const port of spec.ports ?? []) delete port.nodePort;
  drop(needsHealthCheckNodePort, ['healthCheckNodePort']);
  drop((s) => s.type === 'LoadBalancer', ['loadBalancerClass', 'allocateLoadBalancerNodePorts']);
  drop(externallyAccessible, ['externalTrafficPolicy']);
}

/** Node ports go by the port's name; one that another port now claims is not given twice. */
function keepNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const now = new Set(nodePorts(spec));
  const used = new Set(nodePorts(old).filter((port) => port !== 0 && now.has(port)));
  const byName = new Map((old.ports ?? []).map((port) => [port.name ?? '', port.nodePort ?? 0]));
  for (const port of spec.ports ?? []) {
    const kept = byName.get(port.name ?? '') ?? 0;
    if (port.nodePort || kept === 0 || used.has(kept)) continue;
    port.nodePort = kept;
    used.add(kept);
  }
}

function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIP(old) && needsClusterIP(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP && old.clusterIPs) spec.clusterIPs = [...old.clusterIPs];
  }
  if (needsNodePort(old) && needsNodePort(spec)) keepNodePorts(spec, old);
  if (needsHealthCheckNodePort(old) && needsHealthCheckNodePort(spec) && !spec.healthCheckNodePort && old.healthCheckNodePort) spec.healthCheckNodePort = old.healthCheckNodePort;
}

/** Makes an update whole; `spec` is changed in place. */
export function completeUpdate(spec: ServiceSpec, old: ServiceSpec): void {
  followClusterIP(spec, old);
  dropVoidFields(spec, old);
  keepAllocated(spec, old);
}
