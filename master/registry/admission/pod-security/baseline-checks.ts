// The baseline standard: what is known to lead out of a container is not allowed.
// upstream: k8s.io/pod-security-admission/policy (check_*.go)
import { containersOf, counted, plural, quoted, saidBy, settersOf, sorted, type CheckedPod, type Violation } from './pod.ts';

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';
const seccompPodAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompAnnotation = 'container.seccomp.security.alpha.kubernetes.io/';

const profiles = ['RuntimeDefault', 'Localhost'];
export const allowedProfile = (type: string): boolean => profiles.includes(type);

export function appArmorProfile(pod: CheckedPod): Violation | undefined {
  const setters = settersOf(pod, ({ appArmorProfile: profile }) => profile !== undefined && !allowedProfile(profile.type));
  const values = sorted(saidBy(pod, ({ appArmorProfile: profile }) => profile?.type).filter((type) => !allowedProfile(type)));
  const annotations = sorted(Object.entries(pod.metadata?.annotations ?? {})
    .filter(([name, value]) => name.startsWith(appArmorAnnotation) && value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`));
  if (setters === undefined && annotations.length === 0) return undefined;
  const all = [...values, ...annotations];
  const who = [...(setters === undefined ? [] : [setters]), ...(annotations.length > 0 ? [plural('annotation', annotations.length)] : [])];
  return { reason: plural('forbidden AppArmor profile', all.length), detail: `${who.join(' and ')} must not set AppArmor profile type to ${quoted(all)}` };
}

const defaultCapabilities = new Set(['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT']);
export function capabilitiesBaseline({ spec }: CheckedPod): Violation | undefined {
  const added = containersOf(spec).map(({ name, securityContext }) => ({ name, more: (securityContext?.capabilities?.add ?? []).filter((capability) => !defaultCapabilities.has(capability)) })).filter(({ more }) => more.length > 0);
  if (added.length === 0) return undefined;
  return {
    reason: 'non-default capabilities',
    detail: `${counted('container', added.map(({ name }) => name))} must not include ${quoted(sorted(added.flatMap(({ more }) => more)))} in securityContext.capabilities.add`,
  };
}

export function hostNamespaces({ spec }: CheckedPod): Violation | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name]).map((name) => `${name}=true`);
  return shared.length > 0 ? { reason: 'host namespaces', detail: shared.join(', ') } : undefined;
}

export function hostPathVolumes({ spec }: CheckedPod): Violation | undefined {
  const names = (spec.volumes ?? []).filter((volume) => volume['hostPath'] !== undefined).map(({ name }) => name);
  return names.length > 0 ? { reason: 'hostPath volumes', detail: counted('volume', names) } : undefined;
}

export function hostPorts({ spec }: CheckedPod): Violation | undefined {
  const users = containersOf(spec).map(({ name, ports }) => ({ name, taken: (ports ?? []).flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : [])) })).filter(({ taken }) => taken.length > 0);
  if (users.length === 0) return undefined;
  const ports = sorted(users.flatMap(({ taken }) => taken));
  return { reason: 'hostPort', detail: `${counted('container', users.map(({ name }) => name))} ${users.length === 1 ? 'uses' : 'use'} ${plural('hostPort', ports.length)} ${ports.join(', ')}` };
}

export function privileged({ spec }: CheckedPod): Violation | undefined {
  const names = containersOf(spec).filter(({ securityContext }) => securityContext?.privileged).map(({ name }) => name);
  return names.length > 0 ? { reason: 'privileged', detail: `${counted('container', names)} must not set securityContext.privileged=true` } : undefined;
}

export function procMount({ spec }: CheckedPod): Violation | undefined {
  const setters = containersOf(spec).filter(({ securityContext }) => securityContext?.procMount !== undefined && securityContext.procMount !== 'Default');
  if (setters.length === 0) return undefined;
  const values = sorted(setters.map(({ securityContext }) => securityContext!.procMount!));
  return { reason: 'procMount', detail: `${counted('container', setters.map(({ name }) => name))} must not set securityContext.procMount to ${quoted(values)}` };
}

const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
const seLinuxOptionsOf = (types: readonly string[]) => (pod: CheckedPod): Violation | undefined => {
  const setters = settersOf(pod, ({ seLinuxOptions: options }) => options !== undefined && Boolean(!types.includes(options.type ?? '') || options.user || options.role));
  if (setters === undefined) return undefined;
  const said = saidBy(pod, ({ seLinuxOptions: options }) => options);
  const badTypes = sorted(said.map(({ type }) => type ?? '').filter((type) => !types.includes(type)));
  const bad = [
    ...(badTypes.length > 0 ? [counted('type', badTypes)] : []),
    ...(said.some(({ user }) => user) ? ['user may not be set'] : []),
    ...(said.some(({ role }) => role) ? ['role may not be set'] : []),
  ];
  return { reason: 'seLinuxOptions', detail: `${setters} set forbidden securityContext.seLinuxOptions: ${bad.join('; ')}` };
};
export const seLinuxOptions = seLinuxOptionsOf(seLinuxTypes);
export const seLinuxOptionsSince31 = seLinuxOptionsOf([...seLinuxTypes, 'container_engine_t']);

/** Before the field there were annotations. */
export function seccompAnnotations({ metadata, spec }: CheckedPod): Violation | undefined {
  const annotations = metadata?.annotations ?? {};
  const allowed = (value: string): boolean => value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');
  const bad = sorted([seccompPodAnnotation, ...containersOf(spec).map(({ name }) => seccompAnnotation + name)]
    .flatMap((name) => (annotations[name] === undefined || allowed(annotations[name]) ? [] : [`${name}=${JSON.stringify(annotations[name])}`])));
  return bad.length > 0 ? { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', bad.length)} ${bad.join(', ')}` } : undefined;
}

export function seccompProfileBaseline(pod: CheckedPod): Violation | undefined {
  const setters = settersOf(pod, ({ seccompProfile: profile }) => profile !== undefined && !allowedProfile(profile.type));
  if (setters === undefined) return undefined;
  const values = sorted(saidBy(pod, ({ seccompProfile: profile }) => profile?.type).filter((type) => !allowedProfile(type)));
  return { reason: 'seccompProfile', detail: `${setters} must not set securityContext.seccompProfile.type to ${quoted(values)}` };
}

const safeSysctls = ['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start'];
const safeSince27 = [...safeSysctls, 'net.ipv4.ip_local_reserved_ports'];
const safeSince29 = [...safeSince27, 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes'];
const safeSince32 = [...safeSince29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];
const sysctlsOf = (safe: readonly string[]) => ({ spec }: CheckedPod): Violation | undefined => {
  const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safe.includes(name));
  return bad.length > 0 ? { reason: 'forbidden sysctls', detail: bad.join(', ') } : undefined;
};
export const sysctls = sysctlsOf(safeSysctls);
export const sysctlsSince27 = sysctlsOf(safeSince27);
export const sysctlsSince29 = sysctlsOf(safeSince29);
export const sysctlsSince32 = sysctlsOf(safeSince32);

export function windowsHostProcess(pod: CheckedPod): Violation | undefined {
  const setters = settersOf(pod, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
  return setters === undefined ? undefined : { reason: 'hostProcess', detail: `${setters} must not set securityContext.windowsOptions.hostProcess=true` };
}
