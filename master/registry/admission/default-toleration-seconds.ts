// Pods stay on a node that is not ready or unreachable for five minutes unless they say otherwise.
// (upstream: plugin/pkg/admission/defaulttolerationseconds)
import type { AdmissionPlugin } from './admission.ts';

interface Toleration { key?: string; operator?: string; effect?: string; tolerationSeconds?: number }
const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const seconds = 300;

export function defaultTolerationSeconds(): AdmissionPlugin {
  return {
    name: 'DefaultTolerationSeconds',
    mutate({ operation, resource, object }) {
      if (resource.group !== '' || resource.plural !== 'pods' || !object || operation !== 'CREATE') return;
      const spec = object['spec'] as { tolerations?: Toleration[] };
      for (const key of taints) {
        const tolerated = (spec.tolerations ?? []).some((t) => (!t.key || t.key === key) && (!t.effect || t.effect === 'NoExecute'));
        if (!tolerated) spec.tolerations = [...(spec.tolerations ?? []), { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }];
      }
    },
  };
}
