// Sentences and patches of roll-outs, as kubectl has them.
import { deploymentProgress, imagePatch, restartPatch, revisionsOf, selectorText, undoPatch } from '../../../../master/dashboard/client/workloads.js';

const deployment = (status: object, spec: object = {}): object => ({ metadata: { name: 'web', generation: 2, uid: 'u', annotations: { 'deployment.kubernetes.io/revision': '3', mine: 'old' } }, spec: { replicas: 3, ...spec }, status: { observedGeneration: 2, ...status } });

it.each<[string, object, object, { done?: boolean; failed?: boolean; share?: number }]>([
  ['Waiting for deployment spec update to be observed...', deployment({ observedGeneration: 1, replicas: 3, updatedReplicas: 3, availableReplicas: 3 }), {}, { done: false }],
  ['Waiting for deployment "web" rollout to finish: 1 out of 3 new replicas have been updated...', deployment({ replicas: 4, updatedReplicas: 1, availableReplicas: 3 }), {}, { done: false, share: 1 / 3 }],
  ['Waiting for deployment "web" rollout to finish: 1 old replicas are pending termination...', deployment({ replicas: 4, updatedReplicas: 3, availableReplicas: 4 }), {}, { done: false }],
  ['Waiting for deployment "web" rollout to finish: 2 of 3 updated replicas are available...', deployment({ replicas: 3, updatedReplicas: 3, availableReplicas: 2 }), {}, { done: false, share: 2 / 3 }],
  ['deployment "web" successfully rolled out', deployment({ replicas: 3, updatedReplicas: 3, availableReplicas: 3 }), {}, { done: true, share: 1 }],
  ['deployment "web" successfully rolled out', deployment({}, { replicas: 0 }), {}, { done: true, share: 1 }],
  ['deployment "web" exceeded its progress deadline', deployment({ replicas: 3, updatedReplicas: 1, conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] }), {}, { failed: true, done: false }],
])('%s', (text, object, _, expected) => { expect(deploymentProgress(object)).toMatchObject({ text, failed: false, ...expected }); });

const set = (revision: string, image: string, owner = 'u'): any => ({
  metadata: { name: `web-${revision}`, creationTimestamp: '2026-01-01T00:00:00Z', annotations: { 'deployment.kubernetes.io/revision': revision, 'deployment.kubernetes.io/desired-replicas': '3', 'kubernetes.io/change-cause': `cause ${revision}` }, ownerReferences: [{ uid: owner, controller: true }] },
  spec: { template: { metadata: { labels: { 'app': 'web', 'pod-template-hash': revision } }, spec: { containers: [{ name: 'c', image }] } } }, status: { replicas: revision === '3' ? 3 : 0 },
});

it('revisions are of its own ReplicaSets, newest first', () => {
  const found = revisionsOf(deployment({}), [set('1', 'a:1'), set('10', 'x', 'other'), set('3', 'a:3'), set('2', 'a:2')]);
  expect(found.map(({ revision, current, images, replicas, cause }) => [revision, current, images, replicas, cause])).toEqual([[3, true, ['a:3'], 3, 'cause 3'], [2, false, ['a:2'], 0, 'cause 2'], [1, false, ['a:1'], 0, 'cause 1']]);
});

it('undo takes template and annotations of the revision, and keeps what is the Deployment\'s', () => {
  const old = set('1', 'a:1');
  expect(undoPatch(deployment({}), old)).toEqual([
    { op: 'replace', path: '/spec/template', value: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'a:1' }] } } },
    { op: 'replace', path: '/metadata/annotations', value: { 'deployment.kubernetes.io/revision': '3', 'kubernetes.io/change-cause': 'cause 1' } },
  ]);
  expect(old.spec.template.metadata.labels).toHaveProperty('pod-template-hash');
});

it('restart and images are patches of the template', () => {
  expect(restartPatch(new Date('2026-01-02T03:04:05.678Z'))).toEqual({ spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-01-02T03:04:05Z' } } } } });
  expect(imagePatch({ a: 'x:1', b: 'y:2' })).toEqual({ spec: { template: { spec: { containers: [{ name: 'a', image: 'x:1' }, { name: 'b', image: 'y:2' }] } } } });
});

it.each([
  [{ matchLabels: { a: '1', b: '' } }, 'a=1,b='],
  [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'y'] }, { key: 'b', operator: 'NotIn', values: ['z'] }, { key: 'c', operator: 'Exists' }, { key: 'd', operator: 'DoesNotExist' }] }, 'a in (x,y),b notin (z),c,!d'],
  [undefined, ''],
])('the selector %j is %j in a query', (selector, text) => expect(selectorText(selector as never)).toBe(text));
