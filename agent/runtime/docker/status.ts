// From what Docker reports (a row of the list, an inspect) to the runtime's objects. Pure.
import type { ContainerInfo, ContainerInspectInfo, ImageInfo, ImageInspectInfo } from 'dockerode';
import type { Container, ContainerState, ContainerStatus, Image, LinuxResources, Mount, PodSandbox, PodSandboxStatus } from '../runtime.ts';
import { label, readIdentity } from './names.ts';

/** Docker writes year 1 for "never". */
const milliseconds = (time: string): number => Math.max(0, Date.parse(time) || 0);

const stateOf = (docker: string): ContainerState => {
  switch (docker) {
    case 'created': return 'created';
    case 'running': case 'paused': case 'restarting': return 'running';
    case 'exited': case 'dead': case 'removing': case 'stopping': return 'exited';
    default: return 'unknown';
  }
};

const paused = (is: boolean): { paused?: true } => (is ? { paused: true } : {});

export function listedSandbox(row: ContainerInfo): PodSandbox {
  const { pod, labels, annotations } = readIdentity(row.Labels, row.Names[0] ?? '');
  return { id: row.Id, metadata: pod, state: stateOf(row.State) === 'running' ? 'ready' : 'notReady', createdAt: row.Created * 1000, labels, annotations, ...paused(row.State === 'paused') };
}

export function listedContainer(row: ContainerInfo): Container {
  const { pod, container, labels, annotations } = readIdentity(row.Labels, row.Names[0] ?? '');
  return {
    id: row.Id, podSandboxId: row.Labels[label.sandboxId] ?? '', metadata: container, pod: { ...pod, attempt: 0 },
    image: row.Labels[label.imageReference] ?? row.Image, imageId: row.ImageID,
    state: stateOf(row.State), createdAt: row.Created * 1000, labels, annotations, ...paused(row.State === 'paused'),
  };
}

export function sandboxStatus(info: ContainerInspectInfo): PodSandboxStatus {
  const { pod, labels, annotations } = readIdentity(info.Config.Labels, info.Name);
  const network = info.HostConfig.NetworkMode ?? '';
  return {
    id: info.Id, metadata: pod, state: info.State.Running ? 'ready' : 'notReady', createdAt: milliseconds(info.Created), labels, annotations,
    ip: network === 'host' ? '' : info.NetworkSettings.Networks[network]?.IPAddress ?? '', pid: info.State.Pid, network,
  };
}

export function containerStatus(info: ContainerInspectInfo, imageRef: string): ContainerStatus {
  const { pod, container, labels, annotations } = readIdentity(info.Config.Labels, info.Name);
  const { State: state } = info;
  const createdAt = milliseconds(info.Created);
  // A start that failed leaves the container "created" with an exit code.
  const failedStart = state.Status === 'created' && state.ExitCode !== 0;
  const exited = failedStart || stateOf(state.Status) === 'exited';
  return {
    id: info.Id, podSandboxId: info.Config.Labels[label.sandboxId] ?? '', metadata: container, pod: { ...pod, attempt: 0 },
    image: info.Config.Labels[label.imageReference] ?? info.Config.Image, imageId: info.Image, imageRef,
    state: exited ? 'exited' : stateOf(state.Status), createdAt, labels, annotations,
    startedAt: failedStart ? createdAt : milliseconds(state.StartedAt),
    finishedAt: failedStart ? createdAt : milliseconds(state.FinishedAt),
    exitCode: exited ? state.ExitCode : 0,
    reason: !exited ? '' : failedStart ? 'ContainerCannotRun' : state.OOMKilled ? 'OOMKilled' : state.ExitCode === 0 ? 'Completed' : 'Error',
    message: state.Error,
    pid: state.Pid, logPath: info.LogPath,
    mounts: info.Mounts.filter((mount) => mount.Type === 'bind').map(bindMount),
    resources: resources(info.HostConfig),
  };
}

function bindMount(mount: ContainerInspectInfo['Mounts'][number]): Mount {
  return {
    hostPath: mount.Source, containerPath: mount.Destination, readonly: !mount.RW,
    propagation: mount.Propagation === 'rslave' || mount.Propagation === 'rshared' ? mount.Propagation : 'private',
  };
}

/** Zero is Docker's "not set". */
function resources(host: ContainerInspectInfo['HostConfig']): LinuxResources {
  return {
    ...(host.CpuShares ? { cpuShares: host.CpuShares } : {}),
    ...(host.CpuPeriod ? { cpuPeriod: host.CpuPeriod } : {}),
    ...(host.CpuQuota ? { cpuQuota: host.CpuQuota } : {}),
    ...(host.Memory ? { memoryLimitInBytes: host.Memory } : {}),
    ...(host.OomScoreAdj ? { oomScoreAdj: host.OomScoreAdj } : {}),
    ...(host.CpusetCpus ? { cpusetCpus: host.CpusetCpus } : {}),
  };
}

export function listedImage(row: ImageInfo): Image {
  return { id: row.Id, repoTags: named(row.RepoTags), repoDigests: named(row.RepoDigests), size: row.Size, user: '', createdAt: row.Created * 1000 };
}
export function inspectedImage(info: ImageInspectInfo): Image {
  return { id: info.Id, repoTags: named(info.RepoTags), repoDigests: named(info.RepoDigests), size: info.Size, user: info.Config?.User ?? '', createdAt: milliseconds(info.Created) };
}
/** Docker lists an untagged image as `<none>:<none>`, or as null. */
const named = (references: readonly string[] | null | undefined): string[] => (references ?? []).filter((reference) => !reference.startsWith('<none>'));
