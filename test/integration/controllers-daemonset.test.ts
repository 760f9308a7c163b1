// A DaemonSet on the nodes of a control plane in memory: one Pod each, through updates, taints and roll-back.
import { ControllerRevisions, type ControllerRevision } from '../../src/api/apps/controller-revision.ts';
import { DaemonSets, type DaemonSet } from '../../src/api/apps/daemon-set.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import type { Draft } from '../../src/client/client.ts';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '../support/control-plane.ts';

let plane: ControlPlane;
const start = async (options?: ControlPlaneOptions): Promise<void> => { plane = await startControlPlane({ nodes: ['node-1', 'node-2', 'node-3'], ...options }); };
afterEach(() => plane.stop());

const namespace = 'default';
const key = { namespace, name: 'logs' };
const labels = { app: 'logs' };
const create = (spec: Draft<DaemonSet['spec']> = {}): Promise<DaemonSet> => plane.client.create(DaemonSets, {
  metadata: { name: 'logs', namespace }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'logs:1' }] } }, ...spec },
} as Draft<DaemonSet>);
const pods = (): Pod[] => plane.informers.informer(Pods).list(namespace);
const current = (): DaemonSet | undefined => plane.informers.informer(DaemonSets).get('default/logs');
const revisions = (): ControllerRevision[] => plane.informers.informer(ControllerRevisions).list(namespace).sort((a, b) => a.revision - b.revision);
const placed = (): string => pods().map((pod) => `${pod.spec.nodeName} ${pod.spec.containers[0]!.image}`).sort().join();
const complete = (image: string, names: readonly string[]) => (): boolean => {
  const { status, metadata } = current() ?? {};
  return status?.observedGeneration === metadata?.generation && status?.updatedNumberScheduled === names.length && status.numberAvailable === names.length
    && status.desiredNumberScheduled === names.length && placed() === names.map((name) => `${name} ${image}`).join();
};
const all = ['node-1', 'node-2', 'node-3'];
const setImage = (image: string) => plane.client.patch(DaemonSets, key, { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } });

it('runs one Pod on each node, updates node by node and rolls back', async () => {
  await start();
  await create();
  await plane.until(complete('logs:1', all), 'the start');
  let fewest = 3;
  const off = plane.informers.informer(Pods).addHandler({ updated: () => { fewest = Math.min(fewest, pods().filter((p) => !p.metadata.deletionTimestamp && p.status?.phase === 'Running').length); } });
  await setImage('logs:2');
  await plane.until(complete('logs:2', all), 'the update');
  off();
  expect(fewest).toBe(2);
  const [first, second] = revisions();
  expect([first!.revision, second!.revision]).toEqual([1, 2]);
  expect(new Set(pods().map((pod) => pod.metadata.labels!['controller-revision-hash']))).toEqual(new Set([second!.metadata.labels!['controller-revision-hash']]));
  await plane.client.patch(DaemonSets, key, first!.data, { type: 'strategic' });
  await plane.until(complete('logs:1', all), 'the roll-back');
  expect(revisions().map((r) => r.revision)).toEqual([2, 3]);
  await plane.client.delete(DaemonSets, key, { propagationPolicy: 'Background' });
  await plane.until(() => pods().length === 0 && revisions().length === 0);
});

it('surges, follows labels and taints of nodes, and replaces what failed', async () => {
  let fail = '';
  await start({ exits: (pod) => (pod.metadata.uid === fail ? 1 : undefined) });
  await create({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } } as Draft<DaemonSet['spec']>);
  await plane.until(complete('logs:1', all));
  let fewest = 3;
  let most = 0;
  const off = plane.informers.informer(Pods).addHandler({ updated: () => {
    const ready = pods().filter((p) => !p.metadata.deletionTimestamp && p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'));
    fewest = Math.min(fewest, new Set(ready.map((p) => p.spec.nodeName)).size);
    most = Math.max(most, pods().filter((p) => !p.metadata.deletionTimestamp).length);
  } });
  await setImage('logs:2');
  await plane.until(complete('logs:2', all));
  off();
  expect([fewest, most]).toEqual([3, 4]);

  const node = await plane.client.get(Nodes, { name: 'node-2' });
  await plane.client.update(Nodes, { ...node, spec: { ...node.spec, taints: [{ key: 'mine', effect: 'NoExecute' }] } } as Draft<typeof node>);
  await plane.until(complete('logs:2', ['node-1', 'node-3']));
  await plane.client.patch(Nodes, { name: 'node-2' }, { spec: { taints: null } });
  await plane.until(complete('logs:2', all));
  fail = pods()[0]!.metadata.uid;
  plane.nudge();
  await plane.until(() => !pods().some((p) => p.metadata.uid === fail) && complete('logs:2', all)());
});

it('with OnDelete replaces a Pod when it is deleted', async () => {
  await start();
  await create({ updateStrategy: { type: 'OnDelete' } } as Draft<DaemonSet['spec']>);
  await plane.until(complete('logs:1', all));
  await setImage('logs:2');
  await plane.until(() => current()!.status!.observedGeneration === 2 && (current()!.status!.updatedNumberScheduled ?? 0) === 0);
  await plane.clock.advance(3_000);
  expect(placed()).toBe(all.map((name) => `${name} logs:1`).join());
  await plane.client.delete(Pods, { namespace, name: pods().find((p) => p.spec.nodeName === 'node-1')!.metadata.name });
  await plane.until(() => placed() === 'node-1 logs:2,node-2 logs:1,node-3 logs:1');
});
