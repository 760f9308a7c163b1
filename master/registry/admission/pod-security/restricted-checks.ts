// The restricted standard: what a hardened Pod has to say of itself, beside the baseline.
// upstream: k8s.io/pod-security-admission/policy (check_*.go)
import { allowedProfile, seccompProfileBaseline } from './baseline-checks.ts';
import { containersOf, counted, plural, quoted, settersOf, sorted, type CheckedPod, type Violation } from './pod.ts';

/** A Pod of Windows cannot say what the check asks for. */
const notOfWindows = (check: (pod: CheckedPod) => Violation | undefined) => (pod: CheckedPod): Violation | undefined => (pod.spec.os?.name === 'windows' ? undefined : check(pod));

export function allowPrivilegeEscalation({ spec }: CheckedPod): Violation | undefined {
  const names = containersOf(spec).filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false).map(({ name }) => name);
  return names.length > 0 ? { reason: 'allowPrivilegeEscalation != false', detail: `${counted('container', names)} must set securityContext.allowPrivilegeEscalation=false` } : undefined;
}
export const allowPrivilegeEscalationSince25 = notOfWindows(allowPrivilegeEscalation);

export function capabilitiesRestricted({ spec }: CheckedPod): Violation | undefined {
  const containers = containersOf(spec).map(({ name, securityContext }) => ({
    name, dropped: securityContext?.capabilities?.drop?.includes('ALL') ?? false, more: (securityContext?.capabilities?.add ?? []).filter((capability) => capability !== 'NET_BIND_SERVICE'),
  }));
  const keeping = containers.filter(({ dropped }) => !dropped).map(({ name }) => name);
  const adding = containers.filter(({ more }) => more.length > 0);
  const details = [
    ...(keeping.length > 0 ? [`${counted('container', keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0 ? [`${counted('container', adding.map(({ name }) => name))} must not include ${quoted(sorted(adding.flatMap(({ more }) => more)))} in securityContext.capabilities.add`] : []),
  ];
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
}
export const capabilitiesRestrictedSince25 = notOfWindows(capabilitiesRestricted);

const allowedVolumes = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret'];
const restrictedTypes = [
  'hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'gitRepo', 'nfs', 'iscsi', 'glusterfs', 'rbd', 'flexVolume', 'cinder', 'cephfs', 'flocker', 'fc', 'azureFile',
  'vsphereVolume', 'quobyte', 'azureDisk', 'photonPersistentDisk', 'portworxVolume', 'scaleIO', 'storageos',
];
export function restrictedVolumes({ spec }: CheckedPod): Violation | undefined {
  const has = (volume: Readonly<Record<string, unknown>>) => (type: string): boolean => volume[type] !== undefined;
  const bad = (spec.volumes ?? []).filter((volume) => !allowedVolumes.some(has(volume)));
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map((volume) => restrictedTypes.find(has(volume)) ?? 'unknown'));
  return { reason: 'restricted volume types', detail: `${counted('volume', bad.map(({ name }) => name))} ${bad.length === 1 ? 'uses' : 'use'} ${plural('restricted volume type', types.length)} ${quoted(types)}` };
}

export function runAsNonRoot(pod: CheckedPod): Violation | undefined {
  const reason = 'runAsNonRoot != true';
  const setters = settersOf(pod, ({ runAsNonRoot: nonRoot }) => nonRoot === false);
  if (setters !== undefined) return { reason, detail: `${setters} must not set securityContext.runAsNonRoot=false` };
  if (pod.spec.securityContext?.runAsNonRoot) return undefined;
  const silent = containersOf(pod.spec).filter(({ securityContext }) => securityContext?.runAsNonRoot === undefined).map(({ name }) => name);
  return silent.length > 0 ? { reason, detail: `pod or ${counted('container', silent)} must set securityContext.runAsNonRoot=true` } : undefined;
}

export function runAsUser(pod: CheckedPod): Violation | undefined {
  const setters = settersOf(pod, ({ runAsUser: user }) => user === 0);
  return setters === undefined ? undefined : { reason: 'runAsUser=0', detail: `${setters} must not set runAsUser=0` };
}

export function seccompProfileRestricted(pod: CheckedPod): Violation | undefined {
  const forbidden = seccompProfileBaseline(pod);
  const profile = pod.spec.securityContext?.seccompProfile;
  if (forbidden || (profile && allowedProfile(profile.type))) return forbidden;
  const silent = containersOf(pod.spec).filter(({ securityContext }) => !securityContext?.seccompProfile).map(({ name }) => name);
  return silent.length > 0 ? { reason: 'seccompProfile', detail: `pod or ${counted('container', silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"` } : undefined;
}
export const seccompProfileRestrictedSince25 = notOfWindows(seccompProfileRestricted);
