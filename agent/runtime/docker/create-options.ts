// What Docker is asked for: from a sandbox's or a container's config to the body of `POST /containers/create`. Pure.
import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import type { ContainerConfig, LinuxResources, LinuxSecurityContext, LogLimits, Mount, PodSandboxConfig } from '../runtime.ts';
import { containerLabels, containerName, sandboxLabels, sandboxName } from './names.ts';

/** json-file whatever the daemon's default: `logs` needs a driver that can be read. The engine counts in powers of ten, so a size is plain bytes. */
const logConfig = ({ maxSizeBytes, maxFiles }: LogLimits): { Type: string; Config: Record<string, string> } => ({ Type: 'json-file', Config: { 'max-size': String(maxSizeBytes), 'max-file': String(maxFiles) } });
/** The pause program writes nothing. */
const sandboxLog: LogLimits = { maxSizeBytes: 2 ** 20, maxFiles: 1 };

/** upstream: pkg/kubelet/qos/policy.go PodInfraOOMAdj */
const SANDBOX_OOM_SCORE = -998;
const HOST = 'host';

export interface CreateContext {
  readonly cluster: string;
  /** Whether the engine may go below the default OOM score. */
  readonly negativeOomScore: boolean;
  readonly logs: LogLimits;
}

export function sandboxOptions(config: PodSandboxConfig, image: string, context: CreateContext): ContainerCreateOptions {
  const onHost = config.network === HOST;
  const ports = onHost ? [] : (config.portMappings ?? []).filter((port) => port.hostPort > 0);
  const key = (port: { containerPort: number; protocol: string }): string => `${port.containerPort}/${port.protocol.toLowerCase()}`;
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) (bindings[key(port)] ??= []).push({ HostIp: port.hostIP ?? '', HostPort: String(port.hostPort) });
  return {
    name: sandboxName(config.metadata),
    Image: image,
    ...(onHost ? {} : { Hostname: config.hostname }),
    Labels: sandboxLabels(config.metadata, config, context.cluster),
    ...(ports.length > 0 ? { ExposedPorts: Object.fromEntries(ports.map((port) => [key(port), {}])) } : {}),
    HostConfig: {
      NetworkMode: config.network,
      IpcMode: config.hostIPC ? HOST : 'shareable',
      ...(config.hostPID ? { PidMode: HOST } : {}),
      ...(onHost ? { UTSMode: HOST } : {}),
      ...(ports.length > 0 ? { PortBindings: bindings } : {}),
      ...(config.sysctls ? { Sysctls: { ...config.sysctls } } : {}),
      ...(config.cgroupParent ? { CgroupParent: config.cgroupParent } : {}),
      ...(config.runtimeHandler ? { Runtime: config.runtimeHandler } : {}),
      ...(context.negativeOomScore ? { OomScoreAdj: SANDBOX_OOM_SCORE } : {}),
      CpuShares: 2,
      LogConfig: logConfig(sandboxLog),
    } as HostConfig,
    ...(onHost || config.ip === undefined ? {} : { NetworkingConfig: { EndpointsConfig: { [config.network]: { IPAMConfig: { IPv4Address: config.ip } } } } }),
  };
}

export function containerOptions(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig, context: CreateContext): ContainerCreateOptions {
  const security = config.security ?? {};
  return {
    name: containerName(sandbox.metadata, config.metadata),
    Image: config.image,
    ...(config.command ? { Entrypoint: [...config.command] } : {}),
    ...(config.args ? { Cmd: [...config.args] } : {}),
    ...(config.workingDir ? { WorkingDir: config.workingDir } : {}),
    Env: config.envs.map(({ key, value }) => `${key}=${value}`),
    Labels: containerLabels(sandbox.metadata, config.metadata.name, config, context.cluster, sandboxId, config.imageReference),
    OpenStdin: config.stdin ?? false,
    StdinOnce: config.stdinOnce ?? false,
    Tty: config.tty ?? false,
    ...(config.stopSignal ? { StopSignal: config.stopSignal } : {}),
    ...user(security),
    HostConfig: {
      NetworkMode: `container:${sandboxId}`,
      IpcMode: sandbox.hostIPC ? HOST : `container:${sandboxId}`,
      ...pidMode(sandboxId, security, sandbox),
      ...(sandbox.network === HOST ? { UTSMode: HOST } : {}),
      ...(sandbox.cgroupParent ? { CgroupParent: sandbox.cgroupParent } : {}),
      ...(sandbox.runtimeHandler ? { Runtime: sandbox.runtimeHandler } : {}),
      Mounts: config.mounts.map(mount),
      ...(config.devices?.length ? { Devices: config.devices.map((device) => ({ PathOnHost: device.hostPath, PathInContainer: device.containerPath, CgroupPermissions: device.permissions })) } : {}),
      ...(config.cdiDevices?.length ? { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: [...config.cdiDevices] }] } : {}),
      ...resourceOptions(config.resources ?? {}, context.negativeOomScore),
      ...securityOptions(security),
      LogConfig: logConfig(context.logs),
    } as HostConfig,
  };
}

