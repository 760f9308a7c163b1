// VolumeAttachment: that a volume is, or is to be, attached to a node. (upstream: pkg/apis/storage/validation/validation.go, ValidateVolumeAttachment)
import { forbidden, invalid, required as requiredFault, tooLong, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Subdomain, rangeError } from '../../apimachinery/names.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { boolean, field, int32, map, object, required, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { inlineVolumeFaults, persistentVolumeSpec } from '../core/persistent-volume.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { csiDriverNameFaults, immutableFaults, messages } from '../value-faults.ts';

const storage = 'io.k8s.api.storage.v1';
const maxMessage = 1024;
const maxMetadataBytes = 256 * 1024;

export const volumeAttachmentSource = object('VolumeAttachmentSource', {
  persistentVolumeName: string(1, { pointer: true, doc: 'PersistentVolume that is attached.' }),
  inlineVolumeSpec: field(2, persistentVolumeSpec, { unjudged: true, doc: 'What a volume of a Pod says that has no PersistentVolume.' }),
}, { package: storage, doc: 'What is attached; exactly one is given.' });

export const volumeAttachmentSpec = object('VolumeAttachmentSpec', {
  attacher: string(1, { required: true, unchecked: true, doc: 'CSI driver that attaches.' }),
  source: required(2, volumeAttachmentSource, { doc: 'What is attached.' }),
  nodeName: string(3, { required: true, unchecked: true, doc: 'Node it is attached to.' }),
}, { package: storage, doc: 'What is to be attached where.' });
type Spec = FieldsValue<typeof volumeAttachmentSpec.fields>;

export const volumeError = object('VolumeError', {
  time: time(1, { written: true, doc: 'When it happened.' }),
  message: string(2, { doc: 'What happened, for people; no secrets.' }),
  errorCode: int32(3, { pointer: true, doc: 'Code the driver answered with.' }),
}, { package: storage, doc: 'An error of attaching or detaching.' });

export const volumeAttachmentStatus = object('VolumeAttachmentStatus', {
  attached: boolean(1, { required: true, unchecked: true, doc: 'Whether the volume is attached.' }),
  attachmentMetadata: map(2, types.string, { doc: 'What the driver wants to know at the mount.' }),
  attachError: field(3, volumeError, { doc: 'The last error of attaching.' }),
  detachError: field(4, volumeError, { doc: 'The last error of detaching.' }),
}, { package: storage, doc: 'How attaching went.' });
type Status = FieldsValue<typeof volumeAttachmentStatus.fields>;

function specFaults({ attacher, source, nodeName }: Spec): Fault[] {
  const path = 'spec.source';
  const words = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  const { persistentVolumeName: name, inlineVolumeSpec: inline } = source;
  // Upstream asks for the attacher twice: for every version, and as the name of a driver.
  const faults = [...(attacher ? [] : [requiredFault('spec.attacher')]), ...messages('spec.nodeName', nodeName, isDNS1123Subdomain(nodeName))];
  if (name === undefined && inline === undefined) faults.push(requiredFault(path, words));
  else if (name !== undefined && inline !== undefined) faults.push(forbidden(path, words));
  else if (name === '') faults.push(requiredFault(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName'));
  if (inline && name === undefined) faults.push(...inlineVolumeFaults(inline, `${path}.inlineVolumeSpec`));
  return [...faults, ...csiDriverNameFaults(attacher, 'spec.attacher'), ...(name === undefined ? [] : messages(`${path}.persistentVolumeName`, name, isDNS1123Subdomain(name)))];
}

function statusFaults({ attachmentMetadata = {}, ...errors }: Status): Fault[] {
  const bytes = Object.entries(attachmentMetadata).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  return [
    ...(bytes > maxMetadataBytes ? [tooLong('status.attachmentMetadata', '', maxMetadataBytes)] : []),
    ...(['attachError', 'detachError'] as const).flatMap((name) => {
      const { message = '', errorCode = 0 } = errors[name] ?? {};
      return [
        // The number in upstream's words is that of the metadata.
        ...(Buffer.byteLength(message) > maxMessage ? [tooLong(`status.${name}.message`, '', maxMetadataBytes)] : []),
        ...(errorCode < 0 ? [invalid(`status.${name}.errorCode`, errorCode, rangeError(0, 2147483647))] : []),
      ];
    }),
  ];
}

export const VolumeAttachments = defineResource({
  group: 'storage.k8s.io', version: 'v1', kind: 'VolumeAttachment', plural: 'volumeattachments', scope: 'Cluster',
  doc: 'Says that a volume is, or is to be, attached to a node.',
  fields: {
    spec: required(2, volumeAttachmentSpec, { doc: 'What is to be attached where.' }),
    status: field(3, volumeAttachmentStatus, { written: true, doc: 'How attaching went.' }),
  },
  subresources: { status: true },
  statusKeeps: ['labels', 'annotations', 'finalizers', 'ownerReferences'],
  validate: ({ spec }, old) => [...specFaults(spec), ...(old ? immutableFaults(spec, old.spec, 'spec') : [])],
  validateStatus: ({ status }) => statusFaults(status),
  requiresRevision: true,
  columns: [
    nameColumn,
    { name: 'Attacher', type: 'string', format: 'name', description: 'CSI driver that attaches.', value: ({ spec }) => spec.attacher },
    { name: 'PV', type: 'string', description: 'Volume that is attached.', value: ({ spec }) => spec.source.persistentVolumeName ?? '' },
    { name: 'Node', type: 'string', description: 'Node it is attached to.', value: ({ spec }) => spec.nodeName },
    { name: 'Attached', type: 'boolean', description: 'Whether it is attached.', value: ({ status }) => status?.attached ?? false },
    ageColumn,
  ],
});
export interface VolumeAttachment extends ObjectOf<typeof VolumeAttachments> {}
