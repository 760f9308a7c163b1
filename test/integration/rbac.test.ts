// Roles and bindings as they take effect: by the next request, in their place, for their subjects; and the default policy.
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Namespaces } from '../../src/api/core/namespace.ts';
import { ClusterRoleBindings } from '../../src/api/rbac/cluster-role-binding.ts';
import { ClusterRoles } from '../../src/api/rbac/cluster-role.ts';
import { RoleBindings } from '../../src/api/rbac/role-binding.ts';
import { Roles } from '../../src/api/rbac/role.ts';
import type { Client } from '../../src/client/client.ts';
import { bootstrapPolicy } from '../../master/rbac/bootstrap.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ policy: true });
  await api.client.create(ConfigMaps, { metadata: { namespace: 'default', name: 'c' } });
});
afterAll(() => api.stop());

const key = { namespace: 'default', name: 'c' };
const roleRef = (kind: string, name: string): object => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
const get = (client: Client): Promise<unknown> => client.get(ConfigMaps, key);
const refusal = (name: string): string => `configmaps "c" is forbidden: User "${name}" cannot get resource "configmaps" in API group "" in the namespace "default"`;

it('a Role counts for its subjects in its namespace from the moment it is bound, until it is not', async () => {
  const [tom, other] = [api.as('tom', 'team'), api.as('jim')];
  await expect(get(tom)).rejects.toThrow(refusal('tom'));
  await api.client.create(Roles, { metadata: { namespace: 'default', name: 'reader' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['configmaps'] }] });
  await api.client.create(RoleBindings, { metadata: { namespace: 'default', name: 'reader' }, subjects: [{ kind: 'Group', name: 'team' }], roleRef: roleRef('Role', 'reader') } as never);
  await expect(get(tom)).resolves.toMatchObject({ kind: 'ConfigMap' });
  await expect(tom.list(ConfigMaps, { namespace: 'default' })).rejects.toThrow('configmaps is forbidden: User "tom" cannot list resource "configmaps" in API group "" in the namespace "default"');
  await expect(tom.get(ConfigMaps, { namespace: 'kube-system', name: 'c' })).rejects.toThrow('in the namespace "kube-system"');
  await expect(get(other)).rejects.toThrow(refusal('jim'));
  await api.client.patch(RoleBindings, { namespace: 'default', name: 'reader' }, { subjects: [{ kind: 'User', name: 'jim', apiGroup: 'rbac.authorization.k8s.io' }] });
  await expect(get(other)).resolves.toMatchObject({ kind: 'ConfigMap' });
  await expect(get(tom)).rejects.toThrow(refusal('tom'));
  await api.client.delete(RoleBindings, { namespace: 'default', name: 'reader' });
  await expect(get(other)).rejects.toThrow(refusal('jim'));
});

it('a ClusterRole counts where it is bound; a role that is not there is told', async () => {
  const ann = api.as('ann');
  await api.client.create(ClusterRoleBindings, { metadata: { name: 'ann' }, subjects: [{ kind: 'User', name: 'ann' }], roleRef: roleRef('ClusterRole', 'nosuch') } as never);
  await expect(get(ann)).rejects.toThrow(`${refusal('ann')}: RBAC: clusterrole.rbac.authorization.k8s.io "nosuch" not found`);
  await api.client.create(ClusterRoles, { metadata: { name: 'nosuch' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['c'] }] });
  await expect(get(ann)).resolves.toMatchObject({ kind: 'ConfigMap' });
  await expect(ann.get(ConfigMaps, { namespace: 'default', name: 'd' })).rejects.toThrow('configmaps "d" is forbidden');
  await api.client.delete(ClusterRoles, { name: 'nosuch' });
  await expect(get(ann)).rejects.toThrow('not found');
});

