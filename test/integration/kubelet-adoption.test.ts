// An agent that dies at any point is followed by one that takes over what runs: nothing is restarted, doubled or orphaned.
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { RuntimeClasses } from '../../src/api/node/runtime-class.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import type { ProbeOutcome } from '../../agent/kubelet/probes/probe.ts';
import { exitsAfter } from '../../agent/runtime/fake-process.ts';
import { RuntimeNotFound, RuntimeUnavailable, type PodSandboxConfig, type Runtime } from '../../agent/runtime/runtime.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';

const verbs = ['runPodSandbox', 'createContainer', 'startContainer', 'stopContainer', 'stopPodSandbox', 'removeContainer', 'removePodSandbox', 'containerStatus', 'imageStatus'] as const;

/** The runtime until its n-th call: that one is the agent's last, before or after the engine has done it. */
function dyingAt(runtime: Runtime, n: number, when: 'before' | 'after', die: () => void): Runtime {
  let calls = 0;
  return new Proxy(runtime, {
    get(target, name: keyof Runtime) {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      if (!(verbs as readonly string[]).includes(name)) return method.bind(target);
      return async (...args: unknown[]) => {
        calls++;
        if (calls > n) return new Promise(() => undefined);
        if (calls === n && when === 'before') { die(); return new Promise(() => undefined); }
        const answer = await method.apply(target, args);
        if (calls < n) return answer;
        die();
        return new Promise(() => undefined);
      };
    },
  });
}

