// Pod and container security contexts as the runtime's settings, and the check of runAsNonRoot. Pure.
// upstream: pkg/kubelet/kuberuntime/security_context.go, pkg/securitycontext/util.go
import type { Image, LinuxSecurityContext } from '../runtime/runtime.ts';
import { ContainerConfigError } from './env.ts';
import { formatPod, quoted, type Container, type Pod } from './pod.ts';

interface Profile { type: string; localhostProfile?: string }

function seccompOf(profile: Profile | undefined, root: string): LinuxSecurityContext['seccomp'] | undefined {
  if (!profile) return undefined;
  if (profile.type === 'RuntimeDefault') return 'runtime/default';
  if (profile.type === 'Localhost') return { localhostProfile: `${root}/${profile.localhostProfile ?? ''}` };
  return 'unconfined';
}
function appArmorOf(profile: Profile | undefined): string | undefined {
  if (!profile) return undefined;
  if (profile.type === 'RuntimeDefault') return 'runtime/default';
  return profile.type === 'Localhost' ? `localhost/${profile.localhostProfile ?? ''}` : 'unconfined';
}

export function securityContext(pod: Pod, container: Container, options: { seccompRoot: string; targetId?: string | undefined; image?: Pick<Image, 'user'> }): LinuxSecurityContext {
  const own = container.securityContext;
  const shared = pod.spec.securityContext;
  const privileged = own?.privileged === true;
  const user = own?.runAsUser ?? shared?.runAsUser;
  const group = own?.runAsGroup ?? shared?.runAsGroup;
  // Another group is no other user.
  const [imageUser = ''] = group !== undefined && options.image ? options.image.user.split(':') : [];
  const groups = [...new Set([...(shared?.supplementalGroups ?? []), ...(shared?.fsGroup !== undefined ? [shared.fsGroup] : [])])];
  const seccomp = privileged ? 'unconfined' : seccompOf((own?.seccompProfile ?? shared?.seccompProfile) as Profile | undefined, options.seccompRoot);
  const apparmor = appArmorOf((own?.appArmorProfile ?? shared?.appArmorProfile) as Profile | undefined);
  const seLinux = own?.seLinuxOptions ?? shared?.seLinuxOptions;
  const { add = [], drop = [] } = own?.capabilities ?? {};
  return {
    ...(privileged ? { privileged } : {}),
    ...(user !== undefined ? { runAsUser: user } : imageUser ? { runAsUserName: imageUser } : {}),
    ...(group !== undefined ? { runAsGroup: group } : {}),
    ...(groups.length ? { supplementalGroups: groups } : {}),
    ...(own?.readOnlyRootFilesystem ? { readonlyRootfs: true } : {}),
    // Privilege escalation cannot be ruled out for a container that has the privileges already.
    ...(own?.allowPrivilegeEscalation === false && !privileged && !add.includes('SYS_ADMIN') && !add.includes('CAP_SYS_ADMIN') ? { noNewPrivs: true } : {}),
    ...(add.length ? { addCapabilities: add } : {}),
    ...(drop.length ? { dropCapabilities: drop } : {}),
    ...(seccomp ? { seccomp } : {}),
    ...(apparmor ? { apparmor } : {}),
    ...(seLinux ? { seLinux } : {}),
    ...(own?.procMount === 'Unmasked' ? { maskedPathsUnset: true } : {}),
    pidMode: pod.spec.hostPID ? 'host' : pod.spec.shareProcessNamespace ? 'pod' : options.targetId ? { targetId: options.targetId } : 'container',
  };
}

/** @throws ContainerConfigError when the container would run as root although the Pod forbids it. */
export function verifyRunAsNonRoot(pod: Pod, container: Container, image: Pick<Image, 'user'>): void {
  const own = container.securityContext;
  const shared = pod.spec.securityContext;
  if (!(own?.runAsNonRoot ?? shared?.runAsNonRoot)) return;
  const where = `(pod: ${quoted(formatPod(pod))}, container: ${container.name})`;
  const user = own?.runAsUser ?? shared?.runAsUser;
  if (user !== undefined) {
    if (user === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  const [imageUser = ''] = image.user.split(':');
  if (imageUser === '' || /^0+$/.test(imageUser)) throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  if (!/^\d+$/.test(imageUser)) throw new ContainerConfigError(`container has runAsNonRoot and image has non-numeric user (${imageUser}), cannot verify user is non-root ${where}`);
}
