// The history of Pod templates: which revision is newest, which are too many, and what a revision looks like.
import fc from 'fast-check';
import { newRevision, planRevision, revisionData, sortRevisions, surplusRevisions, templateOf } from '../../../../master/controllers/history/revisions.ts';
import { StatefulSets } from '../../../../src/api/apps/stateful-set.ts';
import type { ControllerRevision } from '../../../../src/api/apps/controller-revision.ts';
import { statefulSet } from './objects.ts';

const template = (image: string) => ({ metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image }] } }) as never;
const revision = (image: string, number: number): ControllerRevision => ({ metadata: { name: `db-${image}`, uid: image }, revision: number, data: revisionData(template(image)) }) as unknown as ControllerRevision;

it.each<[string, ControllerRevision[], string, object]>([
  ['the first', [], 'a', { action: 'create', number: 1 }],
  ['unchanged', [revision('a', 1)], 'a', { action: 'keep' }],
  ['a new one', [revision('a', 3)], 'b', { action: 'create', number: 4 }],
  ['a roll-back', [revision('a', 1), revision('b', 2)], 'a', { action: 'renumber', number: 3 }],
])('%s', (_, before, image, expected) => { expect(planRevision(before, template(image))).toMatchObject(expected); });

it('is a patch clients can send back', () => {
  const made = newRevision({ owner: statefulSet({ metadata: { annotations: { 'kubernetes.io/change-cause': 'x' } } }), resource: StatefulSets, hashLabel: 'controller.kubernetes.io/hash', number: 7, collisions: 0 });
  expect(made).toMatchObject({ revision: 7, metadata: { annotations: { 'kubernetes.io/change-cause': 'x' }, labels: { app: 'db' } }, data: { spec: { template: { $patch: 'replace', metadata: { labels: { app: 'db' } } } } } });
  expect(made.metadata!.name).toBe(`db-${made.metadata!.labels!['controller.kubernetes.io/hash']}`);
  expect(templateOf(made as unknown as ControllerRevision)).toEqual(statefulSet().spec.template);
});
it('has its members in the order kubectl compares the bytes in', () => {
  const data = revisionData({ spec: { containers: [{ name: 'c', image: 'i', env: [{ name: 'b' }, { name: 'a' }] }] }, metadata: { labels: { b: '1', a: '2' }, creationTimestamp: null } } as never);
  expect(JSON.stringify(data)).toBe('{"spec":{"template":{"$patch":"replace","metadata":{"creationTimestamp":null,"labels":{"a":"2","b":"1"}},"spec":{"containers":[{"env":[{"name":"b"},{"name":"a"}],"image":"i","name":"c"}]}}}}');
});
it('has another name after a collision', () => {
  const name = (collisions: number): string | undefined => newRevision({ owner: statefulSet(), resource: StatefulSets, hashLabel: 'h', number: 1, collisions }).metadata!.name;
  expect(name(0)).toBe(name(0));
  expect(name(0)).not.toBe(name(1));
});
it('keeps the newest that are not in use, up to the limit', () => {
  const all = ['a', 'b', 'c', 'd'].map((image, i) => revision(image, i + 1));
  expect(surplusRevisions(all, new Set(['db-a', 'db-d']), 1).map((r) => r.metadata.name)).toEqual(['db-b']);
  expect(surplusRevisions(all, new Set(['db-d']), 10)).toEqual([]);
});
it('comes to rest on the template asked for last, one revision for each template', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 }), (images) => {
    let history: ControllerRevision[] = [];
    for (const image of images) {
      const plan = planRevision(history, template(image));
      if (plan.action === 'create') history.push(revision(image, plan.number));
      else if (plan.action === 'renumber') history = history.map((r) => (r === plan.revision ? { ...r, revision: plan.number } : r));
      history = sortRevisions(history);
      expect(planRevision(history, template(image))).toMatchObject({ action: 'keep', revision: history.at(-1) });
    }
    expect(history).toHaveLength(new Set(images).size);
  }));
});
