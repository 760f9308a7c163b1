// The probes of a container that may end, or lose its sandbox, at any moment: nothing is asked of what does not run.
import { ProberManager } from '../../../../agent/kubelet/probes/prober-manager.ts';
import type { ProbeOutcome, ProbeTarget } from '../../../../agent/kubelet/probes/probe.ts';
import type { Container, Pod } from '../../../../agent/kubelet/pod.ts';
import type { PodRuntimeStatus } from '../../../../agent/kubelet/runtime-status.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { silentLog } from '../../../../src/util/log.ts';
import { ran, runtime as known, sandbox } from './pods.ts';

let clock: FakeClock;
let said: string[];
let asked: ProbeTarget[];
let now: PodRuntimeStatus;
/** What the engine would say, where that is newer. */
let truth: PodRuntimeStatus | undefined;
let answer: () => Promise<ProbeOutcome>;
let manager: ProberManager;

beforeEach(() => {
  clock = new FakeClock();
  [said, asked, truth] = [[], [], undefined];
  now = known([sandbox()], [ran('c')]);
  answer = () => Promise.resolve({ result: 'success', output: '' });
  const note = (_pod: Pod, _container: Container | undefined, reason: string, message: string): void => { said.push(`${reason}: ${message}`); };
  manager = new ProberManager({
    runtime: undefined as never, clock, log: silentLog, hostIP: '192.168.0.1', onChange: () => undefined, events: { normal: note, warning: note },
    cache: { get: () => now, refreshContainer: () => { now = truth ?? now; return Promise.resolve(undefined); } },
    probe: (_spec, target) => { asked.push(target); return answer(); },
  });
});
afterEach(() => manager.close());

const http = { httpGet: { port: 80 }, periodSeconds: 5 };
const begin = (probe: object, more: object = {}): void => manager.sync({ metadata: { name: 'web', namespace: 'default', uid: 'uid-1' }, spec: { containers: [{ name: 'c', image: 'nginx:1', readinessProbe: probe }], ...more } } as unknown as Pod, now);
const addresses = (): string[] => asked.map(({ podIP }) => podIP);
const address = (): string => now.sandboxes[0]!.ip;

it.each<[string, object]>([['http', http], ['tcp', { tcpSocket: { port: 80 }, periodSeconds: 5 }], ['grpc', { grpc: { port: 80 }, periodSeconds: 5 }]])('%s waits while the Pod has no address', async (_kind, probe) => {
  const ip = address();
  begin(probe);
  await clock.advance(5000);
  const before = asked.length;
  expect(before).toBeGreaterThan(0);
  now = known([sandbox({ state: 'notReady', ip: '' })], [ran('c')]);
  await clock.advance(20_000);
  expect([asked.length, said]).toEqual([before, []]);
  now = known([sandbox()], [ran('c')]);
  await clock.advance(5000);
  expect(addresses()).toEqual(Array.from({ length: before + 1 }, () => ip));
});
it.each<[string, object, object]>([['a command', { exec: { command: ['true'] }, periodSeconds: 5 }, {}], ['another host', { httpGet: { port: 80, host: '10.0.0.1' }, periodSeconds: 5 }, {}], ['the host\'s network', http, { hostNetwork: true }]])('%s needs none', async (_what, probe, more) => {
  now = known([sandbox({ state: 'notReady', ip: '' })], [ran('c')]);
  begin(probe, more);
  await clock.advance(5000);
  expect(asked.length).toBeGreaterThan(0);
});
it('asks nothing of a container that has ended, though no pass has told of it yet', async () => {
  begin(http);
  await clock.advance(5000);
  const before = asked.length;
  now = known([sandbox()], [ran('c', { state: 'exited' })]);
  await clock.advance(30_000);
  expect([asked.length, said]).toEqual([before, []]);
});
it('says nothing of an error that comes of the container\'s end', async () => {
  answer = () => Promise.reject(new Error('Container c is not running'));
  truth = known([sandbox()], [ran('c', { state: 'exited' })]);
  begin({ exec: { command: ['true'] }, periodSeconds: 5 });
  await clock.advance(5000);
  expect([asked.length, said]).toEqual([3, []]);
});
it('tells of one that has another cause, after three tries', async () => {
  answer = () => Promise.reject(new Error('no such thing'));
  begin({ exec: { command: ['true'] }, periodSeconds: 5 });
  await clock.advance(1000);
  expect([asked.length, said]).toEqual([3, ['Unhealthy: Readiness probe errored: no such thing']]);
});
it('asks a new container although the answer of the one before it is still awaited', async () => {
  const ids = (): string[] => asked.map(({ containerId }) => containerId);
  const both = { metadata: { name: 'web', namespace: 'default', uid: 'uid-1' }, spec: { containers: [{ name: 'c', image: 'nginx:1', startupProbe: { exec: { command: ['started'] }, periodSeconds: 1 }, readinessProbe: { ...http, periodSeconds: 1 } }] } } as unknown as Pod;
  const [first] = now.containers;
  manager.sync(both, now);
  await clock.advance(2000);
  expect(manager.get('readiness', first!.id)).toBe('success');
  let late: (outcome: ProbeOutcome) => void = () => undefined;
  answer = () => new Promise((resolve) => { late = resolve; });
  await clock.advance(1000);
  const lost = ids().at(-1);
  answer = () => Promise.resolve({ result: 'success', output: '' });
  now = known([sandbox()], [ran('c', { restarts: 1, startedAt: clock.now() })]);
  manager.sync(both, now);
  await clock.advance(1000);
  late({ result: 'failure', output: 'no route' });
  await clock.advance(2000);
  expect([lost, manager.get('startup', 'c-1'), manager.get('readiness', 'c-1')]).toEqual([first!.id, 'success', 'success']);
});
