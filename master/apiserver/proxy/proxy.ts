// The proxy subresource of Pods, Services and nodes: a request, or a connection that asks for an upgrade, is passed on as it is.
// (dial.ts connects.) upstream: apimachinery util/proxy/upgradeaware.go, transport.go
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { pipeline, type Duplex, type Readable } from 'node:stream';
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from 'node:zlib';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { Node } from '../../../src/api/core/node.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import type { Service } from '../../../src/api/core/service.ts';
import { joinConnections } from '../../../src/util/join-connections.ts';
import type { Registry } from '../../registry/registry.ts';
import type { SubresourceHandler } from '../api-server.ts';
import { admitConnection } from '../connect-admission.ts';
import type { AdmittedRequest, Answer } from '../request.ts';
import { protocolsWithoutToken } from '../tokens/websocket-protocol.ts';
import type { Tunnels } from '../tunnel.ts';
import { anyOf, open, slicesOf, unreachable } from './dial.ts';
import { htmlLinks, rewriteLink, type Place } from './html-links.ts';
import { nodeLocation, podLocation, serviceLocation, splitName } from './location.ts';

/** Of one connection each way, and what tells who calls: not for whoever is behind the proxy. */
export const dropped = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|authorization|impersonate-.*|http2-settings|:.*)$/i;
const protocolHeader = 'sec-websocket-protocol';

/** `{prefix}/proxy` and what follows, as they came. */
function split(request: Pick<AdmittedRequest, 'path' | 'info'>): { prefix: string; rest: string } {
  const [prefix = ''] = /^.*?\/(?:pods|services|nodes)\/[^/]+\/proxy/.exec(request.path) ?? [];
  return { prefix, rest: request.path.slice(prefix.length) };
}

interface Target { readonly host: string; connect(): Promise<Duplex> }

/** @throws StatusError */
function targetOf(registry: Registry, tunnels: Tunnels, { info }: AdmittedRequest): Target {
  const name = splitName(info.name);
  if (!name) throw errors.badRequest(`invalid ${info.resource.slice(0, -1)} request ${JSON.stringify(info.name)}`);
  const object = registry.find('', 'v1', info.resource)!.get(info.namespace, name.name).object as unknown;
  const location = info.resource === 'nodes' ? nodeLocation(object as Node, name) : info.resource === 'pods'
    ? podLocation(object as Pod, name)
    : serviceLocation(object as Service, slicesOf(registry, info.namespace, name.name), info.name, name, anyOf);
  if (!location) return { host: name.name, connect: () => tunnels.dial(name.name) };
  return { host: `${location.address}:${location.port}`, connect: () => open(tunnels, location) };
}

function forwarded(request: AdmittedRequest, prefix: string, rest: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined && !dropped.test(name)) headers[name] = value;
  const protocols = protocolsWithoutToken(headers[protocolHeader] ?? '');
  if (protocols) headers[protocolHeader] = protocols;
  else delete headers[protocolHeader];
  const host = request.headers['host'] ?? request.headers[':authority'];
  return {
    ...headers, ...(host ? { host, 'x-forwarded-host': host } : {}), 'x-forwarded-proto': 'https', 'x-forwarded-uri': `${prefix}${rest}`,
    'x-forwarded-for': [request.headers['x-forwarded-for'], request.peer.address].filter(Boolean).join(', '),
  };
}

/** Rules of the place about who may read its answers from other pages would be rules about the API server. */
export const ofOrigins: ReadonlySet<string> = new Set(['access-control-allow-credentials', 'access-control-allow-headers', 'access-control-allow-methods', 'access-control-allow-origin']);

function backwards(headers: IncomingHttpHeaders, place: Place): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined && !dropped.test(name) && !ofOrigins.has(name)) result[name] = Array.isArray(value) ? value.join(', ') : value;
  if (result['location']) result['location'] = rewriteLink(result['location'], place);
  return result;
}

const codings: Readonly<Record<string, () => [Duplex, Duplex]>> = { gzip: () => [createGunzip(), createGzip()], deflate: () => [createInflateRaw(), createDeflateRaw()] };
const withoutBody: ReadonlySet<number> = new Set([204, 304]);

/** The answer of the place as the client gets it: links of a page lead back here. */
function answerOf(response: IncomingMessage, method: string, place: Place): Answer {
  const headers = backwards(response.headers, place);
  const answer = { kind: 'raw', status: response.statusCode!, headers } as const;
  const coding = headers['content-encoding'] ?? '';
  const isPage = headers['content-type']?.split(';')[0]!.trim() === 'text/html' && !headers['location'];
  // A coding nobody knows here passes as it is.
  if (!isPage || (coding !== '' && !Object.hasOwn(codings, coding))) return { ...answer, body: response as AsyncIterable<Uint8Array> };
  delete headers['content-length'];
  if (method === 'HEAD' || withoutBody.has(response.statusCode!)) return { ...answer, body: response as AsyncIterable<Uint8Array> };
  const [decode, encode] = codings[coding]?.() ?? [];
  const stages = [response, ...(decode ? [decode] : []), htmlLinks(place), ...(encode ? [encode] : [])] as const;
  // What breaks ends all of it, and whoever reads the last sees why.
  pipeline(stages as unknown as readonly [IncomingMessage, Duplex], () => undefined);
  return { ...answer, body: stages.at(-1) as AsyncIterable<Uint8Array> };
}

const queryOf = ({ query }: AdmittedRequest): string => (query.size ? `?${query.toString()}` : '');

export function proxyHandler(tunnels: Tunnels): SubresourceHandler {
  return async (request, { registry }): Promise<Answer> => {
    await admitConnection(registry, request);
    const { prefix, rest } = split(request);
    const target = targetOf(registry, tunnels, request);
    // Relative links of a page need the slash.
    if (rest === '' && (request.method === 'GET' || request.method === 'HEAD')) return { kind: 'raw', status: 301, headers: { location: `${request.path}/${queryOf(request)}` }, body: Buffer.alloc(0) };
    const socket = await target.connect();
    const headers = forwarded(request, prefix, rest);
    const place: Place = { prefix, host: target.host, askedHost: headers['host'] ?? '' };
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({ method: request.method, path: `${rest || '/'}${queryOf(request)}`, headers: { ...headers, connection: 'close' }, createConnection: () => socket as never, signal: request.signal });
      outgoing.once('response', (response) => {
        response.once('close', () => socket.destroy());
        resolve(answerOf(response, request.method, place));
      });
      outgoing.once('error', (error) => { socket.destroy(); reject(unreachable(error.message)); });
      const body: Readable | undefined = request.stream;
      if (body && request.method !== 'GET' && request.method !== 'HEAD') body.pipe(outgoing);
      else outgoing.end();
    });
  };
}

/** A connection that asks for another protocol: carried byte for byte once the other side has answered. @throws StatusError */
export async function proxyConnection(registry: Registry, tunnels: Tunnels, request: AdmittedRequest, raw: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  await admitConnection(registry, request);
  const { prefix, rest } = split(request);
  const upstream = await targetOf(registry, tunnels, request).connect();
  const headers = { ...forwarded(request, prefix, rest), connection: 'Upgrade', upgrade: raw.headers.upgrade ?? '' };
  const lines = [`${raw.method} ${rest || '/'}${queryOf(request)} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
  upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length) upstream.write(head);
  joinConnections(upstream, socket);
}
