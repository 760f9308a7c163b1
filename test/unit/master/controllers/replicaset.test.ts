// How many Pods a ReplicaSet makes or ends, and which of them go first.
import fc from 'fast-check';
import { planReplicas, nextAvailability, replicasStatus, slowStartBatches, statusDiffers } from '../../../../master/controllers/replicaset/plan.ts';
import { podsToDelete } from '../../../../master/controllers/replicaset/rank.ts';
import { podFromTemplate } from '../../../../master/controllers/replicaset/replicas-controller.ts';
import { planClaims } from '../../../../master/controllers/claims.ts';
import { selectorFromSet } from '../../../../src/apimachinery/selectors.ts';
import { ReplicaSets } from '../../../../src/api/apps/replica-set.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import { at, pod, replicaSet, t0 } from './objects.ts';

const names = (pods: readonly Pod[]): string[] => pods.map((p) => p.metadata.name);

describe('how many Pods to make or remove', () => {
  it.each([[3, 0, 3], [3, 3, 0], [0, 3, -3], [1000, 0, 500], [0, 700, -500]])('wanted %d, active %d', (wanted, active, expected) => { expect(planReplicas(wanted, active)).toBe(expected); });
  it('begins slowly', () => { expect(slowStartBatches(10)).toEqual([1, 2, 4, 3]); });
  it('makes them all in the end', () => {
    fc.assert(fc.property(fc.nat(2000), (n) => { expect(slowStartBatches(n).reduce((a, b) => a + b, 0)).toBe(n); }));
  });
});

describe('which Pods go first', () => {
  // Each row: the Pod that goes, the Pod that stays.
  it.each<[string, Pod, Pod]>([
    ['without a node', pod({ metadata: { name: 'go' } }), pod({ spec: { nodeName: 'n' } })],
    ['pending before running', pod({ metadata: { name: 'go' }, spec: { nodeName: 'n' }, status: { phase: 'Pending' } }), pod({ spec: { nodeName: 'n' } })],
    ['not ready before ready', pod({ metadata: { name: 'go' } }), pod({ ready: 10 })],
    ['cheaper by annotation', pod({ metadata: { name: 'go', annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5' } }, ready: 10 }), pod({ ready: 10 })],
    ['ready for a much shorter time', pod({ metadata: { name: 'go' }, ready: 990 }), pod({ ready: 10 })],
    ['more restarts', pod({ metadata: { name: 'go' }, ready: 10, status: { containerStatuses: [{ name: 'c', restartCount: 3 }] } } as never), pod({ ready: 10 })],
    ['much younger', pod({ metadata: { name: 'go', creationTimestamp: at(990) }, ready: 10 }), pod({ ready: 10 })],
  ])('%s', (_, goes, stays) => {
    const now = t0 + 1_000_000;
    expect(names(podsToDelete([stays, goes], 1, [], now))).toEqual(['go']);
    expect(names(podsToDelete([goes, stays], 1, [], now))).toEqual(['go']);
  });
  it('those doubled up on one node', () => {
    const on = (name: string, nodeName: string) => pod({ metadata: { name }, spec: { nodeName }, ready: 10 });
    const pods = [on('alone', 'a'), on('crowded', 'b')];
    expect(names(podsToDelete(pods, 1, [...pods, on('sibling', 'b')], t0 + 20_000))).toEqual(['crowded']);
  });
  it('an unknown restart count or a malformed cost counts as zero', () => {
    const pods = [pod({ metadata: { name: 'odd', annotations: { 'controller.kubernetes.io/pod-deletion-cost': '05' } }, ready: 1 }), pod({ metadata: { name: 'cheap', annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-1' } }, ready: 1 })];
    expect(names(podsToDelete(pods, 1, [], t0 + 5000))).toEqual(['cheap']);
  });
});

describe('the status', () => {
  const input = { status: undefined, generation: 2, replicas: 2, minReadySeconds: 10, templateLabels: { app: 'web', tier: 'x' } };
  const pods = [pod({ metadata: { labels: { app: 'web', tier: 'x' } }, ready: 0 }), pod({ metadata: { labels: { app: 'web' } }, ready: 5 }), pod()];
  it('counts what is ready, available and fully labelled', () => {
    expect(replicasStatus(input, pods, undefined, t0 + 10_000)).toMatchObject({ replicas: 3, readyReplicas: 2, availableReplicas: 1, fullyLabeledReplicas: 1, observedGeneration: 2 });
    expect(nextAvailability(pods, 10, t0 + 10_000)).toBe(5_000);
    expect(nextAvailability(pods, undefined, t0)).toBeUndefined();
  });
  it('has the failure until it is over', () => {
    const failed = replicasStatus({ ...input, replicas: 5 }, pods, new Error('no quota'), t0);
    expect(failed.conditions).toEqual([{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'no quota', lastTransitionTime: at(0) }]);
    expect(replicasStatus({ ...input, status: failed, replicas: 1 }, pods, new Error('other'), t0 + 9000).conditions).toEqual(failed.conditions);
    expect(replicasStatus({ ...input, replicas: 1 }, pods, new Error('x'), t0).conditions![0]).toMatchObject({ reason: 'FailedDelete' });
    expect(replicasStatus({ ...input, status: failed }, pods, undefined, t0).conditions).toEqual([]);
  });
  it('is written only when it says something new', () => {
    const status = replicasStatus(input, [], undefined, t0);
    expect(statusDiffers({ replicas: 0, observedGeneration: 2 } as never, status)).toBe(false);
    expect(statusDiffers({ replicas: 0, observedGeneration: 1 } as never, status)).toBe(true);
  });
});

describe('ownership', () => {
  const owner = replicaSet({ metadata: { name: 'web' } });
  const ref = (uid: string) => [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid, controller: true, blockOwnerDeletion: true }];
  const labelled = (name: string, labels: Record<string, string>, extra: object = {}): Pod => pod({ metadata: { name, labels, ...extra } as never });
  const pods = [
    labelled('kept', { app: 'web' }, { ownerReferences: ref('uid-web') }), labelled('released', { app: 'x' }, { ownerReferences: ref('uid-web') }),
    labelled('adopted', { app: 'web' }), labelled('stranger', { app: 'x' }), labelled('ending', { app: 'web' }, { deletionTimestamp: at(1) }), labelled('other', { app: 'web' }, { ownerReferences: ref('uid-2') }),
  ];
  const sorted = (set: typeof owner) => Object.fromEntries(Object.entries(planClaims(set, selectorFromSet({ app: 'web' }), pods)).map(([k, v]) => [k, names(v)]));
  it('keeps, adopts and releases', () => { expect(sorted(owner)).toEqual({ kept: ['kept'], adopt: ['adopted'], release: ['released'] }); });
  it('adopts and releases nothing while it ends', () => { expect(sorted(replicaSet({ metadata: { name: 'web', deletionTimestamp: at(1) } }))).toEqual({ kept: ['kept'], adopt: [], release: [] }); });
  it('makes Pods that carry the template and the reference', () => {
    expect(podFromTemplate({ metadata: { labels: { a: 'b' } }, spec: { containers: [] } as never }, owner, ReplicaSets)).toEqual({
      metadata: { generateName: 'web-', namespace: 'default', labels: { a: 'b' }, annotations: undefined, finalizers: undefined, ownerReferences: ref('uid-web') }, spec: { containers: [] },
    });
  });
});
