// Binding: the body of pods/binding, by which a scheduler puts a Pod on a node.
// upstream: staging/src/k8s.io/api/core/v1/types.go
import { objectMeta } from '../../schema/object-meta.ts';
import { field, object, required, string } from '../../schema/schema.ts';
import { objectReference } from './references.ts';

export const bindingType = object('Binding', {
  apiVersion: string(0, { doc: 'v1.' }),
  kind: string(0, { doc: 'Binding.' }),
  metadata: field(1, objectMeta, { written: true, doc: 'Metadata of the Pod: its name, and its UID when only that Pod is meant.' }),
  target: required(2, objectReference, { doc: 'The node the Pod goes to.' }),
}, { doc: 'Puts one object on another, for example a Pod on a node.' });
