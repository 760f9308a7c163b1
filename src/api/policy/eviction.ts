// Eviction: the body of pods/eviction, a delete that honours disruption budgets.
// upstream: staging/src/k8s.io/api/policy/v1/types.go
import { deleteOptions } from '../../schema/delete-options.ts';
import { objectMeta } from '../../schema/object-meta.ts';
import { field, object, string } from '../../schema/schema.ts';

export const evictionType = object('Eviction', {
  apiVersion: string(0, { doc: 'policy/v1.' }),
  kind: string(0, { doc: 'Eviction.' }),
  metadata: field(1, objectMeta, { written: true, doc: 'Metadata of the Pod that is evicted.' }),
  deleteOptions: field(2, deleteOptions, { doc: 'Options of the delete.' }),
}, { package: 'io.k8s.api.policy.v1', doc: 'Evicts a Pod from its node as disruption budgets allow.' });
