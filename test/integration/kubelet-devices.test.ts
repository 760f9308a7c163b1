// Devices that plugins offer over real sockets: a resource of the node, given to containers with what they need, and given back.
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceManager, type DeviceCounts } from '../../agent/kubelet/devices/device-manager.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import type { ContainerConfig } from '../../agent/runtime/runtime.ts';
import { register, startPlugin, type TestPlugin } from '../support/device-plugin.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';
import { settled } from '../support/settled.ts';

const gpu = 'example.com/gpu';
let bed: KubeletBed;
let directory: string;
let clock: FakeClock;
let plugins: TestPlugin[];
let managers: { stop: AbortController; done: Promise<void> }[];
let configs: ContainerConfig[];
beforeEach(async () => {
  bed = await kubeletBed({ 'nginx:1': {}, 'init:1': { main: () => Promise.resolve(0) } as never });
  directory = mkdtempSync(join(tmpdir(), 'dray-plugins-'));
  [clock, plugins, managers, configs] = [new FakeClock(), [], [], []];
  const create = bed.runtime.createContainer.bind(bed.runtime);
  bed.runtime.createContainer = (sandbox, config, of) => { configs.push(config); return create(sandbox, config, of); };
});
afterEach(async () => {
  for (const plugin of plugins) plugin.stop();
  await bed.close();
  for (const { stop, done } of managers) { stop.abort(); await done; }
  await settled();
  rmSync(directory, { recursive: true, force: true });
});
const manage = (): DeviceManager => {
  const stop = new AbortController();
  const manager = new DeviceManager({ directory, dataDir: bed.dataDir, clock, log: silentLog, onChange: () => undefined });
  managers.push({ stop, done: manager.run(stop.signal) });
  return manager;
};
const plugin = async (options: Parameters<typeof startPlugin>[2] = {}, devices: Parameters<TestPlugin['tell']>[0] = { a: 'Healthy', b: 'Healthy', c: 'Unhealthy' }): Promise<TestPlugin> => {
  const started = await startPlugin(directory, gpu, options);
  plugins.push(started);
  started.tell(devices);
  await started.register();
  return started;
};
const counts = (manager: DeviceManager, expected: DeviceCounts): Promise<void> => eventually(async () => expect(manager.counts).toEqual(expected));
const wants = (n: number, more: object = {}): object => ({ name: 'c', image: 'nginx:1', resources: { limits: { [gpu]: String(n) } }, ...more });
const given = (name: string): ContainerConfig => configs.findLast((config) => config.metadata.name === name)!;

it('a container gets its devices and what they need; they are free when its Pod has ended, and its own after a restart', async () => {
  const manager = manage();
  bed.start({ devices: manager });
  const told = await plugin({ preStart: true, allocation: { devices: [{ hostPath: '/dev/null', containerPath: '/dev/gpu', permissions: 'rw' }], mounts: [{ hostPath: '/opt/lib', containerPath: '/lib/gpu', readOnly: true }, { hostPath: '/x', containerPath: '/etc/hosts', readOnly: false }], annotations: { 'example.com/k': 'v' }, cdiDevices: [{ name: 'example.com/gpu=0' }] } });
  await counts(manager, { [gpu]: { capacity: 3, allocatable: 2 } });
  await bed.create('one', { containers: [wants(1, { env: [{ name: 'OWN', value: '1' }] })], terminationGracePeriodSeconds: 0 } as never);
  await bed.until('one', (p) => p && isPodReady(p));
  expect(told.calls).toEqual([['Allocate', ['a']], ['PreStartContainer', ['a']]]);
  const config = given('c');
  expect(config.envs).toEqual(expect.arrayContaining([{ key: 'VISIBLE', value: 'a' }, { key: 'OWN', value: '1' }]));
  expect([config.devices, config.cdiDevices, config.annotations!['example.com/k']]).toEqual([[{ hostPath: '/dev/null', containerPath: '/dev/gpu', permissions: 'rw' }], ['example.com/gpu=0'], 'v']);
  // The Pod's own files stay.
  expect(config.mounts.filter((m) => ['/lib/gpu', '/etc/hosts'].includes(m.containerPath)).map((m) => [m.containerPath, m.hostPath === '/x'])).toEqual(expect.arrayContaining([['/lib/gpu', false], ['/etc/hosts', false]]));
  await bed.create('two', { containers: [wants(2)] } as never);
  const refused = (await bed.until('two', (p) => p?.status.phase === 'Failed'))!;
  expect([refused.status.reason, refused.status.message]).toEqual(['UnexpectedAdmissionError', 'Pod was rejected: Allocate failed due to requested number of devices unavailable for example.com/gpu. Requested: 2, Available: 1, which is unexpected']);
  expect(await bed.events('two')).toContainEqual({ type: 'Warning', reason: 'UnexpectedAdmissionError', message: 'Allocate failed due to requested number of devices unavailable for example.com/gpu. Requested: 2, Available: 1, which is unexpected' });
  // Another agent knows who holds what.
  const later = new DeviceManager({ directory, dataDir: bed.dataDir, clock, log: silentLog, onChange: () => undefined });
  expect(await later.admit({ metadata: { uid: 'x' }, spec: { containers: [wants(1)] } } as never)).toMatchObject({ message: 'Allocate failed due to no healthy devices present; cannot allocate unhealthy devices example.com/gpu, which is unexpected' });
  expect((await later.prepare(await bed.get('one'), wants(1) as never)).envs).toEqual([{ key: 'VISIBLE', value: 'a' }]);
});

