// Connections to what is in the cluster: a Pod through the tunnel of its node's agent, other addresses from here.
// upstream: kube-aggregator pkg/apiserver/resolvers.go (ResolveEndpoint) for webhooks behind a Service
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { Service } from '../../../src/api/core/service.ts';
import type { EndpointSlice } from '../../../src/api/discovery/endpoint-slice.ts';
import type { Registry } from '../../registry/registry.ts';
import type { ServicePort } from '../../registry/webhook-client.ts';
import type { Tunnels } from '../tunnel.ts';
import { serviceLocation, type Location } from './location.ts';

const connectTimeoutMs = 10_000;

export const unreachable = (why: string): errors.StatusError => errors.serviceUnavailable(`error trying to reach service: ${why}`);
/** One of so many that are as good as each other. */
export const anyOf = (count: number): number => Math.floor(Math.random() * count);

export function slicesOf(registry: Registry, namespace: string, service: string): EndpointSlice[] {
  const { prefix } = registry.find('discovery.k8s.io', 'v1', 'endpointslices')!;
  return [...registry.cache.list(`${prefix}${namespace}/`)].map((stored) => stored.object as unknown as EndpointSlice).filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === service);
}

/** A connection to the place, with TLS on it where asked for. @throws StatusError 503 */
export async function open(tunnels: Tunnels, { scheme, address, port, pod }: Location): Promise<Duplex> {
  const socket = pod ? await dialPod(tunnels, pod, port) : connectTcp({ host: address, port, timeout: connectTimeoutMs });
  // As upstream: a Pod's certificate names nothing that could be checked here.
  return scheme === 'https' ? connectTls({ socket, rejectUnauthorized: false }) : socket;
}

/** A connection to a ready endpoint of a Service's port, for a webhook. @throws StatusError 404, 503 */
export async function dialService(registry: Registry, tunnels: Tunnels, { namespace, name, port }: ServicePort): Promise<Duplex> {
  const found = registry.find('', 'v1', 'services')!.find(namespace, name);
  if (!found) throw new errors.StatusError(404, 'NotFound', `service ${JSON.stringify(name)} not found`);
  const service = found.object as unknown as Service;
  if (service.spec.type === 'ExternalName') return open(tunnels, { scheme: 'http', address: service.spec.externalName!, port });
  return open(tunnels, serviceLocation(service, slicesOf(registry, namespace, name), name, { scheme: 'http', name, port: String(port) }, anyOf));
}

/** The agent of the Pod's node connects to the Pod; its answer to an upgrade becomes the connection. */
async function dialPod(tunnels: Tunnels, { namespace, name, node }: NonNullable<Location['pod']>, port: number): Promise<Duplex> {
  const socket = await tunnels.dial(node);
  return new Promise((resolve, reject) => {
    const path = `/tcp/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/${port}`;
    const outgoing = httpRequest({ path, headers: { host: node, connection: 'Upgrade', upgrade: 'dray-tcp' }, createConnection: () => socket as never });
    outgoing.once('upgrade', (_response, connection, head) => {
      if (head.length) connection.unshift(head);
      resolve(connection);
    });
    outgoing.once('response', (response) => void text(response).then((why) => reject(unreachable(why)), reject));
    outgoing.once('error', (error) => reject(unreachable(error.message)));
    outgoing.end();
  });
}

async function text(response: IncomingMessage): Promise<string> {
  let all = '';
  for await (const chunk of response) all += String(chunk);
  return all.trim();
}
