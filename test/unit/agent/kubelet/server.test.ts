// The kubelet's HTTP side: logs by query, and the words when there is nothing to show.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { containerForLogs, logQuery } from '../../../../agent/kubelet/server/logs.ts';
import { createPages } from '../../../../agent/kubelet/server/pages.ts';
import { createKubeletServer } from '../../../../agent/kubelet/server/server.ts';
import { StatsProvider } from '../../../../agent/kubelet/stats/stats-provider.ts';
import { nothingRuns } from '../../../../agent/kubelet/runtime-status.ts';
import { prints, runsUntilStopped } from '../../../../agent/runtime/fake-process.ts';
import { FakeRuntime } from '../../../../agent/runtime/fake.ts';
import { FakeClock, realClock } from '../../../../src/util/clock.ts';
import { silentLog } from '../../../../src/util/log.ts';
import { disk, sample } from './stats/samples.ts';
import { container, pod, ran, runtime as known, sandbox } from './pods.ts';

const clock = new FakeClock(1_000_000);
it.each<[string, object, boolean]>([
  ['', {}, false], ['follow=true&timestamps=true&tailLines=5&limitBytes=9', { follow: true, timestamps: true, tailLines: 5, limitBytes: 9 }, false],
  ['sinceSeconds=100', { sinceMs: 900_000 }, false], ['sinceTime=1970-01-01T00:10:00Z', { sinceMs: 600_000 }, false], ['previous=true&stream=Stderr', { stream: 'stderr' }, true], ['follow=false', {}, false],
])('%s', (query, options, previous) => expect(logQuery(new URLSearchParams(query), clock)).toEqual({ options, previous }));
it.each(['tailLines=-1', 'limitBytes=x', 'sinceSeconds=1&sinceTime=1970-01-01T00:10:00Z', 'sinceTime=yesterday'])('%s is refused', (query) => expect(() => logQuery(new URLSearchParams(query), clock)).toThrow());

describe('which container', () => {
  const status = known([sandbox()], [ran('a', { state: 'exited', exitCode: 1 }), ran('a', { restarts: 1 })]);
  it.each([[false, 'a-1'], [true, 'a-0']])('previous %s is %s', (previous, id) => expect(containerForLogs(pod(), status, 'a', previous)).toBe(id));
  it('is the run that ended last, in back-off, for both', () => {
    const waits = pod({}, { status: { containerStatuses: [{ name: 'a', state: { waiting: { reason: 'CrashLoopBackOff' } } }] } });
    const ended = known([sandbox()], [ran('a', { state: 'exited', exitCode: 1 }), ran('a', { state: 'exited', exitCode: 1, restarts: 1 })]);
    expect([false, true].map((previous) => containerForLogs(waits, ended, 'a', previous))).toEqual(['a-1', 'a-1']);
  });
  it.each<[string, Parameters<typeof containerForLogs>]>([
    ['previous terminated container "a" in pod "web" not found', [pod(), known([], [ran('a')]), 'a', true]],
    ['container "x" in pod "web" is not available', [pod(), nothingRuns, 'x', false]],
    ['container "a" in pod "web" is waiting to start: ContainerCreating', [pod({}, { status: { containerStatuses: [{ name: 'a', state: { waiting: { reason: 'ContainerCreating' } } }] } }), nothingRuns, 'a', false]],
    ['container "a" in pod "web" is waiting to start: trying and failing to pull image', [pod({}, { status: { containerStatuses: [{ name: 'a', state: { waiting: { reason: 'ErrImagePull' } } }] } }), nothingRuns, 'a', false]],
  ])('%s', (message, args) => expect(() => containerForLogs(...args)).toThrow(message));
});

it('serves logs, pods and health', async () => {
  const fake = new FakeRuntime({ clock: realClock, images: { i: { main: prints(['one', 'two'], runsUntilStopped) } } });
  const config = { metadata: { name: 'web', namespace: 'default', uid: 'uid-1', attempt: 0 }, hostname: 'p', network: 'x' };
  const id = await fake.createContainer(await fake.runPodSandbox(config), { metadata: { name: 'a', attempt: 0 }, image: 'i', imageReference: 'i', envs: [], mounts: [] }, config);
  await fake.startContainer(id);
  const status = { sandboxes: [], containers: [await fake.containerStatus(id)] };
  const subject = pod({ containers: [container('a')] });
  const stats = new StatsProvider({ node: () => Promise.resolve(sample), disk: () => Promise.resolve(disk) }, new FakeClock());
  const handlers = createKubeletServer({ runtime: fake, clock: realClock, log: silentLog, pages: createPages({ nodeName: 'n1', version: 'v1', cores: 2, pods: () => [subject], status: () => status, probes: () => [], shutdown: () => undefined, stats, configuration: { kind: 'KubeletConfiguration' } }), lookup: { podNamed: (ns, name) => (`${ns}/${name}` === 'default/web' ? subject : undefined), status: () => status } });
  const server = createServer(handlers.request);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const text = async (path: string): Promise<[number, string]> => { const answer = await fetch(base + path); return [answer.status, await answer.text()]; };
  expect(await text('/healthz')).toEqual([200, 'ok']);
  expect(JSON.parse((await text('/runningpods/'))[1])).toMatchObject({ items: [{ metadata: { name: 'web' }, spec: { containers: [{ name: 'a', image: 'i' }] } }] });
  expect(await text('/configz')).toEqual([200, '{"kubeletconfig":{"kind":"KubeletConfiguration"}}']);
  for (const [path, metric] of [['', 'kubelet_running_pods'], ['/cadvisor', 'machine_cpu_cores'], ['/resource', 'node_cpu_usage_seconds_total']]) {
    const answer = await fetch(`${base}/metrics${path}`);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8', expect.stringContaining(`# TYPE ${metric} `)]);
  }
  expect(await text('/metrics/probes')).toEqual([200, '']);
  expect((await fetch(`${base}/configz`, { method: 'POST' })).status).toBe(404);
  expect(await text('/containerLogs/default/web/a?tailLines=1')).toEqual([200, 'two\n']);
  expect(JSON.parse((await text('/pods'))[1])).toMatchObject({ kind: 'PodList', items: [{ metadata: { name: 'web' } }] });
  expect((await text('/containerLogs/default/none/a'))[0]).toBe(404);
  expect((await text('/containerLogs/default/web/a?tailLines=x'))[0]).toBe(400);
  expect(await text('/containerLogs/default/web/a?previous=true')).toEqual([400, 'previous terminated container "a" in pod "web" not found']);
  expect((await text('/nothing'))[0]).toBe(404);
  const follow = await fetch(`${base}/containerLogs/default/web/a?follow=true`);
  const reader = follow.body!.getReader();
  expect(Buffer.from((await reader.read()).value!).toString()).toContain('one');
  await fake.stopContainer(id, 1);
  let rest = await reader.read();
  while (!rest.done) rest = await reader.read();
  server.close();
});
