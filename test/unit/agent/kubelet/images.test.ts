// Image references, credentials, pulls, and the numbers of the back-off.
import { imageReference } from '../../../../agent/kubelet/images.ts';
import { credentialsFor, repositoryOf } from '../../../../agent/kubelet/image-credentials.ts';
import { progressText, pullWith, type PullOptions } from '../../../../agent/kubelet/image-pull.ts';
import { KeyedBackoff } from '../../../../agent/kubelet/restart-backoff.ts';
import { ImagePullError, RuntimeUnavailable } from '../../../../agent/runtime/runtime.ts';
import { FakeClock } from '../../../../src/util/clock.ts';

const digest = `sha256:${'a'.repeat(64)}`;
it.each([
  ['nginx', 'nginx:latest'], ['nginx:1', 'nginx:1'], ['localhost:5000/a/b', 'localhost:5000/a/b:latest'], [`nginx@${digest}`, `nginx@${digest}`], ['docker.io/library/nginx:1.2-x_y', 'docker.io/library/nginx:1.2-x_y'], [digest, digest],
])('%s means %s', (image, reference) => expect(imageReference(image)).toBe(reference));
it.each([['UPPER:1', 'repository name (UPPER) must be lowercase'], ['a b', 'invalid reference format'], ['', 'invalid reference format'], ['-x', 'invalid reference format'], ['x:', 'invalid reference format']])('%j is refused: %s', (image, why) => {
  expect(() => imageReference(image)).toThrow(why);
});