it('who may not grant what they lack is told of roles of theirs that are not there, too', async () => {
  const writer = [{ verbs: ['create'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'] }];
  await api.client.create(ClusterRoles, { metadata: { name: 'role-maker' }, rules: writer });
  for (const name of ['role-maker', 'nosuch']) await api.client.create(ClusterRoleBindings, { metadata: { name }, subjects: [{ kind: 'User', name: 'kim' }], roleRef: roleRef('ClusterRole', name) } as never);
  await expect(api.as('kim').create(Roles, { metadata: { namespace: 'default', name: 'r' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] })).rejects.toThrow(
    'roles.rbac.authorization.k8s.io "r" is forbidden: user "kim" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["get"]}; resolution errors: [clusterroles.rbac.authorization.k8s.io "nosuch" not found]');
});

it('a ServiceAccount is bound by its name and namespace, which may be the binding\'s', async () => {
  const account = api.as('system:serviceaccount:default:robot');
  await api.client.create(RoleBindings, { metadata: { namespace: 'default', name: 'robot' }, subjects: [{ kind: 'ServiceAccount', name: 'robot' }], roleRef: roleRef('ClusterRole', 'cluster-admin') } as never);
  await expect(get(account)).resolves.toMatchObject({ kind: 'ConfigMap' });
  await expect(account.list(Namespaces)).rejects.toThrow('namespaces is forbidden: User "system:serviceaccount:default:robot" cannot list resource "namespaces" in API group "" at the cluster scope');
  // The namespace itself belongs to what a RoleBinding in it covers.
  await expect(account.get(Namespaces, { name: 'default' })).resolves.toMatchObject({ kind: 'Namespace' });
  await expect(account.get(Namespaces, { name: 'kube-public' })).rejects.toThrow('in the namespace "kube-public"');
});

describe('nobody hands out more than they hold', () => {
  const group = 'rbac.authorization.k8s.io';
  const rule = (verbs: string[], resources: string[], extra: object = {}): object => ({ verbs, apiGroups: [''], resources, ...extra });
  const attempt = (write: Promise<unknown>): Promise<string> => write.then(() => 'written', (error: Error) => error.message);
  const held = (user: string, what: string): string => `user "${user}" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n${what}`;
  const role = (name: string, ...rules: object[]): never => ({ metadata: { namespace: 'default', name }, rules }) as never;
  const binding = (name: string, kind: string, to: string): never => ({ metadata: { namespace: 'default', name }, subjects: [{ kind: 'User', name: 'friend' }], roleRef: roleRef(kind, to) }) as never;
  let eve: Client;
  beforeAll(async () => {
    eve = api.as('eve');
    await api.client.create(ClusterRoles, { metadata: { name: 'keeper' }, rules: [{ verbs: ['create', 'update', 'patch', 'get'], apiGroups: [group], resources: ['roles', 'rolebindings'] }, rule(['get', 'list'], ['configmaps'])] } as never);
    await api.client.create(RoleBindings, { metadata: { namespace: 'default', name: 'keeper' }, subjects: [{ kind: 'User', name: 'eve' }], roleRef: roleRef('ClusterRole', 'keeper') } as never);
  });

  it('in a role', async () => {
    expect(await attempt(eve.create(Roles, role('mine', rule(['get'], ['configmaps']))))).toBe('written');
    expect(await attempt(eve.create(Roles, role('more', rule(['get', 'delete'], ['configmaps', 'secrets']))))).toBe(`roles.${group} "more" is forbidden: ${held('eve', '{APIGroups:[""], Resources:["configmaps"], Verbs:["delete"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}')}`);
    expect(await attempt(eve.patch(Roles, { namespace: 'default', name: 'mine' }, { rules: [rule(['watch'], ['configmaps'])] }))).toContain('{APIGroups:[""], Resources:["configmaps"], Verbs:["watch"]}');
    expect(await attempt(eve.patch(Roles, { namespace: 'default', name: 'mine' }, { rules: [rule(['list'], ['configmaps'], { resourceNames: ['c'] })] }))).toBe('written');
  });
  it('in a binding', async () => {
    expect(await attempt(eve.create(RoleBindings, binding('mine', 'Role', 'mine')))).toBe('written');
    expect(await attempt(eve.create(RoleBindings, binding('none', 'Role', 'nosuch')))).toBe(`roles.${group} "nosuch" not found`);
    expect(await attempt(eve.create(RoleBindings, binding('root', 'ClusterRole', 'cluster-admin')))).toBe(`rolebindings.${group} "root" is forbidden: ${held('eve', '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}')}`);
  });
  it('unless they may bind it, or escalate', async () => {
    const allow = (verb: string, resource: string, name?: string): Promise<unknown> => api.client.patch(ClusterRoles, { name: 'keeper' }, [{ op: 'add', path: '/rules/-', value: { verbs: [verb], apiGroups: [group], resources: [resource], ...(name ? { resourceNames: [name] } : {}) } }], { type: 'json' });
    await allow('bind', 'clusterroles', 'cluster-admin');
    expect(await attempt(eve.create(RoleBindings, binding('root', 'ClusterRole', 'cluster-admin')))).toBe('written');
    expect(await attempt(eve.create(RoleBindings, binding('edit', 'ClusterRole', 'system:aggregate-to-edit')))).toContain('not currently held');
    await allow('escalate', 'roles');
    expect(await attempt(eve.create(Roles, role('more', rule(['delete'], ['secrets']))))).toBe('written');
  });
  it('nor takes in what comes to carry a label', async () => {
    const ann = api.as('ann2');
    await api.client.create(ClusterRoles, { metadata: { name: 'writer' }, rules: [{ verbs: ['create', 'update', 'get'], apiGroups: [group], resources: ['clusterroles'] }] });
    await api.client.create(ClusterRoleBindings, { metadata: { name: 'writer' }, subjects: [{ kind: 'User', name: 'ann2' }], roleRef: roleRef('ClusterRole', 'writer') } as never);
    const aggregating = { metadata: { name: 'all' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] }, rules: [] };
    expect(await attempt(ann.create(ClusterRoles, aggregating))).toBe(`clusterroles.${group} "all" is forbidden: must have cluster-admin privileges to use an aggregationRule`);
    expect(await attempt(ann.create(ClusterRoles, { metadata: { name: 'plain' }, rules: [] }))).toBe('written');
  });
});

describe('the default policy', () => {
  it('is written once: a second start changes nothing', async () => {
    const revisions = async (): Promise<string[]> => (await Promise.all([ClusterRoles, ClusterRoleBindings, Roles, RoleBindings].map((r) => api.client.list(r as typeof ClusterRoles)))).flatMap((l) => l.items.map((o) => `${o.metadata.name} ${o.metadata.resourceVersion}`));
    const before = await revisions();
    expect(before.length).toBeGreaterThan(100);
    await bootstrapPolicy(api.client);
    expect(await revisions()).toEqual(before);
  });
  it('comes back when it was taken away, unless it is protected', async () => {
    await api.client.delete(ClusterRoles, { name: 'system:discovery' });
    await api.client.patch(ClusterRoles, { name: 'system:basic-user' }, { rules: [], metadata: { annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } } });
    await bootstrapPolicy(api.client);
    expect((await api.client.get(ClusterRoles, { name: 'system:discovery' })).rules).toHaveLength(1);
    expect((await api.client.get(ClusterRoles, { name: 'system:basic-user' })).rules).toEqual([]);
  });
  it('shows what is served to those who are known, and only that it lives to others', async () => {
    const path = (client: Client, url: string): Promise<unknown> => client.transport.request({ method: 'GET', path: url });
    await expect(path(api.as('tom'), '/apis/apps')).resolves.toMatchObject({ kind: 'APIGroup' });
    await expect(path(api.as('tom'), '/metrics')).rejects.toThrow('forbidden: User "tom" cannot get path "/metrics"');
  });
});
