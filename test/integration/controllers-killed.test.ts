// The controllers' process is killed again and again, each time before or after one of its writes, and starts anew with nothing but
// what the API says. Each kind of workload gets where it is to go all the same, and exceeds its bounds at no time on the way.
import fc from 'fast-check';
import { DaemonSets } from '../../src/api/apps/daemon-set.ts';
import { Deployments } from '../../src/api/apps/deployment.ts';
import { ReplicaSets } from '../../src/api/apps/replica-set.ts';
import { StatefulSets } from '../../src/api/apps/stateful-set.ts';
import { CronJobs } from '../../src/api/batch/cron-job.ts';
import { Jobs } from '../../src/api/batch/job.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { ReplicationControllers } from '../../src/api/core/replication-controller.ts';
import { ResourceQuotas } from '../../src/api/core/resource-quota.ts';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '../support/control-plane.ts';

const namespace = 'default';
const key = { namespace, name: 'web' };
const labels = { app: 'web' };
const template = (image: string, more: object = {}) => ({ metadata: { labels }, spec: { containers: [{ name: 'c', image, resources: { requests: { cpu: '10m' } } }], ...more } });

/** How many writes each life has before its last, and whether that one is still carried out; then it lives on. */
const lives = fc.array(fc.record({ writes: fc.nat(6), done: fc.boolean() }), { minLength: 4, maxLength: 25 });
type Lives = readonly { readonly writes: number; readonly done: boolean }[];

let plane: ControlPlane | undefined;
let deaths = 0;
afterEach(() => plane?.stop());

/** Lets lives begin once the cluster stands; `armed` says when. */
async function start(drawn: Lives, options: ControlPlaneOptions = {}): Promise<{ plane: ControlPlane; arm(): void }> {
  await plane?.stop();
  const left = [...drawn];
  let armed = false;
  let writes = 0;
  const made = plane = await startControlPlane({
    ...options,
    dies: () => {
      const [life] = left;
      if (!armed || !life || writes++ < life.writes) return undefined;
      left.shift();
      writes = 0;
      deaths++;
      return life.done ? 'after' : 'before';
    },
  });
  return { plane: made, arm: () => { armed = true; } };
}
const isReady = ({ metadata, status }: Pod): boolean => !metadata.deletionTimestamp && (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false);
const isActive = ({ metadata, status }: Pod): boolean => !metadata.deletionTimestamp && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
const podsOf = ({ informers }: ControlPlane): Pod[] => informers.informer(Pods).list(namespace).filter((pod) => pod.metadata.labels?.['app'] === 'web');
/** Looks after every change of any Pod; what is wrong first is told in the end. */
function watching({ informers }: ControlPlane, wrong: () => string | undefined): () => void {
  const found: string[] = [];
  const look = (): void => { const text = wrong(); if (text) found.push(text); };
  const off = informers.informer(Pods).addHandler({ added: look, updated: look, deleted: look });
  return () => { off(); expect(found.slice(0, 3)).toEqual([]); };
}
const limitMs = 400_000;
const runs = { numRuns: 4 };

it('a Deployment rolls out and scales within its bounds', () => fc.assert(fc.asyncProperty(lives, async (drawn) => {
  const { plane: { client, informers, until }, plane: here, arm } = await start(drawn);
  const spec = { replicas: 4, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } }, selector: { matchLabels: labels } };
  arm();
  await client.create(Deployments, { metadata: key, spec: { ...spec, template: template('i:1') } } as never);
  const stands = (image: string, replicas: number) => (): boolean => {
    const { metadata, status } = informers.informer(Deployments).get('default/web') ?? {};
    const pods = podsOf(here);
    return status?.observedGeneration === metadata?.generation && status?.availableReplicas === replicas && status?.updatedReplicas === replicas && status.replicas === replicas && pods.length === replicas && pods.every((pod) => pod.spec.containers[0]!.image === image);
  };
  await until(stands('i:1', 4), 'the first roll-out', limitMs);
  const sets = () => informers.informer(ReplicaSets).list(namespace);
  const right = watching(here, () => {
    const [size, ready] = [sets().reduce((sum, set) => sum + set.spec.replicas, 0), podsOf(here).filter(isReady).length];
    return size > 5 || ready < 3 ? `${size} wanted, ${ready} ready` : undefined;
  });
  await client.patch(Deployments, key, { spec: { template: template('i:2') } });
  await until(stands('i:2', 4), 'the update', limitMs);
  right();
  expect(sets().map((set) => set.spec.replicas).sort()).toEqual([0, 4]);
  await client.patch(Deployments, key, { spec: { replicas: 1 } });
  await until(stands('i:2', 1), 'fewer', limitMs);
}), runs));

