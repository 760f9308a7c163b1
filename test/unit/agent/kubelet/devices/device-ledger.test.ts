// Who gets which device, and what is said when there are not enough.
import { deviceConfig } from '../../../../../agent/kubelet/devices/device-manager.ts';
import { DeviceLedger } from '../../../../../agent/kubelet/devices/device-ledger.ts';
import type { ContainerAllocation } from '../../../../../agent/kubelet/devices/plugin-api.ts';

const gpu = 'example.com/gpu';
const nothing: ContainerAllocation = { envs: {}, mounts: [], devices: [], annotations: {}, cdiDevices: [] };
const devices = (ids: string, ill = ''): { ID: string; health: string }[] => [...ids].map((ID) => ({ ID, health: 'Healthy' })).concat([...ill].map((ID) => ({ ID, health: 'Unhealthy' })));
const ledger = (held: Record<string, string> = {}, ids = 'abcd', ill = ''): DeviceLedger => {
  const made = new DeviceLedger();
  made.tell(gpu, devices(ids, ill));
  for (const [uid, of] of Object.entries(held)) made.hold(uid, 'c', gpu, { devices: [...of], allocation: nothing });
  return made;
};

it.each<[string, DeviceLedger, Parameters<DeviceLedger['choose']>, ReturnType<DeviceLedger['choose']>]>([
  ['takes what is free', ledger({ other: 'a' }), ['p', 'c', gpu, 2, []], { reused: [], free: ['b', 'c', 'd'], needed: 2 }],
  ['takes no ill one', ledger({}, 'ab', 'cd'), ['p', 'c', gpu, 1, []], { reused: [], free: ['a', 'b'], needed: 1 }],
  ['takes first what its Pod has used before', ledger({ other: 'a' }), ['p', 'c', gpu, 2, ['d']], { reused: ['d'], free: ['b', 'c', 'd'], needed: 1 }],
  ['takes no more of that than it wants', ledger(), ['p', 'c', gpu, 1, ['a', 'b']], { reused: ['a'], free: ['a', 'b', 'c', 'd'], needed: 0 }],
  ['wants none', ledger(), ['p', 'c', gpu, 0, []], undefined],
  ['holds them already', ledger({ p: 'ab' }), ['p', 'c', gpu, 2, []], undefined],
])('a container %s', (_, of, wish, choice) => expect(of.choose(...wish)).toEqual(choice));

it.each<[string, DeviceLedger, Parameters<DeviceLedger['choose']>, string]>([
  ['too few', ledger({ other: 'abc' }), ['p', 'c', gpu, 2, []], 'requested number of devices unavailable for example.com/gpu. Requested: 2, Available: 1'],
  ['all ill', ledger({}, '', 'ab'), ['p', 'c', gpu, 1, []], 'no healthy devices present; cannot allocate unhealthy devices example.com/gpu'],
  ['its own ill', ledger({ p: 'x' }), ['p', 'c', gpu, 1, []], 'previously allocated devices are no longer healthy; cannot allocate unhealthy devices example.com/gpu'],
  ['another number than before', ledger({ p: 'ab' }), ['p', 'c', gpu, 1, []], 'pod "p" container "c" changed request for resource "example.com/gpu" from 2 to 1'],
  ['never heard of', ledger(), ['p', 'c', 'example.com/tpu', 1, []], 'cannot allocate unregistered device example.com/tpu'],
])('refused: %s', (_, of, wish, words) => expect(() => of.choose(...wish)).toThrow(words));

it('gives nothing away twice, until it is given back', () => {
  const one = ledger({}, 'ab');
  const giveBack = one.promise(gpu, ['a']);
  expect(one.choose('p', 'c', gpu, 1, [])!.free).toEqual(['b']);
  giveBack();
  expect(one.choose('p', 'c', gpu, 1, [])!.free).toEqual(['a', 'b']);
  one.hold('p', 'c', gpu, { devices: ['a'], allocation: nothing });
  expect([one.release('q'), one.release('p'), one.choose('p', 'c', gpu, 1, [])!.free]).toEqual([false, true, ['a', 'b']]);
});
it('counts all and the well, and none while their plugin is away', () => {
  const one = ledger({}, 'ab', 'c');
  expect(one.counts()).toEqual({ [gpu]: { capacity: 3, allocatable: 2 } });
  one.lost(gpu);
  expect(one.counts()).toEqual({ [gpu]: { capacity: 3, allocatable: 0 } });
  const later = new DeviceLedger(JSON.parse(JSON.stringify(ledger({ p: 'a' }).record)) as never);
  expect([later.counts(), later.heldBy('p', 'c')[gpu]!.devices, later.manages(gpu), later.manages('x/y')]).toEqual([{ [gpu]: { capacity: 0, allocatable: 0 } }, ['a'], true, false]);
});
it('joins what several plugins say; of what two name, the first stays', () => {
  const first = { ...nothing, envs: { A: '1', B: '1' }, devices: [{ hostPath: '/dev/a', containerPath: '/dev/x', permissions: 'rw' }], mounts: [{ hostPath: '/a', containerPath: '/m', readOnly: true }], cdiDevices: [{ name: 'v/c=1' }] };
  const second = { ...nothing, envs: { B: '2', C: '2' }, devices: [{ hostPath: '/dev/b', containerPath: '/dev/x', permissions: 'r' }], mounts: [{ hostPath: '/b', containerPath: '/n', readOnly: false }], annotations: { k: 'v' }, cdiDevices: [{ name: 'v/c=1' }] };
  expect(deviceConfig([first, second])).toEqual({
    envs: expect.arrayContaining([{ key: 'A', value: '1' }, { key: 'B', value: '1' }, { key: 'C', value: '2' }]), devices: [{ hostPath: '/dev/a', containerPath: '/dev/x', permissions: 'rw' }],
    mounts: expect.arrayContaining([{ hostPath: '/a', containerPath: '/m', readonly: true }, { hostPath: '/b', containerPath: '/n' }]), annotations: { k: 'v' }, cdiDevices: ['v/c=1'],
  });
});
