// ComponentStatus: how the parts of the control plane are. Computed when it is asked for, never stored; upstream calls it deprecated.
// upstream: pkg/registry/core/componentstatus/rest.go
import { findCondition } from '../../apimachinery/conditions.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, object, string } from '../../schema/schema.ts';
import { nameColumn } from '../table-columns.ts';

export const componentCondition = object('ComponentCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Healthy.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  message: string(3, { doc: 'What the component says.' }),
  error: string(4, { doc: 'Why it could not be asked.' }),
}, { doc: 'One observed aspect of a component.' });

const words: Readonly<Record<string, string>> = { True: 'Healthy', False: 'Unhealthy' };

export const ComponentStatuses = defineResource({
  group: '', version: 'v1', kind: 'ComponentStatus', plural: 'componentstatuses', shortNames: ['cs'], scope: 'Cluster', verbs: ['get', 'list'],
  doc: 'How a part of the control plane is. Deprecated.',
  fields: { conditions: array(2, componentCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the component.' }) },
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'Healthy, Unhealthy or Unknown.', value: ({ conditions }) => { const healthy = findCondition(conditions, 'Healthy'); return healthy ? words[healthy.status] ?? 'Unhealthy' : 'Unknown'; } },
    { name: 'Message', type: 'string', description: 'What the component says.', value: ({ conditions }) => findCondition(conditions, 'Healthy')?.message ?? '' },
    { name: 'Error', type: 'string', description: 'Why it could not be asked.', value: ({ conditions }) => findCondition(conditions, 'Healthy')?.error ?? '' },
  ],
});
export interface ComponentStatus extends ObjectOf<typeof ComponentStatuses> {}
