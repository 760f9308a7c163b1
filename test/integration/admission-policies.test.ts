// ValidatingAdmissionPolicies through the real admission chain: what a bound policy refuses, in whose words, and what it leaves alone.
import { ask } from '../support/ask.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';

let api: TestApi;
beforeEach(async () => { api = await startTestApi(); });
afterEach(() => api.stop());

const admission = '/apis/admissionregistration.k8s.io/v1';
const configMaps = '/api/v1/namespaces/default/configmaps';
const rule = (resources: string[], operations = ['CREATE', 'UPDATE'], more: object = {}): object => ({ apiGroups: ['*'], apiVersions: ['*'], resources, operations, ...more });
const map = (name: string, data: object = {}, labels: object = {}): object => ({ metadata: { name, labels }, data });
async function policy(spec: object, name = 'p'): Promise<void> {
  expect((await ask(api, 'POST', `${admission}/validatingadmissionpolicies`, { metadata: { name }, spec: { matchConstraints: { resourceRules: [rule(['configmaps'])] }, ...spec } })).text).toBe('201');
}
async function bind(spec: object = {}, name = 'b'): Promise<void> {
  expect((await ask(api, 'POST', `${admission}/validatingadmissionpolicybindings`, { metadata: { name }, spec: { policyName: 'p', validationActions: ['Deny'], ...spec } })).text).toBe('201');
}
const make = async (object: object, where = configMaps): Promise<string> => (await ask(api, 'POST', where, object)).text;
const denied = (name: string, why: string): string => `422 configmaps "${name}" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ${why}`;

it('is in force from its binding to the end of either, and about updates as well', async () => {
  await policy({ validations: [{ expression: "object.data.size == '1'" }] });
  expect(await make(map('a', { size: '2' }))).toBe('201');
  await bind();
  expect(await make(map('c', { size: '2' }))).toBe(denied('c', "failed expression: object.data.size == '1'"));
  expect(await make(map('c', { size: '1' }))).toBe('201');
  expect((await ask(api, 'PATCH', `${configMaps}/c`, { data: { size: '3' } })).text).toBe(denied('c', "failed expression: object.data.size == '1'"));
  expect((await ask(api, 'DELETE', `${configMaps}/a`)).text).toBe('200');
  await ask(api, 'DELETE', `${admission}/validatingadmissionpolicybindings/b`);
  expect(await make(map('d', { size: '2' }))).toBe('201');
  await bind();
  await ask(api, 'DELETE', `${admission}/validatingadmissionpolicies/p`);
  expect(await make(map('e', { size: '2' }))).toBe('201');
});

it.each<[what: string, validation: object, data: object, answer: string]>([
  ['the given message', { expression: 'false', message: ' too large ' }, {}, denied('c', 'too large')],
  ['the message that is made', { expression: 'false', message: 'm', messageExpression: "'size ' + object.data.size" }, { size: '7' }, denied('c', 'size 7')],
  ['the given one where none can be made', { expression: 'false', message: 'm', messageExpression: 'object.data.none' }, { size: '7' }, denied('c', 'm')],
  ['the given one where what is made has lines', { expression: 'false', message: 'm', messageExpression: "'a\\nb'" }, {}, denied('c', 'm')],
  ['a reason of its own', { expression: 'false', reason: 'Forbidden' }, {}, denied('c', 'failed expression: false').replace('422', '403')],
  ['an expression that comes to an error', { expression: "object.data.none == 'x'" }, { size: '7' }, denied('c', "expression 'object.data.none == 'x'' resulted in error: no such key: none")],
])('tells %s', async (_what, validation, data, answer) => {
  await policy({ validations: [validation] });
  await bind();
  const { text, object } = await ask(api, 'POST', configMaps, map('c', data));
  expect(text).toBe(answer);
  expect(object).toMatchObject({ reason: answer.startsWith('403') ? 'Forbidden' : 'Invalid', details: { name: 'c', kind: 'configmaps', causes: [{ message: answer.slice(answer.indexOf('Validating')) }] } });
});

it('leaves reviews alone: nobody is locked out', async () => {
  await policy({ matchConstraints: { resourceRules: [rule(['*'], ['CREATE'])] }, validations: [{ expression: 'false' }] });
  await bind();
  expect(await make(map('c'))).toBe(denied('c', 'failed expression: false'));
  const asked = { spec: { user: 'ann', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } } };
  for (const path of ['authorization.k8s.io/v1/subjectaccessreviews', 'authorization.k8s.io/v1/selfsubjectaccessreviews', 'authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews', 'authentication.k8s.io/v1/selfsubjectreviews']) {
    expect([path, (await ask(api, 'POST', `/apis/${path}`, asked)).text]).toEqual([path, '201']);
  }
});

it('warns in the place of refusing, and passes over errors where it may', async () => {
  await policy({ failurePolicy: 'Ignore', validations: [{ expression: "object.metadata.name != 'c'" }, { expression: "object.data.none == 'x'" }] });
  await bind({ validationActions: ['Warn', 'Audit'] });
  const { code, warnings } = await ask(api, 'POST', configMaps, map('c'));
  expect({ code, warnings }).toEqual({ code: 201, warnings: ["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: object.metadata.name != 'c'"] });
});

