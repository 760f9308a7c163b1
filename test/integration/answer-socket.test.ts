// Watches over WebSockets, as browsers and clients of other languages ask for them.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Client } from '../../src/client/client.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';

let api: HttpsApi;
let client: Client;
beforeAll(async () => {
  api = await startHttpsApi();
  client = new Client(api.transport(api.admin));
});
afterAll(() => api.stop());

const path = '/api/v1/namespaces/default/configmaps';
const open = (query: string, options: WebSocket.ClientOptions = {}, protocols: string[] = []): WebSocket => {
  const { server, ca, cert, key } = api.admin;
  return new WebSocket(`${server.replace('https', 'wss')}${path}?${query}`, protocols, { ca, cert, key, origin: 'https://example.com', ...options });
};
/** The status and text a handshake is refused with. */
async function refused(socket: WebSocket): Promise<[status: number | undefined, text: string]> {
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return [response.statusCode, text];
}

it.each<[protocols: string[]]>([[[]], [['of-mine']]])('each event is a text, until the watch is over; protocols %j', async (protocols) => {
  const { resourceVersion } = (await client.list(ConfigMaps, { namespace: 'default' })).metadata;
  const socket = open(`watch=true&timeoutSeconds=2&resourceVersion=${resourceVersion}`, {}, protocols);
  const seen: string[] = [];
  socket.on('message', (data, binary) => {
    const { type, object } = JSON.parse(String(data)) as { type: string; object: { metadata: { name: string } } };
    seen.push(`${binary ? 'binary' : 'text'} ${type} ${object.metadata.name}`);
  });
  await once(socket, 'open');
  expect(socket.protocol).toBe(protocols[0] ?? '');
  socket.send('nobody listens');
  const name = `told-${protocols.length}`;
  await client.create(ConfigMaps, { metadata: { name, namespace: 'default' } });
  await client.delete(ConfigMaps, { name, namespace: 'default' });
  const [code] = (await once(socket, 'close')) as [number];
  expect([code, seen]).toEqual([1000, [`text ADDED ${name}`, `text DELETED ${name}`]]);
});

it('in protobuf an event is a binary message', async () => {
  await client.create(ConfigMaps, { metadata: { name: 'there', namespace: 'default' } });
  const socket = open('watch=true&resourceVersion=0', { headers: { accept: 'application/vnd.kubernetes.protobuf' } });
  const [data, binary] = (await once(socket, 'message')) as [Buffer, boolean];
  expect([binary, data.includes('k8s\0')]).toEqual([true, true]);
  socket.close();
  await once(socket, 'close');
});

it('ends with its client', async () => {
  const watched = (): boolean => api.registry.cache.isWatched('/registry/core/configmaps/');
  const first = open('watch=true');
  await once(first, 'open');
  while (!watched()) await new Promise((resolve) => setTimeout(resolve, 5));
  first.terminate();
  await once(first, 'close');
  while (watched()) await new Promise((resolve) => setTimeout(resolve, 5));
});

it('is refused like any request', async () => {
  expect(await refused(open('watch=true', { origin: undefined as never }))).toEqual([403, 'null origin\n']);
  const [status, text] = await refused(open('watch=true&resourceVersion=abc'));
  expect([status, JSON.parse(text)]).toMatchObject([400, { kind: 'Status', reason: 'BadRequest' }]);
  const { ca, server } = api.admin;
  expect((await refused(new WebSocket(`${server.replace('https', 'wss')}${path}?watch=true`, { ca, origin: 'https://example.com' })))[0]).toBe(403);
  expect((await refused(open('watch=true', { headers: { 'impersonate-group': 'without-a-user' } })))[0]).toBe(500);
});
