// Who sits where, by the schemas a cluster begins with, and what else a rule may say. (upstream: apis/flowcontrol/bootstrap/default.go, flowcontrol/rule.go)
import { FlowSchemaRules, type Schema } from '../../../../../master/apiserver/flow-control/flow-schemas.ts';
import { parseRequestInfo } from '../../../../../master/apiserver/request-info.ts';
import { mandatorySchemas, suggestedSchemas } from '../../../../../master/flowcontrol/objects.ts';
import type { User } from '../../../../../master/registry/request-context.ts';

const everyone = 'system:authenticated';
const users = {
  node: { name: 'system:node:n1', groups: ['system:nodes', everyone] }, admin: { name: 'admin', groups: ['system:masters', everyone] }, nobody: { name: 'system:anonymous', groups: ['system:unauthenticated'] },
  scheduler: { name: 'system:kube-scheduler', groups: [everyone] }, manager: { name: 'system:kube-controller-manager', groups: [everyone] },
  account: { name: 'system:serviceaccount:kube-system:a', groups: ['system:serviceaccounts', everyone] }, other: { name: 'system:serviceaccount:default:a', groups: ['system:serviceaccounts', everyone] }, alike: { name: 'system:serviceaccount:kube-system-2:a', groups: ['system:serviceaccounts', everyone] },
  endpoints: { name: 'system:serviceaccount:kube-system:endpoint-controller', groups: ['system:serviceaccounts', everyone] }, stranger: { name: 'joe', groups: [] },
} satisfies Record<string, User>;
const lease = (namespace: string): string => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/l`;
const infoOf = (method: string, path: string): ReturnType<typeof parseRequestInfo> => parseRequestInfo(method, path, new URLSearchParams());
const defaults = new FlowSchemaRules([...suggestedSchemas, ...mandatorySchemas]);

it.each<[keyof typeof users, string, string, string | undefined, string?]>([
  ['node', 'PUT', lease('kube-node-lease'), 'system-node-high node-high system:node:n1'], ['node', 'GET', lease('kube-node-lease'), 'system-node-high node-high system:node:n1'],
  ['node', 'PATCH', '/api/v1/nodes/n1/status', 'system-node-high node-high system:node:n1'], ['node', 'POST', '/api/v1/nodes', 'system-node-high node-high system:node:n1'],
  ['node', 'GET', '/api/v1/nodes/n1/proxy', 'system-nodes system system:node:n1'], ['node', 'PATCH', '/api/v1/namespaces/a/pods/p/status', 'system-nodes system system:node:n1'], ['node', 'POST', '/apis/example.com/v1/nodes', 'system-nodes system system:node:n1'], ['node', 'GET', '/openapi/v2', 'system-nodes system system:node:n1'],
  ['scheduler', 'PUT', lease('kube-system'), 'system-leader-election leader-election system:kube-scheduler'], ['scheduler', 'DELETE', lease('kube-system'), 'kube-scheduler workload-high kube-system'], ['scheduler', 'GET', '/api/v1/nodes', 'kube-scheduler workload-high '],
  ['manager', 'POST', '/api/v1/namespaces/a/pods', 'kube-controller-manager workload-high a'], ['manager', 'PUT', '/api/v1/namespaces/a/endpoints/e', 'endpoint-controller workload-high system:kube-controller-manager'],
  ['endpoints', 'PUT', '/api/v1/namespaces/a/endpoints/e', 'endpoint-controller workload-high system:serviceaccount:kube-system:endpoint-controller'], ['account', 'PUT', '/api/v1/namespaces/a/endpoints/e', 'workload-leader-election leader-election system:serviceaccount:kube-system:a'],
  ['account', 'PUT', lease('default'), 'system-leader-election leader-election system:serviceaccount:kube-system:a'], ['account', 'PATCH', lease('kube-system'), 'kube-system-service-accounts workload-high kube-system'],
  ['other', 'PUT', lease('default'), 'service-accounts workload-low system:serviceaccount:default:a'], ['alike', 'PUT', lease('default'), 'service-accounts workload-low system:serviceaccount:kube-system-2:a'],
  ['other', 'GET', '/healthz', 'probes exempt '], ['nobody', 'GET', '/readyz/ping', 'probes exempt '], ['other', 'GET', '/healthz-not', 'service-accounts workload-low system:serviceaccount:default:a'], ['other', 'GET', '/api/v1/namespaces/healthz/pods', 'service-accounts workload-low system:serviceaccount:default:a'],
  ['admin', 'PUT', lease('default'), 'exempt exempt '], ['nobody', 'GET', '/version', 'global-default global-default system:anonymous'], ['stranger', 'GET', '/version', undefined],
])('%s %s %s', (user, method, path, expected) => {
  const flow = defaults.flowOf(users[user], infoOf(method, path));
  expect(flow && `${flow.schema.metadata.name} ${flow.level} ${flow.name}`).toBe(expected);
});

const schema = (name: string, matchingPrecedence: number, rules: unknown): Schema => ({ metadata: { name }, spec: { priorityLevelConfiguration: { name: 'l' }, matchingPrecedence, rules } as Schema['spec'] });
const anyone = [{ kind: 'Group', group: { name: '*' } }];

it('the lowest precedence counts, then the name', () => {
  const rules = [{ subjects: anyone, nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] }];
  expect(new FlowSchemaRules([schema('c', 5, rules), schema('b', 4, rules), schema('a', 4, rules)]).flowOf(users.stranger, infoOf('GET', '/x'))?.schema.metadata.name).toBe('a');
});

it.each<[string, string, string, boolean]>([
  ['/metrics', 'GET', '/metrics', true], ['/metrics', 'GET', '/metrics/cadvisor', true], ['/metrics', 'GET', '/metricsx', false], ['/metrics/*', 'GET', '/metrics/a/b', true], ['/metrics/*', 'GET', '/metrics', false], ['/metrics', 'POST', '/metrics', false],
])('a rule for GET %s: %s %s %s', (url, method, path, expected) => {
  const rules = [{ subjects: [{ kind: 'User', user: { name: '*' } }], nonResourceRules: [{ verbs: ['get'], nonResourceURLs: [url] }] }];
  expect(new FlowSchemaRules([schema('s', 1, rules)]).flowOf(users.stranger, infoOf(method, path)) !== undefined).toBe(expected);
});

it.each<[object, string, boolean]>([
  [{ resources: ['pods'], namespaces: ['a'] }, '/api/v1/namespaces/a/pods', true], [{ resources: ['pods'], namespaces: ['a'] }, '/api/v1/namespaces/b/pods', false], [{ resources: ['pods'], namespaces: ['*'] }, '/api/v1/pods', false],
  [{ resources: ['pods'], clusterScope: true }, '/api/v1/pods', true], [{ resources: ['pods'], clusterScope: true }, '/api/v1/namespaces/a/pods', false], [{ resources: ['pods'], namespaces: ['*'] }, '/api/v1/namespaces/a/pods/p/status', false],
  [{ resources: ['pods/status'], namespaces: ['*'] }, '/api/v1/namespaces/a/pods/p/status', true], [{ resources: ['*'], namespaces: ['*'] }, '/apis/apps/v1/namespaces/a/deployments', false],
])('a rule for reads in the core group %o: %s %s', (rule, path, expected) => {
  const rules = [{ subjects: anyone, resourceRules: [{ verbs: ['list', 'get'], apiGroups: [''], ...rule }] }];
  expect(new FlowSchemaRules([schema('s', 1, rules)]).flowOf(users.stranger, infoOf('GET', path)) !== undefined).toBe(expected);
});
