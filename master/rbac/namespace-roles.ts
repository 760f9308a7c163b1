// Roles and RoleBindings of the system's namespaces. Data only. (upstream: plugin/pkg/auth/authorizer/rbac/bootstrappolicy/namespace_policy.go)
import { events, read, role, roleBinding, rule, systemAccount, user, type PolicyBinding, type PolicyRole } from './policy.ts';

const controllerManager = 'system:kube-controller-manager';
const scheduler = 'system:kube-scheduler';
const locking = [rule('get watch list create update', 'coordination.k8s.io', 'leases'), rule('get watch list create update', 'coordination.k8s.io', 'leasecandidates')];
const discovery = 'kubeadm:bootstrap-signer-clusterinfo';
const authenticationReader = 'extension-apiserver-authentication-reader';

export const namespaceRoles: readonly PolicyRole[] = [
  role('kube-system', authenticationReader, [rule(read, 'core', 'configmaps', 'extension-apiserver-authentication')]),
  role('kube-system', 'system:controller:bootstrap-signer', [rule(read, 'core', 'secrets')]),
  role('kube-system', 'system:controller:cloud-provider', [rule('create get list watch', 'core', 'configmaps')]),
  role('kube-system', 'system:controller:token-cleaner', [rule('get list watch delete', 'core', 'secrets'), events]),
  role('kube-system', 'system::leader-locking-kube-controller-manager', locking),
  role('kube-system', 'system::leader-locking-kube-scheduler', locking),
  role('kube-public', 'system:controller:bootstrap-signer', [rule(read, 'core', 'configmaps'), rule('update', 'core', 'configmaps', 'cluster-info'), events]),
  // Who joins has no credentials yet. (upstream: cmd/kubeadm/app/phases/bootstraptoken/clusterinfo)
  role('kube-public', discovery, [rule('get', 'core', 'configmaps', 'cluster-info')]),
];

const same = (namespace: string, name: string, ...subjects: Parameters<typeof roleBinding>[3][]): PolicyBinding => roleBinding(namespace, name, name, ...subjects);
export const namespaceRoleBindings: readonly PolicyBinding[] = [
  roleBinding('kube-system', `system::${authenticationReader}`, authenticationReader, user(controllerManager), user(scheduler)),
  same('kube-system', 'system::leader-locking-kube-controller-manager', user(controllerManager), systemAccount('kube-controller-manager')),
  same('kube-system', 'system::leader-locking-kube-scheduler', user(scheduler), systemAccount('kube-scheduler')),
  same('kube-system', 'system:controller:bootstrap-signer', systemAccount('bootstrap-signer')),
  same('kube-system', 'system:controller:cloud-provider', systemAccount('cloud-provider')),
  same('kube-system', 'system:controller:token-cleaner', systemAccount('token-cleaner')),
  same('kube-public', 'system:controller:bootstrap-signer', systemAccount('bootstrap-signer')),
  same('kube-public', discovery, user('system:anonymous')),
];
