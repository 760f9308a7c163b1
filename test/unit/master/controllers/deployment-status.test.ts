// The status, conditions and annotations a Deployment is given.
import { currentSetAnnotations, maxRevision, revisionOf, sameAnnotations } from '../../../../master/controllers/deployment/annotations.ts';
import { sortReplicaSets, surplusHistory } from '../../../../master/controllers/deployment/replica-sets.ts';
import { countStatus, isComplete, pausedCondition, progressCheckAfter, rolloutStatus } from '../../../../master/controllers/deployment/status.ts';
import { canonicalJson, equalIgnoringHash, templateHash } from '../../../../master/controllers/deployment/template.ts';
import { at, deployment, replicaSet, t0 } from './objects.ts';

const template = (image: string, labels: Record<string, string> = { app: 'web' }) => ({ metadata: { labels }, spec: { containers: [{ name: 'c', image }] } });

describe('pod templates', () => {
  it('are equal whatever their hash label, key order and empty parts', () => {
    expect(equalIgnoringHash(template('a', { app: 'web', 'pod-template-hash': 'x' }), template('a'))).toBe(true);
    expect(equalIgnoringHash({ spec: { a: 1, b: [], c: null } }, { spec: { c: undefined, a: 1 } })).toBe(true);
    expect(equalIgnoringHash(template('a'), template('b'))).toBe(false);
    expect(equalIgnoringHash(template('a'), template('a', { app: 'other' }))).toBe(false);
  });
  it('tell an empty emptyDir from another volume', () => {
    expect(canonicalJson({ volumes: [{ name: 'a', emptyDir: {} }] })).not.toBe(canonicalJson({ volumes: [{ name: 'a' }] }));
  });
  it('hash in the safe alphabet, stable, and differently after a collision', () => {
    const hash = templateHash(template('a'), undefined);
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
    expect(templateHash(template('a', { 'pod-template-hash': 'z', app: 'web' }), undefined)).toBe(hash);
    expect(templateHash(template('b'), undefined)).not.toBe(hash);
    expect(new Set([undefined, 0, 1, 2].map((n) => templateHash(template('a'), n))).size).toBe(4);
  });
});

describe('annotations of the current ReplicaSet', () => {
  it('follow the Deployment, but for those that are its own', () => {
    const owner = deployment({ metadata: { annotations: { team: 'a', 'deployment.kubernetes.io/revision': '9', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } } });
    expect(currentSetAnnotations(owner, undefined, 1n)).toEqual({ team: 'a', 'deployment.kubernetes.io/revision': '1' });
  });
  it('remember the revisions a set had before', () => {
    const first = currentSetAnnotations(deployment(), { 'deployment.kubernetes.io/revision': '1' }, 3n);
    expect(first).toEqual({ 'deployment.kubernetes.io/revision': '3', 'deployment.kubernetes.io/revision-history': '1' });
    expect(currentSetAnnotations(deployment(), first, 5n)).toMatchObject({ 'deployment.kubernetes.io/revision-history': '1,3' });
    expect(sameAnnotations(first, currentSetAnnotations(deployment(), first, 2n))).toBe(true);
  });
  it.each([
    ['3546343826724305832', '3546343826724305833'], ['+7', '8'], ['-3', '1'], ['9223372036854775808', '1'], ['no number', '1'], ['1e3', '1'],
  ])('the next one after %s is %s', (held, next) => {
    const set = { metadata: { annotations: { 'deployment.kubernetes.io/revision': held } } };
    expect(String(maxRevision([set]) + 1n)).toBe(next);
  });
  it('what is no number stays as it is', () => { expect(currentSetAnnotations(deployment(), { 'deployment.kubernetes.io/revision': 'x' }, 10n)).toEqual({ 'deployment.kubernetes.io/revision': 'x' }); });
  it('numbers compare as numbers', () => { expect(currentSetAnnotations(deployment(), { 'deployment.kubernetes.io/revision': '9' }, 10n)['deployment.kubernetes.io/revision']).toBe('10'); });
});

describe('ReplicaSets of a Deployment', () => {
  it('the oldest with the same template is the current one', () => {
    const sets = [replicaSet({ metadata: { name: 'b', creationTimestamp: at(2) }, spec: { template: template('i') } }), replicaSet({ metadata: { name: 'a', creationTimestamp: at(1) }, spec: { template: template('i') } })];
    const sorted = sortReplicaSets(deployment(), sets);
    expect(sorted.current!.metadata.name).toBe('a');
    expect(sorted.old.map((s) => s.metadata.name)).toEqual(['b']);
  });
  it('beyond the history limit go, oldest revision first, but never with Pods', () => {
    const old = [3, 1, 2, 4].map((n) => replicaSet({ metadata: { name: `r${n}`, annotations: { 'deployment.kubernetes.io/revision': String(n) } }, ...(n === 1 ? { status: { replicas: 1 } } : {}) }));
    expect(old.map(revisionOf)).toEqual([3n, 1n, 2n, 4n]);
    expect(surplusHistory(2, old).map((s) => s.metadata.name)).toEqual(['r2']);
    expect(surplusHistory(0, old).map((s) => s.metadata.name)).toEqual(['r2', 'r3', 'r4']);
    expect(surplusHistory(undefined, old)).toEqual([]);
  });
});

