// Jobs against the real API server in memory: Pods made, counted, replaced and let go, and what the status and Events say.
import { Jobs, type Job } from '../../src/api/batch/job.ts';
import { Events } from '../../src/api/core/event.ts';
import { Namespaces } from '../../src/api/core/namespace.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import type { Draft } from '../../src/client/client.ts';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '../support/control-plane.ts';

let plane: ControlPlane;
const start = async (options?: ControlPlaneOptions): Promise<void> => { plane = await startControlPlane(options); };
afterEach(() => plane.stop());

const namespace = 'default';
const key = { namespace, name: 'work' };
const create = (spec: Draft<Job['spec']> = {}): Promise<Job> => plane.client.create(Jobs, { metadata: { name: 'work', namespace }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }, ...spec } } as Draft<Job>);
const pods = (): Pod[] => plane.informers.informer(Pods).list(namespace);
const current = (): Job | undefined => plane.informers.informer(Jobs).get('default/work');
const condition = (type: string) => current()?.status?.conditions?.find((c) => c.type === type && c.status === 'True');
const index = (pod: Pod): number => Number(pod.metadata.labels?.['batch.kubernetes.io/job-completion-index']);
const messages = async (): Promise<string[]> => (await plane.client.list(Events, { namespace })).items.map((e) => `${e.reason}: ${e.message}`);

