// Preemption against the real API server and controllers: victims end gracefully and are told why, the room is kept for whom it was
// made, budgets and policies count, and what is less important finds another place or waits.
import { Deployments, type Deployment } from '../../src/api/apps/deployment.ts';
import { Events } from '../../src/api/core/event.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { PodDisruptionBudgets, type PodDisruptionBudget } from '../../src/api/policy/pod-disruption-budget.ts';
import { PriorityClasses, type PriorityClass } from '../../src/api/scheduling/priority-class.ts';
import type { Draft } from '../../src/client/client.ts';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '../support/control-plane.ts';

const namespace = 'default';
let plane: ControlPlane;
let ending: boolean;
beforeEach(() => { ending = true; });
afterEach(() => plane.stop());

async function start(options: ControlPlaneOptions = {}): Promise<void> {
  plane = await startControlPlane({ nodes: ['node-1'], finishes: () => ending, ...options });
  for (const [name, value, preemptionPolicy] of [['high', 1000, 'PreemptLowerPriority'], ['mid', 100, 'PreemptLowerPriority'], ['patient', 1000, 'Never']] as const) {
    await plane.client.create(PriorityClasses, { metadata: { name }, value, preemptionPolicy } as Draft<PriorityClass>);
  }
}
const create = (name: string, cpu: string, priorityClassName?: string, labels: Record<string, string> = {}): Promise<Pod> => plane.client.create(Pods, {
  metadata: { name, namespace, labels }, spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...(priorityClassName ? { priorityClassName } : {}) },
} as Draft<Pod>);
const get = (name: string): Pod | undefined => plane.informers.informer(Pods).get(`${namespace}/${name}`);
const node = (name: string): string | undefined => get(name)?.spec.nodeName;
const condition = (name: string, type: string) => get(name)?.status?.conditions?.find((c) => c.type === type);
const events = async (name: string): Promise<string[]> => (await plane.client.list(Events, { namespace })).items.filter((e) => e.involvedObject.name === name).map((e) => `${e.type} ${e.reason}: ${e.message}`);

it('makes room gracefully, keeps it, and tells everyone', async () => {
  await start();
  await create('low', '6');
  await plane.until(() => get('low')?.status?.phase === 'Running');
  ending = false;
  const high = await create('high', '6', 'high');
  await plane.until(() => get('high')?.status?.nominatedNodeName === 'node-1' && get('low')?.metadata.deletionTimestamp);
  expect(get('low')!.metadata.deletionGracePeriodSeconds).toBe(30);
  expect(condition('low', 'DisruptionTarget')).toMatchObject({ status: 'True', reason: 'PreemptionByScheduler', message: 'default-scheduler: preempting to accommodate a higher priority pod' });
  expect(condition('high', 'PodScheduled')).toMatchObject({ status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient cpu.' });
  // What came later and is less important does not take the room, though there are two cores.
  await create('greedy', '2500m');
  await plane.until(() => condition('greedy', 'PodScheduled')?.status === 'False');
  ending = true;
  plane.nudge();
  await plane.until(() => node('high') === 'node-1');
  expect(node('greedy')).toBeUndefined();
  expect(get('low')).toBeUndefined();
  await plane.untilAsync(async () => (await events('low')).includes(`Normal Preempted: Preempted by pod ${high.metadata.uid} on node node-1`));
  await plane.untilAsync(async () => (await events('high')).includes('Normal Scheduled: Successfully assigned default/high to node-1'));
});

it('prefers victims no budget protects, and takes the others when there is no other way', async () => {
  await start({ nodes: ['node-1', 'node-2'] });
  const labels = { app: 'kept' };
  await plane.client.create(Deployments, { metadata: { name: 'kept', namespace }, spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '6' } } }] } } } } as Draft<Deployment>);
  await plane.client.create(PodDisruptionBudgets, { metadata: { name: 'kept', namespace }, spec: { minAvailable: 1, selector: { matchLabels: labels } } } as Draft<PodDisruptionBudget>);
  const kept = (): Pod | undefined => plane.informers.informer(Pods).list(namespace).find((p) => p.metadata.labels?.['app'] === 'kept');
  await plane.until(() => kept()?.spec.nodeName);
  const home = kept()!.spec.nodeName!;
  await create('open', '6', 'mid');
  await plane.until(() => node('open') && plane.informers.informer(PodDisruptionBudgets).get('default/kept')?.status?.currentHealthy === 1);
  // The one that may go is the more important, yet the budget counts first.
  await create('first', '6', 'high');
  await plane.until(() => node('first'));
  expect(node('first')).not.toBe(home);
  expect(kept()!.spec.nodeName).toBe(home);
  await create('second', '6', 'high');
  await plane.until(() => node('second') === home);
});

it('a policy of Never waits, and so does an equal', async () => {
  await start();
  await create('low', '6');
  await plane.until(() => node('low'));
  await create('patient', '6', 'patient');
  await plane.until(() => condition('patient', 'PodScheduled')?.status === 'False');
  expect(condition('patient', 'PodScheduled')!.message).toBe('0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.');
  expect(get('low')!.metadata.deletionTimestamp).toBeUndefined();
  await create('equal', '6');
  await plane.until(() => condition('equal', 'PodScheduled')?.status === 'False');
  expect(condition('equal', 'PodScheduled')!.message).toBe('0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.');
});

it('gives a nomination up to who is more important', async () => {
  await start();
  await create('low', '6');
  await plane.until(() => node('low'));
  ending = false;
  await create('mid', '6', 'mid');
  await plane.until(() => get('mid')?.status?.nominatedNodeName === 'node-1' && get('low')?.metadata.deletionTimestamp);
  await create('high', '6', 'high');
  await plane.until(() => get('high')?.status?.nominatedNodeName === 'node-1');
  ending = true;
  plane.nudge();
  await plane.until(() => node('high') === 'node-1');
  await plane.until(() => !get('mid')?.status?.nominatedNodeName);
  expect(node('mid')).toBeUndefined();
});
