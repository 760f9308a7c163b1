// Image references, credentials, and the numbers of the back-off.
import { imageReference } from '../../../../agent/kubelet/images.ts';
import { credentialsFor } from '../../../../agent/kubelet/image-credentials.ts';
import { KeyedBackoff } from '../../../../agent/kubelet/restart-backoff.ts';
import { FakeClock } from '../../../../src/util/clock.ts';

const digest = `sha256:${'a'.repeat(64)}`;
it.each([
  ['nginx', 'nginx:latest'], ['nginx:1', 'nginx:1'], ['localhost:5000/a/b', 'localhost:5000/a/b:latest'], [`nginx@${digest}`, `nginx@${digest}`], ['docker.io/library/nginx:1.2-x_y', 'docker.io/library/nginx:1.2-x_y'], [digest, digest],
])('%s means %s', (image, reference) => expect(imageReference(image)).toBe(reference));
it.each([['UPPER:1', 'repository name (UPPER) must be lowercase'], ['a b', 'invalid reference format'], ['', 'invalid reference format'], ['-x', 'invalid reference format'], ['x:', 'invalid reference format']])('%j is refused: %s', (image, why) => {
  expect(() => imageReference(image)).toThrow(why);
});

const secret = (auths: object) => ({ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') } });
it.each([
  ['reg.example.com/a:1', { 'reg.example.com': { auth: Buffer.from('u:p:q').toString('base64') } }, { username: 'u', password: 'p:q', serverAddress: 'reg.example.com' }],
  ['nginx', { 'https://index.docker.io/v1/': { username: 'u', password: 'p' } }, { username: 'u', password: 'p', serverAddress: 'index.docker.io' }],
  ['reg.example.com/team/a', { 'reg.example.com/other': { username: 'x', password: 'x' }, 'reg.example.com/team': { username: 'u', password: 'p' } }, { username: 'u', password: 'p', serverAddress: 'reg.example.com' }],
  ['elsewhere.com/a', { 'reg.example.com': { username: 'u', password: 'p' } }, undefined],
])('%s with %j logs in as %j', (image, auths, wanted) => expect(credentialsFor(image, [secret(auths)])).toEqual(wanted));

describe('back-off', () => {
  it('doubles from 10 s to 5 min, and starts over after 10 min', async () => {
    const clock = new FakeClock();
    const backoff = new KeyedBackoff(clock);
    expect(backoff.remaining('k')).toBe(0);
    const delays = Array.from({ length: 7 }, () => backoff.next('k'));
    expect(delays).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    expect(backoff.remaining('k', clock.now() - 100_000)).toBe(200_000);
    await clock.advance(600_001);
    expect(backoff.remaining('k')).toBe(0);
    expect(backoff.next('k')).toBe(10_000);
  });
  it('takes over from an earlier agent', () => {
    const backoff = new KeyedBackoff(new FakeClock());
    backoff.restore('k', 3);
    expect(backoff.delay('k')).toBe(40_000);
    backoff.restore('k', 1);
    expect(backoff.delay('k')).toBe(40_000);
  });
});
