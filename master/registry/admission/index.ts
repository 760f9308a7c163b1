// The admission chain, in order. (upstream: pkg/kubeapiserver/options/plugins.go)
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin } from './admission.ts';
import { certificateSubjectRestriction } from './certificate-subject-restriction.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import type { AdmissionPolicies } from './policies/index.ts';
import { podSecurity } from './pod-security/index.ts';
import { priority } from './priority.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';
import type { AdmissionWebhooks } from './webhooks/index.ts';

export const admissionPlugins = (registry: Registry, webhooks: AdmissionWebhooks, policies: AdmissionPolicies): readonly AdmissionPlugin[] => [
  namespaceLifecycle(registry),
  limitRanger(registry),
  serviceAccount(registry),
  nodeRestriction(registry),
  taintNodesByCondition(),
  podSecurity(registry),
  priority(registry),
  defaultTolerationSeconds(),
  defaultStorageClass(registry),
  storageObjectInUseProtection(),
  persistentVolumeClaimResize(registry),
  runtimeClass(registry),
  certificateSubjectRestriction(),
  defaultIngressClass(registry),
  // After all others that may change an object, and after all that may refuse it but the one that charges.
  webhooks.mutating,
  policies.validating,
  webhooks.validating,
  // Charges last: what another plugin refuses is not charged.
  resourceQuota(registry),
];
