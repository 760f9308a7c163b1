// Which webhooks and policies a request is for: rules, scopes, versions, selectors.
import { selectorFromObject, type LabelSelectorObject } from '../../../../src/apimachinery/selectors.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';
import { isJudged, namespaceMatches, namespaceOf, objectMatches, resourceFor, ruleMatches } from '../../../../master/registry/admission/dynamic/matching.ts';

const resource = (group: string, version: string, plural: string) => ({ group, version, plural });
type Asked = Parameters<typeof ruleMatches>[1];
const request = (more: Partial<Asked> = {}): Asked => ({ operation: 'CREATE', subresource: '', namespace: 'work', name: 'a', resource: resource('', 'v1', 'pods'), ...more });
const object = (labels?: Record<string, string>): ApiObject => ({ kind: 'X', apiVersion: 'v1', metadata: { name: 'a', ...(labels ? { labels } : {}) } }) as unknown as ApiObject;
const rule = (more: object = {}): object => ({ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], ...more });

describe('a rule', () => {
  it.each([
    ['its own request', {}, {}, true],
    ['another operation', { operations: ['UPDATE', 'DELETE'] }, {}, false],
    ['all operations', { operations: ['*'] }, { operation: 'CONNECT' }, true],
    ['another group', { apiGroups: ['apps'] }, {}, false],
    ['all groups', { apiGroups: ['*'] }, {}, true],
    ['another version', { apiVersions: ['v2'] }, {}, false],
    ['all versions', { apiVersions: ['*'] }, {}, true],
    ['another resource', { resources: ['nodes'] }, {}, false],
    ['all resources', { resources: ['*'] }, {}, true],
    ['no subresource by all resources', { resources: ['*'] }, { subresource: 'status' }, false],
    ['no subresource by its resource', {}, { subresource: 'status' }, false],
    ['a subresource', { resources: ['pods/status'] }, { subresource: 'status' }, true],
    ['not the whole by a subresource', { resources: ['pods/status'] }, {}, false],
    ['every subresource, and the whole', { resources: ['pods/*'] }, {}, true],
    ['every subresource of it', { resources: ['pods/*'] }, { subresource: 'exec' }, true],
    ['one subresource of everything', { resources: ['*/scale'] }, { subresource: 'scale' }, true],
    ['everything', { resources: ['*/*'] }, { subresource: 'scale' }, true],
    ['what is in a namespace', { scope: 'Namespaced' }, {}, true],
    ['what is in none', { scope: 'Cluster' }, { namespace: undefined, resource: resource('', 'v1', 'nodes') }, true],
    ['nothing in a namespace', { scope: 'Cluster' }, {}, false],
    ['nothing beside namespaces', { scope: 'Namespaced' }, { namespace: undefined, resource: resource('', 'v1', 'nodes') }, false],
    ['a namespace, which is in none', { scope: 'Cluster', resources: ['namespaces'] }, { namespace: undefined, resource: resource('', 'v1', 'namespaces') }, true],
    ['any scope', { scope: '*' }, {}, true],
  ] as const)('means %s', (_what, more, asked, expected) => {
    const resources = (asked as Partial<Asked>).resource && !('resources' in more) ? { resources: ['nodes'] } : {};
    expect(ruleMatches(rule({ ...resources, ...more }), request(asked as Partial<Asked>))).toBe(expected);
  });
});

describe('the version a webhook is asked about', () => {
  const [one, two, other] = [resource('a', 'v1', 'things'), resource('a', 'v2', 'things'), resource('b', 'v1', 'items')];
  const asked = { ...request(), resource: one };
  const found = (matchPolicy: string | undefined, ...rules: object[]): unknown => resourceFor({ rules, ...(matchPolicy ? { matchPolicy } : {}) }, asked, () => [one, two, other]);
  const forThings = (versions: string[]): object => rule({ apiGroups: ['a'], apiVersions: versions, resources: ['things'] });
  it.each([
    ['its own before others', 'Equivalent', [forThings(['v2']), forThings(['v1'])], one],
    ['another that a rule names', 'Equivalent', [forThings(['v2'])], two],
    ['none, where it has to be exact', 'Exact', [forThings(['v2'])], undefined],
    ['the same objects in another group', 'Equivalent', [rule({ apiGroups: ['b'], resources: ['items'] })], other],
    ['by earlier rules first', 'Equivalent', [rule({ apiGroups: ['b'], resources: ['items'] }), forThings(['v2'])], other],
    ['none', 'Equivalent', [rule()], undefined],
  ])('is %s', (_what, policy, rules, expected) => expect(found(policy, ...rules)).toBe(expected));
});

describe('selectors', () => {
  const of = (selector: LabelSelectorObject) => ({ namespaceSelector: selectorFromObject(selector), objectSelector: selectorFromObject(selector) });
  const wanted = of({ matchLabels: { a: 'b' } });
  it.each([
    ['the new object', { object: object({ a: 'b' }) }, true], ['the old one', { object: object(), old: object({ a: 'b' }) }, true], ['neither', { object: object({ a: 'c' }), old: object() }, false],
    ['a deleted object', { old: object({ a: 'b' }) }, true], ['what has no metadata', { object: { kind: 'PodExecOptions' } as unknown as ApiObject }, false],
  ])('know labels of %s', (_what, more, expected) => expect(objectMatches(wanted, request(more))).toBe(expected));
  it('ask nothing of anything when they are empty', () => {
    expect(objectMatches(of({}), request({ object: { kind: 'PodExecOptions' } as unknown as ApiObject }))).toBe(true);
    expect(namespaceMatches(of({}), request(), () => null)).toBe(true);
  });
  const namespaces = resource('', 'v1', 'namespaces');
  it.each([
    ['the namespace of a request', {}, { a: 'b' }, true], ['another', {}, { a: 'c' }, false], ['one without labels', {}, undefined, false],
    ['what is in none', { namespace: undefined, resource: resource('', 'v1', 'nodes') }, null, true],
    ['a namespace as it is to be', { namespace: undefined, resource: namespaces, object: object({ a: 'b' }) }, null, true],
    ['a namespace as it is, when it goes', { namespace: undefined, resource: namespaces, operation: 'DELETE', old: object() }, { a: 'b' }, true],
  ] as const)('know labels of %s', (_what, more, labels, expected) => expect(namespaceMatches(wanted, request(more as Partial<Asked>), () => labels)).toBe(expected));
  it('have an answer for a namespace that is not there', () => expect(namespaceMatches(wanted, request(), () => null)).toMatchObject({ code: 404, message: 'namespaces "work" not found' }));
  it('take a namespace for one in itself', () => {
    expect(namespaceOf(request({ namespace: undefined, name: 'x', resource: namespaces }))).toBe('x');
    expect(namespaceOf(request())).toBe('work');
  });
});

it('passes over what decides over requests, and no resource of the same name, and the steps of a request that has been judged', () => {
  const judged = (group: string, plural: string, context: object = {}): boolean => isJudged({ resource: resource(group, 'v1', plural), context });
  expect(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings'].map((plural) => judged('admissionregistration.k8s.io', plural))).toEqual([false, false, false, false]);
  expect(judged('example.org', 'mutatingwebhookconfigurations')).toBe(true);
  expect(judged('', 'pods', { withinAdmitted: true })).toBe(false);
});
