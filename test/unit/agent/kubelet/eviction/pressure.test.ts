// From what the node has left to its conditions and to what is reclaimed, over time; who is let in; how the signals are read.
import fc from 'fast-check';
import { refusal } from '../../../../../agent/kubelet/eviction/admission.ts';
import { judgePressure, noPressure, type PressureType } from '../../../../../agent/kubelet/eviction/pressure.ts';
import { hostSignals, memoryObservation, pidObservation } from '../../../../../agent/kubelet/eviction/signals.ts';
import { parseEviction, signals, type Signal } from '../../../../../agent/kubelet/eviction/thresholds.ts';
import type { Pod } from '../../../../../agent/kubelet/pod.ts';

type Left = Partial<Record<Signal, number>>;
const seen = (left: Left) => new Map(Object.entries(left).map(([signal, available]) => [signal as Signal, { available, capacity: 1000 }]));
/** Looks at each time; by look: the conditions, and the signals to be reclaimed. */
function looks(flags: Parameters<typeof parseEviction>[0], course: readonly (readonly [atSeconds: number, left: Left])[]): string[] {
  let state = noPressure;
  const config = parseEviction(flags);
  return course.map(([at, left]) => {
    const judged = judgePressure(state, config, seen(left), at * 1000);
    ({ state } = judged);
    return `${[...judged.conditions].join(',') || 'none'}: ${judged.toReclaim.map((t) => t.signal).join(',') || 'nothing'}`;
  });
}

it.each<[string, Parameters<typeof parseEviction>[0], (readonly [number, Left])[], string[]]>([
  ['at the threshold', { evictionHard: 'memory.available<100' }, [[0, { 'memory.available': 100 }]], ['none: nothing']],
  ['below it, and five minutes on', { evictionHard: 'memory.available<100' },
    [[0, { 'memory.available': 99 }], [10, { 'memory.available': 500 }], [299, { 'memory.available': 500 }], [300, { 'memory.available': 500 }]],
    ['MemoryPressure: memory.available', 'MemoryPressure: nothing', 'MemoryPressure: nothing', 'none: nothing']],
  ['a part of the capacity', { evictionHard: 'nodefs.available<10%' }, [[0, { 'nodefs.available': 100 }], [10, { 'nodefs.available': 99 }]], ['none: nothing', 'DiskPressure: nodefs.available']],
  ['memory before all others', { evictionHard: 'nodefs.available<10%,pid.available<10%,memory.available<10%' }, [[0, { 'nodefs.available': 1, 'pid.available': 1, 'memory.available': 1 }]],
    ['DiskPressure,PIDPressure,MemoryPressure: memory.available,nodefs.available,pid.available']],
  ['a soft one only after its grace period, without a break', { evictionHard: '', evictionSoft: 'memory.available<100', evictionSoftGracePeriod: 'memory.available=30s', evictionPressureTransitionPeriod: '0s' },
    [[0, { 'memory.available': 50 }], [20, { 'memory.available': 50 }], [25, { 'memory.available': 200 }], [30, { 'memory.available': 50 }], [60, { 'memory.available': 50 }]],
    ['MemoryPressure: nothing', 'MemoryPressure: nothing', 'none: nothing', 'MemoryPressure: nothing', 'MemoryPressure: memory.available']],
  ['until the minimum is reclaimed', { evictionHard: 'imagefs.available<100', evictionMinimumReclaim: 'imagefs.available=50', evictionPressureTransitionPeriod: '0s' },
    [[0, { 'imagefs.available': 149 }], [10, { 'imagefs.available': 99 }], [20, { 'imagefs.available': 149 }], [30, { 'imagefs.available': 150 }], [40, { 'imagefs.available': 149 }]],
    ['none: nothing', 'DiskPressure: imagefs.available', 'DiskPressure: imagefs.available', 'none: nothing', 'none: nothing']],
  ['what cannot be read', { evictionHard: 'memory.available<100' }, [[0, {}]], ['none: nothing']],
  ['the defaults on a disk of which 31 % is free', {}, [[0, { 'memory.available': 900_000_000, 'nodefs.available': 310, 'imagefs.available': 310, 'nodefs.inodesFree': 970, 'imagefs.inodesFree': 970 }]], ['none: nothing']],
])('%s', (_, flags, course, expected) => expect(looks(flags, course)).toEqual(expected));

it('reclaims only what is short, and shows every shortage', () => {
  const config = parseEviction({ evictionHard: signals.map((s) => `${s}<10%`).join(',') });
  fc.assert(fc.property(fc.record(Object.fromEntries(signals.map((s) => [s, fc.integer({ min: 0, max: 300 })]))), (left) => {
    const { conditions, toReclaim } = judgePressure(noPressure, config, seen(left as Left), 0);
    const short = signals.filter((s) => (left as Record<Signal, number>)[s] < 100);
    expect(toReclaim.map((t) => t.signal).sort()).toEqual([...short].sort());
    expect(conditions.size > 0).toBe(short.length > 0);
    if (short.includes('memory.available')) expect(toReclaim[0]!.signal).toBe('memory.available');
  }));
});

const pod = (more: object = {}, requests?: object): Pod => ({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', ...(requests ? { resources: { requests } } : {}) }], ...more } }) as unknown as Pod;
const tolerant = { tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }] };
it.each<[string, Pod, PressureType[], string | undefined]>([
  ['anyone without pressure', pod(), [], undefined],
  ['BestEffort under memory pressure', pod(), ['MemoryPressure'], 'The node had condition: [MemoryPressure]. '],
  ['Burstable under memory pressure', pod({}, { cpu: '1m' }), ['MemoryPressure'], undefined],
  ['BestEffort that tolerates it', pod(tolerant), ['MemoryPressure'], undefined],
  ['Burstable under disk pressure', pod({}, { cpu: '1m' }), ['DiskPressure'], 'The node had condition: [DiskPressure]. '],
  ['one that tolerates memory pressure, under both', pod(tolerant), ['MemoryPressure', 'DiskPressure'], 'The node had condition: [MemoryPressure DiskPressure]. '],
  ['a critical Pod', pod({ priority: 2_000_000_000 }), ['DiskPressure', 'PIDPressure'], undefined],
])('%s is let in: %s', (_, asks, conditions, message) => expect(refusal(asks, new Set(conditions))).toEqual(message === undefined ? undefined : { reason: 'Evicted', message }));

it('reads memory and processes', () => {
  expect(memoryObservation('MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    700 kB\nActive(file):    400 kB\nInactive(file):  200 kB\n')).toEqual({ capacity: 1_024_000, available: 300 * 1024 });
  expect(memoryObservation('MemTotal: 1000 kB\n')).toBeUndefined();
  expect(pidObservation('0.04 0.10 0.09 3/1234 56789\n', '32768\n', '190000\n')).toEqual({ capacity: 32_768, available: 31_534 });
  expect(pidObservation('', '32768', '1')).toBeUndefined();
});

it('reads every signal of this host', async () => {
  const { signals: found, dedicatedImageFs } = await hostSignals({ nodefs: '/proc/self', imagefs: '/' })();
  expect(dedicatedImageFs).toBe(true);
  expect((await hostSignals({ nodefs: '/', imagefs: '/' })()).dedicatedImageFs).toBe(false);
  for (const [signal, { available, capacity }] of found) expect([signal, available >= 0 && available <= capacity]).toEqual([signal, true]);
  expect([...found.keys()]).toEqual(expect.arrayContaining(['memory.available', 'pid.available', 'imagefs.available']));
  await expect(hostSignals({ nodefs: '/none', imagefs: '/' })()).rejects.toThrow('ENOENT');
});
