// When kubelets are asked: only for somebody, only those that are connected, once for all who ask together.
import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { NodeUsages } from '../../../../../master/apiserver/resource-metrics/node-usage.ts';
import { FakeClock } from '../../../../../src/util/clock.ts';
import { silentLog } from '../../../../../src/util/log.ts';

let clock: FakeClock;
let asked: string[];
let code: number;
let usages: NodeUsages;
beforeEach(() => {
  clock = new FakeClock(0);
  asked = [];
  code = 200;
  const request = (node: string): Promise<IncomingMessage> => {
    asked.push(node);
    return Promise.resolve(Object.assign(Readable.from([`node_cpu_usage_seconds_total ${clock.now() / 2000}\nnode_memory_working_set_bytes 7\n`]), { statusCode: code }) as unknown as IncomingMessage);
  };
  usages = new NodeUsages({ tunnels: { nodes: ['n1', 'n2'], request }, clock, log: silentLog });
});
async function of(...names: string[]): Promise<Record<string, unknown>> {
  let done = false;
  const result = usages.of(names).finally(() => { done = true; });
  while (!done) {
    await new Promise((resolve) => { setImmediate(resolve); });
    if (!done) await clock.advance(100);
  }
  return Object.fromEntries([...await result].map(([name, { node }]) => [name, node?.nanoCores]));
}

it('first twice, later once, and for a few seconds not at all', async () => {
  expect([await of('n1', 'n2', 'away'), asked.sort()]).toEqual([{ n1: 5e8, n2: 5e8 }, ['n1', 'n1', 'n2', 'n2']]);
  expect([await of('n1'), asked.length]).toEqual([{ n1: 5e8 }, 4]);
  await clock.advance(10_000);
  expect([await of('n1'), asked.length]).toEqual([{ n1: 5e8 }, 5]);
  await clock.advance(70_000);
  expect([await of('n1'), asked.length]).toEqual([{ n1: 5e8 }, 7]);
});
it('nothing happens between', async () => {
  await of('n1');
  expect(clock.pending).toBe(0);
});
it('a kubelet that refuses leaves its node out, and is asked again', async () => {
  code = 500;
  expect(await of('n1')).toEqual({});
  code = 200;
  expect(await of('n1')).toEqual({ n1: 5e8 });
});
