// The plugins about volumes by tables: disks with one writer, claims for one Pod, zones, and how many volumes a node takes.
// upstream: volumerestrictions, volumezone, nodevolumelimits (their _test.go)
import type { Storage } from '../../../../master/scheduler/framework.ts';
import type { NodeInfo } from '../../../../master/scheduler/node-info.ts';
import { nodeAffinityWith } from '../../../../master/scheduler/plugins/node-affinity.ts';
import { nodeVolumeLimits } from '../../../../master/scheduler/plugins/node-volume-limits.ts';
import { volumeRestrictions } from '../../../../master/scheduler/plugins/volume-restrictions.ts';
import { volumeZone } from '../../../../master/scheduler/plugins/volume-zone.ts';
import { selectVictims } from '../../../../master/scheduler/preemption.ts';
import { Trial } from '../../../../master/scheduler/trial.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { pod } from '../controllers/objects.ts';
import { nodeInfo, noStorage, place, snapshotOf } from './cluster.ts';

const having = (name: string, ...volumes: object[]): Pod => pod({ metadata: { name }, spec: { volumes: volumes.map((v, i) => ({ name: `v${i}`, ...v })) } } as Draft<Pod>);
const claiming = (name: string, ...claims: string[]): Pod => having(name, ...claims.map((claimName) => ({ persistentVolumeClaim: { claimName } })));
/** Claims `c` are bound to a volume of the same name, unless they are told otherwise. */
const storage = (claims: Record<string, object>, volumes: Record<string, object> = {}, more: Partial<Storage> = {}): { storage: Storage } => ({
  storage: {
    ...noStorage, claim: (_, name) => (claims[name] && { metadata: { name, namespace: 'default' }, spec: { volumeName: name, ...claims[name] }, status: {} }) as never,
    volume: (name) => (volumes[name] && { metadata: { name, ...volumes[name] }, spec: volumes[name] }) as never, ...more,
  },
});
const first = (message: string): string => message.replace(/^0\/\d+ nodes are available: /, '').replace(/ preemption: .*/, '');

describe('VolumeRestrictions', () => {
  const rbd = (monitors: string[], extra: object = {}) => ({ rbd: { monitors, image: 'i', pool: 'rbd', ...extra } });
  it.each<[string, object, object, boolean]>([
    ['one GCE disk twice', { gcePersistentDisk: { pdName: 'a' } }, { gcePersistentDisk: { pdName: 'a' } }, false],
    ['one only read', { gcePersistentDisk: { pdName: 'a', readOnly: true } }, { gcePersistentDisk: { pdName: 'a', readOnly: true } }, true],
    ['one read by one and written by the other', { gcePersistentDisk: { pdName: 'a', readOnly: true } }, { gcePersistentDisk: { pdName: 'a' } }, false],
    ['another', { gcePersistentDisk: { pdName: 'a' } }, { gcePersistentDisk: { pdName: 'b' } }, true],
    ['one of EBS, even only read', { awsElasticBlockStore: { volumeID: 'a', readOnly: true } }, { awsElasticBlockStore: { volumeID: 'a', readOnly: true } }, false],
    ['one iSCSI name', { iscsi: { iqn: 'q', lun: 0 } }, { iscsi: { iqn: 'q', lun: 1 } }, false],
    ['a Ceph image by a monitor in common', rbd(['a', 'b']), rbd(['b', 'c']), false],
    ['by none', rbd(['a']), rbd(['b']), true],
    ['in another pool', rbd(['a']), rbd(['a'], { pool: 'p' }), true],
  ])('%s', (_, there, wanted, fits) => {
    expect(first(place(having('p', wanted), [nodeInfo('n', {}, [having('x', there)])], {}, [volumeRestrictions]))).toBe(fits ? 'n' : '1 node(s) had no available disk.');
  });
  it('a claim for one Pod is used once in the whole cluster, and its user may be preempted', () => {
    const related = storage({ one: { accessModes: ['ReadWriteOncePod'] }, many: { accessModes: ['ReadWriteOnce'] } });
    const nodes = (): NodeInfo[] => [nodeInfo('a', {}, [claiming('x', 'one', 'many')]), nodeInfo('b')];
    expect(first(place(claiming('p', 'one'), nodes(), related, [volumeRestrictions]))).toBe('2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.');
    expect(place(claiming('p', 'many'), nodes(), related, [volumeRestrictions])).toBe('a');
    const [a, b] = nodes() as [NodeInfo, NodeInfo];
    const important = { ...claiming('p', 'one'), spec: { ...claiming('p', 'one').spec, priority: 10 } } as Pod;
    const trial = new Trial(important, snapshotOf([a, b], related), [volumeRestrictions]);
    expect(selectVictims(trial, a, [])).toMatchObject({ victims: [{ metadata: { name: 'x' } }] });
    expect(trial.reject(b)).toBeDefined();
  });
});

