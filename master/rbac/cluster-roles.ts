// The ClusterRoles and ClusterRoleBindings every cluster has: for people, for agents and for the control plane. Data only.
// upstream: plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go
import { aggregatedRole, clusterRole, clusterRoleBinding, events, group, read, rule, systemAccount, urls, user, write, type PolicyBinding, type PolicyRole } from './policy.ts';

const readWrite = `${read} ${write}`;
const signers = 'certificates.k8s.io';
const review = [rule('create', 'authentication.k8s.io', 'tokenreviews'), rule('create', 'authorization.k8s.io', 'subjectaccessreviews')];

/** For people. */
const userRoles: readonly PolicyRole[] = [
  clusterRole('cluster-admin', [rule('*', '*', '*'), urls('*', '*')]),
  clusterRole('system:discovery', [urls('get', '/livez /readyz /healthz /version /version/ /openapi /openapi/* /api /api/* /apis /apis/*')]),
  clusterRole('system:monitoring', [urls('get', '/metrics /metrics/slis /livez /readyz /healthz /livez/* /readyz/* /healthz/*')]),
  clusterRole('system:basic-user', [
    rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
    rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
  ]),
  clusterRole('system:public-info-viewer', [urls('get', '/livez /readyz /healthz /version /version/')]),
  clusterRole('system:service-account-issuer-discovery', [urls('get', '/.well-known/openid-configuration /openid/v1/jwks')]),
  aggregatedRole('admin'),
  aggregatedRole('edit', 'admin'),
  aggregatedRole('view', 'edit'),
  clusterRole('system:aggregate-to-admin', [
    rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
    rule(readWrite, 'rbac.authorization.k8s.io', 'roles rolebindings'),
  ], 'admin'),
  clusterRole('system:aggregate-to-edit', [
    rule(read, 'core', 'pods/attach pods/proxy pods/exec pods/portforward secrets services/proxy'),
    rule('impersonate', 'core', 'serviceaccounts'),
    rule(write, 'core', 'pods pods/attach pods/proxy pods/exec pods/portforward'),
    rule('create', 'core', 'pods/eviction'),
    rule(write, 'core', 'replicationcontrollers replicationcontrollers/scale serviceaccounts services services/proxy persistentvolumeclaims configmaps secrets events'),
    rule('create', 'core', 'serviceaccounts/token'),
    rule(write, 'apps', 'statefulsets statefulsets/scale daemonsets deployments deployments/scale deployments/rollback replicasets replicasets/scale'),
    rule(write, 'autoscaling', 'horizontalpodautoscalers'),
    rule(write, 'batch', 'jobs cronjobs'),
    rule(write, 'extensions', 'daemonsets deployments deployments/scale deployments/rollback ingresses replicasets replicasets/scale replicationcontrollers/scale networkpolicies'),
    rule(write, 'policy', 'poddisruptionbudgets'),
    rule(write, 'networking.k8s.io', 'networkpolicies ingresses'),
    rule(readWrite, 'coordination.k8s.io', 'leases'),
  ], 'edit'),
  clusterRole('system:aggregate-to-view', [
    rule(read, 'core', 'pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status endpoints persistentvolumeclaims persistentvolumeclaims/status configmaps'),
    rule(read, 'core', 'limitranges resourcequotas bindings events pods/status resourcequotas/status namespaces/status replicationcontrollers/status pods/log'),
    rule(read, 'core', 'namespaces'),
    rule(read, 'discovery.k8s.io', 'endpointslices'),
    rule(read, 'apps', 'controllerrevisions statefulsets statefulsets/status statefulsets/scale daemonsets daemonsets/status deployments deployments/status deployments/scale replicasets replicasets/status replicasets/scale'),
    rule(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
    rule(read, 'batch', 'jobs cronjobs cronjobs/status jobs/status'),
    rule(read, 'extensions', 'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status replicasets replicasets/scale replicasets/status replicationcontrollers/scale networkpolicies'),
    rule(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
    rule(read, 'networking.k8s.io', 'networkpolicies ingresses ingresses/status'),
  ], 'view'),
];

/** For what runs beside the API server. */
const componentRoles: readonly PolicyRole[] = [
  clusterRole('system:heapster', [rule(read, 'core', 'events pods nodes namespaces'), rule(read, 'extensions', 'deployments')]),
  clusterRole('system:node', [
    rule('create', 'authentication.k8s.io', 'tokenreviews'),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews localsubjectaccessreviews'),
    rule(read, 'core', 'services'),
    rule('create get list watch', 'core', 'nodes'),
    rule('update patch', 'core', 'nodes/status'),
    rule('update patch', 'core', 'nodes'),
    rule('create update patch', 'core', 'events'),
    rule(read, 'core', 'pods'),
    rule('create delete', 'core', 'pods'),
    rule('update patch', 'core', 'pods/status'),
    rule('create', 'core', 'pods/eviction'),
    rule(read, 'core', 'secrets configmaps'),
    rule('get', 'core', 'persistentvolumeclaims persistentvolumes'),
    rule('get', 'core', 'endpoints'),
    rule('create get list watch', signers, 'certificatesigningrequests'),
    rule('get create update patch delete', 'coordination.k8s.io', 'leases'),
    rule('get', 'storage.k8s.io', 'volumeattachments'),
    rule('create', 'core', 'serviceaccounts/token'),
    rule('get update patch', 'core', 'persistentvolumeclaims/status'),
    rule(read, 'storage.k8s.io', 'csidrivers'),
    rule('get create update patch delete', 'storage.k8s.io', 'csinodes'),
    rule(read, 'node.k8s.io', 'runtimeclasses'),
  ]),
  clusterRole('system:node-problem-detector', [rule('get', 'core', 'nodes'), rule('patch', 'core', 'nodes/status'), events]),
  clusterRole('system:kubelet-api-admin', [
    rule(read, 'core', 'nodes'),
    rule('proxy', 'core', 'nodes'),
    rule('*', 'core', 'nodes/proxy nodes/metrics nodes/stats nodes/log nodes/configz nodes/healthz nodes/pods'),
  ]),
  clusterRole('system:node-bootstrapper', [rule('create get list watch', signers, 'certificatesigningrequests')]),
  clusterRole('system:auth-delegator', review),
  clusterRole('system:kube-aggregator', [rule(read, 'core', 'services endpoints')]),
  clusterRole('system:kube-controller-manager', [
    events,
    rule('create', 'coordination.k8s.io', 'leases'),
    rule('get update', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
    rule('create', 'core', 'secrets serviceaccounts'),
    rule('delete', 'core', 'secrets'),
    rule('get', 'core', 'namespaces secrets serviceaccounts configmaps'),
    rule('update', 'core', 'secrets serviceaccounts'),
    ...review,
    rule('list watch', '*', '*'),
    rule('create', 'core', 'serviceaccounts/token'),
  ]),
  clusterRole('system:kube-dns', [rule('list watch', 'core', 'endpoints services')]),
  clusterRole('system:kube-scheduler', [
    events,
    rule('create', 'coordination.k8s.io', 'leases'),
    rule('get update', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
    rule(read, 'core', 'nodes'),
    rule('get list watch delete', 'core', 'pods'),
    rule('create', 'core', 'pods/binding bindings'),
    rule('patch update', 'core', 'pods/status'),
    rule(read, 'core', 'services replicationcontrollers'),
    rule(read, 'apps extensions', 'replicasets'),
    rule(read, 'apps', 'statefulsets'),
    rule(read, 'policy', 'poddisruptionbudgets'),
    rule(read, 'core', 'persistentvolumeclaims persistentvolumes'),
    ...review,
    rule(read, 'storage.k8s.io', 'csinodes'),
    rule(read, 'core', 'namespaces'),
    rule(read, 'storage.k8s.io', 'csidrivers'),
    rule(read, 'storage.k8s.io', 'csistoragecapacities'),
    rule(read, 'storage.k8s.io', 'volumeattachments'),
  ]),
  clusterRole('system:persistent-volume-provisioner', [
    rule('get list watch create delete', 'core', 'persistentvolumes'),
    rule('get list watch update', 'core', 'persistentvolumeclaims'),
    rule(read, 'storage.k8s.io', 'storageclasses'),
    rule('watch', 'core', 'events'),
    events,
  ]),
  clusterRole('system:certificates.k8s.io:certificatesigningrequests:nodeclient', [rule('create', signers, 'certificatesigningrequests/nodeclient')]),
  clusterRole('system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', [rule('create', signers, 'certificatesigningrequests/selfnodeclient')]),
  clusterRole('system:volume-scheduler', [
    rule('get list watch patch update', 'core', 'persistentvolumes'),
    rule(read, 'storage.k8s.io', 'storageclasses'),
    rule('get list watch patch update', 'core', 'persistentvolumeclaims'),
  ]),
  clusterRole('system:certificates.k8s.io:legacy-unknown-approver', [rule('approve', signers, 'signers', 'kubernetes.io/legacy-unknown')]),
  clusterRole('system:certificates.k8s.io:kubelet-serving-approver', [rule('approve', signers, 'signers', 'kubernetes.io/kubelet-serving')]),
  clusterRole('system:certificates.k8s.io:kube-apiserver-client-approver', [rule('approve', signers, 'signers', 'kubernetes.io/kube-apiserver-client')]),
  clusterRole('system:certificates.k8s.io:kube-apiserver-client-kubelet-approver', [rule('approve', signers, 'signers', 'kubernetes.io/kube-apiserver-client-kubelet')]),
  clusterRole('system:node-proxier', [
    rule('list watch', 'core', 'services endpoints'),
    rule(read, 'core', 'nodes'),
    events,
    rule('list watch', 'discovery.k8s.io', 'endpointslices'),
    rule('list watch', 'networking.k8s.io', 'servicecidrs'),
  ]),
];

export const clusterRoles: readonly PolicyRole[] = [...userRoles, ...componentRoles];

const authenticated = group('system:authenticated');
export const clusterRoleBindings: readonly PolicyBinding[] = [
  clusterRoleBinding('cluster-admin', group('system:masters')),
  clusterRoleBinding('system:monitoring', group('system:monitoring')),
  clusterRoleBinding('system:discovery', authenticated),
  clusterRoleBinding('system:basic-user', authenticated),
  clusterRoleBinding('system:public-info-viewer', authenticated, group('system:unauthenticated')),
  clusterRoleBinding('system:node-proxier', user('system:kube-proxy')),
  clusterRoleBinding('system:kube-controller-manager', user('system:kube-controller-manager')),
  clusterRoleBinding('system:kube-dns', systemAccount('kube-dns')),
  clusterRoleBinding('system:kube-scheduler', user('system:kube-scheduler')),
  clusterRoleBinding('system:volume-scheduler', user('system:kube-scheduler')),
  clusterRoleBinding('system:service-account-issuer-discovery', group('system:serviceaccounts')),
  // The node authorizer knows better than a role what an agent may do.
  clusterRoleBinding('system:node'),
];