it('devices of an ended Pod are free; those of init containers pass on to those after them', async () => {
  const manager = manage();
  bed.start({ devices: manager });
  const told = await plugin({}, { a: 'Healthy', b: 'Healthy' });
  await counts(manager, { [gpu]: { capacity: 2, allocatable: 2 } });
  const limits = { resources: { limits: { [gpu]: '2' } } };
  await bed.create('job', { restartPolicy: 'Never', initContainers: [{ name: 'setup', image: 'init:1', ...limits }], containers: [{ name: 'c', image: 'init:1', ...limits }] } as never);
  await bed.until('job', (p) => p?.status.phase === 'Succeeded');
  expect(told.calls).toEqual([['Allocate', ['a', 'b']], ['Allocate', ['a', 'b']]]);
  await bed.create('next', { containers: [wants(2)] } as never);
  await bed.until('next', (p) => p && isPodReady(p));
});

it('asks a plugin that wants to be asked which it would take', async () => {
  const manager = manage();
  bed.start({ devices: manager });
  const told = await plugin({ preferred: ['b', 'a'] }, { a: 'Healthy', b: 'Healthy' });
  await counts(manager, { [gpu]: { capacity: 2, allocatable: 2 } });
  await bed.create('one', { containers: [wants(1)] } as never);
  await bed.until('one', (p) => p && isPodReady(p));
  expect(told.calls).toEqual([['GetPreferredAllocation', ['a', 'b']], ['Allocate', ['b']]]);
});

