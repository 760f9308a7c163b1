// What a node says of itself.
import { allocatable, capacity, reserveOf, type HostFacts } from '../../../../agent/node/capacity.ts';
import type { PressureType } from '../../../../agent/kubelet/eviction/pressure.ts';
import { imageList, lacksExtended, nodeStatus, ownLabels, sameStatus, statusEvents, statusPatch, wasEdited } from '../../../../agent/node/node-status.ts';

const gib = 2 ** 30;
const facts: HostFacts = { cpus: 4, memoryBytes: 8 * gib, diskBytes: 100 * gib, machineID: 'm', systemUUID: 's', bootID: 'b', osImage: 'Debian', appArmor: false };
const info = { name: 'docker', version: '20.10.24', kernelVersion: '6.1', architecture: 'amd64' } as never;
const reserve = { memoryBytes: 100 * 2 ** 20, diskBytes: 10 * gib };
const status = (pressure: PressureType[] = [], problems: string[] = [], now = 0, old?: ReturnType<typeof nodeStatus>) =>
  nodeStatus({ nodeName: 'n', internalIP: '10.0.0.1', facts, pressure: new Set(pressure), reserve, extended: {}, devices: {}, info, images: [], kubeletVersion: 'v1.33.0', problems, now }, old);
const of = (s: ReturnType<typeof nodeStatus>, type: string) => s.conditions!.find((c) => c.type === type)!;

