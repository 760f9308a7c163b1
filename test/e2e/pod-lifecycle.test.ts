// How Pods go from one state to the next on a real engine: the order of sidecars, hooks, deadlines, probes of each kind, gates, what is
// said of each end, Pods of the node's own, evictions that can wait. All Pods are made at once, so that their waits overlap.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import { podsOf } from '../support/pods.ts';
import { buildTestImage } from '../support/test-image.ts';
import { deaf, manifest, staticPod } from './pod-lifecycle-pods.ts';

let cluster: TestCluster;
let host: string;
let manifests: string;
beforeAll(async () => {
  manifests = mkdtempSync(join(tmpdir(), 'dray-e2e-static-'));
  cluster = await startCluster({ before: ({ hosts }) => buildTestImage(hosts[0]!.dockerHost), args: ['--pod-manifest-path', manifests] });
  host = join(cluster.dataDir, 'host');
  await cluster.kubectlInput(manifest(host), 'apply', '-f', '-');
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(manifests, { recursive: true, force: true });
});

const { jsonpath, status, until, ready, inside, described, container } = podsOf(() => cluster);
const said = (name: string): string => (existsSync(join(host, name)) ? readFileSync(join(host, name), 'utf8') : '');
const remove = (name: string): Promise<string> => cluster.kubectl('delete', 'pod', name);
type Condition = { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string; readonly lastTransitionTime: string };
const conditions = async (name: string): Promise<Map<string, Condition>> => new Map((JSON.parse(await jsonpath(name, '{.status.conditions}')) as Condition[]).map((c) => [c.type, c]));
const containerNamed = async (name: string, of: string, path: string): Promise<string> => jsonpath(name, `{.status.containerStatuses[?(@.name=="${of}")].${path}}`);

test('sidecars start before what follows them, and end after it, the last first', async () => {
  await ready('sidecars');
  expect(said('sidecars').split('\n').filter(Boolean)).toEqual(['first begins', 'between', 'second begins', 'main begins']);
  expect(await jsonpath('sidecars', '{.status.initContainerStatuses[*].started} {.status.initContainerStatuses[*].ready}')).toBe('true false true true true true');
  await remove('sidecars');
  expect(said('sidecars').split('\n').filter(Boolean).slice(4)).toEqual(['main ends', 'second ends', 'first ends']);
});

test('a Pod whose containers are done is done, whatever its sidecars would go on with', async () => {
  await until('work-with-sidecar', 'jsonpath={.status.phase}=Succeeded');
  expect(await jsonpath('work-with-sidecar', '{.status.initContainerStatuses[0].state.terminated.exitCode}')).toBe('0');
  expect(said('work-with-sidecar')).toBe('helper begins\nhelper ends\n');
});

test('hooks by HTTP and by sleeping; the signal comes when they are over', async () => {
  await ready('hooks');
  expect(said('hooks')).toMatch(/ http GET \/after-start host=\S+ agent=kube-lifecycle\/\S+\n/);
  await remove('hooks');
  const lines = said('hooks').split('\n').map((line) => line.split(/ (.*)/));
  const at = (words: RegExp): number => Number(lines.find(([, text]) => words.test(text ?? ''))?.[0]);
  expect(at(/^http GET \/before-stop host=hooked /)).toBeGreaterThan(0);
  // The sleeper is signalled after its two seconds, the server, a sidecar, when both have ended.
  const signals = lines.filter(([, text]) => text === 'signal SIGTERM').map(([time]) => Number(time));
  expect(signals).toHaveLength(2);
  expect(signals[0]! - at(/before-stop/)).toBeGreaterThan(1800);
});

test('hooks that fail are told of, the container of a failed start is ended', async () => {
  await described('bad-hooks', /Warning +FailedPostStartHook .* PostStartHook failed/, /Killing .* FailedPostStartHook/);
  await eventually('a back-off', async () => (await containerNamed('bad-hooks', 'start', 'state.waiting.reason')) === 'CrashLoopBackOff');
  expect(await containerNamed('bad-hooks', 'stop', 'state.running.startedAt')).not.toBe('');
  const { uid } = JSON.parse(await jsonpath('bad-hooks', '{.metadata}')) as { uid: string };
  await remove('bad-hooks');
  await eventually('FailedPreStopHook', async () => (await cluster.kubectl('get', 'events', '--field-selector', `involvedObject.uid=${uid},reason=FailedPreStopHook`, '-o', 'jsonpath={.items[*].message}')) === 'PreStopHook failed');
});

test('activeDeadlineSeconds: not ready from then on, failed once nothing runs', async () => {
  await ready('deadline');
  // From now on, so that it has a container to end however long that took to start.
  await cluster.kubectl('patch', 'pod', 'deadline', '-p', '{"spec":{"activeDeadlineSeconds":1}}');
  await until('deadline', 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}=PodFailed');
  expect(await jsonpath('deadline', '{.status.phase}{.status.reason}')).toBe('Running');
  await described('deadline', /Normal +DeadlineExceeded .* Pod was active on the node longer than the specified deadline/);
  await cluster.hosts[0]!.docker('kill', await container('deadline'));
  await until('deadline', 'jsonpath={.status.phase}=Failed');
  expect(await jsonpath('deadline', '{.status.reason}: {.status.message}')).toBe('DeadlineExceeded: Pod was active on the node longer than the specified deadline');
  expect(await status('deadline', 'state.terminated.exitCode')).toBe('137');
});

