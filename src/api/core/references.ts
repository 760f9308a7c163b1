// Small reference types that Pods, volumes and the other core kinds share (upstream: staging/src/k8s.io/api/core/v1/types.go).
import { child, duplicate, index, required, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Subdomain, isQualifiedName } from '../../apimachinery/names.ts';
import { array, boolean, embed, object, quantity, string, types, type FieldsValue } from '../../schema/schema.ts';
import { messages } from '../value-faults.ts';

export const localObjectReference = object('LocalObjectReference', {
  name: string(1, { tellsDefault: true, doc: 'Name of the object in the same namespace.' }),
}, { atomic: true, doc: 'Names an object in the same namespace.' });
export interface LocalObjectReference extends FieldsValue<typeof localObjectReference.fields> {}

export const objectReference = object('ObjectReference', {
  kind: string(1, { doc: 'Kind of the object.' }),
  namespace: string(2, { doc: 'Namespace of the object.' }),
  name: string(3, { doc: 'Name of the object.' }),
  uid: string(4, { doc: 'UID of the object.' }),
  apiVersion: string(5, { doc: 'API version of the object.' }),
  resourceVersion: string(6, { doc: 'Version of the object the reference was made to.' }),
  fieldPath: string(7, { doc: 'Part of the object that is meant, for example spec.containers{web}.' }),
}, { atomic: true, doc: 'Points at any object, or at a part of it.' });
export interface ObjectReference extends FieldsValue<typeof objectReference.fields> {}

export const secretReference = object('SecretReference', {
  name: string(1, { doc: 'Name of the Secret.' }),
  namespace: string(2, { doc: 'Namespace of the Secret.' }),
}, { atomic: true, doc: 'Names a Secret in any namespace.' });
export interface SecretReference extends FieldsValue<typeof secretReference.fields> {}

export const typedLocalObjectReference = object('TypedLocalObjectReference', {
  apiGroup: string(1, { pointer: true, written: true, doc: 'API group of the object; empty for the core group.' }),
  kind: string(2, { required: true, doc: 'Kind of the object.' }),
  name: string(3, { required: true, doc: 'Name of the object.' }),
}, { atomic: true, doc: 'Names an object of any kind in the same namespace.' });
export interface TypedLocalObjectReference extends FieldsValue<typeof typedLocalObjectReference.fields> {}

export const typedObjectReference = object('TypedObjectReference', {
  apiGroup: string(1, { pointer: true, written: true, doc: 'API group of the object; empty for the core group.' }),
  kind: string(2, { required: true, doc: 'Kind of the object.' }),
  name: string(3, { required: true, doc: 'Name of the object.' }),
  namespace: string(4, { pointer: true, doc: 'Namespace of the object when it is another one; needs a ReferenceGrant there.' }),
}, { doc: 'Names an object of any kind, possibly in another namespace.' });
export interface TypedObjectReference extends FieldsValue<typeof typedObjectReference.fields> {}

/** The embedded reference has an optional name, but these uses need one. */
export const nameRequired = (value: { name?: string }, path: string): Fault[] => (value.name ? [] : [required(child(path, 'name'))]);
/** As above, and the name has the form of one. */
export const nameFaults = (value: { name?: string }, path: string): Fault[] => (value.name ? subdomainFaults(value, path) : nameRequired(value, path));
/** An empty name is a malformed one here, not a missing one. */
const subdomainFaults = ({ name = '' }: { name?: string }, path: string): Fault[] => messages(child(path, 'name'), name, isDNS1123Subdomain(name));

export const configMapKeySelector = object('ConfigMapKeySelector', {
  ...embed(1, localObjectReference),
  key: string(2, { required: true, format: 'configMapKey', doc: 'Key of the entry to take.' }),
  optional: boolean(3, { pointer: true, doc: 'True when the ConfigMap or the key may be missing.' }),
}, { atomic: true, doc: 'Selects one entry of a ConfigMap.', validate: subdomainFaults });

export const secretKeySelector = object('SecretKeySelector', {
  ...embed(1, localObjectReference),
  key: string(2, { required: true, format: 'configMapKey', doc: 'Key of the entry to take.' }),
  optional: boolean(3, { pointer: true, doc: 'True when the Secret or the key may be missing.' }),
}, { atomic: true, doc: 'Selects one entry of a Secret.', validate: subdomainFaults });

export const objectFieldSelector = object('ObjectFieldSelector', {
  apiVersion: string(1, { default: 'v1', doc: 'Version of the schema fieldPath is written in.' }),
  fieldPath: string(2, { required: true, doc: 'Path of the field, for example metadata.name.' }),
}, { atomic: true, doc: 'Selects one field of the object.' });
export interface ObjectFieldSelector extends FieldsValue<typeof objectFieldSelector.fields> {}

export const resourceFieldSelector = object('ResourceFieldSelector', {
  containerName: string(1, { doc: 'Container whose resources are meant; needed in volumes, optional in env.' }),
  resource: string(2, { required: true, doc: 'Resource to read, for example limits.cpu.' }),
  divisor: quantity(3, { written: true, doc: 'Unit the value is expressed in; 1 when zero.' }),
}, { atomic: true, doc: 'Selects a resource limit or request of a container.' });
export interface ResourceFieldSelector extends FieldsValue<typeof resourceFieldSelector.fields> {}

export const topologySelectorLabelRequirement = object('TopologySelectorLabelRequirement', {
  key: string(1, { required: true, unchecked: true, doc: 'Label key.' }),
  values: array(2, types.string, {
    required: true, doc: 'One of these values must match the label.',
    validate: (values, path) => values.flatMap((value, i) => (values.indexOf(value) < i ? [duplicate(index(path, i), value)] : [])),
  }),
}, { doc: 'Matches nodes by one label.', validate: ({ key }, path) => messages(child(path, 'key'), key, isQualifiedName(key)) });

export const topologySelectorTerm = object('TopologySelectorTerm', {
  matchLabelExpressions: array(1, topologySelectorLabelRequirement, {
    doc: 'Label requirements; all must hold.',
    validate: (list, path) => list.flatMap(({ key }, i) => (list.findIndex((one) => one.key === key) < i ? [duplicate(child(index(path, i), 'key'), key)] : [])),
  }),
}, { atomic: true, doc: 'Restricts where a volume may be made; an empty term matches nothing.' });
export interface TopologySelectorTerm extends FieldsValue<typeof topologySelectorTerm.fields> {}
