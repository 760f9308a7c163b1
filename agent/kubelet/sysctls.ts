// Which kernel parameters a Pod may set on this node: those that are safe beside other Pods, and those the node's operator allows. Pure.
// upstream: pkg/kubelet/sysctl/{allowlist,safe_sysctls}.go, staging/src/k8s.io/component-helpers/node/util/sysctl
import { isHostNetwork, quoted, type Pod } from './pod.ts';

type Namespace = 'ipc' | 'net';

/** Of the kernels Docker runs on every one has them. */
const safe = [
  'kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem',
];
/** What the kernel keeps for each namespace of its own. */
const namespaced: readonly (readonly [prefix: string, Namespace])[] = [['kernel.shm', 'ipc'], ['kernel.msg', 'ipc'], ['kernel.sem', 'ipc'], ['fs.mqueue.', 'ipc'], ['net.', 'net']];
const namespaceOf = (name: string): Namespace | undefined => namespaced.find(([prefix]) => (prefix === 'kernel.sem' ? name === prefix : name.startsWith(prefix)))?.[1];

/** `net/ipv4/conf/eth0.100/rp_filter` as the kernel's own tools write it with dots: `net.ipv4.conf.eth0/100.rp_filter`. */
export function dottedSysctl(name: string): string {
  if (/^[^./]*\//.exec(name) === null) return name;
  return name.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}

const segment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const pattern = new RegExp(`^(${segment}[\\./])*(${segment}[\\./]?\\*?|\\*)$`);

/** Names, or their beginnings where they end in `*`. */
export type AllowedSysctls = readonly string[];

/** `unsafe` as the kubelet's --allowed-unsafe-sysctls has it. @throws Error for what concerns the whole host */
export function allowedSysctls(unsafe = ''): AllowedSysctls {
  const more = unsafe.split(',').map((name) => name.trim()).filter(Boolean);
  for (const name of more) {
    if (!pattern.test(name) || name === '*') throw new Error(`--allowed-unsafe-sysctls: ${quoted(name)} is no name of a sysctl, nor a beginning of one with *`);
    if (!namespaceOf(dottedSysctl(name.replace(/\*$/, '')))) throw new Error(`--allowed-unsafe-sysctls: the sysctl ${quoted(name)} are not known to be namespaced`);
  }
  return [...safe, ...more.map(dottedSysctl)];
}

/** Those of them that are not safe. */
export const unsafeOf = (allowed: AllowedSysctls): readonly string[] => allowed.slice(safe.length);

/** Why the Pod may not set what it wants to; undefined when it may. */
export function forbiddenSysctl(pod: Pod, allowed: AllowedSysctls): string | undefined {
  for (const { name } of pod.spec.securityContext?.sysctls ?? []) {
    const dotted = dottedSysctl(name);
    const isAllowed = allowed.some((entry) => (entry.endsWith('*') ? dotted.startsWith(entry.slice(0, -1)) : dotted === entry));
    if (!isAllowed) return `forbidden sysctl: ${quoted(dotted)} not allowlisted`;
    const namespace = namespaceOf(dotted);
    const shared = namespace === 'net' ? isHostNetwork(pod) : pod.spec.hostIPC === true;
    if (shared) return `forbidden sysctl: ${quoted(dotted)} not allowed with host ${namespace} enabled`;
  }
  return undefined;
}
