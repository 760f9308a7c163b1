// The controllers and the scheduler together, against the real API server in memory: what a person sees of a Deployment's life.
import { Deployments, type Deployment } from '../../src/api/apps/deployment.ts';
import { ReplicaSets, type ReplicaSet } from '../../src/api/apps/replica-set.ts';
import { Events } from '../../src/api/core/event.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { Services } from '../../src/api/core/service.ts';
import { EndpointSlices } from '../../src/api/discovery/endpoint-slice.ts';
import { Endpoints } from '../../src/api/core/endpoints.ts';
import type { Draft } from '../../src/client/client.ts';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '../support/control-plane.ts';

let plane: ControlPlane;
const start = async (options?: ControlPlaneOptions): Promise<void> => { plane = await startControlPlane(options); };
afterEach(() => plane.stop());

const namespace = 'default';
const key = { namespace, name: 'web' };
const labels = { app: 'web' };
const container = (image: string) => ({ name: 'web', image, ports: [{ name: 'http', containerPort: 80 }], resources: { requests: { cpu: '10m' } } });
const deployment = (spec: Draft<Deployment['spec']> = {}): Draft<Deployment> => ({
  metadata: { name: 'web', namespace },
  spec: { replicas: 3, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container('nginx:1.28')] } }, ...spec },
} as Draft<Deployment>);

const pods = (): Pod[] => plane.informers.informer(Pods).list(namespace);
const sets = (): ReplicaSet[] => plane.informers.informer(ReplicaSets).list(namespace);
const current = (): Deployment | undefined => plane.informers.informer(Deployments).get('default/web');
const condition = (type: string) => current()?.status?.conditions?.find((c) => c.type === type);
const complete = (image: string, replicas: number) => (): boolean => {
  const { metadata, spec, status } = current() ?? {};
  return status?.observedGeneration === metadata?.generation && spec?.template.spec?.containers[0]?.image === image
    && status?.updatedReplicas === replicas && status.replicas === replicas && status.availableReplicas === replicas && pods().length === replicas;
};
const setImage = (image: string) => plane.client.patch(Deployments, key, { spec: { template: { spec: { containers: [container(image)] } } } });
const eventMessages = async (reason: string): Promise<string[]> => (await plane.client.list(Events, { namespace })).items.filter((e) => e.reason === reason).map((e) => e.message ?? '');

