// Bootstrap tokens as text, as Secrets and as signers of cluster-info.
import {
  bootstrapTokenSecret, bootstrapTokenText, detachedSignature, isBootstrapGroup, newBootstrapToken, parseBootstrapToken, readBootstrapToken, tokenTimeLeft, type BootstrapTokenOptions,
} from '../../../../src/api/core/bootstrap-token.ts';
import type { Secret } from '../../../../src/api/core/secret.ts';
import { signedInfo } from '../../../../master/controllers/bootstrap/bootstrap-signer.ts';

const token = { id: 'abcdef', secret: '0123456789abcdef' };
const options: BootstrapTokenOptions = { usages: ['signing', 'authentication'], groups: ['system:bootstrappers:a', 'system:bootstrappers:b'], description: 'for host 2', expiration: '2026-01-01T00:00:00Z' };
const encoded = (data: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
const stored = (of = token, more: Partial<BootstrapTokenOptions> = {}, data: Record<string, string> = {}): Secret => {
  const { stringData, ...secret } = bootstrapTokenSecret(of, { ...options, ...more });
  return { ...secret, data: encoded({ ...stringData, ...data }) } as Secret;
};

it.each([['abcdef.0123456789abcdef', token], ['abcdef.0123456789abcde', undefined], ['ABCDEF.0123456789abcdef', undefined], [' abcdef.0123456789abcdef', undefined], ['abcdef.0123456789abcdef\n', undefined], ['', undefined]])('%j', (text, parsed) => {
  expect(parseBootstrapToken(text)).toEqual(parsed);
});
it('a new one is a token, and another each time', () => {
  const texts = Array.from({ length: 100 }, () => bootstrapTokenText(newBootstrapToken()));
  expect(new Set(texts).size).toBe(100);
  expect(texts.filter((text) => !parseBootstrapToken(text))).toEqual([]);
});
it.each([['system:bootstrappers:kubeadm:default-node-token', true], ['system:bootstrappers:', false], ['system:bootstrappers', false], ['system:masters', false], ['system:bootstrappers:A', false], ['system:bootstrappers:a:', false]])('%s may be given: %s', (group, may) => {
  expect(isBootstrapGroup(group)).toBe(may);
});

it('what is written is read', () => { expect(readBootstrapToken(stored())).toEqual({ ...token, ...options }); });
it.each<[string, Secret]>([
  ['another type', { ...stored(), type: 'Opaque' }], ['another namespace', { ...stored(), metadata: { ...stored().metadata, namespace: 'default' } }],
  ['another name', { ...stored(), metadata: { ...stored().metadata, name: 'bootstrap-token-other0' } }], ['an end', { ...stored(), metadata: { ...stored().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }],
  ['no secret', stored(token, {}, { 'token-secret': '' })], ['another id', stored(token, {}, { 'token-id': 'other0' })],
])('a Secret with %s is no token', (_, secret) => { expect(readBootstrapToken(secret)).toBeUndefined(); });
it('a usage that is not exactly true is none', () => { expect(readBootstrapToken(stored(token, {}, { 'usage-bootstrap-signing': 'yes' }))!.usages).toEqual(['authentication']); });

const end = Date.parse('2026-01-01T00:00:00Z');
it.each<[string | undefined, number, number | undefined]>([['2026-01-01T00:00:00Z', end - 5000, 5000], ['2026-01-01T00:00:00Z', end, 0], ['2026-01-01T02:00:00+02:00', end - 1, 1], ['tomorrow', end, 0], ['2027', end, 0], [undefined, end, undefined]])('an end of %s', (expiration, now, left) => {
  expect(tokenTimeLeft(expiration === undefined ? {} : { expiration }, now)).toBe(left);
});

// upstream: cluster-bootstrap/token/jws/jws_test.go
it('signs as upstream does', () => {
  expect(detachedSignature('Hello from the other side. I must have called a thousand times.', { id: 'joshua', secret: 'my voice is my passcode' })).toBe('eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8');
});
describe('cluster-info', () => {
  const data = { kubeconfig: 'text', other: 'kept' };
  const signature = detachedSignature('text', token);
  it('has one signature of each token', () => { expect(signedInfo(data, [stored()], end - 1)).toEqual({ ...data, 'jws-kubeconfig-abcdef': signature }); });
  it('loses those of tokens that are gone, and gets new ones for another text', () => {
    expect(signedInfo({ ...data, 'jws-kubeconfig-zzzzzz': 'old', 'jws-kubeconfig-abcdef': 'old' }, [stored()], end - 1)).toEqual({ ...data, 'jws-kubeconfig-abcdef': signature });
  });
  it.each<[string, Secret, number]>([['has ended', stored(), end], ['may not', stored(token, { usages: ['authentication'] }), end - 1], ['is none', { ...stored(), type: 'Opaque' }, end - 1]])('has none of a token that %s', (_, secret, now) => {
    expect(signedInfo(data, [secret], now)).toEqual(data);
  });
  it('without a text nothing is signed', () => { expect(signedInfo({ 'jws-kubeconfig-abcdef': 'old' }, [stored()], end - 1)).toEqual({}); });
});
