// metav1 types that travel beside the resources: Status, lists, watch events. (upstream: apimachinery meta/v1/types.go)
import { listMeta, objectMeta } from './object-meta.ts';
import { any, array, field, int32, object, required, string, types, type ObjectType } from './schema.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const apiVersion = string(0, { doc: 'APIVersion defines group and version of this object, for example apps/v1.' });
const kind = string(0, { doc: 'Name of the REST resource this object represents.' });

const statusCause = object('StatusCause', {
  reason: string(1, { doc: 'What is wrong, as one CamelCase word.' }),
  message: string(2, { doc: 'What is wrong, for people.' }),
  field: string(3, { doc: 'Path of the field at fault, for example metadata.labels.' }),
}, { package: meta, doc: 'One cause of a failure.' });

const statusDetails = object('StatusDetails', {
  name: string(1, { doc: 'Name of the object the answer is about.' }),
  group: string(2, { doc: 'Group of that object.' }),
  kind: string(3, { doc: 'Resource of that object.' }),
  uid: string(6, { doc: 'UID of that object.' }),
  causes: array(4, statusCause, { listType: 'atomic', doc: 'Every single fault.' }),
  retryAfterSeconds: int32(5, { doc: 'When trying again makes sense.' }),
}, { package: meta, doc: 'What a Status is about, and why.' });

export const statusType = object('Status', {
  apiVersion, kind,
  metadata: field(1, listMeta, { written: true, doc: 'Standard list metadata.' }),
  status: string(2, { doc: 'Success or Failure.' }),
  message: string(3, { doc: 'The outcome, for people.' }),
  reason: string(4, { doc: 'Why it failed, as one CamelCase word.' }),
  details: field(5, statusDetails, { doc: 'Details the reason defines.' }),
  code: int32(6, { doc: 'Suggested HTTP status.' }),
}, { package: meta, doc: 'Outcome of a call that returns no other object.' });

export const watchEventType = object('WatchEvent', {
  type: string(1, { required: true, doc: 'ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.' }),
  object: any(2, { required: true, doc: 'The object after the change; a Status when the type is ERROR.' }),
}, { package: meta, doc: 'One event of a watch.' });

/** v1 List: items of any kind. */
export const anyListType = object('List', {
  apiVersion, kind,
  metadata: field(1, listMeta, { written: true, doc: 'Standard list metadata.' }),
  items: array(2, types.any, { required: true, doc: 'Objects of any kind.' }),
}, { doc: 'Objects of any kind.' });

/** An object of any kind, of which only the metadata is told. */
export const partialObjectMetadataType = object('PartialObjectMetadata', {
  apiVersion, kind,
  metadata: field(1, objectMeta, { written: true, doc: "Standard object's metadata." }),
}, { package: meta, doc: 'The metadata of an object of any kind.' });

const lists = new WeakMap<ObjectType, ObjectType>();
/** The list of a kind: `PodList` for `Pod`. */
export function listTypeOf(item: ObjectType): ObjectType {
  let list = lists.get(item);
  if (!list) {
    list = object(`${item.name}List`, {
      apiVersion, kind,
      metadata: field(1, listMeta, { written: true, doc: 'Standard list metadata.' }),
      items: required(2, { kind: 'array', items: item }, { unchecked: true, doc: `The ${item.name} objects.` }),
    }, { package: item.package, doc: `A list of ${item.name} objects.` });
    lists.set(item, list);
  }
  return list;
}
