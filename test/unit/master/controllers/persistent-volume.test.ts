// Claims and volumes: which volume suits best, what is to be done about either side, and what a node can serve.
import { planVolume as planLocal } from '../../../../master/controllers/localpath/plan.ts';
import { planClaim, planVolume } from '../../../../master/controllers/persistentvolume/plan.ts';
import { bestVolume } from '../../../../src/api/core/volume-binding.ts';
import type { PersistentVolumeClaim } from '../../../../src/api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../../../src/api/core/persistent-volume.ts';
import type { StorageClass } from '../../../../src/api/storage/storage-class.ts';
import { node } from './objects.ts';

const completed = { 'pv.kubernetes.io/bind-completed': 'yes' };
const claim = (spec: object = {}, annotations: object = {}): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'n', uid: 'uid-c', annotations }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, storageClassName: 's', ...spec }, status: { phase: 'Pending' },
}) as unknown as PersistentVolumeClaim;
const volume = (name: string, storage: string, spec: object = {}, { phase = 'Available', labels = {}, annotations = {} }: { phase?: string; labels?: object; annotations?: object } = {}): PersistentVolume => ({
  metadata: { name, labels, annotations }, spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], storageClassName: 's', persistentVolumeReclaimPolicy: 'Retain', ...spec }, status: { phase },
}) as unknown as PersistentVolume;
const ref = (uid?: string, name = 'c') => ({ claimRef: { namespace: 'n', name, ...(uid ? { uid } : {}) } });
const storageClass = (mode: string): StorageClass => ({ metadata: { name: 's' }, provisioner: 'example.com/p', volumeBindingMode: mode }) as unknown as StorageClass;

describe('the best volume', () => {
  it.each<[what: string, claim: PersistentVolumeClaim, volumes: PersistentVolume[], best: string | undefined]>([
    ['is the smallest that is large enough', claim(), [volume('a', '9Gi'), volume('b', '3Gi'), volume('c', '1Gi')], 'b'],
    ['is the one that names the claim, even if larger', claim(), [volume('a', '2Gi'), volume('b', '3Gi', ref())], 'b'],
    ['names the claim but is too small', claim(), [volume('b', '1Gi', ref())], undefined],
    ['is free', claim(), [volume('a', '2Gi', ref('other', 'x')), volume('b', '3Gi', {}, { phase: 'Released' })], undefined],
    ['is of the class', claim(), [volume('a', '2Gi', { storageClassName: 't' })], undefined],
    ['has the modes', claim({ accessModes: ['ReadWriteMany'] }), [volume('a', '2Gi'), volume('b', '5Gi', { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] })], 'b'],
    ['is of the same kind of device', claim({ volumeMode: 'Block' }), [volume('a', '2Gi')], undefined],
    ['is selected', claim({ selector: { matchLabels: { a: 'b' } } }), [volume('a', '2Gi'), volume('b', '3Gi', {}, { labels: { a: 'b' } })], 'b'],
  ])('%s', (_what, given, volumes, best) => { expect(bestVolume(given, volumes)?.metadata.name).toBe(best); });
  it('of a claim that waits is only one that names it', () => {
    expect(bestVolume(claim(), [volume('a', '2Gi')], { delayed: true })).toBeUndefined();
    expect(bestVolume(claim(), [volume('a', '2Gi', ref())], { delayed: true })?.metadata.name).toBe('a');
  });
});

describe('a claim', () => {
  it('that names no class gets the default one as soon as there is one, unless a volume of none is its', () => {
    const open = claim({ storageClassName: undefined });
    expect(plan(open, [], storageClass('Immediate'))).toEqual({ kind: 'class', name: 's' });
    expect(plan(open)).toMatchObject({ kind: 'wait', news: { reason: 'FailedBinding', message: 'no persistent volumes available for this claim and no storage class is set' } });
    expect(plan(open, [volume('a', '2Gi', { storageClassName: undefined })], storageClass('Immediate'))).toMatchObject({ kind: 'bind' });
    expect(plan(claim({ storageClassName: '' }), [], storageClass('Immediate'))).toMatchObject({ kind: 'wait' });
  });
  it.each<[string[], string]>([
    [[], 'WaitForFirstConsumer: waiting for first consumer to be created before binding'], [['a'], 'WaitForPodScheduled: waiting for pod a to be scheduled'], [['a', 'b'], 'WaitForPodScheduled: waiting for pods a,b to be scheduled'],
  ])('whose volume is chosen with the node, of Pods %j without one', (pods, told) => {
    const { news } = plan(claim(), [], storageClass('WaitForFirstConsumer'), pods) as { news: { reason: string; message: string } };
    expect(`${news.reason}: ${news.message}`).toBe(told);
  });
  const plan = (given: PersistentVolumeClaim, volumes: PersistentVolume[] = [], of?: StorageClass, pods: string[] = []) => planClaim(given, { volume: (name) => volumes.find((v) => v.metadata.name === name), volumes: () => volumes, storageClass: () => of, defaultClass: () => of, unscheduledPods: () => pods });
  it.each<[what: string, claim: PersistentVolumeClaim, volumes: PersistentVolume[], of: StorageClass | undefined, kind: string, reason: string | undefined]>([
    ['finds its volume', claim(), [volume('a', '2Gi')], undefined, 'bind', undefined],
    ['waits for a Pod', claim(), [volume('a', '2Gi')], storageClass('WaitForFirstConsumer'), 'wait', 'WaitForFirstConsumer'],
    ['whose node is chosen asks the provisioner', claim({}, { 'volume.kubernetes.io/selected-node': 'n1' }), [], storageClass('WaitForFirstConsumer'), 'wait', 'ExternalProvisioning'],
    ['asks the provisioner at once', claim(), [], storageClass('Immediate'), 'wait', 'ExternalProvisioning'],
    ['of a class that is missing', claim(), [], undefined, 'wait', 'ProvisioningFailed'],
    ['without class', claim({ storageClassName: '' }), [], undefined, 'wait', 'FailedBinding'],
    ['that names a volume takes it', claim({ volumeName: 'a' }), [volume('a', '2Gi')], undefined, 'bind', undefined],
    ['that names a volume that is too small', claim({ volumeName: 'a' }), [volume('a', '1Gi')], undefined, 'wait', 'VolumeMismatch'],
    ['that names another claim\'s volume', claim({ volumeName: 'a' }), [volume('a', '2Gi', ref('x', 'x'))], undefined, 'wait', 'FailedBinding'],
    ['that is bound stays so', claim({ volumeName: 'a' }, completed), [volume('a', '2Gi', ref('uid-c'))], undefined, 'bind', undefined],
    ['whose volume is gone', claim({ volumeName: 'a' }, completed), [], undefined, 'lost', 'ClaimLost'],
    ['whose volume is another\'s', claim({ volumeName: 'a' }, completed), [volume('a', '2Gi', ref('x'))], undefined, 'lost', 'ClaimMisbound'],
  ])('%s', (_what, given, volumes, of, kind, reason) => {
    const planned = plan(given, volumes, of);
    expect([planned.kind, 'news' in planned ? planned.news?.reason : undefined]).toEqual([kind, reason]);
  });
});

