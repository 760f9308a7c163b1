// Which webhooks a request is for: rules, scopes, versions, selectors; and what reviews and answers say.
import { selectorFromObject, type LabelSelectorObject } from '../../../../src/apimachinery/selectors.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';
import { isExempt, namespaceMatches, namespaceOf, objectMatches, resourceFor, ruleMatches } from '../../../../master/registry/admission/webhooks/matching.ts';
import { denial, reviewVersion, verdictOf } from '../../../../master/registry/admission/webhooks/review.ts';
import { Authorizer, type DecideAccess } from '../../../../src/schema/structural/cel-authorizer.ts';
import { conditionFault, judgeConditions } from '../../../../src/schema/structural/request-conditions.ts';

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

it('exempts what decides over requests, and no resource of the same name', () => {
  expect(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings'].map((plural) => isExempt({ resource: resource('admissionregistration.k8s.io', 'v1', plural) }))).toEqual([true, true, true, true]);
  expect(isExempt({ resource: resource('example.org', 'v1', 'mutatingwebhookconfigurations') })).toBe(false);
});

it('speaks the first version the webhook prefers and knows', () => {
  expect(reviewVersion({ admissionReviewVersions: ['v2', 'v1beta1', 'v1'] })).toBe('v1beta1');
  expect(() => reviewVersion({ admissionReviewVersions: ['v2'] })).toThrow('webhook does not accept known AdmissionReview versions (v1, v1beta1)');
});

describe('an answer', () => {
  const review = (response: object, more: object = {}): unknown => ({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: 'u', ...response }, ...more });
  it.each([
    ['is no object', [], 'json: cannot unmarshal array into Go value of type v1.AdmissionReview'],
    ['is of another kind', review({}, { kind: 'X', apiVersion: 'v1' }), 'expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /v1, Kind=X'],
    ['has a patch of no type', review({ patch: 'W10=', patchType: '' }), 'webhook returned invalid response.patchType of ""'],
  ])('that %s is none', (_what, answer, why) => expect(() => verdictOf(answer, 'v1', 'u', true)).toThrow(`received invalid webhook response: ${why}`));
  it('of the older version is not judged so strictly', () => {
    expect(verdictOf({ response: { allowed: true, patch: 'W10=' } }, 'v1beta1', 'u', true)).toEqual({ allowed: true, warnings: [], result: undefined, patch: 'W10=', patchType: 'JSONPatch' });
    expect(verdictOf({ response: { allowed: true, patch: 'W10=' } }, 'v1beta1', 'u', false)).toMatchObject({ patch: '', patchType: undefined });
  });
  it('refuses with a code that is one', () => {
    expect(denial('w', { code: 200, message: 'no' })).toMatchObject({ code: 400, message: 'admission webhook "w" denied the request: no' });
    expect(denial('w', { code: 451, reason: 'Law' })).toMatchObject({ code: 451, reason: 'Law', message: 'admission webhook "w" denied the request: Law' });
  });
});

describe('conditions on requests', () => {
  const asked: object[] = [];
  const decide: DecideAccess = ({ name: user }, question) => {
    asked.push({ user, ...question });
    return { allowed: user === 'me', reason: user === 'me' ? 'known' : '' };
  };
  const authorizer = new Authorizer({ name: 'me', groups: [] }, decide, { group: '', resource: 'pods', namespace: 'work', name: 'a', subresource: '' });
  const variables = { object: { metadata: { labels: { a: 'b' } }, spec: { replicas: 3, share: 0.5 } }, oldObject: undefined, request: { operation: 'CREATE', dryRun: false }, authorizer };
  const judged = (...expressions: string[]): unknown => judgeConditions(expressions.map((expression) => ({ expression })), variables);
  it.each([
    ['object.spec.replicas > 2 && object.spec.share < 1.0', { holds: true, errors: [] }], ['has(object.metadata.labels.c)', { holds: false, errors: [] }], ['oldObject == null', { holds: true, errors: [] }],
    ['request.operation in ["CREATE"] && !request.dryRun', { holds: true, errors: [] }],
  ])('know numbers, absence and the request: %s', (expression, expected) => expect(judged(expression)).toEqual(expected));
  it('are decided by one that is false, and else by errors', () => {
    expect(judged('object.nothing.x', 'false')).toEqual({ holds: false, errors: [] });
    expect(judged('object.nothing.x', 'true')).toEqual({ holds: false, errors: ["expression 'object.nothing.x' resulted in error: no such key: nothing"] });
  });
  it('ask what the user may, or an account', () => {
    asked.length = 0;
    expect(judged("authorizer.group('apps').resource('deployments').subresource('scale').namespace('n').name('d').check('update').allowed()", "authorizer.path('/healthz').check('get').reason() == 'known'", "authorizer.requestResource.check('x').allowed() && !authorizer.serviceAccount('n', 'a').requestResource.check('x').errored()")).toEqual({ holds: true, errors: [] });
    expect(asked).toEqual([
      { user: 'me', group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'n', name: 'd', verb: 'update' }, { user: 'me', path: '/healthz', verb: 'get' },
      { user: 'me', group: '', resource: 'pods', namespace: 'work', name: 'a', subresource: '', verb: 'x' }, { user: 'system:serviceaccount:n:a', group: '', resource: 'pods', namespace: 'work', name: 'a', subresource: '', verb: 'x' },
    ]);
    expect(judged("authorizer.serviceAccount('n', 'a').path('/x').check('get').allowed()")).toEqual({ holds: false, errors: [] });
    expect(asked.at(-1)).toEqual({ user: 'system:serviceaccount:n:a', path: '/x', verb: 'get' });
    // Asking is dear.
    expect(judged(Array.from({ length: 4 }, () => "authorizer.path('/x').check('get').allowed()").join(' && '))).toMatchObject({ holds: false, errors: [expect.stringContaining('running out of cost budget')] });
  });
  it('cost no more than they may', () => {
    const list = `[${Array.from({ length: 100 }, (_, i) => i).join(',')}]`;
    expect(judged(`${list}.all(a, ${list}.all(b, ${list}.all(c, a + b + c >= 0)))`)).toMatchObject({ holds: false, errors: [expect.stringContaining('running out of cost budget')] });
  });
  it('are true or false, of what is known', () => {
    expect(conditionFault('object.a == 1')).toBeUndefined();
    expect(conditionFault('1')).toBe('must evaluate to bool');
    expect(conditionFault('self.a')).toMatch(/^compilation failed: /);
  });
});
