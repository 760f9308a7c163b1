// StatefulSets: identity, order, bounds of updates, claims and their owners, and what the status counts.
import fc from 'fast-check';
import { hasStaleClaim, planClaimOwners } from '../../../../master/controllers/statefulset/claims.ts';
import { claimsOf, newPod, ordinalOf, podRevision } from '../../../../master/controllers/statefulset/identity.ts';
import { planStatefulSet, type Step } from '../../../../master/controllers/statefulset/plan.ts';
import { statefulSetStatus } from '../../../../master/controllers/statefulset/status.ts';
import type { StatefulSet } from '../../../../src/api/apps/stateful-set.ts';
import type { PersistentVolumeClaim } from '../../../../src/api/core/persistent-volume-claim.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { at, pod, statefulSet, t0 } from './objects.ts';

type State = 'ready' | 'waiting' | 'pending' | 'ending' | 'failed' | 'succeeded' | 'new';
const revisions = { current: 'db-old', update: 'db-new' };
const identity = (ordinal: number) => ({ 'statefulset.kubernetes.io/pod-name': `db-${ordinal}`, 'apps.kubernetes.io/pod-index': String(ordinal) });
function member(ordinal: number, state: State, revision = revisions.update): Pod {
  const phase = { failed: 'Failed', succeeded: 'Succeeded', pending: 'Pending', new: 'Pending' }[state as string] ?? 'Running';
  return pod({
    metadata: { name: `db-${ordinal}`, labels: { ...identity(ordinal), 'controller-revision-hash': revision }, ...(state === 'ending' ? { deletionTimestamp: at(5) } : {}) },
    status: { phase }, ...(state === 'ready' || state === 'ending' ? { ready: 0 } : {}),
  } as Parameters<typeof pod>[0]);
}
/** `r r w` and the like: one letter per ordinal from 0; a capital is of the old revision, `.` a Pod that is not there. */
function pods(text: string): Pod[] {
  const states: Record<string, State> = { r: 'ready', w: 'waiting', e: 'ending', f: 'failed', s: 'succeeded', p: 'pending' };
  return text.split(' ').flatMap((letter, ordinal) => (letter === '.' ? [] : [member(ordinal, states[letter.toLowerCase()]!, letter === letter.toUpperCase() ? revisions.current : revisions.update)]));
}
const told = (steps: readonly Step[]): string => steps.map((step) => (step.action === 'create' ? `create ${step.ordinal} ${step.revision}` : `${step.action} ${step.pod.metadata.name.slice(3)}`)).join(', ');
const plan = (set: StatefulSet, text: string): string => told(planStatefulSet(set, pods(text), revisions, t0 + 60_000));

