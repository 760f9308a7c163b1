// Volumes whose files are written by the node agent: Secrets, ConfigMaps, the downward API, tokens, and projections of these.
// upstream: pkg/apis/core/validation/validation.go, validateProjectionSources
import { child, forbidden, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { array, boolean, embed, field, int32, int64, object, string, type FieldsValue } from '../../schema/schema.ts';
import { validateValue } from '../../schema/validation.ts';
import { containerResourceFieldFaults, fieldPathFaults, volumeFieldPaths } from './field-path.ts';
import { localObjectReference, nameRequired, objectFieldSelector, resourceFieldSelector } from './references.ts';
import { fileModeFaults, localNonReservedPathFaults } from './volume-paths.ts';

/** 0644, what files get unless the volume says otherwise. */
const fileMode = 0o644;

export const keyToPath = object('KeyToPath', {
  key: string(1, { required: true, doc: 'Key to write to a file.' }),
  path: string(2, { required: true, validate: localNonReservedPathFaults, doc: 'Path of the file, relative to the volume.' }),
  mode: int32(3, { pointer: true, validate: fileModeFaults, doc: 'Mode of the file, 0 to 0777 in octal; the volume\'s when absent.' }),
}, { doc: 'Writes one key to a file.' });

const items = { listType: 'atomic', doc: 'Keys to write and where; all of them, under their own names, when empty.' } as const;
const defaultMode = (number: number) => int32(number, { pointer: true, default: fileMode, validate: fileModeFaults, doc: 'Mode of files that name none.' });

export const secretVolumeSource = object('SecretVolumeSource', {
  secretName: string(1, { doc: 'Name of the Secret.' }),
  items: array(2, keyToPath, items),
  defaultMode: defaultMode(3),
  optional: boolean(4, { pointer: true, doc: 'True when the Secret or its keys may be missing.' }),
}, { doc: 'The entries of a Secret as files.', validate: ({ secretName }, path) => (secretName ? [] : [required(child(path, 'secretName'))]) });

export const configMapVolumeSource = object('ConfigMapVolumeSource', {
  ...embed(1, localObjectReference),
  items: array(2, keyToPath, items),
  defaultMode: defaultMode(3),
  optional: boolean(4, { pointer: true, doc: 'True when the ConfigMap or its keys may be missing.' }),
}, { doc: 'The entries of a ConfigMap as files.', validate: nameRequired });

export const downwardAPIVolumeFile = object('DownwardAPIVolumeFile', {
  path: string(1, { required: true, validate: localNonReservedPathFaults, doc: 'Path of the file, relative to the volume.' }),
  fieldRef: field(2, objectFieldSelector, { doc: 'Field of the Pod: its name, namespace, uid, labels or annotations.' }),
  resourceFieldRef: field(3, resourceFieldSelector, { doc: 'A limit or request of a container.' }),
  mode: int32(4, { pointer: true, validate: fileModeFaults, doc: 'Mode of the file; the volume\'s when absent.' }),
}, {
  doc: 'A file that shows something of the Pod.',
  validate: ({ fieldRef, resourceFieldRef }, path) => {
    if (!fieldRef) return resourceFieldRef ? containerResourceFieldFaults(resourceFieldRef, child(path, 'resourceFieldRef'), true) : [required(path, 'one of fieldRef and resourceFieldRef is required')];
    const faults = fieldPathFaults(fieldRef, child(path, 'fieldRef'), volumeFieldPaths);
    if (resourceFieldRef) faults.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    return faults;
  },
});

/** Upstream names the list's owner, not the file. */
const filesFaults = ({ items: files = [] }: { items?: readonly object[] }, path: string): Fault[] => files.flatMap((file) => validateValue(downwardAPIVolumeFile, file, path));

export const downwardAPIVolumeSource = object('DownwardAPIVolumeSource', {
  items: array(1, downwardAPIVolumeFile, { listType: 'atomic', unjudged: true, doc: 'Files to write.' }),
  defaultMode: defaultMode(2),
}, { doc: 'Files that show fields of the Pod.', validate: filesFaults });

export const secretProjection = object('SecretProjection', {
  ...embed(1, localObjectReference),
  items: array(2, keyToPath, items),
  optional: boolean(4, { pointer: true, doc: 'True when the Secret or its keys may be missing.' }),
}, { doc: 'The entries of a Secret, in a projected volume.', validate: nameRequired });

export const configMapProjection = object('ConfigMapProjection', {
  ...embed(1, localObjectReference),
  items: array(2, keyToPath, items),
  optional: boolean(4, { pointer: true, doc: 'True when the ConfigMap or its keys may be missing.' }),
}, { doc: 'The entries of a ConfigMap, in a projected volume.', validate: nameRequired });

export const downwardAPIProjection = object('DownwardAPIProjection', {
  items: array(1, downwardAPIVolumeFile, { listType: 'atomic', unjudged: true, doc: 'Files to write.' }),
}, { doc: 'Files that show fields of the Pod, in a projected volume.', validate: filesFaults });

function expirationFaults(seconds: number, path: string): Fault[] {
  if (seconds < 600) return [invalid(path, seconds, 'may not specify a duration less than 10 minutes')];
  return seconds > 2 ** 32 ? [invalid(path, seconds, 'may not specify a duration larger than 2^32 seconds')] : [];
}

export const serviceAccountTokenProjection = object('ServiceAccountTokenProjection', {
  audience: string(1, { doc: 'Audience of the token; the API server when empty.' }),
  expirationSeconds: int64(2, { pointer: true, default: 3600, validate: expirationFaults, doc: 'How long a token is valid; it is renewed before.' }),
  path: string(3, { required: true, unchecked: true, doc: 'Path of the token file, relative to the volume.' }),
}, { doc: 'A token of the Pod\'s service account, in a projected volume.' });

export const clusterTrustBundleProjection = object('ClusterTrustBundleProjection', {
  name: string(1, { pointer: true, doc: 'One ClusterTrustBundle by name.' }),
  signerName: string(2, { pointer: true, doc: 'All ClusterTrustBundles of a signer.' }),
  labelSelector: field(3, labelSelector, { doc: 'With signerName: which of them.' }),
  optional: boolean(5, { pointer: true, doc: 'True when there may be none.' }),
  path: string(4, { required: true, validate: localNonReservedPathFaults, doc: 'Path of the file, relative to the volume.' }),
}, {
  doc: 'Trusted certificates, in a projected volume.',
  validate: ({ name, signerName }, path) => {
    if (name !== undefined && signerName !== undefined) return [invalid(path, '', 'only one of name and signerName may be used')];
    return name === undefined && signerName === undefined ? [required(path, 'either name or signerName must be specified')] : [];
  },
});

export const volumeProjection = object('VolumeProjection', {
  secret: field(1, secretProjection, { doc: 'Entries of a Secret.' }),
  downwardAPI: field(2, downwardAPIProjection, { doc: 'Fields of the Pod.' }),
  configMap: field(3, configMapProjection, { doc: 'Entries of a ConfigMap.' }),
  serviceAccountToken: field(4, serviceAccountTokenProjection, { doc: 'A token of the Pod\'s service account.' }),
  clusterTrustBundle: field(5, clusterTrustBundleProjection, { doc: 'Trusted certificates.' }),
}, {
  doc: 'One source of a projected volume; exactly one is given.',
  validate: (source, path) => (Object.values(source).filter((part) => part !== undefined).length > 1 ? [forbidden(path, 'may not specify more than 1 volume type per source')] : []),
});
export interface VolumeProjection extends FieldsValue<typeof volumeProjection.fields> {}

/** Paths a source writes, each with what upstream shows when two sources write the same one. */
function projectedPaths(source: VolumeProjection): { path: string; shown: string }[] {
  const { secret, configMap, downwardAPI, clusterTrustBundle } = source;
  return [
    ...(secret?.items ?? []).map(({ path }) => ({ path, shown: secret?.name ?? '' })),
    ...(configMap?.items ?? []).map(({ path }) => ({ path, shown: configMap?.name ?? '' })),
    ...(downwardAPI?.items ?? []).map(({ path }) => ({ path, shown: path })),
    ...(clusterTrustBundle ? [{ path: clusterTrustBundle.path, shown: clusterTrustBundle.path }] : []),
  ].filter(({ path }) => path);
}

function conflictFaults(sources: readonly VolumeProjection[], path: string): Fault[] {
  const seen = new Set<string>();
  return sources.flatMap(projectedPaths).flatMap(({ path: file, shown }) => {
    if (seen.has(file)) return [invalid(path, shown, 'conflicting duplicate paths')];
    seen.add(file);
    return [];
  });
}

/** The path of a token is upstream's to report as the volume's own. */
const tokenPathFaults = (sources: readonly VolumeProjection[], path: string): Fault[] => sources.flatMap(({ serviceAccountToken: token }) => {
  if (!token) return [];
  return token.path ? localNonReservedPathFaults(token.path, path) : [required(path)];
});

export const projectedVolumeSource = object('ProjectedVolumeSource', {
  sources: array(1, volumeProjection, { written: true, listType: 'atomic', doc: 'What to put into the volume.' }),
  defaultMode: defaultMode(2),
}, {
  doc: 'Several sources together in one directory.',
  validate: ({ sources }, path) => [
    ...tokenPathFaults(sources ?? [], child(path, 'path')),
    ...conflictFaults(sources ?? [], path),
  ],
});
