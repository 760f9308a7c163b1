// From `dray token create` to a node's certificate, over HTTPS, with the master's controllers: what the token may, and each way to be
// refused.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { discover, requestCredentials } from '../../src/cli/join-bootstrap.ts';
import { createToken, deleteTokens, listTokens, type TokenCreateOptions } from '../../src/cli/token.ts';
import { parseBootstrapToken, bootstrapTokenSecret, type BootstrapToken, type BootstrapTokenOptions } from '../../src/api/core/bootstrap-token.ts';
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { Secrets } from '../../src/api/core/secret.ts';
import { SelfSubjectReviews } from '../../src/api/authentication/self-subject-review.ts';
import { caHash } from '../../src/client/ca-hash.ts';
import { Client } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import { realClock, timestamp } from '../../src/util/clock.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';

let api: HttpsApi;
let admin: Client;
let server: string;
let hash: string;
beforeAll(async () => {
  api = await startHttpsApi({ controllers: true });
  admin = new Client(api.transport(api.admin));
  ({ server } = api.admin);
  hash = caHash(api.authority.cert);
});
afterAll(() => api.stop());

const options: TokenCreateOptions = { ttl: '24h', usages: 'signing,authentication', groups: 'system:bootstrappers:kubeadm:default-node-token' };
const make = (more: Partial<TokenCreateOptions> = {}, text?: string): Promise<string> => createToken(admin, text, { ...options, ...more }, Date.now());
const tokenOf = (line: string): BootstrapToken => parseBootstrapToken(/--token (\S+)/.exec(line)![1]!)!;
const store = (token: BootstrapToken, more: Partial<BootstrapTokenOptions> = {}, extra: object = {}): Promise<unknown> => {
  const secret = bootstrapTokenSecret(token, { usages: ['signing', 'authentication'], groups: [], ...more });
  return admin.create(Secrets, { ...secret, stringData: { ...secret.stringData, ...extra } } as never);
};
const ask = (token: BootstrapToken, nodeName: string): Promise<{ cert: string; key: string }> => requestCredentials({ server, ca: api.authority.cert, token, nodeName });

test('the line a token prints is what another host needs', async () => {
  const line = await make({ description: 'for host 2' });
  expect(line).toBe(`dray join ${server} --token ${/--token (\S+)/.exec(line)![1]} --ca-hash ${hash}`);
  const token = tokenOf(line);
  expect(await discover(server, hash, realClock)).toBe(api.authority.cert);
  const access = await ask(token, 'node2');
  const certificate = new X509Certificate(access.cert);
  expect(certificate.subject.split('\n').sort()).toEqual(['CN=system:node:node2', 'O=system:nodes']);
  expect(certificate.checkPrivateKey(createPrivateKey(access.key))).toBe(true);
  expect(Date.parse(certificate.validTo) - Date.now()).toBeGreaterThan(300 * 24 * 3600_000);
  const node = new Client(api.transport({ server, ca: api.authority.cert, ...access }));
  await node.create(Nodes, { metadata: { name: 'node2' } });
  await expect(node.create(Nodes, { metadata: { name: 'node3' } })).rejects.toMatchObject({ code: 403 });
});

test('who shows a token is known as upstream says, and may no more than join', async () => {
  const token = { id: 'whoami', secret: '0123456789abcdef' };
  await store(token, { groups: ['system:bootstrappers:x'] });
  const transport = new HttpTransport({ access: { server, ca: api.authority.cert, cert: '', key: '' }, userAgent: 'test', token: 'whoami.0123456789abcdef' });
  const host = new Client(transport);
  const { status } = await host.create<any>(SelfSubjectReviews, {});
  expect(status.userInfo).toMatchObject({ username: 'system:bootstrap:whoami', groups: ['system:bootstrappers', 'system:bootstrappers:x', 'system:authenticated'] });
  await expect(host.list(Secrets, { namespace: 'kube-system' })).rejects.toMatchObject({ code: 403 });
  await expect(host.create(Nodes, { metadata: { name: 'n' } })).rejects.toMatchObject({ code: 403 });
  await transport.close();
});

test.each<[string, (token: BootstrapToken) => Promise<unknown>]>([
  ['another secret', (token) => store({ ...token, secret: 'fedcba9876543210' })],
  ['no Secret', () => Promise.resolve()],
  ['an end in the past', (token) => store(token, { expiration: '2020-01-01T00:00:00Z' })],
  ['an end nobody can read', (token) => store(token, { expiration: 'soon' })],
  ['another usage alone', (token) => store(token, { usages: ['signing'] })],
  ['a group it may not give', (token) => store(token, {}, { 'auth-extra-groups': 'system:masters' })],
])('a token with %s is refused', async (name, put) => {
  const token = { id: `${name.replace(/[^a-z]/g, '')}zzzzzz`.slice(-12, -6).padStart(6, 'a'), secret: '0123456789abcdef' };
  await put(token);
  await expect(ask(token, 'node9')).rejects.toThrow(`--token: ${server} does not take the token with id "${token.id}": it is wrong, expired or deleted`);
});

