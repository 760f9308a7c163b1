// An extension API server in this process: HTTPS on a loopback port, which takes nobody's word for who asks but the front proxy's. It
// serves discovery, OpenAPI and flunders.wardle.example.com from memory.
import { createServer, type Server } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createAuthority, issue } from '../../master/pki/certificates.ts';

export const group = 'wardle.example.com';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;
const place = `apis/${apiVersion}`;

export interface Flunder { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly resourceVersion: string; readonly labels?: Record<string, string>; readonly ownerReferences?: readonly object[] } }
export interface Seen { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders; readonly certificate: string }

export interface ExtensionServer {
  readonly port: number;
  /** base64 of the PEM its certificate is signed by. */
  readonly caBundle: string;
  /** Requests that the front proxy passed on, oldest first. */
  readonly seen: Seen[];
  readonly flunders: Map<string, Flunder>;
  /** Of the user's that are open. */
  watches(user: string): number;
  /** Whether it knows aggregated discovery; older ones do not. */
  aggregated: boolean;
  /** What it answers to everything while it is not well. */
  fault: number | undefined;
  close(): Promise<void>;
}

const resource = { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'watch'], shortNames: ['fl'] };
const status = { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] };
const listType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const groupList = {
  kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {},
  items: [{ metadata: { name: group }, versions: [{ version, freshness: 'Current', resources: [{
    resource: resource.name, responseKind: { group, version, kind: 'Flunder' }, scope: 'Namespaced', singularResource: 'flunder', verbs: resource.verbs, shortNames: resource.shortNames,
    subresources: [{ subresource: 'status', responseKind: { group: '', version: '', kind: 'Flunder' }, verbs: ['get'] }],
  }] }] }],
};

