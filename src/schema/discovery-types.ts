// What discovery answers, as types: for OpenAPI, and for the protobuf form of answers. (upstream: apimachinery pkg/apis/meta/v1/types.go, pkg/version/types.go)
import { array, boolean, field, object, string, types } from './schema.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const told = { required: true, unchecked: true } as const;
/** Of what has a kind but no metadata. */
const typeMeta = {
  apiVersion: string(0, { doc: 'Group and version of this object.' }),
  kind: string(0, { doc: 'Kind of this object.' }),
};

const serverAddressByClientCIDR = object('ServerAddressByClientCIDR', {
  clientCIDR: string(1, { ...told, doc: 'Range of addresses clients come from.' }),
  serverAddress: string(2, { ...told, doc: 'Address at which such clients reach the server, with its port.' }),
}, { package: meta, doc: 'Which address of the server clients use.' });
const addresses = { listType: 'atomic', doc: 'Which address of the server clients use; the one they came by when empty.' } as const;

const groupVersionForDiscovery = object('GroupVersionForDiscovery', {
  groupVersion: string(1, { ...told, doc: 'Group and version, for example apps/v1.' }),
  version: string(2, { ...told, doc: 'The version alone.' }),
}, { package: meta, doc: 'A version of a group.' });

export const apiVersions = object('APIVersions', {
  ...typeMeta,
  versions: array(1, types.string, { ...told, listType: 'atomic', doc: 'Versions of the core group.' }),
  serverAddressByClientCIDRs: array(2, serverAddressByClientCIDR, { ...told, ...addresses }),
}, { package: meta, doc: 'Versions of the core group.' });

export const apiGroup = object('APIGroup', {
  ...typeMeta,
  name: string(1, { ...told, doc: 'Name of the group.' }),
  versions: array(2, groupVersionForDiscovery, { ...told, listType: 'atomic', doc: 'Versions that are served.' }),
  preferredVersion: field(3, groupVersionForDiscovery, { written: true, doc: 'The version the server would choose.' }),
  serverAddressByClientCIDRs: array(4, serverAddressByClientCIDR, addresses),
}, { package: meta, doc: 'A group of resources and its versions.' });

export const apiGroupList = object('APIGroupList', { ...typeMeta, groups: array(1, apiGroup, { ...told, listType: 'atomic', doc: 'The groups.' }) }, { package: meta, doc: 'All groups but the core one.' });

export const apiResource = object('APIResource', {
  name: string(1, { ...told, doc: 'Name in paths, in the plural; with that of a subresource behind it.' }),
  singularName: string(6, { ...told, doc: 'Name in the singular.' }),
  namespaced: boolean(2, { ...told, doc: 'Whether its objects are in namespaces.' }),
  group: string(8, { doc: 'Group of the kind, where it is not that of the list.' }),
  version: string(9, { doc: 'Version of the kind, where it is not that of the list.' }),
  kind: string(3, { ...told, doc: 'Kind of the objects.' }),
  verbs: array(4, types.string, { ...told, doc: 'What can be done, for example get, list and watch.' }),
  shortNames: array(5, types.string, { listType: 'atomic', doc: 'Short names.' }),
  categories: array(7, types.string, { listType: 'atomic', doc: 'Lists of resources it is in, for example all.' }),
  storageVersionHash: string(10, { doc: 'Changes with the version objects are stored in.' }),
}, { package: meta, doc: 'A resource and what can be done with it.' });

export const apiResourceList = object('APIResourceList', {
  ...typeMeta,
  groupVersion: string(1, { ...told, doc: 'Group and version of the resources.' }),
  resources: array(2, apiResource, { ...told, listType: 'atomic', doc: 'The resources, with their subresources.' }),
}, { package: meta, doc: 'The resources of a group and version.' });

export const versionInfo = object('Info', {
  major: string(1, { ...told, doc: 'First number of the version.' }),
  minor: string(2, { ...told, doc: 'Second number of the version.' }),
  emulationMajor: string(10, { doc: 'First number of the version that is emulated.' }),
  emulationMinor: string(11, { doc: 'Second number of the version that is emulated.' }),
  minCompatibilityMajor: string(12, { doc: 'First number of the oldest version this one gets along with.' }),
  minCompatibilityMinor: string(13, { doc: 'Second number of the oldest version this one gets along with.' }),
  gitVersion: string(3, { ...told, doc: 'The whole version.' }),
  gitCommit: string(4, { ...told, doc: 'What it was built from.' }),
  gitTreeState: string(5, { ...told, doc: 'Whether that was all: clean or dirty.' }),
  buildDate: string(6, { ...told, doc: 'When it was built.' }),
  goVersion: string(7, { ...told, doc: 'Version of Go.' }),
  compiler: string(8, { ...told, doc: 'What translates or runs it.' }),
  platform: string(9, { ...told, doc: 'Operating system and processor.' }),
}, { package: 'io.k8s.apimachinery.pkg.version', doc: 'Version of the server.' });