test('probes by gRPC, HTTPS and with headers say who asks', async () => {
  await ready('probed');
  const log = said('probed');
  expect(log).toMatch(/ grpc \/grpc\.health\.v1\.Health\/Check service= agent=kube-probe\/1\.33/);
  expect(log).toMatch(/ https GET \/ready host=\S+ agent=kube-probe\/1\.33\n/);
  await eventually('the liveness probe', () => Promise.resolve(/ http GET \/needs\?header=x-probe host=probed\.example agent=kube-probe\/1\.33\n/.test(said('probed'))));
  expect(await status('probed', 'restartCount')).toBe('0');
  await inside('probed', 'touch /tmp/unhealthy');
  await ready('probed', 'False');
  await described('probed', 'Readiness probe failed: HTTP probe failed with statuscode: 500');
  await described('grpc-down', 'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")');
});

test("a probe's own grace period ends what would not end for minutes", async () => {
  for (const [name, words] of [['unprobed-grace', 'Container main failed liveness probe, will be restarted'], ['never-started', 'Container main failed startup probe, will be restarted']] as const) {
    await eventually(`${name} restarted`, async () => Number(await status(name, 'restartCount')) > 0);
    expect(await status(name, 'lastState.terminated.exitCode')).toBe('137');
    await described(name, words);
  }
  await cluster.kubectl('delete', 'pod', 'unprobed-grace', 'never-started', '--grace-period=1', '--wait=false');
});

test('readiness gates', async () => {
  await until('gated', 'condition=ContainersReady');
  expect((await conditions('gated')).get('Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady', message: 'corresponding condition of pod readiness gate "example.com/ready" does not exist.' });
  const set = (value: string): Promise<string> => cluster.kubectl('patch', 'pod', 'gated', '--subresource=status', '-p', JSON.stringify({ status: { conditions: [{ type: 'example.com/ready', status: value }] } }));
  await set('True');
  await ready('gated');
  await set('False');
  await ready('gated', 'False');
  expect((await conditions('gated')).get('Ready')?.message).toBe('the status of pod readiness gate "example.com/ready" is not "True", but False');
});

test('last words: the file, else the end of the log of what failed', async () => {
  await until('words-in-log', 'jsonpath={.status.phase}=Failed');
  const message = (name: string): Promise<string> => containerNamed('words-in-log', name, 'state.terminated.message');
  expect(await Promise.all(['fails', 'works', 'own'].map(message))).toEqual(['one\nthe last words\n', '', 'in the file\n']);
});

test('exit codes by signal, times, and a phase that never goes back', async () => {
  await until('done', 'jsonpath={.status.phase}=Succeeded');
  await eventually('both run', async () => (await jsonpath('signalled', '{.status.containerStatuses[*].state.running.startedAt}')).split(' ').length === 2);
  for (const [name, signal] of [['killed', 'KILL'], ['asked', 'TERM']] as const) await cluster.hosts[0]!.docker('kill', '-s', signal, (await containerNamed('signalled', name, 'containerID')).replace('docker://', ''));
  await until('signalled', 'jsonpath={.status.phase}=Failed');
  expect([await containerNamed('signalled', 'killed', 'state.terminated.exitCode'), await containerNamed('signalled', 'asked', 'state.terminated.exitCode')]).toEqual(['137', '143']);
  const { startedAt, finishedAt, reason } = JSON.parse(await containerNamed('signalled', 'killed', 'state.terminated')) as { startedAt: string; finishedAt: string; reason: string };
  expect(Date.parse(finishedAt)).toBeGreaterThanOrEqual(Date.parse(startedAt));
  expect(reason).toBe('Error');

  const before = await jsonpath('done', '{.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}');
  const patched = Number(await cluster.kubectl('patch', 'pod', 'done', '--subresource=status', '-p', '{"status":{"phase":"Running"}}', '-o', 'jsonpath={.metadata.resourceVersion}'));
  await eventually('Succeeded again', async () => {
    const [revision, phase] = (await jsonpath('done', '{.metadata.resourceVersion} {.status.phase}')).split(' ');
    return Number(revision) > patched && phase === 'Succeeded';
  });
  process.kill(cluster.pid('agent'), 'SIGKILL');
  const again = await cluster.dray('up', '--detach');
  expect([again.code, again.stderr]).toEqual([0, '']);
  await cluster.kubectl('run', 'after', '--image=dray.local/busybox:1', '--command', '--', 'sleep', '3600');
  await ready('after');
  expect([await jsonpath('done', '{.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}'), await jsonpath('done', '{.status.phase}'), await jsonpath('signalled', '{.status.phase}'), await jsonpath('deadline', '{.status.phase}')])
    .toEqual([before, 'Succeeded', 'Failed', 'Failed']);
});

