// What a PersistentVolumeClaim asks for; generic ephemeral volumes of Pods carry the same specification.
// upstream: pkg/apis/core/validation/validation.go, ValidatePersistentVolumeClaimSpec
import { child, forbidden, invalid, key, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { compareQuantities, isQuantity } from '../../apimachinery/quantity.ts';
import { dropNew } from '../../schema/off-fields.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { array, field, object, string, types, type FieldsValue } from '../../schema/schema.ts';
import { typedLocalObjectReference, typedObjectReference } from './references.ts';
import { fractionWarnings, volumeResourceRequirements } from './resources.ts';

export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'] as const;

/** Faults of a list of access modes; claims and volumes have the same rules. */
export function accessModeFaults(modes: readonly string[] | null | undefined, path: string, missing: string): Fault[] {
  if (!modes?.length) return [required(path, missing)];
  const faults = modes.filter((mode) => !accessModes.some((known) => known === mode)).map((mode) => notSupported(path, mode, accessModes));
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.some((known) => known === mode))) faults.push(forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
  return faults;
}

function dataSourceFaults(source: { apiGroup?: string | null; kind: string } | undefined, path: string): Fault[] {
  if (!source || source.kind === 'PersistentVolumeClaim') return [];
  return source.apiGroup ? [] : [invalid(path, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")];
}

export const persistentVolumeClaimSpec = object('PersistentVolumeClaimSpec', {
  accessModes: array(1, types.string, { listType: 'atomic', doc: 'How the volume must be mountable: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.' }),
  selector: field(4, labelSelector, { doc: 'Volumes that may be bound.' }),
  resources: field(2, volumeResourceRequirements, { written: true, doc: 'Least size of the volume, under requests.storage.' }),
  volumeName: string(3, { doc: 'Volume that is, or is to be, bound.' }),
  storageClassName: string(5, { pointer: true, format: 'dns1123Subdomain', doc: 'StorageClass that makes the volume; empty asks for one without a class.' }),
  volumeMode: string(6, { pointer: true, default: 'Filesystem', enum: ['Block', 'Filesystem'], doc: 'Filesystem, or Block for a raw device.' }),
  dataSource: field(7, typedLocalObjectReference, { doc: 'Claim or snapshot the volume is filled from.' }),
  dataSourceRef: field(8, typedObjectReference, { doc: 'Object of any kind the volume is filled from.' }),
  volumeAttributesClassName: string(9, { pointer: true, doc: 'VolumeAttributesClass that tunes the volume.' }),
}, {
  doc: 'What a claim asks of a volume.', dropOff: dropNew('volumeAttributesClassName'),
  validate: (spec, path) => {
    const storage = spec.resources?.requests?.['storage'];
    const storagePath = key(child(path, 'resources'), 'storage');
    return [
      ...accessModeFaults(spec.accessModes, child(path, 'accessModes'), 'at least 1 access mode is required'),
      ...(storage === undefined ? [required(storagePath)]
        : isQuantity(storage) && compareQuantities(storage, '0') <= 0 ? [invalid(storagePath, storage, 'must be greater than zero')] : []),
      ...dataSourceFaults(spec.dataSource, child(path, 'dataSource')),
      ...dataSourceFaults(spec.dataSourceRef, child(path, 'dataSourceRef')),
    ];
  },
});
export interface PersistentVolumeClaimSpec extends FieldsValue<typeof persistentVolumeClaimSpec.fields> {}

type Sizes = { readonly resources?: { readonly requests?: Readonly<Record<string, string>>; readonly limits?: Readonly<Record<string, string>> } };
/** Warnings about what a claim asks for, at the path of its specification. (upstream: pkg/api/persistentvolumeclaim/util.go, GetWarningsForPersistentVolumeClaimSpec) */
export const claimSpecWarnings = ({ resources }: Sizes, path: string): string[] =>
  (['requests', 'limits'] as const).flatMap((list) => fractionWarnings(resources?.[list], child(child(path, 'resources'), list), ['storage']));