const swaggerTag = '"1"';
const swagger = {
  swagger: '2.0', info: { title: 'extension', version: '1' }, parameters: { pretty: { name: 'pretty', in: 'query', type: 'string', uniqueItems: true } },
  paths: {
    [`/${place}/namespaces/{namespace}/flunders`]: { get: { operationId: 'listFlunder', parameters: [{ $ref: '#/parameters/pretty' }], responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/com.example.wardle.Flunder' } } } } },
    '/version/': { get: { responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/Info' } } } } },
  },
  definitions: {
    'com.example.wardle.Flunder': { type: 'object', description: 'A flunder.', properties: { metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' } }, 'x-kubernetes-group-version-kind': [{ group, version, kind: 'Flunder' }] },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { type: 'object', properties: { name: { type: 'string' } } }, 'Info': { type: 'object' },
  },
};

/** `serverName`: what its certificate is for; `clientCA`: of the front proxy. */
export async function startExtensionServer(serverName: string, clientCA: string): Promise<ExtensionServer> {
  const authority = await createAuthority('extension-ca');
  const { cert, key } = await issue(authority, { commonName: serverName, usage: 'server', dnsNames: [serverName] });
  const flunders = new Map<string, Flunder>();
  const watches = new Map<ServerResponse, unknown>();
  const seen: Seen[] = [];
  let revision = 1;
  const tell = (type: string, object: Flunder): void => { for (const watch of watches.keys()) watch.write(`${JSON.stringify({ type, object })}\n`); };
  const remove = (one: Flunder): void => {
    flunders.delete(`${one.metadata.namespace}/${one.metadata.name}`);
    tell('DELETED', { ...one, metadata: { ...one.metadata, resourceVersion: String(++revision) } });
  };

  const objects = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const parts = url.pathname.split('/').slice(4);
    const namespace = parts[0] === 'namespaces' ? parts[1] : undefined;
    const name = namespace === undefined ? undefined : parts[3];
    const among = [...flunders.values()].filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
    const one = name === undefined ? undefined : flunders.get(`${namespace}/${name}`);
    if (name === 'away') return void response.writeHead(302, { location: '/elsewhere' }).end();
    if (name !== undefined && !one) return json(response, 404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', message: `flunders.${group} "${name}" not found`, code: 404 });
    if (url.searchParams.get('watch')) {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      watches.set(response, request.headers['x-remote-user']);
      response.on('close', () => watches.delete(response));
      return;
    }
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const sent = JSON.parse(Buffer.concat(chunks).toString()) as Flunder;
      const created = { ...sent, apiVersion, kind: 'Flunder', metadata: { ...sent.metadata, namespace: namespace!, uid: `uid-${++revision}`, resourceVersion: String(revision), creationTimestamp: '2026-01-01T00:00:00Z' } };
      flunders.set(`${namespace}/${created.metadata.name}`, created);
      tell('ADDED', created);
      return json(response, 201, created);
    }
    if (request.method === 'DELETE') {
      for (const gone of one ? [one] : among) remove(gone);
      return json(response, 200, { kind: 'Status', apiVersion: 'v1', status: 'Success' });
    }
    return json(response, 200, one ?? { kind: 'FlunderList', apiVersion, metadata: { resourceVersion: String(revision) }, items: among });
  };

  const extension: Pick<ExtensionServer, 'aggregated' | 'fault'> = { aggregated: true, fault: undefined };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { authorized, certificate } = shownBy(request);
    if (!authorized) return json(response, 401, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Unauthorized', code: 401 });
    seen.push({ method: request.method!, url: request.url!, headers: request.headers, certificate });
    const url = new URL(request.url!, 'https://extension');
    if (extension.fault !== undefined) return void response.writeHead(extension.fault).end('not well');
    if (url.pathname === '/apis' && extension.aggregated && String(request.headers.accept).includes('APIGroupDiscoveryList')) return json(response, 200, groupList, listType);
    if (url.pathname === `/${place}`) return json(response, 200, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion, resources: [resource, status] });
    if (url.pathname === '/openapi/v2') {
      if (request.headers['if-none-match'] === swaggerTag) return void response.writeHead(304).end();
      return json(response.setHeader('etag', swaggerTag), 200, swagger);
    }
    if (url.pathname === '/openapi/v3') return json(response, 200, { paths: { version: { serverRelativeURL: '/openapi/v3/version?hash=1' }, [place]: { serverRelativeURL: `/openapi/v3/${place}?hash=ABC` } } });
    if (url.pathname === `/openapi/v3/${place}`) return json(response, 200, { openapi: '3.0.0', info: { title: 'extension' }, paths: {} });
    if (url.pathname.startsWith(`/${place}/`)) return void objects(request, response, url).catch(() => response.destroy());
    return void response.writeHead(404).end('404 page not found');
  };
  const server: Server = createServer({ cert, key, ca: clientCA, requestCert: true, rejectUnauthorized: false }, answer);
  // What comes after the switch comes back in capitals.
  server.on('upgrade', (request: IncomingMessage, socket: TLSSocket) => {
    seen.push({ method: request.method!, url: request.url!, headers: request.headers, certificate: shownBy(request).certificate });
    socket.on('error', () => socket.destroy());
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\n`);
    socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return Object.assign(extension, {
    port: (server.address() as AddressInfo).port, caBundle: Buffer.from(authority.cert).toString('base64'), seen, flunders,
    watches: (user: string) => [...watches.values()].filter((one) => one === user).length,
    close: () => new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  });
}

function shownBy(request: IncomingMessage): { authorized: boolean; certificate: string } {
  const socket = request.socket as TLSSocket;
  const name = (socket.getPeerCertificate().subject as { CN?: string } | undefined)?.CN ?? '';
  return { authorized: socket.authorized && name === 'front-proxy-client', certificate: name };
}

function json(response: ServerResponse, code: number, value: unknown, type = 'application/json'): void {
  response.writeHead(code, { 'content-type': type, 'access-control-allow-origin': '*' }).end(JSON.stringify(value));
}
