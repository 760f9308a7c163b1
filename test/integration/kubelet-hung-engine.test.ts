// An engine that hangs: the node says after three minutes that it is not ready, goes on hearing of Pods, and comes back.
import { Events } from '../../src/api/core/event.ts';
import { Nodes, type Node } from '../../src/api/core/node.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { NodeManager } from '../../agent/node/node-manager.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';

const facts = { cpus: 2, memoryBytes: 2 ** 32, diskBytes: 2 ** 36, machineID: 'm', systemUUID: 's', bootID: 'b', osImage: 'Debian', appArmor: false };

let bed: KubeletBed;
let clock: FakeClock;
beforeEach(async () => {
  clock = new FakeClock();
  bed = await kubeletBed({ 'nginx:1': {} }, { clock });
});
afterEach(() => bed.close());

it('makes the node not ready after three minutes, and ready again when it answers', async () => {
  const { kubelet } = bed.start();
  const recorder = new EventRecorder(bed.client, Events, { component: 'kubelet', host: 'node-1' }, { clock, log: silentLog });
  const manager = new NodeManager({
    client: bed.client, runtime: bed.runtime, info: await bed.runtime.info(), clock, log: silentLog, recorder, nodeName: 'node-1', internalIP: '10.0.0.1', kubeletVersion: 'v1.33.0',
    facts: () => Promise.resolve(facts), reserve: { memoryBytes: 0, diskBytes: 0 }, health: () => kubelet,
  });
  await manager.register(new AbortController().signal);
  manager.problem('network', undefined);
  /** Time passes while a report waits for an engine that may never answer. */
  async function report(): Promise<NonNullable<Node['status']['conditions']>[number]> {
    let done = false;
    const reported = manager.report().then(() => { done = true; });
    while (!done) {
      await new Promise<void>((resolve) => { setTimeout(resolve, 2); });
      await clock.advance(1000);
    }
    await reported;
    const node = await bed.client.get<Node>(Nodes, { name: 'node-1' });
    return node.status.conditions!.find((c) => c.type === 'Ready')!;
  }
  await bed.create('first', { containers: [{ name: 'c', image: 'nginx:1' }] });
  await bed.until('first', (p) => p && isPodReady(p));
  expect(await report()).toMatchObject({ status: 'True', reason: 'KubeletReady' });

  const release = bed.runtime.hang();
  await clock.advance(100_000);
  expect(await report()).toMatchObject({ status: 'True' });
  await bed.create('second', { containers: [{ name: 'c', image: 'nginx:1' }] });
  await eventually(async () => expect(kubelet.pods().map((p) => p.metadata.name)).toContain('second'));
  await clock.advance(100_000);
  const sick = await report();
  expect(sick).toMatchObject({ status: 'False', reason: 'KubeletNotReady' });
  expect(sick.message).toMatch(/^PLEG is not healthy: pleg was last seen active 3m\d+(\.\d+)?s ago; threshold is 3m0s$/);
  // A list that was given up is followed by others.
  await clock.advance(300_000);
  expect((await report()).message).toMatch(/^PLEG is not healthy: pleg was last seen active 8m/);

  release();
  await eventually(async () => {
    await clock.advance(1000);
    expect(kubelet.problems).toEqual([]);
  });
  expect(await report()).toMatchObject({ status: 'True', reason: 'KubeletReady' });
  await recorder.flush();
  const reasons = ((await bed.client.list(Events, { namespace: 'default' })).items as unknown as { reason: string; involvedObject: { kind: string } }[]).filter((e) => e.involvedObject.kind === 'Node').map((e) => e.reason);
  expect(reasons).toEqual(expect.arrayContaining(['NodeReady', 'NodeNotReady']));
});