/** CpuPeriod with CpuQuota, never NanoCpus (an update to "no limit" would leave those standing); no swap beyond the memory limit. */
export function resourceOptions(resources: LinuxResources, negativeOomScore: boolean): Partial<HostConfig> {
  const score = resources.oomScoreAdj;
  return {
    ...(resources.cpuShares !== undefined ? { CpuShares: resources.cpuShares } : {}),
    ...(resources.cpuPeriod !== undefined ? { CpuPeriod: resources.cpuPeriod } : {}),
    ...(resources.cpuQuota !== undefined ? { CpuQuota: resources.cpuQuota } : {}),
    ...(resources.memoryLimitInBytes !== undefined ? { Memory: resources.memoryLimitInBytes, MemorySwap: resources.memoryLimitInBytes } : {}),
    ...(resources.cpusetCpus !== undefined ? { CpusetCpus: resources.cpusetCpus } : {}),
    ...(score !== undefined && (score >= 0 || negativeOomScore) ? { OomScoreAdj: score } : {}),
  };
}

function user(security: LinuxSecurityContext): { User?: string } {
  const name = security.runAsUserName ?? security.runAsUser?.toString();
  if (security.runAsGroup !== undefined) return { User: `${name ?? '0'}:${security.runAsGroup}` };
  return name === undefined ? {} : { User: name };
}

function pidMode(sandboxId: string, security: LinuxSecurityContext, sandbox: PodSandboxConfig): { PidMode?: string } {
  if (security.pidMode === 'host' || sandbox.hostPID) return { PidMode: HOST };
  if (typeof security.pidMode === 'object') return { PidMode: `container:${security.pidMode.targetId}` };
  return security.pidMode === 'pod' ? { PidMode: `container:${sandboxId}` } : {};
}

/** A localhost profile arrives as its JSON text: Docker takes the profile, not its path. */
function securityOptions(security: LinuxSecurityContext): Partial<HostConfig> & { MaskedPaths?: string[]; ReadonlyPaths?: string[] } {
  const options: string[] = [];
  if (security.noNewPrivs) options.push('no-new-privileges');
  // Without a profile Kubernetes runs unconfined; Docker's own default is Kubernetes' RuntimeDefault.
  if (security.seccomp === undefined || security.seccomp === 'unconfined') options.push('seccomp=unconfined');
  else if (security.seccomp !== 'runtime/default') options.push(`seccomp=${security.seccomp.localhostProfile}`);
  if (security.apparmor !== undefined && security.apparmor !== 'runtime/default') options.push(`apparmor=${security.apparmor.replace(/^localhost\//, '')}`);
  for (const part of ['user', 'role', 'type', 'level'] as const) if (security.seLinux?.[part]) options.push(`label=${part}:${security.seLinux[part]}`);
  return {
    ...(options.length > 0 ? { SecurityOpt: options } : {}),
    ...(security.privileged ? { Privileged: true } : {}),
    ...(security.readonlyRootfs ? { ReadonlyRootfs: true } : {}),
    ...(security.addCapabilities?.length ? { CapAdd: [...security.addCapabilities] } : {}),
    ...(security.dropCapabilities?.length ? { CapDrop: [...security.dropCapabilities] } : {}),
    ...(security.supplementalGroups?.length ? { GroupAdd: security.supplementalGroups.map(String) } : {}),
    ...(security.maskedPathsUnset ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

const mount = (mount: Mount): object => ({
  // Without a name it is the container's own, and goes with it.
  ...(mount.engineVolume ? { Type: 'volume', VolumeOptions: { NoCopy: true, DriverConfig: { Name: 'local', Options: { type: mount.engineVolume.type, device: mount.engineVolume.device, o: mount.engineVolume.options } } } } : { Type: 'bind', Source: mount.hostPath }),
  Target: mount.containerPath, ReadOnly: mount.readonly ?? false,
  // Private is the engine's default, and it refuses to be told so for a path that holds its own data, such as /.
  ...(mount.propagation === undefined || mount.propagation === 'private' ? {} : { BindOptions: { Propagation: mount.propagation } }),
});
