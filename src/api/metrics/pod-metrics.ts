// PodMetrics: what the containers of a Pod use, measured when it is asked for and never stored. (upstream: metrics-server pkg/api/pod.go)
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, map, object, string, types } from '../../schema/schema.ts';
import { usageColumns, usageDoc, windowFields } from './usage.ts';

const containerMetrics = object('ContainerMetrics', {
  name: string(1, { required: true, doc: 'The container.' }),
  usage: map(2, types.quantity, usageDoc),
}, { package: 'io.k8s.metrics.pkg.apis.metrics.v1beta1', doc: 'What a container uses.' });

export const PodMetricses = defineResource({
  group: 'metrics.k8s.io', version: 'v1beta1', kind: 'PodMetrics', plural: 'pods', singular: '', scope: 'Namespaced', verbs: ['get', 'list'],
  doc: 'What a Pod uses.',
  fields: { ...windowFields, containers: array(4, containerMetrics, { listType: 'atomic', doc: 'What each container uses.' }) },
  columns: usageColumns,
});
export interface PodMetrics extends ObjectOf<typeof PodMetricses> {}