const encoded = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
const secret = (auths: object) => ({ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': encoded({ auths }) } });
const old = (auths: object) => ({ type: 'kubernetes.io/dockercfg', data: { '.dockercfg': encoded(auths) } });
const users = (image: string, ...secrets: Parameters<typeof credentialsFor>[1]) => credentialsFor(image, secrets).map(({ username }) => username);
const user = (username: string): object => ({ username, password: 'p' });

it.each([
  ['nginx', 'docker.io/library/nginx'], ['nginx:1.2', 'docker.io/library/nginx'], ['team/app@sha256:0', 'docker.io/team/app'], ['index.docker.io/app', 'docker.io/library/app'],
  ['localhost/app', 'localhost/app'], ['reg:5000/app:1', 'reg:5000/app'], ['reg.example/a/b:1', 'reg.example/a/b'],
])('%s is of the repository %s', (image, repository) => expect(repositoryOf(image)).toBe(repository));

describe('credentials', () => {
  it.each([
    ['reg.example.com/a:1', { 'reg.example.com': { auth: encoded('u:p:q') } }, { username: 'u', password: 'p:q', serverAddress: 'reg.example.com' }],
    ['nginx', { 'https://index.docker.io/v1/': { username: 'u', password: 'p' } }, { username: 'u', password: 'p', serverAddress: 'docker.io' }],
    ['reg.example.com/a', { 'reg.example.com': { auth: encoded('u:p'), username: 'x', password: 'x', identitytoken: 't' } }, { username: 'u', password: 'p', identityToken: 't', serverAddress: 'reg.example.com' }],
  ])('%s with %j logs in as %j', (image, auths, wanted) => {
    expect(credentialsFor(image, [secret(auths)])).toEqual([wanted]);
    expect(credentialsFor(image, [old(auths)])).toEqual([wanted]);
  });
  it.each([
    // Host, port, path.
    ['reg.example.com', 'reg.example.com/a', true], ['https://reg.example.com', 'reg.example.com/a', true], ['http://reg.example.com/v2/', 'reg.example.com/a', true], ['reg.example.com/', 'reg.example.com/a', true],
    ['reg.example.com', 'elsewhere.com/a', false], ['reg.example.com:5000', 'reg.example.com/a', false], ['reg.example.com', 'reg.example.com:5000/a', false], ['127.0.0.1:5000', '127.0.0.1:5000/a', true],
    ['reg.example.com/team', 'reg.example.com/team/a', true], ['reg.example.com/team', 'reg.example.com/teamwork/a', true], ['reg.example.com/v1/team', 'reg.example.com/team/a', true], ['reg.example.com/other', 'reg.example.com/team/a', false],
    // Wildcards stand for parts of the name, not for dots, ports or paths.
    ['*.example.com', 'reg.example.com/a', true], ['*.example.com', 'a.b.example.com/a', false], ['*.*.example.com', 'a.b.example.com/a', true], ['reg-*.example.com', 'reg-12.example.com/a', true], ['reg-?.example.com', 'reg-1.example.com/a', false],
    ['r[a-e]g.example.com', 'reg.example.com/a', true], ['r[^a-e]g.example.com', 'reg.example.com/a', false], ['*.example.com:*', 'reg.example.com:5000/a', false], ['reg.example.com/*', 'reg.example.com/a', false], ['r[eg.example.com', 'reg.example.com/a', false],
    ['reg.example.com', 'regxexample.com/a', false], ['*', 'localhost/a', true],
    // Docker Hub has several names.
    ['docker.io', 'nginx', true], ['index.docker.io', 'team/app:1', true], ['https://index.docker.io/v1/', 'docker.io/team/app', true], ['docker.io/team', 'team/app', true], ['docker.io/team', 'nginx', false], ['index.docker.io', 'reg.example.com/a', false],
  ])('under %s are for %s: %s', (key, image, match) => expect(users(image, secret({ [key]: user('u') }))).toEqual(match ? ['u'] : []));
  it('are tried from the longest key to the shortest, and by the order of the secrets', () => {
    const first = secret({ 'reg.example.com': user('host-1'), 'reg.example.com/team': user('team-1'), '*.example.com': user('any-1') });
    const second = old({ 'reg.example.com/team/app': user('app-2'), 'https://reg.example.com/v2/': user('host-2') });
    expect(users('reg.example.com/team/app:1', first, second)).toEqual(['app-2', 'team-1', 'host-1', 'host-2', 'any-1']);
  });
  it('come from secrets of the two types only', () => {
    expect(users('reg.example.com/a', { type: 'Opaque', data: { '.dockerconfigjson': encoded({ auths: { 'reg.example.com': user('u') } }) } }, { type: 'kubernetes.io/dockercfg', data: {} })).toEqual([]);
    expect(() => users('a', secret({ 'docker.io': { auth: encoded('nobody') } }))).toThrow('unable to parse auth field, must be formatted as base64(username:password)');
    expect(() => users('a', { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': encoded('{') } })).toThrow(SyntaxError);
  });
});

describe('a pull', () => {
  const never = new AbortController().signal;
  const pull = (clock: FakeClock, pullImage: PullOptions['runtime']['pullImage'], more: Partial<PullOptions> = {}) =>
    pullWith({ runtime: { pullImage }, clock, reference: 'a:1', credentials: [], signal: never, report: () => undefined, ...more });
  const progress = (bytes: number) => ({ status: 'Downloading', layers: 2, layersDone: 0, bytes, totalBytes: 200e6 });

  it('tries one set of credentials after the other', async () => {
    const asked: (string | undefined)[] = [];
    const answers = (right: string) => (_reference: string, auth: { username?: string } | undefined): Promise<string> => {
      asked.push(auth?.username);
      return auth?.username === right ? Promise.resolve('id') : Promise.reject(new ImagePullError(`unauthorized: ${auth?.username === 'd' ? 'c' : auth?.username}`));
    };
    const credentials = ['a', 'b', 'c'].map((username) => ({ username }));
    expect(await pull(new FakeClock(), answers('b'), { credentials })).toBe('id');
    expect(asked).toEqual(['a', 'b']);
    await expect(pull(new FakeClock(), answers('z'), { credentials: [...credentials, { username: 'd' }] })).rejects.toThrow(new ImagePullError('[unauthorized: a, unauthorized: b, unauthorized: c]'));
    await expect(pull(new FakeClock(), answers('z'), { credentials: [{ username: 'a' }] })).rejects.toThrow(new ImagePullError('unauthorized: a'));
    await expect(pull(new FakeClock(), () => Promise.reject(new RuntimeUnavailable('gone')), { credentials })).rejects.toThrow(RuntimeUnavailable);
  });
  it('tells every half minute how far it is', async () => {
    const clock = new FakeClock();
    const told: string[] = [];
    let done = (_id: string): void => undefined;
    const pulling = pull(clock, (_reference, _auth, _signal, onProgress) => { onProgress?.(progress(34_120_000)); return new Promise((resolve) => { done = resolve; }); }, { report: (p) => told.push(progressText(p)) });
    await clock.advance(60_000);
    expect(told).toEqual(Array.from({ length: 2 }, () => '0 of 2 layers, 34.1 of 200.0 MB'));
    done('id');
    expect(await pulling).toBe('id');
    expect(clock.pending).toBe(0);
  });
  it('that stands still for five minutes is given up, one that moves is not', async () => {
    const clock = new FakeClock();
    const pulling = pull(clock, (_reference, _auth, signal, onProgress) => new Promise((_resolve, reject) => {
      onProgress?.(progress(0));
      clock.after(250_000, () => onProgress?.(progress(50e6)));
      signal!.addEventListener('abort', () => reject(signal!.reason as Error), { once: true });
    }));
    let failure: Error | undefined;
    pulling.catch((error: Error) => { failure = error; });
    await clock.advance(540_000);
    expect(failure).toBeUndefined();
    await clock.advance(40_000);
    expect(failure).toEqual(new ImagePullError('no progress for 5m0s, last: 0 of 2 layers, 50.0 of 200.0 MB'));
  });
});

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
