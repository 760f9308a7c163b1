// Graceful node shutdown: its flags, who ends when, and how long anybody is waited for.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupByPriority, NodeShutdown, parseShutdown, readShutdownState, type NodeShutdownOptions, type ShutdownFlags } from '../../../../agent/kubelet/node-shutdown.ts';
import type { Pod } from '../../../../agent/kubelet/pod.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { silentLog } from '../../../../src/util/log.ts';

const critical = 2_000_000_000;
const pod = (name: string, priority?: number): Pod => ({ metadata: { name, uid: name }, spec: priority === undefined ? {} : { priority } }) as unknown as Pod;

it.each<[ShutdownFlags, [number, number][]]>([
  [{}, []], [{ shutdownGracePeriod: '0s', shutdownGracePeriodCriticalPods: '0s' }, []],
  [{ shutdownGracePeriod: '30s' }, [[0, 30], [critical, 0]]],
  [{ shutdownGracePeriod: '1m30s', shutdownGracePeriodCriticalPods: '30s' }, [[0, 60], [critical, 30]]],
  [{ shutdownGracePeriod: '10s', shutdownGracePeriodCriticalPods: '10s' }, [[0, 0], [critical, 10]]],
])('%j gives %j', (flags, periods) => expect(parseShutdown(flags).map(({ priority, graceSeconds }) => [priority, graceSeconds])).toEqual(periods));
it.each<[ShutdownFlags, string]>([
  [{ shutdownGracePeriod: '5s', shutdownGracePeriodCriticalPods: '10s' }, 'shutdownGracePeriod 5s must be >= shutdownGracePeriodCriticalPods 10s'],
  [{ shutdownGracePeriod: '500ms' }, 'shutdownGracePeriod 500ms must be either zero or otherwise >= 1 sec'],
  [{ shutdownGracePeriod: '1m', shutdownGracePeriodCriticalPods: '-1s' }, 'shutdownGracePeriodCriticalPods -1s must be either zero or otherwise >= 1 sec'],
])('%j is refused: %s', (flags, words) => expect(() => parseShutdown(flags)).toThrow(`invalid configuration: ${words}`));

it('puts each Pod into the last group that begins at its priority or below', () => {
  const periods = [{ priority: 0, graceSeconds: 1 }, { priority: 10, graceSeconds: 2 }, { priority: 100, graceSeconds: 3 }, { priority: 1000, graceSeconds: 4 }];
  const pods = [pod('none'), pod('below', -5), pod('nine', 9), pod('ten', 10), pod('eleven', 11), pod('last', 99_999)];
  expect(groupByPriority(periods, pods).map((group) => [group.priority, group.pods.map(({ metadata }) => metadata.name)])).toEqual([[0, ['none', 'below', 'nine']], [10, ['ten', 'eleven']], [1000, ['last']]]);
});

describe('a shutdown', () => {
  const clock = new FakeClock();
  let dataDir: string;
  let seen: string[];
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'dray-shutdown-'));
    seen = [];
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));
  const shutdown = (more: Partial<NodeShutdownOptions> = {}): NodeShutdown => new NodeShutdown({
    periods: parseShutdown({ shutdownGracePeriod: '30s', shutdownGracePeriodCriticalPods: '10s' }), dataDir, clock, log: silentLog, active: () => [pod('proxy', critical), pod('web'), pod('batch', -1)],
    fail: async (uid, { reason, message, disrupted }, graceSeconds) => {
      seen.push(`${uid} ends in ${graceSeconds}: ${reason} ${message} ${disrupted}`);
      await clock.sleep(uid === 'web' ? 5000 : 1000);
      seen.push(`${uid} ended`);
    },
    told: (uid) => { seen.push(`${uid} told`); return Promise.resolve(); },
    noteNode: (reason, message) => seen.push(`${reason}: ${message}`), report: () => { seen.push('report'); return Promise.resolve(); }, ...more,
  });
  const words = 'Terminated Pod was terminated in response to imminent node shutdown. true';

  it('says so, ends the ordinary Pods, then the critical ones, and takes in none', async () => {
    const node = shutdown();
    expect([node.underWay, node.refuse(), readShutdownState(dataDir)]).toEqual([false, undefined, undefined]);
    const [first, second] = [node.run(), node.run()];
    expect(second).toBe(first);
    expect(node.refuse()).toEqual({ reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' });
    expect(readShutdownState(dataDir)).toEqual({ pid: process.pid, startTime: expect.any(String), pods: 3 });
    await clock.advance(5000);
    expect(seen).toEqual(['Shutdown: Shutdown manager detected shutdown event', 'report', `web ends in 20: ${words}`, `batch ends in 20: ${words}`, 'batch ended', 'web ended', `proxy ends in 10: ${words}`]);
    await clock.advance(1000);
    await first;
    expect(seen.slice(7)).toEqual(['proxy ended', 'proxy told', 'web told', 'batch told']);
    expect(readShutdownState(dataDir)).toMatchObject({ pods: 3, endTime: expect.any(String) });
  });
  it('waits for no group longer than its time, and for no server longer than 5 s', async () => {
    const never = new Promise<void>(() => undefined);
    const done = flagOf();
    void shutdown({ fail: (uid) => { seen.push(uid); return never; }, told: () => never }).run().then(done.set);
    await clock.advance(19_999);
    expect(seen.slice(2)).toEqual(['web', 'batch']);
    await clock.advance(1);
    expect(seen.slice(2)).toEqual(['web', 'batch', 'proxy']);
    await clock.advance(14_999);
    expect(done.value).toBe(false);
    await clock.advance(1);
    expect(done.value).toBe(true);
  });
  it('that is off ends nothing', async () => {
    const node = shutdown({ periods: [] });
    await node.run();
    expect([seen, node.underWay, node.refuse()]).toEqual([[], false, undefined]);
    expect(readShutdownState(dataDir)).toMatchObject({ pods: 0, endTime: expect.any(String) });
  });
});

function flagOf(): { value: boolean; set: () => void } {
  const flag = { value: false, set: () => { flag.value = true; } };
  return flag;
}
