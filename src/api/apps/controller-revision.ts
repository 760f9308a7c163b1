// ControllerRevision: one immutable snapshot of a controller's state, to roll back to.
// upstream: pkg/apis/apps/validation/validation.go (ValidateControllerRevision)
import { controllerOf } from '../../apimachinery/owners.ts';
import { required } from '../../apimachinery/fault.ts';
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { any, int64 } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';

function controllerText({ metadata }: ObjectHead): string {
  const controller = controllerOf({ metadata: { ownerReferences: metadata.ownerReferences ?? [] } });
  if (!controller) return '<none>';
  const group = controller.apiVersion.includes('/') ? `.${controller.apiVersion.split('/')[0]}` : '';
  return `${controller.kind}${group}`.toLowerCase() + `/${controller.name}`;
}

export const ControllerRevisions = defineResource({
  group: 'apps', version: 'v1', kind: 'ControllerRevision', plural: 'controllerrevisions', scope: 'Namespaced',
  doc: 'A snapshot of the state of a controller such as a StatefulSet or DaemonSet, kept to roll back to.',
  fields: {
    data: any(2, { written: true, immutable: true, doc: 'The snapshot, in a form its controller knows.' }),
    revision: int64(3, { required: true, unchecked: true, minimum: 0, doc: 'Number of the snapshot, growing.' }),
  },
  validate: (revision) => (revision.data === null || revision.data === undefined ? [required('data', 'data is mandatory')] : []),
  columns: [
    nameColumn,
    { name: 'Controller', type: 'string', description: 'The controller the snapshot is of.', value: controllerText },
    { name: 'Revision', type: 'string', description: 'Number of the snapshot.', value: ({ revision }) => revision },
    ageColumn,
  ],
});
export interface ControllerRevision extends ObjectOf<typeof ControllerRevisions> {}
