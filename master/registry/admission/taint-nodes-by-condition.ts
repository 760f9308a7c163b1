// A new Node starts out tainted as not ready, so that nothing is scheduled before the node controller has seen it ready.
// (upstream: plugin/pkg/admission/nodetaint)
import type { AdmissionPlugin } from './admission.ts';

interface Taint { key: string; effect: string }
const notReady: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

export function taintNodesByCondition(): AdmissionPlugin {
  return {
    name: 'TaintNodesByCondition',
    mutate({ operation, resource, object }) {
      if (operation !== 'CREATE' || resource.group !== '' || resource.plural !== 'nodes' || !object) return;
      const spec = object['spec'] as { taints?: Taint[] };
      if (!spec.taints?.some((t) => t.key === notReady.key && t.effect === notReady.effect)) spec.taints = [...(spec.taints ?? []), { ...notReady }];
    },
  };
}
