// The token every Pod gets: mounted by admission, fetched and renewed by the kubelet, taken by the API server, ended with the Pod.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { ServiceAccountTokens } from '../../agent/kubelet/service-account-tokens.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { startTestApi } from '../support/api-server.ts';
import { kubeletBed, type KubeletBed } from '../support/kubelet.ts';
import { settled } from '../support/settled.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
let bed: KubeletBed;
beforeEach(async () => {
  bed = await kubeletBed({ 'nginx:1': {} });
  await bed.client.create(ConfigMaps, { metadata: { name: 'kube-root-ca.crt', namespace: 'default' }, data: { 'ca.crt': 'PEM' } });
});
afterEach(() => bed.close());

describe('a Pod', () => {
  it('has a token of its account, the authority and its namespace where clients look for them', async () => {
    bed.start();
    const created = await bed.create('web', { automountServiceAccountToken: true, containers: [{ name: 'a', image: 'nginx:1' }] });
    const [volume] = created.spec.volumes!;
    expect(volume!.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(created.spec.containers[0]!.volumeMounts).toEqual([{ name: volume!.name, readOnly: true, mountPath }]);
    const pod = (await bed.until('web', (p) => p && isPodReady(p)))!;
    const directory = join(bed.dataDir, 'memory', pod.metadata.uid, 'kubernetes.io~projected', volume!.name);
    const file = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
    expect([await file('ca.crt'), await file('namespace')]).toEqual(['PEM', 'default']);
    const claims = decodeJwt(await file('token')) as any;
    expect(claims).toMatchObject({ sub: 'system:serviceaccount:default:default', 'kubernetes.io': { pod: { name: 'web', uid: pod.metadata.uid }, node: { name: 'node-1' } } });
  });

  it.each<[string, boolean | undefined, boolean | undefined, boolean]>([
    ['by default', undefined, undefined, true], ['unless the account says no', false, undefined, false],
    ['unless the Pod says no', true, false, false], ['when the Pod says yes, whatever the account says', false, true, true],
  ])('has it %s', async (_, account, pod, mounted) => {
    await bed.client.create(ServiceAccounts, { metadata: { name: 'robot', namespace: 'default' }, ...(account === undefined ? {} : { automountServiceAccountToken: account }) });
    const { spec } = await bed.create('web', { serviceAccountName: 'robot', ...(pod === undefined ? {} : { automountServiceAccountToken: pod }), containers: [{ name: 'a', image: 'nginx:1' }] });
    expect(spec.volumes?.length ?? 0).toBe(mounted ? 1 : 0);
  });

  it('keeps what it has mounted there itself', async () => {
    const { spec } = await bed.create('web', {
      automountServiceAccountToken: true, volumes: [{ name: 'mine', emptyDir: {} }],
      initContainers: [{ name: 'i', image: 'nginx:1' }], containers: [{ name: 'a', image: 'nginx:1', volumeMounts: [{ name: 'mine', mountPath }] }],
    });
    expect(spec.volumes!.map((v) => v.name)).toEqual(['mine', expect.stringMatching(/^kube-api-access-/)]);
    expect(spec.containers[0]!.volumeMounts).toHaveLength(1);
    expect(spec.initContainers![0]!.volumeMounts).toEqual([{ name: spec.volumes![1]!.name, readOnly: true, mountPath }]);
  });
});

it('a token is fetched again at four fifths of its life', async () => {
  const clock = new FakeClock();
  const api = await startTestApi({ clock });
  try {
    await api.client.create(ServiceAccounts, { metadata: { name: 'default', namespace: 'default' }, automountServiceAccountToken: false });
    const pod = await api.client.create(Pods, { metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'a', image: 'i' }] } } as never);
    const tokens = new ServiceAccountTokens(api.client, clock);
    const get = (): Promise<string | undefined> => tokens.get(pod, { audience: '', expirationSeconds: 3607 });
    const first = await get();
    expect(first).toBeDefined();
    await clock.advance(0.79 * 3607_000);
    expect(await get()).toBe(first);
    await clock.advance(0.02 * 3607_000);
    const second = await get();
    expect(second).not.toBe(first);
    expect((decodeJwt(second!) as { iat: number }).iat).toBe(Math.floor(clock.now() / 1000));
  } finally {
    await api.stop();
  }
});

it('the file in a Pod has another token after four fifths of its life, before that ends', async () => {
  // Tokens are made by the server's clock.
  const clock = new FakeClock(Date.now());
  await bed.close();
  bed = await kubeletBed({ 'nginx:1': {} }, { clock });
  bed.start();
  await bed.create('p', {
    volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } }] } }], containers: [{ name: 'a', image: 'nginx:1', volumeMounts: [{ name: 't', mountPath: '/t' }] }],
  });
  const { metadata } = (await bed.until('p', (p) => p && isPodReady(p)))!;
  const read = (): Promise<string> => readFile(join(bed.dataDir, 'memory', metadata.uid, 'kubernetes.io~projected/t/token'), 'utf8');
  const first = await read();
  const { aud, exp, iat } = decodeJwt(first);
  expect([aud, exp! - iat!]).toEqual([['vault'], 600]);
  const began = clock.now();
  // Pods are looked at once a minute.
  while ((await read()) === first && clock.now() - began < 600_000) {
    await clock.advance(10_000);
    await settled();
  }
  expect(clock.now() - began).toBeGreaterThanOrEqual(470_000);
  expect(clock.now() - began).toBeLessThan(600_000);
  expect(decodeJwt(await read())).toMatchObject({ aud: ['vault'], sub: 'system:serviceaccount:default:default' });
});
