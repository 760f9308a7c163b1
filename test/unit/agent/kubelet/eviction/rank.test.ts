// Who is evicted first, and what is said of it.
import { evictionMessage, rankPods, type Measured } from '../../../../../agent/kubelet/eviction/rank.ts';
import type { Signal } from '../../../../../agent/kubelet/eviction/thresholds.ts';

const mi = 2 ** 20;
interface Row { memory?: number; processes?: number; rootfs?: number; logs?: number; volume?: number; inodes?: number; request?: Record<string, string>; priority?: number; unknown?: true }
const measured = (name: string, { memory = 0, processes = 1, rootfs = 0, logs = 0, volume = 0, inodes = 0, request, priority = 0, unknown }: Row): Measured => ({
  pod: { metadata: { name }, spec: { priority, containers: [{ name: 'c', ...(request ? { resources: { requests: request } } : {}) }] } } as never,
  usage: unknown ? undefined : {
    containers: [{ name: 'c', memoryBytes: memory * mi, processes, rootfs: { usedBytes: rootfs * mi, inodesUsed: inodes }, logs: { usedBytes: logs * mi, inodesUsed: 0 } }],
    volumes: new Map([['v', { usedBytes: volume * mi, inodesUsed: 0 }]]),
  },
});
const order = (rows: Record<string, Row>, signal: Signal, dedicated = false): string =>
  rankPods(Object.entries(rows).map(([name, row]) => measured(name, row)), signal, dedicated).map(({ pod }) => pod.metadata.name).join(' ');

it.each<[string, Record<string, Row>, Signal, boolean, string]>([
  ['those above their requests first, whatever their priority', { within: { memory: 900, request: { memory: '1000Mi' } }, above: { memory: 20, request: { memory: '10Mi' }, priority: 1000 } }, 'memory.available', false, 'above within'],
  ['among those, the lower priority', { high: { memory: 500, priority: 10 }, low: { memory: 1, priority: 0 } }, 'memory.available', false, 'low high'],
  ['among those, who is furthest above its request', { big: { memory: 500, request: { memory: '490Mi' } }, small: { memory: 100, request: { memory: '10Mi' } }, none: { memory: 50 } }, 'memory.available', false, 'small none big'],
  ['within their requests, whoever is nearest to them', { far: { memory: 10, request: { memory: '100Mi' } }, near: { memory: 90, request: { memory: '100Mi' } } }, 'memory.available', false, 'near far'],
  ['who could not be measured before all', { worst: { memory: 9000 }, unknown: { unknown: true, priority: 5 } }, 'memory.available', false, 'unknown worst'],
  ['on one disk layers, logs and volumes count together', { layer: { rootfs: 5 }, logs: { logs: 6 }, volume: { volume: 7 } }, 'nodefs.available', false, 'volume logs layer'],
  ['on two disks, layers only for imagefs', { layer: { rootfs: 5 }, logs: { logs: 6 }, volume: { volume: 7 } }, 'imagefs.available', true, 'layer logs volume'],
  ['on two disks, all but layers for nodefs', { layer: { rootfs: 50 }, logs: { logs: 6 }, volume: { volume: 7 } }, 'nodefs.available', true, 'volume logs layer'],
  ['requests of storage', { asked: { rootfs: 50, request: { 'ephemeral-storage': '100Mi' } }, unasked: { rootfs: 1 } }, 'imagefs.available', false, 'unasked asked'],
  ['inodes', { bytes: { rootfs: 500, inodes: 1 }, inodes: { inodes: 9 } }, 'nodefs.inodesFree', false, 'inodes bytes'],
  ['processes, by priority first', { many: { processes: 900, priority: 1 }, few: { processes: 2 }, some: { processes: 20 } }, 'pid.available', false, 'some few many'],
])('%s', (_, rows, signal, dedicated, expected) => expect(order(rows, signal, dedicated)).toBe(expected));

const threshold = (signal: Signal, part: number) => ({ signal, value: { part }, graceMs: 0 });
it.each<[string, Measured, Signal, string]>([
  ['memory', measured('p', { memory: 200, request: { memory: '100Mi' } }), 'memory.available', 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c was using 200Mi, request is 100Mi, has larger consumption of memory. '],
  ['memory within the request', measured('p', { memory: 90, request: { memory: '100Mi' } }), 'memory.available', 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. '],
  ['disk, the layer and the log', measured('p', { rootfs: 3, logs: 1, volume: 900 }), 'nodefs.available', 'The node was low on resource: ephemeral-storage. Threshold quantity: 100Mi, available: 50Mi. Container c was using 4Mi, request is 0, has larger consumption of ephemeral-storage. '],
  ['nothing known', measured('p', { unknown: true }), 'memory.available', 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. '],
])('says %s', (_, entry, signal, message) => expect(evictionMessage(entry, threshold(signal, 0.1), { available: 50 * mi, capacity: 1000 * mi }).message).toBe(message));
it('says numbers of inodes and processes as numbers', () => {
  expect(evictionMessage(measured('p', {}), threshold('pid.available', 0.1), { available: 50, capacity: 32_768 }).message).toBe('The node was low on resource: pids. Threshold quantity: 3276, available: 50. ');
});
it('tells programs the same', () => {
  const seen = { available: 50, capacity: 1000 };
  expect(evictionMessage(measured('p', { memory: 200 }), threshold('memory.available', 0.1), seen).annotations).toEqual({ offending_containers: 'c', offending_containers_usage: '200Mi', starved_resource: 'memory' });
  expect(evictionMessage(measured('p', { unknown: true }), threshold('memory.available', 0.1), seen)).not.toHaveProperty('annotations');
});
