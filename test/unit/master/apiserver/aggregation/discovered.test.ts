// What an extension server says it serves, in both forms, and where it stands among the rest.
import { definitionOf, fromAggregated, fromLegacy } from '../../../../../master/apiserver/aggregation/discovered.ts';
import type { RemoteVersion } from '../../../../../master/apiserver/aggregation/remote-discovery.ts';
import { Discovery } from '../../../../../master/apiserver/discovery.ts';
import { allResources } from '../../../../../src/api/index.ts';

const kind = { group: 'g.io', version: 'v1', kind: 'Thing' };
const things = { resource: 'things', responseKind: kind, scope: 'Namespaced' as const, singularResource: 'thing', verbs: ['get', 'list'], shortNames: ['th'], subresources: [{ subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs: ['get'] }] };

it('reads a list of resources, where subresources stand beside theirs', () => {
  const resources = [
    { name: 'things', singularName: 'thing', namespaced: true, kind: 'Thing', verbs: ['get', 'list'], shortNames: ['th'] }, { name: 'things/scale', singularName: '', namespaced: true, group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get'] },
    { name: 'thingses', singularName: '', namespaced: false, kind: 'Things', verbs: [] },
  ];
  expect(fromLegacy({ resources }, 'g.io', 'v1')).toEqual([things, { resource: 'thingses', responseKind: { ...kind, kind: 'Things' }, scope: 'Cluster', singularResource: '', verbs: [] }]);
});
it('reads aggregated discovery, and fills in what old servers leave out', () => {
  const items = [{ metadata: { name: 'other.io' }, versions: [{ version: 'v1', resources: [{ resource: 'others' }] }] }, { metadata: { name: 'g.io' }, versions: [{ version: 'v1', resources: [{ ...things, responseKind: { group: '', version: '', kind: 'Thing' } }] }] }];
  expect(fromAggregated({ items }, 'g.io', 'v1')).toEqual([things]);
  expect(fromAggregated({ items }, 'g.io', 'v2')).toEqual([]);
});
it('makes a definition of it, by which it can be asked for', () =>
  expect(definitionOf(things, 'g.io', 'v1')).toMatchObject({ apiVersion: 'g.io/v1', kind: 'Thing', listKind: 'ThingList', plural: 'things', singular: 'thing', namespaced: true, verbs: ['get', 'list'] }));

const remote = (group: string, version: string, priority: [number, number], freshness?: RemoteVersion['freshness']): RemoteVersion => ({ group, version, priority: { group: priority[0], version: priority[1] }, resources: freshness ? [things] : [], ...(freshness ? { freshness } : {}) });
const names = (discovery: Discovery): string[] => (discovery.groups() as { groups: { name: string }[] }).groups.map(({ name }) => name);
const aggregated = (discovery: Discovery): any[] => (discovery.aggregated(false, 'v2') as { items: any[] }).items;

describe('discovery', () => {
  it('orders groups by their priority, then by name', () => {
    const own = names(new Discovery(allResources));
    expect([own[0], own.at(-1)]).toEqual(['apiregistration.k8s.io', 'metrics.k8s.io']);
    expect(own.indexOf('admissionregistration.k8s.io')).toBe(own.indexOf('apiextensions.k8s.io') - 1);
    const all = names(new Discovery(allResources, [remote('b.io', 'v1', [17_800, 1]), remote('a.io', 'v1', [17_800, 1]), remote('low.io', 'v1', [1, 1])]));
    expect([all.slice(0, 4), all.at(-1)]).toEqual([['apiregistration.k8s.io', 'a.io', 'apps', 'b.io'], 'low.io']);
  });
  it('orders versions by theirs, then as versions are ordered; the first is preferred', () => {
    const discovery = new Discovery([], [remote('g.io', 'v1beta1', [10, 5]), remote('g.io', 'v1', [20, 5]), remote('g.io', 'v1alpha1', [10, 9])]);
    expect(discovery.group('g.io')).toMatchObject({ preferredVersion: { version: 'v1alpha1' }, versions: [{ version: 'v1alpha1' }, { version: 'v1' }, { version: 'v1beta1' }] });
  });
  it('takes a group version from who is registered for it, in the place of its own', () => {
    const discovery = new Discovery(allResources, [remote('metrics.k8s.io', 'v1beta1', [100, 100], 'Current')]);
    expect(discovery.resources('metrics.k8s.io', 'v1beta1')).toBeUndefined();
    expect(aggregated(discovery).at(-1)).toMatchObject({ metadata: { name: 'metrics.k8s.io' }, versions: [{ freshness: 'Current', resources: [{ resource: 'things' }] }] });
  });
  it('says of who does not answer only that, and nothing of who was not asked yet', () => {
    const discovery = new Discovery([], [remote('stale.io', 'v1', [2, 1], 'Stale'), remote('new.io', 'v1', [1, 1])]);
    expect(aggregated(discovery)).toEqual([{ metadata: { name: 'stale.io', creationTimestamp: null }, versions: [{ version: 'v1', freshness: 'Stale' }] }]);
    expect(names(discovery)).toEqual(['stale.io', 'new.io']);
  });
});
