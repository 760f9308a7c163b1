// What the kubelet does over time, on a clock the test moves: restart back-off, probes, grace periods, hooks, deadlines.
import { exitsAfter, ignoresStop, type FakeProcess } from '../../agent/runtime/fake-process.ts';
import type { ProbeOutcome } from '../../agent/kubelet/probes/probe.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { isNotFound } from '../../src/apimachinery/status-error.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { kubeletBed, type KubeletBed } from '../support/kubelet.ts';
import { settled } from '../support/settled.ts';

const images = { 'nginx:1': {}, 'crash:1': { main: exitsAfter(10, 1) }, 'crash:2': { main: exitsAfter(10, 2) }, 'tired:1': { main: (process: FakeProcess) => exitsAfter(lives, 1)(process) }, 'instant:1': { main: () => Promise.resolve(1) }, 'stubborn:1': { main: ignoresStop } };
/** How long the program of `tired:1` lives, in ms. */
let lives = 10;
const first = (pod: Pod | undefined) => pod?.status.containerStatuses?.[0];

describe('kubelet over time', () => {
  let bed: KubeletBed;
  let clock: FakeClock;
  let outcome: ProbeOutcome['result'];
  beforeEach(async () => {
    clock = new FakeClock();
    outcome = 'success';
    bed = await kubeletBed(images, { clock });
  });
  afterEach(() => bed.close());
  const start = () => bed.start({ probe: () => Promise.resolve({ result: outcome, output: 'said so' }) });

  /** Moves time in steps until the Pod satisfies the check; the fake time it took. */
  async function moveUntil(name: string, check: (pod: Pod | undefined) => unknown, stepMs = 250, limitMs = 900_000): Promise<{ pod: Pod | undefined; took: number }> {
    const from = clock.now();
    for (;;) {
      await settled();
      const pod = await bed.get(name).catch((error: unknown) => { if (!isNotFound(error)) throw error; return undefined; });
      if (check(pod)) return { pod, took: clock.now() - from };
      if (clock.now() - from > limitMs) throw new Error(`pod ${name} did not come to satisfy ${check.toString()}: ${JSON.stringify(pod?.status, undefined, 1)}`);
      await clock.advance(stepMs);
    }
  }

  it('backs off from a container that keeps failing: 10 s, 20 s, 40 s', async () => {
    start();
    await bed.create('crash', { containers: [{ name: 'c', image: 'crash:1' }] });
    await moveUntil('crash', (p) => first(p)?.state.waiting?.reason === 'CrashLoopBackOff');
    const waiting = first(await bed.get('crash'))!;
    expect(waiting.state.waiting!.message).toMatch(/^back-off 10s restarting failed container=c pod=crash_default\(/);
    expect(waiting.lastState.terminated).toMatchObject({ exitCode: 1, reason: 'Error' });
    expect((await bed.get('crash')).status.phase).toBe('Running');
    for (const [count, ms] of [[2, 10_000], [3, 20_000], [4, 40_000]] as const) {
      const { pod } = await moveUntil('crash', (p) => first(p)?.restartCount === count && first(p)?.state.running);
      const { state, lastState } = first(pod)!;
      const pause = Date.parse(state.running!.startedAt!) - Date.parse(lastState.terminated!.finishedAt!);
      expect(pause).toBeGreaterThanOrEqual(ms);
      // Time moves on while a slow machine writes files.
      expect(pause).toBeLessThan(ms + 9000);
      await moveUntil('crash', (p) => first(p)?.state.waiting?.reason === 'CrashLoopBackOff');
    }
    expect((await bed.events('crash')).map((e) => e.message)).toContainEqual(expect.stringMatching(/^Back-off restarting failed container c in pod crash_default/));
  });

  it('backs off for 5 min at most, and begins anew when a container has run for 10 min', async () => {
    lives = 10;
    start();
    await bed.create('tired', { containers: [{ name: 'c', image: 'tired:1' }] });
    const waits = async (restarts: number): Promise<string | undefined> => {
      const { pod } = await moveUntil('tired', (p) => first(p)?.restartCount === restarts && first(p)?.state.waiting?.reason === 'CrashLoopBackOff', 5000);
      return /^back-off (\S+) /.exec(first(pod)!.state.waiting!.message!)?.[1];
    };
    const told: (string | undefined)[] = [];
    // The first time it is started again at once.
    for (let restarts = 1; restarts <= 7; restarts++) told.push(await waits(restarts));
    expect(told).toEqual(['10s', '20s', '40s', '1m20s', '2m40s', '5m0s', '5m0s']);
    lives = 601_000;
    await moveUntil('tired', (p) => first(p)?.restartCount === 8 && first(p)?.state.running, 5000);
    lives = 60_000;
    const { pod } = await moveUntil('tired', (p) => first(p)?.restartCount === 9 && first(p)?.state.running, 5000);
    const { state, lastState } = first(pod)!;
    const { startedAt, finishedAt } = lastState.terminated!;
    expect(Date.parse(finishedAt!) - Date.parse(startedAt!)).toBeGreaterThan(600_000);
    // It had no trouble for long: there is no back-off, and the next one is the first again.
    expect(Date.parse(state.running!.startedAt!) - Date.parse(finishedAt!)).toBeLessThan(10_000);
    expect(await waits(9)).toBe('10s');
  });

  it('begins its back-off anew with another image', async () => {
    start();
    await bed.create('crash', { containers: [{ name: 'c', image: 'crash:1' }] });
    const { pod: worn } = await moveUntil('crash', (p) => first(p)?.restartCount === 3 && first(p)?.state.waiting?.message?.startsWith('back-off 40s'));
    const update = { metadata: { name: 'crash' }, spec: { containers: [{ name: 'c', image: 'crash:2' }] } };
    await bed.client.patch(Pods, { namespace: 'default', name: 'crash' }, update, { type: 'strategic' });
    const { pod } = await moveUntil('crash', (p) => first(p)?.state.running && first(p)?.image === 'crash:2');
    expect(Date.parse(first(pod)!.state.running!.startedAt!) - Date.parse(first(worn)!.lastState.terminated!.finishedAt!)).toBeLessThan(30_000);
    await moveUntil('crash', (p) => first(p)?.state.waiting?.message?.startsWith('back-off 10s'));
    await moveUntil('crash', (p) => first(p)?.state.waiting?.message?.startsWith('back-off 20s'));
  });

  it('keeps the run before, of a container that ends at once too', async () => {
    start();
    await bed.create('instant', { containers: [{ name: 'c', image: 'instant:1' }] });
    await moveUntil('instant', (p) => first(p)?.restartCount === 2 && first(p)?.state.waiting?.reason === 'CrashLoopBackOff');
    expect((await bed.runtime.listContainers()).map((c) => c.metadata.attempt).sort()).toEqual([1, 2]);
  });

  it('is ready when its readiness probe says so, and no longer after it fails', async () => {
    outcome = 'failure';
    start();
    await bed.create('probed', { containers: [{ name: 'c', image: 'nginx:1', readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 5, failureThreshold: 2 } }] });
    const { pod } = await moveUntil('probed', (p) => first(p)?.state.running);
    expect(first(pod)).toMatchObject({ ready: false, started: true });
    expect(pod!.status.conditions!.find((c) => c.type === 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [c]' });
    await moveUntil('probed', () => clock.now() % 60_000 > 12_000);
    outcome = 'success';
    await moveUntil('probed', (p) => p && isPodReady(p), 250, 6000);
    outcome = 'failure';
    const { took } = await moveUntil('probed', (p) => p && !isPodReady(p));
    expect(took).toBeGreaterThan(4000);
    expect(took).toBeLessThan(10_500);
    expect((await bed.events('probed')).map((e) => e.message)).toContain('Readiness probe failed: said so');
  });

  it('restarts what fails its liveness probe, after its startup probe has let it', async () => {
    start();
    await bed.create('live', {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'c', image: 'nginx:1', startupProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 }, livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 2, failureThreshold: 3 } }],
    });
    await moveUntil('live', (p) => first(p)?.started);
    outcome = 'failure';
    await moveUntil('live', (p) => (first(p)?.restartCount ?? 0) > 0);
    const messages = (await bed.events('live')).map((e) => e.message);
    expect(messages).toContain('Container c failed liveness probe, will be restarted');
    expect(messages).toContain('Liveness probe failed: said so');
    outcome = 'success';
    await moveUntil('live', (p) => p && isPodReady(p));
  });

  it('tells that a container is no longer ready while it ends, and restarts none', async () => {
    start();
    const probe = { tcpSocket: { port: 80 }, periodSeconds: 2, failureThreshold: 1 };
    await bed.create('leaving', { terminationGracePeriodSeconds: 30, containers: [{ name: 'c', image: 'stubborn:1', readinessProbe: probe, livenessProbe: probe }] });
    const { pod: before } = await moveUntil('leaving', (p) => p && isPodReady(p));
    await bed.client.delete(Pods, { namespace: 'default', name: 'leaving' });
    outcome = 'failure';
    const { pod } = await moveUntil('leaving', (p) => !p || !isPodReady(p));
    expect(pod!.status).toMatchObject({ phase: 'Running', containerStatuses: [{ ready: false, containerID: first(before)!.containerID, state: { running: {} } }] });
    for (const type of ['Ready', 'ContainersReady']) expect(pod!.status.conditions!.find((c) => c.type === type)).toMatchObject({ status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [c]' });
    const { took } = await moveUntil('leaving', (p) => !p);
    expect(took).toBeGreaterThan(20_000);
    expect((await bed.events('leaving')).map((e) => e.message)).not.toContainEqual(expect.stringContaining('Liveness'));
  });

  it('lets preStop run and gives the container the rest of its grace period', async () => {
    start();
    await bed.create('slow', { terminationGracePeriodSeconds: 30, containers: [{ name: 'c', image: 'stubborn:1', lifecycle: { preStop: { sleep: { seconds: 10 } } } }] });
    await moveUntil('slow', (p) => p && isPodReady(p));
    await bed.client.delete(Pods, { namespace: 'default', name: 'slow' });
    const { took } = await moveUntil('slow', (p) => !p);
    expect(took).toBeGreaterThan(29_000);
    expect(took).toBeLessThan(32_000);
  });

  it('ends sooner when a second deletion asks for it', async () => {
    start();
    await bed.create('slow', { terminationGracePeriodSeconds: 300, containers: [{ name: 'c', image: 'stubborn:1' }] });
    await moveUntil('slow', (p) => p && isPodReady(p));
    await bed.client.delete(Pods, { namespace: 'default', name: 'slow' });
    await moveUntil('slow', () => clock.now() % 60_000 > 20_000);
    await bed.client.delete(Pods, { namespace: 'default', name: 'slow' }, { gracePeriodSeconds: 5 });
    const { took } = await moveUntil('slow', (p) => !p);
    expect(took).toBeLessThan(10_000);
  });

  it('fails a Pod that is active longer than its deadline', async () => {
    start();
    await bed.create('late', { activeDeadlineSeconds: 20, terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: 'nginx:1' }] });
    const { pod, took } = await moveUntil('late', (p) => p?.status.phase === 'Failed');
    expect(pod!.status).toMatchObject({ reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' });
    expect(took).toBeGreaterThan(18_000);
    expect(took).toBeLessThan(25_000);
    expect(first(pod)!.state.terminated).toBeDefined();
  });

  it('has failed when its containers have ended, and is not ready before that', async () => {
    start();
    await bed.create('late', { activeDeadlineSeconds: 20, terminationGracePeriodSeconds: 30, containers: [{ name: 'c', image: 'stubborn:1' }] });
    await moveUntil('late', (p) => p && isPodReady(p));
    const { pod: ending } = await moveUntil('late', (p) => p && !isPodReady(p));
    expect(ending!.status).toMatchObject({ phase: 'Running', containerStatuses: [{ state: { running: {} } }] });
    expect(ending!.status.conditions!.find((c) => c.type === 'Ready')).toMatchObject({ status: 'False', reason: 'PodFailed' });
    expect(ending!.status).not.toHaveProperty('reason');
    const { pod, took } = await moveUntil('late', (p) => p?.status.phase !== 'Running');
    expect(took).toBeGreaterThan(28_000);
    expect(pod!.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded', containerStatuses: [{ state: { terminated: { exitCode: 137 } } }] });
  });

  it('holds the stop signal back until the proxies have acted', async () => {
    let release = (): void => undefined;
    const acted = new Promise<void>((resolve) => { release = resolve; });
    bed.start({ drained: () => acted });
    await bed.create('served', { terminationGracePeriodSeconds: 30, containers: [{ name: 'c', image: 'nginx:1' }] });
    await moveUntil('served', (p) => p && isPodReady(p));
    await bed.client.delete(Pods, { namespace: 'default', name: 'served' });
    await moveUntil('served', () => clock.now() % 60_000 > 3000);
    expect((await bed.runtime.listContainers()).map((c) => c.state)).toEqual(['running']);
    expect((await bed.runtime.listPodSandbox()).map((s) => s.state)).toEqual(['ready']);
    release();
    await moveUntil('served', (p) => !p);
  });
});
