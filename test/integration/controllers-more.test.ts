// The smaller controllers against the real API server in memory, and a long random history that has to end well.
import fc from 'fast-check';
import { Deployments, type Deployment } from '../../src/api/apps/deployment.ts';
import { ReplicaSets } from '../../src/api/apps/replica-set.ts';
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Events } from '../../src/api/core/event.ts';
import { Namespaces } from '../../src/api/core/namespace.ts';
import { Nodes, type Node } from '../../src/api/core/node.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { ReplicationControllers, type ReplicationController } from '../../src/api/core/replication-controller.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { isNotFound } from '../../src/apimachinery/status-error.ts';
import type { Draft } from '../../src/client/client.ts';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '../support/control-plane.ts';

let plane: ControlPlane;
const start = async (options?: ControlPlaneOptions): Promise<void> => { plane = await startControlPlane(options); };
afterEach(() => plane.stop());

const namespace = 'default';
const pods = (): Pod[] => plane.informers.informer(Pods).list(namespace);
const template = (labels: Record<string, string>, image = 'nginx:1') => ({ metadata: { labels }, spec: { containers: [{ name: 'c', image }] } });
const barePod = (name: string, extra: object = {}): Draft<Pod> => ({ metadata: { name, namespace, ...extra }, spec: { containers: [{ name: 'c', image: 'i' }] } }) as Draft<Pod>;

describe('a ReplicationController', () => {
  it('keeps its Pods, scales and reports', async () => {
    await start();
    await plane.client.create(ReplicationControllers, { metadata: { name: 'rc', namespace }, spec: { replicas: 3, selector: { app: 'rc' }, template: template({ app: 'rc' }) } } as Draft<ReplicationController>);
    const status = () => plane.informers.informer(ReplicationControllers).get('default/rc')?.status;
    await plane.until(() => status()?.availableReplicas === 3);
    await plane.client.patch(ReplicationControllers, { namespace, name: 'rc' }, { spec: { replicas: 1 } });
    await plane.until(() => status()?.replicas === 1 && pods().length === 1 && status()?.observedGeneration === 2);
    expect(pods()[0]!.metadata.ownerReferences![0]).toMatchObject({ apiVersion: 'v1', kind: 'ReplicationController', name: 'rc', controller: true });
  });
  it('whose Pods are refused says so in its status and in an Event', async () => {
    await start();
    await plane.client.create(ReplicationControllers, { metadata: { name: 'rc', namespace: 'default' }, spec: { replicas: 2, selector: { app: 'rc' }, template: { ...template({ app: 'rc' }), spec: { serviceAccountName: 'missing', containers: [{ name: 'c', image: 'i' }] } } } } as Draft<ReplicationController>);
    const failure = () => plane.informers.informer(ReplicationControllers).get('default/rc')?.status?.conditions?.find((c) => c.type === 'ReplicaFailure');
    await plane.until(failure);
    expect(failure()).toMatchObject({ status: 'True', reason: 'FailedCreate' });
    await plane.untilAsync(async () => (await plane.client.list(Events, { namespace })).items.some((e) => e.reason === 'FailedCreate'));
    await plane.client.create(ServiceAccounts, { metadata: { name: 'missing', namespace } });
    await plane.until(() => !failure() && pods().length === 2);
  });
});