it("a plugin's refusal is the Pod's, and costs no device; before the start of a container it is tried again", async () => {
  const manager = manage();
  bed.start({ devices: manager });
  const told = await plugin({ preStart: true }, { a: 'Healthy' });
  await counts(manager, { [gpu]: { capacity: 1, allocatable: 1 } });
  told.fail('Allocate', 'out of order');
  await bed.create('one', { containers: [wants(1)] } as never);
  expect((await bed.until('one', (p) => p?.status.phase === 'Failed'))!.status.message).toBe('Pod was rejected: Allocate failed due to rpc error: code = Unknown desc = out of order, which is unexpected');
  told.fail('Allocate', undefined);
  told.fail('PreStartContainer', 'not yet');
  await bed.create('two', { containers: [wants(1)] } as never);
  const waiting = (await bed.until('two', (p) => p?.status.containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError'))!;
  expect(waiting.status.containerStatuses![0]!.state.waiting!.message).toBe('device plugin PreStartContainer rpc failed with err: rpc error: code = Unknown desc = not yet');
});

it('a plugin that has gone and wanted to be asked keeps a container from its start; where it did not want to, the container starts while it may come back', async () => {
  const manager = manage();
  const pod = { metadata: { uid: 'x' }, spec: { containers: [wants(1)] } } as never;
  const prepared = (): Promise<unknown> => manager.prepare(pod, wants(1) as never).then(({ envs }) => envs, (error: Error) => error.message);
  const gone = async (of: TestPlugin): Promise<void> => { of.stop(); await counts(manager, { [gpu]: { capacity: 1, allocatable: 0 } }); };
  const first = await plugin({ preStart: true }, { a: 'Healthy' });
  await counts(manager, { [gpu]: { capacity: 1, allocatable: 1 } });
  expect(await manager.admit(pod)).toBeUndefined();
  expect(await prepared()).toEqual([{ key: 'VISIBLE', value: 'a' }]);
  await gone(first);
  expect(await prepared()).toBe('device plugin PreStartContainer rpc failed with err: endpoint example.com/gpu has been stopped');
  const second = await plugin({}, { a: 'Healthy' });
  await counts(manager, { [gpu]: { capacity: 1, allocatable: 1 } });
  await gone(second);
  expect(await prepared()).toEqual([{ key: 'VISIBLE', value: 'a' }]);
  await clock.advance(300_000);
  expect(await prepared()).toBe('endpoint not found in cache for a registered resource: example.com/gpu');
});

it('a plugin that has gone leaves ill devices, after five minutes none; one that comes back brings them again', async () => {
  const manager = manage();
  const first = await plugin();
  await counts(manager, { [gpu]: { capacity: 3, allocatable: 2 } });
  first.tell({ a: 'Healthy' });
  await counts(manager, { [gpu]: { capacity: 1, allocatable: 1 } });
  first.stop();
  await counts(manager, { [gpu]: { capacity: 1, allocatable: 0 } });
  await clock.advance(299_000);
  expect(manager.counts).toEqual({ [gpu]: { capacity: 1, allocatable: 0 } });
  await clock.advance(1_000);
  await counts(manager, { [gpu]: { capacity: 0, allocatable: 0 } });
  await plugin();
  await counts(manager, { [gpu]: { capacity: 3, allocatable: 2 } });
  await clock.advance(600_000);
  expect(manager.counts).toEqual({ [gpu]: { capacity: 3, allocatable: 2 } });
});

it.each<[string, object, string]>([
  ['another version', { version: 'v1alpha1', resourceName: gpu }, 'rpc error: code = Unknown desc = requested API version "v1alpha1" is not supported by kubelet. Supported version is ["v1beta1"]'],
  ['a name of the node itself', { resourceName: 'cpu' }, 'rpc error: code = Unknown desc = the ResourceName "cpu" is invalid'],
  ['no name', { resourceName: '' }, 'rpc error: code = Unknown desc = the ResourceName "" is invalid'],
])('refuses %s', async (_, request, words) => {
  const manager = manage();
  await expect(register(directory, { endpoint: 'x.sock', ...request } as never)).rejects.toThrow(words);
  expect(manager.counts).toEqual({});
});

it('leaves alone a socket another kubelet listens on, takes one nobody listens on, and makes one that was removed again', async () => {
  const path = join(directory, 'kubelet.sock');
  const other = createServer().listen(path);
  await new Promise((resolve) => { other.once('listening', resolve); });
  manage();
  await settled();
  expect(other.listening && existsSync(path)).toBe(true);
  await new Promise((resolve) => { other.close(resolve); });
  writeFileSync(path, '');
  const registered = plugin();
  await eventually(async () => { await clock.advance(10_000); expect(plugins).toHaveLength(1); });
  await registered;
  const noticed = async (): Promise<void> => {
    const from = clock.now();
    await eventually(async () => { await clock.advance(50); expect(existsSync(path)).toBe(true); });
    // Nobody has waited until it is looked after anyway.
    expect(clock.now() - from).toBeLessThan(60_000);
  };
  rmSync(path);
  await noticed();
  rmSync(directory, { recursive: true });
  await noticed();
  // Who comes later has its socket, also when this one has noticed; and this one takes it back when nobody is left.
  rmSync(path);
  const later = createServer().listen(path);
  await new Promise((resolve) => { later.once('listening', resolve); });
  const own = statSync(path).ino;
  await clock.advance(50);
  await settled();
  for (let i = 0; i < 3; i++) await clock.advance(10_000);
  expect(statSync(path).ino).toBe(own);
  await new Promise((resolve) => { later.close(resolve); });
  await noticed();
  const [{ stop, done }] = managers as [{ stop: AbortController; done: Promise<void> }];
  stop.abort();
  await done;
  expect(existsSync(path)).toBe(false);
});