describe('one step after the other', () => {
  it.each<[string, number, string, string]>([
    ['begins with the first', 3, '.', 'create 0 update'],
    ['waits for the first', 3, 'w', ''],
    ['goes on when it is ready', 3, 'r', 'create 1 update'],
    ['fills a gap first', 3, 'r . r', 'create 1 update'],
    ['waits for one that ends', 3, 'r e r', ''],
    ['removes one that failed', 3, 'r f r', 'delete 1'],
    ['removes one that succeeded', 3, 's', 'delete 0'],
    ['is done', 3, 'r r r', ''],
    ['scales down from the top', 1, 'r r r', 'delete 2'],
    ['scales down one at a time', 1, 'r r e', ''],
    ['does not scale down while a lower one is not ready', 1, 'w r r', ''],
    ['ends the first that is not ready', 1, 'r r w', 'delete 2'],
    ['does not end what is above the first that is not ready', 1, 'r w w', ''],
    ['scales to none', 0, 'r', 'delete 0'],
    ['updates from the top', 3, 'R R R', 'delete 2'],
    ['waits for the updated one', 3, 'R R w', ''],
    ['goes on with the next', 3, 'R R r', 'delete 1'],
    ['makes the updated one', 3, 'R R', 'create 2 update'],
    ['waits while one of the old revision is not ready', 3, 'R R W', ''],
  ])('%s', (_, replicas, before, expected) => { expect(plan(statefulSet({ spec: { replicas } }), before)).toBe(expected); });

  it('adds what the identity lacks', () => {
    const bare = pod({ metadata: { name: 'db-0', labels: { 'controller-revision-hash': revisions.update } }, ready: 0 });
    expect(planStatefulSet(statefulSet({ spec: { replicas: 1 } }), [bare], revisions, t0)).toEqual([{ action: 'relabel', pod: bare, labels: identity(0) }]);
  });
  it('leaves one that failed as it is for as long as it is to wait, and nothing behind it goes on', () => {
    const failing = (wait: number): string => told(planStatefulSet(statefulSet({ spec: { replicas: 3 } }), pods('r f'), revisions, t0 + 60_000, () => wait));
    expect([failing(1), failing(0)]).toEqual(['', 'delete 1']);
  });
  it('looks for missing claims of a Pod that waits', () => { expect(plan(statefulSet({ spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] as never } }), 'p')).toBe('claims 0'); });
  it('counts a Pod as there only after minReadySeconds', () => { expect(plan(statefulSet({ spec: { minReadySeconds: 90 } }), 'r')).toBe(''); });
  it('numbers from where it is told to', () => {
    expect(plan(statefulSet({ spec: { replicas: 2, ordinals: { start: 2 } } }), '.')).toBe('create 2 update');
    expect(plan(statefulSet({ spec: { replicas: 1, ordinals: { start: 1 } } }), 'r r r')).toBe('delete 2');
    expect(plan(statefulSet({ spec: { replicas: 1, ordinals: { start: 1 } } }), 'r r')).toBe('delete 0');
  });
  it('does nothing while it is deleted', () => { expect(plan(statefulSet({ metadata: { deletionTimestamp: at(1) } }), 'r')).toBe(''); });
});

describe('all at once', () => {
  const parallel = (spec: Draft<StatefulSet['spec']> = {}): StatefulSet => statefulSet({ spec: { podManagementPolicy: 'Parallel', ...spec } });
  it.each<[string, Draft<StatefulSet['spec']>, string, string]>([
    ['makes all', {}, '.', 'create 0 update, create 1 update, create 2 update'],
    ['removes all that are too many', { replicas: 1 }, 'r r r', 'delete 2, delete 1'],
    ['still updates one by one', {}, 'R R R', 'delete 2'],
    ['waits for the updated one', {}, 'R R w', ''],
    ['replaces a broken one of the old revision', {}, 'R R W', 'delete 2'],
  ])('%s', (_, spec, before, expected) => { expect(plan(parallel(spec), before)).toBe(expected); });
});

describe('the strategy', () => {
  const strategy = (rollingUpdate: object, type = 'RollingUpdate'): StatefulSet => statefulSet({ spec: { updateStrategy: { type, ...(type === 'OnDelete' ? {} : { rollingUpdate }) } as never } });
  it.each<[string, StatefulSet, string, string]>([
    ['stops at the partition', strategy({ partition: 2 }), 'R R r', ''],
    ['updates above the partition', strategy({ partition: 1 }), 'R R r', 'delete 1'],
    ['makes the old revision below the partition', strategy({ partition: 2 }), '. R r', 'create 0 current'],
    ['OnDelete updates nothing by itself', strategy({}, 'OnDelete'), 'R R R', ''],
    ['OnDelete makes the new revision', strategy({}, 'OnDelete'), 'R R', 'create 2 update'],
    ['several at a time', strategy({ partition: 0, maxUnavailable: 2 }), 'R R R', 'delete 2, delete 1'],
    ['several at a time, as a percentage', strategy({ partition: 0, maxUnavailable: '34%' }), 'R R R', 'delete 2, delete 1'],
  ])('%s', (_, set, before, expected) => { expect(plan(set, before)).toBe(expected); });
});

