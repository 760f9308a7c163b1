// metav1.ObjectMeta and the types every object's metadata is made of (upstream: apimachinery meta/v1/types.go).
import { labelSelectorFaults } from './label-selector-validation.ts';
import { array, boolean, fieldsV1, int64, map, object, string, time, types, type FieldsValue } from './schema.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

const ownerReference = object('OwnerReference', {
  apiVersion: string(5, { required: true, doc: 'API version of the owner.' }),
  kind: string(1, { required: true, doc: 'Kind of the owner.' }),
  name: string(3, { required: true, doc: 'Name of the owner.' }),
  uid: string(4, { required: true, doc: 'UID of the owner.' }),
  controller: boolean(6, { pointer: true, doc: 'True when the owner is the managing controller.' }),
  blockOwnerDeletion: boolean(7, { pointer: true, doc: 'True when foreground deletion of the owner waits for this object.' }),
}, { package: meta, atomic: true, doc: 'Points from a dependent object to its owner, in the same namespace or cluster-scoped.' });
export type OwnerReference = FieldsValue<typeof ownerReference.fields>;

const managedFieldsEntry = object('ManagedFieldsEntry', {
  manager: string(1, { doc: 'Who manages these fields.' }),
  operation: string(2, { doc: 'Apply or Update.' }),
  apiVersion: string(3, { doc: 'Version of the resource the field set belongs to.' }),
  time: time(4, { doc: 'When the entry was added or its fields last changed.' }),
  fieldsType: string(6, { doc: 'Format of fieldsV1; only FieldsV1 exists.' }),
  fieldsV1: fieldsV1(7, { doc: 'The fields this manager owns.' }),
  subresource: string(8, { doc: 'Subresource the change went through, empty for the object itself.' }),
}, { package: meta, doc: 'The fields one manager owns, and how it came to own them.' });

export const objectMeta = object('ObjectMeta', {
  name: string(1, { doc: 'Name, unique within the namespace for a kind; cannot be changed.' }),
  generateName: string(2, { doc: 'Prefix of a name the server completes when name is empty.' }),
  namespace: string(3, { doc: 'Namespace the name is unique in; empty for cluster-scoped objects.' }),
  selfLink: string(4, { doc: 'No longer filled.' }),
  uid: string(5, { doc: 'Unique in time and space; set by the server.' }),
  resourceVersion: string(6, { doc: 'Opaque version of the stored object, for optimistic locking and watches.' }),
  generation: int64(7, { doc: 'Sequence number of the desired state; set by the server.' }),
  creationTimestamp: time(8, { written: true, doc: 'CreationTimestamp is a timestamp of when the server created the object.' }),
  deletionTimestamp: time(9, { pointer: true, doc: 'When the object is to be gone; set by the server on a graceful delete.' }),
  deletionGracePeriodSeconds: int64(10, { pointer: true, doc: 'Seconds the object may take to end; set with deletionTimestamp.' }),
  labels: map(11, types.string, { doc: 'Keys and values to organise and select objects by.' }),
  annotations: map(12, types.string, { doc: 'Keys and values that tools attach; not selectable.' }),
  ownerReferences: array(13, ownerReference, { listType: 'map', keys: ['uid'], patchStrategy: 'merge', patchMergeKey: 'uid', doc: 'Objects this one depends on; when all are gone it is collected.' }),
  finalizers: array(14, types.string, { listType: 'set', patchStrategy: 'merge', doc: 'Must be empty before the object leaves the store.' }),
  // An empty list is not an absent one: it resets who manages what.
  managedFields: array(17, managedFieldsEntry, { pointer: true, listType: 'atomic', doc: 'Which manager owns which fields.' }),
}, { package: meta, doc: 'Metadata every persisted object has.' });

/** Metadata of an object the server returned: the fields it always fills are present. */
export interface ObjectMeta extends Omit<FieldsValue<typeof objectMeta.fields>, 'name' | 'uid' | 'resourceVersion' | 'creationTimestamp'> {
  name: string; uid: string; resourceVersion: string; creationTimestamp: string | null;
}
/** Metadata of a template: labels and annotations count. */
export type TemplateMeta = FieldsValue<typeof objectMeta.fields>;

export const listMeta = object('ListMeta', {
  selfLink: string(1, { doc: 'No longer filled.' }),
  resourceVersion: string(2, { doc: 'Version of the list as a whole; watches start here.' }),
  continue: string(3, { doc: 'Token for the next page.' }),
  remainingItemCount: int64(4, { pointer: true, doc: 'How many items follow this page, when known.' }),
}, { package: meta, doc: 'Metadata of a list.' });

export const labelSelectorRequirement = object('LabelSelectorRequirement', {
  key: string(1, { required: true, unchecked: true, doc: 'Label key.' }),
  operator: string(2, { required: true, unchecked: true, doc: 'In, NotIn, Exists or DoesNotExist.' }),
  values: array(3, types.string, { listType: 'atomic', doc: 'Values for In and NotIn.' }),
}, { package: meta, doc: 'One condition on a label.' });

export const labelSelector = object('LabelSelector', {
  matchLabels: map(1, types.string, { doc: 'Labels that must be equal.' }),
  matchExpressions: array(2, labelSelectorRequirement, { listType: 'atomic', doc: 'Further conditions; all must hold.' }),
}, { package: meta, atomic: true, doc: 'Selects objects by labels; empty matches all.', validate: labelSelectorFaults });
export type LabelSelector = FieldsValue<typeof labelSelector.fields>;

export const condition = object('Condition', {
  type: string(1, { required: true, doc: 'Kind of condition.' }),
  status: string(2, { required: true, doc: 'True, False or Unknown.' }),
  observedGeneration: int64(3, { doc: 'Generation the condition was set for.' }),
  lastTransitionTime: time(4, { required: true, unchecked: true, doc: 'When status last changed.' }),
  reason: string(5, { required: true, doc: 'One CamelCase word.' }),
  message: string(6, { required: true, unchecked: true, doc: 'Text for people.' }),
}, { package: meta, doc: 'One observed aspect of an object.' });
export type Condition = FieldsValue<typeof condition.fields>;
