// Annotations of Pods and templates that say what later became fields, or rank Pods to be deleted.
// upstream: pkg/apis/core/validation/validation.go, ValidatePodSpecificAnnotations and ValidatePodSpecificAnnotationUpdates
import { child, forbidden, invalid, key, type Fault } from '../../apimachinery/fault.ts';
import { localDescendingPathFaults } from './volume-paths.ts';

type Annotations = Readonly<Record<string, string>>;
interface Spec { readonly nodeName?: string; readonly containers?: readonly Named[] | null; readonly initContainers?: readonly Named[]; readonly ephemeralContainers?: readonly Named[] }
interface Named { readonly name: string }

export const mirrorAnnotation = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const podSeccomp = 'seccomp.security.alpha.kubernetes.io/pod';
const containerSeccomp = 'container.seccomp.security.alpha.kubernetes.io/';
export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
export const useAppArmorField = 'deprecated since v1.30; use the "appArmorProfile" field instead';

const costFaults = (annotations: Annotations, path: string): Fault[] => {
  const cost = annotations[deletionCost];
  const isInt32 = cost === undefined || (/^(0|-\d+|[1-9]\d*)$/.test(cost) && Number(cost) === (Number(cost) | 0));
  return isInt32 ? [] : [invalid(key(path, deletionCost), cost, 'must be a 32bit integer')];
};

function seccompFaults(profile: string, path: string): Fault[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return [];
  return profile.startsWith('localhost/') ? localDescendingPathFaults(profile.slice('localhost/'.length), path) : [invalid(path, profile, 'must be a valid seccomp profile')];
}

function appArmorFaults(name: string, profile: string, spec: Spec, path: string): Fault[] {
  const known = [spec.containers, spec.initContainers, spec.ephemeralContainers].some((list) => (list ?? []).some((container) => container.name === name));
  return [
    ...(known ? [] : [invalid(path, name, 'container not found')]),
    ...(/^$|^runtime\/default$|^unconfined$|^localhost\//.test(profile) ? [] : [invalid(path, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`)]),
  ];
}

/** The field an annotation stands for; undefined when it says nothing that can be understood. */
export function appArmorFieldOf(profile: string): { type: string; localhostProfile?: string } | undefined {
  if (profile === 'runtime/default') return { type: 'RuntimeDefault' };
  if (profile === 'unconfined') return { type: 'Unconfined' };
  const localhostProfile = profile.startsWith('localhost/') ? profile.slice('localhost/'.length) : '';
  return localhostProfile === '' || localhostProfile !== localhostProfile.trim() ? undefined : { type: 'Localhost', localhostProfile };
}

/** Faults of annotations at `path`; a cost that was no number in `old` may stay so. */
export function podAnnotationFaults(annotations: Annotations = {}, spec: Spec, path: string, old?: Annotations): Fault[] {
  const mirror = annotations[mirrorAnnotation];
  return [
    ...(mirror !== undefined && !spec.nodeName ? [invalid(key(path, mirrorAnnotation), mirror, 'must set spec.nodeName if mirror pod annotation is set')] : []),
    ...(old && costFaults(old, path).length ? [] : costFaults(annotations, path)),
    ...Object.entries(annotations).flatMap(([name, value]) => {
      if (name === podSeccomp || name.startsWith(containerSeccomp)) return seccompFaults(value, child(path, name));
      return name.startsWith(appArmorPrefix) ? appArmorFaults(name.slice(appArmorPrefix.length), value, spec, key(path, name)) : [];
    }),
  ];
}

/** What of a Pod's annotations stays as it was made. */
export function fixedAnnotationFaults(next: Annotations = {}, old: Annotations = {}, path: string): Fault[] {
  const kindOf = (name: string): string | undefined => (name === mirrorAnnotation ? 'mirror pod annotation' : name.startsWith(appArmorPrefix) ? 'AppArmor annotations' : undefined);
  return [...new Set([...Object.keys(old), ...Object.keys(next)])].flatMap((name) => {
    const kind = kindOf(name);
    if (kind === undefined || next[name] === old[name]) return [];
    return [forbidden(key(path, name), old[name] === undefined ? `may not add ${kind}` : `may not remove or update ${kind}`)];
  });
}
