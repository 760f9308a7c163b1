// A StatefulSet's life against the real API server in memory: order, names, claims, updates and roll-back.
import { bootstrapStorageClass } from '../../master/bootstrap.ts';
import { ControllerRevisions, type ControllerRevision } from '../../src/api/apps/controller-revision.ts';
import { StatefulSets, type StatefulSet } from '../../src/api/apps/stateful-set.ts';
import { Events } from '../../src/api/core/event.ts';
import { PersistentVolumeClaims } from '../../src/api/core/persistent-volume-claim.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import type { Draft } from '../../src/client/client.ts';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '../support/control-plane.ts';

let plane: ControlPlane;
const start = async (options?: ControlPlaneOptions): Promise<void> => { plane = await startControlPlane(options); };
afterEach(() => plane.stop());

const namespace = 'default';
const key = { namespace, name: 'db' };
const labels = { app: 'db' };
const claimTemplate = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
const statefulSet = (spec: Draft<StatefulSet['spec']> = {}): Draft<StatefulSet> => ({
  metadata: { name: 'db', namespace },
  spec: { replicas: 3, serviceName: 'db', selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'db:1' }] } }, ...spec },
} as Draft<StatefulSet>);

const pods = (): Pod[] => plane.informers.informer(Pods).list(namespace).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
const names = (): string[] => pods().map((pod) => pod.metadata.name);
const current = (): StatefulSet | undefined => plane.informers.informer(StatefulSets).get('default/db');
const revisions = (): ControllerRevision[] => plane.informers.informer(ControllerRevisions).list(namespace).sort((a, b) => a.revision - b.revision);
const images = (): string => pods().map((pod) => pod.spec.containers[0]!.image).join();
const claims = (): string[] => plane.informers.informer(PersistentVolumeClaims).list(namespace).map((claim) => claim.metadata.name).sort();
const setImage = (image: string) => plane.client.patch(StatefulSets, key, { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } });
/** What `kubectl rollout status` waits for. */
const complete = (image: string, replicas: number) => (): boolean => {
  const { status, metadata } = current() ?? {};
  return status?.observedGeneration === metadata?.generation && status?.readyReplicas === replicas && status.updatedReplicas === replicas
    && status.currentRevision === status.updateRevision && pods().length === replicas && images() === Array(replicas).fill(image).join();
};

it('starts, updates, rolls back and ends in order, with names that stay', async () => {
  await start();
  const order: string[] = [];
  const off = plane.informers.informer(Pods).addHandler({ added: (pod) => order.push(`+${pod.metadata.name}`), deleted: (pod) => order.push(`-${pod.metadata.name}`) });
  await plane.client.create(StatefulSets, statefulSet());
  await plane.until(complete('db:1', 3), 'the start');
  expect(order.splice(0)).toEqual(['+db-0', '+db-1', '+db-2']);
  expect(pods()[1]!).toMatchObject({ metadata: { labels: { 'statefulset.kubernetes.io/pod-name': 'db-1', 'apps.kubernetes.io/pod-index': '1', 'controller-revision-hash': current()!.status!.currentRevision } }, spec: { hostname: 'db-1', subdomain: 'db' } });

  await setImage('db:2');
  await plane.until(complete('db:2', 3), 'the update');
  expect(order.splice(0)).toEqual(['-db-2', '+db-2', '-db-1', '+db-1', '-db-0', '+db-0']);
  expect(revisions().map((revision) => revision.revision)).toEqual([1, 2]);

  // As `kubectl rollout undo` does: the old revision's data is the patch.
  await plane.client.patch(StatefulSets, key, revisions()[0]!.data, { type: 'strategic' });
  await plane.until(complete('db:1', 3), 'the roll-back');
  expect(revisions().map((revision) => revision.revision)).toEqual([2, 3]);
  order.length = 0;

  await plane.client.patch(StatefulSets, key, { spec: { replicas: 1 } });
  await plane.until(complete('db:1', 1), 'scaling down');
  expect(order.splice(0)).toEqual(['-db-2', '-db-1']);
  off();
  await plane.untilAsync(async () => {
    const messages = (await plane.client.list(Events, { namespace })).items.map((e) => `${e.reason}: ${e.message}`);
    return messages.includes('SuccessfulCreate: create Pod db-0 in StatefulSet db successful') && messages.includes('SuccessfulDelete: delete Pod db-2 in StatefulSet db successful');
  });
  await plane.client.delete(StatefulSets, key, { propagationPolicy: 'Background' });
  await plane.until(() => pods().length === 0 && revisions().length === 0, 'the end');
});

it('updates from the partition on, waits for a Pod that is not ready, and keeps no more history than wanted', async () => {
  let broken = false;
  await start({ healthy: (pod) => !broken || pod.spec.containers[0]!.image !== 'db:2' });
  await plane.client.create(StatefulSets, statefulSet({ revisionHistoryLimit: 1, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } } as Draft<StatefulSet['spec']>));
  await plane.until(() => current()?.status?.readyReplicas === 3);
  await setImage('db:2');
  await plane.until(() => images() === 'db:1,db:1,db:2' && current()!.status!.readyReplicas === 3 && current()!.status!.updatedReplicas === 1);
  await plane.clock.advance(5_000);
  expect(current()!.status).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
  // A Pod below the partition comes back as it was.
  await plane.client.delete(Pods, { namespace, name: 'db-0' });
  await plane.until(() => images() === 'db:1,db:1,db:2' && current()!.status!.readyReplicas === 3);
  broken = true;
  plane.nudge();
  await plane.until(() => current()!.status!.readyReplicas === 2);
  await plane.client.patch(StatefulSets, key, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
  await plane.clock.advance(5_000);
  expect(images()).toBe('db:1,db:1,db:2');
  broken = false;
  plane.nudge();
  await plane.until(complete('db:2', 3));
  await setImage('db:3');
  await plane.until(complete('db:3', 3));
  await plane.until(() => revisions().length === 2);
});

