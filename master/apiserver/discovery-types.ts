// Documents of discovery as types, for their protobuf form: their JSON is built as it is. (upstream: apimachinery
// pkg/apis/meta/v1/generated.proto, api apidiscovery/v2/generated.proto, of which v2beta1 differs in nothing)
import { listMeta, objectMeta } from '../../src/schema/object-meta.ts';
import { array, arrayOf, boolean, field, object, string, types, type ObjectType } from '../../src/schema/schema.ts';

const serverAddress = object('ServerAddressByClientCIDR', { clientCIDR: string(1), serverAddress: string(2) });
const groupVersion = object('GroupVersionForDiscovery', { groupVersion: string(1), version: string(2) });
const groupVersionKind = object('GroupVersionKind', { group: string(1), version: string(2), kind: string(3) });

const apiVersions = object('APIVersions', { versions: array(1, types.string), serverAddressByClientCIDRs: array(2, serverAddress) });
const apiGroup = object('APIGroup', { name: string(1), versions: array(2, groupVersion), preferredVersion: field(3, groupVersion, { written: true }), serverAddressByClientCIDRs: array(4, serverAddress) });
const apiResource = object('APIResource', {
  name: string(1), namespaced: boolean(2), kind: string(3), verbs: array(4, arrayOf(types.string)), shortNames: array(5, types.string), singularName: string(6), categories: array(7, types.string), group: string(8),
  version: string(9), storageVersionHash: string(10),
});

const subresource = object('APISubresourceDiscovery', { subresource: string(1), responseKind: field(2, groupVersionKind), acceptedTypes: array(3, groupVersionKind), verbs: array(4, types.string) });
const resource = object('APIResourceDiscovery', {
  resource: string(1), responseKind: field(2, groupVersionKind), scope: string(3), singularResource: string(4), verbs: array(5, types.string), shortNames: array(6, types.string), categories: array(7, types.string),
  subresources: array(8, subresource),
});
const version = object('APIVersionDiscovery', { version: string(1), resources: array(2, resource), freshness: string(3) });
const group = object('APIGroupDiscovery', { metadata: field(1, objectMeta, { written: true }), versions: array(2, version) });
const groups = object('APIGroupDiscoveryList', { metadata: field(1, listMeta, { written: true }), items: array(2, group) });
const resources = object('APIResourceList', { groupVersion: string(1), resources: array(2, apiResource) });

/** By `apiVersion/kind`; what the core group is told of has no version. */
export const discoveryTypes: ReadonlyMap<string, ObjectType> = new Map<string, ObjectType>([
  ['/APIVersions', apiVersions], ['v1/APIGroup', apiGroup], ['v1/APIGroupList', object('APIGroupList', { groups: array(1, apiGroup) })], ['/APIResourceList', resources], ['v1/APIResourceList', resources],
  ['apidiscovery.k8s.io/v2/APIGroupDiscoveryList', groups], ['apidiscovery.k8s.io/v2beta1/APIGroupDiscoveryList', groups],
]);

/** A document as its type has it: the verbs of a resource are a message of their own on the wire, a list in a list here. */
export function wireForm(document: unknown): unknown {
  const { kind, resources: listed } = document as { kind?: string; resources?: { verbs: string[] }[] };
  return kind === 'APIResourceList' ? { ...(document as object), resources: listed?.map((one) => ({ ...one, verbs: [one.verbs] })) } : document;
}
