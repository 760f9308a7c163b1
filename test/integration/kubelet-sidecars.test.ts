// Sidecars and ephemeral containers beside the others: order of start and end, restarts, what they hold up and what not.
import { jest } from '@jest/globals';
import { exitsAfter } from '../../agent/runtime/fake-process.ts';
import type { ContainerConfig } from '../../agent/runtime/runtime.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';

const images = { 'nginx:1': {}, 'task:0': { main: exitsAfter(1, 0) }, 'task:1': { main: exitsAfter(1, 1) } };
const sidecar = (name: string, more: object = {}) => ({ name, image: 'nginx:1', restartPolicy: 'Always' as const, ...more });

describe('sidecars', () => {
  let bed: KubeletBed;
  beforeEach(async () => { bed = await kubeletBed(images); });
  afterEach(() => bed.close());
  const messages = async (name: string, reason: string): Promise<string[]> => (await bed.events(name)).filter((e) => e.reason === reason).map((e) => e.message);
  const running = async (name: string): Promise<string> => (await bed.runtime.listContainers()).find((c) => c.metadata.name === name && c.state === 'running')!.id;

  it('start one after the other among the init containers, and let a Pod that has done its work end in reverse', async () => {
    bed.start();
    const stopped: string[] = [];
    const stop = bed.runtime.stopContainer.bind(bed.runtime);
    jest.spyOn(bed.runtime, 'stopContainer').mockImplementation(async (id, seconds) => {
      stopped.push((await bed.runtime.containerStatus(id)).metadata.name);
      await stop(id, seconds);
    });
    await bed.create('work', { restartPolicy: 'Never', initContainers: [sidecar('s1'), { name: 'i', image: 'task:0' }, sidecar('s2')], containers: [{ name: 'c', image: 'task:0' }] });
    const pod = (await bed.until('work', (p) => p?.status.phase === 'Succeeded'))!;
    expect(await messages('work', 'Started')).toEqual(['s1', 'i', 's2', 'c'].map((name) => `Started container ${name}`));
    expect(stopped).toEqual(['s2', 's1']);
    expect(pod.status.initContainerStatuses!.map((s) => [s.name, s.restartCount, s.state.terminated !== undefined])).toEqual([['s1', 0, true], ['i', 0, true], ['s2', 0, true]]);
  });

  it('hold back what comes after them until their startup probe has succeeded, and make the Pod wait for their readiness', async () => {
    const well = new Set<string>();
    bed.start({ probe: (probe) => Promise.resolve({ result: well.has(probe.exec!.command![0]!) ? 'success' : 'failure', output: '' }) });
    const probe = (word: string) => ({ exec: { command: [word] }, periodSeconds: 1, failureThreshold: 100 });
    await bed.create('gated', { initContainers: [sidecar('s', { startupProbe: probe('up'), readinessProbe: probe('ready') })], containers: [{ name: 'c', image: 'nginx:1' }] });
    const waits = (await bed.until('gated', (p) => p?.status.initContainerStatuses?.[0]?.state.running))!;
    expect(waits.status).toMatchObject({ phase: 'Pending', initContainerStatuses: [{ started: false, ready: false }], containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }] });
    well.add('up');
    const started = (await bed.until('gated', (p) => p?.status.containerStatuses?.[0]?.ready))!;
    expect(started.status.conditions!.find((c) => c.type === 'Ready')).toMatchObject({ status: 'False', message: 'containers with unready status: [s]' });
    well.add('ready');
    await bed.until('gated', (p) => p && isPodReady(p));
  });

  it('that crash hold nothing up: others start again beside their back-off', async () => {
    await bed.close();
    // The back-off lasts as long as the test does.
    bed = await kubeletBed(images, { clock: new FakeClock() });
    bed.start();
    await bed.create('web', { initContainers: [sidecar('s')], containers: [{ name: 'c', image: 'nginx:1' }] });
    await bed.until('web', (p) => p && isPodReady(p));
    for (let i = 0; i < 2; i++) {
      await bed.runtime.crash(await running('s'), 1);
      if (i === 0) await bed.until('web', (p) => p?.status.initContainerStatuses?.[0]?.restartCount === 1 && p.status.initContainerStatuses[0].state.running);
    }
    await bed.until('web', (p) => p?.status.initContainerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff');
    await bed.runtime.crash(await running('c'), 1);
    const pod = (await bed.until('web', (p) => p?.status.containerStatuses?.[0]?.restartCount === 1 && p.status.containerStatuses[0].state.running))!;
    expect(pod.status).toMatchObject({ phase: 'Running', initContainerStatuses: [{ restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } }] });
  });

  it('run their preStop hook while the others still end, and get their signal after them', async () => {
    const order: string[] = [];
    bed.start();
    const stop = bed.runtime.stopContainer.bind(bed.runtime);
    const execSync = bed.runtime.execSync.bind(bed.runtime);
    let hooked = (): void => undefined;
    const hook = new Promise<void>((resolve) => { hooked = resolve; });
    jest.spyOn(bed.runtime, 'execSync').mockImplementation(async (id, command, timeout) => { order.push(command[0]!); hooked(); return execSync(id, command, timeout); });
    jest.spyOn(bed.runtime, 'stopContainer').mockImplementation(async (id, seconds) => {
      const { name } = (await bed.runtime.containerStatus(id)).metadata;
      if (name === 'c') await hook;
      order.push(name);
      await stop(id, seconds);
    });
    await bed.create('web', { initContainers: [sidecar('s', { lifecycle: { preStop: { exec: { command: ['flush'] } } } })], containers: [{ name: 'c', image: 'nginx:1' }] });
    await bed.until('web', (p) => p && isPodReady(p));
    await bed.client.delete(Pods, { namespace: 'default', name: 'web' });
    await bed.until('web', (p) => !p);
    expect(order).toEqual(['flush', 'c', 's']);
  });

  it('an ephemeral container joins a running Pod, sees the processes of its target and ends for good', async () => {
    bed.start();
    const made: ContainerConfig[] = [];
    const create = bed.runtime.createContainer.bind(bed.runtime);
    jest.spyOn(bed.runtime, 'createContainer').mockImplementation((sandbox, config, pod) => { made.push(config); return create(sandbox, config, pod); });
    await bed.create('web', { containers: [{ name: 'c', image: 'nginx:1' }] });
    await bed.until('web', (p) => p && isPodReady(p));
    const debug = (name: string, image: string, targetContainerName: string) => bed.client.patch<Pod>(Pods, { namespace: 'default', name: 'web' }, { spec: { ephemeralContainers: [{ name, image, targetContainerName }] } }, { subresource: 'ephemeralcontainers', type: 'strategic' });
    await debug('d', 'task:1', 'c');
    const pod = (await bed.until('web', (p) => p?.status.ephemeralContainerStatuses?.[0]?.state.terminated))!;
    expect(pod.status.ephemeralContainerStatuses![0]).toMatchObject({ name: 'd', ready: false, restartCount: 0, state: { terminated: { exitCode: 1 } } });
    expect(isPodReady(pod)).toBe(true);
    expect(made.find((c) => c.metadata.name === 'd')!.security!.pidMode).toEqual({ targetId: await running('c') });
    await debug('e', 'nginx:1', 'c');
    await bed.until('web', (p) => p?.status.ephemeralContainerStatuses?.some((s) => s.name === 'e' && s.state.running));
    await eventually(async () => expect((await bed.get('web')).status.ephemeralContainerStatuses!.map((s) => s.restartCount)).toEqual([0, 0]));
  });
});