it('makes all Pods at once when it may, and replaces one that failed', async () => {
  let fail = '';
  await start({ exits: (pod) => (pod.metadata.uid === fail ? 1 : undefined) });
  await plane.client.create(StatefulSets, statefulSet({ podManagementPolicy: 'Parallel', ordinals: { start: 3 } } as Draft<StatefulSet['spec']>));
  await plane.until(complete('db:1', 3));
  expect(names()).toEqual(['db-3', 'db-4', 'db-5']);
  fail = pods()[1]!.metadata.uid;
  plane.nudge();
  await plane.until(() => !pods().some((pod) => pod.metadata.uid === fail) && complete('db:1', 3)());
});

it('gives each Pod its claims, which the policy keeps or lets go', async () => {
  await start();
  await bootstrapStorageClass(plane.client);
  await plane.client.create(StatefulSets, statefulSet({ replicas: 2, volumeClaimTemplates: [claimTemplate], persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' } } as unknown as Draft<StatefulSet['spec']>));
  await plane.until(() => claims().length >= 1 && names().includes('db-0'));
  expect(pods()[0]!.spec.volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } });
  expect(plane.informers.informer(PersistentVolumeClaims).get('default/data-db-0')).toMatchObject({ metadata: { labels }, spec: { accessModes: ['ReadWriteOnce'] } });
  await plane.until(complete('db:1', 2));
  expect(claims()).toEqual(['data-db-0', 'data-db-1']);
  await plane.client.patch(StatefulSets, key, { spec: { replicas: 1 } });
  await plane.until(() => names().join() === 'db-0' && claims().join() === 'data-db-0', 'the claim of the Pod that was scaled away goes');
  await plane.client.delete(StatefulSets, key, { propagationPolicy: 'Background' });
  await plane.until(() => pods().length === 0);
  await plane.clock.advance(5_000);
  expect(claims()).toEqual(['data-db-0']);
});

it('takes back what others make of the owners of its claims', async () => {
  await start();
  await bootstrapStorageClass(plane.client);
  await plane.client.create(StatefulSets, statefulSet({ replicas: 1, volumeClaimTemplates: [claimTemplate], persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' } } as unknown as Draft<StatefulSet['spec']>));
  await plane.until(complete('db:1', 1));
  const owner = (): string | undefined => plane.informers.informer(PersistentVolumeClaims).get('default/data-db-0')?.metadata.ownerReferences?.[0]?.uid;
  await plane.until(() => owner() === current()!.metadata.uid);
  await plane.client.patch(PersistentVolumeClaims, { namespace, name: 'data-db-0' }, { metadata: { ownerReferences: null } });
  await plane.until(() => owner() === current()!.metadata.uid);
});

it('leaves its Pods to a successor of its name, and is gone in the foreground only after them', async () => {
  let hold = false;
  await start({ finishes: () => !hold });
  await plane.client.create(StatefulSets, statefulSet());
  await plane.until(complete('db:1', 3));
  const before = pods().map((pod) => pod.metadata.uid);
  await plane.client.delete(StatefulSets, key, { propagationPolicy: 'Orphan' });
  await plane.until(() => !current() && pods().every((pod) => !pod.metadata.ownerReferences?.length) && revisions().every((revision) => !revision.metadata.ownerReferences?.length));
  await plane.client.create(StatefulSets, statefulSet());
  await plane.until(complete('db:1', 3));
  expect(pods().map((pod) => pod.metadata.uid)).toEqual(before);
  expect(pods()[0]!.metadata.ownerReferences![0]).toMatchObject({ kind: 'StatefulSet', uid: current()!.metadata.uid, controller: true });
  expect(revisions()).toHaveLength(1);

  hold = true;
  let made = 0;
  const off = plane.informers.informer(ControllerRevisions).addHandler({ added: () => { made++; } });
  made = 0;
  await plane.client.delete(StatefulSets, key, { propagationPolicy: 'Foreground' });
  await plane.until(() => pods().every((pod) => pod.metadata.deletionTimestamp));
  await plane.clock.advance(3_000);
  expect(current()!.status).toMatchObject({ replicas: 3 });
  hold = false;
  plane.nudge();
  await plane.until(() => !current() && pods().length === 0 && revisions().length === 0);
  off();
  expect(made).toBe(0);
});

it('makes a Pod that its node refuses anew later and later, and at once when the set has changed', async () => {
  await start({ healthy: () => false });
  const made: number[] = [];
  const off = plane.informers.informer(Pods).addHandler({
    added: (pod) => {
      made.push(plane.clock.now());
      void plane.client.patch(Pods, { namespace, name: pod.metadata.name }, { status: { phase: 'Failed', reason: 'NodeAffinity' } }, { subresource: 'status' });
    },
  });
  await plane.client.create(StatefulSets, statefulSet({ replicas: 1 }));
  await plane.until(() => made.length >= 5, 'five Pods', 120_000);
  const gaps = made.slice(1).map((at, i) => at - made[i]!);
  // The first is made anew at once; then a second and twice as long each time.
  expect(gaps[0]).toBeLessThan(1000);
  for (const [i, gap] of gaps.slice(1, 4).entries()) expect(gap).toBeGreaterThanOrEqual(1000 * 2 ** i);
  const before = made.length;
  await setImage('db:2');
  const changed = plane.clock.now();
  await plane.until(() => made.length > before, 'the changed one', 120_000);
  expect(made[before]! - changed).toBeLessThan(4000);
  off();
});
