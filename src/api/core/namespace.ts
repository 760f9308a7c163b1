// Namespace: the scope names are unique in; deleting one deletes what it holds.
// upstream: pkg/registry/core/namespace/strategy.go, pkg/apis/core/validation/validation.go (ValidateNamespace)
import { invalid, type Fault } from '../../apimachinery/fault.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { array, field, object, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { cloneJson } from '../../util/json.ts';

/** Label every namespace carries with its own name, so that selectors can name it. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';
/** The finalizer in `spec.finalizers` that stands until the namespace is empty. */
export const namespaceFinalizer = 'kubernetes';

export const namespaceCondition = object('NamespaceCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Kind of condition, for example NamespaceContentRemaining.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastTransitionTime: time(4, { written: true, doc: 'When status last changed.' }),
  reason: string(5, { doc: 'One CamelCase word for the last change.' }),
  message: string(6, { doc: 'Text for people about the last change.' }),
}, { doc: 'One observed aspect of a namespace.' });
export interface NamespaceCondition extends FieldsValue<typeof namespaceCondition.fields> {}

export const namespaceSpec = object('NamespaceSpec', {
  finalizers: array(1, types.string, { listType: 'atomic', doc: 'Must be empty before the namespace is removed for good; changed only through /finalize.' }),
}, { doc: 'The namespace as it is wanted.' });
export interface NamespaceSpec extends FieldsValue<typeof namespaceSpec.fields> {}

export const namespaceStatus = object('NamespaceStatus', {
  phase: string(1, { default: 'Active', enum: ['Active', 'Terminating'], doc: 'Active, or Terminating while what it holds is deleted.' }),
  conditions: array(2, namespaceCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'What holds up the deletion.' }),
}, { doc: 'The namespace as it is.' });
export interface NamespaceStatus extends FieldsValue<typeof namespaceStatus.fields> {}

function labelWithName({ metadata }: ObjectHead): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, [namespaceNameLabel]: metadata.name };
}

/** Faults of `spec.finalizers`: each is standard or fully qualified. */
export const namespaceFinalizerFaults = (finalizers: readonly string[] | null | undefined): Fault[] => (finalizers ?? []).flatMap((finalizer) => {
  const path = 'spec.finalizers';
  const messages = isQualifiedName(finalizer);
  if (messages.length === 0 && !finalizer.includes('/') && finalizer !== namespaceFinalizer) messages.push('name is neither a standard finalizer name nor is it fully qualified');
  return messages.map((message) => invalid(path, finalizer, message));
});

function statusFaults({ metadata, status }: ObjectHead & { status: NamespaceStatus }): Fault[] {
  const terminating = Boolean(metadata.deletionTimestamp);
  if (status.phase === (terminating ? 'Terminating' : 'Active')) return [];
  return [invalid('status.Phase', status.phase, terminating ? "may only be 'Terminating' if `deletionTimestamp` is not empty" : "may only be 'Active' if `deletionTimestamp` is empty")];
}

export const Namespaces = defineResource({
  group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', shortNames: ['ns'], scope: 'Cluster', nameFormat: 'dns1123Label',
  doc: 'A scope for names. Most objects live in one, and go with it.',
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  fields: {
    spec: field(2, namespaceSpec, { written: true, doc: 'The namespace as it is wanted.' }),
    status: field(3, namespaceStatus, { written: true, doc: 'The namespace as it is.' }),
  },
  subresources: { status: true, others: [{ name: 'finalize', verbs: ['update'], kind: 'Namespace' }] },
  selectable: { 'status.phase': (namespace) => namespace.status.phase },
  defaults: labelWithName,
  prepareCreate: (namespace) => {
    labelWithName(namespace);
    namespace.status = { phase: 'Active' };
    const finalizers = namespace.spec.finalizers ?? [];
    if (!finalizers.includes(namespaceFinalizer)) namespace.spec.finalizers = [...finalizers, namespaceFinalizer];
  },
  prepareUpdate: (namespace, old) => { namespace.spec = cloneJson(old.spec); },
  validate: (namespace) => namespaceFinalizerFaults(namespace.spec.finalizers),
  validateStatus: statusFaults,
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'Phase of the namespace.', value: (namespace) => namespace.status.phase },
    ageColumn,
  ],
});
export interface Namespace extends ObjectOf<typeof Namespaces> {}
