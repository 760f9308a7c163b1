// Rules that span the three lists of a Pod's containers, and what each list may not say.
// upstream: pkg/apis/core/validation/validation.go, validateContainers, validateInitContainers, validateEphemeralContainers
import { child, duplicate, forbidden, index, invalid, notFound, notSupported, type Fault } from '../../apimachinery/fault.ts';
import { hostPortConflicts, type ContainerPort } from './container-port.ts';
import { sleepFaults, type Lifecycle } from './lifecycle.ts';
import { probeRoleFaults, type Probe } from './probe.ts';
import { mountableVolumes, type Volume } from './volume.ts';
import { volumeDeviceFaults, volumeMountFaults, type VolumeDevice, type VolumeMount } from './volume-mount.ts';

interface ContainerValue {
  readonly name: string; readonly restartPolicy?: string; readonly ports?: readonly ContainerPort[]; readonly lifecycle?: Lifecycle;
  readonly livenessProbe?: Probe; readonly readinessProbe?: Probe; readonly startupProbe?: Probe;
  readonly resources?: { readonly claims?: readonly { readonly name: string }[] };
  readonly resizePolicy?: readonly { readonly restartPolicy: string }[];
  readonly volumeMounts?: readonly VolumeMount[]; readonly volumeDevices?: readonly VolumeDevice[];
  readonly securityContext?: { readonly privileged?: boolean; readonly procMount?: string };
}
export interface ContainerLists {
  readonly containers: readonly ContainerValue[];
  readonly initContainers?: readonly ContainerValue[];
  readonly ephemeralContainers?: readonly (ContainerValue & { readonly targetContainerName?: string })[];
  readonly volumes?: readonly Volume[];
  readonly resourceClaims?: readonly { readonly name: string }[];
  readonly restartPolicy?: string;
  readonly terminationGracePeriodSeconds?: number;
}

export function containerListFaults(spec: ContainerLists, path: string): Fault[] {
  const names = new Set<string>();
  const containersPath = child(path, 'containers');
  const initPath = child(path, 'initContainers');
  const ephemeralPath = child(path, 'ephemeralContainers');
  const context: Context = {
    volumes: mountableVolumes(spec.volumes ?? []),
    claims: new Set((spec.resourceClaims ?? []).map(({ name }) => name)),
    neverRestarts: spec.restartPolicy === 'Never', gracePeriod: spec.terminationGracePeriodSeconds ?? 30,
  };
  const nameFaults = (name: string, containerPath: string): Fault[] => {
    if (names.has(name)) return [duplicate(child(containerPath, 'name'), name)];
    if (name) names.add(name);
    return [];
  };
  const containers = spec.containers ?? [];
  return [
    ...containers.flatMap((container, i) => {
      const at = index(containersPath, i);
      return [...commonFaults(container, at, context), ...nameFaults(container.name, at), ...regularFaults(container, at, context)];
    }),
    ...hostPortConflicts(containers, containersPath),
    ...(spec.initContainers ?? []).flatMap((container, i) => {
      const at = index(initPath, i);
      return [...commonFaults(container, at, context), ...nameFaults(container.name, at), ...hostPortConflicts([container], initPath), ...initFaults(container, at, context)];
    }),
    ...ephemeralFaults(spec, ephemeralPath, context, nameFaults),
  ];
}

interface Context { readonly volumes: ReadonlyMap<string, Volume>; readonly claims: ReadonlySet<string>; readonly neverRestarts: boolean; readonly gracePeriod: number }

function commonFaults(container: ContainerValue, path: string, { volumes, claims, neverRestarts }: Context): Fault[] {
  const resizePath = child(path, 'resizePolicy');
  return [
    ...volumeMountFaults(container, volumes, child(path, 'volumeMounts')),
    ...volumeDeviceFaults(container, volumes, child(path, 'volumeDevices')),
    ...claimFaults(container.resources?.claims ?? [], claims, child(child(path, 'resources'), 'claims')),
    ...(container.resizePolicy ?? []).filter(({ restartPolicy }) => neverRestarts && restartPolicy !== 'NotRequired')
      .map(({ restartPolicy }) => invalid(resizePath, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'")),
  ];
}

function claimFaults(used: readonly { readonly name: string }[], claims: ReadonlySet<string>, path: string): Fault[] {
  const known = claims.size === 0 ? ' which is empty' : `: ${[...claims].sort().join(', ')}`;
  return used.flatMap(({ name }, i) => {
    if (name === '' || claims.has(name)) return [];
    const fault = notFound(index(path, i), name);
    return [{ ...fault, message: `${fault.message}: must be one of the names in pod.spec.resourceClaims${known}` }];
  });
}

const runningFaults = (container: ContainerValue, path: string, { gracePeriod }: Context): Fault[] => [
  ...sleepFaults(container.lifecycle, child(path, 'lifecycle'), gracePeriod),
  ...probeRoleFaults(container, path),
];

const regularFaults = (container: ContainerValue, path: string, context: Context): Fault[] => [
  ...runningFaults(container, path, context),
  ...(container.restartPolicy === undefined ? [] : [forbidden(child(path, 'restartPolicy'), 'may not be set for non-init containers')]),
];

const sidecarOnly = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

function initFaults(container: ContainerValue, path: string, context: Context): Fault[] {
  const policy = container.restartPolicy;
  if (policy === 'Always') return runningFaults(container, path, context);
  return [
    ...(policy === undefined ? [] : [notSupported(child(path, 'restartPolicy'), policy, ['Always'])]),
    ...sidecarOnly.filter((name) => container[name] !== undefined).map((name) => forbidden(child(path, name), 'may not be set for init containers without restartPolicy=Always')),
    ...(container.resizePolicy?.length ? [invalid(child(path, 'resizePolicy'), container.resizePolicy, 'must not be set for init containers')] : []),
  ];
}

const notEphemeral = ['ports', 'resources', 'resizePolicy', 'restartPolicy', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const;
const isSet = (value: unknown): boolean => value !== undefined && (typeof value !== 'object' || value === null || Object.keys(value).length > 0);

function ephemeralFaults(spec: ContainerLists, path: string, context: Context, nameFaults: (name: string, path: string) => Fault[]): Fault[] {
  const words = 'cannot be set for an Ephemeral Container';
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name));
  return (spec.ephemeralContainers ?? []).flatMap((container, i) => {
    const at = index(path, i);
    const target = container.targetContainerName ?? '';
    const mountsPath = child(at, 'volumeMounts');
    return [
      ...commonFaults(container, at, context),
      ...nameFaults(container.name, at),
      ...(target !== '' && !others.has(target) ? [notFound(child(at, 'targetContainerName'), target)] : []),
      ...notEphemeral.filter((name) => isSet(container[name])).map((name) => forbidden(child(at, name), words)),
      ...(container.volumeMounts ?? []).flatMap((mount, j) => (['subPath', 'subPathExpr'] as const).filter((name) => mount[name])
        .map((name) => forbidden(child(index(mountsPath, j), name), words))),
    ];
  });
}
