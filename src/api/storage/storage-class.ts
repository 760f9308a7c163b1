// StorageClass: how volumes are made for claims that name it. (upstream: pkg/apis/storage/validation/validation.go, pkg/apis/storage/v1/defaults.go)
import { child, duplicate, forbidden, index, invalid, required, tooLong, type Fault } from '../../apimachinery/fault.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { array, boolean, map, string, types } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { nodeLabelWarningAt } from '../core/node-labels.ts';
import { topologySelectorTerm, type TopologySelectorTerm } from '../core/references.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { immutableFaults, messages } from '../value-faults.ts';

const maxParameters = 512;
const maxParameterBytes = 256 * 1024;
export const defaultClassAnnotation = 'storageclass.kubernetes.io/is-default-class';
const oldDefaultClassAnnotation = 'storageclass.beta.kubernetes.io/is-default-class';

export const isDefaultClass = ({ metadata }: ObjectHead): boolean => [defaultClassAnnotation, oldDefaultClassAnnotation].some((name) => metadata.annotations?.[name] === 'true');
/** Sorts the one that counts first: of several that call themselves the default the newest, and of two of one moment the first by name. */
export const byDefaultRank = (a: ObjectHead, b: ObjectHead): number => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '') || (a.metadata.name < b.metadata.name ? -1 : 1);

function parameterFaults(parameters: Readonly<Record<string, string>>, path: string): Fault[] {
  const entries = Object.entries(parameters);
  if (entries.length > maxParameters) return [tooLong(path, '', maxParameters)];
  const bytes = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  return [
    ...(parameters[''] === undefined ? [] : [invalid(path, '', 'field can not be empty.')]),
    ...(bytes > maxParameterBytes ? [tooLong(path, '', maxParameterBytes)] : []),
  ];
}

/** Terms that say the same are faults of the later one. Upstream compares with one empty term for each given, too. */
function topologyFaults(terms: readonly TopologySelectorTerm[], path: string): Fault[] {
  const meanings = terms.map(({ matchLabelExpressions }) => Object.fromEntries((matchLabelExpressions ?? []).map(({ key, values }) => [key, [...new Set(values)].sort()])));
  return terms.flatMap((_term, i) => [...terms.map(() => ({})), ...meanings.slice(0, i)].filter((other) => equalJson(other, meanings[i]))
    .map(() => duplicate(child(index(path, i), 'matchLabelExpressions'), '')));
}

interface Fixed { readonly parameters?: Record<string, string>; readonly provisioner: string; readonly reclaimPolicy?: string; readonly volumeBindingMode?: string }
const updateFaults = (next: Fixed, old: Fixed): Fault[] => [
  ...(['parameters', 'provisioner', 'reclaimPolicy'] as const).flatMap((name) => (equalJson(next[name] ?? null, old[name] ?? null) ? [] : [forbidden(name, `updates to ${name} are forbidden.`)])),
  ...immutableFaults(next.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode'),
];

export const StorageClasses = defineResource({
  group: 'storage.k8s.io', version: 'v1', kind: 'StorageClass', plural: 'storageclasses', shortNames: ['sc'], scope: 'Cluster',
  doc: 'How volumes are made for the claims that name it.',
  fields: {
    provisioner: string(2, { required: true, doc: 'Who makes the volumes.', validate: (name, path) => messages(path, name.toLowerCase(), isQualifiedName(name.toLowerCase())) }),
    parameters: map(3, types.string, { validate: parameterFaults, doc: 'Settings for the provisioner.' }),
    reclaimPolicy: string(4, { pointer: true, default: 'Delete', enum: ['Delete', 'Retain'], doc: 'What becomes of a volume whose claim is gone: Delete or Retain.' }),
    mountOptions: array(5, types.string, { listType: 'atomic', doc: 'Options of the mount.' }),
    allowVolumeExpansion: boolean(6, { pointer: true, doc: 'True allows claims to grow.' }),
    volumeBindingMode: string(7, { pointer: true, default: 'Immediate', enum: ['Immediate', 'WaitForFirstConsumer'], doc: 'When a volume is made: Immediate, or WaitForFirstConsumer for when a Pod needs it.' }),
    allowedTopologies: array(8, topologySelectorTerm, { listType: 'atomic', validate: topologyFaults, doc: 'Where volumes may be made; anywhere when empty.' }),
  },
  validate: (storageClass, old) => [...(storageClass.volumeBindingMode ? [] : [required('volumeBindingMode')]), ...(old ? updateFaults(storageClass, old) : [])],
  warnings: ({ allowedTopologies = [] }) => allowedTopologies.flatMap(({ matchLabelExpressions }, i) => (matchLabelExpressions ?? [])
    .flatMap((expression, j) => nodeLabelWarningAt(child(index(child(index('allowedTopologies', i), 'matchLabelExpressions'), j), 'key'), expression.key))),
  columns: [
    { ...nameColumn, value: (storageClass) => `${storageClass.metadata.name}${isDefaultClass(storageClass) ? ' (default)' : ''}` },
    { name: 'Provisioner', type: 'string', description: 'Who makes the volumes.', value: ({ provisioner }) => provisioner },
    { name: 'ReclaimPolicy', type: 'string', description: 'What becomes of a volume whose claim is gone.', value: ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete' },
    { name: 'VolumeBindingMode', type: 'string', description: 'When a volume is made.', value: ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate' },
    { name: 'AllowVolumeExpansion', type: 'string', description: 'Whether claims may grow.', value: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false },
    ageColumn,
  ],
});
export interface StorageClass extends ObjectOf<typeof StorageClasses> {}
