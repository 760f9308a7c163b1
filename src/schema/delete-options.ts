// metav1.DeleteOptions: the body of a DELETE. (upstream: apimachinery meta/v1/types.go)
import { array, boolean, field, int64, object, string, types } from './schema.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

const preconditions = object('Preconditions', {
  uid: string(1, { pointer: true, doc: 'The object must have this UID.' }),
  resourceVersion: string(2, { pointer: true, doc: 'The object must have this resourceVersion.' }),
}, { package: meta, doc: 'What must hold before a write is carried out.' });

export const deleteOptions = object('DeleteOptions', {
  apiVersion: string(0, { doc: 'Version of these options.' }),
  kind: string(0, { doc: 'DeleteOptions.' }),
  gracePeriodSeconds: int64(1, { pointer: true, doc: 'Seconds the object may take to end; 0 ends it at once.' }),
  preconditions: field(2, preconditions, { doc: 'What must hold before the object is deleted.' }),
  orphanDependents: boolean(3, { pointer: true, doc: 'Deprecated form of propagationPolicy.' }),
  propagationPolicy: string(4, { pointer: true, doc: 'What becomes of dependents: Orphan, Background or Foreground.' }),
  dryRun: array(5, types.string, { listType: 'atomic', doc: 'All: nothing is stored.' }),
  ignoreStoreReadErrorWithClusterBreakingPotential: boolean(6, { pointer: true, doc: 'Delete even what can no longer be read.' }),
}, { package: meta, doc: 'Options of a delete.' });
