// Resources that change while a Pod runs, through its resize subresource: in place or by a restart, now or when there is room.
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { findCondition } from '../../src/apimachinery/conditions.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { RuntimeError } from '../../agent/runtime/runtime.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';

describe('resize', () => {
  let bed: KubeletBed;
  beforeEach(async () => { bed = await kubeletBed({ 'nginx:1': {} }); });
  afterEach(() => bed.close());
  const limits = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } });
  const create = async (name: string, cpu: string, more: object = {}): Promise<Pod> => {
    await bed.create(name, { containers: [{ name: 'c', image: 'nginx:1', resources: limits(cpu, '64Mi'), ...more }] });
    return (await bed.until(name, (p) => p && isPodReady(p)))!;
  };
  const resize = (name: string, resources: object): Promise<Pod> => bed.client.patch<Pod>(Pods, { namespace: 'default', name }, { spec: { containers: [{ name: 'c', resources }] } }, { subresource: 'resize', type: 'strategic' });
  const actual = async (name: string): Promise<object> => {
    const found = (await bed.runtime.listContainers()).find((c) => c.pod.name === name && c.state === 'running')!;
    return (await bed.runtime.containerStatus(found.id)).resources;
  };
  const has = (cpu: string) => (p?: Pod) => p?.status.containerStatuses?.[0]?.resources?.limits?.['cpu'] === cpu && p.status.observedGeneration === p.metadata.generation;
  const condition = (p: Pod | undefined, type: string) => findCondition(p?.status.conditions as never, type) as { reason?: string; message?: string } | undefined;

  it('changes a running container in place', async () => {
    bed.start();
    const before = await create('web', '500m');
    expect(before.status.containerStatuses![0]).toMatchObject({ allocatedResources: { cpu: '500m', memory: '64Mi' }, resources: limits('500m', '64Mi') });
    await resize('web', limits('1', '128Mi'));
    const after = (await bed.until('web', has('1')))!;
    expect(after.status.containerStatuses![0]).toMatchObject({ containerID: before.status.containerStatuses![0]!.containerID, restartCount: 0, allocatedResources: { cpu: '1', memory: '128Mi' }, resources: limits('1', '128Mi') });
    expect(await actual('web')).toMatchObject({ cpuShares: 1024, cpuQuota: 100_000, memoryLimitInBytes: 128 * 2 ** 20 });
    await bed.until('web', (p) => !condition(p, 'PodResizeInProgress'));
  });

  it('restarts a container that asks for it', async () => {
    bed.start();
    await create('web', '500m', { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] });
    await resize('web', limits('500m', '32Mi'));
    await bed.until('web', (p) => p?.status.containerStatuses?.[0]?.restartCount === 1 && isPodReady(p));
    expect(await actual('web')).toMatchObject({ memoryLimitInBytes: 32 * 2 ** 20 });
    expect((await bed.events('web')).map((e) => e.message)).toContain('Container c resize requires restart');
  });

  it('waits for room, also through a restart of the agent, and says so', async () => {
    const first = bed.start();
    await create('web', '1');
    await create('other', '2500m');
    await resize('web', limits('2', '64Mi'));
    const waits = (await bed.until('web', (p) => condition(p, 'PodResizePending')))!;
    expect(condition(waits, 'PodResizePending')).toMatchObject({ reason: 'Deferred', message: "Node didn't have enough resource: cpu, requested: 2000, used: 2500, capacity: 4000" });
    expect(waits.status.containerStatuses![0]).toMatchObject({ allocatedResources: { cpu: '1' }, resources: { limits: { cpu: '1' } } });
    await first.kill();
    bed.start();
    const deferred = { type: 'Warning', reason: 'ResizeDeferred', message: "Node didn't have enough resource: cpu, requested: 2000, used: 2500, capacity: 4000" };
    const told = async (): Promise<unknown[]> => (await bed.events('web')).filter(({ reason }) => reason.startsWith('Resize'));
    // The new agent has looked at it, and says so once more.
    await eventually(async () => expect(await told()).toEqual([deferred, deferred]));
    // A status that is changed by others is as it was.
    await bed.client.patch(Pods, { namespace: 'default', name: 'web' }, { status: { containerStatuses: [{ name: 'c', restartCount: 7 }] } }, { subresource: 'status', type: 'strategic' });
    await bed.until('web', (p) => p?.status.containerStatuses?.[0]?.restartCount === 0);
    expect(await actual('web')).toMatchObject({ cpuQuota: 100_000 });
    await bed.client.delete(Pods, { namespace: 'default', name: 'other' });
    const after = (await bed.until('web', has('2')))!;
    expect(condition(after, 'PodResizePending')).toBeUndefined();
    await resize('web', limits('5', '64Mi'));
    expect(condition(await bed.until('web', (p) => condition(p, 'PodResizePending')), 'PodResizePending')).toMatchObject({ reason: 'Infeasible', message: "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000" });
    await eventually(async () => expect(await told()).toEqual([deferred, deferred, { type: 'Warning', reason: 'ResizeInfeasible', message: "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000" }]));
  });

  it('says what the engine refused', async () => {
    bed.start();
    await create('web', '500m');
    bed.runtime.failNext('updateContainerResources', new RuntimeError('Minimum memory limit allowed is 6MB'));
    await resize('web', limits('1', '64Mi'));
    const refused = await bed.until('web', (p) => condition(p, 'PodResizeInProgress')?.reason === 'Error');
    expect(condition(refused, 'PodResizeInProgress')).toMatchObject({ message: 'Minimum memory limit allowed is 6MB' });
    expect(refused!.status.containerStatuses![0]).toMatchObject({ allocatedResources: { cpu: '1' }, resources: { limits: { cpu: '500m' } } });
  });

  it('gives a container back what someone has changed by hand', async () => {
    bed.start();
    const { status } = await create('web', '500m');
    await bed.runtime.updateContainerResources(status.containerStatuses![0]!.containerID!.replace('docker://', ''), { cpuQuota: 1000 });
    await eventually(async () => expect(await actual('web')).toMatchObject({ cpuQuota: 50_000 }));
  });
});
