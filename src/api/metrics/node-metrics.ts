// NodeMetrics: what a node uses, measured when it is asked for and never stored. (upstream: metrics-server pkg/api/node.go)
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { map, types } from '../../schema/schema.ts';
import { usageColumns, usageDoc, windowFields } from './usage.ts';

export const NodeMetricses = defineResource({
  group: 'metrics.k8s.io', version: 'v1beta1', kind: 'NodeMetrics', plural: 'nodes', singular: '', scope: 'Cluster', verbs: ['get', 'list'],
  doc: 'What a node uses.',
  fields: { ...windowFields, usage: map(4, types.quantity, usageDoc) },
  columns: usageColumns,
});
export interface NodeMetrics extends ObjectOf<typeof NodeMetricses> {}
