// A node that goes down: its Pods are ended by their importance, say why, and none is taken in any more.
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import type { Pod } from '../../src/api/core/pod.ts';
import { parseShutdown, readShutdownState } from '../../agent/kubelet/node-shutdown.ts';
import { runsUntilStopped } from '../../agent/runtime/fake-process.ts';
import { kubeletBed, type KubeletBed } from '../support/kubelet.ts';

let bed: KubeletBed;
beforeEach(async () => { bed = await kubeletBed({ 'nginx:1': { main: runsUntilStopped } }); });
afterEach(() => bed.close());

const message = 'Pod was terminated in response to imminent node shutdown.';
const ready = (name: string): Promise<Pod | undefined> => bed.until(name, (p) => p && isPodReady(p));
const endedAt = ({ status }: Pod): string => status.containerStatuses![0]!.state.terminated!.finishedAt!;

it('ends its Pods and takes in no others', async () => {
  const reports: readonly string[][] = [];
  const { kubelet } = bed.start({
    shutdown: parseShutdown({ shutdownGracePeriod: '20s', shutdownGracePeriodCriticalPods: '10s' }),
    report: () => { (reports as string[][]).push([...kubelet.problems]); return Promise.resolve(); },
  });
  await bed.create('web', { terminationGracePeriodSeconds: 5, containers: [{ name: 'c', image: 'nginx:1' }] });
  await bed.create('vital', { priorityClassName: 'system-node-critical', containers: [{ name: 'c', image: 'nginx:1' }] });
  await Promise.all([ready('web'), ready('vital')]);
  expect(kubelet.problems).toEqual([]);
  await kubelet.shutDown();
  expect([kubelet.problems, reports]).toEqual([['node is shutting down'], [['node is shutting down']]]);
  // The API has it when the machine may go.
  const [web, vital] = await Promise.all([bed.get('web'), bed.get('vital')]);
  for (const { status } of [web, vital]) {
    expect(status).toMatchObject({ phase: 'Failed', reason: 'Terminated', message, containerStatuses: [{ ready: false, state: { terminated: {} } }] });
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message }));
    expect(status.conditions!.find((c) => c.type === 'Ready')).toMatchObject({ status: 'False', reason: 'PodFailed' });
  }
  expect(endedAt(web) <= endedAt(vital)).toBe(true);
  expect(readShutdownState(bed.dataDir)).toMatchObject({ pods: 2, endTime: expect.any(String) });

  await bed.create('late', { containers: [{ name: 'c', image: 'nginx:1' }] });
  const late = (await bed.until('late', (p) => p?.status.phase === 'Failed'))!;
  expect(late.status).toMatchObject({ reason: 'NodeShutdown', message: 'Pod was rejected: Pod was rejected as the node is shutting down.' });
  expect(await bed.runtime.listContainers({ podUid: late.metadata.uid })).toEqual([]);
});

it('leaves them as they are when it was not told otherwise', async () => {
  const { kubelet } = bed.start();
  await bed.create('web', { containers: [{ name: 'c', image: 'nginx:1' }] });
  await ready('web');
  await kubelet.shutDown();
  expect(kubelet.problems).toEqual([]);
  await bed.create('more', { containers: [{ name: 'c', image: 'nginx:1' }] });
  await ready('more');
  expect(isPodReady(await bed.get('web'))).toBe(true);
});
