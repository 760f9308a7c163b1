// One node with one Pod of two containers, as samples: what the forms of statistics are made of in tests.
import type { DiskSample, NodeSample } from '../../../../../agent/kubelet/stats/usage.ts';
import { container, pod, ran } from '../pods.ts';

const at = Date.parse('2026-01-01T00:01:00Z');
const memory = { usage: 1000, workingSet: 800, rss: 500, cache: 300, mappedFile: 20, swap: 5, pageFaults: 7, majorPageFaults: 1 };
const eth0 = { name: 'eth0', rxBytes: 10, rxPackets: 1, rxErrors: 2, rxDropped: 3, txBytes: 20, txPackets: 4, txErrors: 5, txDropped: 6 };

export const subject = pod({ containers: [container('a'), container('b')] }, { status: { phase: 'Running', startTime: '2026-01-01T00:00:00Z' } });
export const sample: NodeSample = {
  at, interfaces: [{ ...eth0, rxBytes: 100 }], agent: { cpu: 5e8, rss: 64, startedAt: at - 50_000 },
  host: { cpu: 9e9, bootTime: at - 60_000, memoryBytes: 10_000, usage: 6000, workingSet: 4000, rss: 2000, swapUsage: 30, swapAvailable: 70, pageFaults: 9, majorPageFaults: 2, processes: 12, maxPid: 4096 },
  pods: [{
    pod: subject, at, interfaces: [eth0],
    containers: [
      { status: ran('a', { startedAt: at - 30_000 }), at, usage: { cpu: { usage: 2e9, user: 1e9, system: 1e9, periods: 3, throttledPeriods: 1, throttled: 5e8 }, memory: { ...memory, limit: 2000 }, processes: 2 } },
      { status: ran('b', { startedAt: at - 2_000 }), at, usage: { cpu: { usage: 1e9 }, memory, processes: 1 } },
    ],
  }],
};
const fileSystem = { capacity: 100_000, available: 60_000, inodes: 1000, inodesFree: 900 };
export const disk: DiskSample = {
  at, nodeFs: fileSystem, imageFs: fileSystem, imageBytes: 12_345, rootfs: new Map([['a-0', { usedBytes: 40, inodesUsed: 4 }]]), logs: new Map([['a-0', { usedBytes: 8, inodesUsed: 1 }], ['b-0', { usedBytes: 16, inodesUsed: 2 }]]),
  volumes: new Map([['uid-1', [{ name: 'tmp', fileSystem, used: { usedBytes: 100, inodesUsed: 3 }, ephemeral: true }, { name: 'data', fileSystem, claim: 'web-data', ephemeral: false }]]]),
};
