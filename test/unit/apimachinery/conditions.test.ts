// Conditions keep their place, and their transition time while the status stays; owners are found by UID.
import { findCondition, isConditionTrue, removeCondition, setCondition } from '../../../src/apimachinery/conditions.ts';
import { controlledBy, controllerOf, newControllerRef, ownedBy } from '../../../src/apimachinery/owners.ts';

const t0 = '2026-01-01T00:00:00Z';
const t1 = '2026-01-01T00:01:00Z';
const ready = { type: 'Ready', status: 'True', reason: 'Up', lastTransitionTime: t0 };
const disk = { type: 'Disk', status: 'False', reason: 'Fine', lastTransitionTime: t0 };

it.each([
  ['new', [disk], { type: 'Ready', status: 'True', reason: 'Up' }, [disk, { ...ready, lastTransitionTime: t1 }]],
  ['same status', [ready, disk], { type: 'Ready', status: 'True', reason: 'StillUp' }, [{ ...ready, reason: 'StillUp' }, disk]],
  ['changed status', [ready, disk], { type: 'Ready', status: 'False', reason: 'Down' }, [{ ...ready, status: 'False', reason: 'Down', lastTransitionTime: t1 }, disk]],
  ['no list', undefined, { type: 'Ready', status: 'True', reason: 'Up' }, [{ ...ready, lastTransitionTime: t1 }]],
])('%s', (_name, list, condition, expected) => {
  const frozen = list && Object.freeze(list.map(Object.freeze)) as typeof list;
  expect(setCondition(frozen, condition, t1)).toEqual(expected);
});
it('finds and removes', () => {
  expect(findCondition([ready, disk], 'Disk')).toBe(disk);
  expect([isConditionTrue([ready], 'Ready'), isConditionTrue([disk], 'Disk'), isConditionTrue(null, 'Ready')]).toEqual([true, false, false]);
  expect(removeCondition([ready, disk], 'Ready')).toEqual([disk]);
});
it('owners', () => {
  const owner = { metadata: { name: 'web', uid: 'u1' } };
  const reference = newControllerRef(owner, { apiVersion: 'apps/v1', kind: 'ReplicaSet' });
  expect(reference).toEqual({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u1', controller: true, blockOwnerDeletion: true });
  const pod = { metadata: { ownerReferences: [{ ...reference, uid: 'u0', controller: false }, reference] } };
  expect(controllerOf(pod)).toBe(reference);
  expect([ownedBy(pod, owner), controlledBy(pod, owner), ownedBy({ metadata: {} }, owner), controlledBy({ metadata: { ownerReferences: [{ ...reference, controller: false }] } }, owner)]).toEqual([true, true, false, false]);
});
