// The default policy as data, and what of it is written over what is there already.
import { ClusterRoleBindings } from '../../../../src/api/rbac/cluster-role-binding.ts';
import { ClusterRoles } from '../../../../src/api/rbac/cluster-role.ts';
import { RoleBindings } from '../../../../src/api/rbac/role-binding.ts';
import { Roles } from '../../../../src/api/rbac/role.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';
import { ResourceSet } from '../../../../src/schema/resource-set.ts';
import { validateObject } from '../../../../src/schema/validation.ts';
import { allResources } from '../../../../src/api/index.ts';
import { createControllers } from '../../../../master/controllers/index.ts';
import { controllerUser } from '../../../../master/identities.ts';
import { ownRoleBindings, ownRoles } from '../../../../master/rbac/own-roles.ts';
import { cloneJson } from '../../../../src/util/json.ts';
import { clusterRoleBindings, clusterRoles } from '../../../../master/rbac/cluster-roles.ts';
import { controllerRoleBindings, controllerRoles } from '../../../../master/rbac/controller-roles.ts';
import { joinRoleBindings, joinRoles } from '../../../../master/rbac/join-roles.ts';
import { namespaceRoleBindings, namespaceRoles } from '../../../../master/rbac/namespace-roles.ts';
import { clusterRole, clusterRoleBinding, group, rule, user } from '../../../../master/rbac/policy.ts';
import { planBinding, planRole } from '../../../../master/rbac/reconcile.ts';

const stored = (object: object, change: (o: any) => void = () => undefined): ApiObject => {
  const copy = cloneJson(object) as ApiObject;
  copy.metadata.uid = 'u';
  change(copy);
  return copy;
};

describe('the default policy', () => {
  const all = [
    [ClusterRoles, [...clusterRoles, ...controllerRoles, ...ownRoles, ...joinRoles]], [ClusterRoleBindings, [...clusterRoleBindings, ...controllerRoleBindings, ...ownRoleBindings, ...joinRoleBindings]],
    [Roles, namespaceRoles], [RoleBindings, namespaceRoleBindings],
  ] as const;
  it('is valid, without a name twice, and marked as the default', () => {
    for (const [resource, objects] of all) {
      const keys = objects.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
      expect(new Set(keys).size).toBe(keys.length);
      for (const object of objects) {
        expect([object.metadata.name, validateObject(resource, stored(object))]).toEqual([object.metadata.name, []]);
        expect(object.metadata.labels['kubernetes.io/bootstrapping']).toBe('rbac-defaults');
        expect(object.metadata.annotations).toEqual({ 'rbac.authorization.kubernetes.io/autoupdate': 'true' });
      }
    }
  });
  it('binds only roles it has', () => {
    const names = new Set([...clusterRoles, ...controllerRoles, ...joinRoles].map((r) => r.metadata.name));
    for (const { roleRef } of [...clusterRoleBindings, ...controllerRoleBindings, ...joinRoleBindings]) expect(names).toContain(roleRef.name);
    const local = new Set(namespaceRoles.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    for (const { roleRef, metadata } of namespaceRoleBindings) expect(local).toContain(`${metadata.namespace}/${roleRef.name}`);
  });
});

describe('a controller', () => {
  const controllers = createControllers({ resources: new ResourceSet(allResources), clusterCIDR: '10.42.0.0/16', rootCA: 'PEM', tokens: { legacy: () => Promise.resolve('') }, authority: {} as never });
  it.each(controllers.map(({ name }) => name))('%s acts as somebody a role is bound to', (name) => {
    const bound = [...clusterRoleBindings, ...controllerRoleBindings, ...ownRoleBindings, ...namespaceRoleBindings, ...joinRoleBindings].flatMap(({ subjects }) => subjects.map((s) => (s.kind === 'ServiceAccount' ? `system:serviceaccount:${s.namespace}:${s.name}` : s.name)));
    expect(bound).toContain(controllerUser(name).name);
  });
});

describe('a role', () => {
  const wanted = clusterRole('r', [rule('get list', 'core', 'pods')]);
  it('that is missing is made', () => { expect(planRole(wanted, undefined)).toEqual({ kind: 'create', object: wanted }); });
  it('that allows as much, in whatever form, is left', () => {
    expect(planRole(wanted, stored(wanted)).kind).toBe('none');
    expect(planRole(wanted, stored(wanted, (r) => { r.rules = [rule('*', '*', '*')]; })).kind).toBe('none');
  });
  it('gets what it lacks and keeps what was added', () => {
    const plan = planRole(wanted, stored(wanted, (r) => { r.rules = [rule('get', 'core', 'pods'), rule('get', 'apps', 'deployments')]; r.metadata.labels = { mine: 'x' }; }));
    expect(plan).toMatchObject({ kind: 'update', object: { metadata: { uid: 'u', labels: { mine: 'x', 'kubernetes.io/bootstrapping': 'rbac-defaults' } }, rules: [rule('get', 'core', 'pods'), rule('get', 'apps', 'deployments'), rule('list', 'core', 'pods')] } });
  });
  it('that is protected is left', () => {
    expect(planRole(wanted, stored(wanted, (r) => { r.rules = []; r.metadata.annotations['rbac.authorization.kubernetes.io/autoupdate'] = 'false'; })).kind).toBe('none');
  });
  it('that is put together keeps its rules and gets its selectors', () => {
    const admin = clusterRoles.find((r) => r.metadata.name === 'admin')!;
    const rules = [rule('get', 'core', 'pods')];
    expect(planRole(admin, stored(admin, (r) => { r.rules = rules; })).kind).toBe('none');
    expect(planRole(admin, stored(admin, (r) => { r.rules = rules; delete r.aggregationRule; }))).toMatchObject({ kind: 'update', object: { rules, aggregationRule: admin.aggregationRule } });
  });
});

describe('a binding', () => {
  const wanted = clusterRoleBinding('r', group('g'), user('u'));
  it('that is missing is made, and one that has all is left', () => {
    expect(planBinding(wanted, undefined)).toEqual({ kind: 'create', object: wanted });
    expect(planBinding(wanted, stored(wanted, (b) => { b.subjects = [user('x'), user('u'), group('g')]; })).kind).toBe('none');
  });
  it('gets the subjects it lacks', () => {
    expect(planBinding(wanted, stored(wanted, (b) => { b.subjects = [user('x'), user('u')]; }))).toMatchObject({ kind: 'update', object: { subjects: [user('x'), user('u'), group('g')] } });
  });
  it('to another role is made anew', () => {
    expect(planBinding(wanted, stored(wanted, (b) => { b.roleRef = { ...b.roleRef, name: 'other' }; b.metadata.resourceVersion = '7'; }))).toMatchObject({ kind: 'recreate', uid: 'u', object: { roleRef: wanted.roleRef, subjects: wanted.subjects } });
  });
  it('that is protected is left', () => {
    expect(planBinding(wanted, stored(wanted, (b) => { b.subjects = []; b.metadata.annotations['rbac.authorization.kubernetes.io/autoupdate'] = 'false'; })).kind).toBe('none');
  });
});