describe('VolumeZone', () => {
  const zone = (value: string, key = 'topology.kubernetes.io/zone') => storage({ c: {} }, { c: { labels: { [key]: value } } });
  const at = (labels: Record<string, string>) => nodeInfo('n', { metadata: { labels } });
  const conflict = '1 node(s) had no available volume zone.';
  it.each<[string, ReturnType<typeof zone>, Record<string, string>, string]>([
    ['there', zone('z1'), { 'topology.kubernetes.io/zone': 'z1' }, 'n'],
    ['elsewhere', zone('z1'), { 'topology.kubernetes.io/zone': 'z2' }, conflict],
    ['one of several', zone('z1__z2'), { 'topology.kubernetes.io/zone': 'z2' }, 'n'],
    ['a node that names no place', zone('z1'), {}, 'n'],
    ['a node that names its region only', zone('z1'), { 'topology.kubernetes.io/region': 'r' }, conflict],
    ['an old label of the volume', zone('z1', 'failure-domain.beta.kubernetes.io/zone'), { 'topology.kubernetes.io/zone': 'z1' }, 'n'],
    ['a volume without labels', storage({ c: {} }, { c: {} }), { 'topology.kubernetes.io/zone': 'z1' }, 'n'],
  ])('%s', (_, related, labels, expected) => { expect(first(place(claiming('p', 'c'), [at(labels)], related, [volumeZone]))).toBe(expected); });
});

describe('NodeVolumeLimits', () => {
  const csi = (volumeHandle: string, driver = 'd') => ({ csi: { driver, volumeHandle } });
  const limit = (count: number | undefined): Partial<Storage> => ({ csiNode: (name) => ({ metadata: { name }, spec: { drivers: [{ name: 'd', ...(count === undefined ? {} : { allocatable: { count } }) }] } }) as never });
  const claims = { a: {}, b: {}, c: {}, other: {} };
  const volumes = { a: csi('1'), b: csi('2'), c: csi('3'), other: csi('4', 'e') };
  const exceeded = '1 node(s) exceed max volume count.';
  it.each<[string, string[], string[], Partial<Storage>, string]>([
    ['room for one more', ['a'], ['b'], limit(2), 'n'],
    ['no room', ['a', 'b'], ['c'], limit(2), exceeded],
    ['what is there already takes none', ['a', 'b'], ['b'], limit(2), 'n'],
    ['two at once', ['a'], ['b', 'c'], limit(2), exceeded],
    ['no limit', ['a', 'b'], ['c'], limit(undefined), 'n'],
    ['another driver', ['a', 'b'], ['other'], limit(2), 'n'],
    ['no word of drivers', ['a', 'b'], ['c'], {}, 'n'],
  ])('%s', (_, there, wanted, more, expected) => {
    expect(first(place(claiming('p', ...wanted), [nodeInfo('n', {}, [claiming('x', ...there)])], storage(claims, volumes, more), [nodeVolumeLimits]))).toBe(expected);
  });
  it('counts volumes that are still to be made', () => {
    const related = storage({ a: {}, new: { volumeName: '', storageClassName: 's' } }, volumes, { ...limit(1), storageClass: () => ({ provisioner: 'd' }) as never });
    expect(first(place(claiming('p', 'new'), [nodeInfo('n', {}, [claiming('x', 'a')])], related, [nodeVolumeLimits]))).toBe(exceeded);
  });
});

it('a Pod that names its nodes is asked of no other', () => {
  const names = (...values: string[][]): Pod => pod({ metadata: { name: 'p' }, spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: values.map((v) => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values: v }] })) } } } } } as Draft<Pod>);
  const nodes = [nodeInfo('a'), nodeInfo('b'), nodeInfo('c')];
  expect(place(names(['b']), nodes)).toBe('b');
  expect(place(names(['x'], ['c']), nodes)).toBe('c');
  expect(place(names(['x']), nodes, {}, [nodeAffinityWith({})])).toBe("0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity].");
  const both = (...values: string[]): Pod => pod({ metadata: { name: 'p' }, spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: values.map((v) => ({ key: 'metadata.name', operator: 'In', values: [v] })) }] } } } } } as Draft<Pod>);
  expect(place(both('a', 'a'), nodes)).toBe('a');
  expect(place(both('a', 'b'), nodes)).toBe('0/3 nodes are available: pod affinity terms conflict. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.');
});
