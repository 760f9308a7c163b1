// Documents of discovery as types, for their protobuf form: their JSON is built as it is. (upstream: apimachinery
// pkg/apis/meta/v1/generated.proto, api apidiscovery/v2/generated.proto, of which v2beta1 differs in nothing)
import { apiGroup, apiGroupList, apiResource, apiResourceList, apiVersions } from '../../src/schema/discovery-types.ts';
import { listMeta, objectMeta } from '../../src/schema/object-meta.ts';
import { array, arrayOf, field, object, string, types, type ObjectType } from '../../src/schema/schema.ts';

const groupVersionKind = object('GroupVersionKind', { group: string(1), version: string(2), kind: string(3) });

// The verbs of a resource are a message of their own on the wire.
const wireResource = object('APIResource', { ...apiResource.fields, verbs: array(4, arrayOf(types.string)) });

const subresource = object('APISubresourceDiscovery', { subresource: string(1), responseKind: field(2, groupVersionKind), acceptedTypes: array(3, groupVersionKind), verbs: array(4, types.string) });
const resource = object('APIResourceDiscovery', {
  resource: string(1), responseKind: field(2, groupVersionKind), scope: string(3), singularResource: string(4), verbs: array(5, types.string), shortNames: array(6, types.string), categories: array(7, types.string),
  subresources: array(8, subresource),
});
const version = object('APIVersionDiscovery', { version: string(1), resources: array(2, resource), freshness: string(3) });
const group = object('APIGroupDiscovery', { metadata: field(1, objectMeta, { written: true }), versions: array(2, version) });
const groups = object('APIGroupDiscoveryList', { metadata: field(1, listMeta, { written: true }), items: array(2, group) });
const resources = object('APIResourceList', { ...apiResourceList.fields, resources: array(2, wireResource) });

/** By `apiVersion/kind`; what the core group is told of has no version. */
export const discoveryTypes: ReadonlyMap<string, ObjectType> = new Map<string, ObjectType>([
  ['/APIVersions', apiVersions], ['v1/APIGroup', apiGroup], ['v1/APIGroupList', apiGroupList], ['/APIResourceList', resources], ['v1/APIResourceList', resources],
  ['apidiscovery.k8s.io/v2/APIGroupDiscoveryList', groups], ['apidiscovery.k8s.io/v2beta1/APIGroupDiscoveryList', groups],
]);

/** A document as its type has it: the verbs of a resource are a message of their own on the wire, a list in a list here. */
export function wireForm(document: unknown): unknown {
  const { kind, resources: listed } = document as { kind?: string; resources?: { verbs: string[] }[] };
  return kind === 'APIResourceList' ? { ...(document as object), resources: listed?.map((one) => ({ ...one, verbs: [one.verbs] })) } : document;
}
