// What the kubelet takes for the runtime's state when inspections overlap: the newest answer holds, and nothing that has gone comes back.
import { RuntimeCache } from '../../../../agent/kubelet/runtime-cache.ts';
import { RuntimeNotFound, type ContainerStatus, type PodSandboxStatus, type Runtime } from '../../../../agent/runtime/runtime.ts';

const pod = { name: 'web', namespace: 'default', uid: 'u', attempt: 0 };
const container = (state: ContainerStatus['state'], id = 'c'): ContainerStatus => ({
  id, podSandboxId: 's', metadata: { name: 'a', attempt: 0 }, pod, image: 'i', imageId: 'i', state, createdAt: 1, labels: {}, annotations: {},
  startedAt: 1, finishedAt: 0, exitCode: 0, reason: '', message: '', imageRef: '', pid: 1, logPath: '', mounts: [], resources: {},
});
const sandbox = (state: PodSandboxStatus['state']): PodSandboxStatus => ({ id: 's', metadata: pod, state, createdAt: 1, labels: {}, annotations: {}, ip: '10.42.0.9', pid: 1, network: 'pods' });

/** A cache whose questions are answered by the test, in any order. */
function asked(): { cache: RuntimeCache; containers: ((answer: ContainerStatus | Error) => void)[]; sandboxes: ((answer: PodSandboxStatus | Error) => void)[]; released: string[] } {
  const question = <T>(list: ((answer: T | Error) => void)[]) => (): Promise<T> => new Promise((resolve, reject) => list.push((answer) => { if (answer instanceof Error) reject(answer); else resolve(answer); }));
  const containers: ((answer: ContainerStatus | Error) => void)[] = [];
  const sandboxes: ((answer: PodSandboxStatus | Error) => void)[] = [];
  const released: string[] = [];
  const runtime = { containerStatus: question(containers), podSandboxStatus: question(sandboxes) } as unknown as Runtime;
  return { cache: new RuntimeCache(runtime, undefined, (ip) => released.push(ip)), containers, sandboxes, released };
}
const gone = new RuntimeNotFound('No such container');
const removed = { type: 'removed', containerId: 'c', podUid: 'u', sandbox: false, at: 0 } as const;

describe('RuntimeCache', () => {
  it('keeps the answer that was asked for last, whichever comes last', async () => {
    const { cache, containers } = asked();
    const [first, second] = [cache.refreshContainer('c'), cache.refreshContainer('c')];
    containers[1]!(container('exited'));
    expect((await second)?.state).toBe('exited');
    containers[0]!(container('running'));
    expect((await first)?.state).toBe('exited');
    expect(cache.get('u').containers.map((c) => c.state)).toEqual(['exited']);
  });

  it('asks once how a container ended, whoever wants to know', async () => {
    const { cache, containers } = asked();
    cache.putContainer(container('running'));
    const both = Promise.all([cache.handle({ type: 'exited', containerId: 'c', podUid: 'u', sandbox: false, at: 0 }), cache.containerEnded('c')]);
    expect(containers).toHaveLength(1);
    containers[0]!({ ...container('exited'), finishedAt: 7 });
    expect((await both)[0]).toBe('u');
    await cache.containerEnded('c');
    expect(containers).toHaveLength(1);
    expect(cache.get('u').containers.map((c) => c.finishedAt)).toEqual([7]);
  });

  it('keeps as whom a container was started, whoever it becomes, and when it has ended', () => {
    const { cache } = asked();
    const as = (uid: number): ContainerStatus['user'] & object => ({ uid, gid: 0, supplementalGroups: [0] });
    cache.putContainer({ ...container('running'), user: as(0) });
    cache.putContainer({ ...container('running'), user: as(999) });
    expect(cache.get('u').containers[0]!.user).toEqual(as(0));
    cache.putContainer(container('exited'));
    expect(cache.get('u').containers[0]!.user).toEqual(as(0));
  });

  it('takes in answers that come in their order', async () => {
    const { cache, containers } = asked();
    const [first, second] = [cache.refreshContainer('c'), cache.refreshContainer('c')];
    containers[0]!(container('running'));
    expect((await first)?.state).toBe('running');
    containers[1]!(container('exited'));
    expect((await second)?.state).toBe('exited');
    expect(cache.get('u').containers.map((c) => c.state)).toEqual(['exited']);
  });

  it('does not bring back a container that was removed while it was asked about', async () => {
    const { cache, containers } = asked();
    cache.putContainer(container('running'));
    const refreshed = cache.refreshContainer('c');
    await cache.handle(removed);
    containers[0]!(container('running'));
    expect(await refreshed).toBeUndefined();
    expect(cache.get('u').containers).toEqual([]);
  });

  it('does not bring back a sandbox that was removed or stopped while it was asked about', async () => {
    const { cache, sandboxes, released } = asked();
    cache.putSandbox({ ...sandbox('ready'), hostNetwork: false });
    const stopping = cache.refreshSandbox('s');
    cache.sandboxStopped('s');
    sandboxes[0]!(sandbox('ready'));
    expect((await stopping)?.state).toBe('notReady');
    const removing = cache.refreshSandbox('s');
    cache.forget('s');
    sandboxes[1]!(sandbox('notReady'));
    expect(await removing).toBeUndefined();
    expect(cache.get('u').sandboxes).toEqual([]);
    // Whoever stopped it has given the address back.
    expect(released).toEqual([]);
  });

  it('forgets what the engine does not know, and asks on after an answer that was none', async () => {
    const { cache, containers } = asked();
    cache.putContainer(container('running'));
    const failed = cache.refreshContainer('c');
    containers[0]!(new Error('the engine is away'));
    await expect(failed).rejects.toThrow('away');
    expect(cache.get('u').containers).toHaveLength(1);
    const refreshed = cache.refreshContainer('c');
    containers[1]!(gone);
    expect(await refreshed).toBeUndefined();
    expect(cache.uids()).toEqual([]);
  });
});