it('has capacity, and keeps something back', () => {
  expect(capacity(facts)).toEqual({ cpu: '4', memory: '8388608Ki', 'ephemeral-storage': '104857600Ki', pods: '110' });
  expect(allocatable(facts, reserve)).toEqual({ cpu: '4', memory: '8286208Ki', 'ephemeral-storage': String(Math.floor(100 * gib * 0.9)), pods: '110' });
});
it('keeps from Pods what the system, the agent and the thresholds are to have, and no more than there is', () => {
  const both = reserveOf(facts, [{ cpu: '500m', memory: '1Gi', 'ephemeral-storage': '10Gi' }, { cpu: '0.25', memory: '512Mi' }], reserve);
  expect(allocatable(facts, both)).toEqual({ cpu: '3250m', memory: '6713344Ki', 'ephemeral-storage': String(80 * gib), pods: '110' });
  expect(allocatable(facts, reserveOf(facts, [{ cpu: '1' }, {}], reserve))).toEqual({ ...allocatable(facts, reserve), cpu: '3' });
  expect(() => reserveOf(facts, [{ cpu: '3', memory: '8Gi' }, { cpu: '1500m' }], reserve)).toThrow('invalid Node Allocatable configuration. Resource "cpu" has a reservation of 4500m but capacity of 4. Expected capacity >= reservation. '
    + 'Resource "memory" has a reservation of 8491008Ki but capacity of 8388608Ki. Expected capacity >= reservation.');
});
it('says again, of labels it is given, those of a kubelet alone', () => {
  expect(ownLabels('n', 'amd64', { 'topology.kubernetes.io/zone': 'a', team: 'b', 'node.kubernetes.io/pool': 'c' })).toEqual({ ...ownLabels('n', 'amd64'), 'topology.kubernetes.io/zone': 'a' });
});
it.each<[string, PressureType[], string[], string, string, string]>([
  ['Ready', [], [], 'True', 'KubeletReady', 'kubelet is posting ready status'], ['Ready', [], ['container runtime is down'], 'False', 'KubeletNotReady', 'container runtime is down'],
  ['Ready', [], ['a', 'b'], 'False', 'KubeletNotReady', '[a, b]'], ['Ready', ['DiskPressure'], [], 'True', 'KubeletReady', 'kubelet is posting ready status'],
  ['MemoryPressure', [], [], 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['MemoryPressure', ['MemoryPressure'], [], 'True', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
  ['DiskPressure', ['MemoryPressure', 'DiskPressure'], [], 'True', 'KubeletHasDiskPressure', 'kubelet has disk pressure'], ['DiskPressure', ['MemoryPressure'], [], 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', [], [], 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'], ['PIDPressure', ['PIDPressure'], [], 'True', 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
])('%s with %j %j is %s', (type, pressure, problems, value, reason, message) => expect(of(status(pressure, problems), type)).toMatchObject({ status: value, reason, message }));
it('moves transition times only with the status', () => {
  const first = status();
  const same = status([], [], 60_000, first);
  expect(of(same, 'Ready')).toMatchObject({ lastHeartbeatTime: '1970-01-01T00:01:00Z', lastTransitionTime: '1970-01-01T00:00:00Z' });
  expect(sameStatus(first, same)).toBe(true);
  const worse = status([], ['x'], 60_000, first);
  expect(of(worse, 'Ready').lastTransitionTime).toBe('1970-01-01T00:01:00Z');
  expect(sameStatus(first, worse)).toBe(false);
});
it.each<[string, ReturnType<typeof status> | undefined, ReturnType<typeof status>, string[]]>([
  ['a new node', undefined, status(), ['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID']],
  ['nothing new', status(), status(), []],
  ['one that becomes ready', status([], ['x']), status(), ['NodeReady']],
  ['one that no longer is', status(), status([], ['x']), ['NodeNotReady']],
  ['one that runs short', status(), status(['MemoryPressure', 'PIDPressure']), ['NodeHasInsufficientMemory', 'NodeHasInsufficientPID']],
  ['one that has room again', status(['DiskPressure']), status(), ['NodeHasNoDiskPressure']],
])('tells of %s', (_, old, now, reasons) => expect(statusEvents('n', old, now)).toEqual(reasons.map((reason) => ({ type: 'Normal', reason, message: `Node n status is now: ${reason}` }))));
it('tells of a reboot', () => {
  const before = status();
  expect(statusEvents('n', { ...before, nodeInfo: { ...before.nodeInfo!, bootID: 'a' } }, before)).toEqual([{ type: 'Warning', reason: 'Rebooted', message: 'Node n has been rebooted, boot id: b' }]);
});
it('lists the 50 largest images that have a name, by five of their names', () => {
  const image = (name: string, size: number) => ({ id: name, repoTags: name ? [name] : ['<none>:<none>'], repoDigests: [], size, user: '', createdAt: 0 });
  expect(imageList([image('a', 1), image('', 9), image('b', 2)])).toEqual([{ names: ['b'], sizeBytes: 2 }, { names: ['a'], sizeBytes: 1 }]);
  expect(imageList(Array.from({ length: 60 }, (_, i) => image(`i${i}`, i)))).toHaveLength(50);
  expect(imageList([{ ...image('', 1), repoTags: ['a', 'b', '<none>:<none>', 'c', 'd', 'e', 'f'] }])[0]!.names).toEqual(['a', 'b', 'c', 'd', 'e']);
});
it.each<[string, boolean, (s: any) => object]>([
  ['a later heartbeat', false, (s) => ({ ...s, conditions: s.conditions.map((c: object) => ({ ...c, lastHeartbeatTime: 'later' })) })],
  ["someone's own condition", false, (s) => ({ ...s, conditions: [...s.conditions, { type: 'NetworkUnavailable', status: 'False' }] })],
  ["someone's own resource", false, (s) => ({ ...s, capacity: { ...s.capacity, 'example.com/gpu': '2' } })],
  ['Ready as Unknown', true, (s) => ({ ...s, conditions: s.conditions.map((c: { type: string }) => (c.type === 'Ready' ? { ...c, status: 'Unknown' } : c)) })],
  ['a capacity of another size', true, (s) => ({ ...s, capacity: { ...s.capacity, pods: '1' } })],
  ['another address', true, (s) => ({ ...s, addresses: [{ type: 'InternalIP', address: '10.0.0.9' }] })],
  ['an empty status', true, () => ({})],
])('%s is an edit of what the node says: %s', (_, edited, change) => expect(wasEdited(status(), change(status()) as never)).toBe(edited));

it.each<[string, boolean, object]>([
  ['nothing', false, { capacity: { cpu: '2' }, allocatable: { cpu: '1' } }], ['what is its own', false, { capacity: { cpu: '2', 'kubernetes.io/batch-cpu': '1' }, allocatable: { cpu: '2' } }],
  ['what was advertised', true, { capacity: { 'example.com/gpu': '2' }, allocatable: {} }], ['another amount of it', true, { capacity: { 'example.com/gpu': '2' }, allocatable: { 'example.com/gpu': '1' } }],
  ['what is advertised no more', true, { capacity: {}, allocatable: { 'example.com/gpu': '1' } }],
])('a node has to say anew: %s', (_, lacks, found) => expect(lacksExtended(found as never)).toBe(lacks));
it('tells of devices, the well ones as to be had; what others say of them is taken back, what is ill is no lack', () => {
  const devices = { 'example.com/gpu': { capacity: 3, allocatable: 2 } };
  const told = nodeStatus({ nodeName: 'n', internalIP: '10.0.0.1', facts, pressure: new Set(), reserve, extended: { 'example.com/gpu': '3', 'example.com/tpu': '1' }, devices, info, images: [], kubeletVersion: 'v1.33.0', problems: [], now: 0 }, undefined);
  expect([told.capacity, told.allocatable]).toEqual([expect.objectContaining({ 'example.com/gpu': '3' }), expect.objectContaining({ 'example.com/gpu': '2', 'example.com/tpu': '1' })]);
  const found = { ...told, capacity: { ...told.capacity, 'example.com/tpu': '1' } };
  expect([lacksExtended(told, Object.keys(devices)), lacksExtended(found), lacksExtended(found, Object.keys(devices))]).toEqual([true, true, false]);
  expect(wasEdited(told, { ...told, capacity: { ...told.capacity, 'example.com/gpu': '9' } }, Object.keys(devices))).toBe(true);
});
it('takes back what is advertised no more, and nothing else', () => {
  const found = { allocatable: { cpu: '2', 'example.com/gpu': '1', 'example.com/tpu': '1' } };
  expect(statusPatch({ allocatable: { cpu: '2', 'example.com/tpu': '1' } } as never, found as never)).toEqual({ allocatable: { cpu: '2', 'example.com/gpu': null, 'example.com/tpu': '1' } });
});
