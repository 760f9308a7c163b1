// metrics.k8s.io/v1beta1, which `kubectl top` and the HorizontalPodAutoscaler read: served here, so that no add-on is needed.
// upstream: metrics-server pkg/api
import * as errors from '../../../src/apimachinery/status-error.ts';
import { formatDuration } from '../../../src/apimachinery/duration.ts';
import { formatQuantity } from '../../../src/apimachinery/quantity.ts';
import type { Node } from '../../../src/api/core/node.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { NodeMetricses } from '../../../src/api/metrics/node-metrics.ts';
import { PodMetricses } from '../../../src/api/metrics/pod-metrics.ts';
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import { timestamp } from '../../../src/util/clock.ts';
import type { Registry } from '../../registry/registry.ts';
import type { SubresourceHandler } from '../api-server.ts';
import { computedAnswer } from '../handlers/computed.ts';
import { selectionOf } from '../handlers/lists.ts';
import type { AdmittedRequest } from '../request.ts';
import type { NodeUsages } from './node-usage.ts';
import type { NodeUsage, Usage } from './points.ts';

const nanosPerUnit = 1_000_000_000n;
const quantities = ({ nanoCores, memory }: Usage): Record<string, string> => ({
  cpu: formatQuantity({ nanos: BigInt(nanoCores), format: 'DecimalSI' }), memory: formatQuantity({ nanos: BigInt(Math.round(memory)) * nanosPerUnit, format: 'BinarySI' }),
});
const measured = ({ at, windowMs }: Usage): { timestamp: string; window: string } => ({ timestamp: timestamp(at), window: formatDuration(windowMs) });

/** The objects measured, named or selected as those of `definition` would be. */
function asked<T>(registry: Registry, request: AdmittedRequest, definition: ResourceDefinition): T[] {
  const { name, namespace, resource } = request.info;
  const store = registry.find('', 'v1', resource)!;
  if (name !== '') return [store.get(definition.namespaced ? namespace : undefined, name).object as T];
  const selection = selectionOf(request, definition);
  return [...registry.cache.list(definition.namespaced && namespace ? `${store.prefix}${namespace}/` : store.prefix)].map((stored) => stored.object).filter((object) => selection.matches(object)) as T[];
}

const headOf = (definition: ResourceDefinition, { metadata: { name, namespace, labels } }: Node | Pod, now: number): Pick<ApiObject, 'kind' | 'apiVersion' | 'metadata'> =>
  ({ kind: definition.kind, apiVersion: definition.apiVersion, metadata: { name, ...(namespace ? { namespace } : {}), creationTimestamp: timestamp(now), ...(labels ? { labels } : {}) } as ApiObject['metadata'] });

function podMetrics(pod: Pod, node: NodeUsage | undefined, now: number): ApiObject | undefined {
  const containers = node?.pods.get(`${pod.metadata.namespace}/${pod.metadata.name}`);
  const oldest = containers && [...containers.values()].reduce((a, b) => (b.at < a.at ? b : a));
  if (!oldest) return undefined;
  return { ...headOf(PodMetricses, pod, now), ...measured(oldest), containers: [...containers].map(([name, usage]) => ({ name, usage: quantities(usage) })) };
}
const nodeMetrics = (node: Node, usage: Usage | undefined, now: number): ApiObject | undefined => usage && { ...headOf(NodeMetricses, node, now), ...measured(usage), usage: quantities(usage) };

export function resourceMetricsHandlers(usages: NodeUsages): Readonly<Record<string, SubresourceHandler>> {
  return {
    'metrics.k8s.io/nodes': async (request, context) => {
      const { clock } = context.registry;
      const nodes = asked<Node>(context.registry, request, NodeMetricses);
      const found = await usages.of(nodes.map((n) => n.metadata.name));
      const objects = nodes.flatMap((node) => nodeMetrics(node, found.get(node.metadata.name)?.node, clock.now()) ?? []);
      if (request.info.name !== '' && objects.length === 0) throw errors.notFound({ group: NodeMetricses.group, resource: NodeMetricses.plural }, request.info.name);
      return computedAnswer(request, context, objects);
    },
    'metrics.k8s.io/pods': async (request, context) => {
      const { clock } = context.registry;
      const pods = asked<Pod>(context.registry, request, PodMetricses).filter((pod) => pod.status?.phase === 'Running' && pod.spec.nodeName);
      const found = await usages.of(pods.map((pod) => pod.spec.nodeName!));
      const objects = pods.flatMap((pod) => podMetrics(pod, found.get(pod.spec.nodeName!), clock.now()) ?? []);
      const { namespace, name } = request.info;
      if (name !== '' && objects.length === 0) throw errors.notFound({ group: PodMetricses.group, resource: PodMetricses.plural }, `${namespace}/${name}`);
      return computedAnswer(request, context, objects);
    },
  };
}
