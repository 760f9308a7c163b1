// A container of a Pod as the runtime is told to make it. Pure: everything that has to be read was read before.
// upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (generateContainerConfig)
import type { ContainerConfig, Image, Mount, PodSandboxConfig } from '../runtime/runtime.ts';
import { expand } from './env.ts';
import { cgroupParentKey, containerAnnotations, runtimeHandlerKey } from './labels.ts';
import { isHostNetwork, sandboxMetadata, type Container, type ContainerKind, type Pod } from './pod.ts';
import type { PodHostname } from './pod-network-files.ts';
import { linuxResources, type OomInputs } from './resources.ts';
import { securityContext, verifyRunAsNonRoot } from './security.ts';
import { dottedSysctl } from './sysctls.ts';

export interface ContainerConfigInputs {
  readonly pod: Pod;
  readonly container: Container;
  readonly kind: ContainerKind;
  readonly restartCount: number;
  readonly image: Image;
  readonly envs: readonly { readonly key: string; readonly value: string }[];
  /** Volumes first, then the agent's own files. */
  readonly mounts: readonly Mount[];
  readonly devices?: ContainerConfig['devices'];
  readonly cdiDevices?: readonly string[];
  /** Beside the kubelet's own. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly terminationFile: string;
  readonly oom: OomInputs;
  readonly seccompRoot: string;
  /** Id of the container an ephemeral one is to share processes with. */
  readonly targetId?: string | undefined;
}

/** @throws ContainerConfigError when the image's user breaks runAsNonRoot. */
export function containerConfig(inputs: ContainerConfigInputs): ContainerConfig {
  const { pod, container, kind, restartCount, image, envs, mounts, devices, cdiDevices, terminationFile } = inputs;
  verifyRunAsNonRoot(pod, container, image);
  const values = new Map(envs.map((e) => [e.key, e.value]));
  const expanded = (text: string): string => expand(text, (name) => values.get(name));
  const stopSignal = container.lifecycle?.stopSignal;
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: image.id,
    imageReference: container.image ?? '',
    ...(container.command?.length ? { command: container.command.map(expanded) } : {}),
    ...(container.args?.length ? { args: container.args.map(expanded) } : {}),
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    envs, mounts,
    ...(devices?.length ? { devices } : {}), ...(cdiDevices?.length ? { cdiDevices } : {}),
    annotations: { ...inputs.annotations, ...containerAnnotations(pod, container, { kind, restartCount, terminationFile }) },
    ...(container.stdin ? { stdin: true } : {}), ...(container.stdinOnce ? { stdinOnce: true } : {}), ...(container.tty ? { tty: true } : {}),
    resources: linuxResources(pod, container, inputs.oom),
    security: securityContext(pod, container, inputs),
    ...(stopSignal ? { stopSignal } : {}),
  };
}

export interface SandboxConfigInputs {
  readonly pod: Pod;
  readonly attempt: number;
  readonly network: string;
  /** '' on the host network. */
  readonly ip: string;
  readonly hostname: PodHostname;
  /** '' for the engine's default. */
  readonly runtimeHandler: string;
  /** '' for the engine's own. */
  readonly cgroupParent: string;
}

export function sandboxConfig({ pod, attempt, network, ip, hostname, runtimeHandler, cgroupParent }: SandboxConfigInputs): PodSandboxConfig {
  const host = isHostNetwork(pod);
  const sysctls = Object.fromEntries((pod.spec.securityContext?.sysctls ?? []).map((s) => [dottedSysctl(s.name), s.value]));
  const portMappings = host ? [] : [...(pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always'), ...pod.spec.containers].flatMap((c) => c.ports ?? [])
    .filter((p) => p.hostPort)
    .map((p) => ({ protocol: (p.protocol ?? 'TCP') as 'TCP' | 'UDP', containerPort: p.containerPort, hostPort: p.hostPort!, ...(p.hostIP ? { hostIP: p.hostIP } : {}) }));
  const annotations = { ...(runtimeHandler ? { [runtimeHandlerKey]: runtimeHandler } : {}), ...(cgroupParent ? { [cgroupParentKey]: cgroupParent } : {}) };
  return {
    metadata: sandboxMetadata(pod, attempt),
    hostname: hostname.hostname,
    network: host ? 'host' : network,
    ...(host || !ip ? {} : { ip }),
    ...(portMappings.length ? { portMappings } : {}),
    ...(Object.keys(sysctls).length ? { sysctls } : {}),
    labels: pod.metadata.labels ?? {},
    ...(Object.keys(annotations).length ? { annotations } : {}),
    ...(runtimeHandler ? { runtimeHandler } : {}), ...(cgroupParent ? { cgroupParent } : {}),
    ...(pod.spec.hostPID ? { hostPID: true } : {}), ...(pod.spec.hostIPC ? { hostIPC: true } : {}),
  };
}
