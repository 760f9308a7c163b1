// What the contract suite does not show of the fake: time on a clock that is told, and faults on demand.
import { FakeRuntime } from '../../../../agent/runtime/fake.ts';
import { exitsAfter } from '../../../../agent/runtime/fake-process.ts';
import { ImagePullError, RuntimeUnavailable } from '../../../../agent/runtime/runtime.ts';
import type { ContainerConfig, PodSandboxConfig } from '../../../../agent/runtime/runtime.ts';
import { FakeClock } from '../../../../src/util/clock.ts';

const sandbox: PodSandboxConfig = { metadata: { name: 'a', namespace: 'b', uid: 'u', attempt: 0 }, hostname: 'a', network: 'pods' };
const config = (image: string): ContainerConfig => ({ metadata: { name: 'main', attempt: 0 }, image, imageReference: image, envs: [], mounts: [] });

describe('FakeRuntime', () => {
  it('takes the time it is told to', async () => {
    const clock = new FakeClock();
    const runtime = new FakeRuntime({ clock, images: { slow: { startDelayMs: 500, main: exitsAfter(10_000, 4) } } });
    const id = await runtime.createContainer(await runtime.runPodSandbox(sandbox), config('slow'), sandbox);
    const starting = runtime.startContainer(id);
    expect((await runtime.containerStatus(id)).state).toBe('created');
    await clock.advance(500);
    await starting;
    await clock.advance(9_999);
    expect((await runtime.containerStatus(id)).state).toBe('running');
    await clock.advance(1);
    await clock.advance(0);
    expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 4, finishedAt: clock.now() });
  });

  it('pulls, slowly or not at all', async () => {
    const clock = new FakeClock();
    const runtime = new FakeRuntime({ clock, images: { far: { remote: { delayMs: 100 } }, broken: { remote: { error: 'manifest unknown' } } } });
    expect(await runtime.imageStatus('far')).toBeUndefined();
    const pulling = runtime.pullImage('far');
    await clock.advance(100);
    expect((await runtime.imageStatus('far'))!.id).toBe(await pulling);
    await expect(runtime.pullImage('broken')).rejects.toThrow(new ImagePullError('manifest unknown'));
  });

  it('fails on demand, once', async () => {
    const runtime = new FakeRuntime({ clock: new FakeClock() });
    runtime.failNext('runPodSandbox', new Error('no room'));
    await expect(runtime.runPodSandbox(sandbox)).rejects.toThrow('no room');
    await runtime.runPodSandbox(sandbox);
  });

  it('crashes a container, and ends event streams when it is cut off', async () => {
    const runtime = new FakeRuntime({ clock: new FakeClock(), images: { web: {} } });
    const events = runtime.events(new AbortController().signal);
    const id = await runtime.createContainer(await runtime.runPodSandbox(sandbox), config('web'), sandbox);
    await runtime.startContainer(id);
    await runtime.crash(id, 137, 'OOMKilled');
    expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 137, reason: 'OOMKilled' });
    runtime.disconnect();
    const seen: string[] = [];
    await expect((async () => { for await (const event of events) if (!event.sandbox) seen.push(event.type); })()).rejects.toThrow(RuntimeUnavailable);
    expect(seen).toEqual(['created', 'started', 'oom', 'exited']);
  });
});