test('conditions come true one after the other, each with what is missing until then', async () => {
  await until('conditions', 'condition=PodReadyToStartContainers');
  const first = await conditions('conditions');
  expect([first.get('PodScheduled')?.status, first.get('Initialized'), first.get('ContainersReady'), first.get('Ready')]).toMatchObject([
    'True', { status: 'False', reason: 'ContainersNotInitialized', message: 'containers with incomplete status: [before]' },
    { status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [main]' }, { status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [main]' },
  ]);
  expect(await jsonpath('conditions', '{.status.phase} {.status.qosClass} {.status.containerStatuses[0].state.waiting.reason}')).toBe('Pending BestEffort PodInitializing');
  await cluster.kubectl('exec', 'conditions', '-c', 'before', '--', 'touch', '/work/go');
  await until('conditions', 'condition=Initialized');
  await until('conditions', 'jsonpath={.status.phase}=Running');
  expect((await conditions('conditions')).get('Ready')?.status).toBe('False');
  await inside('conditions', 'touch /work/ready');
  await ready('conditions');
  const all = [...(await conditions('conditions')).values()];
  expect(all.map(({ type, status: is }) => `${type}=${is}`).sort()).toEqual(['ContainersReady=True', 'Initialized=True', 'PodReadyToStartContainers=True', 'PodScheduled=True', 'Ready=True']);
  const times = ['PodReadyToStartContainers', 'Initialized', 'Ready'].map((type) => Date.parse(all.find((c) => c.type === type)!.lastTransitionTime));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(await jsonpath('conditions', '{.status.hostIP} {.status.hostIPs[*].ip}')).toBe(`${cluster.hosts[0]!.ip} ${cluster.hosts[0]!.ip}`);
  expect(await jsonpath('conditions', '{.status.podIPs[*].ip}')).toBe(await jsonpath('conditions', '{.status.podIP}'));
});

test("Pods of the node's own follow their files, and come back when their mirror is deleted", async () => {
  const file = join(manifests, 'own.yaml');
  const name = `own-${cluster.hosts[0]!.name}`;
  const shown = (): Promise<boolean> => cluster.run('kubectl', ['get', 'pod', name]).then(({ code }) => code === 0);
  writeFileSync(file, staticPod('one'));
  await eventually('the mirror', shown);
  await ready(name);
  const id = await container(name);
  await remove(name);
  await eventually('the mirror again', shown);
  await ready(name);
  // Only what shows it went: it runs on.
  expect(await container(name)).toBe(id);
  writeFileSync(file, staticPod('two'));
  await eventually('the new one', async () => (await inside(name, 'echo $VALUE')) === 'two');
  rmSync(file);
  await eventually('its end', async () => !(await shown()));
  expect(await cluster.hosts[0]!.docker('ps', '-q', '--filter', 'label=io.kubernetes.pod.name=own')).toBe('');
});

test('a soft threshold: the node says at once that it is short, evicts after the grace period, and gives a Pod the time that is for such ends', async () => {
  await cluster.kubectl('delete', 'pods', '--all', '--grace-period=1', '--wait=false');
  await cluster.kubectlInput(deaf, 'apply', '-f', '-');
  await ready('deaf');
  expect((await cluster.dray('down')).code).toBe(0);
  // No machine has so much: it is crossed from the first look on.
  const up = await cluster.dray('up', '--detach', '--eviction-soft', 'memory.available<1000Ti', '--eviction-soft-grace-period', 'memory.available=12s', '--eviction-max-pod-grace-period', '2');
  expect([up.code, up.stderr]).toEqual([0, '']);
  await cluster.kubectl('wait', `node/${cluster.hosts[0]!.name}`, '--for=condition=MemoryPressure', '--timeout=150s');
  const since = Date.parse(await jsonpath(cluster.hosts[0]!.name, '{.status.conditions[?(@.type=="MemoryPressure")].lastTransitionTime}', 'node'));
  await until('deaf', 'jsonpath={.status.reason}=Evicted');
  const evicted = (path: string): Promise<string> => cluster.kubectl('get', 'events', '--field-selector', 'reason=Evicted,involvedObject.name=deaf', '-o', `jsonpath={.items[0].${path}}`);
  // A look is every ten seconds, a time of the API has whole ones.
  expect(Date.parse(await eventually('the Event', () => evicted('firstTimestamp'))) - since).toBeGreaterThanOrEqual(11_000);
  expect(await evicted('message')).toMatch(/^The node was low on resource: memory\. Threshold quantity: 1000Ti, available: \d+Ki\. Container main was using \d+Ki, request is 0, has larger consumption of memory\. $/);
  await until('deaf', 'jsonpath={.status.phase}=Failed');
  expect([await jsonpath('deaf', '{.spec.terminationGracePeriodSeconds}'), await status('deaf', 'state.terminated.exitCode')]).toEqual(['600', '137']);
});