describe('whatever happens', () => {
  const scenario = fc.record({
    replicas: fc.integer({ min: 0, max: 5 }), start: fc.integer({ min: 0, max: 2 }), parallel: fc.boolean(), onDelete: fc.boolean(), partition: fc.integer({ min: 0, max: 3 }), limit: fc.constantFrom(undefined, 2),
    before: fc.uniqueArray(fc.record({ ordinal: fc.integer({ min: 0, max: 7 }), state: fc.constantFrom<State>('ready', 'waiting', 'pending', 'ending', 'failed', 'succeeded'), old: fc.boolean() }), { selector: ({ ordinal }) => ordinal }),
    luck: fc.array(fc.nat(99), { minLength: 40, maxLength: 40 }),
  });
  it('ends with the wanted Pods, keeps the order and the bounds', () => {
    fc.assert(fc.property(scenario, ({ replicas, start, parallel, onDelete, partition, limit, before, luck }) => {
      const updateStrategy = onDelete ? { type: 'OnDelete' } : { type: 'RollingUpdate', rollingUpdate: { partition, ...(limit ? { maxUnavailable: limit } : {}) } };
      const set = statefulSet({ spec: { replicas, ordinals: { start }, podManagementPolicy: parallel ? 'Parallel' : 'OrderedReady', updateStrategy } as never });
      const world = new Map(before.map(({ ordinal, state, old }) => [ordinal, member(ordinal, state, old ? revisions.current : revisions.update)]));
      const ready = (p: Pod | undefined): boolean => p?.status?.phase === 'Running' && Boolean(p.status.conditions?.length) && !p.metadata.deletionTimestamp;
      const wanted = (ordinal: number): boolean => ordinal >= start && ordinal < start + replicas;
      for (let pass = 0; pass < 120; pass++) {
        const steps = planStatefulSet(set, [...world.values()], revisions, t0 + 60_000);
        if (!parallel) expect(steps.length).toBeLessThanOrEqual(limit ?? 1);
        const lost = steps.flatMap((step) => (step.action === 'delete' && ready(step.pod) && wanted(ordinalOf(set, step.pod)!) ? [step.pod] : []));
        const missing = Array.from({ length: replicas }, (_, i) => world.get(start + i)).filter((p) => !ready(p)).length;
        // Healthy wanted Pods go for an update only, within the bound.
        if (lost.length) expect(lost.length + (parallel && !limit ? 0 : missing)).toBeLessThanOrEqual(limit ?? 1);
        for (const step of steps) {
          if (step.action === 'create') {
            expect(world.has(step.ordinal)).toBe(false);
            expect(wanted(step.ordinal)).toBe(true);
            if (!parallel) for (let below = start; below < step.ordinal; below++) expect(ready(world.get(below))).toBe(true);
            world.set(step.ordinal, member(step.ordinal, 'new', revisions[step.revision]));
          } else if (step.action === 'delete') {
            const ordinal = ordinalOf(set, step.pod)!;
            expect(step.pod.metadata.deletionTimestamp).toBeUndefined();
            // Upstream ends a finished Pod and waits; the object is the same but for its end.
            world.set(ordinal, { ...step.pod, metadata: { ...step.pod.metadata, deletionTimestamp: at(9) } } as Pod);
          }
        }
        for (const [ordinal, p] of [...world]) {
          const dice = luck[(pass * 7 + ordinal) % luck.length]!;
          if (p.metadata.deletionTimestamp) { if (dice < 70 || pass > 40) world.delete(ordinal); }
          else if (pass < 30 && dice > 92) world.set(ordinal, member(ordinal, 'failed', podRevision(p)));
          else if (!ready(p) && p.status!.phase !== 'Failed' && p.status!.phase !== 'Succeeded' && (dice < 60 || pass > 40)) world.set(ordinal, member(ordinal, 'ready', podRevision(p)));
        }
      }
      expect([...world.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: replicas }, (_, i) => start + i));
      expect(planStatefulSet(set, [...world.values()], revisions, t0 + 60_000)).toEqual([]);
      if (!onDelete) for (const [ordinal, p] of world) if (ordinal >= start + partition) expect(podRevision(p)).toBe(revisions.update);
    }));
  });
});