describe('adoption', () => {
  let bed: KubeletBed;
  beforeEach(async () => { bed = await kubeletBed({ 'nginx:1': {}, 'task:0': { main: exitsAfter(1, 0) } }); });
  afterEach(() => bed.close());
  const twoContainers = { terminationGracePeriodSeconds: 1, containers: [{ name: 'a', image: 'nginx:1' }, { name: 'b', image: 'nginx:1' }] };

  it('restarts nothing', async () => {
    const first = bed.start();
    await bed.create('web', twoContainers);
    const before = (await bed.until('web', (p) => p && isPodReady(p)))!;
    await first.kill();
    const calls: string[] = [];
    const watched = new Proxy(bed.runtime as Runtime, { get: (target, name: keyof Runtime) => { calls.push(name); return (target[name] as () => unknown).bind(target); } });
    const second = bed.start({ runtime: watched });
    await eventually(async () => expect(second.kubelet.pods().length).toBe(1));
    await bed.client.patch(Pods, { namespace: 'default', name: 'web' }, { metadata: { labels: { seen: 'yes' } } });
    await eventually(async () => expect(second.kubelet.podNamed('default', 'web')?.metadata.labels).toEqual({ seen: 'yes' }));
    const after = await bed.get('web');
    expect(after.status.containerStatuses!.map((s) => [s.containerID, s.restartCount])).toEqual(before.status.containerStatuses!.map((s) => [s.containerID, 0]));
    expect(after.status.podIP).toBe(before.status.podIP);
    expect(calls.filter((c) => ['runPodSandbox', 'createContainer', 'startContainer', 'stopContainer', 'removeContainer'].includes(c))).toEqual([]);
  });

  it('a Pod that has ended stays so: what others make of its status is taken back, and nothing of it runs again', async () => {
    const first = bed.start();
    await bed.create('done', { restartPolicy: 'Never', containers: [{ name: 'a', image: 'task:0' }] });
    const before = (await bed.until('done', (p) => p?.status.phase === 'Succeeded' && p.status.conditions?.some((c) => c.type === 'PodReadyToStartContainers' && c.status === 'False')))!;
    await first.kill();
    const second = bed.start();
    // It is to know the Pod as it was before others write.
    await eventually(async () => expect(second.kubelet.podNamed('default', 'done')?.status).toEqual(before.status));
    await eventually(async () => expect((await bed.runtime.listPodSandbox()).map((s) => s.state)).toEqual(['notReady']));
    const { metadata } = await bed.client.patch<Pod>(Pods, { namespace: 'default', name: 'done' }, { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }, { subresource: 'status', type: 'strategic' });
    const after = (await bed.until('done', (p) => p && Number(p.metadata.resourceVersion) > Number(metadata.resourceVersion)))!;
    expect(after.status).toEqual(before.status);
    expect((await bed.runtime.listContainers()).map((c) => c.state)).toEqual(['exited']);
  });

  it('fails a Pod that an agent was about to fail when it died', async () => {
    let die = (): void => undefined;
    const dead = new Promise<void>((resolve) => { die = resolve; });
    const dying = new Proxy(bed.runtime as Runtime, { get: (target, name: keyof Runtime) => (name === 'stopContainer' ? () => { die(); return new Promise(() => undefined); } : (target[name] as () => unknown).bind(target)) });
    const first = bed.start({ runtime: dying });
    await bed.create('late', twoContainers);
    await bed.until('late', (p) => p && isPodReady(p));
    // Its time begins with the Pod: it has containers to end by then.
    await bed.client.patch(Pods, { namespace: 'default', name: 'late' }, { spec: { activeDeadlineSeconds: 1 } });
    await dead;
    const ending = (await bed.until('late', (p) => p && !isPodReady(p)))!;
    await first.kill();
    expect(ending.status).toMatchObject({ phase: 'Running', conditions: expect.arrayContaining([expect.objectContaining({ type: 'Ready', status: 'False', reason: 'PodFailed' })]) });
    expect(ending.status.reason).toBeUndefined();
    bed.start();
    const pod = (await bed.until('late', (p) => p?.status.phase === 'Failed'))!;
    expect(pod.status).toMatchObject({ reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' });
    expect(pod.status.containerStatuses!.map((s) => typeof s.state.terminated)).toEqual(['object', 'object']);
  });

  it('tells how the containers of a Pod ended that others had failed while the agent was away', async () => {
    const first = bed.start();
    await bed.create('lost', twoContainers);
    await bed.until('lost', (p) => p && isPodReady(p));
    await first.kill();
    await bed.client.patch(Pods, { namespace: 'default', name: 'lost' }, { status: { phase: 'Failed', reason: 'Collected' } }, { subresource: 'status', type: 'strategic' });
    bed.start();
    const pod = (await bed.until('lost', (p) => p?.status.containerStatuses?.every((s) => s.state.terminated)))!;
    expect(pod.status).toMatchObject({ phase: 'Failed', reason: 'Collected' });
  });

  it('lets what was paused go on, while it is there and when it comes', async () => {
    const first = bed.start();
    await bed.create('web', twoContainers);
    await bed.until('web', (p) => p && isPodReady(p));
    const all = async () => [...(await bed.runtime.listContainers()), ...(await bed.runtime.listPodSandbox())];
    const paused = async (): Promise<number> => (await all()).filter((c) => c.paused).length;
    for (const { id } of await all()) bed.runtime.pause(id);
    await eventually(async () => expect(await paused()).toBe(0));
    await first.kill();
    for (const { id } of await all()) bed.runtime.pause(id);
    expect(await paused()).toBe(3);
    bed.start();
    await eventually(async () => expect(await paused()).toBe(0));
    expect((await bed.get('web')).status.containerStatuses!.map((s) => s.restartCount)).toEqual([0, 0]);
  });

  it('the runtime of a class runs the sandbox and every container of it, also those a later agent starts', async () => {
    await bed.client.create(RuntimeClasses, { metadata: { name: 'walled' }, handler: 'runsc' });
    const made: (string | undefined)[] = [];
    const watched = new Proxy(bed.runtime as Runtime, {
      get: (target, name: keyof Runtime) => (...args: unknown[]) => {
        if (name === 'runPodSandbox') made.push((args[0] as PodSandboxConfig).runtimeHandler);
        if (name === 'createContainer') made.push((args[2] as PodSandboxConfig).runtimeHandler);
        return (target[name] as (...a: unknown[]) => unknown).apply(target, args);
      },
    });
    const first = bed.start({ runtime: watched });
    await bed.create('web', { ...twoContainers, runtimeClassName: 'walled' });
    const { status } = (await bed.until('web', (p) => p && isPodReady(p)))!;
    await first.kill();
    await bed.client.delete(RuntimeClasses, { name: 'walled' });
    bed.start({ runtime: watched });
    await bed.runtime.crash(status.containerStatuses![0]!.containerID!.replace('docker://', ''));
    await bed.until('web', (p) => p?.status.containerStatuses?.[0]?.restartCount === 1 && isPodReady(p));
    expect(made).toEqual(['runsc', 'runsc', 'runsc', 'runsc']);
    await bed.client.create(RuntimeClasses, { metadata: { name: 'walled' }, handler: 'runsc' });
    await bed.create('late', { ...twoContainers, runtimeClassName: 'walled', nodeName: '' });
    await bed.client.delete(RuntimeClasses, { name: 'walled' });
    await bed.client.post(Pods, { namespace: 'default', name: 'late' }, 'binding', { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'late' }, target: { kind: 'Node', name: 'node-1' } });
    await eventually(async () => expect((await bed.events('late')).map((e) => e.message)).toContainEqual(expect.stringMatching(/^Failed to create pod sandbox: .*runtimeclasses\.node\.k8s\.io "walled" not found$/)));
  });

  it('ends at once what the engine starts for a Pod that is gone', async () => {
    const { kubelet } = bed.start();
    await bed.create('web', twoContainers);
    await bed.until('web', (p) => p && isPodReady(p));
    // A request of an agent that has died meanwhile.
    const config = { metadata: { namespace: 'default', name: 'gone', uid: 'gone-1', attempt: 0 }, hostname: 'gone', network: 'host' };
    const sandbox = await bed.runtime.runPodSandbox(config);
    await bed.runtime.startContainer(await bed.runtime.createContainer(sandbox, { metadata: { name: 'a', attempt: 0 }, image: 'nginx:1', imageReference: 'nginx:1', envs: [], mounts: [] }, config));
    await eventually(async () => expect((await bed.runtime.listPodSandbox()).map((s) => s.metadata.name)).toEqual(['web']));
    expect(kubelet.pods().length).toBe(1);
  });

  it('keeps what was ready so, until a probe says otherwise', async () => {
    const containers = [{ name: 'a', image: 'nginx:1', startupProbe: { tcpSocket: { port: 80 } }, readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 } }];
    const first = bed.start({ probe: () => Promise.resolve({ result: 'success', output: '' }) });
    await bed.create('web', { containers });
    await bed.until('web', (p) => p && isPodReady(p));
    await first.kill();
    const { metadata: { resourceVersion } } = await bed.get('web');
    // Two successes, then the three failures it takes; a sixth probe has no outcome.
    let outcomes = 0;
    bed.start({ probe: () => (outcomes === 5 ? new Promise(() => undefined) : Promise.resolve({ result: ++outcomes <= 2 ? 'success' : 'failure', output: '' })) });
    const stop = new AbortController();
    let before = 0;
    for await (const { object } of bed.client.watch<Pod>(Pods, { namespace: 'default', fieldSelector: 'metadata.name=web', resourceVersion, signal: stop.signal })) {
      if (isPodReady(object)) continue;
      before = outcomes;
      break;
    }
    stop.abort();
    expect(before).toBe(5);
  });

  const points = Array.from({ length: 9 }, (_, i) => i + 1).flatMap((n) => [[n, 'before'], [n, 'after']] as const);
  it.each(points)('heals when the agent dies at engine call %d, %s it is done', async (n, when) => {
    const probe = (): Promise<ProbeOutcome> => Promise.resolve({ result: 'success', output: '' });
    const probed = { ...twoContainers, containers: twoContainers.containers.map((c) => ({ ...c, readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 } })) };
    let died = (): void => undefined;
    const death = new Promise<void>((resolve) => { died = resolve; });
    const first = bed.start({ runtime: dyingAt(bed.runtime, n, when, died), probe });
    await bed.create('web', probed);
    await Promise.race([death, bed.until('web', (p) => p && isPodReady(p))]);
    await first.kill();
    bed.start({ probe });
    const pod = (await bed.until('web', (p) => p && isPodReady(p)))!;
    expect(pod.status.containerStatuses!.map((s) => s.restartCount)).toEqual([0, 0]);
    await eventually(async () => {
      expect((await bed.runtime.listPodSandbox()).filter((s) => s.state === 'ready')).toHaveLength(1);
      expect((await bed.runtime.listContainers()).filter((c) => c.state === 'running').map((c) => c.metadata.name).sort()).toEqual(['a', 'b']);
    });
    await bed.client.delete(Pods, { namespace: 'default', name: 'web' });
    await bed.until('web', (p) => !p);
    await eventually(async () => expect([...(await bed.runtime.listContainers()), ...(await bed.runtime.listPodSandbox())]).toEqual([]));
  });

  it.each(Array.from({ length: 6 }, (_, i) => i + 1).flatMap((n) => [[n, 'before'], [n, 'after']] as const))('finishes a deletion in which the agent died at engine call %d, %s it was done', async (n, when) => {
    const zeroth = bed.start();
    await bed.create('web', twoContainers);
    await bed.until('web', (p) => p && isPodReady(p));
    await zeroth.kill();
    let died = (): void => undefined;
    const death = new Promise<void>((resolve) => { died = resolve; });
    await bed.client.delete(Pods, { namespace: 'default', name: 'web' });
    const first = bed.start({ runtime: dyingAt(bed.runtime, n + 3, when, died) });
    await Promise.race([death, bed.until('web', (p) => !p)]);
    await first.kill();
    bed.start();
    await bed.until('web', (p) => !p);
    await eventually(async () => expect([...(await bed.runtime.listContainers()), ...(await bed.runtime.listPodSandbox())]).toEqual([]));
  });

  it('starts a killed container again and keeps the dead one for its log', async () => {
    bed.start();
    await bed.create('web', { containers: [{ name: 'a', image: 'nginx:1' }] });
    await bed.until('web', (p) => p && isPodReady(p));
    const [container] = await bed.runtime.listContainers();
    await bed.runtime.crash(container!.id, 137, 'OOMKilled');
    const pod = (await bed.until('web', (p) => p?.status.containerStatuses?.[0]?.restartCount === 1 && isPodReady(p)))!;
    expect(pod.status.containerStatuses![0]!.lastState.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled', containerID: `docker://${container!.id}` });
    expect(await bed.runtime.listContainers()).toHaveLength(2);
  });

  it.each([['ended', 'stopPodSandbox'], ['was removed', 'removeContainer']] as const)('starts a container again that was seen to end before its sandbox %s, at once and counted once', async (_, verb) => {
    const start = bed.runtime.startContainer.bind(bed.runtime);
    bed.start();
    await bed.create('web', { containers: [{ name: 'a', image: 'nginx:1' }] });
    const { status } = (await bed.until('web', (p) => p && isPodReady(p)))!;
    const [container] = await bed.runtime.listContainers();
    bed.runtime.startContainer = async (id) => {
      bed.runtime.startContainer = start;
      await bed.runtime[verb](container!.podSandboxId);
      return start(id);
    };
    await bed.runtime.crash(container!.id);
    const pod = (await bed.until('web', (p) => p && isPodReady(p) && p.status.podIP !== status.podIP))!;
    expect(pod.status.containerStatuses![0]!.restartCount).toBe(1);
    expect((await bed.events('web')).map((e) => e.reason)).not.toContain('BackOff');
  });

  it('takes no engine that goes away for a failure of the container it was to start again', async () => {
    bed.start();
    await bed.create('web', { containers: [{ name: 'a', image: 'nginx:1' }] });
    await bed.until('web', (p) => p && isPodReady(p));
    const [container] = await bed.runtime.listContainers();
    bed.runtime.failNext('createContainer', new RuntimeUnavailable('the engine is away'));
    await bed.runtime.crash(container!.id);
    await eventually(async () => expect((await bed.events('web')).map((e) => e.reason)).toContain('Failed'));
    bed.runtime.disconnect();
    await bed.until('web', (p) => p && isPodReady(p) && p.status.containerStatuses![0]!.restartCount === 1);
    expect((await bed.events('web')).map((e) => e.reason)).not.toContain('BackOff');
  });

  it('makes a Pod anew whose sandbox was removed by hand', async () => {
    bed.start();
    await bed.create('web', { containers: [{ name: 'a', image: 'nginx:1' }] });
    const before = (await bed.until('web', (p) => p && isPodReady(p)))!;
    const [sandbox] = await bed.runtime.listPodSandbox();
    await bed.runtime.removePodSandbox(sandbox!.id);
    const after = (await bed.until('web', (p) => p && isPodReady(p) && p.status.containerStatuses![0]!.containerID !== before.status.containerStatuses![0]!.containerID))!;
    expect(after.status.podIP).not.toBe(before.status.podIP);
    expect(after.status.containerStatuses![0]!.restartCount).toBe(1);
  });

  it.each([[false], [true]])('counts a container once that was gone before anybody could look at it (with its sandbox: %s)', async (together) => {
    bed.start();
    await bed.create('web', { containers: [{ name: 'a', image: 'nginx:1' }] });
    const before = (await bed.until('web', (p) => p && isPodReady(p)))!;
    const [container] = await bed.runtime.listContainers();
    const inspect = bed.runtime.containerStatus.bind(bed.runtime);
    // As the engine answers when `docker rm -f` is done by the time it is asked.
    bed.runtime.containerStatus = (id) => (id === container!.id ? Promise.reject(new RuntimeNotFound('No such container')) : inspect(id));
    await (together ? bed.runtime.removePodSandbox(container!.podSandboxId) : bed.runtime.removeContainer(container!.id));
    const { containerID } = before.status.containerStatuses![0]!;
    const after = (await bed.until('web', (p) => p && isPodReady(p) && p.status.containerStatuses![0]!.containerID !== containerID))!;
    expect(after.status.containerStatuses![0]).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } } });
    expect(after.status.podIP === before.status.podIP).toBe(!together);
  });
});
