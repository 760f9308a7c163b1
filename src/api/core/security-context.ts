// Security settings of a Pod and of its containers.
// upstream: pkg/apis/core/validation/validation.go, ValidateSecurityContext and validatePodSpecSecurityContext
import { child, duplicate, index, invalid, required, tooLong, type Fault } from '../../apimachinery/fault.ts';
import { rangeError } from '../../apimachinery/names.ts';
import { array, boolean, field, int64, object, string, types, type FieldsValue } from '../../schema/schema.ts';
import { localDescendingPathFaults } from './volume-paths.ts';

export const seLinuxOptions = object('SELinuxOptions', {
  user: string(1, { doc: 'SELinux user label.' }),
  role: string(2, { doc: 'SELinux role label.' }),
  type: string(3, { doc: 'SELinux type label.' }),
  level: string(4, { doc: 'SELinux level label.' }),
}, { doc: 'SELinux labels of processes.' });

export const windowsSecurityContextOptions = object('WindowsSecurityContextOptions', {
  gmsaCredentialSpecName: string(1, { pointer: true, doc: 'Name of the GMSA credential spec.' }),
  gmsaCredentialSpec: string(2, { pointer: true, doc: 'The GMSA credential spec itself; filled by a webhook.' }),
  runAsUserName: string(3, { pointer: true, doc: 'Windows user the first process runs as.' }),
  hostProcess: boolean(4, { pointer: true, doc: 'Runs as a process of the Windows host.' }),
}, { doc: 'Settings only Windows knows.' });

interface Profile { readonly type?: string; readonly localhostProfile?: string }
const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function profileFaults({ type, localhostProfile }: Profile, path: string, name: string, words: string): Fault[] {
  const profilePath = child(path, 'localhostProfile');
  if (!type) return [required(child(path, 'type'), `type is required when ${name} is set`)];
  if (!profileTypes.includes(type)) return [];
  if (type !== 'Localhost') return localhostProfile === undefined ? [] : [invalid(profilePath, localhostProfile, `can only be set when ${words} type is Localhost`)];
  return localhostProfile ? [] : [required(profilePath, `must be set when ${words} type is Localhost`)];
}

export const seccompProfile = object('SeccompProfile', {
  type: string(1, { required: true, unchecked: true, enum: profileTypes, doc: 'Localhost, RuntimeDefault or Unconfined.' }),
  localhostProfile: string(2, { pointer: true, doc: 'Profile file on the node, for type Localhost.' }),
}, {
  doc: 'Which seccomp profile filters system calls.',
  validate: (profile, path) => [
    ...profileFaults(profile, path, 'seccompProfile', 'seccomp'),
    ...(profile.type === 'Localhost' && profile.localhostProfile ? localDescendingPathFaults(profile.localhostProfile, child(path, 'localhostProfile')) : []),
  ],
});

export const appArmorProfile = object('AppArmorProfile', {
  type: string(1, { required: true, unchecked: true, enum: profileTypes, doc: 'Localhost, RuntimeDefault or Unconfined.' }),
  localhostProfile: string(2, { pointer: true, doc: 'Profile loaded on the node, for type Localhost.' }),
}, {
  doc: 'Which AppArmor profile confines processes.',
  validate: (profile, path) => {
    const faults = profileFaults(profile, path, 'appArmorProfile', 'AppArmor');
    const name = profile.type === 'Localhost' ? profile.localhostProfile ?? '' : '';
    if (name !== name.trim()) faults.push(invalid(child(path, 'localhostProfile'), name, 'must not be padded with whitespace'));
    if (Buffer.byteLength(name) > 4095) faults.push(tooLong(child(path, 'localhostProfile'), name, 4095));
    return faults;
  },
});

export const capabilities = object('Capabilities', {
  add: array(1, types.string, { listType: 'atomic', doc: 'Capabilities to add.' }),
  drop: array(2, types.string, { listType: 'atomic', doc: 'Capabilities to take away.' }),
}, { doc: 'Linux capabilities to add to and drop from the runtime\'s default set.' });

/** Fault of a user or group id. */
const idFaults = (id: number, path: string): Fault[] => (id >= 0 && id <= 2147483647 ? [] : [invalid(path, id, rangeError(0, 2147483647))]);

