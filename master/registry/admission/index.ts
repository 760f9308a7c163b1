// The admission chain, in order. (upstream: pkg/kubeapiserver/options/plugins.go)
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin } from './admission.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { priority } from './priority.ts';
import { serviceAccount } from './service-account.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

export const admissionPlugins = (registry: Registry): readonly AdmissionPlugin[] => [
  namespaceLifecycle(registry),
  serviceAccount(registry),
  nodeRestriction(registry),
  taintNodesByCondition(),
  priority(),
  defaultTolerationSeconds(),
];