test('another authority, another server, another clock and a name in use are one line each', async () => {
  const other = `sha256:${'0'.repeat(64)}`;
  await expect(discover(server, other, realClock)).rejects.toThrow(`--ca-hash: the authority of ${server} has ${hash}, not ${other}`);
  await expect(discover(server, hash, { now: () => Date.now() - 3605_000 })).rejects.toThrow("the clock of this host is 60m behind the master's");
  await expect(discover('https://127.0.0.1:1', hash, realClock)).rejects.toThrow('the master at https://127.0.0.1:1 cannot be reached: connect ECONNREFUSED');
  const { cert, key } = await api.access('somebody', [], true);
  // One that repeats what the master says, with a certificate of its own.
  const stolen = JSON.stringify(await admin.get(ConfigMaps, { namespace: 'kube-public', name: 'cluster-info' }));
  let body = 'hello';
  const impostor = createServer({ cert, key }, (_request, response) => response.end(body)).listen(0, '127.0.0.1');
  await new Promise((resolve) => impostor.once('listening', resolve));
  const address = `https://127.0.0.1:${(impostor.address() as AddressInfo).port}`;
  await expect(discover(address, hash, realClock)).rejects.toThrow(`${address} is no master of a Dray cluster`);
  body = stolen;
  await expect(discover(address, hash, realClock)).rejects.toThrow(`the master at ${address} cannot be trusted`);
  impostor.close();
  await admin.create(Nodes, { metadata: { name: 'taken' } });
  const token = tokenOf(await make());
  await expect(ask(token, 'taken')).resolves.toMatchObject({ cert: expect.any(String) as string });
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', lastHeartbeatTime: timestamp(Date.now()), lastTransitionTime: timestamp(Date.now()) };
  await admin.patch(Nodes, { name: 'taken' }, { status: { conditions: [ready] } }, { subresource: 'status' });
  await expect(ask(token, 'taken')).rejects.toThrow('--node-name: a node called "taken" is Ready in this cluster already');
});

test('cluster-info is for everybody, signed by each token as long as there is one, and nothing else is', async () => {
  const anybody = new Client(api.memory('system:anonymous', 'system:unauthenticated'));
  const info = { namespace: 'kube-public', name: 'cluster-info' };
  const { id } = tokenOf(await make());
  const signed = async (wanted: boolean): Promise<void> => {
    for await (const { object } of admin.watch(ConfigMaps, { namespace: 'kube-public', fieldSelector: 'metadata.name=cluster-info', resourceVersion: '0' })) if (Object.hasOwn(object.data ?? {}, `jws-kubeconfig-${id}`) === wanted) return;
  };
  await signed(true);
  // Its time over, the token is deleted and its signature goes.
  await admin.patch(Secrets, { namespace: 'kube-system', name: `bootstrap-token-${id}` }, { stringData: { expiration: timestamp(Date.now() + 1000) } });
  await signed(false);
  await expect(admin.get(Secrets, { namespace: 'kube-system', name: `bootstrap-token-${id}` })).rejects.toMatchObject({ code: 404 });
  expect((await anybody.get(ConfigMaps, info)).data!['kubeconfig']).toContain(server);
  await expect(anybody.get(ConfigMaps, { namespace: 'kube-system', name: 'extension-apiserver-authentication' })).rejects.toMatchObject({ code: 403 });
  await expect(anybody.list(ConfigMaps, { namespace: 'kube-public' })).rejects.toMatchObject({ code: 403 });
});

test('tokens are listed and deleted by id or whole', async () => {
  const [first, second] = [await make({ ttl: '0', description: 'for ever' }, 'listed.0123456789abcdef'), await make({ usages: 'authentication', groups: '' })].map(tokenOf) as [BootstrapToken, BootstrapToken];
  const table = (await listTokens(admin, Date.now())).split('\n').map((line) => line.split(/ {3,}/));
  expect(table[0]).toEqual(['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS']);
  expect(table).toContainEqual(['listed.0123456789abcdef', '<forever>', '<never>', 'signing,authentication', 'for ever', options.groups]);
  expect(table.find(([text]) => text === `${second.id}.${second.secret}`)).toEqual([`${second.id}.${second.secret}`, '23h', expect.stringMatching(/Z$/), 'authentication', '<none>', '<none>']);
  const said: string[] = [];
  await deleteTokens(admin, [first.id, `${second.id}.${second.secret}`], (line) => said.push(line));
  expect(said).toEqual([`bootstrap token "${first.id}" deleted`, `bootstrap token "${second.id}" deleted`]);
  await expect(deleteTokens(admin, [first.id], () => undefined)).rejects.toThrow(`there is no token with id "${first.id}"`);
  await expect(ask(first, 'node9')).rejects.toThrow('wrong, expired or deleted');
});

test.each<[string, Partial<TokenCreateOptions>, string | undefined, string]>([
  ['a lifetime', { ttl: 'day' }, undefined, '--ttl: time: invalid duration "day"'], ['a negative lifetime', { ttl: '-1h' }, undefined, '--ttl: -1h is negative'], ['a usage', { usages: 'signing,joining' }, undefined, '--usages: joining is none of signing, authentication'],
  ['a group', { groups: 'system:masters' }, undefined, '--groups: system:masters does not begin with'], ['a token', {}, 'abc', 'the token must be of the form'], ['a token that is there', {}, 'twice0.0123456789abcdef', 'a token with id "twice0" already exists'],
])('%s that is wrong', async (_, more, text, message) => {
  if (text === 'twice0.0123456789abcdef') await make({}, text);
  await expect(make(more, text)).rejects.toThrow(message);
});
