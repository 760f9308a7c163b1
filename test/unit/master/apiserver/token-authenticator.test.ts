// Where a token is shown, and how often its signature is checked.
import { FakeClock } from '../../../../src/util/clock.ts';
import { silentLog } from '../../../../src/util/log.ts';
import { tokenAuthenticator } from '../../../../master/apiserver/tokens/authenticator.ts';
import { boundClaims, issuer } from '../../../../master/apiserver/tokens/claims.ts';
import { protocolsWithoutToken } from '../../../../master/apiserver/tokens/websocket-protocol.ts';
import type { Registry } from '../../../../master/registry/registry.ts';

const clock = new FakeClock();
const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a', namespace: 'n', uid: 'u' } } as never;
let exists = true;
let checked = 0;
const registry = { find: () => ({ find: () => (exists ? { object: account } : undefined) }) } as unknown as Registry;
const verify = (token: string): Promise<any> => {
  checked++;
  return Promise.resolve(token === 'good' ? boundClaims({ account, audiences: [issuer], expirationSeconds: 600 }, clock.now(), 'id') : undefined);
};
const ask = (headers: Record<string, string>): Promise<string | undefined> => {
  const authenticator = tokenAuthenticator({ verify }, registry, clock, silentLog);
  return Promise.resolve(authenticator.authenticate({ headers } as never)).then((user) => user?.name);
};
const name = 'system:serviceaccount:n:a';
const inProtocol = `base64url.bearer.authorization.k8s.io.${Buffer.from('good').toString('base64url')}`;

it.each<[string, Record<string, string>, string | undefined]>([
  ['as a bearer', { authorization: 'Bearer good' }, name],
  ['whatever the case', { authorization: 'bearer  good ' }, name],
  ['not as anything else', { authorization: 'Basic good' }, undefined],
  ['when it is of somebody else\'s issuer', { authorization: 'Bearer foreign' }, undefined],
  ['among the protocols of a WebSocket', { upgrade: 'websocket', 'sec-websocket-protocol': `v5.channel.k8s.io, ${inProtocol}` }, name],
  ['not without one', { 'sec-websocket-protocol': inProtocol }, undefined],
  ['not when another upgrade is asked for', { upgrade: 'SPDY/3.1', 'sec-websocket-protocol': `v5.channel.k8s.io, ${inProtocol}` }, undefined],
])('a token is taken %s', async (_, headers, expected) => { expect(await ask(headers)).toBe(expected); });

const protocol = (bytes: string | Uint8Array): string => `base64url.bearer.authorization.k8s.io.${Buffer.from(bytes as string).toString('base64url')}`;
it.each([
  ['alone, so that there is no protocol to agree on', inProtocol],
  ['twice', `v5.channel.k8s.io, ${inProtocol}, ${inProtocol}`],
  ['padded', `v5.channel.k8s.io, ${inProtocol}==`],
  ['as no text', `v5.channel.k8s.io, ${protocol(Uint8Array.of(0xff, 0xfe))}`],
])('a token among the protocols %s is refused', async (_, header) => {
  await expect(ask({ 'upgrade': 'websocket', 'sec-websocket-protocol': header })).rejects.toThrow('Unauthorized');
});
it('whoever is behind the server gets the other protocols', () => {
  expect(protocolsWithoutToken(`v5.channel.k8s.io, ${inProtocol}, v4.channel.k8s.io`)).toBe('v5.channel.k8s.io, v4.channel.k8s.io');
  expect(protocolsWithoutToken('a,b')).toBe('a,b');
  expect(protocolsWithoutToken(inProtocol)).toBeUndefined();
});

it('a signature is checked once, what the token names every time', async () => {
  const authenticator = tokenAuthenticator({ verify }, registry, clock, silentLog);
  const again = (): Promise<unknown> => Promise.resolve(authenticator.authenticate({ headers: { authorization: 'Bearer good' } } as never));
  checked = 0;
  await again();
  await again();
  expect(checked).toBe(1);
  exists = false;
  await expect(again()).rejects.toThrow('Unauthorized');
  exists = true;
  await again();
  expect(checked).toBe(2);
});