describe('a volume', () => {
  const provisioned = { annotations: { 'pv.kubernetes.io/provisioned-by': 'p' } };
  it.each<[what: string, volume: PersistentVolume, claim: PersistentVolumeClaim | undefined, plan: object]>([
    ['is available', volume('v', '1Gi'), undefined, { kind: 'phase', phase: 'Available' }],
    ['that a person gave away is available till then', volume('v', '1Gi', ref()), undefined, { kind: 'phase', phase: 'Available' }],
    ['is bound', volume('v', '1Gi', ref('uid-c')), claim({ volumeName: 'v' }), { kind: 'phase', phase: 'Bound' }],
    ['leaves the rest to the claim', volume('v', '1Gi', ref('uid-c')), claim(), { kind: 'claim' }],
    ['is released when the claim goes', volume('v', '1Gi', ref('uid-c'), { phase: 'Bound' }), undefined, { kind: 'phase', phase: 'Released' }],
    ['is released when the claim is another', volume('v', '1Gi', ref('older'), { phase: 'Bound' }), claim({ volumeName: 'v' }), { kind: 'phase', phase: 'Released' }],
    ['that nobody can delete has failed', volume('v', '1Gi', { ...ref('gone'), persistentVolumeReclaimPolicy: 'Delete' }, { phase: 'Released' }), undefined, { kind: 'failed', message: 'error getting deleter volume plugin for volume "v": no deletable volume plugin matched' }],
    ['that was provisioned is left to its provisioner', volume('v', '1Gi', { ...ref('gone'), persistentVolumeReclaimPolicy: 'Delete' }, { phase: 'Released', ...provisioned }), undefined, { kind: 'phase', phase: 'Released' }],
    ['that lost a race is free again', volume('v', '1Gi', ref('uid-c'), { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } }), claim({ volumeName: 'other' }), { kind: 'unbind', altogether: true }],
    ['that a person gave away stays given', volume('v', '1Gi', ref('uid-c')), claim({ volumeName: 'other' }), { kind: 'unbind', altogether: false }],
  ])('%s', (_what, given, of, plan) => { expect(planVolume(given, of)).toEqual(plan); });
});

describe('a local-path volume', () => {
  const chosen = { 'volume.kubernetes.io/selected-node': 'n1' };
  const place = (given: PersistentVolumeClaim, annotations: object = {}) => planLocal(given, { metadata: { name: 's' }, provisioner: 'dray.local/local-path', reclaimPolicy: 'Delete' } as unknown as StorageClass, node({ metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'host-1' }, annotations: annotations as Record<string, string> } }));
  it('is a directory of the chosen node alone', () => {
    expect(place(claim({}, chosen), { 'dray.local/volumes-directory': '/data/volumes' })).toMatchObject({ volume: {
      metadata: { name: 'pvc-uid-c', annotations: { 'pv.kubernetes.io/provisioned-by': 'dray.local/local-path' } },
      spec: {
        capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Delete', storageClassName: 's', claimRef: { namespace: 'n', name: 'c', uid: 'uid-c' },
        hostPath: { path: '/data/volumes/pvc-uid-c', type: 'DirectoryOrCreate' },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['host-1'] }] }] } },
      },
    } });
  });
  it.each([
    [claim(), 'needs volumeBindingMode WaitForFirstConsumer'],
    [claim({ volumeMode: 'Block' }, chosen), 'volumeMode Block is not supported'],
    [claim({ dataSource: { kind: 'PersistentVolumeClaim', name: 'x' } }, chosen), 'claim.spec.dataSource is not supported'],
  ])('is not made for %j', (given, why) => { expect(place(given)).toEqual({ refused: expect.stringContaining(why) as string }); });
});