describe('a Deployment', () => {
  it('rolls out, upgrades within its bounds, keeps its history and rolls back', async () => {
    await start();
    await plane.client.create(Deployments, deployment({ replicas: 4 }));
    await plane.until(complete('nginx:1.28', 4), 'first roll-out');
    expect(sets()).toHaveLength(1);
    const first = sets()[0]!;
    expect(first.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1', 'deployment.kubernetes.io/desired-replicas': '4', 'deployment.kubernetes.io/max-replicas': '5' });
    expect(pods().every((pod) => pod.metadata.labels?.['pod-template-hash'] === first.metadata.labels?.['pod-template-hash'])).toBe(true);

    let most = 0;
    let fewestReady = Infinity;
    const off = plane.informers.informer(Pods).addHandler({ updated: () => {
      most = Math.max(most, pods().length);
      fewestReady = Math.min(fewestReady, pods().filter((p) => !p.metadata.deletionTimestamp && p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')).length);
    } });
    await setImage('nginx:1.29');
    await plane.until(complete('nginx:1.29', 4), 'upgrade');
    off();
    expect(most).toBeGreaterThan(4);
    expect(fewestReady).toBeGreaterThanOrEqual(3);
    await plane.until(() => condition('Progressing')?.reason === 'NewReplicaSetAvailable');
    expect(current()!.metadata.annotations!['deployment.kubernetes.io/revision']).toBe('2');
    const second = sets().find((s) => s.metadata.uid !== first.metadata.uid)!;
    expect(condition('Progressing')).toMatchObject({ status: 'True', message: `ReplicaSet "${second.metadata.name}" has successfully progressed.` });
    expect(condition('Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });

    const { ['pod-template-hash']: _, ...templateLabels } = first.spec.template!.metadata!.labels!;
    await plane.client.patch(Deployments, key, [{ op: 'replace', path: '/spec/template', value: { ...first.spec.template, metadata: { labels: templateLabels } } }], { type: 'json' });
    await plane.until(complete('nginx:1.28', 4), 'rollback');
    expect(sets()).toHaveLength(2);
    await plane.until(() => current()!.metadata.annotations!['deployment.kubernetes.io/revision'] === '3');
    expect(plane.informers.informer(ReplicaSets).get(`default/${first.metadata.name}`)!.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '3', 'deployment.kubernetes.io/revision-history': '1' });
    await plane.untilAsync(async () => (await eventMessages('ScalingReplicaSet')).includes(`Scaled up replica set ${first.metadata.name} from 0 to 4`));
    expect(await eventMessages('ScalingReplicaSet')).toContain(`Scaled up replica set ${second.metadata.name} from 0 to 1`);
  });

  it('pauses, scales while paused, and resumes', async () => {
    await start();
    await plane.client.create(Deployments, deployment());
    await plane.until(complete('nginx:1.28', 3));
    await plane.client.patch(Deployments, key, { spec: { paused: true } });
    await plane.until(() => condition('Progressing')?.reason === 'DeploymentPaused');
    await setImage('nginx:1.29');
    await plane.client.patch(Deployments, key, { spec: { replicas: 5 } });
    await plane.until(() => current()?.status?.availableReplicas === 5);
    expect(sets()).toHaveLength(1);
    await plane.client.patch(Deployments, key, { spec: { paused: false } });
    await plane.until(complete('nginx:1.29', 5));
    expect(sets()).toHaveLength(2);
  });

  it('tells that it does not progress, and recovers', async () => {
    let broken = false;
    await start({ healthy: (pod) => !broken || pod.spec.containers[0]!.image !== 'nginx:bad' });
    await plane.client.create(Deployments, deployment({ progressDeadlineSeconds: 60 }));
    await plane.until(complete('nginx:1.28', 3));
    broken = true;
    await setImage('nginx:bad');
    await plane.until(() => condition('Progressing')?.reason === 'ProgressDeadlineExceeded', 'deadline', 120_000);
    const bad = sets().find((s) => s.spec.template?.spec?.containers[0]?.image === 'nginx:bad')!;
    expect(condition('Progressing')).toMatchObject({ status: 'False', message: `ReplicaSet "${bad.metadata.name}" has timed out progressing.` });
    expect(current()!.status!.availableReplicas).toBe(3);
    broken = false;
    plane.nudge();
    await plane.until(complete('nginx:bad', 3));
    expect(condition('Progressing')?.reason).toBe('NewReplicaSetAvailable');
  });

  it('recreates only when every old Pod is gone, and keeps no more history than wanted', async () => {
    let hold = false;
    await start({ finishes: () => !hold });
    await plane.client.create(Deployments, deployment({ strategy: { type: 'Recreate' }, revisionHistoryLimit: 1 }));
    await plane.until(complete('nginx:1.28', 3));
    hold = true;
    await setImage('nginx:1.29');
    await plane.until(() => pods().every((pod) => pod.metadata.deletionTimestamp));
    await plane.clock.advance(2_000);
    expect(sets()).toHaveLength(1);
    hold = false;
    plane.nudge();
    await plane.until(complete('nginx:1.29', 3));
    await setImage('nginx:1.30');
    await plane.until(complete('nginx:1.30', 3));
    await plane.until(() => sets().length === 2);
    expect(sets().map((s) => s.spec.template!.spec!.containers[0]!.image).sort()).toEqual(['nginx:1.29', 'nginx:1.30']);
  });

  it('costs nothing once it stands: an idle cluster writes only heartbeats', async () => {
    await start();
    await plane.client.create(Deployments, deployment());
    await plane.until(complete('nginx:1.28', 3));
    await plane.clock.advance(20_000);
    const revision = async (): Promise<number> => Number((await plane.client.list(Pods)).metadata.resourceVersion);
    const before = await revision();
    await plane.clock.advance(600_000);
    // Two nodes renew every ten seconds.
    expect((await revision()) - before).toBeLessThanOrEqual(122);
  });

  it('waits minReadySeconds before a Pod counts as available', async () => {
    await start();
    await plane.client.create(Deployments, deployment({ minReadySeconds: 20 }));
    await plane.until(() => current()?.status?.readyReplicas === 3);
    expect(current()!.status!.availableReplicas ?? 0).toBe(0);
    const ready = plane.clock.now();
    await plane.until(() => current()?.status?.availableReplicas === 3);
    expect(plane.clock.now() - ready).toBeGreaterThan(18_000);
  });
});

describe('deleting', () => {
  it('a Deployment in the background takes ReplicaSets and Pods along', async () => {
    await start();
    await plane.client.create(Deployments, deployment());
    await plane.until(complete('nginx:1.28', 3));
    await plane.client.delete(Deployments, key, { propagationPolicy: 'Background' });
    await plane.until(() => sets().length === 0 && pods().length === 0);
  });

  it('a Deployment in the foreground leaves it until the last Pod is gone', async () => {
    let hold = true;
    await start({ finishes: () => !hold });
    await plane.client.create(Deployments, deployment());
    await plane.until(complete('nginx:1.28', 3));
    await plane.client.delete(Deployments, key, { propagationPolicy: 'Foreground' });
    await plane.until(() => pods().length === 3 && pods().every((pod) => pod.metadata.deletionTimestamp));
    await plane.clock.advance(3_000);
    expect(current()?.metadata.finalizers).toEqual(['foregroundDeletion']);
    hold = false;
    plane.nudge();
    await plane.until(() => !current() && sets().length === 0 && pods().length === 0);
  });

  it('a Deployment as orphan leaves the rest, without a reference to it', async () => {
    await start();
    await plane.client.create(Deployments, deployment());
    await plane.until(complete('nginx:1.28', 3));
    await plane.client.delete(Deployments, key, { propagationPolicy: 'Orphan' });
    await plane.until(() => !current());
    await plane.clock.advance(5_000);
    expect(sets()).toHaveLength(1);
    expect(sets()[0]!.metadata.ownerReferences ?? []).toEqual([]);
    expect(pods()).toHaveLength(3);
    // A Deployment made anew adopts them.
    await plane.client.create(Deployments, deployment());
    await plane.until(complete('nginx:1.28', 3));
    expect(sets()).toHaveLength(1);
    expect(sets()[0]!.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Deployment', name: 'web', controller: true });
  });

  it('a Pod makes its ReplicaSet replace it; one relabelled is released and replaced', async () => {
    await start();
    await plane.client.create(Deployments, deployment());
    await plane.until(complete('nginx:1.28', 3));
    const [gone, moved] = pods();
    await plane.client.delete(Pods, { namespace, name: gone!.metadata.name });
    await plane.until(() => pods().length === 3 && !pods().some((p) => p.metadata.uid === gone!.metadata.uid));
    await plane.client.patch(Pods, { namespace, name: moved!.metadata.name }, { metadata: { labels: { app: 'debug' } } });
    await plane.until(() => pods().length === 4 && !pods().find((p) => p.metadata.uid === moved!.metadata.uid)?.metadata.ownerReferences?.length);
  });

  it('a namespace takes everything in it along', async () => {
    let hold = false;
    await start({ finishes: () => !hold });
    const { Namespaces } = await import('../../src/api/core/namespace.ts');
    await plane.client.create(Namespaces, { metadata: { name: 'shop' } });
    await plane.untilAsync(async () => {
      const accounts = await import('../../src/api/core/service-account.ts');
      const maps = await import('../../src/api/core/config-map.ts');
      return plane.informers.informer(accounts.ServiceAccounts).get('shop/default') && plane.informers.informer(maps.ConfigMaps).get('shop/kube-root-ca.crt')?.data?.['ca.crt'] === 'PEM';
    }, 'the default account and the CA');
    await plane.client.create(Deployments, { ...deployment(), metadata: { name: 'web', namespace: 'shop' } });
    const inShop = (): Pod[] => plane.informers.informer(Pods).list('shop');
    await plane.until(() => inShop().length === 3 && inShop().every((p) => p.status?.phase === 'Running'));
    hold = true;
    await plane.client.delete(Namespaces, { name: 'shop' });
    const ending = () => plane.informers.informer(Namespaces).get('shop');
    await plane.until(() => ending()?.status.conditions?.some((c) => c.type === 'NamespaceContentRemaining' && c.status === 'True' && c.message === 'Some resources are remaining: pods. has 3 resource instances'));
    expect(ending()!.status.phase).toBe('Terminating');
    // Pods go first: what they need to end is still there.
    expect((await plane.client.list(Deployments, { namespace: 'shop' })).items.map((d) => d.metadata.deletionTimestamp)).toEqual([undefined]);
    hold = false;
    plane.nudge();
    await plane.until(() => !ending());
    expect(inShop()).toEqual([]);
    expect((await plane.client.list(Events, { namespace: 'shop' })).items).toEqual([]);
  });
});

describe('a Service', () => {
  const service = { metadata: { name: 'web', namespace }, spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] } } as const;
  const slices = () => plane.informers.informer(EndpointSlices).list(namespace).filter((s) => s.metadata.labels?.['kubernetes.io/service-name'] === 'web');

  it('lists its ready Pods, and a deleted one as terminating while it still runs', async () => {
    let hold = true;
    await start({ finishes: () => !hold });
    await plane.client.create(Services, service as unknown as Draft<typeof Services.objectType & object>);
    await plane.until(() => slices().length === 1);
    expect(slices()[0]!.endpoints ?? []).toEqual([]);
    await plane.client.create(Deployments, deployment());
    await plane.until(() => slices()[0]?.endpoints?.length === 3 && slices()[0]!.endpoints!.every((e) => e.conditions?.ready));
    expect(slices()).toHaveLength(1);
    expect(slices()[0]!.ports).toEqual([expect.objectContaining({ name: 'http', port: 80, protocol: 'TCP' })]);
    await plane.until(() => plane.informers.informer(Endpoints).get('default/web')?.subsets?.[0]?.addresses?.length === 3);

    const victim = pods()[0]!;
    const asked = plane.clock.now();
    await plane.client.delete(Pods, { namespace, name: victim.metadata.name });
    const endpoint = () => slices()[0]?.endpoints?.find((e) => e.targetRef?.uid === victim.metadata.uid);
    await plane.until(() => endpoint()?.conditions?.terminating === true);
    expect(plane.clock.now() - asked).toBeLessThan(100);
    expect(endpoint()!.conditions).toEqual({ ready: false, serving: true, terminating: true });
    hold = false;
    plane.nudge();
    await plane.until(() => !endpoint() && slices()[0]!.endpoints!.length === 3);
    await plane.client.delete(Services, key);
    await plane.until(() => slices().length === 0 && !plane.informers.informer(Endpoints).get('default/web'));
  });
});

describe('nodes', () => {
  it('get a subnet each; a silent one is tainted, its Pods are marked at once and evicted after what they tolerate', async () => {
    await start();
    const { Nodes } = await import('../../src/api/core/node.ts');
    const nodes = plane.informers.informer(Nodes);
    await plane.until(() => nodes.get('node-1')?.spec.podCIDR && nodes.get('node-2')?.spec.podCIDR);
    expect([nodes.get('node-1')!.spec.podCIDR, nodes.get('node-2')!.spec.podCIDR].sort()).toEqual(['10.42.0.0/24', '10.42.1.0/24']);
    await plane.untilAsync(async () => (await eventMessages('RegisteredNode')).includes('Node node-1 event: Registered Node node-1 in Controller'));
    await plane.client.create(Deployments, deployment({ replicas: 4 }));
    await plane.until(complete('nginx:1.28', 4));
    const on = (node: string): Pod[] => pods().filter((p) => p.spec.nodeName === node);
    expect(on('node-1')).toHaveLength(2);
    plane.silence('node-1');
    const silentAt = plane.clock.now();
    await plane.until(() => nodes.get('node-1')!.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'Unknown'), 'unknown', 60_000);
    expect(plane.clock.now() - silentAt).toBeGreaterThan(25_000);
    await plane.until(() => nodes.get('node-1')!.spec.taints?.some((t) => t.key === 'node.kubernetes.io/unreachable' && t.effect === 'NoExecute'));
    await plane.until(() => on('node-1').every((p) => p.status!.conditions!.some((c) => c.type === 'Ready' && c.status === 'False')));
    const tolerated = on('node-1')[0]!.spec.tolerations?.some((t) => t.key === 'node.kubernetes.io/unreachable' && t.tolerationSeconds === 300);
    if (tolerated) {
      await plane.clock.advance(250_000);
      expect(on('node-1').every((p) => !p.metadata.deletionTimestamp)).toBe(true);
    }
    await plane.until(() => on('node-1').every((p) => p.metadata.deletionTimestamp) && on('node-2').length === 4, 'eviction', 120_000);
  });

  it('are not silent, and their Pods not out of time, because somebody set the clock', async () => {
    await start();
    const { Nodes } = await import('../../src/api/core/node.ts');
    await plane.client.create(Deployments, deployment({ replicas: 2 }));
    await plane.until(complete('nginx:1.28', 2));
    const node = pods()[0]!.spec.nodeName!;
    const here = (): Pod[] => pods().filter((p) => p.spec.nodeName === node);
    const { uid } = here()[0]!.metadata;
    plane.clock.jump(3_600_000);
    await plane.clock.advance(45_000);
    expect(plane.informers.informer(Nodes).list().every((n) => !n.spec.taints?.length)).toBe(true);
    // The stored time is an hour old by now: what counts is when the taint was seen.
    const taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: new Date(plane.clock.now() - 3_600_000).toISOString().replace(/\.\d+/, '') };
    plane.silence(node);
    await plane.until(() => plane.informers.informer(Nodes).get(node)!.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'Unknown'), 'unknown', 60_000);
    await plane.client.patch(Nodes, { name: node }, { spec: { taints: [taint] } });
    plane.clock.jump(-7_200_000);
    await plane.clock.advance(290_000);
    expect(here().find((p) => p.metadata.uid === uid)?.metadata.deletionTimestamp).toBeUndefined();
    plane.clock.jump(7_200_000);
    await plane.until(() => here().find((p) => p.metadata.uid === uid)?.metadata.deletionTimestamp, 'eviction', 20_000);
  });

  it('a Pod that fits nowhere says why, and is placed when it fits', async () => {
    await start({ nodes: ['node-1'] });
    await plane.client.create(Deployments, deployment({ replicas: 1, template: { metadata: { labels }, spec: { containers: [{ ...container('nginx:1.28'), resources: { requests: { cpu: '20' } } }] } } } as Draft<Deployment['spec']>));
    await plane.until(() => pods()[0]?.status?.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'Unschedulable'));
    const message = '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.';
    expect(pods()[0]!.status!.conditions!.find((c) => c.type === 'PodScheduled')).toMatchObject({ status: 'False', message });
    await plane.untilAsync(async () => (await eventMessages('FailedScheduling')).includes(message));
    const { Nodes } = await import('../../src/api/core/node.ts');
    const node = await plane.client.get(Nodes, { name: 'node-1' });
    await plane.client.updateStatus(Nodes, { ...node, status: { ...node.status, allocatable: { ...node.status!.allocatable, cpu: '32' } } } as Draft<typeof node>);
    await plane.until(() => pods()[0]?.spec.nodeName === 'node-1');
    await plane.untilAsync(async () => (await eventMessages('Scheduled')).includes(`Successfully assigned default/${pods()[0]!.metadata.name} to node-1`));
  });
});
