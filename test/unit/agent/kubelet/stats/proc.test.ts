// The texts of /proc and of a mount table, as numbers.
import { writableLayer } from '../../../../../agent/kubelet/stats/file-system.ts';
import { hostUsage, parseNetDev } from '../../../../../agent/kubelet/stats/proc.ts';

it('interfaces without the loopback, whether or not a blank follows the colon', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:    1234      12    1    2    0     0          0         0     5678      34    3    4    0     0       0          0
eth0.7:9 1 0 0 0 0 0 0 8 1 0 0 0 0 0 0
`;
  expect(parseNetDev(text)).toEqual([
    { name: 'eth0', rxBytes: 1234, rxPackets: 12, rxErrors: 1, rxDropped: 2, txBytes: 5678, txPackets: 34, txErrors: 3, txDropped: 4 },
    { name: 'eth0.7', rxBytes: 9, rxPackets: 1, rxErrors: 0, rxDropped: 0, txBytes: 8, txPackets: 1, txErrors: 0, txDropped: 0 },
  ]);
});

it('the host: work is neither idling nor waiting, and inactive file pages are no working set', () => {
  expect(hostUsage({
    stat: 'cpu  100 10 50 9000 400 5 6 7 0 0\ncpu0 1 1 1 1\nbtime 1700000000\n',
    meminfo: 'MemTotal:        1000 kB\nMemFree:          200 kB\nInactive:         350 kB\nInactive(file):   300 kB\nAnonPages:        120 kB\nSwapTotal:         50 kB\nSwapFree:          20 kB\n',
    vmstat: 'pgfault 77\npgmajfault 8\n', loadavg: '0.10 0.20 0.30 2/345 6789\n', pidMax: '32768\n',
  })).toEqual({
    cpu: 178e7, bootTime: 1.7e12, memoryBytes: 1024000, usage: 800 * 1024, workingSet: 500 * 1024, rss: 120 * 1024, swapUsage: 30 * 1024, swapAvailable: 20 * 1024, pageFaults: 77, majorPageFaults: 8, processes: 345, maxPid: 32768,
  });
});

it.each<[string, string, string | undefined]>([
  ['an overlay', '5 4 0:9 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/docker/overlay2/x/diff,workdir=/w\n6 5 0:1 / /proc rw - proc proc rw', '/docker/overlay2/x/diff'],
  ['no overlay', '5 4 8:1 /vfs/dir/x / rw - ext4 /dev/sda1 rw', undefined], ['a process that is gone', '', undefined],
])('the layer a container writes to on %s', (_, mountinfo, layer) => expect(writableLayer(mountinfo)).toBe(layer));
