// What this master's controllers do beyond upstream's roles: controllers upstream does not have, and status written by patch where
// upstream updates it, or the other way round; and the role of an API upstream leaves to an add-on. Data only.
import type { PolicyRule } from '../../src/api/rbac/policy-rule.ts';
import { clusterRole, clusterRoleBinding, events, read, rule, systemAccount, type PolicyBinding, type PolicyRole } from './policy.ts';

const rulesByController: Readonly<Record<string, readonly PolicyRule[]>> = {
  'apiservice-autoregister-controller': [rule('create update delete', 'apiregistration.k8s.io', 'apiservices'), events],
  'apiservice-availability-controller': [rule('update', 'apiregistration.k8s.io', 'apiservices/status'), events],
  'cluster-authentication-trust-controller': [rule('create update', 'core', 'configmaps'), events],
  'clusterrole-aggregation-controller': [events],
  'crd-finalizer': [rule('patch', 'apiextensions.k8s.io', 'customresourcedefinitions'), rule('update', 'apiextensions.k8s.io', 'customresourcedefinitions/status'), rule('list deletecollection', '*', '*'), events],
  'crd-naming-condition-controller': [rule('update', 'apiextensions.k8s.io', 'customresourcedefinitions/status'), events],
  'deployment-controller': [rule('patch', 'apps', 'deployments/status')],
  'event-ttl-controller': [rule('get delete', 'core events.k8s.io', 'events'), events],
  'flow-schema-controller': [rule('patch', 'flowcontrol.apiserver.k8s.io', 'flowschemas/status'), events],
  'ip-address-controller': [rule('get create update delete', 'networking.k8s.io', 'ipaddresses'), events],
  'local-path-provisioner': [rule('get create update patch delete', 'core', 'persistentvolumes'), rule('get update patch', 'core', 'persistentvolumeclaims'), events],
  'namespace-controller': [events],
  'pod-garbage-collector': [rule('update', 'core', 'pods/status'), events],
};

const prefix = 'dray:controller:';
export const ownRoles: readonly PolicyRole[] = [
  ...Object.entries(rulesByController).map(([name, rules]) => clusterRole(`${prefix}${name}`, rules)),
  // As metrics-server brings it, whose API is served here.
  clusterRole('system:aggregated-metrics-reader', [rule(read, 'metrics.k8s.io', 'nodes pods')], 'view', 'edit', 'admin'),
];
export const ownRoleBindings: readonly PolicyBinding[] = Object.keys(rulesByController).map((name) => clusterRoleBinding(`${prefix}${name}`, systemAccount(name)));