it('a ReplicationController never has more Pods than it wants, nor fewer than both sizes', () => fc.assert(fc.asyncProperty(lives, async (drawn) => {
  const { plane: { client, informers, until }, plane: here, arm } = await start(drawn);
  let [least, most] = [0, 6];
  const right = watching(here, () => { const { length } = podsOf(here).filter(isActive); return length > most || length < least ? `${length} Pods` : undefined; });
  arm();
  await client.create(ReplicationControllers, { metadata: key, spec: { replicas: 6, selector: labels, template: template('i:1') } } as never);
  const stands = (replicas: number) => (): boolean => informers.informer(ReplicationControllers).get('default/web')?.status?.availableReplicas === replicas && podsOf(here).length === replicas;
  await until(stands(6), 'six', limitMs);
  least = 2;
  await client.patch(ReplicationControllers, key, { spec: { replicas: 2 } });
  await until(stands(2), 'two', limitMs);
  most = 2;
  await client.delete(ReplicationControllers, key, { propagationPolicy: 'Orphan' });
  await until(() => !informers.informer(ReplicationControllers).get('default/web'), 'the end', limitMs);
  expect(podsOf(here).map((pod) => pod.metadata.ownerReferences ?? [])).toEqual([[], []]);
  right();
}), runs));

it('a StatefulSet makes and replaces one Pod at a time', () => fc.assert(fc.asyncProperty(lives, async (drawn) => {
  const { plane: { client, informers, until }, plane: here, arm } = await start(drawn);
  arm();
  await client.create(StatefulSets, { metadata: key, spec: { replicas: 3, serviceName: 'web', selector: { matchLabels: labels }, template: template('i:1') } } as never);
  const stands = (image: string, replicas: number) => (): boolean => {
    const { metadata, status } = informers.informer(StatefulSets).get('default/web') ?? {};
    const pods = podsOf(here);
    return status?.observedGeneration === metadata?.generation && status?.readyReplicas === replicas && status?.currentRevision === status?.updateRevision && pods.length === replicas && pods.every((pod) => isReady(pod) && pod.spec.containers[0]!.image === image);
  };
  const order: string[] = [];
  const off = informers.informer(Pods).addHandler({ added: ({ metadata }) => order.push(metadata.name) });
  await until(stands('i:1', 3), 'all three', limitMs);
  expect(order).toEqual(['web-0', 'web-1', 'web-2']);
  const right = watching(here, () => { const { length } = podsOf(here).filter(isReady); return length < 2 ? `${length} ready` : undefined; });
  await client.patch(StatefulSets, key, { spec: { template: template('i:2') } });
  await until(stands('i:2', 3), 'the update', limitMs);
  right();
  expect(order).toEqual(['web-0', 'web-1', 'web-2', 'web-2', 'web-1', 'web-0']);
  off();
}), runs));

it('a DaemonSet has one Pod on each node, and replaces them one at a time', () => fc.assert(fc.asyncProperty(lives, async (drawn) => {
  const { plane: { client, informers, until }, plane: here, arm } = await start(drawn, { nodes: ['n1', 'n2', 'n3'] });
  const right = watching(here, () => { const nodes = podsOf(here).filter(isActive).map((pod) => pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.[0]?.matchFields?.[0]?.values?.[0]); return new Set(nodes).size < nodes.length ? nodes.join() : undefined; });
  arm();
  await client.create(DaemonSets, { metadata: key, spec: { selector: { matchLabels: labels }, template: template('i:1') } } as never);
  const stands = (image: string) => (): boolean => {
    const { metadata, status } = informers.informer(DaemonSets).get('default/web') ?? {};
    return status?.observedGeneration === metadata?.generation && status?.numberAvailable === 3 && status.updatedNumberScheduled === 3 && podsOf(here).length === 3 && podsOf(here).every((pod) => pod.spec.containers[0]!.image === image);
  };
  await until(stands('i:1'), 'all nodes', limitMs);
  const few = watching(here, () => { const { length } = podsOf(here).filter(isReady); return length < 2 ? `${length} ready` : undefined; });
  await client.patch(DaemonSets, key, { spec: { template: template('i:2') } });
  await until(stands('i:2'), 'the update', limitMs);
  few();
  right();
}), runs));