export const securityContext = object('SecurityContext', {
  capabilities: field(1, capabilities, { doc: 'Linux capabilities to add and drop.' }),
  privileged: boolean(2, { pointer: true, doc: 'Gives the container nearly every right of root on the node.' }),
  seLinuxOptions: field(3, seLinuxOptions, { doc: 'SELinux labels of the container.' }),
  windowsOptions: field(10, windowsSecurityContextOptions, { doc: 'Settings only Windows knows.' }),
  runAsUser: int64(4, { pointer: true, validate: idFaults, doc: 'User id of the first process; the image\'s when absent.' }),
  runAsGroup: int64(8, { pointer: true, validate: idFaults, doc: 'Group id of the first process; the runtime\'s when absent.' }),
  runAsNonRoot: boolean(5, { pointer: true, doc: 'Refuses to start the container as user 0.' }),
  readOnlyRootFilesystem: boolean(6, { pointer: true, doc: 'Mounts the container\'s own file system read-only.' }),
  allowPrivilegeEscalation: boolean(7, { pointer: true, doc: 'Whether a process may gain more rights than its parent (no_new_privs when false).' }),
  procMount: string(9, { pointer: true, enum: ['Default', 'Unmasked'], doc: 'How /proc is mounted; Default masks what the runtime masks.' }),
  seccompProfile: field(11, seccompProfile, { doc: 'Seccomp profile of the container; wins over the Pod\'s.' }),
  appArmorProfile: field(12, appArmorProfile, { doc: 'AppArmor profile of the container; wins over the Pod\'s.' }),
}, {
  doc: 'Security settings of one container; they win over the Pod\'s.',
  validate: (context, path) => {
    if (context.allowPrivilegeEscalation !== false) return [];
    const faults: Fault[] = [];
    if (context.privileged) faults.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      faults.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
    }
    return faults;
  },
});
export interface SecurityContext extends FieldsValue<typeof securityContext.fields> {}

const sysctlSegment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlPattern = `(${sysctlSegment}[\\./])*${sysctlSegment}`;
const sysctlName = new RegExp(`^${sysctlPattern}$`);

export const sysctl = object('Sysctl', {
  name: string(1, {
    required: true, doc: 'Name of the kernel parameter.',
    validate: (name, path) => (name.length <= 253 && sysctlName.test(name) ? [] : [invalid(path, name, `must have at most 253 characters and match regex ^${sysctlPattern}$`)]),
  }),
  value: string(2, { required: true, unchecked: true, doc: 'Value to set.' }),
}, { doc: 'A kernel parameter of the Pod\'s namespaces.' });

function duplicateSysctls(sysctls: readonly { name: string }[], path: string): Fault[] {
  const names = sysctls.map(({ name }) => name);
  return names.flatMap((name, i) => (sysctlName.test(name) && names.indexOf(name) < i ? [duplicate(child(index(path, i), 'name'), name)] : []));
}

export const podSecurityContext = object('PodSecurityContext', {
  seLinuxOptions: field(1, seLinuxOptions, { doc: 'SELinux labels of all containers.' }),
  windowsOptions: field(8, windowsSecurityContextOptions, { doc: 'Settings only Windows knows.' }),
  runAsUser: int64(2, { pointer: true, validate: idFaults, doc: 'User id of the first process of each container.' }),
  runAsGroup: int64(6, { pointer: true, validate: idFaults, doc: 'Group id of the first process of each container.' }),
  runAsNonRoot: boolean(3, { pointer: true, doc: 'Refuses to start containers as user 0.' }),
  supplementalGroups: array(4, types.int64, {
    listType: 'atomic', doc: 'Further group ids of each first process.',
    validate: (ids, path) => ids.flatMap((id, i) => idFaults(id, index(path, i))),
  }),
  supplementalGroupsPolicy: string(12, { pointer: true, enum: ['Merge', 'Strict'], doc: 'Merge adds the groups the image names, Strict leaves them out.' }),
  fsGroup: int64(5, { pointer: true, validate: idFaults, doc: 'Group that owns volumes which can be owned, and a group of every process.' }),
  sysctls: array(7, sysctl, { listType: 'atomic', validate: duplicateSysctls, doc: 'Kernel parameters of the Pod.' }),
  fsGroupChangePolicy: string(9, { pointer: true, enum: ['Always', 'OnRootMismatch'], doc: 'When volume ownership is changed to fsGroup: Always, or OnRootMismatch.' }),
  seccompProfile: field(10, seccompProfile, { doc: 'Seccomp profile of all containers.' }),
  appArmorProfile: field(11, appArmorProfile, { doc: 'AppArmor profile of all containers.' }),
  seLinuxChangePolicy: string(13, { pointer: true, enum: ['MountOption', 'Recursive'], doc: 'How volumes get their SELinux label: Recursive, or MountOption.' }),
}, { doc: 'Security settings of all containers of a Pod.' });
export interface PodSecurityContext extends FieldsValue<typeof podSecurityContext.fields> {}