describe('the status of a Deployment', () => {
  const current = replicaSet({ metadata: { name: 'web-new' }, spec: { replicas: 2 }, status: { replicas: 2, readyReplicas: 2, availableReplicas: 1 } });
  const old = replicaSet({ metadata: { name: 'web-old' }, spec: { replicas: 2 }, status: { replicas: 2, readyReplicas: 2, availableReplicas: 2 } });

  it('counts', () => {
    expect(countStatus(deployment(), [current, old], current, t0)).toMatchObject({ observedGeneration: 1, replicas: 4, updatedReplicas: 2, readyReplicas: 4, availableReplicas: 3, unavailableReplicas: 1 });
  });
  it('is available down to what may be unavailable', () => {
    const available = (n: number) => countStatus(deployment({ spec: { replicas: 4 } }), [replicaSet({ status: { replicas: 4, availableReplicas: n } })], undefined, t0).conditions!.find((c) => c.type === 'Available');
    expect(available(3)).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' });
    expect(available(2)).toMatchObject({ status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' });
  });

  const progressing = (reason: string, seconds = 0) => ({ conditions: [{ type: 'Progressing', status: 'True', reason, lastUpdateTime: at(seconds), lastTransitionTime: at(0) }] });
  const conditionAfter = (status: object, sets = [current, old], now = t0 + 1000) =>
    rolloutStatus(deployment({ status }), sets, current, now).conditions!.find((c) => c.type === 'Progressing');
  it('progresses when more Pods are new, ready or available, and counts the deadline from then', () => {
    expect(conditionAfter({ ...progressing('ReplicaSetUpdated'), replicas: 4, updatedReplicas: 1 })).toMatchObject({ reason: 'ReplicaSetUpdated', message: 'ReplicaSet "web-new" is progressing.', lastUpdateTime: at(1), lastTransitionTime: at(0) });
  });
  it('stays as it is without progress, until the deadline', () => {
    const status = { ...progressing('ReplicaSetUpdated'), replicas: 4, updatedReplicas: 2, readyReplicas: 4, availableReplicas: 3 };
    expect(conditionAfter(status, [current, old], t0 + 600_000)).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated', lastUpdateTime: at(0) });
    expect(conditionAfter(status, [current, old], t0 + 600_001)).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded', message: 'ReplicaSet "web-new" has timed out progressing.' });
    expect(progressCheckAfter(deployment({ status }), status, t0 + 180_000)).toBe(421_000);
  });
  it('is complete with all Pods new and available', () => {
    const done = replicaSet({ metadata: { name: 'web-new' }, spec: { replicas: 3 }, status: { replicas: 3, readyReplicas: 3, availableReplicas: 3 } });
    const status = rolloutStatus(deployment({ status: progressing('ReplicaSetUpdated') }), [done], done, t0);
    expect(isComplete(deployment(), status)).toBe(true);
    expect(status.conditions!.find((c) => c.type === 'Progressing')).toMatchObject({ reason: 'NewReplicaSetAvailable', message: 'ReplicaSet "web-new" has successfully progressed.' });
  });
  it('shows the failure of a ReplicaSet, the new one first', () => {
    const failing = (name: string) => replicaSet({ metadata: { name }, status: { replicas: 0, conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: name, lastTransitionTime: at(5) }] } });
    const [a, b] = [failing('old'), failing('new')];
    expect(rolloutStatus(deployment(), [a!, b!], b, t0).conditions!.find((c) => c.type === 'ReplicaFailure')).toMatchObject({ status: 'True', reason: 'FailedCreate', message: 'new', lastUpdateTime: at(5) });
  });
  it('tells a pause and its end, but not over a missed deadline', () => {
    const condition = (paused: boolean, reason: string) => pausedCondition(deployment({ spec: { paused }, status: progressing(reason) }))?.reason;
    expect([condition(true, 'ReplicaSetUpdated'), condition(true, 'DeploymentPaused'), condition(false, 'DeploymentPaused'), condition(false, 'ReplicaSetUpdated'), condition(true, 'ProgressDeadlineExceeded')])
      .toEqual(['DeploymentPaused', undefined, 'DeploymentResumed', undefined, undefined]);
  });
});