it('a Job counts every Pod once and runs no more at a time than it may', () => fc.assert(fc.asyncProperty(lives, fc.integer({ min: 1, max: 3 }), async (drawn, parallelism) => {
  let ended = 0;
  const { plane: { client, informers, until }, plane: here, arm } = await start(drawn, { exits: () => (ended++ % 4 === 1 ? 1 : 0) });
  const right = watching(here, () => { const { length } = podsOf(here).filter(isActive); return length > parallelism ? `${length} at once` : undefined; });
  const seen = new Map<string, string>();
  const off = informers.informer(Pods).addHandler({ updated: ({ metadata, status }) => { if (status?.phase === 'Succeeded' || status?.phase === 'Failed') seen.set(metadata.uid, status.phase); } });
  arm();
  await client.create(Jobs, { metadata: key, spec: { completions: 6, parallelism, backoffLimit: 50, template: template('i:1', { restartPolicy: 'Never' }) } } as never);
  const status = () => informers.informer(Jobs).get('default/web')?.status;
  await until(() => status()?.conditions?.some(({ type }) => type === 'Complete'), 'the end', 5_000_000);
  right();
  off();
  const ends = [...seen.values()];
  expect([status()!.succeeded, status()!.failed ?? 0]).toEqual([ends.filter((phase) => phase === 'Succeeded').length, ends.filter((phase) => phase === 'Failed').length]);
  expect(status()!.succeeded).toBe(6);
  await until(() => podsOf(here).every(({ metadata }) => !metadata.finalizers?.length), 'all are let go', limitMs);
}), runs));

it('a CronJob makes one Job for each of its times', () => fc.assert(fc.asyncProperty(lives, async (drawn) => {
  const { plane: { client, clock, informers, until }, arm } = await start(drawn, { exits: () => 0 });
  const names: string[] = [];
  const off = informers.informer(Jobs).addHandler({ added: ({ metadata }) => names.push(metadata.name) });
  arm();
  const begun = Math.floor(clock.now() / 60_000);
  await client.create(CronJobs, { metadata: key, spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template('i:1', { restartPolicy: 'Never' }) } } } } as never);
  await until(() => names.length === 3, 'three minutes', limitMs);
  expect(names).toEqual([1, 2, 3].map((minute) => `web-${begun + minute}`));
  off();
}), runs));

it('a quota ends with what is used, and is exceeded at no time', () => fc.assert(fc.asyncProperty(lives, async (drawn) => {
  const { plane: { client, informers, until }, plane: here, arm } = await start(drawn);
  await client.create(ResourceQuotas, { metadata: key, spec: { hard: { 'pods': '5', 'requests.cpu': '1' } } } as never);
  const used = () => informers.informer(ResourceQuotas).get('default/web')?.status.used;
  await until(() => used(), 'the first count', limitMs);
  const right = watching(here, () => { const { length } = podsOf(here).filter(isActive); return length > 5 ? `${length} Pods` : undefined; });
  arm();
  await client.create(ReplicationControllers, { metadata: key, spec: { replicas: 8, selector: labels, template: template('i:1') } } as never);
  await until(() => podsOf(here).filter(isReady).length === 5, 'as many as may be', limitMs);
  await client.patch(ReplicationControllers, key, { spec: { replicas: 2 } });
  await until(() => podsOf(here).length === 2 && used()?.['pods'] === '2' && used()?.['requests.cpu'] === '20m', 'what is left', limitMs);
  right();
}), runs));

it('all of that happened under many deaths', () => { expect(deaths).toBeGreaterThan(60); });
