// Images of registries that ask who one is: pull secrets of Pods and of their ServiceAccounts, wrong ones, missing ones; pulls side by side.
import type { Pod } from '../../src/api/core/pod.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { Secrets } from '../../src/api/core/secret.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { AsyncQueue } from '../../src/util/async-queue.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';

const image = 'reg.example.com/team/app:1';
const login = { username: 'dray', password: 'right' };
const images = { [image]: { remote: { login } }, 'slow:1': { remote: { delayMs: 60_000 } }, 'slow:2': { remote: { delayMs: 60_000 } } };
const namespace = 'default';

let bed: KubeletBed;
beforeEach(async () => { bed = await kubeletBed(images); });
afterEach(() => bed.close());

const keep = (name: string, auths: Readonly<Record<string, object>>) => bed.client.create(Secrets, {
  metadata: { name, namespace }, type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
});
const pod = (name: string, ...secrets: string[]) => bed.create(name, { imagePullSecrets: secrets.map((secret) => ({ name: secret })), containers: [{ name: 'c', image }] });
const waiting = (p?: Pod) => p?.status.containerStatuses?.[0]?.state.waiting;
const told = async (name: string): Promise<string[]> => (await bed.events(name)).map((e) => `${e.type} ${e.reason}: ${e.message}`);

it('takes the secrets of the Pod, one after the other', async () => {
  bed.start();
  await keep('wrong', { 'reg.example.com': { ...login, password: 'wrong' } });
  await keep('right', { '*.example.com/team': login });
  await pod('app', 'wrong', 'right');
  await bed.until('app', (p) => p && isPodReady(p));
  expect(await told('app')).toEqual(expect.arrayContaining([`Normal Pulling: Pulling image "${image}"`, expect.stringMatching(/^Normal Pulled: Successfully pulled image "reg.example.com\/team\/app:1" in \S+ \(\S+ including waiting\)\. Image size: 1000000 bytes\.$/)]));
});

it('takes those of the ServiceAccount where the Pod names none', async () => {
  bed.start();
  await keep('right', { 'reg.example.com': login });
  await bed.client.create(ServiceAccounts, { metadata: { name: 'puller', namespace }, imagePullSecrets: [{ name: 'right' }], automountServiceAccountToken: false });
  await bed.create('app', { serviceAccountName: 'puller', containers: [{ name: 'c', image }] });
  await bed.until('app', (p) => p && isPodReady(p));
});

it('says which secrets are missing, and pulls without them', async () => {
  bed.start();
  await pod('app', 'one', 'two');
  const seen = await bed.until('app', (p) => ['ErrImagePull', 'ImagePullBackOff'].includes(waiting(p)?.reason ?? ''));
  expect(waiting(seen)!.message).toContain('no basic auth credentials');
  expect(await told('app')).toEqual(expect.arrayContaining([
    'Warning FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (one, two); attempting to pull the image may not succeed.',
    `Warning Failed: Failed to pull image "${image}": no basic auth credentials`, 'Warning Failed: Error: ErrImagePull',
  ]));
});

it('backs off from wrong ones in upstream\'s words, and takes what is put right at the next try', async () => {
  const clock = new FakeClock();
  const slow = await kubeletBed(images, { clock });
  await bed.close();
  bed = slow;
  bed.start();
  const secret = await keep('key', { 'reg.example.com': { ...login, password: 'wrong' } });
  await pod('app', 'key');
  const refused = 'unauthorized: authentication required';
  await bed.until('app', (p) => waiting(p)?.reason === 'ErrImagePull' && waiting(p)?.message === refused);
  await clock.advance(5000);
  // Whatever wakes the Pod meanwhile finds it in back-off.
  await bed.client.update(Secrets, { ...secret, data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { 'reg.example.com': login } })).toString('base64') } });
  await bed.until('app', (p) => waiting(p)?.reason === 'ImagePullBackOff' && waiting(p)?.message === `Back-off pulling image "${image}": ErrImagePull: ${refused}`);
  expect(await told('app')).toEqual(expect.arrayContaining([`Normal BackOff: Back-off pulling image "${image}"`, 'Warning Failed: Error: ImagePullBackOff']));
  await clock.advance(5001);
  await bed.until('app', (p) => p && isPodReady(p));
});

it('pulls for several Pods at once', async () => {
  const clock = new FakeClock();
  const slow = await kubeletBed(images, { clock });
  await bed.close();
  bed = slow;
  bed.start();
  for (const [name, of] of [['a', 'slow:1'], ['b', 'slow:2']] as const) await bed.create(name, { containers: [{ name: 'c', image: of }] });
  await eventually(async () => expect([...await told('a'), ...await told('b')]).toEqual(expect.arrayContaining(['Normal Pulling: Pulling image "slow:1"', 'Normal Pulling: Pulling image "slow:2"'])));
  await clock.advance(60_000);
  for (const name of ['a', 'b']) await bed.until(name, (p) => p && isPodReady(p));
  expect((await told('b')).filter((line) => line.includes('Pulled'))).toEqual(['Normal Pulled: Successfully pulled image "slow:2" in 1m0s (1m0s including waiting). Image size: 1000000 bytes.']);
});

it('pulls one after the other where no more are allowed, and says how long each waited', async () => {
  const clock = new FakeClock();
  const slow = await kubeletBed(images, { clock });
  await bed.close();
  bed = slow;
  const pull = bed.runtime.pullImage.bind(bed.runtime);
  const asked = new AsyncQueue<string>();
  bed.runtime.pullImage = (reference, ...more) => {
    const pulled = pull(reference, ...more);
    asked.push(reference);
    return pulled;
  };
  const next = asked[Symbol.asyncIterator]();
  bed.start({ parallelPulls: 1 });
  for (const [name, of] of [['a', 'slow:1'], ['b', 'slow:2']] as const) {
    await bed.create(name, { containers: [{ name: 'c', image: of }] });
    await eventually(async () => expect(await told(name)).toContain(`Normal Pulling: Pulling image "${of}"`));
  }
  expect((await next.next()).value).toBe('slow:1');
  expect(asked.length).toBe(0);
  await clock.advance(60_000);
  expect((await next.next()).value).toBe('slow:2');
  await clock.advance(60_000);
  for (const name of ['a', 'b']) await bed.until(name, (p) => p && isPodReady(p));
  expect((await told('b')).filter((line) => line.includes('Pulled'))).toEqual(['Normal Pulled: Successfully pulled image "slow:2" in 1m0s (2m0s including waiting). Image size: 1000000 bytes.']);
});

it('takes the credentials of the node after those of the Pod', async () => {
  bed.start({ nodeCredentials: () => Promise.resolve({ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { 'reg.example.com': login } })).toString('base64') } }) });
  await keep('wrong', { 'reg.example.com': { ...login, password: 'wrong' } });
  await pod('app', 'wrong');
  await pod('other');
  for (const name of ['app', 'other']) await bed.until(name, (p) => p && isPodReady(p));
});
