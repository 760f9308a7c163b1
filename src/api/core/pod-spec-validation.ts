// Rules of a PodSpec that span containers, volumes and host settings.
// upstream: pkg/apis/core/validation/validation.go, ValidatePodSpec
import { child, duplicate, forbidden, index, invalid, type Fault } from '../../apimachinery/fault.ts';
import { rangeError } from '../../apimachinery/names.ts';
import { containerListFaults, type ContainerLists } from './container-list-validation.ts';
import { dnsConfigFaults, type PodDNSConfig } from './pod-dns.ts';
import { operatingSystemFaults, type OSSpec } from './pod-os-validation.ts';

interface HostSettings {
  readonly hostNetwork?: boolean; readonly hostPID?: boolean; readonly hostIPC?: boolean; readonly hostUsers?: boolean; readonly shareProcessNamespace?: boolean;
  readonly securityContext: { readonly sysctls?: readonly { readonly name: string }[]; readonly windowsOptions?: unknown };
  readonly containers: readonly { readonly ports?: readonly { readonly hostPort?: number; readonly containerPort: number }[] }[];
}
interface SpecValue extends ContainerLists, HostSettings {
  readonly containers: ContainerLists['containers'] & HostSettings['containers'];
  readonly activeDeadlineSeconds?: number; readonly dnsPolicy?: string; readonly dnsConfig?: PodDNSConfig;
  readonly schedulingGates?: readonly { readonly name: string }[]; readonly os?: { readonly name: string };
}

/** Every fault of a PodSpec that no single field can tell. */
export const podSpecFaults = (spec: SpecValue, path: string): Fault[] => [
  ...containerListFaults(spec, path),
  ...hostNetworkPorts(spec, child(path, 'containers')),
  ...hostFaults(spec, path),
  ...dnsConfigFaults(spec.dnsConfig, spec.dnsPolicy, child(path, 'dnsConfig')),
  ...deadlineFaults(spec.activeDeadlineSeconds, child(path, 'activeDeadlineSeconds')),
  ...duplicateGates(spec.schedulingGates ?? [], child(path, 'schedulingGates')),
  ...operatingSystemFaults(spec as OSSpec, path),
  ...procMountFaults(spec, path),
];

function hostNetworkPorts({ hostNetwork, containers }: HostSettings, path: string): Fault[] {
  if (!hostNetwork) return [];
  return (containers ?? []).flatMap(({ ports = [] }, i) => ports.flatMap((port, j) => {
    const portPath = child(index(child(index(path, i), 'ports'), j), 'hostPort');
    return port.hostPort && port.hostPort !== port.containerPort ? [invalid(portPath, port.hostPort, 'must match `containerPort` when `hostNetwork` is true')] : [];
  }));
}

const networkSysctl = /^net[./]/;
const ipcSysctl = /^(kernel[./](shm|msg)|kernel[./]sem$|fs[./]mqueue[./])/;

function hostFaults(spec: HostSettings, path: string): Fault[] {
  const faults: Fault[] = [];
  const contextPath = child(path, 'securityContext');
  if (spec.shareProcessNamespace && spec.hostPID) {
    faults.push(invalid(child(contextPath, 'shareProcessNamespace'), true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  }
  (spec.securityContext?.sysctls ?? []).forEach(({ name }, i) => {
    const namePath = child(index(child(contextPath, 'sysctls'), i), 'name');
    if (spec.hostNetwork && networkSysctl.test(name)) faults.push(invalid(namePath, name, "may not be specified when 'hostNetwork' is true"));
    if (spec.hostIPC && ipcSysctl.test(name)) faults.push(invalid(namePath, name, "may not be specified when 'hostIPC' is true"));
  });
  if (spec.hostUsers === false) {
    for (const [given, name] of [[spec.hostNetwork, 'hostNetwork'], [spec.hostPID, 'HostPID'], [spec.hostIPC, 'HostIPC']] as const) {
      if (given) faults.push(forbidden(child(path, name), 'when `pod.Spec.HostUsers` is false'));
    }
  }
  return faults;
}

function deadlineFaults(seconds: number | undefined, path: string): Fault[] {
  return seconds === undefined || seconds >= 1 && seconds <= 2147483647 ? [] : [invalid(path, seconds, rangeError(1, 2147483647))];
}

function duplicateGates(gates: readonly { name: string }[], path: string): Fault[] {
  return gates.flatMap(({ name }, i) => (gates.findIndex((gate) => gate.name === name) < i ? [duplicate(index(path, i), name)] : []));
}

/** The whole of /proc is only safe to show to users who are nobody on the node. */
function procMountFaults(spec: SpecValue, path: string): Fault[] {
  if (spec.hostUsers === false) return [];
  return (['containers', 'initContainers', 'ephemeralContainers'] as const).flatMap((list) => (spec[list] ?? []).flatMap(({ securityContext }, i) =>
    (securityContext?.procMount === 'Unmasked' ? [invalid(`${index(child(path, list), i)}.securityContext.procMount`, 'Unmasked', '`hostUsers` must be false to use `Unmasked`')] : [])));
}