it('runs to its completions, counting each Pod once, and tells so', async () => {
  await start({ exits: () => 0 });
  await create({ completions: 5, parallelism: 2 });
  await plane.until(() => condition('Complete'));
  expect(current()!.status).toMatchObject({ succeeded: 5, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
  expect(current()!.status!.conditions!.map(({ type, reason }) => `${type} ${reason}`)).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
  expect(current()!.status!.completionTime).toBeTruthy();
  expect(pods()).toHaveLength(5);
  expect(pods().every((pod) => !pod.metadata.finalizers?.length && pod.status?.phase === 'Succeeded')).toBe(true);
  await plane.untilAsync(async () => (await messages()).includes('Completed: Job completed'));
  expect((await messages()).filter((m) => m.startsWith('SuccessfulCreate: Created pod: work-'))).toHaveLength(5);
});

it('fails beyond its backoffLimit, replacing Pods later and later', async () => {
  await start({ exits: () => 3 });
  const begun = plane.clock.now();
  await create({ backoffLimit: 2 });
  await plane.until(() => condition('Failed'), 'the failure', 120_000);
  expect(current()!.status).toMatchObject({ failed: 3 });
  expect(condition('Failed')).toMatchObject({ reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' });
  // 10 s before the second Pod, 20 s before the third.
  expect(plane.clock.now() - begun).toBeGreaterThanOrEqual(28_000);
  expect(plane.clock.now() - begun).toBeLessThan(40_000);
  await plane.untilAsync(async () => (await messages()).includes('BackoffLimitExceeded: Job has reached the specified backoff limit'));
});

it('gives every index a Pod of its own, and fails the indexes that fail', async () => {
  await start({ exits: (pod) => (index(pod) === 1 ? 1 : 0) });
  await create({ completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimitPerIndex: 1 });
  await plane.until(() => condition('Failed'), 'the failure', 120_000);
  expect(current()!.status).toMatchObject({ succeeded: 2, failed: 2, completedIndexes: '0,2', failedIndexes: '1' });
  expect(condition('Failed')).toMatchObject({ reason: 'FailedIndexes', message: 'Job has failed indexes' });
  const second = pods().filter((pod) => index(pod) === 1).map((pod) => pod.metadata.annotations!['batch.kubernetes.io/job-index-failure-count']).sort();
  expect(second).toEqual(['0', '1']);
  expect(pods().find((pod) => index(pod) === 2)!.spec.hostname).toBe('work-2');
});

it('ends what still runs when its policies or its deadline say so', async () => {
  await start({ exits: (pod) => (index(pod) === 0 ? 0 : undefined) });
  await create({ completionMode: 'Indexed', completions: 3, parallelism: 3, successPolicy: { rules: [{ succeededIndexes: '0' }] } });
  await plane.until(() => condition('Complete'));
  expect(condition('Complete')).toMatchObject({ reason: 'SuccessPolicy', message: 'Matched rules at index 0' });
  expect(current()!.status).toMatchObject({ succeeded: 1, completedIndexes: '0' });
  expect(pods().map(index)).toEqual([0]);

  await plane.client.create(Jobs, { metadata: { name: 'slow', namespace }, spec: { activeDeadlineSeconds: 20, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } } as Draft<Job>);
  const slow = () => plane.informers.informer(Jobs).get('default/slow');
  await plane.until(() => slow()?.status?.conditions?.some((c) => c.type === 'Failed'), 'the deadline', 40_000);
  expect(slow()!.status).toMatchObject({ failed: 1 });
  expect(slow()!.status!.conditions!.map(({ type, reason }) => `${type} ${reason}`)).toEqual(['FailureTarget DeadlineExceeded', 'Failed DeadlineExceeded']);
});

it('waits for a Pod that is ending before it is final', async () => {
  let hold = true;
  await start({ finishes: () => !hold });
  await create({ completions: 1, activeDeadlineSeconds: 5 });
  await plane.until(() => condition('FailureTarget'), 'the deadline', 10_000);
  await plane.clock.advance(5_000);
  expect(condition('Failed')).toBeUndefined();
  expect(current()!.status).toMatchObject({ terminating: 1 });
  hold = false;
  plane.nudge();
  await plane.until(() => condition('Failed'));
  expect(pods()).toEqual([]);
});

it('is suspended and resumed, and deleted in its own time', async () => {
  let done = false;
  await start({ exits: () => (done ? 0 : undefined) });
  await create({ suspend: true, parallelism: 2, completions: 2, ttlSecondsAfterFinished: 30 });
  await plane.until(() => condition('Suspended'));
  expect(pods()).toEqual([]);
  expect(current()!.status!.startTime).toBeUndefined();
  await plane.client.patch(Jobs, key, { spec: { suspend: false } });
  await plane.until(() => current()!.status!.ready === 2);
  expect(condition('Suspended')).toBeUndefined();
  await plane.client.patch(Jobs, key, { spec: { suspend: true } });
  await plane.until(() => pods().length === 0 && (current()!.status!.active ?? 0) === 0);
  expect(current()!.status!.failed ?? 0).toBe(0);
  await plane.untilAsync(async () => (await messages()).filter((m) => m === 'Suspended: Job suspended' || m === 'Resumed: Job resumed').length === 2);
  const { startTime } = current()!.status!;
  await plane.clock.advance(2_000);
  done = true;
  await plane.client.patch(Jobs, key, { spec: { suspend: false } });
  await plane.until(() => condition('Complete'));
  expect(Date.parse(current()!.status!.startTime!) - Date.parse(startTime!)).toBeGreaterThanOrEqual(2_000);
  await plane.clock.advance(25_000);
  expect(current()).toBeDefined();
  await plane.until(() => !current() && pods().length === 0, 'the deletion', 20_000);
});

it('leaves its Pods free to go when it is deleted, whoever deletes them', async () => {
  await start();
  await create({ parallelism: 2, completions: 2 });
  await plane.until(() => current()?.status?.ready === 2);
  await plane.client.delete(Jobs, key, { propagationPolicy: 'Orphan' });
  await plane.until(() => !current() && pods().length === 2 && pods().every((pod) => !pod.metadata.finalizers?.length));
  await create({ parallelism: 2, completions: 2 });
  await plane.until(() => current()?.status?.ready === 2);
  await plane.client.delete(Jobs, key, { propagationPolicy: 'Background' });
  await plane.until(() => !current() && pods().length === 2);
});

it('holds no namespace up that ends', async () => {
  await start();
  await plane.client.create(Namespaces, { metadata: { name: 'shop' } });
  await plane.until(() => plane.informers.informer(ServiceAccounts).get('shop/default'));
  await plane.client.create(Jobs, { metadata: { name: 'work', namespace: 'shop' }, spec: { parallelism: 2, completions: 4, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } } as Draft<Job>);
  await plane.until(() => plane.informers.informer(Jobs).get('shop/work')?.status?.ready === 2);
  await plane.client.delete(Namespaces, { name: 'shop' });
  await plane.until(() => !plane.informers.informer(Namespaces).get('shop'));
  expect(plane.informers.informer(Pods).list('shop')).toEqual([]);
});

it('counts Pods it adopts, and lets those go that it no longer selects', async () => {
  let done = false;
  await start({ exits: () => (done ? 0 : undefined) });
  const labels = { app: 'mine' };
  await plane.client.create(Pods, { metadata: { name: 'found', namespace, labels }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } as Draft<Pod>);
  await plane.until(() => pods()[0]?.status?.phase === 'Running');
  await create({ manualSelector: true, selector: { matchLabels: labels }, completions: 1, template: { metadata: { labels }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } as unknown as Draft<Job['spec']>);
  await plane.until(() => current()?.status?.ready === 1);
  expect(pods().map(({ metadata }) => [metadata.name, metadata.finalizers, metadata.ownerReferences?.[0]?.name])).toEqual([['found', ['batch.kubernetes.io/job-tracking'], 'work']]);
  await plane.client.patch(Pods, { namespace, name: 'found' }, { metadata: { labels: { app: 'other' } } });
  await plane.until(() => pods().length === 2 && current()?.status?.ready === 1);
  const found = pods().find((pod) => pod.metadata.name === 'found')!;
  expect([found.metadata.finalizers ?? [], found.metadata.ownerReferences ?? []]).toEqual([[], []]);
  done = true;
  plane.nudge();
  await plane.until(() => condition('Complete'));
  expect(current()!.status).toMatchObject({ succeeded: 1 });
});

it('lets a Job be whose care is somebody else\'s', async () => {
  await start();
  await create({ managedBy: 'example.com/mine' });
  await plane.clock.advance(5_000);
  expect(pods()).toEqual([]);
  expect(current()!.status ?? {}).toEqual({});
});