it('means the requests its rules, names, selectors and conditions mean, and of those its binding', async () => {
  await policy({
    matchConstraints: { resourceRules: [rule(['configmaps', 'secrets'])], excludeResourceRules: [rule(['configmaps'], ['*'], { resourceNames: ['spared'] })], objectSelector: { matchExpressions: [{ key: 'free', operator: 'DoesNotExist' }] } },
    matchConditions: [{ name: 'others', expression: "request.userInfo.username != 'clerk'" }], validations: [{ expression: 'false' }],
  });
  await bind({ matchResources: { resourceRules: [rule(['configmaps'])], namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } } });
  await ask(api, 'POST', '/api/v1/namespaces', { metadata: { name: 'other' } });
  expect(await make(map('c'))).toBe(denied('c', 'failed expression: false'));
  expect(await make(map('spared'))).toBe('201');
  expect(await make(map('c', {}, { free: 'yes' }))).toBe('201');
  expect(await make(map('c'), '/api/v1/namespaces/other/configmaps')).toBe('201');
  expect(await make({ metadata: { name: 'c' } }, '/api/v1/namespaces/default/secrets')).toBe('201');
  expect((await ask(api, 'POST', configMaps, map('d'), { name: 'clerk', groups: ['system:masters'] })).text).toBe('201');
});

it('knows variables, the namespace, the request, the old object and who may do what', async () => {
  await policy({
    variables: [{ name: 'size', expression: 'int(object.data.size)' }, { name: 'double', expression: 'variables.size * 2' }, { name: 'broken', expression: 'object.data.none' }],
    validations: [
      { expression: 'variables.double < 10', messageExpression: "'double is ' + string(variables.double)" },
      { expression: "namespaceObject.metadata.name == 'default' && request.operation in ['CREATE', 'UPDATE']" },
      { expression: 'oldObject == null || oldObject.data.size == object.data.size', message: 'size stays' },
      { expression: "authorizer.group('').resource('configmaps').namespace('default').check('delete').allowed()", message: 'may not delete' },
      { expression: "object.metadata.name != 'broken' || variables.broken == 'x'" },
    ],
  });
  await bind();
  expect(await make(map('a', { size: '5' }))).toBe(denied('a', 'double is 10'));
  expect(await make(map('a', { size: '4' }))).toBe('201');
  expect((await ask(api, 'PATCH', `${configMaps}/a`, { data: { size: '3' } })).text).toBe(denied('a', 'size stays'));
  expect(await make(map('broken', { size: '1' }))).toContain('composited variable "broken" fails to evaluate: No such key: none');
});

describe('parameters', () => {
  const params = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, matchConstraints: { resourceRules: [rule(['secrets'])] }, validations: [{ expression: 'object.metadata.name.size() <= int(params.data.longest)', messageExpression: "'longer than ' + params.data.longest" }] };
  const secret = async (name: string): Promise<string> => make({ metadata: { name } }, '/api/v1/namespaces/default/secrets');
  const said = (name: string, why: string): string => denied(name, why).replace('configmaps', 'secrets');
  it.each<[what: string, ref: object, answer: string]>([
    ['by name', { name: 'short', parameterNotFoundAction: 'Deny' }, said('abcd', 'longer than 3')],
    ['of another namespace', { name: 'short', namespace: 'other', parameterNotFoundAction: 'Deny' }, said('abcd', 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction')],
    ['that are not there, and need not be', { name: 'none', parameterNotFoundAction: 'Allow' }, '201'],
    ['by labels: all must hold', { selector: { matchLabels: { limits: 'yes' } }, parameterNotFoundAction: 'Deny' }, said('abcd', 'longer than 3')],
    ['by labels of one', { selector: { matchLabels: { kind: 'long' } }, parameterNotFoundAction: 'Deny' }, '201'],
  ])('%s', async (_what, paramRef, answer) => {
    await make(map('short', { longest: '3' }, { limits: 'yes' }));
    await make(map('long', { longest: '30' }, { limits: 'yes', kind: 'long' }));
    await policy(params);
    await bind({ paramRef });
    expect(await secret('abc')).toBe(answer.includes('no params') ? said('abc', 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction') : '201');
    expect(await secret('abcd')).toBe(answer);
  });
  it('of a kind nobody knows', async () => {
    await policy({ ...params, paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' } });
    await bind({ paramRef: { name: 'a', parameterNotFoundAction: 'Allow' } });
    expect(await secret('a')).toBe(said('a', "failed to configure binding: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'"));
  });
});

it('cannot lock anybody out of the policies themselves', async () => {
  await policy({ matchConstraints: { resourceRules: [rule(['*'], ['*'])] }, validations: [{ expression: 'false' }] });
  await bind();
  expect(await make(map('c'))).toBe(denied('c', 'failed expression: false'));
  expect((await ask(api, 'DELETE', `${admission}/validatingadmissionpolicies/p`)).text).toBe('200');
});

it.each([
  [{ validations: [{ expression: 'object.' }] }, 'spec.validations[0].expression: Invalid value: "object.": compilation failed: '],
  [{ validations: [{ expression: '1 + 1' }] }, 'spec.validations[0].expression: Invalid value: "1 + 1": must evaluate to bool'],
  [{ validations: [{ expression: 'true', messageExpression: 'true' }] }, 'spec.validations[0].messageExpression: Invalid value: "true": must evaluate to string'],
  [{ validations: [{ expression: 'true' }], variables: [{ name: 'a', expression: 'b' }] }, 'spec.variables[0].expression: Invalid value: "b": compilation failed: '],
])('is refused with an expression that cannot be: %j', async (spec, words) => {
  expect((await ask(api, 'POST', `${admission}/validatingadmissionpolicies`, { metadata: { name: 'p' }, spec: { matchConstraints: { resourceRules: [rule(['configmaps'])] }, ...spec } })).text).toContain(words);
});
