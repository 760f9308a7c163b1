// Claims, volumes and the Pods that use them through the API: static and provisioned volumes, and what remains of them.
import { Events } from '../../src/api/core/event.ts';
import { PersistentVolumeClaims } from '../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../src/api/core/persistent-volume.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { StorageClasses } from '../../src/api/storage/storage-class.ts';
import { localPathStorageClass } from '../../src/api/storage/local-path.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';

const namespace = 'default';
let plane: ControlPlane;
beforeEach(async () => { plane = await startControlPlane({ nodes: ['node-1', 'node-2'] }); });
afterEach(() => plane.stop());

const claim = (name: string, spec: object = {}) => plane.client.create(PersistentVolumeClaims, { metadata: { name, namespace }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec } } as never);
const volume = (name: string, spec: object = {}) => plane.client.create(PersistentVolumes, { metadata: { name }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' }, ...spec } } as never);
const pod = (name: string, volumes: object[], spec: object = {}) => plane.client.create(Pods, { metadata: { name, namespace }, spec: { containers: [{ name: 'c', image: 'i' }], volumes, ...spec } } as never);
const using = (claimName: string) => [{ name: 'v', persistentVolumeClaim: { claimName } }];
const onNode = (name: string) => ({ nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] }] } } });
const claimed = (name: string) => plane.informers.informer(PersistentVolumeClaims).get(`${namespace}/${name}`);
const made = (name: string) => plane.informers.informer(PersistentVolumes).get(name);
const placed = (name: string) => plane.informers.informer(Pods).get(`${namespace}/${name}`);

it('a claim gets the smallest volume that suits, and gives it back', async () => {
  await volume('large', { capacity: { storage: '5Gi' } });
  await volume('small', { persistentVolumeReclaimPolicy: 'Retain' });
  await plane.until(() => made('large')?.status.phase === 'Available' && made('small')?.status.phase === 'Available');
  await claim('c', { storageClassName: '' });
  await plane.until(() => claimed('c')?.status.phase === 'Bound');
  expect(claimed('c')).toMatchObject({
    metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' } },
    spec: { volumeName: 'small' }, status: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] },
  });
  await plane.until(() => made('small')?.status.phase === 'Bound');
  expect(made('small')!.spec.claimRef).toMatchObject({ kind: 'PersistentVolumeClaim', namespace, name: 'c', uid: claimed('c')!.metadata.uid });
  await plane.client.delete(PersistentVolumeClaims, { namespace, name: 'c' });
  await plane.until(() => !claimed('c') && made('small')?.status.phase === 'Released');
  expect(made('large')!.status.phase).toBe('Available');
});

it('a claim from before there was a default class gets it when there is one', async () => {
  await claim('early');
  await plane.until(() => claimed('early'));
  expect(claimed('early')!.spec.storageClassName).toBeUndefined();
  await plane.client.create(StorageClasses, localPathStorageClass as never);
  await plane.until(() => claimed('early')?.spec.storageClassName === localPathStorageClass.metadata!.name);
});

it('two claims never share a volume', async () => {
  await volume('only');
  await Promise.all([claim('a', { storageClassName: '' }), claim('b', { storageClassName: '' })]);
  await plane.until(() => made('only')?.status.phase === 'Bound' && [claimed('a'), claimed('b')].some((c) => c?.status.phase === 'Bound'));
  await plane.clock.advance(1_000);
  expect([claimed('a'), claimed('b')].filter((c) => c?.spec.volumeName)).toHaveLength(1);
  await volume('second');
  await plane.until(() => [claimed('a'), claimed('b')].every((c) => c?.status.phase === 'Bound'));
});

it('a claim of the default class gets a volume on the node of its first Pod, where later Pods follow', async () => {
  await plane.client.create(StorageClasses, localPathStorageClass);
  await claim('data');
  await plane.clock.advance(1_000);
  expect(claimed('data')).toMatchObject({ spec: { storageClassName: 'local-path' }, status: { phase: 'Pending' } });
  await plane.untilAsync(async () => (await plane.client.list(Events, { namespace })).items.some((e) => e.reason === 'WaitForFirstConsumer' && e.source.component === 'persistentvolume-controller'));
  await pod('first', using('data'), { nodeSelector: { 'kubernetes.io/hostname': 'node-2' } });
  await plane.until(() => placed('first')?.spec.nodeName === 'node-2');
  expect(claimed('data')).toMatchObject({ metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'node-2' } }, status: { phase: 'Bound' } });
  const name = claimed('data')!.spec.volumeName!;
  expect(made(name)).toMatchObject({ spec: { persistentVolumeReclaimPolicy: 'Delete', hostPath: { type: 'DirectoryOrCreate' }, ...onNode('node-2') } });
  await pod('second', using('data'));
  await plane.until(() => placed('second')?.spec.nodeName === 'node-2');
  await pod('elsewhere', using('data'), { nodeSelector: { 'kubernetes.io/hostname': 'node-1' } });
  await plane.until(() => placed('elsewhere')?.status?.conditions?.some((c) => c.type === 'PodScheduled' && c.status === 'False'));
  expect(placed('elsewhere')!.status!.conditions!.find((c) => c.type === 'PodScheduled')!.message).toContain('1 node(s) had volume node affinity conflict');
});

it('a claim that waits takes a static volume of the node', async () => {
  await plane.client.create(StorageClasses, { metadata: { name: 'local' }, provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' });
  await volume('on-1', { storageClassName: 'local', ...onNode('node-1') });
  await plane.until(() => made('on-1')?.status.phase === 'Available');
  await claim('data', { storageClassName: 'local' });
  await pod('p', using('data'));
  await plane.until(() => placed('p')?.spec.nodeName === 'node-1' && claimed('data')?.spec.volumeName === 'on-1');
});

it('a Pod waits for its claim, and its ephemeral volume comes and goes with it', async () => {
  const message = (name: string) => placed(name)?.status?.conditions?.find((c) => c.type === 'PodScheduled')?.message;
  await pod('p', using('late'));
  await plane.until(() => message('p'));
  expect(message('p')).toBe('0/2 nodes are available: persistentvolumeclaim "late" not found. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.');
  await claim('late', { storageClassName: '' });
  await plane.until(() => message('p')?.includes('pod has unbound immediate PersistentVolumeClaims'));
  await volume('v');
  await plane.until(() => placed('p')?.spec.nodeName);
  await plane.client.create(StorageClasses, localPathStorageClass);
  await pod('e', [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } } } } }]);
  await plane.until(() => placed('e')?.spec.nodeName && claimed('e-scratch')?.status.phase === 'Bound');
  await plane.client.delete(Pods, { namespace, name: 'e' });
  await plane.until(() => !placed('e') && !claimed('e-scratch'));
});