describe('identity', () => {
  it.each([['db-0', 0], ['db-12', 12], ['db-01', undefined], ['db', undefined], ['other-1', undefined], ['db-x-1', undefined]])('%s', (name, ordinal) => { expect(ordinalOf(statefulSet(), { metadata: { name } })).toBe(ordinal); });
  it('is in the Pod that is made, with its claims in place of volumes of the same names', () => {
    const template = { metadata: { labels: { app: 'db' } }, spec: { containers: [], volumes: [{ name: 'data', emptyDir: {} }, { name: 'other', emptyDir: {} }] } } as never;
    const set = statefulSet({ spec: { volumeClaimTemplates: [{ metadata: { name: 'data', labels: { a: 'b' } }, spec: { accessModes: ['ReadWriteOnce'] } }] as never } });
    expect(newPod(set, 4, template, 'db-new')).toMatchObject({
      metadata: { name: 'db-4', generateName: 'db-', labels: { app: 'db', ...identity(4), 'controller-revision-hash': 'db-new' }, ownerReferences: [{ kind: 'StatefulSet', controller: true }] },
      spec: { hostname: 'db-4', subdomain: 'db', volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-4' } }, { name: 'other' }] },
    });
    expect(claimsOf(set, 4)).toEqual([{ metadata: { name: 'data-db-4', namespace: 'default', labels: { a: 'b', app: 'db' } }, spec: { accessModes: ['ReadWriteOnce'] } }]);
  });
});

describe('the owners of claims', () => {
  const withPolicy = (whenDeleted: string, whenScaled: string, replicas = 1): StatefulSet =>
    statefulSet({ spec: { replicas, persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled }, volumeClaimTemplates: [{ metadata: { name: 'data' } }] as never } });
  const owner = (kind: string, name: string, uid = `uid-${name}`) => ({ apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1', kind, name, uid, controller: true, blockOwnerDeletion: true });
  const claim = (ownerReferences: object[] = []): PersistentVolumeClaim => ({ metadata: { name: 'data-db-0', namespace: 'default', ownerReferences } }) as unknown as PersistentVolumeClaim;
  const owners = (set: StatefulSet, before: object[]): unknown => planClaimOwners(set, [member(0, 'ready')], () => claim(before))[0]?.ownerReferences;
  it.each<[string, string, number, object[]]>([
    ['Retain', 'Retain', 1, []], ['Retain', 'Retain', 0, []], ['Delete', 'Retain', 1, [owner('StatefulSet', 'db')]], ['Delete', 'Retain', 0, [owner('StatefulSet', 'db')]],
    ['Retain', 'Delete', 1, []], ['Retain', 'Delete', 0, [owner('Pod', 'db-0')]], ['Delete', 'Delete', 1, [owner('StatefulSet', 'db')]], ['Delete', 'Delete', 0, [owner('Pod', 'db-0')]],
  ])('deleted %s, scaled %s, replicas %d', (whenDeleted, whenScaled, replicas, wanted) => {
    const set = withPolicy(whenDeleted, whenScaled, replicas);
    expect(owners(set, wanted)).toBeUndefined();
    expect(owners(set, [owner('Pod', 'db-0', 'stale')])).toEqual(wanted);
    expect(owners(set, [owner('Backup', 'x')])).toBeUndefined();
  });
  it('a claim of the former Pod holds its successor back', () => {
    expect(hasStaleClaim(withPolicy('Retain', 'Delete'), 0, () => claim([owner('Pod', 'db-0')]))).toBe(true);
    expect(hasStaleClaim(withPolicy('Retain', 'Delete'), 0, () => claim())).toBe(false);
    expect(hasStaleClaim(withPolicy('Retain', 'Retain'), 0, () => claim([owner('Pod', 'db-0')]))).toBe(false);
  });
});

describe('the status', () => {
  const status = (text: string, spec: Draft<StatefulSet['spec']> = {}) => statefulSetStatus(statefulSet({ spec }), pods(text), revisions, 0, t0 + 60_000);
  it('counts', () => {
    expect(status('R r e')).toEqual({ observedGeneration: 1, collisionCount: 0, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 1, updatedReplicas: 1, currentRevision: 'db-old', updateRevision: 'db-new' });
    expect(status('r w', { minReadySeconds: 90 })).toMatchObject({ replicas: 2, readyReplicas: 1, availableReplicas: 0 });
  });
  it('takes the new revision as the current one when all Pods have it and are ready', () => {
    expect(status('r r r')).toMatchObject({ currentRevision: 'db-new', currentReplicas: 3, updatedReplicas: 3 });
    expect(status('r r w')).toMatchObject({ currentRevision: 'db-old', currentReplicas: 0 });
    expect(status('r r r', { updateStrategy: { type: 'OnDelete' } as never })).toMatchObject({ currentRevision: 'db-old', currentReplicas: 0 });
  });
});
