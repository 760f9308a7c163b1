// Rules of Pods that templates do not have, and rules of a Pod's status.
// upstream: pkg/apis/core/validation/validation.go, ValidatePodCreate and ValidatePodStatusUpdate
import { duplicate, forbidden, invalid, type Fault } from '../../apimachinery/fault.ts';
import { ipVersion, isDNS1123Subdomain, isQualifiedName, isValidIP } from '../../apimachinery/names.ts';
import { isSidecar } from './container.ts';
import type { ContainerStatus } from './container-status.ts';
import { podAnnotationFaults } from './pod-annotations.ts';
import type { PodSpec } from './pod-spec.ts';
import type { PodStatus } from './pod-status.ts';

interface PodHead { readonly metadata: { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> }; readonly spec: PodSpec }

/** Volumes that get a claim of their own, named after the Pod: the name must be one, and nobody else's. */
function ownClaimFaults({ metadata: { name }, spec: { volumes = [] } }: PodHead): Fault[] {
  if (!name) return [];
  const claims = new Set(volumes.filter(({ ephemeral }) => ephemeral).map((volume) => `${name}-${volume.name}`));
  return volumes.flatMap((volume, i) => {
    const claim = `${name}-${volume.name}`;
    const used = volume.persistentVolumeClaim?.claimName;
    return [
      ...(volume.ephemeral && volume.name ? isDNS1123Subdomain(claim).map((problem) => invalid(`spec.volumes[${i}].name`, volume.name, `PVC name ${JSON.stringify(claim)}: ${problem}`)) : []),
      ...(used !== undefined && claims.has(used) ? [invalid(`spec.volumes[${i}].persistentVolumeClaim.claimName`, used, 'must not reference a PVC that gets created for an ephemeral volume')] : []),
    ];
  });
}

/** Faults of any Pod that a template may have. */
export function podOnlyFaults(pod: PodHead, old?: PodHead): Fault[] {
  const { spec } = pod;
  const faults = [...podAnnotationFaults(pod.metadata.annotations, spec, 'metadata.annotations', old?.metadata.annotations), ...ownClaimFaults(pod)];
  for (const list of ['containers', 'initContainers', 'ephemeralContainers'] as const) {
    (spec[list] ?? []).forEach(({ image = '' }, i) => {
      if (image !== image.trim()) faults.push(invalid(`spec.${list}[${i}].image`, image, 'must not have leading or trailing whitespace'));
    });
  }
  if (spec.serviceAccountName) return faults;
  (spec.volumes ?? []).forEach(({ projected }, i) => (projected?.sources ?? []).forEach(({ serviceAccountToken }, j) => {
    if (serviceAccountToken) faults.push(forbidden(`spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`, 'must not be specified when serviceAccountName is not set'));
  }));
  return faults;
}

/** Faults of a Pod that is to be created. */
export function podCreateFaults(pod: PodHead): Fault[] {
  const { spec } = pod;
  const faults = podOnlyFaults(pod);
  const grace = spec.terminationGracePeriodSeconds;
  if (grace < 0) faults.push(invalid('spec.terminationGracePeriodSeconds', grace, 'must be greater than or equal to 0'));
  if (spec.ephemeralContainers?.length) faults.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  if (spec.nodeName && spec.schedulingGates?.length) faults.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  return faults;
}

type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

/** A container that has ended for good stays ended. */
function revivalFaults(next: readonly ContainerStatus[] = [], old: readonly ContainerStatus[] = [], path: string, policy: RestartPolicy, sidecars: ReadonlySet<string> = new Set()): Fault[] {
  if (policy === 'Always') return [];
  return old.flatMap(({ name, state }, i) => {
    const ended = state?.terminated;
    if (!ended || ended.exitCode !== 0 && policy === 'OnFailure' || sidecars.has(name)) return [];
    return next.filter((status) => status.name === name && !status.state?.terminated)
      .map(() => forbidden(`${path}[${i}].state`, 'may not be transitioned to non-terminated state'));
  });
}

/** At most one address of each family, each once. */
function addressFaults(addresses: readonly { ip: string }[] = [], path: string): Fault[] {
  const faults = addresses.flatMap(({ ip }, i) => [
    ...isValidIP(ip).map((problem) => invalid(`${path}[${i}]`, ip, problem)),
    ...(addresses.findIndex((other) => other.ip === ip) < i ? [duplicate(`${path}[${i}]`, { ip })] : []),
  ]);
  const [first, second] = addresses;
  if (first && second && (addresses.length > 2 || ipVersion(first.ip) === ipVersion(second.ip))) {
    faults.push(invalid(path, addresses, 'may specify no more than one IP for each IP family'));
  }
  return faults;
}

const systemConditions = ['PodScheduled', 'Ready', 'Initialized'];

interface PodValue { readonly spec: PodSpec; readonly status: PodStatus }
/** Faults of a new status. Condition types are reported below metadata, as upstream does. */
export function podStatusFaults({ status }: PodValue, { spec, status: old }: PodValue): Fault[] {
  const policy = spec.restartPolicy as RestartPolicy;
  const sidecars = new Set((spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const faults = (status.conditions ?? []).flatMap(({ type }, i) =>
    systemConditions.includes(type) ? [] : isQualifiedName(type).map((problem) => invalid(`metadata.conditions[${i}].Type`, type, problem)));
  const nominated = status.nominatedNodeName;
  if (nominated && nominated !== old.nominatedNodeName) {
    faults.push(...isDNS1123Subdomain(nominated).map((problem) => invalid('status.nominatedNodeName', nominated, problem)));
  }
  faults.push(
    ...revivalFaults(status.containerStatuses, old.containerStatuses, 'status.containerStatuses', policy),
    ...revivalFaults(status.initContainerStatuses, old.initContainerStatuses, 'status.initContainerStatuses', policy, sidecars),
    ...revivalFaults(status.ephemeralContainerStatuses, old.ephemeralContainerStatuses, 'status.ephemeralContainerStatuses', 'Never'),
    ...addressFaults(status.podIPs, 'status.podIPs'),
  );
  const [host] = status.hostIPs ?? [];
  if (host && host.ip !== status.hostIP) faults.push(invalid('status.hostIPs[0].ip', host.ip, 'must be equal to `hostIP`'));
  return [...faults, ...addressFaults(status.hostIPs, 'status.hostIPs')];
}
