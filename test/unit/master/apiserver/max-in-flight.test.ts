// Who sits where: what must be answered under load has seats of its own. (upstream: apis/flowcontrol/bootstrap/default.go)
import { defaultLimits, levelOf, MaxInFlight, type SeatLevel } from '../../../../master/apiserver/filters/max-in-flight.ts';
import { parseRequestInfo } from '../../../../master/apiserver/request-info.ts';
import type { User } from '../../../../master/registry/request-context.ts';

const users = {
  node: { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] }, admin: { name: 'admin', groups: ['system:masters'] }, scheduler: { name: 'system:kube-scheduler', groups: ['system:authenticated'] },
  account: { name: 'system:serviceaccount:kube-system:a', groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system'] }, other: { name: 'system:serviceaccount:default:a', groups: ['system:serviceaccounts', 'system:serviceaccounts:default'] },
} satisfies Record<string, User>;
const lease = (namespace: string): string => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/l`;

type Request = [user: keyof typeof users, method: string, path: string];
const infoOf = (method: string, path: string): ReturnType<typeof parseRequestInfo> => parseRequestInfo(method, path, new URLSearchParams());
it.each<[...Request, SeatLevel | undefined]>([
  ['node', 'PUT', lease('kube-node-lease'), 'nodeHigh'], ['node', 'GET', lease('kube-node-lease'), 'nodeHigh'], ['node', 'PATCH', '/api/v1/nodes/n1/status', 'nodeHigh'], ['node', 'POST', '/api/v1/nodes', 'nodeHigh'],
  ['node', 'GET', '/api/v1/nodes/n1/proxy', 'reads'], ['node', 'PATCH', '/api/v1/namespaces/a/pods/p/status', 'writes'], ['node', 'GET', '/api/v1/namespaces/a/pods/p', 'reads'], ['node', 'POST', '/apis/example.com/v1/nodes', 'writes'],
  ['scheduler', 'PUT', lease('kube-system'), 'leaderElection'], ['scheduler', 'PUT', lease('default'), 'writes'], ['scheduler', 'DELETE', lease('kube-system'), 'writes'],
  ['account', 'PUT', lease('default'), 'leaderElection'], ['account', 'GET', lease('kube-system'), 'leaderElection'], ['account', 'PATCH', lease('kube-system'), 'writes'], ['other', 'PUT', lease('default'), 'writes'],
  ['other', 'GET', '/healthz', undefined], ['other', 'GET', '/readyz/ping', undefined], ['other', 'GET', '/healthz-not', 'reads'], ['other', 'GET', '/api/v1/namespaces/healthz/pods', 'reads'], ['admin', 'PUT', lease('default'), undefined],
])('%s %s %s', (user, method, path, level) => {
  expect(levelOf(users[user], infoOf(method, path))).toBe(level);
});

it('a level that is full is no other\'s fault', () => {
  const limits = new MaxInFlight({ ...defaultLimits, reads: 1, writes: 1, nodeHigh: 1, leaderElection: 1 });
  const enter = (...[user, method, path]: Request): (() => void) | undefined => limits.enter({ user: users[user], info: infoOf(method, path), peer: { address: '' } });
  const requests: Request[] = [['other', 'PUT', lease('default')], ['node', 'PUT', lease('kube-node-lease')], ['account', 'PUT', lease('kube-system')], ['other', 'GET', lease('default')]];
  const leave = requests.map((request) => enter(...request)!);
  expect([limits.readOnly, limits.mutating]).toEqual([1, 3]);
  expect(requests.map((request) => enter(...request))).toEqual(requests.map(() => undefined));
  for (const free of ['GET', 'PUT']) enter('admin', free, lease('default'))!();
  leave[1]!();
  expect(enter('other', 'PUT', lease('default'))).toBeUndefined();
  enter('node', 'PATCH', '/api/v1/nodes/n1')!();
  for (const i of [0, 2, 3]) leave[i]!();
  expect([limits.readOnly, limits.mutating]).toEqual([0, 0]);
});
