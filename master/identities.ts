// Whom the master's own parts act as: upstream's users and ServiceAccounts, so that the default roles say what each may do.
// upstream: cmd/kube-controller-manager/names, pkg/controller/controller_utils.go (SAControllerClientBuilder)
import type { User } from './registry/request-context.ts';

const authenticated = 'system:authenticated';
export const schedulerUser: User = { name: 'system:kube-scheduler', groups: [authenticated] };
/** Keeps the caches of all controllers. */
export const managerUser: User = { name: 'system:kube-controller-manager', groups: [authenticated] };

/** Controllers whose ServiceAccount has another name, as upstream has it. */
const accounts: Readonly<Record<string, string>> = {
  'certificate-approving-controller': 'certificate-controller', 'certificate-cleaner': 'certificate-controller', 'node-ipam-controller': 'node-controller', 'taint-eviction-controller': 'node-controller',
  'root-ca-certificate-publisher': 'root-ca-cert-publisher', 'stale-pod-disruption-controller': 'disruption-controller',
};

export function controllerUser(controller: string): User {
  if (controller === 'serviceaccount-token-controller') return managerUser;
  return { name: `system:serviceaccount:kube-system:${accounts[controller] ?? controller}`, groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', authenticated] };
}
