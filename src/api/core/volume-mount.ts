// Where a container mounts the Pod's volumes, as directories or as raw devices.
// upstream: pkg/apis/core/validation/validation.go, ValidateVolumeMounts and ValidateVolumeDevices
import { child, forbidden, index, invalid, notFound, notSupported, type Fault } from '../../apimachinery/fault.ts';
import { boolean, object, string, type FieldsValue } from '../../schema/schema.ts';
import type { Volume } from './volume.ts';
import { localDescendingPathFaults, noBackstepsFaults } from './volume-paths.ts';

export const volumeMount = object('VolumeMount', {
  name: string(1, { required: true, doc: 'Name of the Pod\'s volume.' }),
  readOnly: boolean(2, { doc: 'Mounted read-only when true.' }),
  recursiveReadOnly: string(7, { pointer: true, doc: 'Whether mounts below are read-only too: Disabled, IfPossible or Enabled.' }),
  mountPath: string(3, { required: true, doc: 'Path in the container.' }),
  subPath: string(4, { doc: 'Path in the volume to mount instead of its root.' }),
  mountPropagation: string(5, { pointer: true, doc: 'How later mounts travel: None, HostToContainer or Bidirectional.' }),
  subPathExpr: string(6, { doc: 'As subPath, with $(NAME) replaced by environment variables.' }),
}, { doc: 'Mounts a volume into a container.' });
export interface VolumeMount extends FieldsValue<typeof volumeMount.fields> {}

export const volumeDevice = object('VolumeDevice', {
  name: string(1, { required: true, doc: 'Name of the Pod\'s volume, a claim in Block mode.' }),
  devicePath: string(2, { required: true, doc: 'Path of the device in the container.' }),
}, { doc: 'Shows a raw block device in a container.' });
export interface VolumeDevice extends FieldsValue<typeof volumeDevice.fields> {}

const propagations = ['Bidirectional', 'HostToContainer', 'None'];
const recursiveModes = ['Disabled', 'Enabled', 'IfPossible'];

function propagationFaults(propagation: string, privileged: boolean, path: string): Fault[] {
  if (!propagations.includes(propagation)) return [notSupported(path, propagation, propagations)];
  return propagation === 'Bidirectional' && !privileged ? [forbidden(path, 'Bidirectional mount propagation is available only to privileged containers')] : [];
}

function recursiveFaults(mount: VolumeMount, path: string): Fault[] {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === 'Disabled') return [];
  if (!recursiveModes.includes(mode)) return [notSupported(path, mode, recursiveModes)];
  const faults: Fault[] = [];
  if (!mount.readOnly) faults.push(forbidden(path, 'may only be specified when readOnly is true'));
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None') {
    faults.push(forbidden(path, 'may only be specified when mountPropagation is None or not specified'));
  }
  return faults;
}

interface Mounting {
  readonly volumeMounts?: readonly VolumeMount[];
  readonly volumeDevices?: readonly VolumeDevice[];
  readonly securityContext?: { readonly privileged?: boolean };
}

/** Faults of a container's mounts. Paths that lack an index lack it upstream too. */
export function volumeMountFaults({ volumeMounts = [], volumeDevices = [], securityContext }: Mounting, volumes: ReadonlyMap<string, Volume>, path: string): Fault[] {
  const seen = new Set<string>();
  return volumeMounts.flatMap((mount, i) => {
    const mountPath = index(path, i);
    const faults: Fault[] = [];
    if (!volumes.has(mount.name)) faults.push(notFound(child(mountPath, 'name'), mount.name));
    if (seen.has(mount.mountPath)) faults.push(invalid(child(mountPath, 'mountPath'), mount.mountPath, 'must be unique'));
    seen.add(mount.mountPath);
    if (volumeDevices.some(({ name }) => name === mount.name)) faults.push(invalid(child(mountPath, 'name'), mount.name, 'must not already exist in volumeDevices'));
    if (volumeDevices.some(({ devicePath }) => devicePath === mount.mountPath)) {
      faults.push(invalid(child(mountPath, 'mountPath'), mount.mountPath, 'must not already exist as a path in volumeDevices'));
    }
    if (mount.subPath) faults.push(...localDescendingPathFaults(mount.subPath, child(path, 'subPath')));
    if (mount.subPathExpr) {
      if (mount.subPath) faults.push(invalid(child(mountPath, 'subPathExpr'), mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
      faults.push(...localDescendingPathFaults(mount.subPathExpr, child(path, 'subPathExpr')));
    }
    if (mount.mountPropagation !== undefined) faults.push(...propagationFaults(mount.mountPropagation, securityContext?.privileged === true, child(path, 'mountPropagation')));
    return [...faults, ...recursiveFaults(mount, child(path, 'recursiveReadOnly'))];
  });
}

/** Faults of a container's raw devices. */
export function volumeDeviceFaults({ volumeMounts = [], volumeDevices = [] }: Mounting, volumes: ReadonlyMap<string, Volume>, path: string): Fault[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  return volumeDevices.flatMap(({ name, devicePath }, i) => {
    const faults: Fault[] = [];
    const namePath = child(index(path, i), 'name');
    const devicePathPath = child(index(path, i), 'devicePath');
    const volume = volumes.get(name);
    if (names.has(name)) faults.push(invalid(namePath, name, 'must be unique'));
    if (!volume) faults.push(notFound(namePath, name));
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      faults.push(invalid(namePath, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'));
    }
    if (paths.has(devicePath)) faults.push(invalid(devicePathPath, devicePath, 'must be unique'));
    if (devicePath && noBackstepsFaults(devicePath, devicePathPath).length > 0) faults.push(invalid(devicePathPath, devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (volumeMounts.some((mount) => mount.name === name)) faults.push(invalid(namePath, name, 'must not already exist in volumeMounts'));
    if (volumeMounts.some((mount) => mount.mountPath === devicePath)) faults.push(invalid(devicePathPath, devicePath, 'must not already exist as a path in volumeMounts'));
    if (name) names.add(name);
    return faults;
  });
}
