// What a Pod may not say that names its operating system: settings only the other one knows.
// upstream: pkg/apis/core/validation/validation.go, validateLinux and validateWindows
import { child, forbidden, index, type Fault } from '../../apimachinery/fault.ts';

type Settings = Readonly<Record<string, unknown>>;
interface Listed { readonly securityContext?: Settings | undefined }
export interface OSSpec {
  readonly os?: { readonly name: string };
  readonly securityContext?: Settings | undefined;
  readonly containers?: readonly Listed[] | null; readonly initContainers?: readonly Listed[]; readonly ephemeralContainers?: readonly Listed[];
}

const windowsOnly = ['windowsOptions'];
const linuxOfPods = [
  'appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls', 'runAsUser', 'runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy',
];
/** Fields of the spec itself. */
const linuxOfSpecs = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'];
const linuxOfContainers = [
  'appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged', 'allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup',
];

const isGiven = (name: string, value: unknown): boolean => {
  if (name === 'hostPID' || name === 'hostIPC') return value === true;
  return name === 'sysctls' ? (value as unknown[] | undefined ?? []).length > 0 : value !== undefined;
};
const given = (settings: Settings | undefined, names: readonly string[], path: string, words: string): Fault[] =>
  names.filter((name) => isGiven(name, settings?.[name])).map((name) => forbidden(child(path, name), words));

export function operatingSystemFaults(spec: OSSpec, path: string): Fault[] {
  const linux = spec.os?.name === 'linux';
  if (!linux && spec.os?.name !== 'windows') return [];
  const words = linux ? 'windows options cannot be set for a linux pod' : 'cannot be set for a windows pod';
  return [
    ...given(spec.securityContext, linux ? windowsOnly : linuxOfPods, child(path, 'securityContext'), words),
    ...(linux ? [] : given({ ...spec }, linuxOfSpecs, path, words)),
    ...(['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) => (spec[list] ?? []).flatMap(({ securityContext }, i) =>
      given(securityContext, linux ? windowsOnly : linuxOfContainers, child(index(child(path, list), i), 'securityContext'), words))),
  ];
}