describe('owners', () => {
  it('that never existed take their dependents along; one of two does not', async () => {
    await start();
    const owner = await plane.client.create(ConfigMaps, { metadata: { name: 'owner', namespace } });
    const ref = (uid: string, name = 'owner') => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });
    await plane.client.create(ConfigMaps, { metadata: { name: 'orphan', namespace, ownerReferences: [ref('no-such-uid', 'ghost')] } });
    await plane.client.create(ConfigMaps, { metadata: { name: 'reborn', namespace, ownerReferences: [ref('an-older-uid')] } });
    await plane.client.create(ConfigMaps, { metadata: { name: 'half', namespace, ownerReferences: [ref('no-such-uid', 'ghost'), ref(owner.metadata.uid)] } });
    await plane.client.create(ConfigMaps, { metadata: { name: 'other-kind', namespace, ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Thing', name: 'x', uid: 'y' }] } });
    const maps = plane.informers.informer(ConfigMaps);
    await plane.until(() => !maps.get('default/orphan') && !maps.get('default/reborn') && maps.get('default/half')?.metadata.ownerReferences?.length === 1);
    expect(maps.get('default/other-kind')).toBeDefined();
    await plane.client.delete(ConfigMaps, { namespace, name: 'owner' });
    await plane.until(() => !maps.get('default/half'));
  });
  it('of another namespace are none, which is told, and stay the owners of what is beside them', async () => {
    await start({ nodes: [] });
    await plane.client.create(Namespaces, { metadata: { name: 'other' } });
    const { uid } = (await plane.client.create(ConfigMaps, { metadata: { name: 'owner', namespace: 'other' } })).metadata;
    const refs = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
    await plane.client.create(ConfigMaps, { metadata: { name: 'astray', namespace, ownerReferences: refs } });
    const maps = plane.informers.informer(ConfigMaps);
    await plane.until(() => !maps.get('default/astray'));
    const message = `ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: ${uid}] does not exist in namespace "default"`;
    await plane.untilAsync(async () => (await plane.client.list(Events, { namespace })).items.some((e) => e.reason === 'OwnerRefInvalidNamespace' && e.message === message && e.involvedObject.name === 'astray'));
    await plane.client.create(ConfigMaps, { metadata: { name: 'beside', namespace: 'other', ownerReferences: [...refs, { ...refs[0]!, name: 'ghost', uid: 'no-such-uid' }] } });
    await plane.until(() => maps.get('other/beside')?.metadata.ownerReferences?.length === 1);
  });
});

describe('what nobody else removes', () => {
  it('Pods of a node that is gone, after a while', async () => {
    await start();
    await plane.client.create(Pods, barePod('p'));
    await plane.until(() => pods()[0]?.status?.phase === 'Running');
    const name = pods()[0]!.spec.nodeName!;
    await plane.client.delete(Nodes, { name });
    const gone = plane.clock.now();
    await plane.until(() => pods().length === 0, 'removal', 120_000);
    expect(plane.clock.now() - gone).toBeGreaterThanOrEqual(40_000);
  });
  it('Pods that end on a node that is lost, as soon as somebody says that it is out of service', async () => {
    await start({ nodes: ['node-1'], finishes: () => false });
    await plane.client.create(Pods, barePod('p'));
    await plane.until(() => pods()[0]?.status?.phase === 'Running');
    const node = (): Node => plane.informers.informer(Nodes).get('node-1')!;
    await plane.client.patch(Nodes, { name: 'node-1' }, { status: { conditions: [{ type: 'Ready', status: 'False' }] } }, { subresource: 'status' });
    await plane.client.delete(Pods, { namespace, name: 'p' });
    await plane.until(() => pods()[0]?.metadata.deletionTimestamp && node().spec.taints?.some((t) => t.key === 'node.kubernetes.io/not-ready'));
    const taint = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoSchedule' };
    await plane.client.patch(Nodes, { name: 'node-1' }, { spec: { taints: [...(node().spec.taints ?? []), taint] } });
    await plane.until(() => pods().length === 0);
  });
  it('Events, an hour after they were last seen', async () => {
    await start({ nodes: ['node-1'] });
    await plane.client.create(Pods, barePod('p'));
    const names = async (): Promise<string[]> => (await plane.client.list(Events, { namespace })).items.map((e) => e.reason ?? '');
    await plane.untilAsync(async () => (await names()).includes('Scheduled'));
    await plane.clock.advance(3_500_000);
    expect(await names()).toContain('Scheduled');
    await plane.clock.advance(110_000);
    await plane.untilAsync(async () => !(await names()).includes('Scheduled'));
  });
});

describe('every namespace', () => {
  it('gets its account and the CA back', async () => {
    await start();
    const accounts = plane.informers.informer(ServiceAccounts);
    const maps = plane.informers.informer(ConfigMaps);
    await plane.until(() => accounts.get('default/default') && maps.get('default/kube-root-ca.crt') && accounts.get('kube-system/default'));
    await plane.client.delete(ServiceAccounts, { namespace, name: 'default' });
    await plane.client.patch(ConfigMaps, { namespace, name: 'kube-root-ca.crt' }, { data: { 'ca.crt': 'forged' } });
    await plane.until(() => accounts.get('default/default') && maps.get('default/kube-root-ca.crt')?.data?.['ca.crt'] === 'PEM');
  });
  it('says what its CA is good for', async () => {
    await start();
    const maps = plane.informers.informer(ConfigMaps);
    const described = (): unknown => maps.get('default/kube-root-ca.crt')?.metadata.annotations?.['kubernetes.io/description'];
    const words = /^Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints .*\. No other usage is guaranteed across distributions of Kubernetes clusters\.$/;
    await plane.until(() => words.test(String(described())));
    await plane.client.patch(ConfigMaps, { namespace, name: 'kube-root-ca.crt' }, { metadata: { annotations: { 'kubernetes.io/description': null, 'of': 'mine' } } });
    await plane.until(() => words.test(String(described())) && maps.get('default/kube-root-ca.crt')?.metadata.annotations?.['of'] === 'mine');
  });
  it('that is empty ends within milliseconds', async () => {
    await start();
    await plane.client.create(Namespaces, { metadata: { name: 'shop' } });
    await plane.until(() => plane.informers.informer(ServiceAccounts).get('shop/default'));
    const asked = plane.clock.now();
    await plane.client.delete(Namespaces, { name: 'shop' });
    await plane.until(() => !plane.informers.informer(Namespaces).get('shop'));
    expect(plane.clock.now() - asked).toBeLessThan(1_000);
  });
});

describe('any history of a Deployment', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('scale' as const), replicas: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ do: fc.constant('image' as const), image: fc.constantFrom('nginx:1', 'nginx:2', 'nginx:3') }),
    fc.record({ do: fc.constant('pause' as const), paused: fc.boolean() }),
    fc.record({ do: fc.constant('kill' as const), nth: fc.nat(5) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 60 }) }),
  );
  it('ends with the Pods that are wanted, of one ReplicaSet, never too many on the way', async () => {
    await start();
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const key = { namespace, name: 'web' };
      const labels = { app: 'web' };
      await plane.client.create(Deployments, { metadata: key, spec: { replicas: 3, selector: { matchLabels: labels }, template: template(labels) } } as Draft<Deployment>);
      for (const s of steps) {
        if (s.do === 'scale') await plane.client.patch(Deployments, key, { spec: { replicas: s.replicas } });
        else if (s.do === 'image') await plane.client.patch(Deployments, key, { spec: { template: template(labels, s.image) } });
        else if (s.do === 'pause') await plane.client.patch(Deployments, key, { spec: { paused: s.paused } });
        else if (s.do === 'wait') await plane.clock.advance(s.ms);
        else if (pods()[s.nth]) await plane.client.delete(Pods, { namespace, name: pods()[s.nth]!.metadata.name }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
      }
      const wanted = await plane.client.patch(Deployments, key, { spec: { paused: false } });
      const deployment = () => plane.informers.informer(Deployments).get('default/web');
      await plane.until(() => {
        const { status } = deployment()!;
        const { replicas } = wanted.spec;
        return status?.observedGeneration === deployment()!.metadata.generation && (status?.availableReplicas ?? 0) === replicas && (status?.updatedReplicas ?? 0) === replicas && (status?.replicas ?? 0) === replicas && pods().length === replicas;
      }, `convergence of ${JSON.stringify(steps)}`);
      expect(pods().every((pod) => pod.spec.containers[0]!.image === wanted.spec.template.spec!.containers[0]!.image)).toBe(true);
      expect(plane.informers.informer(ReplicaSets).list(namespace).filter((s) => s.spec.replicas > 0).length).toBe(wanted.spec.replicas > 0 ? 1 : 0);
      await plane.client.delete(Deployments, key);
      await plane.until(() => !deployment() && pods().length === 0 && plane.informers.informer(ReplicaSets).list(namespace).length === 0);
    }), { numRuns: 15 });
  });
});
