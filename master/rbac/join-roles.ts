// What a host that shows a bootstrap token may do: ask for its node's certificate, which is approved by itself, and see whether its
// name is taken. Nodes renew theirs likewise. Data only, under the names of upstream's documentation and kubeadm's.
// upstream: "TLS bootstrapping" (kubelet-tls-bootstrapping), cmd/kubeadm/app/phases/bootstraptoken/node/tlsbootstrap.go
import { clusterRole, clusterRoleBinding, clusterRoleBindingNamed, group, rule, type PolicyBinding, type PolicyRole } from './policy.ts';

const bootstrappers = group('system:bootstrappers');
const requests = 'system:certificates.k8s.io:certificatesigningrequests';

export const joinRoles: readonly PolicyRole[] = [clusterRole('kubeadm:get-nodes', [rule('get', 'core', 'nodes')])];
export const joinRoleBindings: readonly PolicyBinding[] = [
  clusterRoleBinding('kubeadm:get-nodes', bootstrappers),
  clusterRoleBindingNamed('create-csrs-for-bootstrapping', 'system:node-bootstrapper', bootstrappers),
  clusterRoleBindingNamed('auto-approve-csrs-for-group', `${requests}:nodeclient`, bootstrappers),
  clusterRoleBindingNamed('auto-approve-renewals-for-nodes', `${requests}:selfnodeclient`, group('system:nodes')),
];
