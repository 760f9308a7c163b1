// Where a request below /proxy of a Pod, Service or node goes. The name may carry a scheme and a port: `web`, `web:80`, `https:web:443`.
// upstream: apimachinery util/net/port_split.go, registry/core/pod/strategy.go (ResourceLocation), registry/core/service/storage (ResourceLocation),
// registry/core/node/strategy.go (ResourceLocation)
import { isIPv4 } from 'node:net';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { Node } from '../../../src/api/core/node.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import type { Service } from '../../../src/api/core/service.ts';
import type { EndpointSlice } from '../../../src/api/discovery/endpoint-slice.ts';

export interface ProxyName { readonly scheme: 'http' | 'https'; readonly name: string; /** '' when the request names none. */ readonly port: string }
export interface Location {
  readonly scheme: 'http' | 'https';
  readonly address: string;
  readonly port: number;
  /** The Pod behind the address, which the agent of its node reaches; other addresses are reached from here. */
  readonly pod?: { readonly namespace: string; readonly name: string; readonly node: string };
}

/** Undefined when the text is no such name. */
export function splitName(text: string): ProxyName | undefined {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 1 ? ['', parts[0]] : parts.length === 2 ? ['', ...parts] : parts;
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme)) return undefined;
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

const defaultPorts = { http: 80, https: 443 } as const;

/** An address that means another host than the one it is used on. */
function isGlobalUnicast(address: string | undefined): address is string {
  return address !== undefined && isIPv4(address) && !/^(0\.|127\.|169\.254\.|22[4-9]\.|23\d\.|24\d\.|25[0-5]\.)/.test(address);
}

/** The kubelet's port, as clients name it: here it is no port of the host but its agent's own connection. upstream: cluster/ports (KubeletPort) */
const kubeletPort = '10250';

/** Another server of the node's host; undefined for its kubelet. @throws StatusError */
export function nodeLocation(node: Node, { scheme, port }: ProxyName): Location | undefined {
  if (port === '' || port === kubeletPort) return undefined;
  const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  if (!isGlobalUnicast(address)) throw errors.badRequest('address not allowed');
  return { scheme, address, port: portNumber(port) };
}

/** @throws StatusError */
function portNumber(port: string | number): number {
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw errors.badRequest(`invalid port ${JSON.stringify(port)}`);
  return number;
}

/** @throws StatusError */
export function podLocation(pod: Pod, { scheme, port }: ProxyName): Location {
  const address = pod.status?.podIP;
  if (!isGlobalUnicast(address) || !pod.spec.nodeName) throw errors.badRequest('address not allowed');
  const first = pod.spec.containers.flatMap((container) => container.ports ?? [])[0]?.containerPort;
  return { scheme, address, port: portNumber(port === '' ? (first ?? defaultPorts[scheme]) : port), pod: { namespace: pod.metadata.namespace!, name: pod.metadata.name, node: pod.spec.nodeName } };
}

/** One ready endpoint of the Service; `choose` picks an index below its argument. @throws StatusError */
export function serviceLocation(service: Service, slices: readonly EndpointSlice[], text: string, { scheme, port }: ProxyName, choose: (count: number) => number): Location {
  let portName = port;
  if (/^\d+$/.test(port)) {
    const found = (service.spec.ports ?? []).find((p) => p.port === Number(port));
    if (!found) throw errors.serviceUnavailable(`no service port ${Number(port)} found for service ${JSON.stringify(text)}`);
    portName = found.name ?? '';
  }
  const candidates = slices.flatMap((slice) => (slice.ports ?? []).filter((p) => (p.name ?? '') === portName && p.port).flatMap((p) =>
    (slice.endpoints ?? []).filter((e) => e.conditions?.ready ?? true).map((endpoint) => ({ endpoint, port: p.port! }))));
  const chosen = candidates[choose(candidates.length)];
  if (!chosen) throw errors.serviceUnavailable(`no endpoints available for service ${JSON.stringify(text)}`);
  const { endpoint } = chosen;
  const address = endpoint.addresses[0];
  if (!isGlobalUnicast(address)) throw errors.badRequest('address not allowed');
  const { targetRef, nodeName } = endpoint;
  const pod = targetRef?.kind === 'Pod' && nodeName ? { namespace: targetRef.namespace ?? service.metadata.namespace!, name: targetRef.name!, node: nodeName } : undefined;
  return { scheme, address, port: chosen.port, ...(pod ? { pod } : {}) };
}
