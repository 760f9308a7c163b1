// The life of a Pod under the kubelet, over the fake runtime and the real API server.
import { exitsAfter } from '../../agent/runtime/fake-process.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';
import { settled } from '../support/settled.ts';

const images = {
  'nginx:1': {}, 'task:0': { main: exitsAfter(1, 0) }, 'task:1': { main: exitsAfter(1, 1) },
  'remote:1': { remote: {} }, 'denied:1': { remote: { error: 'no such registry' } }, 'broken:1': { startError: { message: 'exec: "x": executable file not found', exitCode: 127 } },
};

describe('kubelet lifecycle', () => {
  let bed: KubeletBed;
  beforeEach(async () => { bed = await kubeletBed(images); });
  afterEach(() => bed.close());

  it('runs a Pod, tells its status and events, and ends it when it is deleted', async () => {
    bed.start();
    await bed.create('web', { containers: [{ name: 'c', image: 'nginx:1' }] });
    const pod = (await bed.until('web', (p) => p && isPodReady(p)))!;
    expect(pod.status).toMatchObject({
      phase: 'Running', hostIP: '192.168.0.1', podIP: '10.42.0.10', podIPs: [{ ip: '10.42.0.10' }], qosClass: 'BestEffort',
      containerStatuses: [{ name: 'c', ready: true, started: true, restartCount: 0, image: 'nginx:1', containerID: expect.stringMatching(/^docker:\/\//), state: { running: {} }, lastState: {} }],
    });
    expect(pod.status.conditions!.map((c) => [c.type, c.status])).toEqual(expect.arrayContaining([
      ['PodReadyToStartContainers', 'True'], ['Initialized', 'True'], ['Ready', 'True'], ['ContainersReady', 'True'], ['PodScheduled', 'True'],
    ]));
    await bed.client.delete(Pods, { namespace: 'default', name: 'web' });
    await bed.until('web', (p) => !p);
    const events = await bed.events('web');
    expect(events.map((e) => e.message)).toEqual(['Container image "nginx:1" already present on machine', 'Created container: c', 'Started container c', 'Stopping container c']);
    await eventually(async () => expect(await bed.runtime.listContainers()).toEqual([]));
    await eventually(async () => expect(await bed.runtime.listPodSandbox()).toEqual([]));
    expect(bed.addresses.used.size).toBe(0);
  });

  it('only stops the sandbox of a Pod that stays to be read; that of one that goes is removed in one call', async () => {
    const { runtime } = bed;
    const calls: string[] = [];
    for (const verb of ['stopPodSandbox', 'removePodSandbox', 'removeContainer'] as const) {
      const call = runtime[verb].bind(runtime);
      runtime[verb] = (id) => { calls.push(`${verb} ${id}`); return call(id); };
    }
    bed.start();
    await bed.create('task', { restartPolicy: 'Never', containers: [{ name: 'c', image: 'task:0' }] });
    await bed.create('web', { containers: [{ name: 'c', image: 'nginx:1' }] });
    await bed.until('task', (p) => p?.status.phase === 'Succeeded');
    await bed.until('web', (p) => p && isPodReady(p));
    const sandboxes = await runtime.listPodSandbox();
    const [task, web] = ['task', 'web'].map((name) => sandboxes.find(({ metadata }) => metadata.name === name)!.id);
    await eventually(async () => expect(calls).toEqual([`stopPodSandbox ${task}`]));
    const [container] = await runtime.listContainers({ podUid: (await bed.get('web')).metadata.uid });
    await bed.client.delete(Pods, { namespace: 'default', name: 'web' });
    await bed.until('web', (p) => !p);
    await eventually(async () => expect(calls.slice(1)).toEqual([`removeContainer ${web}`, `removeContainer ${container!.id}`]));
  });

  it('tells of a start or an end that takes no time in one write, and of a start that goes on that it does', async () => {
    const clock = new FakeClock();
    await bed.close();
    bed = await kubeletBed({ ...images, 'slow:1': { remote: { delayMs: 10_000 } } }, { clock });
    bed.start();
    const created = await bed.create('web', { containers: [{ name: 'c', image: 'nginx:1' }] });
    await bed.until('web', (p) => p && isPodReady(p));
    await bed.client.delete(Pods, { namespace: 'default', name: 'web' });
    await bed.until('web', (p) => !p);
    const told: unknown[] = [];
    for await (const { type, object } of bed.client.watch<Pod>(Pods, { namespace: 'default', fieldSelector: 'metadata.name=web', resourceVersion: created.metadata.resourceVersion! })) {
      const { state } = object.status.containerStatuses?.[0] ?? {};
      told.push([type, object.metadata.deletionTimestamp ? 'ends' : 'lives', ...Object.keys(state ?? {})]);
      if (type === 'DELETED') break;
    }
    expect(told).toEqual([['MODIFIED', 'lives', 'running'], ['MODIFIED', 'ends', 'running'], ['MODIFIED', 'ends', 'terminated'], ['DELETED', 'ends', 'terminated']]);
    await bed.create('slow', { containers: [{ name: 'c', image: 'slow:1' }] });
    await eventually(async () => expect((await bed.events('slow')).map((e) => e.reason)).toEqual(['Pulling']));
    expect((await bed.get('slow')).status.startTime).toBeUndefined();
    await clock.advance(100);
    const waits = (await bed.until('slow', (p) => p?.status.startTime))!;
    expect(waits.status).toMatchObject({ phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] });
  });

  it.each([['task:0', 'Never', 'Succeeded', 0], ['task:1', 'Never', 'Failed', 1], ['task:0', 'OnFailure', 'Succeeded', 0]] as const)('%s with restartPolicy %s ends %s', async (image, restartPolicy, phase, exitCode) => {
    bed.start();
    await bed.create('job', { restartPolicy, containers: [{ name: 'c', image }] });
    const pod = (await bed.until('job', (p) => p?.status.phase === phase))!;
    expect(pod.status.containerStatuses![0]!.state.terminated).toMatchObject({ exitCode, reason: exitCode ? 'Error' : 'Completed' });
    expect(pod.status.conditions!.find((c) => c.type === 'Ready')).toMatchObject({ status: 'False', reason: exitCode ? 'PodFailed' : 'PodCompleted' });
    await eventually(async () => expect((await bed.runtime.listPodSandbox()).map((s) => s.state)).toEqual(['notReady']));
  });

  it('runs init containers one after the other before the others', async () => {
    bed.start();
    await bed.create('init', { initContainers: [{ name: 'a', image: 'task:0' }, { name: 'b', image: 'task:0' }], containers: [{ name: 'c', image: 'nginx:1' }] });
    const pod = (await bed.until('init', (p) => p && isPodReady(p)))!;
    expect(pod.status.initContainerStatuses!.map((s) => [s.name, s.ready, s.state.terminated?.reason])).toEqual([['a', true, 'Completed'], ['b', true, 'Completed']]);
    expect((await bed.events('init')).filter((e) => e.reason === 'Started').map((e) => e.message)).toEqual(['Started container a', 'Started container b', 'Started container c']);
  });

  it('keeps a sidecar running beside the others and ends it last', async () => {
    bed.start();
    await bed.create('side', { initContainers: [{ name: 's', image: 'nginx:1', restartPolicy: 'Always' }], containers: [{ name: 'c', image: 'nginx:1' }] });
    const pod = (await bed.until('side', (p) => p && isPodReady(p)))!;
    expect(pod.status.initContainerStatuses![0]).toMatchObject({ name: 's', started: true, ready: true });
    await bed.client.delete(Pods, { namespace: 'default', name: 'side' });
    await bed.until('side', (p) => !p);
    expect((await bed.events('side')).filter((e) => e.reason === 'Killing').map((e) => e.message)).toEqual(['Stopping container c', 'Stopping container s']);
  });

  it.each([
    ['denied:1', 'ErrImagePull', 'no such registry'], ['nowhere:1', 'ErrImagePull', 'pull access denied'], ['Bad:Name:1', 'InvalidImageName', 'Failed to apply default image tag'],
  ])('says why %s cannot be had', async (image, reason, words) => {
    bed.start();
    await bed.create('pull', { containers: [{ name: 'c', image }] });
    const waiting = (p?: { status: { containerStatuses?: readonly { state: { waiting?: { reason?: string; message?: string } } }[] } }) => p?.status.containerStatuses?.[0]?.state.waiting;
    const pod = await bed.until('pull', (p) => [reason, 'ImagePullBackOff'].includes(waiting(p)?.reason ?? ''));
    expect(waiting(pod)?.message).toContain(words);
    expect(pod!.status.phase).toBe('Pending');
    expect((await bed.events('pull')).map((e) => e.reason)).toContain('Failed');
  });

  it('pulls what is not there', async () => {
    bed.start();
    await bed.create('pulled', { containers: [{ name: 'c', image: 'remote:1' }] });
    await bed.until('pulled', (p) => p && isPodReady(p));
    expect((await bed.events('pulled')).map((e) => e.message)).toEqual(expect.arrayContaining(['Pulling image "remote:1"', expect.stringMatching(/^Successfully pulled image "remote:1" in .* Image size: 1000000 bytes\.$/)]));
  });

  it('waits for a missing ConfigMap and goes on when it comes', async () => {
    bed.start();
    const { ConfigMaps } = await import('../../src/api/core/config-map.ts');
    await bed.create('config', { containers: [{ name: 'c', image: 'nginx:1', env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }] }] });
    const pod = await bed.until('config', (p) => p?.status.containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError');
    expect(pod!.status.containerStatuses![0]!.state.waiting!.message).toBe('configmap "settings" not found');
    await bed.client.create(ConfigMaps, { metadata: { name: 'settings', namespace: 'default' }, data: { a: '1' } });
    await bed.until('config', (p) => p && isPodReady(p));
  });

  it('restarts a container whose volumes have lost their ConfigMap, but not one whose environment has', async () => {
    bed.start();
    const { ConfigMaps } = await import('../../src/api/core/config-map.ts');
    await bed.client.create(ConfigMaps, { metadata: { name: 'settings', namespace: 'default' }, data: { a: '1' } });
    const [mounts, env] = [[{ name: 'v', mountPath: '/v' }], [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }]];
    await bed.create('config', { volumes: [{ name: 'v', configMap: { name: 'settings' } }], containers: [{ name: 'mounts', image: 'nginx:1', volumeMounts: mounts }, { name: 'reads', image: 'nginx:1', env }] });
    const before = (await bed.until('config', (p) => p && isPodReady(p)))!;
    await bed.client.delete(ConfigMaps, { namespace: 'default', name: 'settings' });
    await eventually(async () => expect((await bed.events('config')).map((e) => e.message)).toContain('MountVolume.SetUp failed for volume "v" : configmap "settings" not found'));
    for (const { containerID } of before.status.containerStatuses!) await bed.runtime.crash(containerID!.replace('docker://', ''));
    const after = (await bed.until('config', (p) => p?.status.containerStatuses?.[0]?.restartCount === 1 && p.status.containerStatuses[1]?.state.waiting?.reason === 'CreateContainerConfigError'))!;
    expect(after.status.containerStatuses![0]).toMatchObject({ name: 'mounts', ready: true });
    expect(after.status.containerStatuses![1]!.state.waiting!.message).toBe('configmap "settings" not found');
  });

  it('makes a new sandbox for one that was removed behind its back, and gives the address of the old one back', async () => {
    bed.start();
    await bed.create('web', { containers: [{ name: 'c', image: 'nginx:1' }] });
    const before = (await bed.until('web', (p) => p && isPodReady(p)))!;
    const [sandbox] = await bed.runtime.listPodSandbox();
    // As `docker rm -f` does: the container that lives in its network goes on.
    await bed.runtime.removeContainer(sandbox!.id);
    const after = (await bed.until('web', (p) => p && isPodReady(p) && p.status.podIP !== before.status.podIP))!;
    expect(after.status.containerStatuses![0]).toMatchObject({ restartCount: 1 });
    expect([...bed.addresses.used]).toEqual([after.status.podIP]);
    await eventually(async () => expect((await bed.runtime.listContainers()).filter((c) => c.state === 'running')).toHaveLength(1));
    expect((await bed.events('web')).map((e) => e.reason)).toContain('SandboxChanged');
  });

  it('takes back what others write into its part of the status, at a measured pace, and leaves them theirs', async () => {
    const clock = new FakeClock();
    await bed.close();
    bed = await kubeletBed(images, { clock });
    bed.start();
    await bed.create('web', { containers: [{ name: 'c', image: 'nginx:1' }] });
    const before = (await bed.until('web', (p) => p && isPodReady(p)))!;
    const mark = async (phase: string): Promise<string> => {
      const pod = await bed.get('web');
      const conditions = [...pod.status.conditions!.filter((c) => c.type !== 'example.com/x').map((c) => (c.type === 'Ready' ? { ...c, status: 'False' } : c)), { type: 'example.com/x', status: 'True' }];
      return (await bed.client.updateStatus(Pods, { ...pod, status: { ...pod.status, phase, podIP: '1.2.3.4', conditions } } as never)).metadata.resourceVersion!;
    };
    /** The next version of the Pod after a change of somebody else. */
    const next = async (resourceVersion: string): Promise<Pod> => {
      for await (const { object } of bed.client.watch<Pod>(Pods, { namespace: 'default', fieldSelector: 'metadata.name=web', resourceVersion })) return object;
      throw new Error('the watch ended');
    };
    const after = await next(await mark('Pending'));
    const own = (pod: typeof after) => ({ ...pod.status, conditions: pod.status.conditions!.filter((c) => c.type !== 'example.com/x').map(({ type, status }) => [type, status]).sort() });
    expect(own(after)).toEqual(own(before));
    expect(after.status.conditions).toContainEqual(expect.objectContaining({ type: 'example.com/x', status: 'True' }));
    expect(isPodReady(after)).toBe(true);
    // A second time at once has to wait for a second.
    const again = await mark('Pending');
    const waits = next(again);
    await settled();
    await clock.advance(900);
    await settled();
    expect((await bed.get('web')).metadata.resourceVersion).toBe(again);
    await clock.advance(100);
    expect(isPodReady(await waits)).toBe(true);
  });

  it('reports a process that cannot start', async () => {
    bed.start();
    await bed.create('broken', { containers: [{ name: 'c', image: 'broken:1' }] });
    const pod = await bed.until('broken', (p) => ['RunContainerError', 'CrashLoopBackOff'].includes(p?.status.containerStatuses?.[0]?.state.waiting?.reason ?? ''));
    expect(pod!.status.containerStatuses![0]!.lastState.terminated).toMatchObject({ exitCode: 127, reason: 'ContainerCannotRun' });
  });

  it('ends what the API no longer knows, with an informer that has heard the server', async () => {
    const first = bed.start();
    await bed.create('gone', { containers: [{ name: 'c', image: 'nginx:1' }], terminationGracePeriodSeconds: 1 });
    await bed.until('gone', (p) => p && isPodReady(p));
    await first.kill();
    await bed.client.delete(Pods, { namespace: 'default', name: 'gone' }, { gracePeriodSeconds: 0 });
    bed.start();
    await eventually(async () => expect([...(await bed.runtime.listContainers()), ...(await bed.runtime.listPodSandbox())]).toEqual([]));
  });

  it('tells how a deleted Pod ended while a finalizer keeps its object, and lets that go without a word when it may', async () => {
    bed.start();
    await bed.create('held', { restartPolicy: 'Never', containers: [{ name: 'c', image: 'nginx:1' }] }, { finalizers: ['example.com/counted'] });
    await bed.until('held', (p) => p && isPodReady(p));
    await bed.client.delete(Pods, { namespace: 'default', name: 'held' });
    const ended = (await bed.until('held', (p) => p?.status.containerStatuses?.[0]?.state.terminated && p.metadata.deletionGracePeriodSeconds === 0))!;
    expect(['Succeeded', 'Failed']).toContain(ended.status.phase);
    expect(ended.metadata.finalizers).toEqual(['example.com/counted']);
    await eventually(async () => expect([...(await bed.runtime.listContainers()), ...(await bed.runtime.listPodSandbox())]).toEqual([]));
    const { resourceVersion } = (await bed.get('held')).metadata;
    // Another Pod's whole life passes: the one that is held is written no more.
    await bed.create('other', { restartPolicy: 'Never', containers: [{ name: 'c', image: 'task:0' }] });
    await bed.until('other', (p) => p?.status.phase === 'Succeeded');
    expect((await bed.get('held')).metadata.resourceVersion).toBe(resourceVersion);
    await bed.client.patch(Pods, { namespace: 'default', name: 'held' }, { metadata: { finalizers: null } });
    await bed.until('held', (p) => !p);
  });
});
