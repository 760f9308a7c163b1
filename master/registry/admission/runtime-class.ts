// What a Pod's RuntimeClass brings along: what the runtime itself needs, and where it can run.
// upstream: plugin/pkg/admission/runtimeclass/admission.go
import * as errors from '../../../src/apimachinery/status-error.ts';
import { equalLists } from '../../../src/apimachinery/resource-list.ts';
import type { RuntimeClass } from '../../../src/api/node/runtime-class.ts';
import { cloneJson, equalJson } from '../../../src/util/json.ts';
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

interface Spec { runtimeClassName?: string; overhead?: Record<string, string>; nodeSelector?: Record<string, string>; tolerations?: object[] }

export function runtimeClass(registry: Registry): AdmissionPlugin {
  const concerns = ({ operation, resource, object, subresource }: AdmissionRequest): boolean => operation === 'CREATE' && subresource === '' && resource.group === '' && resource.plural === 'pods' && object !== undefined;
  const refusal = ({ name }: AdmissionRequest, why: string): errors.StatusError => errors.forbidden({ group: '', resource: 'pods' }, name, why);
  function classOf(request: AdmissionRequest): RuntimeClass | undefined {
    const { runtimeClassName } = request.object!['spec'] as Spec;
    if (runtimeClassName === undefined) return undefined;
    const found = registry.find('node.k8s.io', 'v1', 'runtimeclasses')?.find(undefined, runtimeClassName);
    if (!found) throw refusal(request, `pod rejected: RuntimeClass "${runtimeClassName}" not found`);
    return found.object as unknown as RuntimeClass;
  }
  const otherOverhead = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

  return {
    name: 'RuntimeClass',
    mutate(request) {
      if (!concerns(request)) return;
      const found = classOf(request);
      const spec = request.object!['spec'] as Spec;
      if (found?.overhead) {
        const podFixed = found.overhead.podFixed ?? {};
        if (spec.overhead && !equalLists(podFixed, spec.overhead)) throw refusal(request, otherOverhead);
        spec.overhead = { ...podFixed };
      }
      if (!found?.scheduling) return;
      const { nodeSelector = {}, tolerations = [] } = found.scheduling;
      for (const [key, value] of Object.entries(nodeSelector)) {
        const own = spec.nodeSelector?.[key];
        if (own !== undefined && own !== value) throw refusal(request, `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`);
      }
      if (Object.keys(nodeSelector).length) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
      const added = tolerations.filter((toleration) => !spec.tolerations?.some((own) => equalJson(own, toleration)));
      if (added.length) spec.tolerations = [...(spec.tolerations ?? []), ...cloneJson(added as object[])];
    },
    validate(request) {
      if (!concerns(request)) return;
      const { overhead } = request.object!['spec'] as Spec;
      const defined = classOf(request)?.overhead;
      if (defined && !equalLists(defined.podFixed ?? {}, overhead ?? {})) throw refusal(request, otherOverhead);
      if (!defined && overhead) throw refusal(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    },
  };
}
